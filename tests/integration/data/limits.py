#!/usr/bin/env python3
"""Limits: clients in all, clients by address, the size of a request."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce, produce_request  # noqa: E402


def opened(node, source=None):
    """A connection that was answered, or None when the node closed it."""
    kafka = Connection(*node.address, source=source)
    try:
        kafka.ask("ApiVersions", 0)
        return kafka
    except Exception:  # closed or reset, whichever came first
        kafka.close()
        return None


def held_back(node, leaves):
    """Who comes when the node is full waits for a moment, and is served when another one leaves."""
    kafka = Connection(*node.address)
    kafka.send("ApiVersions", 0)
    leaves.close()
    check(kafka.receive()["api_keys"], "served when there is room")
    return kafka


def check_total(scene, cluster):
    for threads in (1, 2):
        node = scene.node(cluster.bootstrap, threads=threads, env={"GATEWAY_MAX_CONNECTIONS": 10})
        clients = [opened(node) for _ in range(10)]
        check(all(clients), f"{threads} workers: ten clients of ten")
        clients.append(held_back(node, clients.pop()))
        check(not any(opened(node) for _ in range(3)), f"{threads} workers: no eleventh")
        check_equal(node.metrics().sum("anyport_client_connections_refused_total", reason="limit"), 3, "refusals")
        for kafka in clients:
            check(kafka.ask("ApiVersions", 0), "the others don't notice")
            kafka.close()


def check_address(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"GATEWAY_MAX_CONNECTIONS_PER_ADDRESS": 3})
    one, other = scene.host(201), scene.host(202)
    clients = [opened(node, one) for _ in range(3)]
    check(all(clients), "three clients of an address")
    check(not opened(node, one), "no fourth")
    more = [opened(node, other) for _ in range(3)]
    check(all(more), "three of another address")
    check_equal(node.metrics().sum("anyport_client_connections_refused_total", reason="address"), 1, "refusals")
    clients.pop().close()
    clients.append(wait_for(lambda: opened(node, one), 5, "room for another one when one has left"))
    for kafka in clients + more:
        kafka.close()


def check_frame(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"GATEWAY_MAX_FRAME": "64 KiB"})
    part = ("t", 0)
    with Connection(*node.address) as bystander, Connection(*node.address) as kafka:
        no_errors(produce(kafka, {part: [b"x" * 65000]}), "a frame below the limit")
        kafka.send_raw(kafka.make("Produce", 7, **produce_request({part: [b"x" * 66000]})))
        check(kafka.is_closed(5), "a frame above the limit closes")
        no_errors(produce(bystander, {part: [b"x"]}), "others don't notice")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    check_total(scene, cluster)
    check_address(scene, cluster)
    check_frame(scene, cluster)


run(test)
