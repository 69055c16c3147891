#!/usr/bin/env python3
"""HTTP: alive at once, ready when the cluster has answered, figures that are true."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, free_ports, http_get, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce  # noqa: E402


def check_start(scene, cluster):
    """Alive without a cluster, not ready; ready when it appears."""
    port = free_ports("127.0.0.1")
    node = scene.node(f"127.0.0.1:{port}", ready=False)
    wait_for(lambda: http_get(node.http + "/health/live")[0] == 200, 5, "alive without a cluster")
    status, text = http_get(node.http + "/health/ready")
    check_equal(status, 503, "ready without a cluster")
    check("no broker has answered" in text, f"and why: {text}")
    host, broker_port = cluster.brokers[1]
    scene.process(["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", f"TCP:{host}:{broker_port}"], name="relay")
    node.wait_ready(20)
    return node


def check_no_port(scene, cluster):
    """The ports are for broker ids that the cluster does not have: that is said, not just that something is missing."""
    node = scene.node(cluster.bootstrap, ready=False, ports=2, env={"GATEWAY_MIN_BROKERID": "50"})
    reason = "no broker has a port: see min_broker_id, 50, and port_count, 2"
    wait_for(lambda: reason in http_get(node.http + "/health/ready")[1], 5, "the reason why it is not ready")


def check_paths(node):
    check_equal(http_get(node.http + "/nonsense")[0], 404, "an unknown path")
    status, text = http_get(node.http + "/metrics")
    check_equal(status, 200, "/metrics")
    kinds = [line.split() for line in text.splitlines() if line.startswith("# TYPE")]
    helps = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP")]
    names = [words[2] for words in kinds]
    check_equal(len(names), len(set(names)), "each metric is described once")
    check_equal(sorted(helps), sorted(names), "each with a help and a type")
    check(all(name.startswith(("anyport_", "process_")) for name in names), f"names: {names}")
    check(all(words[3] in ("counter", "gauge", "histogram") for words in kinds), "types")
    for name, labels, value in node.metrics().samples:
        family = name
        for end in ("_bucket", "_sum", "_count"):
            family = family.removesuffix(end) if family not in names else family
        check(family in names, f"{name} is described")
        check(value >= 0, f"{name}{labels} is {value}")


def check_figures(node):
    """Counters move by what was done."""
    before = node.metrics()
    requests = 5
    with Connection(*node.address) as kafka:
        for _ in range(requests):
            kafka.ask("ApiVersions", 0)
            no_errors(produce(kafka, {("t", 0): [b"x" * 1000]}), "Produce")
            no_errors(produce(kafka, {("t", p): [b"x" * 1000] for p in range(3)}), "split Produce")
        open_now = node.metrics()
    wait_for(lambda: node.metrics().sum("anyport_client_connections_closed_total") >
             before.sum("anyport_client_connections_closed_total"), 5, "the connection counted as closed")
    after = node.metrics()

    def moved(name, **labels):
        return after.sum(name, **labels) - before.sum(name, **labels)
    check_equal(moved("anyport_client_connections_total"), 1, "connections")
    check_equal(moved("anyport_requests_total", api="Produce"), 2 * requests, "Produce requests")
    check_equal(moved("anyport_requests_total", api="ApiVersions"), requests, "ApiVersions requests")
    check_equal(moved("anyport_split_requests_total"), requests, "splits")
    check_equal(moved("anyport_split_parts_total"), 3 * requests, "parts")
    check(moved("anyport_client_bytes_total", direction="in") > 4000 * requests, "bytes from clients")
    check(moved("anyport_broker_bytes_total", direction="out") > 4000 * requests, "bytes to brokers")
    check(moved("anyport_client_bytes_total", direction="out") > 0, "bytes to clients")
    check(moved("anyport_broker_connections_total") >= 3, "broker connections")
    check(open_now.sum("anyport_client_connections_total") > open_now.sum("anyport_client_connections_closed_total"),
          "one is open meanwhile")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    cluster.spread("t", 3)
    node = check_start(scene, cluster)
    check_no_port(scene, cluster)
    check_paths(node)
    check_figures(node)


run(test)
