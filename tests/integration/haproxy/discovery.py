#!/usr/bin/env python3
"""Nodes that the DNS names: they come and go with its answers, stay when it fails, and keep their clients.

From HAProxy 3.0 on a hash knows them by their addresses; from 3.1 on a new one waits until it is ready."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from nameserver import Dns  # noqa: E402
from front import FIRST_PORT, Link, StandIn, check, generate, request, run, wait_for  # noqa: E402
from haproxy_version import haproxy_version  # noqa: E402

NAME = "gw.example.com"


def node_of(scene, client_id, number=1):
    with Link(scene.host(number), FIRST_PORT, scene.host(9)) as link:
        return link.ask(request(client_id))["node"]


def ups(haproxy):
    return sum(line["status"].startswith("UP") for (proxy, name), line in haproxy.stats().items()
               if proxy == "anyport_nodes" and name.startswith("node"))


def fronts(scene, number, dns, *arguments):
    """A HAProxy that asks that DNS."""
    status, text, errors = generate(["--listen", f"{scene.host(number)}:{FIRST_PORT}-{FIRST_PORT + 1}", "--discover", NAME,
                                     "--discover-slots", 5, "--dns-server", dns.place, *arguments,
                                     "--stats-socket", scene.dir / f"haproxy{number}.sock"])
    check(status == 0 and errors == "", f"generate: {status}: {errors}")
    return scene.haproxy(config=text, name=f"haproxy{number}", host=scene.host(number), first_port=FIRST_PORT, ports=2)


def a_hash_knows_addresses(scene, nodes, clients):
    """Two HAProxies that are told the addresses in other orders."""
    one, other = Dns(scene.host(54)), Dns(scene.host(55))
    one.addresses, other.addresses = [n.host for n in nodes], [n.host for n in (nodes[2], nodes[0], nodes[1])]
    hashing = [fronts(scene, number, dns, "--stickiness", "client-id", "--balance", "hash") for number, dns in ((2, one), (3, other))]
    for haproxy in hashing:
        wait_for(lambda: ups(haproxy) == 3, 15, "three nodes are found")
    chosen = [{client: node_of(scene, client, number) for client in clients} for number in (2, 3)]
    check(chosen[0] == chosen[1] and len(set(chosen[0].values())) > 1, f"{chosen}")


def a_new_one_waits_until_it_is_ready(scene, haproxy, dns, nodes):
    nodes[2].http("/not-ready")
    dns.addresses = [node.host for node in nodes]
    asked = set()

    def is_seen():
        asked.add(node_of(scene, f"early-{next(count)}"))
        return any(line["status"].startswith("DOWN") and line["check_status"] == "L7STS" for (proxy, name), line in haproxy.stats().items()
                   if proxy == "anyport_nodes" and name.startswith("node"))
    wait_for(is_seen, 15, "the third is found, and is not ready")
    check("n3" not in asked, f"{asked}")
    nodes[2].http("/ready")


def test(scene):
    nodes = [StandIn(scene, number, FIRST_PORT, 2, []) for number in (1, 2, 3)]
    dns = Dns(scene.host(53))
    dns.addresses = [node.host for node in nodes[:2]]
    haproxy = fronts(scene, 1, dns, "--stickiness", "client-id", "--balance", "roundrobin")
    wait_for(lambda: ups(haproxy) == 2, 15, "two nodes are found")
    clients = [f"app-{n}" for n in range(9)]
    kept = {client: node_of(scene, client) for client in clients}
    check(set(kept.values()) == {"n1", "n2"}, f"{kept}")

    if haproxy_version() >= (3, 1):
        a_new_one_waits_until_it_is_ready(scene, haproxy, dns, nodes)
    dns.addresses = [node.host for node in reversed(nodes)]  # another order: slots may change their minds
    wait_for(lambda: ups(haproxy) == 3, 15, "the third is found")
    check({client: node_of(scene, client) for client in clients} == kept, "an entry means an address")
    wait_for(lambda: node_of(scene, f"new-{scene.dir.stat().st_mtime_ns}-{next(count)}") == "n3", 10, "it gets clients")

    dns.fails, before = True, dns.failed
    wait_for(lambda: dns.failed > before + 8, 15, "the DNS is asked and fails")
    check(ups(haproxy) == 3, "no node is taken down by it")
    check({client: node_of(scene, client) for client in clients} == kept, "nor does a client move")

    dns.fails, dns.addresses = False, [nodes[1].host, nodes[2].host]
    wait_for(lambda: ups(haproxy) == 2, 15, "who is gone from the answers goes")
    check("n1" not in {node_of(scene, client) for client in clients}, "and its clients go to others")
    if haproxy_version() >= (3, 0):
        a_hash_knows_addresses(scene, nodes, [f"app-{n}" for n in range(30)])


count = iter(range(1000))
run(test)
