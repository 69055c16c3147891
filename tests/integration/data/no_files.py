#!/usr/bin/env python3
"""Descriptors run out: who is in is served, who comes waits a moment, no core turns, and the node says so."""
# not lame
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

LIMIT = 100
COME = 90
REASON = "no file descriptors are left"


def few_files(scene, limit):
    """A node that may have so many descriptors."""
    script = scene.file(f"few-{limit}", f'#!/bin/sh\nulimit -n {limit}\nexec {BUILD / "anyport"} "$@"\n')
    script.chmod(0o755)
    return script


def check_given(scene, kafka):
    """More clients are asked for than the descriptors allow."""
    node = scene.node(kafka.bootstrap, program=few_files(scene, LIMIT), env={"GATEWAY_MAX_CONNECTIONS": 1000})
    wait_for(lambda: "event=few_files limit=100" in node.process.log(), 5, "it says that there are too few")
    clients = [Connection(*node.address) for _ in range(COME)]
    wait_for(lambda: node.metrics().sum("anyport_workers_without_descriptors") == 1, 5, "no descriptors")
    check(any(REASON in r for r in node.get_json("/health/ready")[1]["reasons"]), "and the health says it")
    before = node.cpu_seconds()
    time.sleep(1)  # measured
    check(node.cpu_seconds() - before < 0.3, "nothing turns")
    for n in range(5):
        no_errors(produce(clients[n], {("t", p): [b"x"] for p in range(3)}), "who is in finds the brokers")
    refused = wait_for(lambda: node.metrics().sum("anyport_client_connections_refused_total", reason="descriptors"),
                       10, "who waits is told to go elsewhere")
    check(refused > 1, f"{refused} refused")
    for client in clients:
        client.close()
    wait_for(lambda: node.metrics().sum("anyport_workers_without_descriptors") == 0, 5, "descriptors again")
    with Connection(*node.address) as late:
        late.ask("ApiVersions", 0)
    wait_for(lambda: "event=taken_again" in node.process.log(), 5, "which it says too")
    check(node.process.log().count("\n") < 150, "and not over and over")


def check_derived(scene, kafka):
    """Nothing was asked for: as many are taken as can be served."""
    node = scene.node(kafka.bootstrap, program=few_files(scene, LIMIT))
    most = (LIMIT - LIMIT // 4) // 4  # three brokers and itself
    wait_for(lambda: f"event=max_connections clients={most} descriptors={LIMIT} a_client=4" in node.process.log(), 5, "it says so")
    check_equal(node.metrics().sum("anyport_client_connections_max"), most, "clients at most")
    clients = [Connection(*node.address) for _ in range(most)]
    for client in clients:
        no_errors(produce(client, {("t", p): [b"x"] for p in range(3)}), "each has its brokers")
    with socket.create_connection(node.address, 5) as late:
        check_equal(late.recv(1), b"", "one more is refused")


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 3})
    kafka.spread("t", 3)
    check_given(scene, kafka)
    check_derived(scene, kafka)


run(test)
