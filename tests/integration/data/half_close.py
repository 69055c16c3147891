#!/usr/bin/env python3
"""A client that has only stopped sending is still answered; what was sent whole before a close is done."""
import pathlib
import signal
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch_request, no_errors, errors_of, produce_request, read_all  # noqa: E402

PARTITIONS = 3
STANDSTILL_S = 3  # session/standstill.h


def stop_sending(kafka):
    kafka.sock.shutdown(socket.SHUT_WR)


def check_answers(node, cluster):
    """Pipelined requests of every kind: here, rewritten, through, split, and one that a slow broker keeps."""
    cluster.command("rtt", 2, 300)
    with Connection(*node.address, timeout=20) as kafka:
        kafka.send("ApiVersions", 0)
        kafka.send("Metadata", 1, topics=[{"name": "t"}])
        kafka.send("Produce", 7, **produce_request({("t", 0): [b"one"]}))
        kafka.send("Produce", 7, **produce_request({("t", p): [b"all"] for p in range(PARTITIONS)}))
        kafka.send("Fetch", 11, **fetch_request({("t", 0): 0}, max_wait_ms=0))
        stop_sending(kafka)
        check_equal(len(kafka.receive()["api_keys"]) > 0, True, "ApiVersions")
        check_equal([t["name"] for t in kafka.receive()["topics"]], ["t"], "Metadata")
        no_errors(errors_of("Produce", kafka.receive()), "Produce of one partition")
        no_errors(errors_of("Produce", kafka.receive()), "Produce of all")
        no_errors(errors_of("Fetch", kafka.receive()), "Fetch")
        check(kafka.is_closed(), "closed when all was answered")
    cluster.command("rtt", 2, 0)


def check_half_a_frame(node):
    """What was asked before it is answered, then the connection ends."""
    with Connection(*node.address, timeout=20) as kafka:
        kafka.send("Metadata", 1, topics=[{"name": "t"}])
        kafka.send_raw(kafka.make("Metadata", 1, topics=[{"name": "t"}])[:6])
        stop_sending(kafka)
        check_equal([t["name"] for t in kafka.receive()["topics"]], ["t"], "Metadata")
        check(kafka.is_closed(), "closed behind it")


def check_done_after_close(node):
    before = len(values_of(node))
    kafka = Connection(*node.address)
    kafka.send("Produce", 7, **produce_request({("t", 0): [b"last words"]}))
    kafka.close()
    wait_for(lambda: values_of(node)[before:] == [b"last words"], 10, "what was sent whole before the close")


def stands(pid):
    """One thread hears the signal first, and the others go on until it has."""
    states = [task.read_text().rpartition(")")[2].split()[0] for task in pathlib.Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) == {"T"}


def check_dropped_after_standstill(node):
    """Who gave up while the node stood still has sent it elsewhere by now."""
    before = values_of(node)
    kafka = Connection(*node.address)
    kafka.ask("ApiVersions", 0)
    node.process.signal(signal.SIGSTOP)
    wait_for(lambda: stands(node.process.pid), 10, "no thread goes on")
    stopped = time.monotonic()
    kafka.send("Produce", 7, **produce_request({("t", 0): [b"too late"]}))
    kafka.close()
    wait_for(lambda: time.monotonic() > stopped + STANDSTILL_S + 1, 10, "a standstill")
    node.process.signal(signal.SIGCONT)
    wait_for(lambda: "event=stood_still" in node.process.log(), 10, "the node notices")
    wait_for(lambda: node.metrics().sum("anyport_client_connections") == 0, 10, "the client has gone")
    check_equal(values_of(node), before, "what was sent in time, and nothing else")


def values_of(node):
    with Connection(*node.address) as kafka:
        return read_all(kafka, ("t", 0))


def test(scene):
    cluster = scene.mock_cluster(topics={"t": PARTITIONS})
    cluster.spread("t", PARTITIONS)
    node = scene.node(cluster.bootstrap)
    check_answers(node, cluster)
    check_half_a_frame(node)
    check_done_after_close(node)
    check_dropped_after_standstill(node)
    wait_for(lambda: node.metrics().sum("anyport_client_connections") == 0, 10, "all have gone")


run(test)
