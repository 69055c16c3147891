#!/usr/bin/env python3
"""A client reads from an in-sync follower in its zone, through any node, without hearing of it: what the follower lacks,
since it lags, is out of sync or has died, it gets from the leader at once, and no offset that it is told goes back."""
import collections
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, HTTP_PORT, check, check_equal, patient, run, wait_for  # noqa: E402
from kafka_wire import Connection, fetch_topics, parts_of, proxy_v2, records_of  # noqa: E402
from session_cluster import SessionCluster  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

RACKS = {1: "a", 2: "b", 3: "c"}
FOLLOWER = 3
VERSION = 12
OUT_OF_RANGE, GONE_SESSION = 1, 70
ZONE_TLV = b"\xe1"  # as HAProxy's set-proxy-v2-tlv-fmt(0xE1)


class ZoneCluster(SessionCluster):
    """Every broker has every partition; the followers are in sync, and have it all, unless a test says otherwise."""

    def __init__(self, *args, **more):
        self.out_of_sync, self.lacks = set(), collections.Counter()  # {(broker, partition)}; {the same: how many records}
        self.served = collections.Counter()  # {broker: records}
        self.answers = collections.Counter()  # {broker: answers with records}
        self.racks_heard = set()
        super().__init__(*args, racks=RACKS, **more)

    def _metadata(self, number, values):
        answer = super()._metadata(number, values)
        for topic in answer["topics"]:
            for p in topic["partitions"]:
                part = topic["name"], p["partition_index"]
                p["replica_nodes"] = list(self.hosts)
                p["isr_nodes"] = [n for n in self.hosts if (n, part) not in self.out_of_sync]
        return answer

    def _has(self, _number, part):
        return part in self.logs

    def _log(self, number, part):
        log = self.logs[part]
        return log if self._leads(number, part) else log[:len(log) - self.lacks[number, part]]

    def _fetch(self, number, values):
        self.racks_heard.add(values.get("rack_id", ""))
        answer = super()._fetch(number, values)
        records = sum(len(records_of(one["records"])) for _, one in self._parts(answer))
        with self.counting:
            self.served[number] += records
            self.answers[number] += records > 0
        return answer

    def _fetched(self, number, part, offset):
        answer = super()._fetched(number, part, offset)
        if offset > answer["high_watermark"]:
            answer.update(error_code=OUT_OF_RANGE, high_watermark=-1, last_stable_offset=-1, log_start_offset=-1)
        return answer


class Reader:
    """A consumer; with sessions as Java's, which begins anew where it is told to, or without as librdkafka."""

    def __init__(self, connection, parts, rack, sessions):
        self.connection, self.rack, self.sessions = connection, rack, sessions
        self.offsets, self.told = dict.fromkeys(parts, 0), {}
        self.session, self.epoch, self.news = 0, 0 if sessions else -1, dict(self.offsets)
        self.values = collections.defaultdict(list)

    def begin(self):
        self.session, self.epoch, self.news = 0, 0 if self.sessions else -1, dict(self.offsets)

    def fetch(self, wait_ms=50):
        answer = self.connection.ask(
            "Fetch", VERSION, max_wait_ms=wait_ms, min_bytes=1, max_bytes=1 << 24, session_id=self.session,
            session_epoch=self.epoch, topics=fetch_topics(self.news), rack_id=self.rack)
        if answer["error_code"] == GONE_SESSION and self.session:
            self.begin()
            return
        check_equal(answer["error_code"], 0, "an answer's error")
        if not self.sessions or not answer["session_id"]:
            self.begin()
        else:
            self.session, self.epoch, self.news = answer["session_id"], self.epoch + 1, {}
        for part, one in parts_of("Fetch", answer):
            self._take(part, one)

    def _take(self, part, one):
        check_equal(one["error_code"], 0, f"error of {part}")
        check_equal(one["preferred_read_replica"], -1, "the replica that is told")
        for name in ("high_watermark", "last_stable_offset"):
            check(one[name] >= self.told.get((name, part), 0), f"{name} of {part} goes back to {one[name]}")
            self.told[name, part] = one[name]
        for offset, _, value in records_of(one["records"]):
            if offset >= self.offsets[part]:
                check_equal(offset, self.offsets[part], f"the next offset of {part}")
                self.values[part].append(value)
                self.offsets[part] = self.news[part] = offset + 1

    def read(self, part, count, limit=20):
        def done():
            self.fetch()
            return len(self.values[part]) >= count
        wait_for(done, limit, f"{count} records of {part}")


