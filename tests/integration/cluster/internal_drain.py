#!/usr/bin/env python3
"""A drain under internal balancing: nobody is closed before the other nodes know of it; a port's clients come back by it
once more and are told where to go, and a turn later it is closed."""
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection  # noqa: E402

TOPIC, PORTS, TURNS = "_anyport_gateway", 3, 4  # one turn more than ports
PEERS = {"p1": "10.9.9.1", "p2": "10.9.9.2"}
ENV = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true", "GATEWAY_NODE_ID": "gw",
       "GATEWAY_HEARTBEAT_INTERVAL": "3 s"}  # for two of them it would wait


def connect(node, port):
    kafka = Connection(node.host, node.first_port + port, timeout=30)
    kafka.ask("ApiVersions", 0)
    return kafka


def is_refused(node, port):
    try:
        connect(node, port).close()
    except ConnectionRefusedError:
        return True
    return False


def wait_turn(node, turn):
    wait_for(lambda: f"event=drain_turn turn={turn} of={TURNS}" in node.process.log(), 10, f"turn {turn}")


def check_others_first(cluster, node, clients):
    """The map that has it as draining is held back, and so is the first turn."""
    asked = cluster.counts["SyncGroup asked"]
    cluster.may_sync.clear()
    node.process.signal(signal.SIGTERM)
    wait_for(lambda: cluster.joins[-1].identity["draining"], 5, "it tells its group that it drains")
    wait_for(lambda: cluster.counts["SyncGroup asked"] > asked, 5, "and waits for the map")
    wait_for(lambda: "event=draining" in node.process.log(), 5, "the log says that it drains")
    check("event=drain_turn" not in node.process.log(), "no turn before the others know")
    check(not any(kafka.is_closed(0.05) for kafka in clients), "nobody was closed before the others know")
    cluster.may_sync.set()
    wait_for(lambda: "event=drain_turn" in node.process.log(), 2, "then the first turn, at once")
    check_equal(cluster.group.phase, "stable", "the map is out")


def check_turn(node, port, kafka):
    """Its clients go, and who comes back by the same port is told the others."""
    wait_turn(node, port + 1)
    check(kafka.is_closed(5), f"port {port}: its client is closed in its turn")
    with connect(node, port) as again:
        hosts = {b["host"] for b in again.ask("Metadata", 2, topics=[])["brokers"]}
        check(hosts <= set(PEERS.values()), f"port {port}: who comes back is told {hosts}")
    check("event=drain_turn turn=%d" % (port + 2) not in node.process.log(), "all that in its own turn")


def test(scene):
    cluster = GroupCluster(scene, 2, {"t": 2, TOPIC: 1})
    for name in PEERS:
        cluster.add_peer(name)
    cluster.keep_telling(TOPIC, dict.fromkeys(PEERS, 50))
    node = scene.node(cluster.bootstrap, ports=PORTS, env=ENV)
    clients = [connect(node, port) for port in range(PORTS)]
    check_others_first(cluster, node, clients)
    for port in range(PORTS - 1):
        check_turn(node, port, clients[port])
        wait_turn(node, port + 2)
        wait_for(lambda: is_refused(node, port), 1, f"port {port} is closed a turn later")
        check(not is_refused(node, port + 1), f"port {port + 1} is open in its clients' turn")
    check(clients[-1].is_closed(5), "the last one's client is closed")
    check_equal(node.process.wait(10), 0, "exit status")
    wait_for(lambda: f"event=drain_turn turn={TURNS} of={TURNS}" in node.process.log(), 5, "all turns")


run(test)
