#!/usr/bin/env python3
"""Two HAProxies as a pair: the same client gets the same node over both, by a shared table or by a hash."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, request, run, wait_for  # noqa: E402

CLIENTS = [f"app-{n}" for n in range(15)]


def pair_of(scene, arguments, of_each=lambda name: ()):
    first = Front(scene, nodes=3, arguments=[*arguments, *of_each("lb1")], name="lb1", number=1)
    return first, Front(scene, beside=first, arguments=[*arguments, *of_each("lb2")], name="lb2", number=2)


def node_of(front, client_id):
    with front.link() as link:
        return link.ask(request(client_id))["node"]


def entries(front):
    return front.haproxy.command("show table anyport_nodes").count("key=app-")


def in_sync(front):
    """Local and remote peers have told all that they know: bits 0 and 1 of the flags."""
    line = next(line for line in front.haproxy.command("show peers").splitlines() if "id=balancers" in line)
    flags = int(next(word for word in line.split() if word.startswith("flags=")).split("=")[1], 16)
    return flags & 3 == 3


def stop(*fronts):
    for process in [*(front.haproxy.process for front in fronts), *(node.process for node in fronts[0].nodes)]:
        process.stop()


def by_table(scene):
    peers = [word for n in (1, 2) for word in ("--peers", f"lb{n}={scene.host(n)}:10000")]
    one, two = pair_of(scene, ["--stickiness", "client-id", "--balance", "roundrobin", *peers], lambda name: ["--local-peer", name])
    wait_for(lambda: in_sync(one) and in_sync(two), 20, "the peers are in sync")
    nodes = {client: node_of((one, two)[n % 2], client) for n, client in enumerate(CLIENTS)}
    check(len(set(nodes.values())) == 3, f"spread over three nodes: {nodes}")
    wait_for(lambda: entries(one) == entries(two) == len(CLIENTS), 5, "each knows what the other one gave")
    for front in (two, one):
        again = {client: node_of(front, client) for client in reversed(CLIENTS)}
        check(again == nodes, f"the same node over both: {nodes}, {again}")

    before = set(one.haproxy.workers())
    one.haproxy.reload()
    wait_for(lambda: set(one.haproxy.workers()) - before and entries(one) == len(CLIENTS), 10, "a reload loses no entry")
    check({client: node_of(one, client) for client in CLIENTS} == nodes, "nor a client's node")

    victim = one.nodes[0]
    theirs = [client for client in CLIENTS if nodes[client] == victim.name]
    victim.process.kill()
    moved = {client: node_of(one, client) for client in theirs}
    check(victim.name not in moved.values(), f"they moved: {moved}")
    two.wait_status(victim, "DOWN")
    wait_for(lambda: all(f"key={client} " in two.haproxy.command("show table anyport_nodes") for client in theirs), 5, "told")
    check({client: node_of(two, client) for client in theirs} == moved, "and the other HAProxy moved them alike")
    stop(one, two)


def by_hash(scene):
    one, two = pair_of(scene, ["--stickiness", "client-id", "--balance", "hash"])
    nodes = {client: node_of(one, client) for client in CLIENTS}
    check(len(set(nodes.values())) == 3, f"spread over three nodes: {nodes}")
    check({client: node_of(two, client) for client in reversed(CLIENTS)} == nodes, "the same without a word between them")
    victim = one.nodes[0]
    for front in (one, two):
        front.haproxy.command(f"set server anyport_nodes/{victim.name} state maint")
    less = {client: node_of(one, client) for client in CLIENTS}
    check(all(less[client] == nodes[client] for client in CLIENTS if nodes[client] != victim.name), "only its clients move")
    check({client: node_of(two, client) for client in CLIENTS} == less, "to the same nodes over both")
    stop(one, two)


def test(scene):
    by_table(scene)
    by_hash(scene)


run(test)
