#!/usr/bin/env python3
"""The agent check: the whole state in each answer, and HAProxy does what it says."""
import pathlib
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import HTTP_PORT, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import errors_of, no_errors, produce, produce_request  # noqa: E402

AGENT_PORT = 9999


def agent_says(node, sends=b""):
    with socket.create_connection((node.host, AGENT_PORT), 5) as sock:
        sock.sendall(sends)
        answer = b""
        while part := sock.recv(100):
            answer += part
        return answer.decode()


def backend(nodes):
    """Sticky clients, and servers whose weight the agent sets."""
    lines = ["balance leastconn", "stick-table type string len 32 size 1k expire 1h", "stick on src",
             f"default-server weight 100 check port {HTTP_PORT} inter 300ms fall 3 rise 1 "
             f"agent-check agent-port {AGENT_PORT} agent-inter 200ms"]
    return "\n    ".join(lines + [f"server {n.name} {n.host}:9092" for n in nodes])


def haproxy_for(scene, nodes):
    return scene.haproxy([], config="\n".join([
        "global", f"    stats socket {scene.dir}/haproxy.sock mode 600 level admin", "    hard-stop-after 10s",
        "defaults", "    mode tcp", "    timeout connect 3s", "    timeout check 2s", "    timeout client 1m",
        "    timeout server 1m", "    option redispatch 1",
        "frontend kafka", f"    bind {scene.host(1)}:9092", "    default_backend gateway",
        "backend gateway", "    option httpchk GET /health/ready", "    http-check expect status 200",
        "    " + backend(nodes)]) + "\n")


def server(haproxy, node):
    return haproxy.stats()[("gateway", node.name)]


def check_lines(scene, cluster, env):
    """Before the cluster is known, ready, and with clients that send, wait or only come."""
    early = scene.node(f"{scene.host(250)}:9092", ready=False, env=env)
    wait_for(lambda: agent_says(early).startswith("down"), 5, "down before it is ready")
    early.stop()
    node = scene.node(cluster.bootstrap, env=env)
    check_equal(agent_says(node), "up ready 100%\n", "ready")
    check_equal(agent_says(node, b"x" * 5000), "up ready 100%\n", "whatever agent-send sends")
    idle = [socket.create_connection((node.host, AGENT_PORT), 5) for _ in range(200)]
    check_equal(agent_says(node), "up ready 100%\n", "with two hundred at once")
    for sock in idle:
        sock.close()
    return node


def in_flight(cluster, node):
    """A client that waits some seconds for its broker: so long the node drains."""
    kafka = Connection(*node.address)
    no_errors(produce(kafka, {("t", 0): [b"warm"]}), "Produce")
    for broker in cluster.brokers:
        cluster.command("rtt", broker, 4000)
    sent = node.metrics().sum("anyport_broker_bytes_total", direction="out")
    kafka.send("Produce", 7, **produce_request({("t", 0): [b"x" * 4000]}))
    wait_for(lambda: node.metrics().sum("anyport_broker_bytes_total", direction="out") > sent + 4000, 5, "on its way")
    for broker in cluster.brokers:
        cluster.command("rtt", broker, 0)
    return kafka


def node_of_one(haproxy, nodes):
    """The node of the only client; None: there are none, or more."""
    counts = [int(server(haproxy, n)["scur"]) for n in nodes]
    return nodes[counts.index(1)] if sorted(counts) == [0] * (len(nodes) - 1) + [1] else None


def check_drain(cluster, haproxy, nodes):
    """Sticky clients go elsewhere, at once: `maint`, not `drain`."""
    first = Connection(*haproxy.address)
    first.ask("ApiVersions", 0)
    used = wait_for(lambda: node_of_one(haproxy, nodes), 5, "one client, the connection that tried HAProxy has ended")
    other = next(n for n in nodes if n is not used)
    kept = in_flight(cluster, used)
    used.process.signal(signal.SIGTERM)
    wait_for(lambda: agent_says(used) == "maint\n", 5, "it says so")
    wait_for(lambda: server(haproxy, used)["status"].startswith("MAINT"), 5, "HAProxy takes it out")
    check(used.process.alive(), "while it drains, not because it has gone")
    before = other.metrics().sum("anyport_client_connections_total")
    for _ in range(5):
        with Connection(*haproxy.address) as kafka:
            kafka.ask("ApiVersions", 0)
    check_equal(other.metrics().sum("anyport_client_connections_total") - before, 5, "new connections go elsewhere")
    no_errors(errors_of("Produce", kept.receive()), "what was in flight")
    check_equal(used.process.wait(20), 0, "exit status")
    used.start()
    used.wait_ready()
    wait_for(lambda: server(haproxy, used)["status"].startswith("UP"), 10, "up again by the agent's `up ready`")


def check_weight(scene, cluster, haproxy, nodes):
    """A node that is nearly full asks for less, and for all when it isn't."""
    full = nodes[0]
    idle = [Connection(*full.address) for _ in range(38)]  # of 40
    wait_for(lambda: "100%" not in agent_says(full), 15, "a lower weight")
    wait_for(lambda: int(server(haproxy, full)["weight"]) < 100, 5, "and HAProxy has it")
    check(server(haproxy, full)["status"].startswith("UP"), "a lower weight is no lower state")
    for kafka in idle:
        kafka.close()
    wait_for(lambda: int(server(haproxy, full)["weight"]) == 100, 40, "the whole weight again")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    env = {"GATEWAY_AGENT_PORT": AGENT_PORT, "GATEWAY_MAX_CONNECTIONS": 40, "GATEWAY_CLUSTER_ID": "off"}
    nodes = [check_lines(scene, cluster, env), scene.node(cluster.bootstrap, env=env)]
    haproxy = haproxy_for(scene, nodes)
    haproxy.wait_up(*(n.name for n in nodes))
    check_drain(cluster, haproxy, nodes)
    check_weight(scene, cluster, haproxy, nodes)


run(test)
