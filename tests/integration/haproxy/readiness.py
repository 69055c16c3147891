#!/usr/bin/env python3
"""A node that says it is not ready gets no new connection and keeps those it has; without any, clients are refused at once."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, refused_at_once, run  # noqa: E402


def link_to(front, node):
    """A connection that landed on this node."""
    for _ in range(20):
        link = front.link()
        if link.ask()["node"] == node.name:
            return link
        link.close()
    raise AssertionError(f"no connection reached {node.name}")


def test(scene):
    front = Front(scene, nodes=2)
    first, second = front.nodes
    old = link_to(front, second)
    second.http("/not-ready")
    front.wait_status(second, "DOWN")
    reached = {front.ask(port)["node"] for port in front.ports for _ in range(10)}
    check(reached == {first.name}, f"new connections reached {reached}")
    check(old.ask()["node"] == second.name, "the old connection lives on")

    first.http("/not-ready")
    front.wait_status(first, "DOWN")
    check(old.ask()["node"] == second.name, "the old connection lives on without any node ready")
    check(refused_at_once((front.host, front.ports[0])), "without a node a client is refused at once")

    second.http("/ready")
    front.wait_status(second, "UP")
    check(front.ask()["node"] == second.name, "a node that is ready again is used again")
    check("GET /health/ready HTTP/1.1" in second.seen()["http"], "that is what was asked")


run(test)
