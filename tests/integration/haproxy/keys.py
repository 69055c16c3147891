#!/usr/bin/env python3
"""Keys of two parts, and hashes: what keeps its node, what moves when a node goes, what comes back."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, request, run  # noqa: E402

SOURCES, CLIENTS, TIMES = range(200, 205), [f"app-{n}" for n in range(3)], 3


def stop(front):
    for process in [front.haproxy.process, *(node.process for node in front.nodes)]:
        process.stop()


def node_of(front, source=None, client_id="app", port=None):
    with front.link(port, source) as link:
        return link.ask(request(client_id))["node"]


def table_of_two_parts(scene):
    front = Front(scene, arguments=["--stickiness", "source+client-id", "--balance", "roundrobin"])
    keys = [(scene.host(source), client) for source in SOURCES for client in CLIENTS]
    nodes = {key: node_of(front, *key) for key in keys}
    for _ in range(TIMES - 1):
        for key in reversed(keys):
            check(node_of(front, *key) == nodes[key], f"{key} stays on {nodes[key]}")
    table = front.haproxy.command("show table anyport_nodes")
    check(all(f"key={source}|{client} " in table for source, client in keys), f"an entry each: {table}")
    by_source = {source: {nodes[source, client] for client in CLIENTS} for source, _ in keys}
    by_client = {client: {nodes[scene.host(source), client] for source in SOURCES} for client in CLIENTS}
    check(any(len(n) == 2 for n in by_source.values()), f"one address is not one node: {by_source}")
    check(any(len(n) == 2 for n in by_client.values()), f"one client.id is not one node: {by_client}")
    stop(front)


def hashes(scene):
    for kind, keys, ask in (("source", [scene.host(n) for n in range(200, 220)], node_of),
                            ("port", range(9092, 9107), lambda front, port: node_of(front, port=port)),
                            ("client-id", [f"app-{n}" for n in range(20)], lambda front, cid: node_of(front, client_id=cid)),
                            ("source+client-id", [scene.host(n) for n in range(200, 220)], node_of)):
        front = Front(scene, nodes=3, ports=15, arguments=["--stickiness", kind, "--balance", "hash", "--slowstart", "0s"])
        nodes = {key: ask(front, key) for key in keys}
        check(len(set(nodes.values())) > 1, f"{kind}: all on one node")
        check({key: ask(front, key) for key in reversed(keys)} == nodes, f"{kind}: each keeps its node")
        check("anyport_nodes" not in front.haproxy.command("show table"), "and there is no table")
        gone = nodes[keys[0]]
        front.haproxy.command(f"set server anyport_nodes/{gone} state maint")
        less = {key: ask(front, key) for key in keys}
        check(gone not in less.values() and all(less[k] == n for k, n in nodes.items() if n != gone), f"{kind}: only its keys move")
        front.haproxy.command(f"set server anyport_nodes/{gone} state ready")
        front.wait_status(next(node for node in front.nodes if node.name == gone), "UP")
        check({key: ask(front, key) for key in keys} == nodes, f"{kind}: and come back")
        stop(front)


def test(scene):
    table_of_two_parts(scene)
    hashes(scene)


run(test)
