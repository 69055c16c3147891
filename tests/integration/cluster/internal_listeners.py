#!/usr/bin/env python3
"""Several listeners under internal balancing: who comes by one is told that listener of all nodes that have it, with its own
hosts and ports, and no other; a node that lacks it is left out, and both sides say so by name."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, FIRST_PORT, check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

INSIDE, OUTSIDE, TOLD, COUNT = FIRST_PORT, 9192, 29092, 5
ONE = ("GATEWAY_PORT_START", "GATEWAY_PORT_COUNT", "GATEWAY_ADVERTISED_LISTENER", "GATEWAY_ADVERTISED_MODE")
ANSWERS = 200


def listeners(scene, number, *names):
    """n1 and n3 call them by other letters than n2."""
    host, settings = scene.host(100 + number), {name: None for name in ONE}
    ports = {"inside": f"{INSIDE}-{INSIDE + COUNT - 1}", "outside": f"{OUTSIDE}-{OUTSIDE + COUNT - 1}"}
    for name in names:
        settings[f"GATEWAY_LISTENER_{name.upper()}_PORTS"] = ports[name]
        settings[f"GATEWAY_LISTENER_{name.upper()}_ADVERTISED_HOST"] = host
    if "outside" in names:
        settings["GATEWAY_LISTENER_OUTSIDE_ADVERTISED_HOST"] = f"{host}:{TOLD if number == 1 else OUTSIDE}"
    return {**settings, "GATEWAY_CLUSTER_ID": "several", "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true"}


def told(node, port):
    """The addresses, as (host, first port), that so many answers name."""
    places = set()
    with Connection(node.host, port) as client:
        for _ in range(ANSWERS):
            brokers = client.ask("Metadata", 2, topics=[])["brokers"]
            check_equal(len({(b["host"], b["port"]) for b in brokers}), 3, f"addresses of {brokers}")
            places |= {(b["host"], b["port"] - b["node_id"] + 1) for b in brokers}
    return places


def check_told(nodes):
    n1, n2, n3 = nodes
    inside = {(node.host, INSIDE) for node in nodes}
    outside = {(n1.host, TOLD), (n2.host, OUTSIDE)}
    for node in nodes:
        wait_for(lambda n=node: told(n, INSIDE) == inside, 20, f"what clients of {node.name} inside are told: {inside}")
    for node in (n1, n2):
        check_equal(told(node, OUTSIDE), outside, f"what clients of {node.name} outside are told")


def check_named(nodes):
    n1, n2, n3 = (node.get_json("/v1/node")[1]["node_id"] for node in nodes)
    found = {node.name: node.get_json("/v1/cluster")[1] for node in nodes}
    lacking = "has a listener outside, {} has none: clients of that are told nothing of {}".format(n3, n3)
    for name, other in (("n1", n1), ("n2", n2)):
        check(f"{other} {lacking}" in found[name]["disagreements"], f"{name} says: {found[name]['disagreements']}")
    check({f"{n1} {lacking}", f"{n2} {lacking}"} <= set(found["n3"]["disagreements"]), f"n3 says: {found['n3']['disagreements']}")
    members = {m["node_id"]: {l["name"]: (l["host"], l["ports"]["first"], l["ports"]["count"]) for l in m["listeners"]}
               for m in found["n3"]["members"]}
    check_equal(members, {n1: {"inside": (nodes[0].host, INSIDE, COUNT), "outside": (nodes[0].host, TOLD, COUNT)},
                          n2: {"inside": (nodes[1].host, INSIDE, COUNT), "outside": (nodes[1].host, OUTSIDE, COUNT)},
                          n3: {"inside": (nodes[2].host, INSIDE, COUNT)}}, "listeners of the members")


def check_status(nodes):
    """anyportctl status has each listener's ports, by its name."""
    done = subprocess.run([BUILD / "anyportctl", "status", "--http", f"{nodes[0].host}:8888", "--json"], capture_output=True, text=True,
                          check=False, timeout=60)
    ports = {row["node"]: row["ports"] for row in json.loads(done.stdout)["nodes"]}
    inside, outside = f"inside {INSIDE}-{INSIDE + COUNT - 1}", "outside {}-{}"
    names = [node.get_json("/v1/node")[1]["node_id"] for node in nodes]
    check_equal(ports, {names[0]: f"{inside}, {outside.format(TOLD, TOLD + COUNT - 1)}",
                        names[1]: f"{inside}, {outside.format(OUTSIDE, OUTSIDE + COUNT - 1)}", names[2]: inside}, "ports")


def check_serves(node, port):
    """Each told place is one: traffic goes by the listener."""
    with Connection(node.host, port, client_id="works") as client:
        no_errors(produce(client, {("t", p): [b"v"] for p in range(3)}), f"a Produce at {node.name}:{port}")
        rows = [c["listener"] for c in node.get_json("/v1/connections?client_id=works")[1]["connections"]]
        check_equal(rows, ["inside" if port < OUTSIDE else "outside"], "by which it came")


def test(scene):
    kafka = GroupCluster(scene, 3, {"t": 3})
    both = ("inside", "outside")
    nodes = [scene.node(kafka.bootstrap, number=n, ready=False, env=listeners(scene, n, *names))
             for n, names in ((1, both), (2, both), (3, ("inside",)))]
    for node in nodes:
        node.wait_ready(40)
    check_told(nodes)
    check_named(nodes)
    check_status(nodes)
    check_serves(nodes[0], INSIDE + 1)
    check_serves(nodes[1], OUTSIDE + 2)
    nodes[1].stop()
    wait_for(lambda: told(nodes[0], OUTSIDE) == {(nodes[0].host, TOLD)}, 20, "n2 is gone, outside too")
    wait_for(lambda: told(nodes[2], INSIDE) == {(nodes[0].host, INSIDE), (nodes[2].host, INSIDE)}, 20, "and inside, at n3 too")


run(test)
