#!/usr/bin/env python3
"""What is not Kafka is refused at once and reaches no node; a client that says nothing is closed after ten seconds."""
import pathlib
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, closed_within, lasts, refused_at_once, run  # noqa: E402

TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(32)
NOT_KAFKA = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: kafka\r\n\r\n",
    "TLS": TLS_HELLO,
    "a PROXY header": bytes.fromhex("0d0a0d0a000d0a515549540a20000000"),
    "a frame of 16 MiB": bytes.fromhex("0100000000120003"),
    "a negative length": bytes.fromhex("ffffffff00120003"),
}


def accepted(front):
    return sum(node.seen()["accepted"] for node in front.nodes)


def test(scene):
    front = Front(scene)
    silent = socket.create_connection((front.host, front.ports[0]), 5)
    with lasts("a silent client", least=9, most=13):
        before = accepted(front)
        for name, head in NOT_KAFKA.items():
            for port in front.ports:
                check(refused_at_once((front.host, port), head), f"{name} on port {port} is refused at once")
        check(accepted(front) == before, "none of it reached a node")

        # a client whose first bytes come late and one by one is none of these
        with front.link() as link:
            for byte in b"\0\0\0":
                link.sock.sendall(bytes([byte]))
                time.sleep(0.05)
            link.sock.sendall(b"\x03who")
            check(link.read()["bytes"] == 3, "a slow client is answered")

        check(closed_within(silent, 14), "a silent client is closed")
    silent.close()


run(test)
