"""Share groups (KIP-932): consumers read through nodes what they read at the brokers; what a member has acquired is
another's as soon as its connection ends; a session is at one broker, and ends with it."""
import time

import wire
from compared import mark
from scenarios.admin_tools import keeping_ports
from world import check, check_equal, topic_id, wait_for

MODES = ["ports"]
VERSIONS = ["4.4.0"]
RECORDS, PARTITIONS = 400, 6
ACCEPT, RENEW = 1, 4
LOCK = 30  # seconds for which a broker keeps what was acquired


def run(world):
    with keeping_ports(world) as kept:
        everything_is_read(world, kept)
        released_at_once(kept)
    released_at_once(world)
    released_by_death(world)
    renewed(world)
    no_such_session(world)
    leader_moves(world)


def topic_of(world, name, partitions=PARTITIONS, **options):
    topic = world.topic(name, partitions, **options)
    world.java().produce(topic, RECORDS, "k")
    return topic


def new_group(world, name):
    """A group that reads from the beginning."""
    group = f"{world.mode}-{name}"
    world.tool("kafka-configs", "--alter", "--entity-type", "groups", "--entity-name", group, "--add-config",
               "share.auto.offset.reset=earliest")
    return group


def read(world, topic, group, bootstrap=None):
    text = world.tool("kafka-console-share-consumer", "--topic", topic, "--group", group, "--timeout-ms", "20000",
                      "--max-messages", str(RECORDS), "--formatter-property", "print.key=true",
                      "--formatter-property", "print.value=false", bootstrap=bootstrap, limit=90)
    return sorted(line for line in text.splitlines() if line.startswith("k"))


def everything_is_read(world, kept):
    topic = topic_of(world, "share-read")
    direct = read(world, topic, new_group(world, "share-direct"), bootstrap=world.kafka.bootstrap)
    check_equal(len(direct), RECORDS, "records read at the brokers")
    for name, through in (("kept", kept), ("anywhere", world)):
        check_equal(read(through, topic, new_group(world, f"share-{name}")), direct, f"records read, {name} ports")
    mark(world, "kafka-console-share-consumer")


