"""Kafka's protocol, driven by the message schemas inside a kafka-clients jar.

    with Connection(host, port, schemas("4.4.0")) as c:
        answer = c.ask("Metadata", 12, {"Topics": None})

Messages are as tests/lib/kafka_jar.py has them: dicts with the schema's own field
names; what a request leaves out takes the schema's default.
"""
import functools
import socket
import struct

import jars
import kafka_wire
from kafka_jar import Cursor, decode, encode, load, uvarint


@functools.lru_cache(None)
def schemas(version):
    return load(jars.clients_jar(version))


@functools.lru_cache(None)
def field_names():
    """Every name that any request of Kafka 4.4.0 or 3.9.2 gives a field."""
    names, fields = set(), []
    for version in ("4.4.0", "3.9.2"):
        fields += [f for schema in schemas(version).requests.values() for f in schema.fields]
    while fields:
        field = fields.pop()
        names.add(field.name)
        fields += field.fields
    return names


def request_bytes(known, api, version, message, correlation, client_id="e2e", header_tags=()):
    """A whole frame, its size in front.  One message serves many versions of Kafka, but a slip is a slip."""
    schema = known.requests[api]
    flexible = version in schema.flexible
    head = struct.pack(">hhih", schema.key, version, correlation, -1 if client_id is None else len(client_id))
    head += (client_id or "").encode()
    if flexible:
        head += uvarint(len(header_tags)) + b"".join(uvarint(t) + uvarint(len(d)) + d for t, d in header_tags)
    frame = head + encode(schema.fields, message, version, flexible, field_names())
    return struct.pack(">i", len(frame)) + frame


def decode_answer(known, api, version, frame):
    """(correlation id, message) of a frame without its size."""
    flexible = version in known.requests[api].flexible
    cursor = Cursor(frame)
    correlation = cursor.number(">i")
    if flexible and api != "ApiVersions":
        cursor.tags()
    message = decode(known.responses[api].fields, cursor, version, flexible)
    if cursor.at != len(frame):
        raise ValueError(f"{api} v{version}: {len(frame) - cursor.at} bytes left over")
    return correlation, message


class Connection:
    def __init__(self, host, port, known, limit=10, client_id="e2e", source=None):
        """source: the local address to come from."""
        self.known, self.client_id = known, client_id
        self.socket = socket.create_connection((host, port), limit, (source, 0) if source else None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation = 100

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, api, version, message, **options):
        self.correlation += 1
        options.setdefault("client_id", self.client_id)
        self.socket.sendall(request_bytes(self.known, api, version, message, self.correlation, **options))
        return self.correlation

    def send_raw(self, data):
        self.socket.sendall(data)

    def read_exactly(self, n):
        data = bytearray()
        while len(data) < n:
            piece = self.socket.recv(n - len(data))
            if not piece:
                raise EOFError(f"closed by the peer after {len(data)} of {n} bytes")
            data += piece
        return bytes(data)

    def read_frame(self):
        return self.read_exactly(struct.unpack(">i", self.read_exactly(4))[0])

    def ask(self, api, version, message, **options):
        sent = self.send(api, version, message, **options)
        frame = self.read_frame()
        correlation, answer = decode_answer(self.known, api, version, frame)
        if correlation != sent:
            raise ValueError(f"{api} v{version}: asked {sent}, answered {correlation}")
        return answer


def batch(records, producer=(-1, -1, -1), transactional=False, break_crc=False):
    """A record batch (magic 2) of (key, value) pairs; producer is (id, epoch, first sequence)."""
    data = bytearray(kafka_wire.batch(records, *producer, transactional=transactional))
    data[20] ^= break_crc  # the last byte of the checksum
    return bytes(data)
