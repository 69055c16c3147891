#!/usr/bin/env python3
"""Advertised as one broker: every Produce and Fetch is a split, and polls outlive a Fetch without piling up."""
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, lasts, patient, run, wait_for  # noqa: E402
from kafka_wire import Connection, parts_of, records_of  # noqa: E402
from traffic import errors_of, fetch, fetch_request, no_errors, produce, produce_request, read_all  # noqa: E402
from waking import WakingCluster  # noqa: E402

BROKERS = 3
REPLICAS = 3
PARTS = [("t", p) for p in range(6)]  # partition p is led by broker 1 + p % 3
IDLE = [("idle", p) for p in range(3)]
CYCLES = 50
GROUPS = {"g1": 1, "g2": 2, "g3": 3}


def broker_connections(node):
    return node.metrics().sum("anyport_broker_connections")


def check_metadata(kafka, node):
    for version in (0, 1, 2):
        answer = kafka.ask("Metadata", version, topics=[{"name": "t"}, {"name": "idle"}])
        check_equal([(b["host"], b["port"]) for b in answer["brokers"]], [node.address], f"v{version}: the brokers")
        only = answer["brokers"][0]["node_id"]
        check_equal(answer.get("controller_id", only), only, f"v{version}: the controller")
        for topic in answer["topics"]:
            for part in topic["partitions"]:
                check_equal((part["error_code"], part["leader_id"]), (0, only), f"v{version}: leader of {topic['name']}")
                for name in ("replica_nodes", "isr_nodes"):
                    check_equal(part[name], [only] * REPLICAS, f"v{version}: {name} of {topic['name']}")


def check_produce(kafka, node):
    before = node.metrics().sum("anyport_split_requests_total")
    for acks in (-1, 1):
        no_errors(produce(kafka, {part: [b"acks %d" % acks] for part in PARTS}, acks=acks), f"acks={acks}")
    for part in PARTS:
        check_equal(read_all(kafka, part), [b"acks -1", b"acks 1"], f"records of {part}")
    check_equal(node.metrics().sum("anyport_split_requests_total") - before, 2, "each Produce is a split")


def check_no_acks(node):
    """To the stand-in: librdkafka's mock answers acks=0, which no broker does."""
    def sent():
        return node.metrics().sum("anyport_broker_bytes_total", direction="out")
    with Connection(*node.address) as kafka:
        before = sent()
        kafka.send("Produce", 7, **produce_request({part: [b"z" * 2000] for part in PARTS}, acks=0))
        no_errors(produce(kafka, {part: [b"z"] for part in PARTS}, acks=1), "acks=1 behind acks=0")
        wait_for(lambda: sent() - before > 2000 * len(PARTS), 5, "all parts of acks=0 sent")


def check_fetch(kafka):
    with lasts("data at one broker doesn't wait for the others", most=2):
        values, errors = fetch(kafka, dict.fromkeys([*IDLE, PARTS[1]], 0), max_wait_ms=patient(8000))
    no_errors(errors, "data at one broker")
    check(values[PARTS[1]], "the records of the one that has some")
    for wait in (0.4, 1.0):
        with lasts(f"an idle poll of {wait} s, once", wait * 0.9, wait * 1.6):
            values, errors = fetch(kafka, dict.fromkeys(IDLE, 0), max_wait_ms=int(wait * 1000))
        no_errors(errors, "nothing anywhere")


def check_woken(cluster, kafka, node):
    """A record at any broker ends a wait that all of them share."""
    with Connection(*node.address) as writer:
        for part in IDLE:
            offsets = dict.fromkeys(IDLE, 1) | {part: 0}
            with lasts(f"a record in {part} ends the wait", most=4):
                kafka.send("Fetch", 11, **fetch_request(offsets, max_wait_ms=patient(8000)))
                wait_for(lambda: cluster.waits_for(offsets), 3, f"the Fetch waits at the brokers, for {part} too")
                no_errors(produce(writer, {part: [b"wake"]}), "the waking record")
                values = answered(kafka.receive())
            check_equal(values[part], [b"wake"], "and is there")


