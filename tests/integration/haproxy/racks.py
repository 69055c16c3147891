#!/usr/bin/env python3
"""Nodes of HAProxy's rack first, all of the others when none is left; and connections that are closed with their node."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, request, run  # noqa: E402


def node_of(front, client_id="app"):
    with front.link() as link:
        return link.ask(request(client_id))["node"]


def stop(front):
    for process in [front.haproxy.process, *(node.process for node in front.nodes)]:
        process.stop()


def racks(scene):
    front = Front(scene, nodes=3, racks=["here", "there", "there"], arguments=["--rack", "here", "--slowstart", "0s"])
    local, *others = front.nodes
    check({node_of(front) for _ in range(6)} == {local.name}, "the local one")
    local.http("/not-ready")
    front.wait_status(local, "DOWN")
    check({node_of(front) for _ in range(6)} == {node.name for node in others}, "all of the others")
    local.http("/ready")
    front.wait_status(local, "UP")
    check({node_of(front) for _ in range(6)} == {local.name}, "the local one again")
    stop(front)


def marked_down(scene):
    """By wish, connections of a node that is not ready are closed."""
    front = Front(scene, arguments=["--on-marked-down", "shutdown"])
    link = front.link()
    node = next(n for n in front.nodes if n.name == link.ask(request("app"))["node"])
    node.http("/not-ready")
    front.wait_status(node, "DOWN")
    link.sock.settimeout(5)
    check(link.sock.recv(1) == b"", "its connection is closed")
    stop(front)


def test(scene):
    racks(scene)
    marked_down(scene)


run(test)
