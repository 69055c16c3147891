#!/usr/bin/env python3
"""Fifty clients do to a node's memory what they can, by every API: it keeps to its budget, and others are served.

Deep counts, empty names, frames that must be held, requests behind each other without end, nothing read or little,
nothing sent or little, answers of any size: resident memory stays within the budget, 128 KiB a connection and 32 MiB,
another client's Metadata takes no second longer than at a node that nobody attacks, and everything is given back.
SECONDS=N takes longer, SEED=N draws other messages.
"""
# alone
# not with sanitizers
import os
import pathlib
import random
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import KEYS, Connection, WireError, frame, request_bytes, response_bytes, uvarint  # noqa: E402
from process import TimedOut  # noqa: E402
from stand_in import Ask, Broker, Frame, StandIns  # noqa: E402

SEED = int(os.environ.get("SEED", "1"))
SECONDS = float(os.environ.get("SECONDS", "15"))
MIB, KIB = 1 << 20, 1 << 10
CLIENTS, PARTITIONS = 50, 6
BUDGET, CONNECTION, OTHERWISE = 64 * MIB, 128 * KIB, 32 * MIB
LEARNT = 24 * MIB  # coordinators of keys that were asked for, and blocks that stay warm
TIMELY = 1.0  # seconds
LIMITS = {"GATEWAY_MEMORY_BUDGET": "64 MiB", "GATEWAY_MAX_FRAME": "30 MiB", "GATEWAY_BODY_TIMEOUT": "5 s",
          "GATEWAY_REQUEST_TIMEOUT": "5 s", "GATEWAY_HEAD_TIMEOUT": "5 s", "GATEWAY_MEMORY_PER_ADDRESS": "100"}


# --- messages

def one(fields, version, depth=0):
    """As little as can be, with one element in each of the first arrays."""
    values = {}
    for field in fields:
        if not field.in_version(version) or field.tag is not None:
            continue
        if field.type == "[]":
            values[field.name] = [one(field.fields, version, depth + 1)] if depth < 2 else []
        elif field.type.startswith("[]"):
            values[field.name] = []
        elif field.type in ("{}", "{}?"):
            values[field.name] = one(field.fields, version, depth + 1)
    return values


def body_of(api, version, values):
    plain = request_bytes(api.name, version, 0, **values)
    head = request_bytes(api.name, version, 0, body=b"")
    return plain[len(head):]


