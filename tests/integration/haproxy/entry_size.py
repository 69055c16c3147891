#!/usr/bin/env python3
"""An entry of a stick table takes the memory that `sticky simulate` counts, and a full table throws out what it says."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import check, run  # noqa: E402
from spread import compare, line  # noqa: E402

ENTRIES, AT_ONCE = 20000, 100
# the kind of stickiness, the type of its table, the n-th key
KINDS = (
    ("source", "ipv6", lambda n: f"::ffff:10.1.{n >> 8}.{n & 255}"),
    ("port", "integer", str),
    ("client-id", "string len 64", lambda n: f"app-{n}"),
    ("source+client-id", "string len 128", lambda n: f"10.1.{n >> 8}.{n & 255}|app"),
)
SMALL = 1024
HEAD = """global
    nbthread 1
    stats socket {sock} mode 600 level admin
defaults
    mode tcp
    timeout connect 3s
    timeout client 60s
    timeout server 60s
frontend f
    bind {host}:9092
    default_backend b0
"""


def private_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(text.split("Private_Dirty:")[1].split()[0])


def fill(haproxy, backend, key_of, count):
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        haproxy.command(";".join(f"set table {backend} key {key_of(n)} data.server_id 1" for n in numbers))


def used(haproxy, backend):
    return int(haproxy.command(f"show table {backend}").split("used:")[1].split()[0])


def counted(kind, n=200):
    """What the command says that an entry takes."""
    rows = [line(i, f"10.1.0.{i}", f"app-{i}", 1000 + i) for i in range(n)]
    answer = compare(["--stickiness", kind, "--balance", "leastconn"], rows)[-1]
    check(answer["table_entries"] == n, f"{answer}")
    return answer["table_bytes"] / n


def a_full_table(haproxy, backend):
    """One in 256, and one, make room."""
    fill(haproxy, backend, lambda n: f"app-{n}", SMALL)
    check(used(haproxy, backend) == SMALL, "the table is full")
    haproxy.command(f"set table {backend} key one-more data.server_id 1")
    left = used(haproxy, backend)
    rows = [line(i, "10.1.0.1", f"app-{i}") for i in range(SMALL + 1)]
    answer = compare(["--stickiness", "client-id", "--balance", "leastconn", "--table-size", SMALL], rows)[-1]
    check(answer["table_evicted"] == SMALL + 1 - left, f"{answer['table_evicted']} simulated, HAProxy has {left} left")


def test(scene):
    text = HEAD.format(sock=scene.dir / "haproxy.sock", host=scene.host(1))
    for number, (_, kind, _) in enumerate(KINDS):
        text += f"backend b{number}\n    stick-table type {kind} size 100k expire 24h\n    server n1 {scene.host(2)}:9092\n"
        text += "    stick on src\n" if kind == "ipv6" else "    stick on var(txn.client)\n"
    text += f"backend small\n    stick-table type string len 64 size {SMALL}\n    stick on var(txn.client)\n    server n1 {scene.host(2)}:9092\n"
    haproxy = scene.haproxy(config=text, host=scene.host(1), first_port=9092, ports=1)
    worker = haproxy.workers()[-1]
    for number, (kind, table, key_of) in enumerate(KINDS):
        fill(haproxy, f"b{number}", key_of, 1)
        before = private_bytes(worker)
        fill(haproxy, f"b{number}", key_of, ENTRIES)
        check(used(haproxy, f"b{number}") == ENTRIES, "all are in it")
        measured = (private_bytes(worker) - before) / ENTRIES
        print(f"{table:16} {measured:.0f} bytes an entry, {counted(kind):.0f} counted")
        check(abs(measured / counted(kind) - 1) < 0.05, f"{table}: {measured} bytes, not {counted(kind)}")
    a_full_table(haproxy, "small")


run(test)
