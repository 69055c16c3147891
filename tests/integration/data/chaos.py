#!/usr/bin/env python3
"""Twenty seconds of everything at once: rude clients, brokers that come and go; no acknowledged record is lost."""
# alone
import os
import pathlib
import random
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, run, wait_for  # noqa: E402
from kafka_wire import LATEST, Connection, WireError, offsets_topics  # noqa: E402
from traffic import errors_of, fetch_request, produce, produce_request, read_all  # noqa: E402

SEED = int(os.environ.get("CHAOS_SEED", "1"))
SECONDS, RUDE, BROKERS, PARTITIONS = 20, 8, 3, 6
GROWTH = 24 << 20  # bytes a node may keep
RETRIED = {5, 6, 7, 19, 20}
SANITIZED = "sanitize" in os.environ.get("CFLAGS", "")


def some(chance):
    """A request: (api, version, fields)."""
    parts = chance.sample(range(PARTITIONS), chance.choice((1, 1, 3, PARTITIONS)))
    kind = chance.randrange(6)
    if kind == 0:
        values = {("noise", p): [b"n" * chance.choice((1, 200, 4000))] for p in parts}
        return "Produce", 7, produce_request(values, timeout_ms=1000)
    if kind == 1:
        return "Fetch", 11, fetch_request({("noise", p): chance.choice((0, 5, 1 << 40)) for p in parts},
                                          max_wait_ms=chance.choice((0, 20, 300)), max_bytes=100000)
    if kind == 2:
        return "Metadata", chance.randrange(3), {"topics": [{"name": "noise"}]}
    if kind == 3:
        return "ListOffsets", 2, {"topics": offsets_topics({("noise", p): LATEST for p in parts})}
    if kind == 4:
        return "FindCoordinator", 1, {"key": f"g{chance.randrange(4)}", "key_type": 0}
    return "Heartbeat", 3, {"group_id": f"g{chance.randrange(4)}"}


def garbage(chance):
    """What closes a connection; nothing that is passed on, for the mock believes it."""
    return chance.choice((
        chance.randbytes(chance.randrange(1, 3)), struct.pack(">i", -1), struct.pack(">i", 1 << 30),
        struct.pack(">ihhi", 8, 1000, 0, 1), struct.pack(">ihhi", 30, 0, 7, 1) + b"\x7f\xff" + chance.randbytes(20),
        b"GET / HTTP/1.1\r\n\r\n"))


def rude_session(node, chance):
    with Connection(*node.address, timeout=10) as kafka:
        for _ in range(chance.randrange(1, 8)):
            burst = [some(chance) for _ in range(chance.randrange(1, 10))]
            data = b"".join(kafka.make(api, version, **values) for api, version, values in burst)
            if chance.random() < 0.1:
                kafka.send_raw(data + garbage(chance))
                return
            if chance.random() < 0.1:
                kafka.send_raw(data[:chance.randrange(1, len(data))])
                return
            if chance.random() < 0.3:
                kafka.send_slowly(data, chance.choice((1, 7, 100)) if len(data) < 3000 else 1000)
            else:
                kafka.send_raw(data)
            for _ in range(len(burst) if chance.random() < 0.8 else chance.randrange(len(burst))):
                kafka.receive()


class Rude(threading.Thread):
    """Any answer in its place is right; a closed connection is no surprise here, a wrong byte is."""

    def __init__(self, node, seed, until):
        super().__init__(daemon=True)
        self.node, self.chance, self.until = node, random.Random(seed), until
        self.sessions, self.wrong = 0, None

    def run(self):
        while time.monotonic() < self.until and not self.wrong:
            try:
                rude_session(self.node, self.chance)
            except (ConnectionError, TimeoutError):
                pass
            except WireError as error:
                if "closed after" not in str(error):
                    self.wrong = error
            except Exception as error:  # pylint: disable=broad-except
                self.wrong = error
            self.sessions += 1


