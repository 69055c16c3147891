#!/usr/bin/env python3
"""The nodes' own group and topic are out of clients' reach: what names them is refused with the codes of a broker that
gives no right, what else stands in the same request is answered as ever, and lists are without them."""
import pathlib
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster, subscription, write_identity  # noqa: E402
from kafka_wire import Connection, batch, fetch_topics, parts_of, produce_data  # noqa: E402

GROUP, TOPIC = "anyport_gateway", "_anyport_gateway"
NO_TOPIC, NO_GROUP = 29, 30
INSIDE = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true"}


class Kafka(GroupCluster):
    """Answers also what lists, describes and deletes; `seen` has what came of each."""

    VERSIONS = {**GroupCluster.VERSIONS, "ListGroups": (0, 4), "DescribeGroups": (0, 5), "DeleteGroups": (0, 2),
                "DeleteTopics": (0, 6), "OffsetCommit": (0, 8), "DescribeTopicPartitions": (0, 0)}

    def __init__(self, *arguments, **options):
        self.seen, self.request = {}, threading.local()
        super().__init__(*arguments, **options)

    def _answer(self, number, sock, data):
        self.request.version = struct.unpack_from(">h", data, 2)[0]
        super()._answer(number, sock, data)

    def _metadata(self, number, values):
        """An empty list is all of them in version 0 alone."""
        answer = super()._metadata(number, values)
        return {**answer, "topics": []} if values["topics"] == [] and self.request.version > 0 else answer

    def _listgroups(self, number, _values):
        return {"groups": [{"group_id": g} for g in ((GROUP, "g") if number == 1 else ("h",))]}

    def _describegroups(self, _number, values):
        self.seen["DescribeGroups"] = values["groups"]
        return {"groups": [{"group_id": g, "group_state": "Stable"} for g in values["groups"]]}

    def _deletegroups(self, _number, values):
        self.seen["DeleteGroups"] = values["groups_names"]
        return {"results": [{"group_id": g} for g in values["groups_names"]]}

    def _deletetopics(self, _number, values):
        by_name = values.get("topic_names") or [self._name(t) for t in values["topics"]]
        self.seen["DeleteTopics"] = by_name
        return {"responses": [{"name": name, "topic_id": self.topic_id(name)} for name in by_name]}

    def _offsetcommit(self, _number, values):
        self.seen["OffsetCommit"] = [t["name"] for t in values["topics"]]
        return {"topics": [{"name": t["name"], "partitions": [{"partition_index": p["partition_index"]}
                                                              for p in t["partitions"]]} for t in values["topics"]]}

    def _describetopicpartitions(self, _number, values):
        names = [t["name"] for t in values["topics"]] or sorted({name for name, _ in self.logs})
        return {"topics": [{"name": name, "topic_id": self.topic_id(name), "partitions": [
            {"partition_index": 0, "leader_id": 1, "replica_nodes": [1], "isr_nodes": [1]}]} for name in names]}


def check_group(kafka, client):
    """Nobody can join, nor do anything else to, the nodes' group."""
    before = len(kafka.joins)
    evil = write_identity(node_id="evil", host="evil.example", port=6969, port_count=3, min_broker_id=1, mode=0, internal=1,
                          http="evil.example:80", version="1", settings=0, incarnation=1, draining=0)
    protocols = [{"name": "anyport", "metadata": subscription(TOPIC, evil)}]
    for version in (0, 4, 6):
        answer = client.ask("JoinGroup", version, group_id=GROUP, session_timeout_ms=10000, rebalance_timeout_ms=10000,
                            member_id="", protocol_type="consumer", protocols=protocols)
        check_equal(answer["error_code"], NO_GROUP, f"JoinGroup {version}")
    check_equal(len(kafka.joins), before, "joins that a broker saw")
    member = kafka.joins[0].member
    for api, version, more in (("Heartbeat", 3, {"generation_id": 1}), ("LeaveGroup", 1, {}),
                               ("SyncGroup", 3, {"generation_id": 1, "assignments": []})):
        answer = client.ask(api, version, group_id=GROUP, member_id=member, **more)
        check_equal(answer["error_code"], NO_GROUP, api)
    answer = client.ask("OffsetCommit", 2, group_id=GROUP, generation_id_or_member_epoch=-1, member_id="", topics=[
        {"name": "t", "partitions": [{"partition_index": 0, "committed_offset": 1, "committed_metadata": ""}]}])
    check_equal(answer["topics"][0]["partitions"][0]["error_code"], NO_GROUP, "OffsetCommit of the group")


