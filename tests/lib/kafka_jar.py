"""kafka_jar.py - Kafka's messages by the schemas that lie in a kafka-clients jar.

    known = load("kafka-clients-4.4.0.jar")
    metadata = known.requests["Metadata"]
    data = encode(metadata.fields, {"Topics": None}, 12, 12 in metadata.flexible)

Messages are dicts with the schema's own field names, uuids are 16 bytes; what a
message leaves out takes the schema's default.  Bytes that the schema does not
explain are an error.  This is Kafka's own opinion: nothing here knows the
gateway's rows, nor kafka_schemas.txt.
"""
import json
import re
import struct
import zipfile

NUMBERS = {"bool": ">?", "int8": ">b", "int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q",
           "float64": ">d"}
PRIMITIVES = (*NUMBERS, "uuid", "string", "bytes", "records")
ENDLESS = 32767
NULL_UUID = bytes(16)
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*')


def versions(text):
    """The range that a version text means: "3", "0-7", "2+"; empty for "none"."""
    if text is None or text == "none":
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), ENDLESS + 1)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Field:
    def __init__(self, row, common):
        self.name = row["name"]
        self.array = row["type"].startswith("[]")
        base = row["type"].removeprefix("[]")
        self.type = base if base in PRIMITIVES else "struct"
        self.versions = versions(row["versions"])
        self.nullable = versions(row.get("nullableVersions"))
        self.tag = row.get("tag", -1)
        self.tagged = versions(row.get("taggedVersions"))
        self.default = row.get("default")
        fields = row.get("fields") or common.get(base, [])
        self.fields = [Field(child, common) for child in fields] if self.type == "struct" else []

    def default_value(self):
        if self.default == "null":
            return None
        if self.array:
            return []
        if self.type == "struct":
            return {}
        if self.type == "string":
            return self.default or ""
        if self.type in ("bytes", "records"):
            return b""
        if self.type == "uuid":
            return NULL_UUID
        if self.type == "bool":
            return self.default in ("true", True)
        if self.type == "float64":
            return float(self.default or 0)
        return int(self.default, 0) if isinstance(self.default, str) and self.default else (self.default or 0)


class Message:
    def __init__(self, text):
        row = json.loads(_COMMENT.sub(lambda m: m.group(1) or "", text))
        common = {s["name"]: s["fields"] for s in row.get("commonStructs", [])}
        self.name, self.key, self.kind = row["name"], row.get("apiKey"), row["type"]
        self.api = re.sub("(Request|Response)$", "", self.name)
        self.versions = versions(row["validVersions"])
        self.flexible = versions(row.get("flexibleVersions"))
        self.unstable = row.get("latestVersionUnstable", False)
        self.fields = [Field(child, common) for child in row.get("fields", [])]  # a removed API has none


class Schemas:
    """What a jar has: requests and responses by the API's name, by_key[kind] by its number; no removed API."""

    def __init__(self, messages):
        self.requests, self.responses, self.names = {}, {}, {}
        self.by_key = {"request": {}, "response": {}}
        for message in messages:
            (self.requests if message.kind == "request" else self.responses)[message.api] = message
            self.by_key[message.kind][message.key] = message
            self.names[message.key] = message.api


def load(jar):
    with zipfile.ZipFile(jar) as z:
        texts = [z.read(name).decode() for name in z.namelist()
                 if re.fullmatch(r"common/message/\w+(Request|Response)\.json", name)]
    return Schemas([message for message in map(Message, texts) if message.versions])


def wire_order(fields, version):
    """A level's fields in a version: the plain ones, then the tagged ones by tag."""
    there = [f for f in fields if version in f.versions]
    tagged = [f for f in there if version in f.tagged]
    return [f for f in there if version not in f.tagged] + sorted(tagged, key=lambda f: f.tag)


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


def encode_item(field, value, flexible):
    """One value of a field that is no struct, or one element of its array."""
    if field.type in NUMBERS:
        return struct.pack(NUMBERS[field.type], value)
    if field.type == "uuid":
        return value
    data = value.encode() if isinstance(value, str) else value
    return _length(None if data is None else len(data), flexible, field.type != "string") + (data or b"")


def _encode_field(field, value, version, flexible, others):
    def item(one):
        if field.type == "struct":
            return encode(field.fields, one, version, flexible, others)
        return encode_item(field, one, flexible)
    if field.array:
        return _length(None if value is None else len(value), flexible, True) + b"".join(map(item, value or ()))
    if field.type == "struct" and version in field.nullable:
        return b"\xff" if value is None else b"\x01" + item(value)
    return item(value)


def encode(fields, message, version, flexible, others=()):
    """A level's bytes.  others: names that may stand in a message though this schema has no such field.
    A tagged field that has its default is left out, as Kafka does; message["_tags"] has more, as (tag, bytes)."""
    out, tagged = [], []
    known = {field.name for field in fields}
    if unknown := set(message) - known - {"_tags"} - set(others):
        raise ValueError(f"no such field: {sorted(unknown)} (there are {sorted(known)})")
    for field in wire_order(fields, version):
        value = message.get(field.name, field.default_value())
        if version not in field.tagged or not flexible:
            out.append(_encode_field(field, value, version, flexible, others))
        elif value != field.default_value():
            tagged.append((field.tag, _encode_field(field, value, version, flexible, others)))
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

    def tags(self):
        """[(tag, bytes)]"""
        return [(self.uvarint(), self.take(self.uvarint())) for _ in range(self.uvarint())]


def _decode_item(field, cursor, version, flexible):
    if field.type == "struct":
        return decode(field.fields, cursor, version, flexible)
    if field.type in NUMBERS:
        return cursor.number(NUMBERS[field.type])
    if field.type == "uuid":
        return cursor.take(16)
    n = cursor.length(flexible, field.type != "string")
    if n is None:
        return None
    data = cursor.take(n)
    return data.decode() if field.type == "string" else data


def _decode_field(field, cursor, version, flexible):
    if field.array:
        n = cursor.length(flexible, True)
        return None if n is None else [_decode_item(field, cursor, version, flexible) for _ in range(n)]
    if field.type == "struct" and version in field.nullable and cursor.number(">b") < 0:
        return None
    return _decode_item(field, cursor, version, flexible)


def decode(fields, cursor, version, flexible):
    message, by_tag = {}, {}
    for field in wire_order(fields, version):
        if version in field.tagged and flexible:
            by_tag[field.tag] = field
            message[field.name] = field.default_value()
        else:
            message[field.name] = _decode_field(field, cursor, version, flexible)
    for tag, data in cursor.tags() if flexible else ():
        if tag not in by_tag:
            message.setdefault("_tags", []).append((tag, data))
            continue
        part = Cursor(data)
        message[by_tag[tag].name] = _decode_field(by_tag[tag], part, version, flexible)
        if part.at != len(data):
            raise ValueError(f"bytes left over in tag {tag}")
    return message
