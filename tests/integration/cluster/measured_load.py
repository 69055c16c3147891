#!/usr/bin/env python3
"""What a node does with the loads that it hears of: it tells the skew of connections and of bytes, asks HAProxy's agent
check for less, in steps, and closes what is above the tolerance, which a reload changes."""
import pathlib
import re
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection  # noqa: E402

TOPIC, AGENT_PORT = "_anyport_gateway", 9999
OWN, OTHERS = 24, 6  # connections of the node, of each of two others
MEAN = (OWN + 2 * OTHERS) / 3
DECLINES = {"p1": 125, "p2": None}  # thousandths
BYTES = 3 << 20  # a second, of each of the others
CONFIG = "gateway: {{ log_level = \"{}\"; balance: {{ tolerance_percent = {}; close_per_second = 20; }}; }};"
ENV = {"GATEWAY_AGENT_PORT": AGENT_PORT, "GATEWAY_HEARTBEAT_INTERVAL": "200 ms"}


def weight(node):
    with socket.create_connection((node.host, AGENT_PORT), 5) as sock:
        return int(re.fullmatch(r"up ready (\d+)%\n", sock.makefile().read())[1])


def log_of(node):
    return node.process.log(10 ** 6)


def check_skew(node):
    metrics = wait_for(lambda: (lambda m: m if m.sum("anyport_cluster_nodes_measured") == 3 else None)(node.metrics()), 15,
                       "all loads are known")
    wait_for(lambda: abs(node.metrics().sum("anyport_cluster_skew", of="connections") - OWN / MEAN) < 0.01, 5,
             f"the skew of connections is {OWN / MEAN:.2f}")
    skew = node.metrics().sum("anyport_cluster_skew", of="bytes")
    check(1.4 < skew <= 1.5, f"two of three have all bytes: {skew}")
    check_equal(metrics.sum("anyport_client_connections"), OWN, "connections")
    members = node.get_json("/v1/cluster")[1]["members"]
    check_equal({m["node_id"]: m["declines"] for m in members if not m["is_self"]}, {"p1": 0.125, "p2": 0},
                "what the others decline")
    check_equal(metrics.sum("anyport_balance_declined_ratio"), 0, "external balancing: nothing is declined")


def check_weight(node):
    """Half of its connections are too many: 50 % in the end, and half of the way at first."""
    check_equal(wait_for(lambda: (lambda w: w if w < 100 else None)(weight(node)), 15, "a lower weight"), 75,
                "the first step")


def check_reloads(node, path, clients):
    """Within its tolerance it closes nobody; with another one it does, without a restart."""
    check("event=begin" not in log_of(node), "nothing is closed within the tolerance")
    check(not any(kafka.is_closed(0.01) for kafka in clients), "nobody was closed")
    check("level=debug" not in log_of(node), "no details yet")
    path.write_text(CONFIG.format("debug", 10))
    node.process.signal(signal.SIGHUP)
    wait_for(lambda: "event=reloaded" in log_of(node), 5, "reloaded")
    wait_for(lambda: "who=balance event=begin" in log_of(node), 10, "a round begins with the new tolerance")
    wait_for(lambda: sum(kafka.is_closed(0.01) for kafka in clients) == OWN - MEAN, 15, "those above the mean are closed")
    with Connection(*node.address) as kafka:
        kafka.ask("ApiVersions", 0)
    wait_for(lambda: "level=debug" in log_of(node), 5, "details with the new log level")


def test(scene):
    cluster = GroupCluster(scene, 1, {"t": 1, TOPIC: 1})
    for name in ("p1", "p2"):
        cluster.add_peer(name, internal=0, host="lb.example")
    node = scene.node(cluster.bootstrap, advertise="lb.example:9092", config=CONFIG.format("info", 1000), env=ENV)
    for name, declines in DECLINES.items():
        cluster.keep_telling(TOPIC, {name: OTHERS}, BYTES, declines)
    clients = [Connection(*node.address) for _ in range(OWN)]
    for kafka in clients:
        kafka.ask("ApiVersions", 0)
    check_skew(node)
    check_weight(node)
    check_reloads(node, scene.dir / f"{node.name}.conf", clients)


run(test)
