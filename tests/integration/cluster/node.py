#!/usr/bin/env python3
"""One node and its group: member of it, alone without it, and what it tells clients under each way of balancing.

The mock's groups lose members that sync after their leader, so what several nodes do is tests/e2e's.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import FIRST_PORT, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402

TOPIC = "_anyport_gateway"
INTERNAL = "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING"


def is_member(node):
    metrics = node.metrics()
    return metrics.sum("anyport_cluster_member") == 1 and metrics.sum("anyport_cluster_nodes") == 1


def told(node):
    """{broker id: (host, port)}, and that FindCoordinator says the same."""
    with Connection(*node.address) as kafka:
        brokers = {b["node_id"]: (b["host"], b["port"]) for b in kafka.ask("Metadata", 2, topics=[])["brokers"]}
        for group in ("g1", "g2", "g3"):
            found = kafka.ask("FindCoordinator", 2, key=group, key_type=0)
            check_equal((found["host"], found["port"]), brokers[found["node_id"]], f"coordinator of {group}")
    return brokers


def loads(kafka):
    with Connection(*kafka.brokers[1]) as broker:
        answer = broker.ask("ListOffsets", 1, replica_id=-1, topics=[
            {"name": TOPIC, "partitions": [{"partition_index": p, "timestamp": -1} for p in range(3)]}])
    return sum(max(p["offset"], 0) for p in answer["topics"][0]["partitions"])


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 6, TOPIC: 3})
    for partition in range(3):
        kafka.command("leader", TOPIC, partition, 1)
    inside = scene.node(kafka.bootstrap, env={INTERNAL: "true", "GATEWAY_GROUP_ID": "g-inside"})
    outside = scene.node(kafka.bootstrap, advertise=f"lb.example:{FIRST_PORT}", env={"GATEWAY_GROUP_ID": "g-outside"})
    single = scene.node(kafka.bootstrap, mode="single", env={INTERNAL: "true", "GATEWAY_GROUP_ID": "g-single"})
    alone = scene.node(kafka.bootstrap, env={INTERNAL: "true", "GATEWAY_CLUSTER_ID": "off"})
    for node in (inside, outside, single):
        wait_for(lambda: is_member(node), 20, f"{node.name} is a member of its group")
    wait_for(lambda: loads(kafka) >= 3, 15, "load records of the nodes")
    check("anyport_cluster_nodes" not in alone.metrics().names(), "a node without a cluster id counts nodes")

    for node, host in ((inside, inside.host), (outside, "lb.example"), (alone, alone.host)):
        check_equal(told(node), {b: (host, FIRST_PORT + b - 1) for b in (1, 2, 3)}, f"what {node.name} tells")
    check_equal(told(single), {1: (single.host, FIRST_PORT)}, "what a node in mode single tells")

    # a coordinator that goes away and comes back, and a refusal
    kafka.command("coordinator", "group", "g-inside", 2)
    wait_for(lambda: "event=coordinator group=g-inside broker=2" in inside.process.log(10 ** 6), 15,
             "another coordinator is found")
    wait_for(lambda: is_member(inside), 20, "a member with another coordinator")


run(test)
