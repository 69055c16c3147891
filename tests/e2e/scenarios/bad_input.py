"""What a broker does with bad input, the gateway does too, and other connections of the node notice nothing."""
import socket
import struct

import wire
from scenarios.raw_apis import difference, fill, mask
from world import check, topic_id

LIMIT = 4  # seconds to react in
TOO_BIG = 100 * (1 << 20) + 1
NO_ID = b"no-such-topic-id"


class Case:
    def __init__(self, name, node, data, decode=None):
        """decode: (api, version) of the answer; node: the broker that such a request belongs to."""
        self.name, self.node, self.data, self.decode = name, node, data, decode


class Cases(list):
    """The rows of the table; every request is built for the broker that it belongs to."""

    def __init__(self, world):
        super().__init__()
        self.world = world
        self.known = wire.schemas(world.kafka.version)
        self.topic = world.topic("bad", 3)
        fill(world, self.topic)
        self.id = topic_id(world, self.topic)
        self.leaders = world.leaders(self.topic)
        self.coordinator = world.coordinator("bad-group")

    def top(self, api):
        """The newest version that brokers of this Kafka offer."""
        if not hasattr(self, "offered"):
            with self.world.kafka.connect(1) as broker:
                self.offered = {row["ApiKey"]: row["MaxVersion"] for row in broker.ask("ApiVersions", 0, {})["ApiKeys"]}
        schema = self.known.requests[api]
        return min(self.offered[schema.key], schema.versions[-1])

    def raw(self, name, data):
        self.append(Case(name, 1, data))

    def request(self, name, api, version, message, node=1, **options):
        data = wire.request_bytes(self.known, api, version, message, 4711, **options)
        self.append(Case(f"{name} ({api} v{version})", node, data, (api, version)))

    def frame(self, name, key, version, body, node=1, decode=None, flexible=False):
        head = struct.pack(">hhihs", key, version, 4711, 1, b"x") + (b"\0" if flexible else b"")
        self.append(Case(name, node, struct.pack(">i", len(head + body)) + head + body, decode))


def run(world):
    cases = Cases(world)
    for build in (not_a_request, cut_short, odd_but_legal, metadata, produce, read, coordinators, the_rest):
        build(cases)
    endpoints = [(node, node.first_port + n) for n, node in enumerate(world.nodes)]
    others = [wire.Connection(node.host, port, cases.known) for node, port in endpoints]
    wrong = []
    for case in cases:
        direct = reaction(world, case, world.kafka.brokers[case.node].host, world.kafka.brokers[case.node].port)
        again = [(node.name, node.host, port) for node, port in endpoints] or [
            ("broker", world.kafka.brokers[case.node].host, world.kafka.brokers[case.node].port)]
        for name, host, port in again:
            got = reaction(world, case, host, port)
            if got != direct:
                wrong.append(f"{case.name} at {name}: {difference(direct, got)}")
                break
        for (node, _), other in zip(endpoints, others):
            try:
                other.ask("Metadata", 5, {"Topics": [{"Name": cases.topic}]})
            except (OSError, EOFError, ValueError) as error:
                wrong.append(f"{case.name}: another connection to {node.name} was hurt: {error}")
                other.close()
                others[others.index(other)] = wire.Connection(node.host, node.first_port, cases.known)
    for other in others:
        other.close()
    check(not wrong, f"{len(wrong)} of {len(cases)} rows differ:\n" + "\n".join(wrong))


def reaction(world, case, host, port):
    """{"closed": True}, {"silent": True} or the answer, and whether the connection still works after it."""
    with wire.Connection(host, port, wire.schemas(world.kafka.version), LIMIT) as connection:
        try:
            connection.send_raw(case.data)
            frame = connection.read_frame()
        except socket.timeout:
            return {"silent": True}
        except (EOFError, ConnectionError):
            return {"closed": True}
        if not case.decode:
            return {"answer": frame}
        api, version = case.decode
        _, answer = wire.decode_answer(connection.known, api, version, frame)
        if api == "ApiVersions":  # the gateway's own range, whatever the brokers'
            answer["ApiKeys"] = [row["ApiKey"] for row in answer["ApiKeys"]]
        answer = mask(world, api, answer)
        try:
            connection.ask("Metadata", 1, {"Topics": []})
            return {"answer": answer, "usable": True}
        except (EOFError, OSError):
            return {"answer": answer, "usable": False}


