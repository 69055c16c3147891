"""kafka_wire.py - the Kafka protocol by hand, for tests: any request, any bytes.

    with Connection("127.0.0.1", 9092) as kafka:
        answer = kafka.ask("Metadata", 5, topics=[{"name": "t"}])
        kafka.ask("Produce", 7, acks=-1, timeout_ms=5000, topic_data=produce_data({("t", 0): batch([b"hello"])}))
        kafka.send_raw(b"\\0\\0\\0\\x05junk!")

Messages are dicts that follow kafka_schemas.txt; what is left out of a request
has its default.  It is on purpose an implementation of its own: it shares
nothing with the gateway's.
"""
import itertools
import os
import pathlib
import socket
import struct
import time
import uuid

SIZES = {"bool": "?", "int8": "b", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q",
         "float64": "d"}
NO_ID = uuid.UUID(int=0)
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))  # sanitizers: everything takes longer
LATEST, EARLIEST = -1, -2


class WireError(Exception):
    """Bytes that are not what the protocol says."""


class Closed(WireError):
    """The peer closed where an answer was due."""


# --- versions and schemas


def _versions(text):
    """"2", "0-3" or "4+" as (first, last)."""
    if text.endswith("+"):
        return int(text[:-1]), 1 << 15
    first, _, last = text.partition("-")
    return int(first), int(last or first)


class Field:
    def __init__(self, words):
        self.name, self.type = words[0], words[1]
        self.first, self.last = _versions(words[2])
        self.default = next((w[1:] for w in words[3:] if w[0] == "="), None)
        self.tag = next((int(w[1:]) for w in words[3:] if w[0] == "#"), None)
        self.fields = []

    def in_version(self, version):
        return self.first <= version <= self.last

    def default_value(self):
        if self.default == "null" or self.type == "{}?":
            return None
        if self.type.startswith("[]"):
            return []
        if self.type == "{}":
            return {}
        if self.type == "uuid":
            return NO_ID
        if self.type == "string":
            return self.default or ""
        if self.type in ("bytes", "records"):
            return b""
        if self.type == "bool":
            return self.default == "true"
        return int(self.default or 0)


class Api:
    def __init__(self, words):
        self.key, self.name = int(words[1]), words[2]
        self.first, self.last = _versions(words[3])
        self.flexible_from = 1 << 15 if words[5] == "none" else int(words[5].rstrip("+"))
        self.request, self.response = [], []

    def flexible(self, version):
        return version >= self.flexible_from

    def versions(self):
        return range(self.first, self.last + 1)

    def response_header_flexible(self, version):
        return self.flexible(version) and self.name != "ApiVersions"


def _load():
    apis, api, stack = {}, None, []
    for line in (pathlib.Path(__file__).parent / "kafka_schemas.txt").read_text().splitlines():
        words = line.split()
        if not words or words[0] == "#":
            continue
        if words[0] == "api":
            api = apis[words[2]] = Api(words)
        elif words[0] in ("request", "response"):
            stack = [getattr(api, words[0])]
        else:
            depth = (len(line) - len(line.lstrip())) // 2
            field = Field(words)
            del stack[depth:]
            stack[-1].append(field)
            stack.append(field.fields)
    return apis


APIS = _load()
KEYS = {api.key: api for api in APIS.values()}


def api_of(name_or_key):
    return APIS[name_or_key] if isinstance(name_or_key, str) else KEYS[name_or_key]


# --- writing


def uvarint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint(value):
    return uvarint((value << 1) ^ (value >> 63))


def _sized(value, flexible, width):
    """A string, bytes or the count of an array; None is null."""
    if flexible:
        return uvarint(0 if value is None else value + 1)
    return struct.pack(">" + width, -1 if value is None else value)


def encode(fields, values, version, flexible):
    unknown = set(values) - {field.name for field in fields} - {"_tags"}
    if unknown:
        raise KeyError(f"no such field: {sorted(unknown)}")
    out, tags = [], dict(values.get("_tags", {}))
    for field in fields:
        if not field.in_version(version):
            continue
        if field.tag is not None:
            if field.name in values:
                tags[field.tag] = _encode_value(field, values[field.name], version, flexible)
            continue
        value = values.get(field.name, field.default_value())
        out.append(_encode_value(field, value, version, flexible))
    if flexible:
        out.append(uvarint(len(tags)))
        for tag in sorted(tags):
            out += [uvarint(tag), uvarint(len(tags[tag])), tags[tag]]
    return b"".join(out)


