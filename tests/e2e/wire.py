"""Kafka's protocol, driven by the message schemas inside a kafka-clients jar.

    with Connection(host, port, schemas("4.4.0")) as c:
        answer = c.ask("Metadata", 12, {"Topics": None})

Messages are dicts with the schema's own field names; what a request leaves out
takes the schema's default.  Bytes that the schema does not explain are an error.
"""
import functools
import json
import re
import socket
import struct
import uuid
import zipfile

import jars

NULL_UUID = bytes(16)
NUMBERS = {"int8": ">b", "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q",
           "float64": ">d"}
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*')


class Range:
    """Versions as the schemas write them: "3", "0-7", "2+", "none"."""

    def __init__(self, text):
        self.low, self.high = 0, -1
        if text and text != "none":
            first, dash, last = text.partition("-")
            if text.endswith("+"):
                first, last = text[:-1], "32767"
            elif not dash:
                last = first
            self.low, self.high = int(first), int(last)

    def __contains__(self, version):
        return self.low <= version <= self.high


class Field:
    def __init__(self, row, structs):
        self.name = row["name"]
        self.type = row["type"]
        self.versions = Range(row["versions"])
        self.nullable = Range(row.get("nullableVersions"))
        self.tagged = Range(row.get("taggedVersions"))
        self.tag = row.get("tag")
        self.default = row.get("default")
        self.is_array = self.type.startswith("[]")
        self.item = self.type[2:] if self.is_array else self.type
        self._structs = structs
        if "fields" in row:
            structs[self.item] = [Field(child, structs) for child in row["fields"]]

    @property
    def fields(self):
        """Looked up late: a struct may be defined after its first use."""
        return self._structs.get(self.item)

    def default_value(self):
        if self.default == "null":
            return None
        if self.is_array:
            return []
        if self.fields is not None:
            return {}
        if self.item in ("string",):
            return self.default or ""
        if self.item in ("bytes", "records"):
            return b""
        if self.item == "uuid":
            return NULL_UUID
        if self.item == "bool":
            return self.default == "true"
        return int(self.default, 0) if isinstance(self.default, str) and self.default else (self.default or 0)


class Schema:
    def __init__(self, text):
        row = json.loads(_COMMENT.sub(lambda m: m.group(1) or "", text))
        self.key = row.get("apiKey")
        self.kind = row["type"]
        self.name = row["name"]
        self.versions = Range(row["validVersions"])
        self.latest_unstable = row.get("latestVersionUnstable", False)
        self.flexible = Range(row.get("flexibleVersions"))
        structs = {}
        for common in row.get("commonStructs", []):
            structs[common["name"]] = [Field(child, structs) for child in common["fields"]]
        self.fields = [Field(child, structs) for child in row.get("fields", [])]  # a removed API has none


class Schemas:
    def __init__(self, version):
        self.requests, self.responses, self.names = {}, {}, {}
        with zipfile.ZipFile(jars.clients_jar(version)) as jar:
            for name in jar.namelist():
                if not re.fullmatch(r"common/message/\w+(Request|Response)\.json", name):
                    continue
                schema = Schema(jar.read(name).decode())
                if schema.versions.high < 0:
                    continue
                api = re.sub("(Request|Response)$", "", schema.name)
                (self.requests if schema.kind == "request" else self.responses)[api] = schema
                self.names[schema.key] = api


@functools.lru_cache(None)
def schemas(version):
    return Schemas(version)


@functools.lru_cache(None)
def field_names():
    """Every name that any message of Kafka 4.4.0 or 3.9.2 gives a field."""
    names, fields = set(), []
    for version in ("4.4.0", "3.9.2"):
        fields += [f for schema in schemas(version).requests.values() for f in schema.fields]
    while fields:
        field = fields.pop()
        names.add(field.name)
        fields += field.fields or []
    return names


# -- writing ---------------------------------------------------------------

def uvarint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def _length(n, flexible, wide):
    """n is None for null; wide: an int32 length in the old encoding, else an int16."""
    if flexible:
        return uvarint(0 if n is None else n + 1)
    return struct.pack(">i" if wide else ">h", -1 if n is None else n)


def _encode_item(field, value, version, flexible, in_array=False):
    kind = field.item
    if field.fields is not None:
        if in_array or not field.nullable.high >= 0 or version not in field.nullable:
            return encode_fields(field.fields, value, version, flexible)
        return b"\xff" if value is None else b"\x01" + encode_fields(field.fields, value, version, flexible)
    if kind in NUMBERS:
        return struct.pack(NUMBERS[kind], value)
    if kind == "bool":
        return b"\x01" if value else b"\x00"
    if kind == "uuid":
        return value
    data = value.encode() if isinstance(value, str) else value
    return _length(None if data is None else len(data), flexible, kind != "string") + (data or b"")


def _encode_field(field, value, version, flexible):
    if not field.is_array:
        return _encode_item(field, value, version, flexible)
    if value is None:
        return _length(None, flexible, True)
    return _length(len(value), flexible, True) + b"".join(
        _encode_item(field, item, version, flexible, True) for item in value)


