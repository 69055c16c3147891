#!/usr/bin/env python3
"""anyportctl haproxy generate --from: a live node tells what its configuration file would."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import check, generate, run  # noqa: E402

FLAGS = ["--limit-source", "100"]


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 3})
    node = scene.node(kafka.bootstrap, ports=4, advertise=f"{scene.host(1)}:9092", env={
        "HAPROXY_LISTEN": scene.host(1), "HAPROXY_NODES": f"n1={scene.host(11)}:8888@a,n2={scene.host(12)}@b", "HAPROXY_RACK": "a",
        "HAPROXY_STICKINESS": "client-id", "HAPROXY_TABLE_EXPIRE": "36 h", "HAPROXY_SPLICE": "false",
        "GATEWAY_PROXY_PROTOCOL": "require", "GATEWAY_PROXY_TRUSTED": "127.0.0.0/8,10.0.0.0/8", "GATEWAY_AGENT_PORT": "9999",
        "GATEWAY_MAX_CONNECTIONS": "777", "GATEWAY_IDLE_TIMEOUT": "20 min"})
    status, told, errors = generate(["--from", node.http, *FLAGS])
    check(status == 0, f"{status}: {errors}")
    status, read, _ = generate(FLAGS, env=node.env)
    check(status == 0 and told == read, f"not what its own variables say:\n{told}\n---\n{read}")
    check("stick-table type string len 64 size 100k expire 36h" in told and "timeout client 21m" in told, told)
    status, told, _ = generate(["--from", node.http], env={"HAPROXY_STICKINESS": "source"})
    check(status == 0 and "stick on src" in told, "what is said here wins in the section haproxy")
    node.stop()

    counts = scene.node(kafka.bootstrap, advertise=f"{scene.host(1)}:9092", env={
        "GATEWAY_PORT_COUNT": "0", "GATEWAY_NODE_ID": "gw-1", "GATEWAY_CLUSTER_ID": "off"})
    status, told, errors = generate(["--from", counts.http, "--listen", scene.host(1)])
    check(status == 0, f"{status}: {errors}")
    check(f"server gw-1 {counts.host} id 1 check port 8888" in told, f"itself is the node: {told}")
    first, last = (int(p) for p in told.split(f"bind {scene.host(1)}:")[1].split()[0].split("-"))
    check((first, last) == (9092, 9096), f"brokers 1 to 3 and two more: {first}-{last}")

    status, told, errors = generate(["--from", f"http://{scene.host(99)}:1"])
    check(status == 1 and told == "" and scene.host(99) in errors, f"nobody there: {status}: {errors}")
    status, told, errors = generate(["--from", counts.http, "-c", "x.conf"])
    check(status == 2 and "leave one of them out" in errors, f"{status}: {errors}")


run(test)
