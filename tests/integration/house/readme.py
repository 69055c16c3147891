#!/usr/bin/env python3
"""README.md against the programs: its configuration, its frame, the kinds of stickiness, make's targets, its paths.

Its table of options is examples.py's."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from haproxy_version import KNOWN  # noqa: E402

REPO = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BUILD", REPO / "build")).resolve()
TEXT = (REPO / "README.md").read_text()
FAULTS = []
# What must be there for HAProxy to see the key.
NEEDS = {"sni": ["--tls", "passthrough"],
         "cert": ["--tls", "terminate", "--tls-certificate", "/kafka.pem", "--tls-client-auth", "required", "--tls-client-ca", "/ca.pem"]}


def check(condition, what):
    if not condition:
        FAULTS.append(what)


def call(*words, given=None):
    done = subprocess.run([str(w) for w in words], env={}, input=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def table_under(title):
    """The cells of each row of the first table under the title."""
    part = TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in part.split("\n") if line.startswith("| ")]


def its_configuration_is_good():
    lines = TEXT.split("\n")
    first = next(n for n, line in enumerate(lines) if line.strip().startswith("kafka: {"))
    block = []
    for line in lines[first:]:
        if line and not line.startswith("    "):
            break
        block.append(line)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write("\n".join(block))
        conf.flush()
        for words in (("anyport", "-t", "-c"), ("anyportctl", "haproxy", "generate", "-c")):
            status, _, errors = call(BUILD / words[0], *words[1:], conf.name)
            check(status == 0 and errors == "", f"its configuration: {words[0]}: {status}, {errors}")


def its_frame_decodes():
    found = re.search(r"^    \$ echo ([0-9a-f ]+) \| anyportctl decode --request\n((?:    .*\n)+)", TEXT, re.M)
    check(found is not None, "no example of anyportctl decode")
    if found:
        status, tree, _ = call(BUILD / "anyportctl", "decode", "--request", given=found.group(1))
        check(status == 0 and tree == re.sub("^    ", "", found.group(2), flags=re.M), f"its frame decodes to: {tree}")


NEEDS = {"sni": ["--tls", "passthrough"],
         "cert": ["--tls", "terminate", "--tls-certificate", "/etc/haproxy/kafka.pem", "--tls-client-auth", "required",
                  "--tls-client-ca", "/etc/haproxy/clients.pem"]}


def kinds_and_targets_exist():
    for row in table_under("Stickiness")[1:]:
        kind = row[0].split()[0]
        status, _, errors = call(BUILD / "anyportctl", "haproxy", "generate", "-c", REPO / "examples/plain/anyport.conf",
                                 "--stickiness", kind, *NEEDS.get(kind, []))
        check(status == 0, f"--stickiness {kind}: {errors}")
    targets = re.findall(r"`make ([a-z-]+)|^    make ([a-z-]+)|&& make ([a-z-]+)", TEXT, re.M)
    check(len(targets) >= 4, f"it names make {targets}")
    for target in ("".join(found) for found in targets):
        check(re.search(rf"^{target}:", (REPO / "Makefile").read_text(), re.M), f"there is no make {target}")
    for path in re.findall(r"`((?:gateway|haproxy|tools|tests|examples)/[^` ]*)`", TEXT):
        check((REPO / path).exists(), f"there is no {path}")


def its_versions_are_those_of_the_tests():
    table = TEXT.split("<!-- tested: from tests/versions/table -->\n", 1)[1].split("\n", 1)[0]
    heads = [".".join(head.split(".")[:2]) for head in table.strip("| ").split(" | ")[1:]]
    check(heads == list(KNOWN), f"tested with {heads}, the tests know {KNOWN}: make check-versions, tests/versions/table --update")
    check(f"## HAProxy {', '.join(KNOWN[:-1])} and {KNOWN[-1]}\n" in TEXT, "its section on versions names others")


its_configuration_is_good()
its_versions_are_those_of_the_tests()
its_frame_decodes()
kinds_and_targets_exist()
print("\n".join(FAULTS))
sys.exit(1 if FAULTS else 0)
