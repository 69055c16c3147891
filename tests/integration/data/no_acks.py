#!/usr/bin/env python3
"""acks=0 has no answer and no turn: what comes before and after it is answered in order."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import errors_of, no_errors, produce_request  # noqa: E402

# librdkafka's mock answers acks=0, which no broker does: the stand-in keeps silent.
PARTS = [("bench", p) for p in range(6)]


def test(scene):
    cluster = scene.sink(partitions=6)
    node = scene.node(cluster.bootstrap)
    requests = []
    for _ in range(5):
        for acks in (0, 1):
            requests.append((acks, {part: [b"x" * 500] for part in PARTS}))
            requests.append((acks, {PARTS[1]: [b"x" * 500]}))
    with Connection(*node.address) as kafka:
        for acks, values in requests:
            kafka.send("Produce", 7, **produce_request(values, acks=acks))
        for _ in range(sum(acks for acks, _ in requests)):
            no_errors(errors_of("Produce", kafka.receive()), "acks=1 among acks=0")
        kafka.ask("ApiVersions", 0)

        before = node.metrics().sum("anyport_broker_bytes_total", direction="out")
        kafka.send("Produce", 7, **produce_request({PARTS[2]: [b"z" * 3000]}, acks=0))
        wait_for(lambda: node.metrics().sum("anyport_broker_bytes_total", direction="out") > before + 3000, 5,
                 "a last acks=0 reaches the broker without anything after it")
        check(not kafka.is_closed(0.3), "the connection stays")


run(test)
