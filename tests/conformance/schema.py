"""Kafka's message schemas as they lie in a kafka-clients jar, and messages made by them.

Nothing here knows the gateway's rows: this is the other opinion.
"""
import json
import re
import struct
import uuid
import zipfile

PRIMITIVES = ("bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64",
              "uuid", "string", "bytes", "records")
INTEGERS = {"bool": (">b", 0, 1), "int8": (">b", -2**7, 2**7 - 1), "int16": (">h", -2**15, 2**15 - 1),
            "uint16": (">H", 0, 2**16 - 1), "int32": (">i", -2**31, 2**31 - 1),
            "uint32": (">I", 0, 2**32 - 1), "int64": (">q", -2**63, 2**63 - 1)}
ENDLESS = 32767
# Fields that an older jar calls otherwise, by message.
RENAMED = {"TxnOffsetCommitRequest": {"GenerationId": "GenerationIdOrMemberEpoch"}}


def versions(text):
    """The range a version text means; empty for none."""
    if text is None or text == "none":
        return range(0)
    if text.endswith("+"):
        return range(int(text[:-1]), ENDLESS + 1)
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def plain(name):
    """A field's name without case and underscores, to compare by."""
    return name.replace("_", "").lower()


class Field:
    def __init__(self, json_field, common):
        self.name = json_field["name"]
        type_name = json_field["type"]
        self.array = type_name.startswith("[]")
        base = type_name.removeprefix("[]")
        self.type = base if base in PRIMITIVES else "struct"
        self.versions = versions(json_field["versions"])
        self.nullable = versions(json_field.get("nullableVersions"))
        self.tag = json_field.get("tag", -1)
        self.tagged = versions(json_field.get("taggedVersions"))
        self.default = json_field.get("default")
        fields = json_field.get("fields") or common.get(base, [])
        self.fields = [Field(f, common) for f in fields] if self.type == "struct" else []


class Message:
    def __init__(self, json_message):
        common = {s["name"]: s["fields"] for s in json_message.get("commonStructs", [])}
        self.name = json_message["name"]
        self.key = json_message.get("apiKey")
        self.versions = versions(json_message["validVersions"])
        self.flexible = versions(json_message.get("flexibleVersions"))
        self.unstable = bool(json_message.get("latestVersionUnstable"))
        self.fields = [Field(f, common) for f in json_message.get("fields", [])]
        for f in self.fields:
            f.name = RENAMED.get(self.name, {}).get(f.name, f.name)


def wire_order(fields, version):
    """A level's fields in a version: the plain ones, then the tagged ones by tag."""
    there = [f for f in fields if version in f.versions]
    tagged = [f for f in there if version in f.tagged]
    return [f for f in there if version not in f.tagged] + sorted(tagged, key=lambda f: f.tag)


def load(jar):
    """{"request": {key: Message}, "response": {key: Message}}"""
    found = {"request": {}, "response": {}}
    with zipfile.ZipFile(jar) as z:
        for name in z.namelist():
            if not re.fullmatch(r"common/message/\w+(Request|Response)\.json", name):
                continue
            lines = z.read(name).decode().splitlines()
            text = "\n".join(l for l in lines if not l.lstrip().startswith("//"))
            j = json.loads(re.sub(r"(?<=[\[{,}\]])\s*//.*", "", text))
            if "apiKey" in j:
                found[j["type"]][j["apiKey"]] = Message(j)
    return found


def uvarint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


