#!/usr/bin/env python3
"""Advertised as one broker: every Produce and Fetch is a split, and polls outlive a Fetch without piling up."""
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import errors_of, fetch, fetch_request, no_errors, produce, produce_request, read_all  # noqa: E402

BROKERS = 3
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
                nodes = set(part["replica_nodes"]) | set(part["isr_nodes"])
                check_equal(nodes, {only}, f"v{version}: replicas of {topic['name']}")


def check_produce(kafka, node):
    """acks -1 and 1 are answered, 0 is not, and all of them are stored once."""
    before = node.metrics().sum("anyport_split_requests_total")
    for acks in (-1, 1):
        no_errors(produce(kafka, {part: [b"acks %d" % acks] for part in PARTS}, acks=acks), f"acks={acks}")
    kafka.send("Produce", 7, **produce_request({part: [b"acks 0"] for part in PARTS}, acks=0))
    kafka.ask("ApiVersions", 0)
    for part in PARTS:
        wait_for(lambda part=part: len(read_all(kafka, part)) == 3, 5, f"three records in {part}")
        check_equal(read_all(kafka, part), [b"acks -1", b"acks 1", b"acks 0"], f"records of {part}")
    check(node.metrics().sum("anyport_split_requests_total") - before >= 3, "each Produce is a split")


def check_fetch(kafka):
    began = time.monotonic()
    values, errors = fetch(kafka, dict.fromkeys([*IDLE, PARTS[1]], 0), max_wait_ms=8000)
    took = time.monotonic() - began
    no_errors(errors, "data at one broker")
    check(values[PARTS[1]], "the records of the one that has some")
    check(took < 2, f"they don't wait for the others ({took:.2f} s)")
    for wait in (0.4, 1.0):
        began = time.monotonic()
        values, errors = fetch(kafka, dict.fromkeys(IDLE, 0), max_wait_ms=int(wait * 1000))
        took = time.monotonic() - began
        no_errors(errors, "nothing anywhere")
        check(wait * 0.9 < took < wait * 1.6, f"an idle poll of {wait} s lasts it once, not {took:.2f} s")


def check_woken(kafka, node):
    """A record at any broker ends a wait that all of them share."""
    ends = {part: len(read_all(kafka, part)) for part in IDLE}
    with Connection(*node.address) as writer:
        for part in IDLE:
            began = time.monotonic()
            kafka.send("Fetch", 11, **fetch_request(ends, max_wait_ms=8000))
            time.sleep(0.2)  # so that it waits at the brokers by then
            no_errors(produce(writer, {part: [b"wake"]}), "the waking record")
            no_errors(errors_of("Fetch", kafka.receive()), f"woken by {part}")
            check(time.monotonic() - began < 4, f"a record in {part} ends the wait")
            ends[part] += 1


def check_cycles(kafka, node):
    """Idle and active by turns, the partitions in any order: a connection for requests and one for polls, no more."""
    chance = random.Random(1)
    ends = {part: len(read_all(kafka, part)) for part in [*PARTS, *IDLE]}
    most = 0
    with Connection(*node.address) as writer:
        no_errors(produce(writer, {part: [b"0"] for part in PARTS}), "the writer's connections")
        for part in PARTS:
            ends[part] += 1
        for cycle in range(CYCLES):
            order = list(ends)
            chance.shuffle(order)
            part = chance.choice(PARTS)
            kafka.send("Fetch", 11, **fetch_request({p: ends[p] for p in order}, max_wait_ms=3000))
            if cycle % 3 == 0:
                time.sleep(0.03)  # the polls are out at all brokers
            value = b"cycle %d" % cycle
            no_errors(produce(writer, {part: [value]}), f"cycle {cycle}")
            began = time.monotonic()
            answer = kafka.receive()
            took = time.monotonic() - began
            no_errors(errors_of("Fetch", answer), f"cycle {cycle}")
            check(took < 2, f"cycle {cycle}: the record ends the wait ({took:.2f} s)")
            values, _ = fetch(kafka, {part: ends[part]}, max_wait_ms=1000)
            check_equal(values[part][-1:], [value], f"cycle {cycle}: the record")
            ends[part] += 1
            if cycle % 5 == 4:  # idle to its end
                fetch(kafka, {p: ends[p] for p in order}, max_wait_ms=50)
            most = max(most, broker_connections(node))
    # two a broker of the reader, one of the writer; a poll given up may be on its way out
    check(most <= 3 * BROKERS + 1, f"broker connections of two clients: {most:.0f}")
    wait_for(lambda: broker_connections(node) <= 2 * BROKERS, 5, "two connections a broker are left")


def check_coordinators(kafka, node):
    for group in GROUPS:
        answer = kafka.ask("FindCoordinator", 1, key=group, key_type=0)
        check_equal((answer["error_code"], answer["host"], answer["port"]), (0, *node.address), f"who leads {group}")
        error = kafka.ask("Heartbeat", 3, group_id=group, generation_id=1, member_id="x")["error_code"]
        check(error not in (0, 15, 16), f"a Heartbeat of {group} gets its coordinator's own error, not {error}")
        answer = kafka.ask("JoinGroup", 5, group_id=group, session_timeout_ms=10000, rebalance_timeout_ms=10000,
                           protocol_type="consumer", protocols=[{"name": "range", "metadata": b""}])
        check_equal(answer["error_code"], 0, f"JoinGroup of {group}")
        left = kafka.ask("LeaveGroup", 1, group_id=group, member_id=answer["member_id"])
        check_equal(left["error_code"], 0, f"LeaveGroup of {group}")


def test(scene):
    cluster = scene.mock_cluster(brokers=BROKERS, topics={"t": len(PARTS), "idle": len(IDLE)})
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
        check_cycles(kafka, node)
        check_woken(kafka, node)


run(test)
