#!/usr/bin/env python3
"""All nodes have lost the brokers: none takes itself out, for none is better; the last one, of whom nobody is heard, does."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from process import PATIENCE  # noqa: E402

WATCHED = 8  # seconds, longer than a node needs to see that it serves nobody
LONGEST = 1.5  # seconds that no load balancer of ours sees: three checks


def watch(nodes):
    """The longest time that each was not ready at a stretch."""
    longest, since = [0.0] * len(nodes), [None] * len(nodes)
    ends = time.monotonic() + WATCHED * PATIENCE
    while time.monotonic() < ends:
        for n, node in enumerate(nodes):
            if node.ready():
                since[n] = None
                continue
            since[n] = since[n] or time.monotonic()
            longest[n] = max(longest[n], time.monotonic() - since[n])
        time.sleep(0.05)
    return longest


def told(node):
    status, health = node.get_json("/health/ready")
    return status, health["status"], " ".join(health["reasons"])


def test(scene):
    kafka = GroupCluster(scene, 3, {"t": 3})
    front = f"{scene.host(1)}:9092"  # both are behind one load balancer
    nodes = [scene.node(kafka.bootstrap, advertise=front, env={"GATEWAY_CLUSTER_ID": "c"}) for _ in range(2)]
    for node in nodes:
        wait_for(lambda: node.metrics().sum("anyport_cluster_nodes") == 2, 20, f"{node.name} knows both")
    for broker in (1, 2, 3):
        kafka.stop_broker(broker)
    for node, longest in zip(nodes, watch(nodes)):
        check(longest < LONGEST * PATIENCE, f"{node.name} was out for {longest:.2f} s")
        status, word, reasons = told(node)
        check_equal((status, word), (200, "degraded"), f"{node.name} stays in")
        check("no broker answers; nor can the other nodes serve" in reasons, f"and says why: {reasons}")
        check_equal(node.get_json("/health")[1]["serves"], False, "the others are told the truth")
    nodes[1].kill()
    wait_for(lambda: told(nodes[0])[:2] == (503, "unable"), 10, "the last one is out")
    for broker in (1, 2, 3):
        kafka.start_broker(broker)
    wait_for(nodes[0].ready, 15, "it serves again")


run(test)
