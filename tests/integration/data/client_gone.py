#!/usr/bin/env python3
"""Clients that vanish at any moment leave nothing behind: no connection, no descriptor, no held memory."""
import os
import pathlib
import random
import socket
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch, fetch_request, no_errors, produce, produce_request  # noqa: E402

PARTITIONS = 6
ROUNDS = 40
GAUGES = ("anyport_client_connections", "anyport_broker_connections", "anyport_memory_held_bytes",
          "anyport_memory_waiting")


def vanish(kafka, reset):
    """By RST or by FIN."""
    if reset:
        kafka.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    kafka.close()


def cut(chance, data):
    return data[:chance.randrange(1, len(data))]


def in_mid_frame(kafka, chance, topic):
    """One partition (cut through) or several (held)."""
    count = chance.choice((1, PARTITIONS))
    values = {(topic, p): [b"x" * chance.choice((10, 30000))] for p in range(count)}
    kafka.send_raw(cut(chance, kafka.make("Produce", 7, **produce_request(values))))


def in_mid_answer(kafka, chance, topic):
    """Asked for much more than it takes."""
    count = chance.choice((1, PARTITIONS))
    for _ in range(4):
        kafka.send("Fetch", 11, **fetch_request({(topic, p): 0 for p in range(count)}, max_bytes=8 << 20))
    kafka.sock.recv(chance.randrange(1, 4000))


def in_mid_split(kafka, chance, topic):
    """The parts are at the brokers, their answers are not wanted any more."""
    values = {(topic, p): [b"x" * chance.choice((10, 3000))] for p in range(PARTITIONS)}
    for acks in (-1, 0, 1):
        kafka.send("Produce", 7, **produce_request(values, acks=acks))


def in_a_poll(kafka, chance, topic):
    count = chance.choice((1, PARTITIONS))
    kafka.send("Fetch", 11, **fetch_request({("empty", p): 0 for p in range(count)}, max_wait_ms=5000))
    if chance.random() < 0.5:
        kafka.sock.settimeout(0.02)
        try:
            kafka.sock.recv(1)
        except TimeoutError:
            pass  # as expected: it waits at the brokers now


def in_a_coordinator_call(kafka, chance, topic):
    kafka.send("Heartbeat", 3, group_id=f"g{chance.randrange(1000)}")
    kafka.send_raw(cut(chance, kafka.make("OffsetFetch", 5, group_id="g", topics=None)))


def without_a_word(kafka, chance, topic):
    if chance.random() < 0.5:
        kafka.send_raw(b"\0")


WAYS = (in_mid_frame, in_mid_answer, in_mid_split, in_a_poll, in_a_coordinator_call, without_a_word)


def gauges(node):
    metrics = node.metrics()
    return {name: metrics.sum(name) for name in GAUGES}


def descriptors(node):
    """The kinds of what it has open."""
    kinds = []
    for fd in os.listdir(f"/proc/{node.pid}/fd"):
        try:
            kinds.append(os.readlink(f"/proc/{node.pid}/fd/{fd}").split(":")[0])
        except FileNotFoundError:
            pass  # closed meanwhile
    return kinds


def at_rest(node):
    return not any(gauges(node).values())


def work(node, topic):
    with Connection(*node.address, timeout=20) as kafka:
        no_errors(produce(kafka, {(topic, p): [b"x" * 50000] for p in range(PARTITIONS)}), "Produce")
        no_errors(fetch(kafka, {(topic, p): 0 for p in range(PARTITIONS)})[1], "Fetch")


def check_ways(node, topic, chance):
    work(node, topic)
    wait_for(lambda: at_rest(node), 10, "nothing open before")
    before = sorted_by_kind(descriptors(node))
    with Connection(*node.address, timeout=20) as bystander:
        for number in range(ROUNDS):
            for way in WAYS:
                kafka = Connection(*node.address)
                way(kafka, chance, topic)
                vanish(kafka, reset=chance.random() < 0.5)
            no_errors(produce(bystander, {(topic, number % PARTITIONS): [b"y"]}), f"a bystander, round {number}")
    try:
        wait_for(lambda: at_rest(node), 15, "no connection, no held memory afterwards")
    except AssertionError as error:
        raise AssertionError(f"{error}: {gauges(node)}") from error
    wait_for(lambda: sorted_by_kind(descriptors(node))["socket"] <= before["socket"], 5,
             f"as many sockets as before: {before}")
    work(node, topic)


def sorted_by_kind(names):
    return {kind: names.count(kind) for kind in {*names, "socket"}}


def test(scene):
    chance = random.Random(7)
    mock = scene.mock_cluster(topics={"t": PARTITIONS, "empty": PARTITIONS})
    mock.spread("t", PARTITIONS)
    mock.spread("empty", PARTITIONS)
    sink = scene.sink("t", PARTITIONS)
    check_ways(scene.node(mock.bootstrap), "t", chance)
    check_ways(scene.node(mock.bootstrap, mode="single", ports=1, threads=2), "t", chance)
    check_ways(scene.node(sink.bootstrap), "t", chance)  # which sends a full megabyte for each partition
    check_equal([node.process.alive() for node in scene.nodes], [True] * 3, "all nodes alive")


run(test)
