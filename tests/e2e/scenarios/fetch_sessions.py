"""A fetch session (KIP-227) goes through a node as at its broker: what is new comes, a mistake ends it with the broker's
own error, an idle consumer of many partitions moves few bytes; and who needs another broker too goes on without one."""
import wire
from world import check_equal

MODES = ["ports"]
PARTITIONS = 300
VERSION = 12  # by names
NEW = (0, 0)  # (session, epoch)


def fetch(connection, topic, session, partitions=()):
    topics = [{"Topic": topic, "Partitions": [
        {"Partition": p, "CurrentLeaderEpoch": -1, "FetchOffset": 0, "LastFetchedEpoch": -1, "LogStartOffset": -1,
         "PartitionMaxBytes": 1 << 20} for p in partitions]}] if partitions else []
    return connection.ask("Fetch", VERSION, {
        "ReplicaId": -1, "MaxWaitMs": 0, "MinBytes": 1, "MaxBytes": 1 << 24, "IsolationLevel": 0, "SessionId": session[0],
        "SessionEpoch": session[1], "Topics": topics, "ForgottenTopicsData": [], "RackId": ""})


def told(answer, partitions):
    """The error, whether there is a session, and [(which partition, its error)]."""
    return answer["ErrorCode"], answer["SessionId"] > 0, [
        (partitions.index(p["PartitionIndex"]), p["ErrorCode"]) for t in answer["Responses"] for p in t["Partitions"]]


def led_by_1(world, topic):
    return sorted(p for p, leader in world.leaders(topic).items() if leader == 1)


def conversation(world, connection, topic):
    """What is told, step by step, to who reads the partitions that one broker leads."""
    own, steps = led_by_1(world, topic), []

    def says(session, partitions=()):
        answer = fetch(connection, topic, session, partitions)
        steps.append(told(answer, own))
        return answer["SessionId"]
    session = says(NEW, own)
    says((session, 1))
    with world.kafka.connect(1) as broker:
        answer = broker.ask("Produce", 9, {"TransactionalId": None, "Acks": -1, "TimeoutMs": 20000, "TopicData": [
            {"Name": topic, "PartitionData": [{"Index": own[7], "Records": wire.batch([(None, b"news")])}]}]})
    check_equal(answer["Responses"][0]["PartitionResponses"][0]["ErrorCode"], 0, "error of a record")
    says((session, 2))  # the record's partition, and nothing else
    says((session, 2))  # an epoch that was
    session = says(NEW, own)
    says((session, -1))
    says((session, 1))
    return steps


def run(world):
    topics = [world.topic(f"fetch-sessions-{n}", PARTITIONS) for n in range(2)]
    with world.kafka.connect(1) as broker:
        direct = conversation(world, broker, topics[0])
    check_equal(direct[1:4], [(0, True, []), (0, True, [(7, 0)]), (71, False, [])], "what a broker tells of its session")
    if not world.through_gateway:
        return
    host, _, port = world.bootstrap.partition(":")
    with wire.Connection(host, int(port), wire.schemas(world.kafka.version)) as client:
        check_equal(conversation(world, client, topics[1]), direct, "the same through HAProxy and a node")
        own, everything = led_by_1(world, topics[1]), list(range(PARTITIONS))
        session = fetch(client, topics[1], NEW, own)["SessionId"]
        check_equal(told(fetch(client, topics[1], (session, 1), everything), everything), (70, False, []),
                    "with partitions of other brokers")
        check_equal(told(fetch(client, topics[1], NEW, everything), everything),
                    (0, False, [(p, 0) for p in everything]), "all of them")
