#!/usr/bin/env python3
"""Which HAProxy generate, check and diff work for: --for VERSION, else what the program in PATH says; what it can not do is said."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import ANYPORTCTL, check, run  # noqa: E402
from haproxy_version import haproxy_version  # noqa: E402

HASH = ["--listen", "10.0.0.9:9092-9096", "--node", "n1=10.0.0.1:8888", "--node", "n2=10.0.0.2:8888", "--stickiness", "client-id",
        "--balance", "hash"]
BY_NAME = [*HASH[:2], "--discover", "gw.example.com", "--dns-server", "10.0.0.53:53", *HASH[6:]]


def call(*words, path=None, given=None):
    done = subprocess.run([ANYPORTCTL, "haproxy", *map(str, words)], capture_output=True, text=True, check=False, input=given,
                          env={"PATH": path or os.environ["PATH"]})
    return done.returncode, done.stdout, done.stderr


def generated(version):
    status, out, errors = call("generate", *HASH, "--for", version)
    check(status == 0 and errors == "", f"{version}: {status}: {errors}")
    return out


def claims_to_be(scene, version):
    """A folder with a haproxy that says so, and accepts everything."""
    folder = scene.dir / version
    folder.mkdir()
    program = folder / "haproxy"
    program.write_text(f'#!/bin/sh\n[ "$1" != -v ] || echo "HAProxy version {version}-1+test 2026/10/15 - https://haproxy.org/"\n')
    program.chmod(0o755)
    return folder


def the_program_here_is_asked(scene):
    for version in ("2.6.12", "3.0.11", "3.2.26"):
        status, out, errors = call("generate", *HASH, path=f"{claims_to_be(scene, version)}:/usr/bin:/bin")
        check(status == 0 and out == generated(version), f"{version}: {status}: {errors}{out}")
    mine = ".".join(map(str, haproxy_version()))
    check(call("generate", *HASH)[1] == generated(mine), f"the real one, {mine}")
    silent = scene.dir / "silent"
    silent.mkdir()
    (silent / "haproxy").write_text("#!/bin/sh\n")
    (silent / "haproxy").chmod(0o755)
    check(call("generate", *HASH, path=f"{silent}:/bin")[1] == generated("2.6"), "one that says nothing counts as the oldest")


def another_machines_is_named():
    old, new = generated("2.6"), generated("3.0")
    check("hash-key" not in old and "    default-server hash-key addr\n" in new, new)
    check("# For HAProxy 2.6 and later." in old and "# For HAProxy 3.0 and later." in new, "the head says it")
    for version in ("3", "new", "3.0.x", ""):
        status, out, errors = call("generate", *HASH, "--for", version)
        check(status == 2 and out == "" and "3.0.11" in errors, f"{version}: {status}: {errors}")
    status, out, errors = call("generate", *HASH, "--for", "2.4.22")
    check(status == 2 and out == "" and "HAProxy 2.6 is the oldest" in errors, f"{status}: {errors}")


def generate_says_who_can():
    status, out, errors = call("generate", *BY_NAME, "--for", "2.6")
    check(status == 1 and out == "" and errors.count("\n") == 1, f"one sentence: {status}: {errors}")
    check("the hash of HAProxy 2.6 knows slots" in errors and "HAProxy 3.0 knows addresses (--for 3.0)" in errors, errors)
    status, out, errors = call("generate", *BY_NAME, "--for", "3.0")
    check(status == 0 and errors == "" and "hash-key addr" in out and "server-template" in out, f"{status}: {errors}")


def found(*words):
    status, out, errors = call("check", "--json", *words)
    check(errors == "", errors)
    return status, json.loads(out)


def check_says_who_can(scene):
    newer = scene.file("newer.cfg", generated("3.0"))
    status, said = found("--for", "2.6.12", "--no-haproxy", newer)
    finding, = said["findings"]
    check(status == 1 and finding["id"] == "K69" and finding["what"] == "HAProxy 2.6.12 does not know `hash-key`, which 3.0 does",
          f"{finding}")
    check("hash-key addr" in newer.read_text().split("\n")[finding["line"] - 1], f"{finding}")
    check(found("--for", "3.0.11", "--no-haproxy", newer) == (0, {"findings": [], "fixed": 0, "haproxy": None}), "3.0 does")
    program = scene.dir / "2.6.12" / "haproxy"
    status, said = found("--haproxy", program, newer)
    check([f["id"] for f in said["findings"]] == ["K69"], f"the program that is asked is the one it is for: {said}")

    older = scene.file("older.cfg", generated("2.6"))
    status, said = found("--for", "3.0.11", "--no-haproxy", older)
    check(status == 0 and [(f["id"], f["severity"]) for f in said["findings"]] == [("K70", "advice")], f"{said}")
    for version in ("2.6.12", "3.2.26"):
        check(found("--for", version, "--no-haproxy", older)[1]["findings"] == [], f"{version} has no such mistake")


def diff_says_who_can(scene):
    before = scene.file("before.cfg", generated("3.0"))
    after = scene.file("after.cfg", before.read_text() + "    server n3 10.0.0.3 id 3 check port 8888\n")
    for version, why in (("3.2.26", "before its first check is good"), ("3.0.11", "HAProxy 3.1 can have it wait")):
        status, out, errors = call("diff", "--for", version, before, after)
        check(status == 1 and errors == "" and why in out, f"{version}: {out}{errors}")
        check(("init-state down" in out) == (version == "3.2.26"), out)


def test(scene):
    the_program_here_is_asked(scene)
    another_machines_is_named()
    generate_says_who_can()
    check_says_who_can(scene)
    diff_says_who_can(scene)


run(test)
