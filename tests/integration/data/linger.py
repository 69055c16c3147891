#!/usr/bin/env python3
"""A client is gone whose acks=0 data must still arrive: the node waits for the broker to take it, and whatever else
comes for that client meanwhile does no harm."""
import pathlib
import socket
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, run, wait_for  # noqa: E402
from kafka_wire import APIS, Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402
from traffic import produce_request  # noqa: E402

BUFFER = 2048  # so much is read of an answer while those of other brokers have not begun
LARGE = 10000  # partitions in one answer: more than it holds


class Script:
    """What the brokers do: a list of offsets and a coordinator are held back, and a list of broker 1 is large."""

    def __init__(self):
        self.offsets, self.coordinator = threading.Event(), threading.Event()
        self.asked_offsets, self.asked_coordinator = threading.Event(), threading.Event()
        self.produced = threading.Event()

    def answer(self, broker, ask):
        if ask.api == "Produce":
            self.produced.set()
            return None
        if ask.api == "ListOffsets":
            if broker.number == 1:
                return large_list()
            self.asked_offsets.set()
            self.offsets.wait(20)
        if ask.api == "FindCoordinator" and "slow" in str(ask.values):
            self.asked_coordinator.set()
            self.coordinator.wait(20)
        return broker.usual(ask)


def large_list():
    """The body of a ListOffsets v1."""
    return struct.pack(">ih1si", 1, 1, b"t", LARGE) + struct.pack(">ihqq", 0, 0, -1, 5) * LARGE


def list_offsets(kafka, *partitions):
    kafka.send("ListOffsets", 1, replica_id=-1, topics=[
        {"name": "t", "partitions": [{"partition_index": p, "timestamp": -1} for p in partitions]}])


def reset(kafka):
    """Closed so that what is written to it afterwards is an error."""
    kafka.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    kafka.close()


def wait_for_end(brokers):
    ended = brokers.brokers[0].ended
    wait_for(lambda: any(APIS["Produce"].key in asked for asked in ended), 10, "the broker is told that no more data comes")
    ended.clear()


def check_coordinator_later(node, script, brokers):
    """It is told who coordinates a group after the request that asked has gone."""
    kafka = Connection(*node.address)
    kafka.send("Produce", 7, **produce_request({("t", 0): [b"x"]}, acks=0))
    list_offsets(kafka, 1)
    kafka.send("OffsetFetch", 5, group_id="slow", topics=[{"name": "t", "partition_indexes": [0]}])
    for event, what in ((script.produced, "a Produce"), (script.asked_offsets, "a ListOffsets"),
                        (script.asked_coordinator, "a FindCoordinator")):
        check(event.wait(20), f"{what} reaches its broker")
    reset(kafka)
    script.offsets.set()
    wait_for_end(brokers)
    script.coordinator.set()
    with Connection(*node.address) as other:
        other.ask("OffsetFetch", 5, group_id="slow", topics=[])


def check_unread_answer(node, script, brokers):
    """A large answer of one broker has begun, and fills what is held of it, while another's is waited for."""
    def received():
        return node.metrics().sum("anyport_broker_bytes_total", direction="in")

    script.offsets.clear()
    before = received()
    kafka = Connection(*node.address)
    list_offsets(kafka, 0, 1)
    kafka.send("Produce", 7, **produce_request({("t", 0): [b"x"]}, acks=0))
    wait_for(lambda: received() >= before + BUFFER, 10, "the buffer is full")
    reset(kafka)
    wait_for_end(brokers)
    script.offsets.set()


def test(scene):
    script = Script()
    brokers = StandIns(scene, script.answer, topics={"t": 6}, holds=True)
    node = scene.node(brokers.bootstrap, env={"GATEWAY_CLUSTER_ID": "off"})
    check_coordinator_later(node, script, brokers)
    check_unread_answer(node, script, brokers)
    check(node.process.alive() and node.ready(), "the node goes on")


run(test)
