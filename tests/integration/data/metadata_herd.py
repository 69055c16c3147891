#!/usr/bin/env python3
"""Many clients ask for everything at the same moment, as after a network's outage: all are answered, none is closed, and
brokers are asked for the answer a few times.

    metadata_herd.py [CLIENTS PARTITIONS]

By default a herd that takes a second; `make soak` lets loose the large one.
"""
import pathlib
import select
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import PATIENCE, check, check_equal, run  # noqa: E402
from kafka_wire import KEYS, frame, request_bytes, response_bytes  # noqa: E402
from stand_in import StandIns  # noqa: E402

CLIENTS, PARTITIONS = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (400, 10000)
EACH = 20  # partitions of a topic
METADATA, VERSION = 3, 9
LIMIT_S = 240
CHUNK = 1 << 20


class Herd:
    """Clients by one loop; what an answer says is the brokers' matter, that it comes whole is ours."""

    def __init__(self, address, count):
        self.poll = select.epoll()
        self.got, self.size, self.closed, self.done = {}, {}, 0, 0
        self.sockets = {}
        for _ in range(count):
            s = socket.create_connection(address)
            s.setblocking(False)
            self.sockets[s.fileno()] = s
            self.poll.register(s.fileno(), select.EPOLLIN)

    def ask(self, question):
        for s in self.sockets.values():
            s.send(question)

    def _read(self, fd, buffer):
        n = self.sockets[fd].recv_into(buffer)
        if n == 0:
            self.closed += 1
            self.poll.unregister(fd)
            return
        if fd not in self.size:
            self.size[fd] = 4 + struct.unpack_from(">i", buffer)[0]  # its first bytes come together
        self.got[fd] = self.got.get(fd, 0) + n
        if self.got[fd] == self.size[fd]:
            self.done += 1
            self.poll.unregister(fd)

    def read_all(self, seconds):
        buffer, end = bytearray(CHUNK), time.monotonic() + seconds
        while self.done + self.closed < len(self.sockets) and time.monotonic() < end:
            for fd, _ in self.poll.poll(0.2):
                self._read(fd, buffer)

    def close(self):
        for s in self.sockets.values():
            s.close()


def everything(bodies):
    """Brokers that have each answer made once."""
    def answer(broker, ask):
        if ask.api != "Metadata":
            return broker.usual(ask)
        if ask.version not in bodies:
            bodies[ask.version] = body(broker, ask)
        return bodies[ask.version]
    return answer


def body(broker, ask):
    usual = response_bytes("Metadata", ask.version, 0, broker.usual(ask))
    return usual[4 + KEYS[METADATA].response_header_flexible(ask.version):]


def traffic(node):
    m = node.metrics()
    return {"delivered": m.sum("anyport_client_bytes_total", direction="out"),
            "brokers": m.sum("anyport_broker_bytes_total", direction="in"),
            "shared": m.sum("anyport_shared_answers_total")}


def test(scene):
    brokers = StandIns(scene, everything({}), {f"topic-{n:05}": EACH for n in range(PARTITIONS // EACH)})
    node = scene.node(brokers.bootstrap, env={"GATEWAY_MAX_CONNECTIONS": CLIENTS + 100})
    herd = Herd(node.address, CLIENTS)
    began = time.monotonic()
    herd.ask(frame(request_bytes("Metadata", VERSION, 1, topics=None)))
    herd.read_all(LIMIT_S * PATIENCE)
    took = time.monotonic() - began
    got = traffic(node)
    asked = CLIENTS - got["shared"]
    print(f"{CLIENTS} clients, {PARTITIONS} partitions: {herd.done} answered, {herd.closed} closed in {took:.1f} s; "
          f"{got['delivered'] / 2**20:.0f} MiB delivered, {got['brokers'] / 2**20:.1f} MiB from brokers for {asked:.0f} "
          f"questions; {node.memory()}")
    check_equal(herd.closed, 0, "clients that were closed")
    check_equal(herd.done, CLIENTS, "clients that were answered")
    sharing = CLIENTS / asked
    check(sharing >= CLIENTS / 20, f"{asked} questions for {CLIENTS} clients")
    check(got["brokers"] <= 1.2 * got["delivered"] / sharing, f"brokers sent more than was delivered: {got}")
    herd.close()


run(test)
