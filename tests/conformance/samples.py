"""Messages made at random by Kafka's schemas, and what a reader of them must see."""
import re
import struct
import uuid

import kafka_jar

INTEGERS = {"bool": (0, 1), "int8": (-2**7, 2**7 - 1), "int16": (-2**15, 2**15 - 1), "uint16": (0, 2**16 - 1),
            "int32": (-2**31, 2**31 - 1), "uint32": (0, 2**32 - 1), "int64": (-2**63, 2**63 - 1)}
# Fields that an older jar calls otherwise, by message.
RENAMED = {"TxnOffsetCommitRequest": {"GenerationId": "GenerationIdOrMemberEpoch"},
           "ListClientMetricsResourcesResponse": {"ClientMetricsResources": "ConfigResources", "Name": "ResourceName"}}


def load(jar):
    """As kafka_jar does, with the names of today."""
    schemas = kafka_jar.load(jar)
    for messages in schemas.by_key.values():
        for message in messages.values():
            rename(message.fields, RENAMED.get(message.name, {}))
    return schemas


def rename(fields, names):
    for f in fields:
        f.name = names.get(f.name, f.name)
        rename(f.fields, names)


def plain(name):
    """A field's name without case and underscores, to compare by."""
    return name.replace("_", "").lower()


def snake(name):
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


class Maker:
    """Values that a reader could mix up with nothing: few defaults, all kinds of null."""

    def __init__(self, version, chance):
        self.version, self.chance = version, chance

    def level(self, fields):
        values = {}
        for f in kafka_jar.wire_order(fields, self.version):
            tagged = self.version in f.tagged
            if not tagged or self.chance.random() >= 0.3:
                values[f.name] = self.tagged(f) if tagged else self.value(f)
        return values

    def tagged(self, f):
        """Its default would not be written."""
        while True:
            value = [self.item(f, True) for _ in range(self.chance.choice((1, 2, 3)))] if f.array else self.item(f, True)
            if value != f.default_value():
                return value

    def value(self, f):
        if self.version in f.nullable and self.chance.random() < 0.25:
            return None
        if f.array:
            return [self.item(f, False) for _ in range(self.chance.choice((0, 1, 2, 3)))]
        return self.item(f, False)

    def item(self, f, some):
        """some: of a text or of bytes, at least one."""
        if f.type == "struct":
            return self.level(f.fields)
        if f.type in INTEGERS:
            low, high = INTEGERS[f.type]
            if f.type == "bool":
                return self.chance.random() < 0.5
            return self.chance.choice((self.chance.randint(low, high - 1), self.chance.randint(2, 100)))
        if f.type == "float64":
            return self.chance.random() * 1000 + 1
        if f.type == "uuid":
            return bytes(self.chance.randint(1, 255) for _ in range(16))
        n = self.chance.choice((1, 5, 40, 200) if some else (0, 1, 5, 40, 200))
        return bytes(self.chance.choice(b"abcdefghijklmnopqrstuvwxyz-._0123456789") for _ in range(n))


class Sample:
    """A message: its bytes; `seen`, a list of (path, kind, number, content), kind V value, R run of
    bytes, A array; and how it is printed."""

    def __init__(self, message, version, chance):
        self.version = version
        values = Maker(version, chance).level(message.fields)
        self.bytes = kafka_jar.encode(message.fields, values, version, version in message.flexible)
        self.seen = []
        self._lines = []
        self._dash = False
        self._level(message.fields, values, "", 0)
        self.tree = "".join(line + "\n" for line in self._lines)

    def _line(self, depth, text):
        self._lines.append("  " * (depth - 1 if self._dash else depth) + ("- " if self._dash else "") + text)
        self._dash = False

    def _level(self, fields, values, prefix, depth):
        for f in kafka_jar.wire_order(fields, self.version):
            if f.name in values:
                self._field(f, values[f.name], prefix + f.name, depth)

    def _field(self, f, value, path, depth):
        name = snake(f.name) + ":"
        if f.array:
            self._array(f, value, path, depth, name)
        elif f.type == "struct":
            self._line(depth, name + (" null" if value is None else ""))
            self._level(f.fields, value or {}, path + ".", depth + 1)
        else:
            self._line(depth, f"{name} {self._scalar(f, value, path)}")

    def _array(self, f, value, path, depth, name):
        self.seen.append((path, "A", -1 if value is None else len(value), b""))
        if not value:
            self._line(depth, name + (" null" if value is None else " []"))
        elif f.type != "struct":
            self._line(depth, f"{name} [ " + ", ".join(self._scalar(f, one, path + "[]") for one in value) + " ]")
        else:
            self._line(depth, name)
            for one in value:
                self._dash = True
                self._level(f.fields, one, path + ".", depth + 2)

    def _scalar(self, f, value, path):
        """How the value is shown."""
        if f.type == "float64":
            return "%.17g" % value
        if f.type in INTEGERS:
            self.seen.append((path, "V", int(value), struct.pack(kafka_jar.NUMBERS[f.type], value)))
            return str(value).lower()
        if f.type == "uuid":
            self.seen.append((path, "V", 0, value))
            return str(uuid.UUID(bytes=value))
        is_text = f.type == "string"
        number = -1 if value is None else len(value)
        self.seen.append((path, "V" if is_text else "R", number, value if is_text and value else b""))
        if value is None:
            return "null"
        if is_text:
            return f'"{value.decode()}"'
        more = value[:32].hex() + ("..." if len(value) > 32 else "")
        return f"{len(value)} bytes {more}" if value else "0 bytes"