class Writer(threading.Thread):
    """Each record is sent until it is acknowledged."""

    def __init__(self, node, until):
        super().__init__(daemon=True)
        self.node, self.until, self.kafka, self.wrong = node, until, None, None
        self.acknowledged = {("kept", p): [] for p in range(PARTITIONS)}

    def run(self):
        number = 0
        while time.monotonic() < self.until and not self.wrong:
            number += 1
            time.sleep(0.02)  # all of it is read again in the end
            left = {part: [b"%d" % number] for part in self.acknowledged}
            while left and not self.wrong:
                left = self.attempt(left)

    def attempt(self, left):
        """What is still to be sent."""
        try:
            self.kafka = self.kafka or Connection(*self.node.address, timeout=15)
            errors = produce(self.kafka, left)
        except (OSError, WireError) as error:
            if isinstance(error, TimeoutError) or (isinstance(error, WireError) and "closed after" not in str(error)):
                self.wrong = error
            self.kafka = None
            return left
        for part, error in errors.items():
            if error == 0:
                self.acknowledged[part] += left[part]
            elif error not in RETRIED:
                self.wrong = f"error {error} in {part}"
        if any(errors.values()):
            time.sleep(0.02)
        return {part: values for part, values in left.items() if errors[part]}


def unsettle(cluster, chance, until):
    """One broker at a time is down or slow, or leaders move."""
    while time.monotonic() < until:
        broker, what = chance.randrange(1, BROKERS + 1), chance.choice(("down", "rtt", "leader", "leader"))
        if what == "leader":
            topic = chance.choice(("noise", "kept"))
            cluster.command("leader", topic, chance.randrange(PARTITIONS), broker)
            time.sleep(0.1)
            continue
        cluster.command(*(("down", broker) if what == "down" else ("rtt", broker, 200)))
        time.sleep(chance.uniform(0.1, 0.8))
        cluster.command(*(("up", broker) if what == "down" else ("rtt", broker, 0)))
        time.sleep(0.3)


def test(scene):
    cluster = scene.mock_cluster(brokers=BROKERS, topics={"noise": PARTITIONS, "kept": PARTITIONS})
    for topic in ("noise", "kept"):
        cluster.spread(topic, PARTITIONS)
    nodes = [scene.node(cluster.bootstrap, threads=2), scene.node(cluster.bootstrap, mode="single", ports=1)]
    print(f"CHAOS_SEED={SEED}")
    chance = random.Random(SEED)
    for node in nodes:  # what a first client brings into being
        for _ in range(20):
            try:
                rude_session(node, chance)
            except (OSError, WireError):
                pass
    before = [node.memory().total for node in nodes]
    until = time.monotonic() + SECONDS
    rude = [Rude(node, SEED * 100 + n, until) for n in range(RUDE // 2) for node in nodes]
    writers = [Writer(nodes[0], until)]
    for thread in rude + writers:
        thread.start()
    unsettle(cluster, chance, until)
    for thread in rude + writers:
        thread.join(60)
    check(not any(thread.is_alive() for thread in rude + writers), "every client came to an end")
    check(not [t.wrong for t in rude + writers if t.wrong], f"wrong: {[t.wrong for t in rude + writers if t.wrong]}")
    print(f"{sum(t.sessions for t in rude)} rude sessions, "
          f"{sum(map(len, writers[0].acknowledged.values()))} records acknowledged")
    verify(nodes, cluster, writers[0], before)


def verify(nodes, cluster, writer, before):
    check(all(node.process.alive() for node in nodes), "the nodes live")
    for node in nodes:
        with Connection(*node.address, timeout=20) as kafka:
            for part, values in writer.acknowledged.items():
                check(len(values) > 20, f"{part}: {len(values)} records acknowledged")
                wait_for(lambda k=kafka, p=part: not errors_of("Fetch", k.ask("Fetch", 11, **fetch_request(
                    {p: 0}, max_wait_ms=0)))[p], 10, f"{part} has a leader again")
                got = read_all(kafka, part)
                check(set(values) <= set(got), f"{part}: lost {sorted(set(values) - set(got))[:10]}")
    if writer.kafka:
        writer.kafka.close()
    for node, start in zip(nodes, before):
        wait_for(lambda n=node: n.metrics().sum("anyport_client_connections") == 0, 10, "all clients gone")
        wait_for(lambda n=node: n.metrics().sum("anyport_memory_held_bytes") == 0, 10, "no memory held")
        grown = node.memory().total - start
        check(SANITIZED or grown < GROWTH, f"{node.name} has grown by {grown >> 10} KiB")


run(test)
