#!/usr/bin/env python3
"""Kafka's jars from Maven Central, kept outside the repository.

    jars.py SET...        fetch the sets (all of them without an argument)
    jars.py --path SET    fetch if needed and print the set's class path
    jars.py --clients-jar VERSION   the kafka-clients jar itself (it holds the message schemas)

The cache is ${ANYPORT_CACHE:-$HOME/.cache/anyport}.  A set is complete when its
directory exists: it is filled under another name and renamed, so that two
processes may fetch at the same time.
"""
import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

CACHE = pathlib.Path(os.environ.get("ANYPORT_CACHE") or pathlib.Path.home() / ".cache" / "anyport")

KAFKA = "org.apache.kafka"
SETS = {
    "broker-4.4.0": [(KAFKA, "kafka_2.13", "4.4.0"), (KAFKA, "kafka-clients", "4.4.0"),
                     ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5")],
    "broker-3.9.2": [(KAFKA, "kafka_2.13", "3.9.2"), (KAFKA, "kafka-clients", "3.9.2"),
                     ("org.slf4j", "slf4j-reload4j", "1.7.36")],
    "clients-4.4.0": [(KAFKA, "kafka-clients", "4.4.0"), ("org.slf4j", "slf4j-simple", "1.7.36")],
    "clients-4.3.1": [(KAFKA, "kafka-clients", "4.3.1"), ("org.slf4j", "slf4j-simple", "1.7.36")],
    "clients-3.9.2": [(KAFKA, "kafka-clients", "3.9.2"), ("org.slf4j", "slf4j-simple", "1.7.36")],
    "jwt": [("com.fasterxml.jackson.core", "jackson-databind", "2.16.2"), ("org.bitbucket.b_c", "jose4j", "0.9.6")],  # clients' tokens
    "streams-4.4.0": [(KAFKA, "kafka-streams", "4.4.0"), ("org.slf4j", "slf4j-simple", "1.7.36")],
    # Connect 4.4.0 is not on Maven Central.
    "connect-4.3.1": [(KAFKA, "connect-mirror", "4.3.1"), (KAFKA, "connect-file", "4.3.1"),
                      ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5")],
    # kafka-tools 4.4.0 is not on Maven Central; kafka-configs lives in the server jar.
    "tools-4.3.1": [(KAFKA, "kafka-tools", "4.3.1"), (KAFKA, "kafka_2.13", "4.3.1"),
                    (KAFKA, "kafka-clients", "4.3.1"),
                    ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5")],
}

POM = """<project><modelVersion>4.0.0</modelVersion>
<groupId>anyport.tests</groupId><artifactId>{name}</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
{deps}
</dependencies></project>
"""
DEP = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


@contextlib.contextmanager
def alone(what):
    """Within it no other process fetches such things into the cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f".{what}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def directory(name):
    """The directory with the jars of a set, fetched if it is not there yet."""
    if name not in SETS:  # also where it was fetched once, under a name that it has no more
        raise ValueError(f"no such set of jars: {name}")
    target = CACHE / "jars" / name
    if target.is_dir():
        return target
    CACHE.joinpath("jars").mkdir(parents=True, exist_ok=True)
    with alone("jars"):
        if not target.is_dir():
            fetch(name, target)
    return target


def fetch(name, target):
    work = CACHE / "jars" / f".{name}.work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    deps = "\n".join(DEP.format(*coordinate) for coordinate in SETS[name])
    (work / "pom.xml").write_text(POM.format(name=name, deps=deps))
    log = work / "mvn.log"
    command = ["mvn", "-B", "-ntp", f"-Dmaven.repo.local={CACHE / 'm2'}", "dependency:copy-dependencies",
               "-DincludeScope=runtime", f"-DoutputDirectory={work / 'jars'}"]
    with open(log, "w") as out:
        done = subprocess.run(command, cwd=work, stdout=out, stderr=subprocess.STDOUT, timeout=900)
    if done.returncode:
        raise RuntimeError(f"mvn could not fetch {name}:\n{log.read_text()[-2000:]}")
    os.rename(work / "jars", target)
    shutil.rmtree(work)


def classpath(name):
    return ":".join(sorted(str(jar) for jar in directory(name).glob("*.jar")))


def archive(name, sets, files=()):
    """Where the class archive (JEP 350) of such a JVM belongs: it is good with the JVM that wrote it and with jars as they
    were then, and is ignored in silence with others, so that its name tells them apart.  Those of others are removed."""
    paths = [*(jar for part in sets for jar in classpath(part).split(":")), *map(str, files)]
    stamps = [jvm(), *(f"{path} {os.stat(path).st_size} {os.stat(path).st_mtime_ns}" for path in paths)]
    target = CACHE / "classes" / f"{name}.{hashlib.sha256(chr(10).join(stamps).encode()).hexdigest()[:12]}.jsa"
    target.parent.mkdir(parents=True, exist_ok=True)
    for other in target.parent.glob(f"{name}.*.jsa"):
        if other != target:
            other.unlink(missing_ok=True)
    return target


@functools.cache
def jvm():
    return subprocess.run(["java", "-Xinternalversion"], capture_output=True, text=True, check=True).stdout.strip()


def keep_archive(fresh, target):
    """fresh was written by a JVM of this run; another run may have kept one before, and either is good."""
    with contextlib.suppress(FileNotFoundError):
        fresh.rename(target)


def clients_jar(version):
    return directory(f"clients-{version}") / f"kafka-clients-{version}.jar"


def main(args):
    if args[:1] == ["--path"]:
        print(classpath(args[1]))
    elif args[:1] == ["--clients-jar"]:
        print(clients_jar(args[1]))
    elif args[:1] and args[0].startswith("-"):
        print(__doc__)
    else:
        for name in args or SETS:
            print(f"{name}: {directory(name)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
