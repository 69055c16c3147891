#!/usr/bin/env python3
"""Nobody reads the log: clients are served all the same, the node ends when it is told to, and what was kept comes later."""
import fcntl
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402

SCRIPT = '#!/bin/sh\nexec "$PROGRAM" 2<>"$LOG"\n'


def full_pipe(path):
    """A pipe that takes nothing any more; what reads it."""
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 4096)
    fill(fd)
    return fd


def fill(fd):
    try:
        while os.write(fd, b"-"):
            pass
    except BlockingIOError:
        return


def read_some(fd, got):
    try:
        got += os.read(fd, 65536)
    except BlockingIOError:
        pass
    return got


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 3})
    path = scene.dir / "pipe"
    pipe = full_pipe(path)
    program = scene.file("blocked", SCRIPT)
    program.chmod(0o755)
    env = {"LOG": path, "GATEWAY_LOG_LEVEL": "debug", "PROGRAM": os.environ.get("ANYPORT", BUILD / "anyport")}
    node = scene.node(kafka.bootstrap, program=program, env=env)
    for _ in range(50):  # each one says that it was closed
        with Connection(*node.address) as client:
            check(client.ask("Metadata", 1, topics=[{"name": "t"}])["topics"][0]["name"] == "t", "Metadata")
    got = bytearray()
    wait_for(lambda: b"event=ready" in read_some(pipe, got) and b"event=closed" in got, 10, "what was kept is written")
    fill(pipe)
    check(node.stop(10) == 0, "the node ends, though nobody takes its last words")
    os.close(pipe)


run(test)