def _encode_value(field, value, version, flexible):
    kind = field.type
    if kind == "{}":
        return encode(field.fields, value, version, flexible)
    if kind == "{}?":
        return b"\xff" if value is None else b"\x01" + encode(field.fields, value, version, flexible)
    if kind.startswith("[]"):
        head = _sized(None if value is None else len(value), flexible, "i")
        if kind == "[]":
            return head + b"".join(encode(field.fields, item, version, flexible) for item in value or ())
        return head + b"".join(_encode_plain(kind[2:], item, flexible) for item in value or ())
    return _encode_plain(kind, value, flexible)


def _encode_plain(kind, value, flexible):
    if kind in SIZES:
        return struct.pack(">" + SIZES[kind], value)
    if kind == "uuid":
        return value.bytes
    if isinstance(value, str):
        value = value.encode()
    head = _sized(None if value is None else len(value), flexible, "h" if kind == "string" else "i")
    return head + (value or b"")


# --- reading


class Reader:
    def __init__(self, data, at=0):
        self.data = data
        self.at = at

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count < 0 or count > self.left():
            raise WireError(f"{count} bytes wanted at {self.at}, {self.left()} left")
        self.at += count
        return self.data[self.at - count:self.at]

    def plain(self, letter):
        size = struct.calcsize(">" + letter)
        return struct.unpack(">" + letter, self.take(size))[0]

    def uvarint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise WireError("varint too long")

    def varint(self):
        value = self.uvarint()
        return (value >> 1) ^ -(value & 1)

    def sized(self, flexible, letter):
        """None for null."""
        count = self.uvarint() - 1 if flexible else self.plain(letter)
        return None if count == -1 else count

    def tags(self):
        found = {}
        for _ in range(self.uvarint()):
            tag = self.uvarint()
            if tag in found:
                raise WireError(f"tag {tag} twice")
            found[tag] = self.take(self.uvarint())
        return found


def decode(fields, reader, version, flexible):
    values = {}
    for field in fields:
        if field.in_version(version):
            if field.tag is None:
                values[field.name] = _decode_value(field, reader, version, flexible)
    if flexible:
        tags = reader.tags()
        for field in fields:
            if field.tag in tags and field.in_version(version):
                inner = Reader(tags.pop(field.tag))
                values[field.name] = _decode_value(field, inner, version, flexible)
                if inner.left():
                    raise WireError(f"{inner.left()} bytes too many in tagged field {field.name}")
        if tags:
            values["_tags"] = tags
    return values


def _decode_value(field, reader, version, flexible):
    kind = field.type
    if kind == "{}":
        return decode(field.fields, reader, version, flexible)
    if kind == "{}?":
        return None if reader.plain("b") < 0 else decode(field.fields, reader, version, flexible)
    if kind.startswith("[]"):
        count = reader.sized(flexible, "i")
        if count is None:
            return None
        if count < 0 or count > reader.left():
            raise WireError(f"array of {count} with {reader.left()} bytes left")
        if kind == "[]":
            return [decode(field.fields, reader, version, flexible) for _ in range(count)]
        return [_decode_plain(kind[2:], reader, flexible) for _ in range(count)]
    return _decode_plain(kind, reader, flexible)


def _decode_plain(kind, reader, flexible):
    if kind in SIZES:
        return reader.plain(SIZES[kind])
    if kind == "uuid":
        return uuid.UUID(bytes=bytes(reader.take(16)))
    count = reader.sized(flexible, "h" if kind == "string" else "i")
    if count is None:
        return None
    data = reader.take(count)
    return data.decode() if kind == "string" else data


# --- whole messages


def request_bytes(api, version, correlation, client_id="test", body=None, header_tags=None, **values):
    """A request without its size.  `body` (bytes) replaces the encoded values;
    an api given as a number that we know nothing of needs a body."""
    known = KEYS.get(api) if isinstance(api, int) else APIS[api]
    key = known.key if known else api
    flexible = known.flexible(version) if known else False
    head = struct.pack(">hhi", key, version, correlation) + _encode_plain("string", client_id, False)
    if flexible:
        tags = header_tags or {}
        head += uvarint(len(tags))
        for tag in sorted(tags):
            head += uvarint(tag) + uvarint(len(tags[tag])) + tags[tag]
    return head + (encode(known.request, values, version, flexible) if body is None else body)


def frame(data):
    return struct.pack(">i", len(data)) + data


def read_request(data):
    """A request without its size, as (api, version, correlation, client id, values): for stand-in brokers."""
    reader = Reader(data)
    key, version, correlation = reader.plain("h"), reader.plain("h"), reader.plain("i")
    api = KEYS[key]
    client_id = _decode_plain("string", reader, False)
    if api.flexible(version):
        reader.tags()
    return api, version, correlation, client_id, decode(api.request, reader, version, api.flexible(version))


