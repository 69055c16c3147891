#!/usr/bin/env python3
"""Class archives of JVMs (tests/e2e/jars.py): one is never taken for that of another JVM or of other jars, and runs side by
side that write theirs do not meet."""
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT / "e2e")]
import brokers  # noqa: E402
import jars  # noqa: E402
from cluster import check  # noqa: E402


class Scene:
    """What a cluster is told before it starts."""

    def __init__(self, folder):
        self.dir = folder

    def host(self, number):
        return f"127.0.0.{number}"


def one_of_each(folder):
    """Another name for each JVM, and for each time of a jar; then the ones before are gone."""
    jar, seen = folder / "jars" / "broker-4.4.0" / "a.jar", []
    jar.parent.mkdir(parents=True)
    jar.write_text("")
    for version, time in (("17.0.15", 1), ("17.0.16", 1), ("17.0.16", 2)):
        jars.jvm = lambda said=version: said
        os.utime(jar, (time, time))
        archive = jars.archive("broker-4.4.0", ["broker-4.4.0"])
        check(archive == jars.archive("broker-4.4.0", ["broker-4.4.0"]), "the same for the same")
        check(archive not in seen and not any(path.exists() for path in seen), f"{archive} after {seen}")
        seen.append(archive)
        fresh = archive.with_suffix(".new")
        fresh.write_text("")
        jars.keep_archive(fresh, archive)
        check(archive.exists() and not fresh.exists(), "it is kept")
        jars.keep_archive(fresh, archive)  # nothing was written, as another run was faster


def side_by_side(folder):
    one, other = (brokers.Cluster("4.4.0", Scene(folder)) for _ in range(2))
    check(one.fresh_archive() != other.fresh_archive(), "each writes its own")
    check(str(os.getpid()) in one.fresh_archive().name, "and so does each run")


with tempfile.TemporaryDirectory() as work:
    jars.CACHE = pathlib.Path(work)
    one_of_each(jars.CACHE)
    side_by_side(jars.CACHE)
print("PASS house/class_archives")
