"""A fetch session (KIP-227) goes through a node as at its broker: what is new comes, a mistake ends it with the broker's
own error; and so does one over several brokers, which is the node's own."""
import wire
from world import check_equal

MODES = ["ports", "single"]
PARTITIONS = 60
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


def conversation(world, connection, topic, own):
    """What is told, step by step, to who reads these partitions."""
    steps = []

    def says(session, partitions=()):
        answer = fetch(connection, topic, session, partitions)
        steps.append(told(answer, own))
        return answer["SessionId"]
    session = says(NEW, own)
    says((session, 1))
    with world.kafka.connect(world.leaders(topic)[own[7]]) as broker:
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
    topics = [world.topic(f"fetch-sessions-{n}", PARTITIONS) for n in range(3)]
    with world.kafka.connect(1) as broker:
        direct = conversation(world, broker, topics[0], led_by_1(world, topics[0]))
    check_equal(direct[1:4], [(0, True, []), (0, True, [(7, 0)]), (71, False, [])], "what a broker tells of its session")
    if not world.through_gateway:
        return
    host, _, port = world.bootstrap.partition(":")
    with wire.Connection(host, int(port), wire.schemas(world.kafka.version)) as client:
        own, everything = led_by_1(world, topics[1]), list(range(PARTITIONS))
        check_equal(conversation(world, client, topics[1], own), direct, "the same through HAProxy and a node")
        several = [p for p in everything if p not in own[len(own) // 2:]][:len(own)]
        check_equal(conversation(world, client, topics[2], several), direct, "the same where several brokers have them")
        session = fetch(client, topics[1], NEW, own)["SessionId"]
        check_equal(told(fetch(client, topics[1], (session, 1), everything), everything), (70, False, []),
                    "who has a broker's, with partitions of other brokers")
        answer = fetch(client, topics[2], NEW, everything)
        check_equal(told(answer, everything), (0, True, [(p, 0) for p in everything]), "all of them")
        check_equal(told(fetch(client, topics[2], (answer["SessionId"], 1)), everything), (0, True, [(several[7], 0)]),
                    "the record that is not read past, and nothing else")
