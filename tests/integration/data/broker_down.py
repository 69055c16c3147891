#!/usr/bin/env python3
"""A broker that can't be reached costs its own partitions an error that clients retry, and nobody a connection."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import LATEST, Connection, offsets_topics, parts_of  # noqa: E402
from traffic import errors_of, fetch, no_errors, produce, produce_request, read_all  # noqa: E402

NOT_LEADER, TIMED_OUT, NOT_COORDINATOR_AVAILABLE = 6, 7, 15
PARTS = [("t", p) for p in range(6)]  # partition p is led by broker 1 + p % 3
LOST = {("t", 1), ("t", 4)}


def expected(code):
    return {part: code if part in LOST else 0 for part in PARTS}


def check_unreachable(kafka):
    """Nothing was sent, so nothing was done: 6."""
    errors = produce(kafka, {part: [b"x"] for part in PARTS})
    check_equal(errors, expected(NOT_LEADER), "split Produce")
    check_equal(produce(kafka, {("t", 1): [b"x"]}), {("t", 1): NOT_LEADER}, "Produce to the lost broker alone")
    values, errors = fetch(kafka, {part: 0 for part in PARTS}, max_wait_ms=2000)
    check_equal(errors, expected(NOT_LEADER), "split Fetch")
    check(all(values[part] for part in PARTS if part not in LOST), "the others have their records")
    answer = kafka.ask("ListOffsets", 2, topics=offsets_topics({part: LATEST for part in PARTS}))
    check_equal({part: got["error_code"] for part, got in parts_of("ListOffsets", answer)}, expected(NOT_LEADER),
                "split ListOffsets")


def check_coordinator(kafka):
    answer = kafka.ask("OffsetFetch", 5, group_id="g", topics=[{"name": "t", "partition_indexes": [0]}])
    check_equal(answer["error_code"], NOT_COORDINATOR_AVAILABLE, "OffsetFetch at a lost coordinator")
    answer = kafka.ask("Heartbeat", 3, group_id="g")
    check_equal(answer["error_code"], NOT_COORDINATOR_AVAILABLE, "Heartbeat at a lost coordinator")


def check_lost_in_flight(kafka, cluster):
    """Sent, and the broker died before it answered: nobody knows, so 7."""
    cluster.command("rtt", 2, 3000)
    kafka.send("Produce", 7, **produce_request({part: [b"y"] for part in PARTS}))
    # The parts are on their way once the fast brokers have theirs.
    with Connection(*cluster.brokers[1]) as direct:
        wait_for(lambda: b"y" in read_all(direct, ("t", 0)), 5, "the other parts written")
    cluster.command("down", 2)
    errors = errors_of("Produce", kafka.receive())
    check(all(not errors[part] for part in PARTS if part not in LOST), f"the others succeed: {errors}")
    check({errors[part] for part in LOST} <= {TIMED_OUT, NOT_LEADER}, f"the lost ones are to be retried: {errors}")
    cluster.command("rtt", 2, 0)


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 6})
    cluster.spread("t", 6)
    cluster.command("coordinator", "group", "g", 2)
    node = scene.node(cluster.bootstrap)
    with Connection(*node.address, timeout=20) as kafka:
        no_errors(produce(kafka, {part: [b"first"] for part in PARTS}), "all brokers up")
        kafka.ask("Heartbeat", 3, group_id="g")
        open_before = node.metrics().sum("anyport_broker_connections")
        cluster.command("down", 2)
        # What is sent before the loss is noticed may have been done: that is not this case.
        wait_for(lambda: node.metrics().sum("anyport_broker_connections") < open_before, 5, "the loss is noticed")
        check_unreachable(kafka)
        check_coordinator(kafka)
        cluster.command("up", 2)
        wait_for(lambda: not any(produce(kafka, {part: [b"again"] for part in PARTS}).values()), 10,
                 "the broker is used again", every=0.1)
        check_lost_in_flight(kafka, cluster)
        cluster.command("up", 2)
        wait_for(lambda: not any(produce(kafka, {part: [b"last"] for part in PARTS}).values()), 10,
                 "the broker is used again", every=0.1)
        # Through all this it was one connection; what each request said is what is there.
        check(all(read_all(kafka, part)[-1] == b"last" for part in PARTS), "the last records are there")


run(test)