def check_groups_among_others(kafka, client):
    asked = ["g", GROUP, "h"]
    for version in (0, 5):
        found = client.ask("DescribeGroups", version, groups=asked)["groups"]
        check_equal([(g["group_id"], g["error_code"]) for g in found], [("g", 0), (GROUP, NO_GROUP), ("h", 0)], "DescribeGroups")
    check(GROUP not in kafka.seen["DescribeGroups"], "a broker was asked for it")
    found = client.ask("DeleteGroups", 1, groups_names=asked)["results"]
    check_equal({g["group_id"]: g["error_code"] for g in found}, {"g": 0, GROUP: NO_GROUP, "h": 0}, "DeleteGroups")
    check(GROUP not in kafka.seen["DeleteGroups"], "a broker was told to delete it")
    found = client.ask("DeleteGroups", 1, groups_names=[GROUP])["results"]
    check_equal([(g["group_id"], g["error_code"]) for g in found], [(GROUP, NO_GROUP)], "DeleteGroups of it alone")
    check_equal(client.ask("FindCoordinator", 2, key=GROUP, key_type=0)["error_code"], NO_GROUP, "FindCoordinator 2")
    check_equal(client.ask("FindCoordinator", 2, key=GROUP, key_type=1)["error_code"], 0, "a transaction of that name")
    found = client.ask("FindCoordinator", 4, key_type=0, coordinator_keys=asked)["coordinators"]
    check_equal({c["key"]: c["error_code"] for c in found}, {"g": 0, GROUP: NO_GROUP, "h": 0}, "FindCoordinator 4")
    check(all(c["host"] for c in found if c["key"] != GROUP), f"the others have a coordinator: {found}")
    check_equal([g["group_id"] for g in client.ask("ListGroups", 2)["groups"]], ["g"], "ListGroups of broker 1")


def check_all_groups(node):
    """Of no broker in particular: by a port that is none's."""
    with Connection(node.host, node.ports[-1]) as client:
        check_equal(sorted(g["group_id"] for g in client.ask("ListGroups", 2)["groups"]), ["g", "h"], "ListGroups")


def errors(api, answer):
    return {part: one["error_code"] for part, one in parts_of(api, answer)}


def check_records(kafka, client):
    record = batch([(None, b"x")])
    own = {p: len(log) for (topic, p), log in kafka.logs.items() if topic == TOPIC}
    answer = client.ask("Produce", 7, acks=-1, timeout_ms=5000, topic_data=produce_data({(TOPIC, 0): record}))
    check_equal(errors("Produce", answer), {(TOPIC, 0): NO_TOPIC}, "a Produce")
    answer = client.ask("Produce", 7, acks=-1, timeout_ms=5000, topic_data=produce_data(
        {("t", 0): record, (TOPIC, 0): record, ("t", 1): record}))
    check_equal(errors("Produce", answer), {("t", 0): 0, (TOPIC, 0): NO_TOPIC, ("t", 1): 0}, "a Produce of several")
    check(all(b"x" not in log[-1][-3:] for (topic, p), log in kafka.logs.items() if topic == TOPIC and log),
          f"records of the topic, {own} before")

    for parts in ({(TOPIC, 0): 0}, {("t", 0): 0, (TOPIC, 0): 0}, {("t", 0): 0, ("t", 1): 0, (TOPIC, 0): 0}):
        answer = client.ask("Fetch", 11, replica_id=-1, max_wait_ms=30000, min_bytes=1 << 20, max_bytes=1 << 20,
                            session_epoch=-1, topics=fetch_topics(parts))
        wanted = {part: NO_TOPIC if part[0] == TOPIC else 0 for part in parts}
        check_equal(errors("Fetch", answer), wanted, "a Fetch, at once")
    topics = [{"topic_id": kafka.topic_id(TOPIC), "partitions": [{"partition": 0, "partition_max_bytes": 100, "fetch_offset": 0}]}]
    answer = client.ask("Fetch", 13, max_wait_ms=30000, min_bytes=1, max_bytes=1 << 20, session_epoch=-1, topics=topics)
    check_equal([p["error_code"] for _, p in parts_of("Fetch", answer)], [NO_TOPIC], "a Fetch by the topic's id")
    answer = client.ask("ListOffsets", 1, replica_id=-1, topics=[
        {"name": name, "partitions": [{"partition_index": 0, "timestamp": -1}]} for name in (TOPIC, "t")])
    check_equal(errors("ListOffsets", answer), {(TOPIC, 0): NO_TOPIC, ("t", 0): 0}, "ListOffsets")


def check_no_acks(node):
    """As at a broker: who gets no answer is closed."""
    with Connection(*node.address) as client:
        client.send_raw(client.make("Produce", 7, answered=False, acks=0, timeout_ms=5000,
                                    topic_data=produce_data({(TOPIC, 0): batch([(None, b"x")])})))
        check(client.is_closed(), "a Produce without acknowledgement leaves the client connected")


