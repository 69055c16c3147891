"""Every row of the gateway against Kafka's schemas, field by field, both ways."""
import json
import subprocess

from kafka_jar import versions, wire_order
from samples import plain

# Ranges that are shorter than Kafka's on purpose; the reason stands at the row.
SHORTER = {24: 3}


class Row:
    """A row as dump_rows prints it, with the face of a kafka_jar.Field."""

    def __init__(self, j):
        self.name, self.array, self.type = j["name"], j["array"], j["type"]
        self.versions = versions(j["versions"])
        self.nullable = versions(j["nullable"])
        self.tag = j["tag"]
        self.tagged = self.versions if self.tag >= 0 else range(0)
        self.meaning, self.each = j["is"], j["each"]
        self.fields = [Row(f) for f in j["fields"]]


def dump(program):
    apis = {}
    for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines():
        j = json.loads(line)
        for direction in ("request", "response"):
            if j[direction] is not None:
                j[direction] = [Row(f) for f in j[direction]]
        apis[j["key"]] = j
    return apis


def describe(f, version):
    """All that matters of a field on the wire."""
    shape = f"{'array of ' if f.array else ''}{f.type}"
    null = ", may be null" if version in f.nullable else ""
    tag = f", tag {f.tag}" if version in f.tagged else ""
    return f"{plain(f.name)}: {shape}{null}{tag}"


def compare_level(ours, kafkas, version, where, problems):
    ours, kafkas = wire_order(ours, version), wire_order(kafkas, version)
    a, b = [describe(f, version) for f in ours], [describe(f, version) for f in kafkas]
    if a != b:
        problems.append(f"{where}: the rows say {a}, Kafka says {b}")
        return 0
    count = len(a)
    for x, y in zip(ours, kafkas):
        if x.type == "struct":
            count += compare_level(x.fields, y.fields, version, f"{where}.{y.name}", problems)
    return count


def compare_api(api, direction, message, label, problems):
    count = 0
    flexible = versions(api["flexible"])
    for version in message.versions:
        where = f"{label} {message.name} {version}"
        if (version in flexible) != (version in message.flexible):
            problems.append(f"{where}: flexible in one and not in the other")
        if api[direction] is not None:
            count += compare_level(api[direction], message.fields, version, where, problems)
    return count


def compare_ranges(apis, jars, problems):
    """The rows' versions are those of all jars together, unstable ones left out."""
    for key, api in apis.items():
        served = set()
        for messages in jars.values():
            message = messages.by_key["request"].get(key)
            if message is not None:
                stable = list(message.versions)
                served |= set(stable[:-1] if message.unstable else stable)
        if key in SHORTER:
            served = {v for v in served if v <= SHORTER[key]}
        if set(versions(api["versions"])) != served:
            problems.append(f"{api['name']}: versions {api['versions']}, Kafka has {sorted(served)}")


def check(program, jars):
    """jars: {label: samples.load(jar)}.  Returns how many fields were compared, and the problems."""
    apis = dump(program)
    problems = []
    count = 0
    for label, messages in jars.items():
        for direction in ("request", "response"):
            for key, message in sorted(messages.by_key[direction].items()):
                if key not in apis:
                    problems.append(f"{label} {message.name}: key {key} is not in the list")
                    continue
                if direction == "request" and message.name != apis[key]["name"] + "Request" \
                        and key != 74:  # renamed in 4.1
                    problems.append(f"{label} {message.name}: called {apis[key]['name']}")
                count += compare_api(apis[key], direction, message, label, problems)
    for key in apis.keys() - {k for m in jars.values() for k in m.by_key["request"]}:
        problems.append(f"key {key} is not Kafka's")
    compare_ranges(apis, jars, problems)
    return count, problems