def write(writer, parts, count):
    for n in range(count):
        no_errors(produce(writer, {part: [b"%d" % n] for part in parts}), "a record")


def reads_from_followers(kafka, node, parts, sessions):
    """What is read once it is known who is near comes from the follower, whoever leads."""
    with Connection(*node.address, timeout=20) as connection, Connection(*node.address, timeout=20) as writer:
        reader = Reader(connection, parts, RACKS[FOLLOWER], sessions)
        for _ in range(4):
            reader.fetch()
        served_before, answers_before = kafka.served.copy(), kafka.answers.copy()
        write(writer, parts, 5)
        for part in parts:
            reader.read(part, 5)
        served, answers = kafka.served - served_before, kafka.answers - answers_before
        what = f"{'with' if sessions else 'without'} sessions"
        check(served[FOLLOWER] >= 5 * len(parts), f"{served} of the follower, {what}")
        # the first Fetch was to the leaders: a poll that was out at each of them then ends once, with as many records as there
        # are by when the broker's thread runs
        check(all(answers[n] <= 1 for n in RACKS if n != FOLLOWER), f"{answers} answers with records, {what}")
        check_equal(kafka.racks_heard, {""}, "racks that brokers heard of")


def falls_back(kafka, node, part, sessions):
    """The follower falls out of sync, with records that it does not have; then it has lost some; then it is well."""
    with Connection(*node.address, timeout=20) as connection, Connection(*node.address, timeout=20) as writer:
        reader = Reader(connection, [part], RACKS[FOLLOWER], sessions)
        write(writer, [part], 3)
        reader.read(part, 3)
        reader.fetch()
        kafka.lacks[FOLLOWER, part] = 2  # no longer there: its log ends before what was read
        write(writer, [part], 1)
        begun = time.monotonic()
        reader.read(part, 4)
        check(time.monotonic() - begun < patient(2), "out of the follower's range: the leader at once")
        kafka.lacks[FOLLOWER, part] = 0
        before = kafka.served[FOLLOWER]
        written = 4

        def is_asked_again():
            nonlocal written
            write(writer, [part], 1)
            written += 1
            reader.read(part, written)
            return kafka.served[FOLLOWER] > before
        wait_for(is_asked_again, 20, "the follower is asked again, in time")
        kafka.out_of_sync.add((FOLLOWER, part))
        kafka.lacks[FOLLOWER, part] = 2  # it says no error, and has no more
        write(writer, [part], 2)
        reader.read(part, written + 2)
        kafka.out_of_sync.clear()
        kafka.lacks.clear()


def served_of(kafka, node, part, **connection):
    """By whom, of five records, to a client that says no rack."""
    with Connection(*node.address, timeout=20, **connection) as reading, Connection(
            *node.address, timeout=20, preamble=proxy_v2()) as writer:
        reader = Reader(reading, [part], "", False)
        for _ in range(3):
            reader.fetch()
        written = len(kafka.logs[part])
        reader.read(part, written)
        before = dict(kafka.served)
        write(writer, [part], 5)
        reader.read(part, written + 5)
    return max(RACKS, key=lambda n: kafka.served[n] - before.get(n, 0))


def told_zones(kafka, node, part):
    """What the load balancer says counts first, then the address, the longest network that has it, then the port."""
    here, there, elsewhere = "10.1.0.9", "10.1.2.9", "10.9.0.9"
    for client, tlvs, broker in ((here, ZONE_TLV + b"\0\x01c", 3), (there, b"", 3), (here, b"", 2), (elsewhere, b"", 1),
                                 (there, ZONE_TLV + b"\0\x01b", 2), (there, ZONE_TLV + b"\0\x01z", 1)):
        header = proxy_v2(client, "10.0.0.1", tlvs=tlvs)
        check_equal(served_of(kafka, node, part, preamble=header), broker, f"who serves {client} with {tlvs}")