def encode_fields(fields, message, version, flexible):
    out, tagged = [], []
    known = {field.name for field in fields}
    unknown = set(message) - known - {"_tags"}
    if unknown - field_names():  # one message serves many versions of Kafka, but a slip is a slip
        raise ValueError(f"no such field: {sorted(unknown)} (there are {sorted(known)})")
    for field in fields:
        if version not in field.versions:
            continue
        if version in field.tagged and flexible:
            if field.name in message and message[field.name] != field.default_value():
                tagged.append((field.tag, _encode_field(field, message[field.name], version, flexible)))
            continue
        value = message[field.name] if field.name in message else field.default_value()
        out.append(_encode_field(field, value, version, flexible))
    if flexible:
        tagged += message.get("_tags", [])
        out.append(uvarint(len(tagged)))
        for tag, data in sorted(tagged):
            out.append(uvarint(tag) + uvarint(len(data)) + data)
    return b"".join(out)


# -- reading ---------------------------------------------------------------

class Cursor:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n < 0 or self.at + n > len(self.data):
            raise ValueError(f"the message ends early: {n} bytes wanted at {self.at} of {len(self.data)}")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def uvarint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def length(self, flexible, wide):
        n = self.uvarint() - 1 if flexible else self.number(">i" if wide else ">h")
        return None if n < 0 else n


def _decode_item(field, cursor, version, flexible, in_array=False):
    kind = field.item
    if field.fields is not None:
        if not in_array and version in field.nullable and cursor.number(">b") < 0:
            return None
        return decode_fields(field.fields, cursor, version, flexible)
    if kind in NUMBERS:
        return cursor.number(NUMBERS[kind])
    if kind == "bool":
        return cursor.take(1) != b"\x00"
    if kind == "uuid":
        return cursor.take(16)
    n = cursor.length(flexible, kind != "string")
    if n is None:
        return None
    data = cursor.take(n)
    return data.decode() if kind == "string" else data


def _decode_field(field, cursor, version, flexible):
    if not field.is_array:
        return _decode_item(field, cursor, version, flexible)
    n = cursor.length(flexible, True)
    return None if n is None else [_decode_item(field, cursor, version, flexible, True) for _ in range(n)]


def decode_fields(fields, cursor, version, flexible):
    message, by_tag = {}, {}
    for field in fields:
        if version not in field.versions:
            continue
        if version in field.tagged and flexible:
            by_tag[field.tag] = field
            message[field.name] = field.default_value()
        else:
            message[field.name] = _decode_field(field, cursor, version, flexible)
    if flexible:
        for _ in range(cursor.uvarint()):
            tag = cursor.uvarint()
            part = Cursor(cursor.take(cursor.uvarint()))
            if tag in by_tag:
                message[by_tag[tag].name] = _decode_field(by_tag[tag], part, version, flexible)
                if part.at != len(part.data):
                    raise ValueError(f"bytes left over in tag {tag}")
            else:
                message.setdefault("_tags", []).append((tag, part.data))
    return message


# -- requests and answers --------------------------------------------------

def request_bytes(known, api, version, message, correlation, client_id="e2e", header_tags=()):
    """A whole frame, its size in front."""
    schema = known.requests[api]
    flexible = version in schema.flexible
    head = struct.pack(">hhi", schema.key, version, correlation) + _length(
        None if client_id is None else len(client_id), False, False) + (client_id or "").encode()
    if flexible:
        head += uvarint(len(header_tags)) + b"".join(uvarint(t) + uvarint(len(d)) + d for t, d in header_tags)
    frame = head + encode_fields(schema.fields, message, version, flexible)
    return struct.pack(">i", len(frame)) + frame


def decode_answer(known, api, version, frame):
    """(correlation id, message) of a frame without its size."""
    schema = known.responses[api]
    flexible = version in known.requests[api].flexible
    cursor = Cursor(frame)
    correlation = cursor.number(">i")
    if flexible and api != "ApiVersions":
        for _ in range(cursor.uvarint()):
            cursor.uvarint()
            cursor.take(cursor.uvarint())
    message = decode_fields(schema.fields, cursor, version, flexible)
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


# -- record batches --------------------------------------------------------

def _crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


_CRC = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _varint(n):
    return uvarint((n << 1) ^ (n >> 63))


def batch(records, producer=(-1, -1, -1), transactional=False, timestamp=1700000000000, break_crc=False):
    """A record batch (magic 2) of (key, value) pairs; producer is (id, epoch, first sequence)."""
    body = b""
    for index, (key, value) in enumerate(records):
        record = b"\x00" + _varint(0) + _varint(index)
        for part in (key, value):
            record += _varint(-1) if part is None else _varint(len(part)) + part
        record += _varint(0)
        body += _varint(len(record)) + record
    tail = struct.pack(">hiqqqhii", 0x10 if transactional else 0, len(records) - 1, timestamp, timestamp,
                       producer[0], producer[1], producer[2], len(records)) + body
    crc = crc32c(tail) ^ (1 if break_crc else 0)
    rest = struct.pack(">ibI", -1, 2, crc) + tail
    return struct.pack(">qi", 0, len(rest)) + rest


def count_records(data):
    """How many records the batches of a Fetch answer hold (a cut-off last batch is not counted)."""
    at = total = 0
    while at + 61 <= len(data):
        size = struct.unpack_from(">i", data, at + 8)[0]
        if at + 12 + size > len(data):
            break
        total += struct.unpack_from(">i", data, at + 57)[0]
        at += 12 + size
    return total


def uuid_text(data):
    return str(uuid.UUID(bytes=data))
