#!/usr/bin/env python3
"""Conformance: the gateway's rows and walks, and the tests' own client, against Kafka's own schemas and classes.

    run.py [--seed TEXT] [--each N]

Fetches the kafka-clients jars when they are not in the cache (see tests/e2e/jars.py).
BUILD names the build folder, CC and CFLAGS the compiler.
"""
import argparse
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "conformance"
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "lib"), str(ROOT / "tests" / "e2e")]

import jars  # noqa: E402
import messages  # noqa: E402
import names  # noqa: E402
import rows  # noqa: E402
import rules  # noqa: E402
import samples  # noqa: E402
import texts  # noqa: E402

KAFKAS = ("3.9.2", "4.4.0")


def build_tool(name, folder):
    build = os.environ.get("BUILD", "build")
    flags = shlex.split(os.environ.get("CFLAGS", "-O2 -g"))
    program = pathlib.Path(folder) / name
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra",
                    "-Wno-missing-field-initializers", *flags, "-Igateway", "-Itests", "-o", program,
                    HERE / f"{name}.c", f"{build}/libgateway.a", "-lpcre2-8", "-lcrypto", "-lpthread"], cwd=ROOT, check=True)
    return program


def class_path(version, folder):
    """The set's class path with what asks Kafka's classes compiled against it."""
    clients = os.pathsep.join(str(p) for p in sorted(jars.directory(f"clients-{version}").glob("*.jar")))
    out = pathlib.Path(folder) / f"java-{version}"
    subprocess.run(["javac", "-cp", clients, "-d", out, HERE / "Check.java", HERE / "Rules.java"], check=True)
    return f"{out}{os.pathsep}{clients}"


def report(what, count, problems):
    print(f"{'FAIL' if problems or count == 0 else 'ok  '} {what}: {count} checked, {len(problems)} wrong")
    for p in problems[:20]:
        print("     ", p[:2000])
    return bool(problems) or count == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", default="1")
    parser.add_argument("--each", type=int, default=8, help="messages of each API, version and direction")
    options = parser.parse_args()
    build = os.environ.get("BUILD", "build")
    subprocess.run(["make", "-s", f"BUILD={build}", f"{build}/libgateway.a"], cwd=ROOT, check=True)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        tools = {name: build_tool(name, folder) for name in ("dump_rows", "read_messages", "make_messages", "make_names", "map_names")}
        loaded = {v: samples.load(jars.clients_jar(v)) for v in KAFKAS}
        failed |= report("fields of all versions", *rows.check(tools["dump_rows"], loaded))
        failed |= report("fields of tests/lib/kafka_schemas.txt", *texts.check(loaded))
        subprocess.run(["javac", "-d", folder, HERE / "Names.java"], check=True)
        failed |= report("names of certificates", *names.check(tools["make_names"], folder, options.seed))
        apis = rows.dump(tools["dump_rows"])
        for v in KAFKAS:
            path = class_path(v, folder)
            failed |= report(f"principals as Kafka {v} maps them", *rules.check(tools["map_names"], path, options.seed))
            failed |= report(f"messages of Kafka {v} read",
                             *messages.check_reading(apis, loaded[v], path, tools["read_messages"],
                                                     options.seed, options.each))
            failed |= report(f"messages of the encoder read by Kafka {v}",
                             *messages.check_writing(path, tools["make_messages"], options.each))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
