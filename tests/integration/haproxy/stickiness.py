#!/usr/bin/env python3
"""Each kind of stickiness keeps what it says on a node, moves it at once when the node dies, and does not come in the way."""
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import NULL, Front, at_once, check, refused_at_once, request, run, wait_for  # noqa: E402

CLIENTS, TIMES = 9, 3


def node_of(front, client_id="app", port=None, source=None):
    with front.link(port, source) as link:
        return link.ask(request(client_id))["node"]


def stays(what, ask, keys):
    """ask(key) names the same node each time, which differs among keys; returns {key: node}.

    An odd number of keys: taken in turn, two nodes would not serve each key alike.
    """
    check(len(keys) % 2 == 1, "an odd number of keys")
    nodes = {key: ask(key) for key in keys}
    for _ in range(TIMES - 1):
        for key in keys:
            again = ask(key)
            check(again == nodes[key], f"{what} {key} went to {nodes[key]}, then to {again}")
    check(len(set(nodes.values())) > 1, f"all went to one node: {nodes}")
    return nodes


def moves_at_once_when_its_node_dies(front, ask, nodes):
    victim = front.nodes[0]
    keys = [key for key, node in nodes.items() if node == victim.name]
    check(keys, f"nobody stuck to {victim.name}: {nodes}")
    healthy = next(key for key in nodes if key not in keys)
    victim.process.kill()
    check(front.status(victim).startswith("UP"), "HAProxy has not noticed yet")
    moved = at_once(f"{keys[0]} moves", lambda: ask(healthy), lambda: ask(keys[0]))
    check(moved != victim.name, "it moved")
    front.wait_status(victim, "DOWN")
    victim.start()
    front.wait_status(victim, "UP")
    check(ask(keys[0]) == moved, f"{keys[0]} stays on the node it moved to")


def only_maintenance_empties_a_node(front, ask, nodes):
    key, name = next((key, name) for key, name in nodes.items() if name == front.nodes[1].name)
    front.haproxy.command(f"set server anyport_nodes/{name} state drain")
    check(ask(key) == name, "drain leaves a node those that stick to it")
    front.haproxy.command(f"set server anyport_nodes/{name} state maint")
    check(ask(key) != name, "maint does not")
    front.haproxy.command(f"set server anyport_nodes/{name} state ready")
    front.wait_status(front.nodes[1], "UP")


def entries(front):
    return int(front.haproxy.command("show table anyport_nodes").split("used:")[1].split()[0])


def a_reload_empties_the_table(front):
    check(entries(front) > 0, "the table is in use")
    front.haproxy.reload()
    wait_for(lambda: entries(front) == 0, 10, "a reload empties the table")


def by_source(scene, front):
    def ask(number):
        return node_of(front, source=scene.host(200 + number))
    nodes = stays("address", ask, range(CLIENTS))
    moves_at_once_when_its_node_dies(front, ask, nodes)
    a_reload_empties_the_table(front)


def by_client_id(scene, front):
    def ask(client_id):
        ask.count += 1  # each connection from another address and to another port
        return node_of(front, client_id, front.ports[ask.count % len(front.ports)], scene.host(200 + ask.count % 50))
    ask.count = 0
    keys = [f"app-{n}" for n in range(CLIENTS)] + ["größe", "x" * 64, "x" * 63 + "y", "z"]
    nodes = stays("client", ask, keys)
    check(entries(front) == len(keys), f"{entries(front)} entries for {len(keys)} clients")
    check(ask("x" * 64 + "-a") == nodes["x" * 64], "an id counts by its first 64 characters")

    def by_address(number):  # without an id, or an empty one
        return at_once("a client without an id", lambda: ask("app-0"),
                       lambda: node_of(front, (NULL, "")[number % 2], source=scene.host(200 + number // 2)))
    without = {number: by_address(number) for number in range(0, 2 * CLIENTS)}
    for number in range(0, 2 * CLIENTS, 2):
        check(without[number] == without[number + 1], "no id and an empty id both mean the address")
    check(len(set(without.values())) > 1, f"all went to one node: {without}")

    with front.link(source=scene.host(240)) as link:  # in the middle of the header, of the length, of the id
        body = request("app-1")
        frame = struct.pack(">i", len(body)) + body
        for begin, end in ((0, 5), (5, 13), (13, 16), (16, len(frame))):
            link.sock.sendall(frame[begin:end])
            time.sleep(0.05)
        check(link.read()["node"] == nodes["app-1"], "a header in pieces is put together")
    for head in (b"GET / HTTP/1.1\r\n\r\n", bytes.fromhex("16030100c8010000c40303") + bytes(32)):
        check(refused_at_once((front.host, front.ports[0]), head), f"{head[:4]} is refused at once")
    only_maintenance_empties_a_node(front, ask, nodes)
    moves_at_once_when_its_node_dies(front, ask, nodes)


def by_port(scene, front):
    def ask(port):
        ask.count += 1
        return node_of(front, port=port, source=scene.host(200 + ask.count % 50))
    ask.count = 0
    nodes = stays("port", ask, front.ports)
    moves_at_once_when_its_node_dies(front, ask, nodes)


def test(scene):
    for kind, show in (("source", by_source), ("client-id", by_client_id), ("port", by_port)):
        # roundrobin: what stays on a node does so by its key alone
        front = Front(scene, nodes=2, ports=5, arguments=["--stickiness", kind, "--balance", "roundrobin"])
        show(scene, front)
        for process in [front.haproxy.process, *(node.process for node in front.nodes)]:
            process.stop()


run(test)
