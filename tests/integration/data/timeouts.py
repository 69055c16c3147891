#!/usr/bin/env python3
"""Slow clients and slow brokers: head, body, idle and request timeouts."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, lasts, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import errors_of, no_errors, produce_request  # noqa: E402

SLACK = 2.5  # of a busy machine


def closed_after(kafka, least, what):
    with lasts(f"{what}: not before its time", least * 0.7):
        check(kafka.is_closed(least + SLACK), f"{what}: closed")


def counted(node, kind):
    return node.metrics().sum("anyport_client_timeouts_total", kind=kind)


def check_head(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"GATEWAY_HEAD_TIMEOUT": "700 ms"})
    with Connection(*node.address) as kafka:
        kafka.ask("ApiVersions", 0)
        kafka.send_raw(b"\0\0")
        closed_after(kafka, 0.7, "half a size")
    with Connection(*node.address) as kafka:
        kafka.send_raw(kafka.make("Metadata", 1, topics=[{"name": "t"}])[:9])
        closed_after(kafka, 0.7, "half a head")
    check_equal(counted(node, "head"), 2, "head timeouts")


def check_body(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"GATEWAY_BODY_TIMEOUT": "1 s"})
    one = {("t", 0): [b"x" * 5000]}
    several = {("t", 0): [b"x" * 5000], ("t", 1): [b"x" * 5000]}
    for values, what in ((one, "one partition"), (several, "several partitions")):
        with Connection(*node.address) as kafka:
            data = kafka.make("Produce", 7, **produce_request(values))
            kafka.send_raw(data[:3000])
            closed_after(kafka, 1, f"half a Produce of {what}")
    check_equal(counted(node, "body"), 2, "body timeouts")
    # In small pieces, none of them late: what arrives adds to the time.
    with Connection(*node.address) as kafka:
        data = kafka.make("Produce", 7, **produce_request({("t", 0): [b"x" * 500000]}))
        kafka.send_slowly(data, len(data) // 12, 0.15)
        no_errors(errors_of("Produce", kafka.receive()), "a slow but steady sender")


def check_idle(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"GATEWAY_IDLE_TIMEOUT": "1 s"})
    with Connection(*node.address) as silent, Connection(*node.address) as kafka:
        kafka.ask("ApiVersions", 0)
        closed_after(silent, 0.5, "a client that never said anything")
        check(kafka.is_closed(SLACK), "a client that has fallen silent")
    with Connection(*node.address) as kafka:
        for _ in range(2):  # for longer than any silent one may stay
            with Connection(*node.address) as silent:
                silent.ask("ApiVersions", 0)
                wait_for(lambda: kafka.ask("ApiVersions", 0) and silent.is_closed(0.02), 1 + SLACK, "the silent one is closed")
        cluster.command("rtt", 1, 2500)
        kafka.send("Produce", 7, **produce_request({("t", 0): [b"x"]}))
        no_errors(errors_of("Produce", kafka.receive()), "who waits for an answer isn't idle")
        cluster.command("rtt", 1, 0)
    check_equal(counted(node, "idle"), 4, "idle timeouts")


def check_request(scene, cluster):
    """A coordinator that doesn't answer in time: 15, and the connection stays."""
    node = scene.node(cluster.bootstrap, env={"GATEWAY_REQUEST_TIMEOUT": "1 s"})
    cluster.command("coordinator", "group", "g", 3)
    with Connection(*node.address, timeout=20) as kafka:
        kafka.ask("Heartbeat", 3, group_id="g")
        cluster.command("rtt", 3, 6000)
        with lasts("after its time", 0.7, 1 + SLACK):
            error = kafka.ask("Heartbeat", 3, group_id="g")["error_code"]
        check_equal(error, 15, "a Heartbeat not answered in time")
        cluster.command("rtt", 3, 0)
        check(kafka.ask("ApiVersions", 0), "the connection stays")
        check(node.metrics().sum("anyport_request_timeouts_total") >= 1, "request timeouts are counted")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    cluster.spread("t", 3)
    for part in (check_head, check_body, check_idle, check_request):
        part(scene, cluster)


run(test)
