#!/usr/bin/env python3
"""Clients and brokers that say anything at all, all at once: a node closes on who does, and goes on.

What happens depends on the threads' timing; SEED=N draws other messages, SECONDS=N takes longer.
"""
import os
import pathlib
import random
import socket
import struct
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import APIS, NO_ID, Connection, WireError, batch, frame, request_bytes, response_bytes  # noqa: E402
from stand_in import Frame, StandIns  # noqa: E402

SEED = int(os.environ.get("SEED", "1"))
SECONDS = float(os.environ.get("SECONDS", "8"))
CLIENTS, PARTITIONS = 10, 6
OFTEN = ["Produce", "Fetch", "Fetch", "ListOffsets", "Metadata", "FindCoordinator", "OffsetFetch"]
ERRORS = [0] * 12 + [3, 5, 6, 7, 9, 14, 15, 16, 27, 35, 70, 71, 74, 76, 100, -1]
HARSH = {"GATEWAY_REQUEST_TIMEOUT": "1 s", "GATEWAY_BODY_TIMEOUT": "1 s", "GATEWAY_CONNECT_TIMEOUT": "1 s",
         "GATEWAY_METADATA_REFRESH": "1 s", "GATEWAY_MEMORY_BUDGET": "2 MiB", "GATEWAY_MAX_FRAME": "1 MiB",
         "GATEWAY_MAX_CONNECTION_AGE": "1 s"}


# --- messages that follow their schemas, with values at random

def message(fields, version, draw, depth=0):
    return {f.name: value(f, version, draw, depth) for f in fields
            if f.in_version(version) and (f.tag is None or draw.random() < 0.3)}


def value(field, version, draw, depth):
    if field.type in ("{}", "{}?"):
        null = field.type == "{}?" and draw.random() < 0.5
        return None if null else message(field.fields, version, draw, depth + 1)
    if field.default == "null" and draw.random() < 0.2:
        return None
    if field.type.startswith("[]"):
        count = draw.choice([0, 1, 1, 2, 3, draw.randrange(30) if depth < 2 else 1])
        if field.type == "[]":
            return [message(field.fields, version, draw, depth + 1) for _ in range(count)]
        return [plain(field.type[2:], field.name, draw) for _ in range(count)]
    return plain(field.type, field.name, draw)


def plain(kind, name, draw):
    if kind == "uuid":
        return draw.choice([NO_ID, uuid.UUID(int=draw.getrandbits(128))])
    if kind == "string":
        return draw.choice(["t", "t", "t", "u", "", "1", "g" * draw.choice([1, 126, 127, 128, 300])])
    if kind == "records":
        return draw.choice([b"", batch([b"x"]), bytes(draw.randrange(70000))])
    if kind == "bytes":
        return bytes(draw.randrange(50))
    if kind == "bool":
        return draw.random() < 0.5
    return number(name, draw, 0 if kind.startswith("u") else -1)


def number(name, draw, least):
    if "error_code" in name:
        return draw.choice(ERRORS)
    if "timeout" in name or "wait" in name:
        return draw.choice([0, 10, 100, 200, least])
    if "partition" in name or name == "index":
        return draw.randrange(PARTITIONS + 2)
    if any(word in name for word in ("broker", "node", "leader", "controller", "replica")):
        return draw.choice([1, 2, 3, 1, 2, 3, 0, least])
    return draw.choice([0, 0, 1, 2, 3, 100, least])


def mutated(data, draw, first):
    """Other bytes from the one at `first` on."""
    data = bytearray(data)
    at = draw.randrange(first, len(data)) if len(data) > first else len(data)
    kind = draw.randrange(6)
    if kind < 3 and at < len(data):
        data[at] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        data += bytes(draw.randrange(256) for _ in range(draw.randrange(1, 40)))
    else:
        data[at:at] = data[first:first + draw.randrange(1, 20)]
    return bytes(data)


# --- brokers

