#!/usr/bin/env python3
"""With proxy_protocol = require the nodes learn each client's address and port, and their HTTP port gets no PROXY header."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import FIRST_PORT, Front, check, run  # noqa: E402

PORTS = 3


def test(scene):
    env = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "GATEWAY_PORT_START": FIRST_PORT,
        "GATEWAY_PORT_COUNT": PORTS,
        "GATEWAY_ADVERTISED_LISTENER": f"{scene.host(1)}:{FIRST_PORT}",
        "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "false",
        "GATEWAY_PROXY_PROTOCOL": "require",
    }
    front = Front(scene, ports=PORTS, proxy=True, env={k: str(v) for k, v in env.items()})
    for number, port in enumerate(front.ports):
        source = scene.host(200 + number)
        with front.link(port, source) as link:
            seen = link.ask()["proxy"]
            check(seen["source"] == source, f"the client {source} was told as {seen}")
            check(seen["source_port"] == link.sock.getsockname()[1], f"its port was told as {seen}")
        check((seen["to"], seen["to_port"]) == (front.host, port), f"asked for {front.host}:{port}, told {seen}")
    for node in front.nodes:
        starts = [line for line in node.seen()["http"] if not line.startswith(("GET /health/ready ", "GET /seen "))]
        check(not starts, f"the HTTP port of {node.name} got {starts}")


run(test)
