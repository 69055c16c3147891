"""tests/lib/kafka_schemas.txt against Kafka's schemas: what the tests' own client takes for Kafka's is Kafka's."""
import kafka_wire
from kafka_jar import wire_order
from samples import snake


class Text:
    """A field of the text, with the face of a kafka_jar.Field."""

    def __init__(self, field):
        self.name, self._field = field.name, field
        self.array = field.type.startswith("[]")
        base = field.type.removeprefix("[]")
        self.type = "struct" if base in ("", "{}", "{}?") else base
        self.versions = range(field.first, field.last + 1)
        self.tag = -1 if field.tag is None else field.tag
        self.tagged = self.versions if self.tag >= 0 else range(0)
        self.nullable = self.versions if field.type == "{}?" else range(0)
        self.fields = [Text(f) for f in field.fields]

    def default_value(self):
        value = self._field.default_value()
        return value.bytes if self.type == "uuid" else value


def describe(f, version):
    """What decides how the client writes and reads a field, and what it puts where a test says nothing."""
    shape = f"{'array of ' if f.array else ''}{f.type}"
    null = ", may be null" if f.type == "struct" and not f.array and version in f.nullable else ""
    tag = f", tag {f.tag}" if version in f.tagged else ""
    return f"{f.name if isinstance(f, Text) else snake(f.name)}: {shape}{null}{tag}, else {f.default_value()!r}"


def compare_level(texts, kafkas, version, where, problems):
    texts, kafkas = wire_order(texts, version), wire_order(kafkas, version)
    a, b = [describe(f, version) for f in texts], [describe(f, version) for f in kafkas]
    if a != b:
        only = [f"{x!r} for {y!r}" for x, y in zip(a, b) if x != y] + a[len(b):] + b[len(a):]
        problems.append(f"{where}: {'; '.join(only)}")
        return 0
    return len(a) + sum(compare_level(x.fields, y.fields, version, f"{where}.{x.name}", problems)
                        for x, y in zip(texts, kafkas) if x.type == "struct")


def compare_api(api, label, jar, problems):
    count = 0
    for direction in ("request", "response"):
        message = jar.by_key[direction].get(api.key)
        if message is None:
            continue
        if message.api != api.name:
            problems.append(f"{label} {api.key}: called {message.api}, in the text {api.name}")
        for version in set(message.versions) & set(api.versions()):
            where = f"{label} {message.name} {version}"
            if api.flexible(version) != (version in message.flexible):
                problems.append(f"{where}: flexible in one and not in the other")
            fields = [Text(f) for f in getattr(api, direction)]
            count += compare_level(fields, message.fields, version, where, problems)
    return count


def check(jars):
    """jars: {label: samples.load(jar)}.  Returns how many fields were compared, and the problems."""
    problems = []
    count = 0
    for api in kafka_wire.APIS.values():
        served = {v for jar in jars.values() if api.key in jar.by_key["request"]
                  for v in jar.by_key["request"][api.key].versions}
        if unknown := set(api.versions()) - served:
            problems.append(f"{api.name}: Kafka has no version {sorted(unknown)}")
        count += sum(compare_api(api, label, jar, problems) for label, jar in jars.items())
    return count, problems