class Member:
    """A member of a share group that fetches from one partition."""

    def __init__(self, world, group, letter, topic, port=0, node=None):
        """node: not through HAProxy, but at that one."""
        host, _, first = world.bootstrap.split(",")[0].partition(":")
        if node:
            host, first = node.host, node.first_port
        self.client = wire.Connection(host, int(first) + port, wire.schemas(world.kafka.version))
        self.names = {"GroupId": group, "MemberId": letter * 22}
        self.topics = [{"TopicId": topic_id(world, topic), "Partitions": [{"PartitionIndex": 0}]}]
        self.epoch = 0
        self.join(topic)

    def join(self, topic):
        """Until it has partitions: those of a group that nobody has joined can't be read."""
        told = {"MemberEpoch": 0, "Assignment": None}

        def assigned():
            nonlocal told
            answer = self.client.ask("ShareGroupHeartbeat", 1, {
                **self.names, "MemberEpoch": told["MemberEpoch"],
                "SubscribedTopicNames": None if told["MemberEpoch"] else [topic]})
            check(answer["ErrorCode"] in (0, 14, 15, 16), f"ShareGroupHeartbeat: {answer}")
            told = answer if answer["ErrorCode"] == 0 else told
            return (told["Assignment"] or {}).get("TopicPartitions")
        wait_for(assigned, 20, f"{self.names} has partitions")

    def fetch(self, version=1, **more):
        answer = self.client.ask("ShareFetch", version, {
            **self.names, "ShareSessionEpoch": self.epoch, "MaxWaitMs": 300, "MinBytes": 1, "MaxBytes": 1 << 20,
            "MaxRecords": RECORDS, "BatchSize": RECORDS, "Topics": [] if self.epoch else self.topics, **more})
        self.epoch += answer["ErrorCode"] == 0
        return answer

    def acquire(self, limit=20):
        """The first records that it gets: (first offset, last offset, delivery count)."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            answer = self.fetch()
            check_equal(answer["ErrorCode"], 0, f"error of a ShareFetch: {answer}")
            for topic in answer["Responses"]:
                for partition in topic["Partitions"]:
                    check_equal(partition["ErrorCode"], 0, f"error of the partition: {partition}")
                    for batch in partition["AcquiredRecords"]:
                        return batch["FirstOffset"], batch["LastOffset"], batch["DeliveryCount"]
        raise AssertionError(f"nothing acquired in {limit} s")


    def acknowledge(self, first, last, kind=ACCEPT, version=1, **more):
        """The answer; of its one partition the error."""
        answer = self.client.ask("ShareAcknowledge", version, {**self.names, "ShareSessionEpoch": self.epoch, **more, "Topics": [
            {**self.topics[0], "Partitions": [{"PartitionIndex": 0, "AcknowledgementBatches": [
                {"FirstOffset": first, "LastOffset": last, "AcknowledgeTypes": [kind]}]}]}]})
        self.epoch += answer["ErrorCode"] == 0
        return answer, [(p["PartitionIndex"], p["ErrorCode"]) for t in answer["Responses"] for p in t["Partitions"]]


def released_at_once(world):
    released(world, f"share-release-{world.bootstrap.rpartition('.')[2].partition(':')[0]}", lambda one: one.client.close())


def released_by_death(world):
    """Of the node at which the member is: no more is lost than by a client that ends its connection."""
    if not world.through_gateway:
        return
    node = world.nodes[2]
    released(world, "share-death", lambda _: node.kill(), node)
    world.restart(node)
    world.wait_all_up()


def released(world, name, end, node=None):
    """What a member has is another's as soon as `end` has ended its connection."""
    topic = topic_of(world, name, 1)
    group = new_group(world, name)
    leader = world.leaders(topic)[0]
    one = Member(world, group, "A", topic, leader - 1, node)
    first, last, count = one.acquire()
    check_equal((first, count), (0, 1), "first offset and delivery count of what is acquired")
    end(one)
    began = time.monotonic()
    two = Member(world, group, "B", topic, leader - 1)
    check_equal(two.acquire(LOCK / 2), (first, last, 2), "the same again, for another member, a second time")
    print(f"released after {time.monotonic() - began:.2f} s")
    one.client.close()
    done, errors = two.acknowledge(first, last)
    check_equal(errors, [(0, 0)], f"answer to the acknowledgement: {done}")
    check_equal(two.fetch(ShareSessionEpoch=-1)["ErrorCode"], 0, "error of the last ShareFetch")
    two.client.close()
    nothing_is_left(world, group, topic)


def nothing_is_left(world, group, topic):
    """The group's coordinator knows that all has been acknowledged."""
    told = []

    def there():
        text = world.tool("kafka-share-groups", "--describe", "--group", group, "--offsets")
        told[:] = [line.split() for line in text.splitlines() if line.startswith(group)]
        return any(words[1:3] == [topic, "0"] and words[4] == "0" for words in told)
    try:
        wait_for(there, 20, f"{group} has nothing left to read")
    except AssertionError as late:
        raise AssertionError(f"{late}: {told}") from None


