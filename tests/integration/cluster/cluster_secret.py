#!/usr/bin/env python3
"""Nodes with a secret believe only who has it: others are shown, with why, but told to no client, counted, asked or sent
a token; what was said before is not believed again.  Without a secret everybody is believed, and the node says so."""
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, http_get, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection  # noqa: E402

TOPIC, SECRET, LIMIT = "_anyport_gateway", "open sesame", 15  # seconds
INSIDE = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true", "GATEWAY_SESSION_TIMEOUT": "3 s",
          "GATEWAY_HEARTBEAT_INTERVAL": "200 ms", "GATEWAY_NODE_ID": "self"}


def members(node):
    return {m["node_id"]: m["distrusted"] for m in node.get_json("/v1/cluster")[1]["members"]}


def told(node, clients=40):
    """Every host that clients are told."""
    hosts = set()
    for n in range(clients):
        with Connection(*node.address, client_id=f"client-{n}") as kafka:
            hosts |= {b["host"] for b in kafka.ask("Metadata", 2, topics=[])["brokers"]}
    return hosts


def wait_members(node, expected, what):
    def same():
        found = members(node)
        return set(found) == set(expected) and all((found[n] or "").find(why or "") >= 0 and bool(found[n]) == bool(why)
                                                   for n, why in expected.items())
    wait_for(same, LIMIT, f"{what}: {expected}")


def load_of(node, name):
    return next(m["connections"] for m in node.get_json("/v1/cluster")[1]["members"] if m["node_id"] == name)


def check_not_asked(scene, kafka, node):
    """A forged member's address gets nothing, least of all the token."""
    with socket.create_server((scene.host(50), 8888)) as trap:
        trap.settimeout(0.5)
        kafka.add_peer("trap", host=scene.host(50), http=f"{scene.host(50)}:8888")
        wait_members(node, {"self": None, "good": None, "bare": "no cluster secret", "wrong": "another cluster secret",
                            "trap": "no cluster secret"}, "the trap is shown")
        status, text = http_get(f"{node.http}/v1/node?node=trap")
        check_equal(status, 404, f"?node= of who is not believed: {text}")
        try:
            trap.accept()
        except TimeoutError:
            return
        raise AssertionError("the trap was asked")


def check_loads(kafka, node):
    kafka.tell_load(TOPIC, "good", 70, secret=SECRET, counter=1000)
    wait_for(lambda: load_of(node, "good") == 70, LIMIT, "the load of who is believed")
    kafka.tell_load(TOPIC, "good", 5, secret="another")      # another secret,
    kafka.tell_load(TOPIC, "good", 6)                        # none,
    kafka.tell_load(TOPIC, "good", 7, secret=SECRET, counter=1000)  # and what was said before
    kafka.tell_load(TOPIC, "bare", 8)
    kafka.tell_load(TOPIC, "good", 71, secret=SECRET, counter=1001)
    seen = set()
    wait_for(lambda: seen.add(load_of(node, "good")) or 71 in seen, LIMIT, "its next load")
    check(seen <= {70, 71}, f"loads that nobody is believed to have: {seen}")
    check_equal(load_of(node, "bare"), None, "the load of who is not believed")


def check_secret_from_file(scene, kafka):
    path = scene.file("secret", SECRET + "\n")
    node = scene.node(kafka.bootstrap, env={**INSIDE, "GATEWAY_CLUSTER_SECRET_FILE": str(path)})
    wait_members(node, {"self": None}, "the node alone")
    check("reason=\"no gateway.cluster_secret" not in node.process.log(10 ** 6), "it says that it has none")
    check_equal(node.get_json("/health/ready")[1], {"status": "ready", "reasons": []}, "its state")
    return node


def test(scene):
    kafka = GroupCluster(scene, 3, {"t": 3, TOPIC: 1})
    node = check_secret_from_file(scene, kafka)
    kafka.add_peer("good", secret=SECRET, counter=1000, host=scene.host(51))
    kafka.add_peer("bare", host=scene.host(52))
    kafka.add_peer("wrong", secret="another", host=scene.host(53))
    known = {"self": None, "good": None, "bare": "no cluster secret", "wrong": "another cluster secret"}
    wait_members(node, known, "who is believed")
    wait_for(lambda: told(node) == {node.host, scene.host(51)}, LIMIT, "clients are told who is believed")
    check_equal(node.metrics().sum("anyport_cluster_nodes"), 2, "nodes that are counted")
    status, state = node.get_json("/health/ready")
    check_equal((status, state["status"]), (200, "degraded"), "somebody should have a look")
    check(all(any(name in reason for reason in state["reasons"]) for name in ("bare", "wrong")), f"who differs: {state}")
    check_loads(kafka, node)
    check_not_asked(scene, kafka, node)

    # what "good" said before it moved, said again by another
    kafka.add_peer("good", secret=SECRET, counter=2000, host=scene.host(54), incarnation=2)
    wait_for(lambda: told(node) == {node.host, scene.host(54)}, LIMIT, "it has moved")
    kafka.add_peer("good", secret=SECRET, counter=1000, host=scene.host(51))
    wait_for(lambda: "newer" in (members(node)["good"] or ""), LIMIT, "a replay is named")
    wait_for(lambda: told(node) == {node.host}, LIMIT, "a replay sends no client anywhere")
    node.stop()

    without = scene.node(kafka.bootstrap, env=INSIDE)
    kafka.add_peer("bare", host=scene.host(52))
    wait_for(lambda: scene.host(52) in told(without), LIMIT, "without a secret everybody is believed")
    status, state = without.get_json("/health/ready")
    check(any("gateway.cluster_secret" in reason for reason in state["reasons"]), f"it says so: {state}")
    wait_for(lambda: "event=no_secret" in without.process.log(10 ** 6), 5, "it says so in the log")
    disagreements = without.get_json("/v1/cluster")[1]["disagreements"]
    check(any("good has a gateway.cluster_secret, self has none" in d for d in disagreements), f"who differs: {disagreements}")


run(test)
