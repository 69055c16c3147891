#!/usr/bin/env python3
"""The log goes where it is told: standard error, the journal, syslog; as text or as an object a line."""
import json
import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, free_ports, patient, run, wait_for  # noqa: E402
from machine import namespaces, skip_part  # noqa: E402

LINE = r"time=\S+ level=\w+ who=\w+ .*"


def settings(scene, **more):
    """A node whose brokers are not there: it starts, says so and stays."""
    host = scene.host(9)
    return {"KAFKA_BOOTSTRAP_SERVERS": f"{host}:{free_ports(host)}", "GATEWAY_BIND_HOST": host,
            "GATEWAY_HTTP_HOST": host, "GATEWAY_ADVERTISED_LISTENER": "kafka.example:9092",
            "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "false", **more}


def check_stderr(scene):
    node = scene.process([BUILD / "anyport"], env=settings(scene))
    wait_for(lambda: "no_broker" in node.log(), 10, "a line on standard error")
    node.stop()
    check(all(re.fullmatch(LINE, line) for line in node.log().splitlines()), f"logfmt: {node.log()}")


def no_twins(found):
    check_equal(len(dict(found)), len(found), f"keys of {found}")
    return dict(found)


def check_json(scene):
    """Of all that a node says from its start to its end, by either name."""
    for name, value in (("GATEWAY_LOG_FORMAT", "json"), ("LOG4J2_APPENDER_LAYOUT", "json")):
        node = scene.process([BUILD / "anyport"], env=settings(scene, GATEWAY_LOG_LEVEL="debug", **{name: value}))
        wait_for(lambda: "no_broker" in node.log(), 10, "a line on standard error")
        node.stop()
        lines = [json.loads(line, object_pairs_hook=no_twins) for line in node.log().splitlines()]
        for line in lines:
            check(list(line)[:2] == ["time", "level"] and len(line) > 2, f"{line}")
        line = next(line for line in lines if line.get("event") == "no_broker")
        check_equal((line["level"], line["who"], line["tried"]), ("warn", "topology", 1), f"{line}")


def check_journal(scene):
    """Standard error is the journal when JOURNAL_STREAM names it: lines get a priority."""
    log = scene.file("journal", "")
    stream = f"{log.stat().st_dev}:{log.stat().st_ino}"
    for value, prefix in ((stream, "<[3-7]>"), ("1:2", "")):
        log.write_text("")
        node = scene.process([BUILD / "anyport"], env={**settings(scene), "JOURNAL_STREAM": value}, log=log)
        wait_for(lambda: "no_broker" in log.read_text(), 10, "a line in the journal")
        node.stop()
        lines = log.read_text().splitlines()
        check(lines and all(re.fullmatch(prefix + f"{LINE}", line) for line in lines),
              f"JOURNAL_STREAM={value}: {lines}")


def check_syslog(scene):
    """In a mount namespace with a /dev of its own, so that the machine's syslog hears nothing."""
    if not namespaces("--map-root-user", "--mount", "mount -t tmpfs none /dev"):
        skip_part("syslog", "user and mount namespaces can't be made on this machine")
        return
    path = scene.dir / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(path))
        syslog.settimeout(patient(10))
        node = scene.process(
            ["unshare", "--map-root-user", "--mount", "sh", "-c",
             'mount -t tmpfs none /dev && ln -s "$1" /dev/log && exec "$2"', "sh", path, BUILD / "anyport"],
            name="syslog-node", env=settings(scene, GATEWAY_LOG_TARGET="syslog"))
        lines = [syslog.recv(2000).decode()]
        while "no_broker" not in lines[-1]:
            lines.append(syslog.recv(2000).decode())
        node.stop()
    for line in lines:
        found = re.fullmatch(r"<(\d+)>\w+ +\d+ [\d:]+ anyport\[\d+\]: (.*)", line)
        check(found and re.fullmatch(LINE, found.group(2)), f"a syslog line: {line!r}")
        check(int(found.group(1)) >> 3 == 3, "the facility is daemon")
    check(node.log() == "", f"nothing on standard error: {node.log()!r}")


def test(scene):
    check_stderr(scene)
    check_json(scene)
    check_journal(scene)
    check_syslog(scene)


run(test)