def check_status(node, side):
    """What anyportctl status says is the metric's share."""
    bytes_of = {zone: node.metrics().sum("anyport_zone_bytes_total", side=side, zone=zone) for zone in ("same", "other")}
    share = 100 * bytes_of["other"] / sum(bytes_of.values())
    told = subprocess.run([BUILD / "anyportctl", "status", "--http", f"{node.host}:{HTTP_PORT}"], capture_output=True, text=True, check=False)
    check(f"across zones: {share:.1f} % of the node's bytes with {side}s whose zone is known" in told.stdout, told.stdout + told.stderr)


def explained(kafka, node, part):
    """What anyportctl route says of who is read is what is read; broker 1 leads, each follower is in a zone of its own."""
    def route(zone):
        told = subprocess.run([BUILD / "anyportctl", "route", "%s/%d" % part, "--zone", zone, "--http", f"{node.host}:{HTTP_PORT}",
                               "--json"], capture_output=True, text=True, check=False)
        check_equal((told.returncode, told.stderr), (0, ""), f"route in {zone}")
        answer = json.loads(told.stdout)
        return answer["broker"]["id"], answer["why"]
    for broker, zone in RACKS.items():
        check_equal(route(zone)[0], broker, f"who is read in {zone}")
    check_equal(route("z"), (1, "broker 1 leads %s-%d, and no broker is in zone z" % part), "who is read in no broker's zone")
    check("is in zone a itself" in route("a")[1], route("a"))
    check("in sync with broker 1, which leads" in route("c")[1], route("c"))
    kafka.out_of_sync.add((FOLLOWER, part))
    with Connection(*node.address, timeout=20) as connection:
        reader = Reader(connection, [part], RACKS[FOLLOWER], False)

        def heard():
            reader.fetch()  # it is asked after while it is read
            return route("c") == (1, "broker 1 leads %s-%d (its rack: a), and no broker of zone c is in sync with it" % part)
        wait_for(heard, 20, "the node has heard that the follower is not in sync")
    kafka.out_of_sync.clear()


def dies(kafka, node, parts):
    with Connection(*node.address, timeout=20) as connection, Connection(*node.address, timeout=20) as writer:
        plain, sessions = (Reader(connection, parts, RACKS[FOLLOWER], way) for way in (False, True))
        write(writer, parts, 1)
        for reader in (plain, sessions):
            for part in parts:
                reader.read(part, 1)
        kafka.stop_broker(FOLLOWER)
        write(writer, parts, 1)
        for reader in (plain, sessions):
            for part in parts:
                reader.read(part, 2)


def test(scene):
    kafka = ZoneCluster(scene, 3, {"plain": 2, "sessions": 2, "one": 1, "plain-back": 1, "sessions-back": 1, "several": 6, "told": 1,
                                   "dies": 2})
    node = scene.node(kafka.bootstrap, ports=3, min_broker=1, env={"GATEWAY_CLUSTER_ID": "off"})
    for name, sessions in (("plain", False), ("sessions", True)):
        reads_from_followers(kafka, node, [(name, p) for p in range(2)], sessions)
    reads_from_followers(kafka, node, [("several", p) for p in range(6)], True)
    reads_from_followers(kafka, node, [("one", 0)], True)
    check(node.metrics().sum("anyport_follower_reads_total") > 0, "reads of followers are counted")
    for name, sessions in (("plain-back", False), ("sessions-back", True)):
        falls_back(kafka, node, (name, 0), sessions)
    check(node.metrics().sum("anyport_follower_fallbacks_total") > 0, "what they could not serve is counted")
    told = scene.node(kafka.bootstrap, ports=3, min_broker=1, env={
        "GATEWAY_CLUSTER_ID": "off", "GATEWAY_PROXY_PROTOCOL": "require", "GATEWAY_ZONE": RACKS[1],
        "GATEWAY_ZONES": "10.1.0.0/16=b,10.1.2.0/24=c", "GATEWAY_RACK_ID": RACKS[FOLLOWER], "GATEWAY_METADATA_REFRESH": "1 s"})
    told_zones(kafka, told, ("told", 0))
    explained(kafka, node, ("told", 0))
    for side in ("client", "broker"):
        for zone in ("same", "other"):
            check(told.metrics().sum("anyport_zone_bytes_total", side=side, zone=zone) > 0, f"bytes, {side}: {zone} zone")
        check_status(told, side)
    dies(kafka, node, [("dies", p) for p in range(2)])


run(test)
