#!/usr/bin/env python3
"""Bad input gets a broker's reaction, mostly to be closed, and no other connection notices."""
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run  # noqa: E402
from kafka_wire import Connection, batch, encode, frame, produce_data, request_bytes, uvarint, APIS  # noqa: E402
from stand_in import StandIns  # noqa: E402
from traffic import errors_of, no_errors, produce, produce_request  # noqa: E402

MAX_FRAME = 104857600
PRODUCE_7 = {"acks": -1, "timeout_ms": 1000}


def size(number):
    return struct.pack(">i", number)


def head(key, version, client=b"\0\1c"):
    return struct.pack(">hhi", key, version, 1) + client


def produce_body(tail):
    """A Produce v7 up to its topics, then these bytes."""
    return frame(head(0, 7) + b"\xff\xff" + struct.pack(">hi", 1, 1000) + tail)


def one_partition(length, sent):
    """Topic t, partition 0, `length` bytes of records announced, `sent` of them there."""
    return produce_body(struct.pack(">i", 1) + b"\0\1t" + struct.pack(">iii", 1, 0, length) + b"r" * sent)


CLOSED = {
    "size -1": size(-1),
    "size least int": size(-(1 << 31)),
    "size 0": size(0),
    "size 7, less than any head": size(7) + b"\0" * 7,
    "size above the maximum": size(MAX_FRAME + 1),
    "size largest int": size((1 << 31) - 1),
    "HTTP": b"GET / HTTP/1.1\r\nHost: kafka\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 200,
    "api key -1": frame(head(-1, 0)),
    "api key 1000": frame(head(1000, 0)),
    "api key 32767": frame(head(32767, 0)),
    "LeaderAndIsr, for brokers": frame(head(4, 0) + b"\0" * 20),
    "Vote, for controllers": frame(head(52, 0) + b"\0" * 20),
    "Envelope": frame(head(58, 0) + b"\0" * 20),
    "Metadata v99": frame(head(3, 99) + b"\0" * 20),
    "Metadata v-1": frame(head(3, -1) + b"\0" * 20),
    "Produce v99": frame(head(0, 99) + b"\0" * 20),
    "client id longer than the frame": frame(struct.pack(">hhi", 3, 1, 1) + b"\x7f\xff" + b"c" * 10),
    "client id of length -2": frame(struct.pack(">hhi", 3, 1, 1) + b"\xff\xfe"),
    "Metadata without its body": frame(head(3, 1)),
    "Metadata with 1000 topics and no bytes": frame(head(3, 1) + struct.pack(">i", 1000)),
    "Metadata with the largest count": frame(head(3, 1) + struct.pack(">i", (1 << 31) - 1) + b"\0\1t"),
    "Metadata with a topic longer than the frame": frame(head(3, 1) + struct.pack(">ih", 1, 500) + b"t"),
    "Produce that ends in its head": produce_body(b""),
    "Produce with the largest count of topics": produce_body(struct.pack(">i", (1 << 31) - 1) + b"\0\1t"),
    "Produce with records beyond the frame": one_partition(1000, 10),
    "Produce with a count of partitions beyond the frame": produce_body(
        struct.pack(">i", 1) + b"\0\1t" + struct.pack(">i", 1 << 20)),
    "Fetch cut off in its partitions": frame(head(1, 4) + struct.pack(">iiiibi", -1, 100, 1, 1 << 20, 0, 1) + b"\0\1t" +
                                             struct.pack(">ii", 1, 0)),
    "ListOffsets with a negative count": frame(head(2, 1) + struct.pack(">ii", -1, -5)),
    "FindCoordinator without its key": frame(head(10, 0)),
    "ListOffsets cut off": frame(head(2, 1) + struct.pack(">ii", -1, 1) + b"\0\1t" + struct.pack(">i", 1)),
}


def check_closed(node, what, data):
    with Connection(*node.address) as bad:
        try:
            bad.send_raw(data)
        except ConnectionError:
            return  # closed before it was all sent
        check(bad.is_closed(5), f"{what}: closed without an answer")


def check_closed_in_pieces(node):
    """The same when it arrives byte by byte."""
    for what in ("size 0", "api key 1000", "Metadata v99", "Produce with records beyond the frame"):
        with Connection(*node.address) as bad:
            try:
                bad.send_slowly(CLOSED[what], 1)
            except ConnectionError:
                continue
            check(bad.is_closed(5), f"{what}, byte by byte: closed without an answer")


def check_split_frame(node):
    """A Produce of two leaders whose second part lies about its length: nobody gets an answer."""
    body = encode(APIS["Produce"].request, dict(PRODUCE_7, topic_data=produce_data(
        {("t", 0): batch([b"a"]), ("t", 1): batch([b"b"])})), 7, False)
    check_closed(node, "a split Produce cut short", frame(head(0, 7) + body[:-30]))


