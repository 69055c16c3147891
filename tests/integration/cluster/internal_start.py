#!/usr/bin/env python3
"""A start under internal balancing: who connects waits in the kernel's queue, and the node is not ready, until it is a
member and knows the other nodes' loads, or for ten seconds."""
import pathlib
import select
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, http_get, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection  # noqa: E402

TOPIC, PEERS, LIMIT = "_anyport_gateway", ("p1", "p2"), 10  # seconds
ENV = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true", "GATEWAY_HEARTBEAT_INTERVAL": "200 ms",
       "GATEWAY_NODE_ID": "gw"}


def begin(scene, first_host):
    """A node whose peers are members and have told no load, and a client of it that has asked something."""
    cluster = GroupCluster(scene, 2, {"t": 2, TOPIC: 1}, first_host=first_host)
    for name in PEERS:
        cluster.add_peer(name)
    node = scene.node(cluster.bootstrap, ready=False, env=ENV)
    kafka = wait_for(lambda: Connection(*node.address, timeout=30), 10, "the kernel accepts")
    kafka.send("ApiVersions", 0)
    return cluster, node, kafka


def state(node):
    told = node.get_json("/v1/cluster")[1]
    return told["state"], {member["node_id"] for member in told["members"]}


def is_answered(kafka):
    return bool(select.select([kafka.sock], [], [], 0)[0])


def check_waits(cluster, node, kafka):
    wait_for(lambda: state(node) == ("member", {"gw", *PEERS}), 5, "a member that knows the others")
    beats = cluster.counts["Heartbeat"]
    wait_for(lambda: cluster.counts["Heartbeat"] > beats + 4, 5, "it stays one")
    status, text = http_get(node.http + "/health/ready")
    check_equal(status, 503, "readiness without the others' loads")
    check("the other nodes and their loads are waited for" in text, f"and why: {text}")
    check(not is_answered(kafka), "nobody is served without the others' loads")
    check_equal([word for word in ("event=ready", "event=alone") if word in node.process.log()], [], "in the log")


def check_half_told(cluster, node, kafka):
    """One of two is not all."""
    cluster.keep_telling(TOPIC, {"p1": 1})
    wait_for(lambda: node.metrics().sum("anyport_cluster_nodes_measured") == 2, 5, "one load is known")
    check_equal((http_get(node.http + "/health/ready")[0], is_answered(kafka)), (503, False), "with one of two loads")


def check_told(cluster, node, kafka):
    cluster.keep_telling(TOPIC, {"p2": 1})
    check_equal(kafka.receive()["error_code"], 0, "ApiVersions once the loads are known")
    wait_for(node.ready, 5, "ready")
    check("event=alone" not in node.process.log(), "it knows the others")


def check_alone(node, kafka):
    """The others' loads are never told: it says so and serves what it knows."""
    check_equal(kafka.receive()["error_code"], 0, "ApiVersions after the longest wait")
    wait_for(node.ready, 5, "ready")
    log = node.process.log()
    check(0 < log.find("event=alone") < log.find("event=ready"), "first the warning")
    check(f"not known after {LIMIT} s" in log, "and it says how long it waited")


def test(scene):
    lonely = begin(scene, 71)
    told = begin(scene, 61)
    check_waits(*told)
    check_waits(*lonely)
    check_half_told(*told)
    check_told(*told)
    check(not is_answered(lonely[2]), "the other one still waits")
    check_alone(*lonely[1:])


run(test)
