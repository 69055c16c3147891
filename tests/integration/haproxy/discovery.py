#!/usr/bin/env python3
"""Nodes that the DNS names: they come and go with its answers, stay when it fails, and keep their clients."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from nameserver import Dns  # noqa: E402
from front import FIRST_PORT, Link, StandIn, check, generate, request, run, wait_for  # noqa: E402

NAME = "gw.example.com"


def node_of(scene, client_id):
    with Link(scene.host(1), FIRST_PORT, scene.host(9)) as link:
        return link.ask(request(client_id))["node"]


def ups(haproxy):
    return sum(line["status"].startswith("UP") for (proxy, name), line in haproxy.stats().items()
               if proxy == "anyport_nodes" and name.startswith("node"))


def test(scene):
    nodes = [StandIn(scene, number, FIRST_PORT, 2, []) for number in (1, 2, 3)]
    dns = Dns(scene.host(53))
    dns.addresses = [node.host for node in nodes[:2]]
    status, text, errors = generate(["--listen", f"{scene.host(1)}:{FIRST_PORT}-{FIRST_PORT + 1}", "--discover", NAME,
                                     "--discover-slots", 5, "--dns-server", dns.place, "--stickiness", "client-id",
                                     "--balance", "roundrobin", "--stats-socket", scene.dir / "haproxy.sock"])
    check(status == 0 and errors == "", f"generate: {status}: {errors}")
    haproxy = scene.haproxy(config=text, host=scene.host(1), first_port=FIRST_PORT, ports=2)
    wait_for(lambda: ups(haproxy) == 2, 15, "two nodes are found")
    clients = [f"app-{n}" for n in range(9)]
    kept = {client: node_of(scene, client) for client in clients}
    check(set(kept.values()) == {"n1", "n2"}, f"{kept}")

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


count = iter(range(1000))
run(test)
