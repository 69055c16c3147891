#!/usr/bin/env python3
"""Pipelined requests are answered in their order, also when a later one's broker is the faster."""
# alone
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check_equal, lasts, run  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import errors_of, fetch_request, no_errors, produce_request, read_all  # noqa: E402

SLOW, FAST = 1, 0  # partitions: partition p is led by broker 1 + p % 3
ROUND_TRIP = 0.6


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    cluster.spread("t", 3)
    node = scene.node(cluster.bootstrap)
    cluster.command("rtt", 2, int(ROUND_TRIP * 1000))
    with Connection(*node.address, timeout=20) as kafka:
        # Each receive() checks the correlation id: an answer out of turn fails there.
        requests = []
        for n in range(4):
            for partition in (SLOW, FAST):
                requests.append(("Produce", 7, produce_request({("t", partition): [f"{n}".encode()]})))
            requests.append(("ApiVersions", 0, {}))
            requests.append(("Metadata", 1, {"topics": [{"name": "t"}]}))
            requests.append(("Produce", 7, produce_request({("t", p): [b"all"] for p in range(3)})))
            requests.append(("Fetch", 11, fetch_request({("t", FAST): 0}, max_wait_ms=0)))
        # Eight requests at the slow broker; whatever is done in turn there, the others must not wait twice.
        with lasts(f"{len(requests)} pipelined requests", most=8 * ROUND_TRIP + 3):
            kafka.send_raw(b"".join(kafka.make(api, version, **values) for api, version, values in requests))
            for api, version, _ in requests:
                answer = kafka.receive()
                if api in ("Produce", "Fetch"):
                    no_errors(errors_of(api, answer), f"{api} v{version}")

        cluster.command("rtt", 2, 0)
        expected = [value for n in range(4) for value in (f"{n}".encode(), b"all")]
        for partition in (SLOW, FAST):
            check_equal(read_all(kafka, ("t", partition)), expected, f"the order within partition {partition}")


run(test)
