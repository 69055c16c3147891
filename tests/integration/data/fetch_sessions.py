#!/usr/bin/env python3
"""A fetch session over thirty brokers: an idle consumer costs no more than without a node, and moves, lost sessions and
lost brokers behind it are not seen."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, patient, run, wait_for  # noqa: E402
from kafka_wire import Connection, fetch_topics, parts_of, records_of  # noqa: E402
from session_cluster import SessionCluster  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

BROKERS = 30
PARTITIONS = 3000
IDLE_FETCHES = 10
WAIT_MS = 100
VERSION = 12
NOT_LEADER = 6
SMALL = [("few", p) for p in range(4)]  # led by brokers 1 to 4


class Reader:
    """A consumer with a session, as Java's: it names what it reads once, then what changes."""

    def __init__(self, connection, offsets):
        self.connection, self.offsets, self.session, self.epoch = connection, dict(offsets), 0, 0
        self.news = dict(offsets)

    def fetch(self, wait_ms=WAIT_MS, forget=()):
        forgotten = {}
        for topic, p in forget:
            forgotten.setdefault(topic, []).append(p)
        answer = self.connection.ask(
            "Fetch", VERSION, max_wait_ms=wait_ms, min_bytes=1, max_bytes=1 << 24, session_id=self.session,
            session_epoch=self.epoch, topics=fetch_topics(self.news),
            forgotten_topics_data=[{"topic": t, "partitions": parts} for t, parts in forgotten.items()])
        check_equal(answer["error_code"], 0, f"epoch {self.epoch} of session {self.session}")
        check(answer["session_id"] > 0 and (self.epoch == 0 or answer["session_id"] == self.session), "the session")
        self.session, self.epoch, self.news = answer["session_id"], self.epoch + 1, {}
        return parts_of("Fetch", answer)

    def read(self, wait_ms=WAIT_MS, **more):
        """{partition: values}, and the offsets behind them are the next ones."""
        got = {}
        for part, one in self.fetch(wait_ms, **more):
            check(one["error_code"] in (0, NOT_LEADER), f"error {one['error_code']} of {part}")
            records = [r for r in records_of(one["records"]) if r[0] >= self.offsets[part]]
            if records:
                got[part] = [value for _, _, value in records]
                self.offsets[part] = self.news[part] = records[-1][0] + 1
        return got


def plain(kafka):
    """What a consumer of all partitions costs without a node, {what: a round of Fetches}."""
    readers = []
    for number, (host, port) in kafka.brokers.items():
        mine = {("t", p): 0 for p in range(PARTITIONS) if 1 + p % BROKERS == number}
        readers.append(Reader(Connection(host, port, timeout=20), mine))
        check_equal(len(readers[-1].fetch(1)), len(mine), f"broker {number} tells all in the first answer")
    before, asked = dict(kafka.bytes), sum(kafka.fetches.values())
    for reader in readers:
        check_equal(reader.fetch(1), [], "nothing new")
    cost = {"requests": sum(kafka.fetches.values()) - asked, "in": kafka.bytes["in"] - before["in"],
            "out": kafka.bytes["out"] - before["out"]}
    for reader in readers:
        reader.connection.close()
    return cost


def client_bytes(node):
    metrics = node.metrics()
    return {way: metrics.sum("anyport_client_bytes_total", direction=way) for way in ("in", "out")}


def check_idle(kafka, node):
    """By requests and bytes: what a machine is busy with besides does not change them."""
    round_of_plain = plain(kafka)
    check_equal(round_of_plain["requests"], BROKERS, "a plain consumer's Fetches, one a broker")
    with Connection(*node.address, timeout=20) as connection:
        reader = Reader(connection, {("t", p): 0 for p in range(PARTITIONS)})
        check_equal(len(reader.fetch()), PARTITIONS, "all partitions in the first answer")
        check_equal(reader.fetch(), [], "nothing new")
        asked, to_brokers, full = sum(kafka.fetches.values()), dict(kafka.bytes), sum(kafka.full.values())
        mine = client_bytes(node)
        for _ in range(IDLE_FETCHES):
            check_equal(reader.fetch(), [], "nothing new")
        now = client_bytes(node)
        for way in ("in", "out"):
            check(now[way] - mine[way] <= IDLE_FETCHES * round_of_plain[way] / BROKERS,
                  f"bytes {way} at the client: {now[way] - mine[way]:.0f} in {IDLE_FETCHES} Fetches, "
                  f"{round_of_plain[way] / BROKERS:.0f} each at one broker")
            check(kafka.bytes[way] - to_brokers[way] <= 1.5 * IDLE_FETCHES * round_of_plain[way], f"bytes {way} at brokers")
        requests = sum(kafka.fetches.values()) - asked
        check(requests <= 1.5 * IDLE_FETCHES * BROKERS, f"{requests} requests at brokers for {IDLE_FETCHES} idle Fetches")
        check_equal(sum(kafka.full.values()), full, "none of them names what is read")


def read_until(reader, part, value):
    """Whatever rounds it takes: a leader that has moved is found within one or two."""
    def found():
        return reader.read().get(part) == [value]
    wait_for(found, 20, f"{value} of {part}")


def check_changes(kafka, node):
    with Connection(*node.address, timeout=20) as connection, Connection(*node.address, timeout=20) as writer:
        reader = Reader(connection, dict.fromkeys(SMALL, 0))
        check_equal(reader.read(), {}, "nothing yet")
        check_equal(reader.read(), {}, "nothing yet")
        no_errors(produce(writer, {SMALL[1]: [b"one"]}), "a record")
        check_equal(reader.read(patient(20000)), {SMALL[1]: [b"one"]}, "what one broker has is told alone")
        kafka.forget_sessions(3)
        no_errors(produce(writer, {SMALL[2]: [b"two"]}), "a record of a broker that has lost the session")
        read_until(reader, SMALL[2], b"two")
        kafka.move(SMALL[0], 5)
        read_until_moved(kafka, reader, writer)
        check_equal(reader.read(forget=[SMALL[1]]), {}, "one is no longer read")
        no_errors(produce(writer, {SMALL[1]: [b"unread"], SMALL[3]: [b"read"]}), "two records")
        read_until(reader, SMALL[3], b"read")
        reader.news[SMALL[1]] = reader.offsets[SMALL[1]]
        read_until(reader, SMALL[1], b"unread")


def read_until_moved(kafka, reader, writer):
    wait_for(lambda: produce(writer, {SMALL[0]: [b"moved"]})[SMALL[0]] == 0, 20, "a record at the new leader")
    read_until(reader, SMALL[0], b"moved")
    check_equal(kafka.leaders[SMALL[0]], 5, "who leads it")


def test(scene):
    kafka = SessionCluster(scene, BROKERS, {"t": PARTITIONS, "few": len(SMALL)})
    node = scene.node(kafka.bootstrap, mode="single", ports=1, env={"GATEWAY_CLUSTER_ID": "off"})
    check_idle(kafka, node)
    check_changes(kafka, node)


run(test)
