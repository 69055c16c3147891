"""tested.py - what a run of the tests was made with, for the table in anyport-haproxy(7): see tests/versions/table."""
import json
import os
import pathlib
import re
import subprocess

LIBRARIES = {"OpenSSL": "libssl-dev", "libmicrohttpd": "libmicrohttpd-dev", "libconfig": "libconfig-dev", "librdkafka": "librdkafka-dev"}


def said(*words):
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def upstream(package):
    """ "3.5.9" of "3.5.9-1~deb13u1" """
    text = said("dpkg-query", "-W", "-f", "${Version}", package)
    return re.sub(r"^\d+:|[-+~].*", "", text) or "-"


def machine():
    told = dict(re.findall(r'^(NAME|VERSION_ID)="?([^"\n]*)"?$', pathlib.Path("/etc/os-release").read_text(), re.M))
    found = {"system": f"{told.get('NAME', '?').removesuffix(' GNU/Linux')} {told.get('VERSION_ID', 'testing')}"}
    compiler = os.environ.get("CC", "cc")
    name = "clang" if "clang" in said(compiler, "--version") else "gcc"
    found["compiler"] = f"{name} {(said(compiler, '-dumpfullversion') or said(compiler, '-dumpversion')).strip()}"
    return found | {library: upstream(package) for library, package in LIBRARIES.items()}


def version_of(program):
    found = re.search(r"version (\d+\.\d+\.\d+)", said(program, "-v"))
    return found and found[1]


def record(path, kinds, tests, with_haproxy):
    """tests: of tests/run.  with_haproxy: the scripts, as "haproxy/apply", that a HAProxy takes part in."""
    installed, of = version_of("haproxy"), {}
    for test in tests:
        script = re.sub(r"^versions/[\d.]+/|^tests/integration/|\.py$", "", test.name)
        version = version_of(test.env["HAPROXY"]) if test.kind == "versions" and test.env else installed
        if test.kind in ("versions", "integration") and script in with_haproxy and version:
            of.setdefault(version, {})[script] = [test.passed, test.failed, len(test.skipped)]
    path.write_text(json.dumps({
        "machine": machine(), "haproxy": installed, "kinds": kinds, "versions": of,
        "passed": sum(t.passed for t in tests), "failed": sum(t.failed for t in tests), "skipped": sum(len(t.skipped) for t in tests),
    }, indent=1) + "\n")
