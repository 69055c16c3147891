#!/usr/bin/env python3
"""A Fetch from several leaders is one answer: every partition once, in order, as soon as there is data."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, lasts, patient, run  # noqa: E402
from kafka_wire import LATEST, Connection, offsets_topics, parts_of, records_of  # noqa: E402
from traffic import errors_of, fetch, fetch_request, no_errors, produce  # noqa: E402

PARTITIONS = 6
ORDER = [("t", p) for p in (4, 0, 5, 1, 3, 2)]
EMPTY = [("empty", p) for p in (2, 0, 1)]


def fill(kafka):
    expected = {part: [f"{part[1]}-{n}".encode() * 20 for n in range(10)] for part in ORDER}
    for part, values in expected.items():
        no_errors(produce(kafka, {part: values}), f"filling {part}")
    return expected


def check_order(kafka, expected):
    """Every version the cluster speaks; from the start and from the middle."""
    for version in range(4, 12):
        answer = kafka.ask("Fetch", version, **fetch_request({part: 0 for part in ORDER}))
        check_equal([part for part, _ in parts_of("Fetch", answer)], ORDER, f"v{version}: the order")
        check_equal(answer.get("session_id", 0), 0, f"v{version}: no session")
        no_errors(errors_of("Fetch", answer), f"v{version}")
        values, _ = fetch(kafka, {part: 0 for part in ORDER}, version)
        check_equal(values, expected, f"v{version}: records")
    for part, got in parts_of("Fetch", answer):
        check_equal(got["high_watermark"], 10, f"high watermark of {part}")


def check_wait(kafka, expected):
    """Nothing anywhere: as long as asked.  Data at one broker: at once, the rest empty but there."""
    with lasts("a Fetch of nothing, its 700 ms", 0.6, 2):
        values, errors = fetch(kafka, {part: 0 for part in EMPTY}, max_wait_ms=700)
    no_errors(errors, "Fetch of nothing")
    check_equal(values, {part: [] for part in EMPTY}, "records of nothing")

    offsets = {EMPTY[0]: 0, ("t", 1): 0, EMPTY[1]: 0, EMPTY[2]: 0}
    with lasts("data at one broker is not held back by the others", most=4):
        answer = kafka.ask("Fetch", 11, **fetch_request(offsets, max_wait_ms=patient(8000)))
    parts = parts_of("Fetch", answer)
    check_equal({part for part, _ in parts}, set(offsets), "every partition asked for")
    check_equal(len(parts), len(offsets), "each once")
    check_equal(fetch(kafka, offsets)[0][("t", 1)], expected[("t", 1)], "records of the one with data")


def check_no_wait(kafka):
    with lasts("max_wait 0 is answered at once", most=0.5):
        no_errors(fetch(kafka, {part: 0 for part in EMPTY}, max_wait_ms=0)[1], "Fetch without a wait")


def check_errors(kafka):
    """One partition's error is its own."""
    offsets = {("t", 0): 0, ("t", 1): 1000, ("t", 2): 0, ("t", 50): 0}
    values, errors = fetch(kafka, offsets, max_wait_ms=3000)
    check_equal(errors, {("t", 0): 0, ("t", 1): 1, ("t", 2): 0, ("t", 50): 3}, "errors")
    check(values[("t", 0)] and values[("t", 2)], "the neighbours have their records")


def check_max_bytes(kafka, expected):
    """A batch of each leader is more than the client allows: it gets one, then the next; together in the end all."""
    got, offsets = {part: [] for part in ORDER}, dict.fromkeys(ORDER, 0)
    for _ in range(len(ORDER)):
        answer = kafka.ask("Fetch", 11, **fetch_request(offsets, max_bytes=1))
        sizes = {part: len(one["records"] or b"") for part, one in parts_of("Fetch", answer)}
        check_equal(len([part for part, size in sizes.items() if size]), 1, f"partitions with records: {sizes}")
        check_equal(set(sizes), set(offsets), "every partition is in the answer")
        for part, one in parts_of("Fetch", answer):
            got[part] += [r[2] for r in records_of(one["records"])]
            offsets[part] = len(got[part])
    check_equal(got, expected, "what came batch by batch")


def check_session(kafka):
    """One that was never told is unknown; brokers that keep none are asked for all each time."""
    answer = kafka.ask("Fetch", 11, **dict(fetch_request({("t", 0): 0}), session_id=1234, session_epoch=3))
    check_equal(answer["error_code"], 70, "FETCH_SESSION_ID_NOT_FOUND")
    answer = kafka.ask("Fetch", 11, **dict(fetch_request({part: 0 for part in ORDER}), session_epoch=0))
    check_equal((answer["error_code"], answer["session_id"] > 0), (0, True), "a full fetch opens one of the node's own")
    check_equal(len(parts_of("Fetch", answer)), len(ORDER), "and is complete")


def check_list_offsets(kafka):
    for version in (1, 2, 3):
        answer = kafka.ask("ListOffsets", version, topics=offsets_topics({part: LATEST for part in ORDER}))
        check_equal([part for part, _ in parts_of("ListOffsets", answer)], ORDER, f"ListOffsets v{version}: the order")
        for part, got in parts_of("ListOffsets", answer):
            check_equal((got["error_code"], got["offset"]), (0, 10), f"ListOffsets v{version} of {part}")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": PARTITIONS, "empty": 3})
    cluster.spread("t", PARTITIONS)
    cluster.spread("empty", 3)
    node = scene.node(cluster.bootstrap)
    with Connection(*node.address, timeout=20) as kafka:
        expected = fill(kafka)
        check_order(kafka, expected)
        check_wait(kafka, expected)
        check_no_wait(kafka)
        check_errors(kafka)
        check_max_bytes(kafka, expected)
        check_session(kafka)
        check_list_offsets(kafka)


run(test)
