#!/usr/bin/env python3
"""SIGTERM: not ready, nobody new, what is in flight is answered, then exit 0; a second one ends it at once."""
import datetime
import pathlib
import re
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, http_get, lasts, patient, run, wait_for  # noqa: E402
from kafka_wire import Closed, Connection, WireError  # noqa: E402
from traffic import errors_of, fetch_request, no_errors, produce, produce_request  # noqa: E402

PARTS = [("t", p) for p in range(3)]


def refused(node):
    try:
        with socket.create_connection(node.address, 1):
            return False
    except ConnectionRefusedError:
        return True


def ended(kafka):
    """An answer, then or at once the end."""
    try:
        kafka.receive()
    except (WireError, ConnectionError):
        return True
    return kafka.is_closed(10)


def turn_gaps(node):
    """Seconds between the turns of its drain."""
    times = re.findall(r"^time=(\S+)Z .*event=drain_turn", node.process.log(10 ** 6), re.M)
    at = [datetime.datetime.fromisoformat(time).timestamp() for time in times]
    return [later - earlier for earlier, later in zip(at, at[1:])]


def check_drain(scene, cluster):
    node = scene.node(cluster.bootstrap)
    writer, poller, idle = (Connection(*node.address, timeout=20) for _ in range(3))
    idle.ask("ApiVersions", 0)
    no_errors(produce(writer, {part: [b"warm"] for part in PARTS}), "before")
    for broker in cluster.brokers:
        cluster.command("rtt", broker, 1500)
    poller.send("Fetch", 11, **fetch_request({("empty", 0): 0}, max_wait_ms=patient(25000)))
    sent = node.metrics().sum("anyport_broker_bytes_total", direction="out")
    writer.send("Produce", 7, **produce_request({part: [b"in flight" * 100] for part in PARTS}))
    wait_for(lambda: node.metrics().sum("anyport_broker_bytes_total", direction="out") > sent + 2000, 5,
             "the Produce is on its way")

    with lasts("drained, not held up by a long poll", most=12):
        node.process.signal(signal.SIGTERM)
        status, _ = wait_for(lambda: (lambda got: got if got[0] != 200 else None)(http_get(node.http + "/health/ready")),
                             1, "not ready")
        check_equal(status, 503, "readiness while draining")
        check_equal(http_get(node.http + "/health/live")[0], 200, "alive while draining")
        wait_for(lambda: refused(node), 2, "no new connections")
        no_errors(errors_of("Produce", writer.receive()), "what was in flight is answered")
        check(ended(poller), "a long poll is ended")
        check(idle.is_closed(10), "an idle connection is closed")
        check(writer.is_closed(10), "and the writer's, once answered")
        check_equal(node.process.wait(15), 0, "exit status")
    gaps = turn_gaps(node)
    check(min(gaps[:2]) > 0.9 and max(gaps) > 1.3, f"a turn begins a second after those before it have gone: {gaps}")
    for broker in cluster.brokers:
        cluster.command("rtt", broker, 0)


def send_into_flight(node, kafka):
    """A Produce that has left for its broker."""
    def bytes_sent():
        return node.metrics().sum("anyport_broker_bytes_total", direction="out")
    before = bytes_sent()
    kafka.send("Produce", 7, **produce_request({("t", 0): [b"x" * 4000]}))
    wait_for(lambda: bytes_sent() > before + 4000, 5, "the Produce is on its way")


def check_second_signal(scene, cluster):
    node = scene.node(cluster.bootstrap)
    kafka = Connection(*node.address)
    for broker in cluster.brokers:
        cluster.command("rtt", broker, patient(20000))
    send_into_flight(node, kafka)
    node.process.signal(signal.SIGTERM)
    wait_for(lambda: http_get(node.http + "/health/ready")[0] == 503, 2, "draining")
    check(node.process.alive(), "waits for what is in flight")
    with lasts("a second SIGTERM ends it at once", most=1.5):
        node.process.signal(signal.SIGTERM)
        node.process.wait(5)
    for broker in cluster.brokers:
        cluster.command("rtt", broker, 0)


def check_timeout(scene, cluster):
    """What never ends is cut off at the drain's timeout."""
    node = scene.node(cluster.bootstrap, env={"GATEWAY_DRAIN_TIMEOUT": "1 s"})
    kafka = Connection(*node.address)
    for broker in cluster.brokers:
        cluster.command("rtt", broker, patient(20000))
    send_into_flight(node, kafka)
    with lasts("ends at the drain's timeout", 0.7, 4):
        node.process.signal(signal.SIGTERM)
        check_equal(node.process.wait(6), 0, "exit status")
    for broker in cluster.brokers:
        cluster.command("rtt", broker, 0)


def check_behind_haproxy(scene, cluster):
    """Two nodes, one drained under load: no request of a client that reconnects is lost for long."""
    nodes = [scene.node(cluster.bootstrap) for _ in range(2)]
    haproxy = scene.haproxy(nodes)
    haproxy.wait_up(*(node.name for node in nodes))
    nodes[0].process.signal(signal.SIGTERM)
    check_equal(nodes[0].process.wait(10), 0, "exit status")
    failures = 0
    for _ in range(50):
        try:
            with Connection(*haproxy.address) as kafka:
                no_errors(produce(kafka, {("t", 0): [b"x"]}), "through the other node")
        except (Closed, ConnectionError):
            failures += 1
    check_equal(failures, 0, "clients that come while a node is gone")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3, "empty": 1})
    cluster.spread("t", 3)
    for part in (check_drain, check_second_signal, check_timeout, check_behind_haproxy):
        part(scene, cluster)


run(test)