def response_bytes(api, version, correlation, values):
    """An answer without its size: for stand-in brokers."""
    api = api_of(api)
    head = struct.pack(">i", correlation) + (b"\0" if api.response_header_flexible(version) else b"")
    return head + encode(api.response, values, version, api.flexible(version))


def read_response(api, version, data):
    """(correlation, values) of an answer without its size; every byte must be used."""
    api = api_of(api)
    reader = Reader(data)
    correlation = reader.plain("i")
    if api.response_header_flexible(version):
        reader.tags()
    values = decode(api.response, reader, version, api.flexible(version))
    if reader.left():
        raise WireError(f"{api.name} v{version}: {reader.left()} bytes too many in the answer")
    return correlation, values


# --- record batches


def _crc32c_tables():
    """Eight tables, to take eight bytes a step."""
    first = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        first.append(n)
    tables = [first]
    for _ in range(7):
        tables.append([first[n & 0xFF] ^ n >> 8 for n in tables[-1]])
    return tables


_CRC = _crc32c_tables()


def crc32c(data):
    crc = 0xFFFFFFFF
    t0, t1, t2, t3, t4, t5, t6, t7 = _CRC
    whole = len(data) & ~7
    for low, high in struct.iter_unpack("<II", data[:whole]):
        low ^= crc
        crc = (t7[low & 255] ^ t6[low >> 8 & 255] ^ t5[low >> 16 & 255] ^ t4[low >> 24]
               ^ t3[high & 255] ^ t2[high >> 8 & 255] ^ t1[high >> 16 & 255] ^ t0[high >> 24])
    for byte in data[whole:]:
        crc = t0[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _record(index, key, value):
    def sized(data):
        return varint(-1) if data is None else varint(len(data)) + data
    body = b"\0" + varint(0) + varint(index) + sized(key) + sized(value) + varint(0)
    return varint(len(body)) + body


def batch(records, producer_id=-1, producer_epoch=-1, sequence=-1, base_offset=0, transactional=False):
    """A record batch (magic 2) of values, or of (key, value) pairs."""
    pairs = [r if isinstance(r, tuple) else (None, r) for r in records]
    now = int(time.time() * 1000)
    data = b"".join(_record(n, key, value) for n, (key, value) in enumerate(pairs))
    tail = struct.pack(">hiqqqhii", 16 if transactional else 0, len(pairs) - 1, now, now, producer_id, producer_epoch,
                       sequence, len(pairs)) + data
    return struct.pack(">qiibI", base_offset, len(tail) + 9, 0, 2, crc32c(tail)) + tail


def records_of(data):
    """[(offset, key, value)] of the batches in a fetch answer; a cut-off last batch is left out."""
    found, at = [], 0
    while data and len(data) - at >= 12:
        base, length = struct.unpack_from(">qi", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        _, magic, crc = struct.unpack_from(">ibI", data, at + 12)
        if magic != 2:
            raise WireError(f"batch with magic {magic}")
        if crc32c(data[at + 21:end]) != crc:
            raise WireError(f"CRC of the batch at offset {base} is wrong")
        attributes, _, _, _, _, _, _, count = struct.unpack_from(">hiqqqhii", data, at + 21)
        if attributes & 7:
            raise WireError("compressed batch")
        if not attributes & 32:  # not a control batch
            reader = Reader(data[at + 61:end])
            for _ in range(count):
                found.append(_read_record(reader, base))
        at = end
    return found


def _read_record(reader, base):
    inner = Reader(reader.take(reader.varint()))
    inner.plain("b")
    inner.varint()
    offset = base + inner.varint()
    fields = []
    for _ in range(2):
        length = inner.varint()
        fields.append(None if length < 0 else bytes(inner.take(length)))
    return offset, fields[0], fields[1]


# --- the parts of common requests


def _by_topic(parts):
    """{(topic, partition): x} as [(topic, [(partition, x)])], one entry a topic, in the order given."""
    topics = {}
    for (topic, partition), value in parts.items():
        topics.setdefault(topic, []).append((partition, value))
    return topics.items()


def _topic_key(topic, name):
    return {"topic_id": topic} if isinstance(topic, uuid.UUID) else {name: topic}


def produce_data(parts):
    """topic_data of a Produce: {(topic name or id, partition): batch}."""
    return [dict(_topic_key(topic, "name"), partition_data=[{"index": p, "records": data} for p, data in entries])
            for topic, entries in _by_topic(parts)]


def fetch_topics(parts, partition_max_bytes=1 << 20):
    """topics of a Fetch: {(topic name or id, partition): offset}."""
    return [dict(_topic_key(topic, "topic"), partitions=[
        {"partition": p, "fetch_offset": offset, "partition_max_bytes": partition_max_bytes} for p, offset in entries])
        for topic, entries in _by_topic(parts)]


def offsets_topics(parts):
    """topics of a ListOffsets: {(topic, partition): timestamp, LATEST or EARLIEST}."""
    return [{"name": topic, "partitions": [{"partition_index": p, "timestamp": t} for p, t in entries]}
            for topic, entries in _by_topic(parts)]


# What the answers of these call their topics, partitions and indexes.
PARTS = {
    "Produce": ("responses", "name", "partition_responses", "index"),
    "Fetch": ("responses", "topic", "partitions", "partition_index"),
    "ListOffsets": ("topics", "name", "partitions", "partition_index"),
    "OffsetCommit": ("topics", "name", "partitions", "partition_index"),
    "DeleteRecords": ("topics", "name", "partitions", "partition_index"),
    "OffsetForLeaderEpoch": ("topics", "topic", "partitions", "partition"),
}


def parts_of(api, answer):
    """[((topic name or id, partition), the partition's dict)] of an answer, in its order."""
    topics, name, partitions, index = PARTS[api]
    return [((topic[name] if name in topic else topic["topic_id"], part[index]), part)
            for topic in answer[topics] for part in topic[partitions]]


# --- the connection


class Connection:
    """One connection, in plain blocking calls; answers are read by version and checked to the last byte."""

    def __init__(self, host, port, client_id="test", timeout=10, source=None, preamble=b"", tls=None, server_name=None,
                 session=None):
        """source: the local address to come from.  preamble: bytes before the first request (a PROXY header).
        tls: an ssl context; server_name and session are the handshake's."""
        self.client_id = client_id
        timeout *= PATIENCE
        self.sock = socket.create_connection((host, port), timeout, (source, 0) if source else None)
        self.sock.settimeout(timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._ids = itertools.count(1)
        self._asked = []  # (correlation, api, version) not yet answered
        if preamble:
            self.sock.sendall(preamble)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=server_name, session=session)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send_raw(self, data):
        self.sock.sendall(data)

    def send_slowly(self, data, piece=1, pause=0.0):
        """In pieces, each a segment of its own."""
        for at in range(0, len(data), piece):
            self.sock.sendall(data[at:at + piece])
            if pause:
                time.sleep(pause)

    def make(self, api, version, answered=True, **values):
        """The frame of a request, noted as asked; for those who send it themselves."""
        correlation = next(self._ids)
        data = frame(request_bytes(api, version, correlation, self.client_id, **values))
        if answered:
            self._asked.append((correlation, api, version))
        return data

    def send(self, api, version, **values):
        answered = not (api == "Produce" and values.get("acks") == 0)
        self.sock.sendall(self.make(api, version, answered, **values))

    def receive(self):
        """The answer to the oldest request; the order is checked."""
        correlation, api, version = self._asked[0]
        data = self.receive_frame()
        got, values = read_response(api, version, data)
        if got != correlation:
            raise WireError(f"{api} v{version}: answer {got} where {correlation} was due")
        self._asked.pop(0)
        return values

    def ask(self, api, version, **values):
        self.send(api, version, **values)
        return self.receive()

    def receive_frame(self):
        """The bytes of the next answer, without the size."""
        size = struct.unpack(">i", self._exactly(4))[0]
        if size < 4:
            raise WireError(f"answer of {size} bytes")
        return self._exactly(size)

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.sock.recv(min(count - len(data), 1 << 20))
            if not part:
                raise Closed(f"closed after {len(data)} of {count} bytes")
            data += part
        return bytes(data)

    def is_closed(self, seconds=5):
        """Whether the peer closes within that time, sending nothing more."""
        self.sock.settimeout(seconds * PATIENCE)
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False


def proxy_v1(source, destination, source_port=40000, destination_port=9092):
    return f"PROXY TCP4 {source} {destination} {source_port} {destination_port}\r\n".encode()


def proxy_v2(source=None, destination=None, source_port=40000, destination_port=9092, tlvs=b"", command=1):
    """Without a source: LOCAL."""
    if source is None:
        return b"\r\n\r\n\0\r\nQUIT\n\x20\x00" + struct.pack(">H", len(tlvs)) + tlvs
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    body = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    body += struct.pack(">HH", source_port, destination_port) + tlvs
    kind = 0x21 if family == socket.AF_INET6 else 0x11
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20 | command, kind]) + struct.pack(">H", len(body)) + body
