#!/usr/bin/env python3
"""Nodes on other ports than HAProxy's: each port keeps its place in the range; in `single` mode there is one."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import FIRST_PORT, Front, check, run  # noqa: E402

NODE_FIRST, PORTS = 6969, 3


def environment(scene, **more):
    return {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "GATEWAY_PORT_START": str(NODE_FIRST),
        "GATEWAY_ADVERTISED_LISTENER": f"{scene.host(1)}:{FIRST_PORT}",
        "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "false",
        **more,
    }


def each_port_keeps_its_place(scene):
    front = Front(scene, ports=PORTS, node_first=NODE_FIRST, env=environment(scene, GATEWAY_PORT_COUNT=str(PORTS), GATEWAY_PORT_IS_HINT="true"))
    for place, port in enumerate(front.ports):
        for _ in front.nodes:
            answer = front.ask(port)
            check(answer["port"] == NODE_FIRST + place, f"asked for port {port}: {answer}")
    return front


def single_goes_to_one_port(scene):
    front = Front(scene, ports=1, node_first=NODE_FIRST, env=environment(scene, GATEWAY_ADVERTISED_MODE="single"))
    links = [front.link() for _ in range(4)]
    answers = [link.ask() for link in links]
    for link in links:
        link.close()
    check({a["port"] for a in answers} == {NODE_FIRST}, f"{answers}")
    check({a["node"] for a in answers} == {"n1", "n2"}, f"{answers}")


def test(scene):
    front = each_port_keeps_its_place(scene)
    for process in [front.haproxy.process, *(node.process for node in front.nodes)]:
        process.stop()
    single_goes_to_one_port(scene)


run(test)
