#!/usr/bin/env python3
"""A broker that refuses connections is told wherever an operator looks, and the node stays ready: the others serve."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from cluster import HTTP_PORT, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from pair import run_ctl  # noqa: E402
from traffic import produce  # noqa: E402

PARTS = {("t", p): [b"x"] for p in range(3)}  # partition p is led by broker 1 + p


def ctl(node, *words):
    status, out, errors = run_ctl(*words, "--http", f"{node.host}:{HTTP_PORT}")
    check_equal(errors, "", f"{words}")
    return status, out


def states(node):
    return {b["id"]: b["state"] for b in node.get_json("/v1/brokers")[1]["brokers"]}


def up(node):
    return {int(labels["broker"]): value for name, labels, value in node.metrics().samples if name == "anyport_broker_up"}


def check_well(node):
    wait_for(lambda: states(node) == {1: "up", 2: "up", 3: "up"}, 10, "all are up")
    wait_for(lambda: node.get_json("/health")[1]["status"] == "ready", 5, "the node is ready")
    check_equal(node.get_json("/health")[1]["cluster"]["brokers_lost"], 0, "none is lost")
    check_equal(up(node), {1: 1, 2: 1, 3: 1}, "metrics")
    broker = node.get_json("/v1/route?api=Produce&topic=t&partition=1")[1]["broker"]
    check_equal((broker["id"], broker["is_reachable"], broker["state"], broker["lost_ms"], broker["lost_why"]),
                (2, True, "up", None, None), "the route")
    check_equal(ctl(node, "status")[0], 0, "status")
    check_equal(ctl(node, "route", "t")[0], 0, "route")


def check_http(node):
    two = next(b for b in node.get_json("/v1/brokers")[1]["brokers"] if b["id"] == 2)
    check("refused" in two["lost_why"] and 0 <= two["lost_ms"] < 60000, f"{two}")
    status, ready = node.get_json("/health/ready")
    check_equal((status, ready["status"], len(ready["reasons"])), (200, "degraded", 1), "it takes clients")
    check(ready["reasons"][0].startswith("1 of 3 brokers do not answer: 2 for "), f"{ready}")
    check("refused" in ready["reasons"][0], f"{ready}")
    check_equal(node.get_json("/health")[1]["cluster"]["brokers_lost"], 1, "one is lost")
    check_equal(up(node), {1: 1, 2: 0, 3: 1}, "metrics")
    broker = node.get_json("/v1/route?api=Produce&topic=t&partition=1")[1]["broker"]
    check_equal((broker["id"], broker["is_reachable"], broker["state"]), (2, False, "lost"), "the route")
    check("refused" in broker["lost_why"], f"{broker}")
    other = node.get_json("/v1/route?api=Produce&topic=t&partition=0")[1]["broker"]
    check_equal((other["id"], other["is_reachable"]), (1, True), "another's route")


def check_commands(node):
    status, out = ctl(node, "status")
    check_equal(status, 1, "status")
    check("wrong: 1 of 3 brokers do not answer: 2 for " in out, out)
    row = next(line for line in out.splitlines() if line.split()[:2] == ["2", "lost"])
    check(row.split()[2] == "for", out)
    check_equal(out.count("do not answer") + out.count("has not answered"), 1, "it is said once")
    report = json.loads(ctl(node, "status", "--json")[1])
    check_equal([b["state"].split()[0] for b in report["brokers"]], ["up", "lost", "up"], "for a program")
    status, out = ctl(node, "route", "t/1")
    check_equal(status, 1, "its route")
    check(", which has not answered for " in out and "refused" in out, out)
    check_equal(ctl(node, "route", "t/0")[0], 0, "another's route")
    status, out = ctl(node, "route", "t")
    check_equal(status, 1, "a topic's route")
    check("wrong: partitions that are led by a broker that does not answer: 1" in out, out)


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    cluster.spread("t", 3)
    node = scene.node(cluster.bootstrap)
    with Connection(*node.address, timeout=20) as kafka:
        check_equal(produce(kafka, PARTS), dict.fromkeys(PARTS, 0), "all brokers take records")
        check_well(node)
        cluster.command("down", 2)
        check(produce(kafka, PARTS)[("t", 1)] != 0, "a client notices it")
        wait_for(lambda: states(node) == {1: "up", 2: "lost", 3: "up"}, 10, "the one that refuses is lost, and no other")
        check_http(node)
        check_commands(node)
        errors = produce(kafka, PARTS)
        check_equal({part for part, code in errors.items() if code == 0}, {("t", 0), ("t", 2)}, "the others serve")
        cluster.command("up", 2)
        check_well(node)
        wait_for(lambda: not any(produce(kafka, PARTS).values()), 10, "it is used again")
    check("event=broker_back broker=2 " in node.process.log(1000), "the log tells that it is back")


run(test)