def not_a_request(cases):
    for key in (999, -5, 52, 58, 4):
        cases.frame(f"API key {key}", key, 0, b"\0" * 20)
    for api, version in (("Produce", 2), ("Produce", 99), ("Metadata", 99), ("Fetch", 99), ("Fetch", -1),
                         ("FindCoordinator", 77), ("JoinGroup", 99), ("ListOffsets", 99)):
        if not (api == "Produce" and version == 2 and cases.world.kafka.version.startswith("3")):
            cases.frame(f"{api} v{version}", cases.known.requests[api].key, version, b"\0" * 20)
    cases.frame("ApiVersions v99", 18, 99, b"\0\0\0", decode=("ApiVersions", 0), flexible=True)
    for size in (-1, 0, TOO_BIG, 0x7FFFFFFF, -0x80000000):
        cases.raw(f"frame of {size} bytes", struct.pack(">i", size))
    for size in (1, 4, 7):
        cases.raw(f"frame of {size} bytes", struct.pack(">i", size) + b"\0" * size)
    cases.raw("HTTP", b"GET / HTTP/1.1\r\nHost: kafka\r\n\r\n")
    cases.raw("TLS", b"\x16\x03\x01\x00\xf8\x01\x00\x00\xf4\x03\x03" + bytes(range(200)))