class Repeated:
    """A request whose first array can have any number of its one element."""

    def __init__(self, api, version):
        values = one(api.request, version)
        name = next((f.name for f in api.request if f.type == "[]" and f.in_version(version)), None)
        self.api, self.version, self.can = api.name, version, name is not None
        if not self.can:
            return
        whole = [body_of(api, version, dict(values, **{name: values[name] * n})) for n in (0, 1, 2)]
        size = len(whole[2]) - len(whole[1])
        at = next(i for i in range(len(whole[0])) if whole[0][i] != whole[1][i])
        self.flexible = len(whole[1]) - size == len(whole[0]) and whole[1][at] == whole[0][at] + 1 \
            and api.flexible(version)
        self.front = whole[0][:at] if self.flexible else whole[0][:at - 3]
        self.element = whole[1][at + 1:at + 1 + size]
        self.behind = whole[0][at + 1:]

    def body(self, count, said=None):
        said = count if said is None else said
        number = uvarint(said + 1) if self.flexible else struct.pack(">i", said)
        return self.front + number + self.element * count + self.behind

    def of_size(self, size):
        return self.body(max(1, size // len(self.element)))


class Blind:
    """Of an API that this library knows nothing of: a list of so many empty names, as old and new versions write it."""

    def __init__(self, key, version, flexible):
        self.api, self.version, self.flexible = key, version, flexible

    def body(self, count, said=None):
        said = count if said is None else said
        if self.flexible:  # no tagged fields of the head, and then what an empty text or list is
            return b"\0" + uvarint(said + 1) + b"\1" * count + b"\0" * 8
        return struct.pack(">i", said) + b"\0\0" * count + bytes(8)

    def of_size(self, size):
        return self.body(size if self.flexible else size // 2)


def all_requests(node):
    """For every API that the node offers."""
    with Connection(*node.address) as kafka:
        offered = {a["api_key"]: a["max_version"] for a in kafka.ask("ApiVersions", 0)["api_keys"]}
    known = [Repeated(KEYS[key], KEYS[key].versions()[-1]) for key in offered if key in KEYS]
    blind = [Blind(key, offered[key], flexible) for key in offered if key not in KEYS for flexible in (False, True)]
    return [request for request in known if request.can] + blind


def split_produce(size):
    part = b"x" * (size // PARTITIONS)
    parts = b"".join(struct.pack(">ii", p, len(part)) + part for p in range(PARTITIONS))
    return "Produce", 7, struct.pack(">hhiih", -1, 1, 1000, 1, 1) + b"t" + struct.pack(">i", PARTITIONS) + parts


def split_fetch(count):
    parts = b"".join(struct.pack(">iqi", p % PARTITIONS, 0, MIB) for p in range(count))
    return "Fetch", 4, struct.pack(">iiiibih", -1, 1 << 30, 1, 50 * MIB, 0, 1, 1) + b"t" + \
        struct.pack(">i", count) + parts


# --- brokers: they never look into what was asked

def large_metadata():
    """Version 1 with 100,000 partitions of a topic: more than sockets take."""
    partitions = b"".join(struct.pack(">hiiiiii", 0, p, 1 + p % 3, 1, 1, 1, 1) for p in range(100000))
    topic = struct.pack(">hh", 0, 5) + b"large" + b"\0" + struct.pack(">i", 100000) + partitions
    return lambda brokers: brokers + struct.pack(">ii", 1, 1) + topic


LARGE = large_metadata()
BATCH = b"r" * (700 * KIB)


class Careless(Broker):
    """Answers late, with much, with nothing, or not at all."""

    def __init__(self, number, host, owner):
        super().__init__(number, host, owner)
        self.draw = random.Random(SEED + number)

    def _serve(self, connection):
        try:
            while data := self._frame_of(connection):
                self._answer(connection, data)
        except (OSError, WireError, ValueError):
            pass
        connection.close()

    def usual(self, ask):
        answer = super().usual(ask)
        if ask.api == "ApiVersions":
            answer["api_keys"] += [{"api_key": key, "min_version": 0, "max_version": 20}
                                   for key in range(93) if key not in KEYS]
        return answer

    def _answer(self, connection, data):
        key, version, correlation = struct.unpack_from(">hhi", data)
        api = KEYS.get(key)
        if api is None:  # as a broker does
            if self.draw.random() < 0.3:
                raise OSError("not understood")
        elif api.name == "FindCoordinator" or (api.name == "Metadata" and version != 1) or api.name == "ApiVersions":
            super()._answer(connection, data)
        elif api.name == "Metadata":
            self._send(connection, api, version, correlation, LARGE(self._brokers()))
        elif api.name == "Fetch" and version == 4:
            records = struct.pack(">i", len(BATCH)) + BATCH
            self._send(connection, api, version, correlation, struct.pack(">iih", 0, 1, 1) + b"t" + struct.pack(
                ">iihqqi", 1, self.number - 1, 0, 1, 1, 0) + records)
        elif self.draw.random() < 0.5:
            connection.sendall(frame(response_bytes(api.name, version, correlation, {})))

    def _brokers(self):
        return struct.pack(">i", len(self.owner.brokers)) + b"".join(
            struct.pack(">ih", b.number, len(b.host)) + b.host.encode() + struct.pack(">ih", b.port, -1)
            for b in self.owner.brokers)

    @staticmethod
    def _send(connection, api, version, correlation, body):
        connection.sendall(Frame(frame(struct.pack(">i", correlation) + body)))


# --- clients

class Client(threading.Thread):
    def __init__(self, node, seed, requests, ends):
        super().__init__(daemon=True)
        self.node, self.draw, self.requests, self.ends, self.said = node, random.Random(seed), requests, ends, 0
        self.start()

    def run(self):
        while not self.ends.is_set():
            sock = socket.socket()
            try:
                if self.draw.random() < 0.5:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.settimeout(5)
                sock.connect((self.node.host, self.draw.choice(self.node.ports)))
                self.talk(sock)
            except OSError:
                pass  # closed, as it may be
            finally:
                sock.close()

    def talk(self, sock):
        data, until = self.bytes(), time.monotonic() + self.draw.choice([1, 3, 8])
        sock.settimeout(0.2)
        at, slowly = 0, self.draw.random() < 0.3
        while not self.ends.is_set() and time.monotonic() < until:
            try:
                at += sock.send(data[at:at + (20000 if slowly else MIB)]) if at < len(data) else 0
                if slowly or at == len(data):
                    self.ends.wait(0.1)
                if at == len(data) and self.draw.random() < 0.3 and not sock.recv(1000):
                    return
            except socket.timeout:
                pass
        self.said += 1

    def bytes(self):
        """What one connection says, for as long as the node takes it."""
        kind = self.draw.randrange(8)
        if kind == 0:
            return self.frames(("Metadata", 1, struct.pack(">i", -1)), 20)
        if kind == 1:
            return self.frames(split_produce(self.draw.choice([MIB, 8 * MIB, 25 * MIB])), 2)
        if kind == 2:
            return self.frames(split_fetch(self.draw.choice([6, 3000, 60000])), 20)
        request = self.draw.choice(self.requests)
        if kind == 3:
            count = self.draw.choice([1000001, 1 << 20, (1 << 31) - 2])
            return self.frames((request.api, request.version, request.body(1000, said=count)), 2)
        size, times = self.draw.choice([(60000, 64), (60000, 64), (MIB, 8), (8 * MIB, 2), (1, 2000)])
        return self.frames((request.api, request.version, request.of_size(size)), times)

    @staticmethod
    def frames(what, times):
        api, version, body = what
        return frame(request_bytes(api, version, 1, body=body)) * times


# --- the node

def resident(node):
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) * KIB


class Looker(threading.Thread):
    """How long another client's Metadata takes at a node."""

    def __init__(self, node, ends):
        super().__init__(daemon=True)
        self.node, self.ends = node, ends
        self.most, self.slowest, self.asked, self.failed = 0, 0.0, 0, []
        self.start()

    def run(self):
        while not self.ends.wait(0.05):
            begin = time.monotonic()
            try:
                with Connection(*self.node.address) as kafka:
                    answer = kafka.ask("Metadata", 5, topics=[{"name": "t"}])
                check_equal(len(answer["topics"][0]["partitions"]), PARTITIONS, "partitions")
                self.asked += 1
            except Exception as error:  # noqa: BLE001 - told by the test
                self.failed.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self.most = max(self.most, resident(self.node))


def check_given_back(node, most):
    try:
        wait_for(lambda: resident(node) < most, 30, "the system has its memory back")
    except TimedOut as error:
        raise TimedOut(f"{error}: {resident(node) / MIB:.1f} MiB stay resident, {most / MIB:.1f} may") from error


def test(scene):
    brokers = StandIns(scene, lambda broker, ask: broker.usual(Ask(*ask)), topics={"t": PARTITIONS}, broker=Careless)
    node, quiet = [scene.node(brokers.bootstrap, env=dict(LIMITS, GATEWAY_CLUSTER_ID="off"), threads=2)
                   for _ in range(2)]
    requests, ends = all_requests(node), threading.Event()
    check(len({request.api for request in requests}) > 50, f"nearly all APIs are asked ({len(requests)})")
    looker, other = Looker(node, ends), Looker(quiet, ends)
    wait_for(lambda: looker.asked > 3, 10, "another client is served")
    before = resident(node)
    clients = [Client(node, f"{SEED}-{n}", requests, ends) for n in range(CLIENTS)]
    until = time.monotonic() + SECONDS
    wait_for(lambda: time.monotonic() > until or not node.process.alive(), SECONDS + 5, "all is said", every=0.2)
    check(node.process.alive(), "the node runs")
    held = node.metrics().sum("anyport_memory_held_bytes")
    ends.set()
    looker.join(20)
    other.join(20)
    for client in clients:
        client.join(20)
    print(f"before {before / MIB:.0f} MiB, at most {looker.most / MIB:.0f} MiB, {held / MIB:.0f} MiB of it held; "
          f"{sum(c.said for c in clients)} conversations; another client's Metadata took "
          f"{looker.slowest:.2f} s at most, {looker.asked} times, and {other.slowest:.2f} s at a node without them")
    check(sum(client.said for client in clients) > CLIENTS / 2, "much was said")
    most = BUDGET + CLIENTS * CONNECTION + OTHERWISE
    check(looker.most <= most, f"resident memory stays within {most / MIB:.0f} MiB ({looker.most / MIB:.0f})")
    check_equal(looker.failed, [], "another client is served each time")
    check(looker.slowest < other.slowest + TIMELY, f"another client's Metadata takes at most {TIMELY:.0f} s more "
          f"than at a node without all this ({looker.slowest:.2f} s, {other.slowest:.2f} s)")
    wait_for(lambda: node.metrics().sum("anyport_memory_held_bytes") == 0, 20, "what was held is given back")
    check_equal(node.metrics().sum("anyport_memory_waiting"), 0, "who waits")
    check_given_back(node, before + LEARNT)
    check_equal(node.stop(), 0, "exit status")


run(test)
