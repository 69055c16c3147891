#!/usr/bin/env python3
"""A Produce to several leaders is one answer: every partition once, in the order of the request."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run  # noqa: E402
from kafka_wire import Connection, parts_of  # noqa: E402
from traffic import errors_of, no_errors, produce_request, read_all  # noqa: E402

ORDER = [("t", 4), ("t", 0), ("t", 5), ("u", 1), ("u", 0), ("t", 1), ("t", 3), ("u", 2), ("t", 2)]


def in_answer_order():
    """One entry a topic, in the order in which the request names them first."""
    return [part for topic in ("t", "u") for part in ORDER if part[0] == topic]


def values_for(mark):
    return {part: [f"{mark}/{part[0]}/{part[1]}/{n}".encode() for n in range(3)] for part in ORDER}


class Log:
    """What every partition must hold, and whether it does."""

    def __init__(self):
        self.expected = {part: [] for part in ORDER}

    def add(self, values):
        for part, records in values.items():
            self.expected[part] += records

    def check(self, node):
        with Connection(*node.address) as kafka:
            for part, expected in self.expected.items():
                check_equal(read_all(kafka, part), expected, f"records of {part}")


def check_versions(kafka, log):
    for version in (3, 4, 6, 7):
        values = values_for(f"v{version}")
        answer = kafka.ask("Produce", version, **produce_request(values))
        check_equal([part for part, _ in parts_of("Produce", answer)], in_answer_order(), f"v{version}: the order")
        no_errors(errors_of("Produce", answer), f"v{version}")
        for part, got in parts_of("Produce", answer):
            check_equal(got["base_offset"], len(log.expected[part]), f"v{version}: base offset of {part}")
        log.add(values)


def check_unknown_partition(kafka, log):
    values = {("t", 1): [b"good"], ("t", 77): [b"nowhere"], ("t", 2): [b"good too"], ("nosuch", 0): [b"x"]}
    errors = errors_of("Produce", kafka.ask("Produce", 7, **produce_request(values)))
    check_equal(errors[("t", 77)], 3, "an unknown partition among others")
    check_equal((errors[("t", 1)], errors[("t", 2)]), (0, 0), "its neighbours")
    log.add({part: values[part] for part in (("t", 1), ("t", 2))})


def check_pieces(kafka, log):
    """The same bytes, a few at a time."""
    for piece in (1, 7, 100):
        values = values_for(f"pieces of {piece}")
        kafka.send_slowly(kafka.make("Produce", 7, **produce_request(values)), piece)
        no_errors(errors_of("Produce", kafka.receive()), f"in pieces of {piece}")
        log.add(values)


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 6, "u": 3})
    cluster.spread("t", 6)
    cluster.spread("u", 3)
    node = scene.node(cluster.bootstrap)
    log = Log()
    before = node.metrics().sum("anyport_split_requests_total")
    with Connection(*node.address) as kafka:
        check_versions(kafka, log)
        check_unknown_partition(kafka, log)
        check_pieces(kafka, log)
    log.check(node)
    check(node.metrics().sum("anyport_split_requests_total") >= before + 8, "the node counts its splits")


run(test)