def check_accepted(node):
    """What looks bad and isn't."""
    with Connection(*node.address) as kafka:
        data = request_bytes("Metadata", 1, 1, topics=[{"name": "t"}])
        kafka.make("Metadata", 1)  # to have the answer awaited
        kafka.send_raw(frame(data + b"more bytes after the body"))
        check_equal(kafka.receive()["topics"][0]["error_code"], 0, "bytes after the body are ignored")
    with Connection(*node.address, client_id=None) as kafka:
        check_equal(kafka.ask("Metadata", 1, topics=[{"name": "t"}])["topics"][0]["name"], "t", "no client id")
        no_errors(produce(kafka, {("t", 0): [b"x"], ("t", 1): [b"y"]}), "Produce without a client id")
    with Connection(*node.address) as kafka:
        # by turns: the topic is asked for once all the same
        partitions = [p for unknown in range(100, 3000) for p in (unknown, 0)]
        answer = kafka.ask("ListOffsets", 1, replica_id=-1, topics=[
            {"name": "t", "partitions": [{"partition_index": p, "timestamp": -1} for p in partitions]}])
        known = {p["error_code"] for t in answer["topics"] for p in t["partitions"] if p["partition_index"] == 0}
        check_equal(known, {0}, "errors of a partition that there is, among others that there are not")


def check_long_heads(scene):
    """Up to a broker's own limits: a client id as long as can be, tagged fields without end."""
    def answer(broker, ask):
        if ask.api == "Heartbeat":
            return {"throttle_time_ms": len(ask.values["group_id"])}
        return broker.usual(ask)
    node = scene.node(StandIns(scene, answer, topics={"t": 3}).bootstrap)
    body = encode(APIS["Heartbeat"].request, {"group_id": "group", "generation_id": 1, "member_id": "m"}, 4, True)
    for length in (0, 100, 60000, 70000, 3 << 20):
        tags = b"\1\x64" + uvarint(length) + b"t" * length
        for client in (b"\0\1c", b"\x7f\xff" + b"c" * 32767):
            with Connection(*node.address) as kafka:
                kafka.send_raw(frame(head(12, 4, client) + tags + body) + frame(head(12, 3) + b"\0\1g" + size(1) + b"\0\1m\xff\xff"))
                told = [struct.unpack_from(">i", kafka.receive_frame(), at)[0] for at in (5, 4)]
                check_equal(told, [5, 1], f"Heartbeats, the first with {length} bytes of tags and {len(client)} of client id")
    with Connection(*node.address) as bad:
        bad.send_raw(frame(head(12, 4) + b"\1\x64" + uvarint(80000) + b"t" * 70000))
        check(bad.is_closed(5), "tags longer than their frame: closed")


def check_api_versions(node):
    with Connection(*node.address) as kafka:
        for version in (6, 99, 32767, -1, -32768):
            kafka.send_raw(frame(head(18, version)))
            answer = kafka.receive_frame()
            correlation, error, count = struct.unpack_from(">ihi", answer)
            check_equal((correlation, error), (1, 35), f"ApiVersions v{version} is answered in the form of v0")
            keys = [struct.unpack_from(">hhh", answer, 10 + 6 * n) for n in range(count)]
            check_equal(len(answer), 10 + 6 * count, "in that form to the last byte")
            check((18, 0, 5) in keys, f"with the versions of ApiVersions: {keys}")
        check(kafka.ask("ApiVersions", 0)["api_keys"], "and the connection stays")


def check_all(node, cases):
    """Each closes its own connection; a bystander on the same node, with requests in flight, notices nothing."""
    with Connection(*node.address) as bystander:
        for what, data in cases.items():
            bystander.send("Produce", 7, **produce_request({("t", p): [b"x"] for p in range(3)}))
            check_closed(node, what, data)
            no_errors(errors_of("Produce", bystander.receive()), f"a bystander of: {what}")


def test(scene):
    # librdkafka's mock takes an absurd count at its word and aborts: Metadata, which a node passes on, goes to the
    # stand-in, which closes as brokers do.
    cluster = scene.mock_cluster(topics={"t": 3})
    cluster.spread("t", 3)
    node = scene.node(cluster.bootstrap)
    check_all(node, {what: data for what, data in CLOSED.items() if not is_passed_on(what)})
    check_closed_in_pieces(node)
    check_split_frame(node)
    refused = sum(what.startswith(("size", "api key", "HTTP", "TLS", "client id")) for what in CLOSED)
    check(node.metrics().sum("anyport_bad_frames_total") >= refused, "bad frames are counted")
    check_accepted(node)
    check_long_heads(scene)
    check_api_versions(node)

    stand_in = scene.node(scene.sink("t", partitions=3).bootstrap)
    check_all(stand_in, {what: data for what, data in CLOSED.items() if is_passed_on(what)})


def is_passed_on(what):
    return what.startswith("Metadata w")


run(test)