class Writer:
    """Writes one message and keeps what a reader must see: `seen` is a list of
    (path, kind, number, content), kind V value, R run of bytes, A array."""

    def __init__(self, message, version, give):
        """give(field, path, null_ok, tagged): the value, None for null, NotImplemented to
        leave a tagged field out; for arrays the count, for structs True."""
        self.version = version
        self.compact = version in message.flexible
        self.give = give
        self.seen = []
        self.lines = []
        self.dash = False
        self.bytes = self.level(message.fields, "", 0)
        self.tree = "".join(line + "\n" for line in self.lines)

    def line(self, depth, text):
        self.lines.append("  " * (depth - 1 if self.dash else depth) + ("- " if self.dash else "") + text)
        self.dash = False

    def length(self, n, short):
        if self.compact:
            return uvarint(n + 1)
        return struct.pack(">h" if short else ">i", n)

    def scalar(self, type_name, path, value):
        """The bytes and how the value is shown."""
        if type_name in INTEGERS:
            form = INTEGERS[type_name][0]
            raw = struct.pack(form, value)
            self.seen.append((path, "V", value, raw))
            shown = str(value) if type_name != "bool" else ("true" if value else "false")
            return raw, shown
        if type_name == "float64":
            raw = struct.pack(">d", value)
            return raw, "%.17g" % value
        if type_name == "uuid":
            self.seen.append((path, "V", 0, value))
            return value, str(uuid.UUID(bytes=value))
        kind = "V" if type_name == "string" else "R"
        number = -1 if value is None else len(value)
        self.seen.append((path, kind, number, value if kind == "V" and value else b""))
        raw = self.length(number, type_name == "string") + (value or b"")
        if value is None:
            return raw, "null"
        if type_name == "string":
            return raw, '"%s"' % value.decode()
        more = value[:32].hex() + ("..." if len(value) > 32 else "")
        return raw, "%d bytes %s" % (len(value), more) if value else "0 bytes"

    def level(self, fields, prefix, depth):
        out = b""
        tags = []
        for f in wire_order(fields, self.version):
            tagged = self.version in f.tagged
            value = self.give(f, prefix + f.name, self.version in f.nullable, tagged)
            if value is NotImplemented:
                continue
            raw = self.field(f, prefix + f.name, value, depth)
            if tagged:
                tags.append(uvarint(f.tag) + uvarint(len(raw)) + raw)
            else:
                out += raw
        if self.compact:
            out += uvarint(len(tags)) + b"".join(tags)
        return out

    def field(self, f, path, value, depth):
        name = snake(f.name) + ":"
        if f.array:
            return self.array(f, path, value, depth, name)
        if f.type == "struct":
            null_ok = self.version in f.nullable
            self.line(depth, name + (" null" if value is None else ""))
            if value is None:
                return b"\xff"
            return (b"\x01" if null_ok else b"") + self.level(f.fields, path + ".", depth + 1)
        raw, shown = self.scalar(f.type, path, value)
        self.line(depth, f"{name} {shown}")
        return raw

    def array(self, f, path, count, depth, name):
        self.seen.append((path, "A", -1 if count is None else count, b""))
        out = self.length(-1 if count is None else count, False)
        if not count:
            self.line(depth, name + (" null" if count is None else " []"))
        elif f.type == "struct":
            self.line(depth, name)
            for _ in range(count):
                self.dash = True
                out += self.level(f.fields, path + ".", depth + 2)
        else:
            shown = []
            at = len(self.lines)
            for _ in range(count):
                raw, text = self.scalar(f.type, path + "[]", self.give(f, path + "[]", False, False))
                out += raw
                shown.append(text)
            assert at == len(self.lines)
            self.line(depth, f"{name} [ " + ", ".join(shown) + " ]")
        return out


def snake(name):
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def random_giver(random):
    """Values a reader could mix up with nothing: few defaults, all kinds of null."""
    def give(f, path, null_ok, tagged):
        if tagged and random.random() < 0.3:
            return NotImplemented
        element = path.endswith("[]")
        if null_ok and not tagged and random.random() < 0.25:
            return None
        if f.array and not element:
            return random.choice((1, 2, 3)) if tagged else random.choice((0, 1, 2, 3))
        if f.type == "struct":
            return True
        if f.type in INTEGERS:
            low, high = INTEGERS[f.type][1:]
            if f.type == "bool":
                return 1 if tagged else random.randint(0, 1)
            return random.choice((random.randint(low, high - 1), random.randint(2, 100)))
        if f.type == "float64":
            return random.random() * 1000 + 1
        if f.type == "uuid":
            return bytes(random.randint(1, 255) for _ in range(16))
        n = random.choice((1, 5, 40, 200) if tagged else (0, 1, 5, 40, 200))
        return bytes(random.choice(b"abcdefghijklmnopqrstuvwxyz-._0123456789") for _ in range(n))
    return give
