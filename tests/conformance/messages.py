"""Random messages: Kafka's schemas make them, Kafka's classes confirm them, the
gateway reads them; and the gateway makes them, Kafka's classes read them."""
import random
import subprocess

import kafka_jar
import samples

DIRECTIONS = ("request", "response")


def java(java_class_path, lines):
    run = subprocess.run(["java", "-cp", java_class_path, "Check"], input="\n".join(lines) + "\n",
                         check=True, capture_output=True, text=True)
    return run.stdout.splitlines()


def make(apis, jar, seed, each):
    """(api, direction, version, Sample) for what both the jar and the rows have."""
    for key, api in sorted(apis.items()):
        for d, direction in enumerate(DIRECTIONS):
            message = jar.by_key[direction].get(key)
            if message is None or api[direction] is None:
                continue
            for version in message.versions:
                if version not in kafka_jar.versions(api["versions"]):
                    continue
                for i in range(each):
                    chance = random.Random(f"{seed}/{key}/{d}/{version}/{i}")
                    yield api, d, version, samples.Sample(message, version, chance)


def meanings(rows, version, prefix=""):
    """{path: is} of a message's marked rows; what is under an unmarked tagged field is not read."""
    found = {}
    for r in rows:
        if version not in r.versions or (r.tag >= 0 and r.meaning == 0):
            continue
        path = prefix + samples.plain(r.name)
        if r.meaning:
            found[path] = r.meaning
        if r.each:
            found[path + "[]"] = r.each
        found.update(meanings(r.fields, version, path + "."))
    return found


def expected(api, d, version, sample):
    marks = meanings(api[DIRECTIONS[d]], version)
    lines = []
    for path, kind, number, content in sample.seen:
        meaning = marks.get(samples.plain(path))
        if meaning:
            lines.append(f"{kind} {meaning} {number} {content.hex()}")
    return lines + [f"walk done {len(sample.bytes)}"] + sample.tree.splitlines()


def check_reading(apis, jar, class_path, program, seed, each):
    made = list(make(apis, jar, seed, each))
    lines = [f"{api['key']} {v} {d} {sample.bytes.hex()}" for api, d, v, sample in made]
    problems = []
    for line, verdict in zip(lines, java(class_path, lines), strict=True):
        if verdict != "same":
            problems.append(f"Kafka on a message of ours: {verdict}: {line}")
    run = subprocess.run([program], input="\n".join(lines) + "\n", check=True, capture_output=True, text=True)
    answers = run.stdout.split("\n.\n")[:-1]
    for (api, d, version, sample), answer in zip(made, answers, strict=True):
        want, got = expected(api, d, version, sample), answer.split("\n")
        if got != want:
            at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
            problems.append(f"{api['name']} {version} {DIRECTIONS[d]}: line {at}: want {want[at:at + 1]}, "
                            f"got {got[at:at + 1]}: {sample.bytes.hex()}")
    return len(made), problems


def check_writing(class_path, program, each):
    """The encoder's messages; versions the jar does not have are counted by the caller."""
    run = subprocess.run([program, str(each)], check=True, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    verdicts = java(class_path, lines)
    problems = [f"Kafka on a message of the encoder: {verdict}: {line}"
                for line, verdict in zip(lines, verdicts, strict=True) if verdict not in ("same", "equal", "none")]
    return sum(v != "none" for v in verdicts), problems