def renewed(world):
    """A lock that is renewed (KIP-1222), alone and with a Fetch, and what may not be said together: as a broker answers."""
    topic = topic_of(world, "share-renewed", 1)
    leader = world.leaders(topic)[0]
    said = {}
    for where in ("gateway", "broker"):
        group = new_group(world, f"share-renewed-{where}")
        member = Member(world, group, where[0], topic, leader - 1)
        if where == "broker":
            member.client.close()
            member.client = world.kafka.connect(leader)
        first, last, _ = member.acquire()
        answers = []
        for more in ({"IsRenewAck": True}, {}):
            answer, errors = member.acknowledge(first, last, RENEW, version=2, **more)
            answers.append((answer["ErrorCode"], answer["AcquisitionLockTimeoutMs"], errors))
        batch = [{"FirstOffset": first, "LastOffset": last, "AcknowledgeTypes": [RENEW]}]
        topics = [{**member.topics[0], "Partitions": [{"PartitionIndex": 0, "AcknowledgementBatches": batch}]}]
        for more in ({"MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 0, "MaxRecords": 0, "BatchSize": 0}, {}):
            answer = member.fetch(version=2, IsRenewAck=True, Topics=topics, **more)
            answers.append((answer["ErrorCode"], [p["AcknowledgeErrorCode"] for t in answer["Responses"] for p in t["Partitions"]]))
        answers.append(member.acknowledge(first, last, version=2)[1])
        said[where] = answers
        member.client.close()
        nothing_is_left(world, group, topic)
    check_equal(said["gateway"], said["broker"], "answers to acknowledgements that renew")
    check_equal((said["broker"][0][0], said["broker"][0][2], said["broker"][-1]), (0, [(0, 0)], [(0, 0)]), "renewed, then accepted")


def no_such_session(world):
    """As a broker answers: a session that is not, and one that goes on with another number."""
    topic = topic_of(world, "share-none", 1)
    leader = world.leaders(topic)[0]
    group = new_group(world, "share-none")
    answers = {}
    for where in ("gateway", "broker"):
        member = Member(world, group, where[0], topic, leader - 1)
        if where == "broker":
            member.client.close()
            member.client = world.kafka.connect(leader)
        member.epoch = 7
        codes = [member.fetch()["ErrorCode"]]
        member.epoch = 0
        codes.append(member.fetch()["ErrorCode"])
        member.epoch = 5
        codes.append(member.fetch()["ErrorCode"])
        member.epoch = -1
        codes.append(member.fetch(Topics=[])["ErrorCode"])
        member.epoch = 2
        codes.append(member.fetch()["ErrorCode"])
        answers[where] = codes
        member.client.close()
    check_equal(answers["gateway"], answers["broker"], "errors of sessions that are not")


def leader_moves(world):
    """What a broker no longer leads it says, with the new leader's address as the client knows it."""
    topic = topic_of(world, "share-moves", 1)
    leader = world.leaders(topic)[0]
    member = Member(world, new_group(world, "share-moves"), "M", topic, leader - 1)
    member.acquire()
    other = next(node for node in world.kafka.brokers if node != leader)
    move(world, topic, other)

    def told():
        answer = member.fetch()
        check_equal(answer["ErrorCode"], 0, f"error of a ShareFetch: {answer}")
        return [(p["ErrorCode"], p["CurrentLeader"]["LeaderId"], [(e["NodeId"], e["Host"], e["Port"])
                                                                 for e in answer["NodeEndpoints"]])
                for t in answer["Responses"] for p in t["Partitions"] if p["ErrorCode"]]
    wait_for(lambda: told() or None, 20, "the old leader says that it leads no more")
    host, _, first = world.bootstrap.partition(":")
    check_equal(told(), [(6, other, [(other, host, int(first) + other - 1)])], "error, leader and where the client finds it")
    member.client.close()


def move(world, topic, to):
    with world.kafka.connect(world.kafka.any_broker()) as broker:
        replicas = world.kafka.metadata(min(world.kafka.brokers), [topic])["Topics"][0]["Partitions"][0]["ReplicaNodes"]
        check(to in replicas, f"broker {to} has no replica of {topic}: {replicas}")
        order = [to, *(r for r in replicas if r != to)]
        broker.ask("AlterPartitionReassignments", 0, {"TimeoutMs": 10000, "Topics": [
            {"Name": topic, "Partitions": [{"PartitionIndex": 0, "Replicas": order}]}]})
        broker.ask("ElectLeaders", 2, {"ElectionType": 0, "TimeoutMs": 10000, "TopicPartitions": [
            {"Topic": topic, "Partitions": [0]}]})
    wait_for(lambda: world.leaders(topic)[0] == to, 20, f"broker {to} leads {topic}")