def answered(answer):
    no_errors(errors_of("Fetch", answer), "Fetch")
    return {part: [r[2] for r in records_of(got["records"])] for part, got in parts_of("Fetch", answer)}


def check_cycles(cluster, kafka, node):
    """Waits ended by a record, the partitions in any order: a connection for requests and one for polls, no more."""
    chance = random.Random(1)
    ends = {part: len(log) for part, log in cluster.logs.items()}
    most = 0
    with Connection(*node.address) as writer:
        for cycle in range(CYCLES):
            order = list(ends)
            chance.shuffle(order)
            part, value = chance.choice(order), b"cycle %d" % cycle
            with lasts(f"cycle {cycle}: the record ends the wait", most=2):
                kafka.send("Fetch", 11, **fetch_request({p: ends[p] for p in order}, max_wait_ms=patient(5000)))
                if cycle % 3:
                    wait_for(lambda: cluster.waits_for(ends), 1, f"cycle {cycle}: the polls are out at all brokers")
                no_errors(produce(writer, {part: [value]}), f"cycle {cycle}")
                answer = kafka.receive()
            check_equal([p for p, _ in parts_of("Fetch", answer)], grouped(order), f"cycle {cycle}: the order")
            check_equal(answered(answer)[part], [value], f"cycle {cycle}: the record")
            ends[part] += 1
            if cycle % 10 == 9:
                with lasts(f"cycle {cycle}: an idle wait of 0.3 s, once", 0.25, 0.8):
                    check(not any(fetch(kafka, ends, max_wait_ms=300)[0].values()), "nothing new")
            most = max(most, broker_connections(node))
    check(most <= 3 * BROKERS, f"two connections a broker for the reader and one for the writer, not {most:.0f} in all")
    wait_for(lambda: broker_connections(node) <= 2 * BROKERS, 5, "two connections a broker are left")


def grouped(order):
    """One entry a topic, in the order of their first partitions."""
    topics = list(dict.fromkeys(topic for topic, _ in order))
    return sorted(order, key=lambda part: topics.index(part[0]))


def check_coordinators(kafka, node):
    for group in GROUPS:
        answer = kafka.ask("FindCoordinator", 1, key=group, key_type=0)
        check_equal((answer["error_code"], answer["host"], answer["port"]), (0, *node.address), f"who leads {group}")
        error = kafka.ask("Heartbeat", 3, group_id=group, generation_id=1, member_id="x")["error_code"]
        check(error not in (0, 15, 16), f"a Heartbeat of {group} gets its coordinator's own error, not {error}")
    for group in ("g2",):  # the mock takes three seconds
        answer = kafka.ask("JoinGroup", 5, group_id=group, session_timeout_ms=10000, rebalance_timeout_ms=10000,
                           protocol_type="consumer", protocols=[{"name": "range", "metadata": b""}])
        check_equal(answer["error_code"], 0, f"JoinGroup of {group}")
        left = kafka.ask("LeaveGroup", 1, group_id=group, member_id=answer["member_id"])
        check_equal(left["error_code"], 0, f"LeaveGroup of {group}")


def test(scene):
    cluster = scene.mock_cluster(brokers=BROKERS, topics={"t": len(PARTS), "idle": len(IDLE)}, replication=REPLICAS)
    cluster.spread("t", len(PARTS))
    cluster.spread("idle", len(IDLE))
    for group, broker in GROUPS.items():
        cluster.command("coordinator", "group", group, broker)
    node = scene.node(cluster.bootstrap, mode="single", ports=1)
    with Connection(*node.address, timeout=20) as kafka:
        check_metadata(kafka, node)
        check_produce(kafka, node)
        check_fetch(kafka)
        check_coordinators(kafka, node)
    waking = WakingCluster(scene, BROKERS, {"t": len(PARTS), "idle": len(IDLE)})
    node = scene.node(waking.bootstrap, mode="single", ports=1)
    with Connection(*node.address, timeout=20) as kafka:
        check_woken(waking, kafka, node)
        check_cycles(waking, kafka, node)
    stand_in = scene.sink("t", len(PARTS))
    check_no_acks(scene.node(stand_in.bootstrap, mode="single", ports=1))


run(test)