def cut_short(cases):
    topic = cases.topic
    whole = {
        "Metadata": {"Topics": [{"Name": topic}]},
        "Produce": produce_message(cases, wire.batch([(b"k", b"v")])),
        "Fetch": fetch_message(cases),
        "ListOffsets": {"ReplicaId": -1, "Topics": [{"Name": topic, "Partitions": [
            {"PartitionIndex": p, "Timestamp": -1} for p in range(3)]}]},
        "JoinGroup": {"GroupId": "bad-group", "SessionTimeoutMs": 30000, "ProtocolType": "consumer",
                      "Protocols": [{"Name": "range", "Metadata": b""}]},
        "OffsetCommit": {"GroupId": "bad-group", "Topics": [{"Name": topic, "TopicId": cases.id, "Partitions": [
            {"PartitionIndex": 0, "CommittedOffset": 1}]}]},
        "FindCoordinator": {"CoordinatorKeys": ["bad-group"], "KeyType": 0},
        "DescribeGroups": {"Groups": ["bad-group"]},
        "DeleteRecords": {"TimeoutMs": 1000, "Topics": [{"Name": topic, "Partitions": [
            {"PartitionIndex": 0, "Offset": 0}]}]},
    }
    for api, message in whole.items():
        data = wire.request_bytes(cases.known, api, cases.top(api), message, 4711)[4:]
        for lost in (2, len(data) // 3):
            cut = data[:-lost]
            cases.append(Case(f"{api} v{cases.top(api)} without its last {lost} bytes", 1,
                              struct.pack(">i", len(cut)) + cut))
    for size in (0x7FFFFFFF, 1 << 24):
        count = struct.pack(">i", size)
        cases.frame(f"Metadata v1 of {size} topics", 3, 1, count)
        cases.frame(f"Produce v7 of {size} topics", 0, 7, b"\xff\xff\xff\xff\0\0\x10\0" + count)
        cases.frame(f"Produce v7 of {size} partitions", 0, 7, b"\xff\xff\xff\xff\0\0\x10\0\0\0\0\1\0\1t" + count)
        cases.frame(f"Produce v7 of {size} bytes of records", 0, 7,
                    b"\xff\xff\xff\xff\0\0\x10\0\0\0\0\1\0\1t\0\0\0\1\0\0\0\0" + count)
        cases.frame(f"Fetch v4 of {size} topics", 1, 4, struct.pack(">iiiib", -1, 0, 0, 1000, 0) + count)
        cases.frame(f"ListOffsets v1 of {size} topics", 2, 1, b"\xff\xff\xff\xff" + count)
        cases.frame(f"DescribeGroups v0 of {size} groups", 15, 0, count)
        cases.frame(f"DeleteGroups v0 of {size} groups", 42, 0, count)
    endless = b"\xff\xff\xff\xff\x7f"
    cases.frame("Metadata v9 of very many topics", 3, 9, endless, flexible=True)
    cases.frame("Metadata v9 with an endless varint", 3, 9, b"\xff" * 12, flexible=True)
    cases.frame("a header tag longer than the frame", 3, 9, b"\1\7" + endless + b"\0" * 8)
    cases.frame("a topic name of -2 bytes", 3, 1, b"\0\0\0\1\xff\xfe")
    cases.raw("a client id longer than the frame", struct.pack(">ihhih", 10, 3, 1, 4711, 500))
    # a broker takes every negative length for null
    cases.append(Case("a client id of -2 bytes", 1, struct.pack(">ihhih", 14, 3, 1, 4711, -2) + b"\0\0\0\0",
                      ("Metadata", 1)))


def extra(data, more):
    return struct.pack(">i", len(data) - 4 + len(more)) + data[4:] + more


def odd_but_legal(cases):
    topic, known = cases.topic, cases.known
    offsets = {"ReplicaId": -1, "Topics": [{"Name": topic, "Partitions": [{"PartitionIndex": 1, "Timestamp": -1}]}]}
    node = cases.leaders[1]
    for api, message, at in (("Metadata", {"Topics": [{"Name": topic}]}, 1), ("ListOffsets", offsets, node),
                             ("FindCoordinator", {"CoordinatorKeys": ["bad-group"], "KeyType": 0}, 1),
                             ("Fetch", fetch_message(cases, [1]), node)):
        version = cases.top(api)
        data = wire.request_bytes(known, api, version, message, 4711)
        cases.append(Case(f"bytes after the body of {api} v{version}", at, extra(data, b"more bytes"), (api, version)))
        cases.request("null client id", api, version, message, at, client_id=None)
        cases.request("empty client id", api, version, message, at, client_id="")
        cases.request("unknown tags in the header", api, version, message, at,
                      header_tags=[(77, b"tag"), (99999, b"x" * 300)])
        cases.request("unknown tags in the body", api, version, {**message, "_tags": [(88, b"body"), (1000, b"")]}, at)


def metadata(cases):
    for version in (1, 5, 9, cases.top("Metadata")):
        for name in ("", "not/legal", "x" * 250, "..", "no-such-topic"):
            cases.request(f"topic name {name[:12]!r}", "Metadata", version, {"Topics": [{"Name": name}],
                                                                            "AllowAutoTopicCreation": False})
    cases.request("null topic name", "Metadata", 10, {"Topics": [{"Name": None}]})
    cases.request("null topic name", "Metadata", 11, {"Topics": [{"Name": None}]})
    cases.request("unknown topic id", "Metadata", 12, {"Topics": [{"Name": None, "TopicId": NO_ID}]})
    cases.request("key type 9", "FindCoordinator", 4, {"KeyType": 9, "CoordinatorKeys": ["x"]})
    cases.request("key type 9", "FindCoordinator", 2, {"KeyType": 9, "Key": "x"})
    cases.request("share key", "FindCoordinator", 6, {"KeyType": 2, "CoordinatorKeys": ["no:key"]})
    topics = [{"Name": cases.topic}]
    for name, cursor in (("not in the list", {"TopicName": "aaa", "PartitionIndex": 0}),
                         ("negative", {"TopicName": cases.topic, "PartitionIndex": -1})):
        cases.request(f"cursor {name}", "DescribeTopicPartitions", 0,
                      {"Topics": topics, "ResponsePartitionLimit": 10, "Cursor": cursor})


def produce_message(cases, records, partition=0, acks=-1, topic=None, unknown_id=False):
    return {"TransactionalId": None, "Acks": acks, "TimeoutMs": 5000, "TopicData": [
        {"Name": topic or cases.topic, "TopicId": NO_ID if unknown_id else cases.id,
         "PartitionData": [{"Index": partition, "Records": records}]}]}


def produce(cases):
    good = wire.batch([(b"k", b"v")])
    top, node = cases.top("Produce"), cases.leaders[0]
    for version in (9, top):
        def case(name, message, version=version):
            cases.request(name, "Produce", version, message, node)
        case("acks 2", produce_message(cases, good, acks=2))
        case("acks -2", produce_message(cases, good, acks=-2))
        case("unknown partition", produce_message(cases, good, 99))
        case("negative partition", produce_message(cases, good, -1))
        case("wrong CRC", produce_message(cases, wire.batch([(b"k", b"v")], break_crc=True)))
        case("two batches", produce_message(cases, good + good))
        case("no records", produce_message(cases, b""))
        case("garbage for records", produce_message(cases, b"garbage" * 30))
        case("cut-off batch", produce_message(cases, good[:-5]))
        case("too big", produce_message(cases, wire.batch([(b"k", bytes(1100000))])))
        case("unknown partition, acks 0", produce_message(cases, good, 99, acks=0))
        case("wrong CRC, acks 0", produce_message(cases, wire.batch([(b"k", b"v")], break_crc=True), acks=0))
        case("no topics", {**produce_message(cases, good), "TopicData": []})
        twice = produce_message(cases, good)
        twice["TopicData"][0]["PartitionData"] *= 2
        case("one partition twice", twice)
        case("unknown topic", produce_message(cases, good, topic="no-such-topic", unknown_id=True))
        case("unknown topic, acks 0", produce_message(cases, good, topic="no-such-topic", unknown_id=True, acks=0))
    if top < 13:
        return
    internal = topic_id(cases.world, "__consumer_offsets")
    message = produce_message(cases, good)
    message["TopicData"][0].update(Name="__consumer_offsets", TopicId=internal)
    at = cases.world.leaders("__consumer_offsets")[0]
    cases.request("internal topic", "Produce", 9, message, at)
    cases.request("internal topic", "Produce", top, message, at)


def fetch_message(cases, partitions=(0, 1, 2), wait=0, **more):
    rows = [{"Partition": p, "FetchOffset": 1, "PartitionMaxBytes": 1 << 20, "CurrentLeaderEpoch": -1, **more}
            for p in partitions]
    return {"ReplicaId": -1, "MaxWaitMs": wait, "MinBytes": 1, "MaxBytes": 1 << 20, "SessionEpoch": -1,
            "Topics": [{"Topic": cases.topic, "TopicId": cases.id, "Partitions": rows}]}


def read(cases):
    node = cases.leaders[2]
    for version in (4, 11, cases.top("Fetch")):
        def case(name, message, version=version, at=node):
            cases.request(name, "Fetch", version, message, at)
        # an error is told at once, however long the client would wait
        case("offset out of range", fetch_message(cases, [2], 60000, FetchOffset=9999))
        case("negative offset", fetch_message(cases, [2], 60000, FetchOffset=-5))
        case("unknown partition", fetch_message(cases, [99], 60000))
        case("no partitions", fetch_message(cases, [], 60000))
        case("one partition twice", fetch_message(cases, [2, 2]))
        if version >= 9:
            case("epoch too new", fetch_message(cases, [2], 60000, CurrentLeaderEpoch=999))
        unknown = fetch_message(cases, [0], 60000)
        unknown["Topics"][0].update(Topic="no-such-topic", TopicId=NO_ID)
        case("unknown topic", unknown)
        case("session 77", {**fetch_message(cases, [2]), "SessionId": 77, "SessionEpoch": 5})
    for version in (1, cases.top("ListOffsets")):
        twice = {"ReplicaId": -1, "Topics": [{"Name": cases.topic, "Partitions": [
            {"PartitionIndex": 2, "Timestamp": -1}, {"PartitionIndex": 2, "Timestamp": -2}]}]}
        cases.request("one partition twice", "ListOffsets", version, twice, node)
        cases.request("no topics", "ListOffsets", version, {"ReplicaId": -1, "Topics": []})
    cases.request("unknown epoch", "OffsetForLeaderEpoch", 4, {"ReplicaId": -1, "Topics": [
        {"Topic": cases.topic, "Partitions": [{"Partition": 2, "CurrentLeaderEpoch": 999, "LeaderEpoch": 0}]}]}, node)
    cases.request("offset beyond the end", "DeleteRecords", 2, {"TimeoutMs": 5000, "Topics": [
        {"Name": cases.topic, "Partitions": [{"PartitionIndex": 2, "Offset": 9999}]}]}, node)


def coordinators(cases):
    join = {"GroupId": "bad-group", "SessionTimeoutMs": 30000, "RebalanceTimeoutMs": 30000, "MemberId": "",
            "ProtocolType": "consumer", "Protocols": [{"Name": "range", "Metadata": b""}]}
    beat = {"GroupId": "bad-group", "GenerationId": 3, "MemberId": "nobody"}
    here, none = cases.coordinator, cases.world.coordinator("bad-none")
    for version in (2, cases.top("JoinGroup")):
        def case(name, message, at=here, version=version):
            cases.request(name, "JoinGroup", version, message, at)
        case("session timeout 1", {**join, "SessionTimeoutMs": 1})
        case("no protocols", {**join, "Protocols": []})
        case("no protocol type", {**join, "ProtocolType": ""})
        case("empty group id", {**join, "GroupId": ""}, cases.world.coordinator("bad-group"))
        case("unknown member", {**join, "MemberId": "nobody"})
    for version in (0, cases.top("Heartbeat")):
        cases.request("unknown member", "Heartbeat", version, beat, here)
    cases.request("unknown member", "SyncGroup", cases.top("SyncGroup"), beat, here)
    cases.request("unknown member", "LeaveGroup", cases.top("LeaveGroup"),
                  {"GroupId": "bad-group", "Members": [{"MemberId": "nobody"}]}, here)
    cases.request("unknown group", "DescribeGroups", cases.top("DescribeGroups"), {"Groups": ["bad-group"]}, here)
    cases.request("no groups", "DescribeGroups", 0, {"Groups": []})
    cases.request("unknown group", "DeleteGroups", 2, {"GroupsNames": ["bad-none"]}, none)
    cases.request("the group twice", "DeleteGroups", 2, {"GroupsNames": ["bad-none", "bad-none"]}, none)
    cases.request("unknown member", "OffsetCommit", 7, {"GroupId": "bad-group", "GenerationIdOrMemberEpoch": 3,
                                                        "MemberId": "nobody", "Topics": [
        {"Name": cases.topic, "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}]}, here)
    cases.request("unknown group", "OffsetDelete", 0, {"GroupId": "bad-group", "Topics": []}, here)
    cases.request("empty transactional id", "InitProducerId", 2, {"TransactionalId": "", "TransactionTimeoutMs": 1000})
    cases.request("unknown member", "ConsumerGroupHeartbeat", 0,
                  {"GroupId": "bad-group", "MemberId": "nobody", "MemberEpoch": 5}, here)


def the_rest(cases):
    cases.request("on a listener without SASL", "SaslHandshake", 1, {"Mechanism": "PLAIN"})
    cases.request("on a listener without SASL", "SaslAuthenticate", 2, {"AuthBytes": b"\0user\0password"})
    cases.request("unknown broker", "DescribeConfigs", 4, {"Resources": [{"ResourceType": 4, "ResourceName": "77"}]})
    cases.request("nothing to cancel", "AlterPartitionReassignments", 0, {"TimeoutMs": 5000, "Topics": [
        {"Name": cases.topic, "Partitions": [{"PartitionIndex": 0, "Replicas": None}]}]})
    cases.request("unknown broker", "UnregisterBroker", 0, {"BrokerId": 77})
