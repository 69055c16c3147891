#!/usr/bin/env python3
"""Any of HAProxy's ports reaches any node, there on the same port; the bytes are spliced; the sizes hold."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, run, wait_for  # noqa: E402

MEGABYTE = 1 << 20


def nobody_is_connected(front):
    """As HAProxy sees it: it weighs its servers by their connections."""
    wait_for(lambda: all(front.of(node)["scur"] == "0" for node in front.nodes), 5, "all links closed")


def every_port_reaches_every_node(front):
    for port in front.ports:
        nobody_is_connected(front)
        links = [front.link(port) for _ in range(6)]
        answers = [link.ask() for link in links]
        for link in links:
            link.close()
        check(all(a["port"] == port for a in answers), f"asked port {port}: {answers}")
        nodes = {a["node"] for a in answers}
        check(nodes == {n.name for n in front.nodes}, f"port {port} reached only {nodes}")


def connections_are_spread(front):
    links = [front.link(front.ports[0]) for _ in range(30)]
    answers = [link.ask()["node"] for link in links]
    for link in links:
        link.close()
    for node in front.nodes:
        check(9 <= answers.count(node.name) <= 11, f"{node.name} has {answers.count(node.name)} of 30")


def bytes_are_spliced(front):
    with front.link() as link:
        check(link.ask(bytes(8 * MEGABYTE))["bytes"] == 8 * MEGABYTE, "a large request arrives whole")
        check(len(link.ask(b"give %d" % (8 * MEGABYTE))) == 8 * MEGABYTE, "a large answer arrives whole")
    spliced = sum(int(value) for name, value in front.info().items() if name.startswith("TotalSplic"))
    check(spliced > 15 * MEGABYTE, f"only {spliced} bytes of 16 MB were spliced")


def sizes_are_as_announced(front):
    info = front.info()
    announced = int(re.search(r"At most (\d+) descriptors", front.text)[1])
    reserved = int(info["Maxsock"])
    check(reserved <= announced, f"HAProxy reserves {reserved} descriptors, the file says {announced}")
    check(announced <= reserved + 300, f"HAProxy reserves {reserved} descriptors only, the file says {announced}")
    check(int(info["Maxpipes"]) == int(re.search(r"maxpipes (\d+)", front.text)[1]), "pipes")


def test(scene):
    front = Front(scene, nodes=3, ports=4)
    connections_are_spread(front)
    every_port_reaches_every_node(front)
    bytes_are_spliced(front)
    sizes_are_as_announced(front)


run(test)
