#!/usr/bin/env python3
"""anyportctl status and route: what a node believes, asked over its HTTP API."""
import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from cluster import FIRST_PORT, HTTP_PORT, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from pair import run_ctl  # noqa: E402
from traffic import produce_request  # noqa: E402


def ask(node, *words):
    """Its exit status and JSON."""
    status, out, errors = run_ctl(*words, "--http", f"{node.host}:{HTTP_PORT}", "--json")
    check_equal(errors, "", f"{words}")
    return status, json.loads(out)


def check_status(cluster, node):
    with Connection(*node.address) as kafka:
        kafka.ask("ApiVersions", 0)

        def counted():
            return ask(node, "status")[1]["nodes"][0]["clients"] in (1, None)
        wait_for(counted, 5, "the client is counted")
        status, report = ask(node, "status")
    check_equal((status, report["findings"]), (0, []), "all is well")
    check_equal(len(report["nodes"]), 1, "nodes")
    row = report["nodes"][0]
    check_equal((row["state"], row["host"], row["ports"]), ("ready", node.host, f"{FIRST_PORT}-{FIRST_PORT + 4}"), "its row")
    check_equal({b["broker"]: (b["place"], b["told"]) for b in report["brokers"]},
                {b: (f"{host}:{port}", f"{node.host}:{FIRST_PORT + b - 1}") for b, (host, port) in cluster.brokers.items()},
                "brokers")
    status, out, errors = run_ctl("status", "--http", f"{node.host}:{HTTP_PORT}")
    check_equal((status, errors), (0, ""), "as a table")
    for text in ("Kafka cluster mockCluster", "NODE", "ITS OWN PLACE", f"{node.host}:{FIRST_PORT + 2}"):
        check(text in out, f"{text!r} in\n{out}")


def check_not_ready(scene, cluster, node):
    """A broker without a port, a node that drains, and one that is not there."""
    few = scene.node(cluster.bootstrap, ports=2)
    status, report = ask(few, "status")
    check_equal((status, report["findings"]), (1, ["broker 3: there is no port for it, broker 2's is told"]), "too few ports")
    for broker in cluster.brokers:
        cluster.command("rtt", broker, 20000)
    with Connection(*few.address) as kafka:
        sent = few.metrics().sum("anyport_broker_bytes_total", direction="out")
        kafka.send("Produce", 7, **produce_request({("t", 0): [b"x" * 4000]}))
        wait_for(lambda: few.metrics().sum("anyport_broker_bytes_total", direction="out") > sent + 4000, 5, "in flight")
        few.process.signal(signal.SIGTERM)
        wait_for(lambda: ask(few, "status")[1]["nodes"][0]["state"] == "draining", 5, "it drains")
        status, report = ask(few, "status")
        check_equal(status, 1, "exit status while it drains")
        check(any("is draining" in finding for finding in report["findings"]), report["findings"])
    few.process.kill()
    for broker in cluster.brokers:
        cluster.command("rtt", broker, 0)
    status, out, errors = run_ctl("status", "--http", f"{few.host}:{HTTP_PORT}")
    check_equal((status, out), (1, ""), "a node that is not there")
    check(f"http://{few.host}:{HTTP_PORT}/v1/node" in errors, errors)


def check_route(cluster, node):
    status, report = ask(node, "route", "t")
    check_equal(status, 0, "exit status")
    check_equal([(p["partition"], p["leader"], p["told"]) for p in report["partitions"]],
                [(p, 1 + p % 3, f"{node.host}:{FIRST_PORT + p % 3}") for p in range(4)], "leaders")
    status, report = ask(node, "route", "t/2", "--api", "Fetch")
    check_equal((status, report["api"], report["route"], report["broker"]["address"]),
                (0, "Fetch", "leader", "%s:%d" % cluster.brokers[3]), "one partition")
    cluster.command("coordinator", "group", "g/1&%", 2)
    status, report = ask(node, "route", "--group", "g/1&%")
    check_equal((status, report["route"], report["broker"]["id"]), (0, "group", 2), "a group")
    status, report = ask(node, "route", "--api", "ListGroups")
    check_equal((status, report["route"], report["broker"]), (0, "all", None), "all brokers")
    status, out, errors = run_ctl("route", "t/1", "--http", f"{node.host}:{HTTP_PORT}")
    check_equal((status, errors), (0, ""), "for people")
    check("Produce goes to leader: broker 2 at %s:%d\nbecause broker 2 leads" % cluster.brokers[2] in out, out)


def check_refusals(node):
    http = f"{node.host}:{HTTP_PORT}"
    status, out, errors = run_ctl("route", "no-such-topic", "--http", http)
    check_equal((status, out), (1, ""), "a topic that is not there")
    check("status 404" in errors and "no-such-topic" in errors, errors)
    for words in ([], ["t/x"], ["t/-1"], ["t" * 250], ["t", "u"], ["t", "--zone", "z"]):
        check_equal(run_ctl("route", *words, "--http", http)[0], 2, f"route {words}")
    status, _, errors = run_ctl("route", "t/1", "--api", "Nonsense", "--http", http)
    check(status == 1 and "Nonsense" in errors, errors)


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 4})
    cluster.spread("t", 4)
    node = scene.node(cluster.bootstrap)
    check_status(cluster, node)
    check_route(cluster, node)
    check_refusals(node)
    check_not_ready(scene, cluster, node)


run(test)