def check_metadata(client):
    def topics(version, names, **more):
        asked = None if names is None else [{"name": name} for name in names]
        return {t["name"]: (t["error_code"], len(t["partitions"]))
                for t in client.ask("Metadata", version, topics=asked, **more)["topics"]}
    for version in (1, 5, 9, 12):
        check_equal(topics(version, None), {"t": (0, 2), "u": (0, 2)}, f"Metadata {version} of all")
        check_equal(topics(version, [TOPIC]), {TOPIC: (NO_TOPIC, 0)}, f"Metadata {version} of it alone")
        check_equal(topics(version, ["t", TOPIC, "u"]), {"t": (0, 2), TOPIC: (NO_TOPIC, 0), "u": (0, 2)}, f"Metadata {version}")
        check_equal(topics(version, ["u"]), {"u": (0, 2)}, f"Metadata {version} of another")
        check_equal(len(client.ask("Metadata", version, topics=[{"name": TOPIC}])["brokers"]), 3, "brokers told with it")
    check_equal(topics(0, []), {"t": (0, 2), "u": (0, 2)}, "Metadata 0 of all")

    def described(names):
        answer = client.ask("DescribeTopicPartitions", 0, topics=[{"name": n} for n in names], response_partition_limit=100,
                            cursor=None)
        return {t["name"]: (t["error_code"], len(t["partitions"])) for t in answer["topics"]}
    check_equal(described([]), {"t": (0, 1), "u": (0, 1)}, "DescribeTopicPartitions of all")
    check_equal(described([TOPIC]), {TOPIC: (NO_TOPIC, 0)}, "DescribeTopicPartitions of it alone")
    check_equal(described(["u", TOPIC]), {"u": (0, 1), TOPIC: (NO_TOPIC, 0)}, "DescribeTopicPartitions")


def check_administration(kafka, client):
    for version in (1, 5):
        found = client.ask("DeleteTopics", version, topic_names=["t", TOPIC], timeout_ms=1000)["responses"]
        check_equal({t["name"]: t["error_code"] for t in found}, {"t": 0, TOPIC: NO_TOPIC}, f"DeleteTopics {version}")
        check_equal(kafka.seen["DeleteTopics"], ["t"], "topics that a broker was told to delete")
    for topic in ({"name": TOPIC}, {"name": None, "topic_id": kafka.topic_id(TOPIC)}):
        asked = [topic, {"name": "u"}]
        found = client.ask("DeleteTopics", 6, topics=asked, timeout_ms=1000)["responses"]
        check_equal(sorted((t["name"] or "", t["error_code"]) for t in found),
                    sorted([(topic["name"] or "", NO_TOPIC), ("u", 0)]), "DeleteTopics 6")
        check_equal(kafka.seen["DeleteTopics"], ["u"], "topics that a broker was told to delete")
    found = client.ask("CreateTopics", 4, timeout_ms=1000, topics=[
        {"name": name, "num_partitions": 1, "replication_factor": 1} for name in (TOPIC, "t")])["topics"]
    check_equal({t["name"]: t["error_code"] for t in found}, {TOPIC: NO_TOPIC, "t": 36}, "CreateTopics")
    commit = [{"partition_index": 0, "committed_offset": 1, "committed_metadata": ""}]
    answer = client.ask("OffsetCommit", 2, group_id="g", generation_id_or_member_epoch=-1, member_id="",
                        topics=[{"name": "t", "partitions": commit}, {"name": TOPIC, "partitions": commit}])
    check_equal(errors("OffsetCommit", answer), {("t", 0): 0, (TOPIC, 0): NO_TOPIC}, "OffsetCommit")
    check_equal(kafka.seen["OffsetCommit"], ["t"], "topics that a broker was told offsets of")


def test(scene):
    kafka = Kafka(scene, 3, {"t": 2, "u": 2, TOPIC: 1})
    node = scene.node(kafka.bootstrap, env=INSIDE)
    wait_for(lambda: node.metrics().sum("anyport_cluster_member") == 1, 15, "the node itself is a member")
    wait_for(lambda: kafka.logs[(TOPIC, 0)], 15, "the node itself writes its load")
    with Connection(*node.address, timeout=5) as client:
        check_group(kafka, client)
        check_groups_among_others(kafka, client)
        check_records(kafka, client)
        check_metadata(client)
        check_administration(kafka, client)
    check_all_groups(node)
    check_no_acks(node)
    members = node.get_json("/v1/cluster")[1]["members"]
    check(len(members) == 1, f"members besides the node: {members}")


run(test)
