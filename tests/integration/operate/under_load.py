#!/usr/bin/env python3
"""Nodes killed, drained and started, HAProxy reloaded, a broker gone for a while: no message is lost."""
# alone
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import FIRST_PORT, check, check_equal, run, wait_for  # noqa: E402
from kcat import Consumer, Producer, received  # noqa: E402

TOPIC, PARTITIONS = "load", 12
MESSAGES, A_SECOND = 9000, 600


def after(producer, share):
    """Waits until that share of the messages is written."""
    wait_for(lambda: producer.written >= MESSAGES * share, 30, f"{share:.0%} of the messages written")


def drain(node):
    node.process.signal(signal.SIGTERM)
    check_equal(node.process.wait(40), 0, f"{node.name} drained")


def test(scene):
    cluster = scene.mock_cluster(topics={TOPIC: PARTITIONS})
    cluster.spread(TOPIC, PARTITIONS)
    front = f"{scene.host(1)}:{FIRST_PORT}"
    nodes = [scene.node(cluster.bootstrap, advertise=front) for _ in range(3)]
    haproxy = scene.haproxy(nodes, ports=nodes[0].port_count - 1, to_port="+1")
    haproxy.wait_up(*(node.name for node in nodes))
    consumers = [Consumer(scene, front, TOPIC)]
    producer = Producer(scene, front, TOPIC, MESSAGES, A_SECOND)

    after(producer, 0.15)
    nodes[0].kill()
    after(producer, 0.3)
    nodes[0].start()
    haproxy.reload()
    after(producer, 0.45)
    cluster.command("down", 2)
    after(producer, 0.55)
    cluster.command("up", 2)
    nodes[0].wait_ready()
    drain(nodes[1])
    after(producer, 0.7)
    for partition in range(PARTITIONS):
        cluster.command("leader", TOPIC, partition, 1 + (partition + 1) % 3)
    after(producer, 0.85)
    nodes[2].kill()
    check_equal(producer.finish(40), 0, "the producer's exit status")

    wait_for(lambda: len(set(received(consumers))) == MESSAGES, 40, "every message received", every=0.25)
    twice = len(received(consumers)) - MESSAGES
    print(f"{MESSAGES} messages, {twice} of them received more than once")
    check(all(consumer.process.alive() for consumer in consumers), "the consumers still run")


run(test)
