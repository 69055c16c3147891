#!/usr/bin/env python3
"""One client asks without end: another one's requests are answered all the same, for each has its share of a turn."""
# alone
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import PATIENCE, check, run  # noqa: E402
from flooder import Flooder, latencies, median  # noqa: E402

COUNT = 300
MOST_S = 0.02  # ten times what it should be; without shares it would be seconds


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 3})
    node = scene.node(kafka.bootstrap)
    quiet = median(latencies(node.address, COUNT))
    with Flooder(scene, node.address):
        before = node.metrics().sum("anyport_requests_total")
        taken = latencies(node.address, COUNT)
        flooded = node.metrics().sum("anyport_requests_total") - before
    print(f"another client's median: {quiet * 1e3:.2f} ms alone, {median(taken) * 1e3:.2f} ms beside a flooder "
          f"(p99 {taken[int(COUNT * 0.99)] * 1e3:.2f} ms, {flooded:.0f} requests meanwhile)")
    check(flooded > 10 * COUNT, "the flooder floods")
    check(median(taken) < MOST_S * PATIENCE, f"the median beside a flooder is {median(taken):.3f} s")


run(test)