class Script:
    def __init__(self):
        self.harm, self.draw = False, random.Random(SEED)

    def answer(self, broker, ask):
        draw = self.draw
        if ask.api == "Produce" and ask.values["acks"] == 0:
            return None
        usual = broker.usual(ask)
        if not self.harm:
            return usual
        if draw.random() < 0.2:
            time.sleep(draw.random() * 0.03)
        answer = usual or self.about(ask)
        data = response_bytes(ask.api, ask.version, ask.correlation, answer)
        own = ask.api in ("ApiVersions", "Metadata")
        return self.harmed(data) if draw.random() < (0.03 if own else 0.15) else answer

    def about(self, ask):
        """An answer, mostly about the topics and partitions that were asked for."""
        api, draw = APIS[ask.api], self.draw
        answer = message(api.response, ask.version, draw)
        asked = next((v for v in ask.values.values() if isinstance(v, list) and v and isinstance(v[0], dict)), None)
        field = next((f for f in api.response if f.type == "[]" and f.in_version(ask.version)), None)
        if asked and field and draw.random() < 0.85:
            answer[field.name] = [self.entry(field, ask.version, item) for item in asked]
        return answer

    def entry(self, field, version, item):
        entry = message(field.fields, version, self.draw, 1)
        entry.update({k: v for k, v in item.items() if k in entry and not isinstance(v, list)})
        inner = next((f for f in field.fields if f.type == "[]" and "partition" in f.name and f.in_version(version)), None)
        asked = next((v for k, v in item.items() if "partition" in k and isinstance(v, list)), None)
        if inner and asked:
            entry[inner.name] = [self.entry(inner, version, self.indexed(inner, part)) for part in asked]
        return entry

    @staticmethod
    def indexed(field, part):
        """The partition's number under the name that the answer has for it."""
        index = part if isinstance(part, int) else next(iter(part.values()))
        return {f.name: index for f in field.fields if f.name in ("index", "partition", "partition_index")}

    def harmed(self, data):
        kind = self.draw.randrange(10)
        if kind == 0:
            raise OSError("closed instead of an answer")
        if kind == 1:
            return None
        if kind == 2:
            return Frame(struct.pack(">i", self.draw.choice([0, -1, 3, 4, 1 << 30, len(data) + 5])) + data)
        if kind == 3:
            return Frame(frame(data)[:self.draw.randrange(4 + len(data))])
        return Frame(frame(mutated(data, self.draw, 4)))


# --- clients

class Client(threading.Thread):
    def __init__(self, node, seed, ends):
        super().__init__(daemon=True)
        self.node, self.draw, self.ends, self.sent = node, random.Random(seed), ends, 0
        self.start()

    def run(self):
        while not self.ends.is_set():
            try:
                with socket.create_connection((self.node.host, self.draw.choice(self.node.ports)), 5) as sock:
                    self.talk(sock)
            except OSError:
                pass  # closed, as it should be

    def talk(self, sock):
        draw = self.draw
        sock.settimeout(0.1)
        for correlation in range(draw.randrange(1, 25)):
            if self.ends.is_set():
                return
            self.send(sock, correlation)
            if draw.random() < 0.5 and self.is_closed(sock):
                return
        if draw.random() < 0.3:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def send(self, sock, correlation):
        draw = self.draw
        api = APIS[draw.choice(OFTEN if draw.random() < 0.7 else list(APIS))]
        version = draw.choice(api.versions())
        data = request_bytes(api.name, version, correlation, **message(api.request, version, draw))
        data = frame(mutated(data, draw, 4) if draw.random() < 0.1 else data)
        at = draw.randrange(len(data)) if draw.random() < 0.2 else 0
        sock.sendall(data[:at])
        time.sleep(draw.random() * 0.02 if at else 0)
        sock.sendall(data[at:])
        self.sent += 1

    @staticmethod
    def is_closed(sock):
        try:
            return not sock.recv(1 << 16)
        except socket.timeout:
            return False


def is_sound(node):
    """A client that behaves is served."""
    try:
        with Connection(*node.address) as kafka:
            answer = kafka.ask("Metadata", 5, topics=[{"name": "t"}])
            return len(answer["topics"][0]["partitions"]) == PARTITIONS
    except WireError:
        return False


def test(scene):
    script, ends = Script(), threading.Event()
    brokers = StandIns(scene, script.answer, topics={"t": PARTITIONS})
    node = scene.node(brokers.bootstrap, env=HARSH, threads=2)
    check(is_sound(node), "a client is served")
    script.harm = True
    clients = [Client(node, f"{SEED}-{n}", ends) for n in range(CLIENTS)]
    until = time.monotonic() + SECONDS
    wait_for(lambda: time.monotonic() > until or not node.process.alive(), SECONDS + 5, "all is said", every=0.2)
    check(node.process.alive(), "the node runs")
    script.harm = False
    ends.set()
    for client in clients:
        client.join(10)
    check(sum(client.sent for client in clients) > 100, "requests were sent")
    wait_for(lambda: is_sound(node), 10, "a client that behaves is served again")
    check_equal(node.stop(), 0, "exit status")


run(test)
