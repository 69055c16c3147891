#!/usr/bin/env python3
"""Twenty clients announce 100 MiB each and stall: everybody else goes on working."""
# alone
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, lasts, run  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch, no_errors, produce, produce_request  # noqa: E402

MIB = 1 << 20
STALLERS, ANNOUNCED = 20, 100 * MIB
BUDGET = 256 * MIB
TIMELY = 2.0  # seconds for a request of somebody else


def stall(node):
    """A Produce of several partitions: its size, its first partition and a bit of the second one."""
    kafka = Connection(*node.address)
    data = bytearray(kafka.make("Produce", 7, **produce_request({("bench", p): [b"x" * 20000] for p in range(3)})))
    data[:4] = struct.pack(">i", ANNOUNCED)
    kafka.send_raw(data[:30000])
    return kafka


def timely(what, action):
    with lasts(f"{what} among stalled clients", most=TIMELY):
        return action()


def work(kafka, round_number):
    note = f"round {round_number}"
    timely("ApiVersions", lambda: kafka.ask("ApiVersions", 0))
    timely("Metadata", lambda: kafka.ask("Metadata", 1, topics=[{"name": "bench"}]))
    no_errors(timely("a small Produce", lambda: produce(kafka, {("bench", 0): [b"x"]})), note)
    no_errors(timely("a Produce of 1 MiB", lambda: produce(kafka, {("bench", 0): [b"x" * MIB]})), note)
    no_errors(timely("a small split Produce", lambda: produce(kafka, {("bench", p): [b"x"] for p in range(6)})), note)
    _, errors = timely("a Fetch", lambda: fetch(kafka, {("bench", 0): 0}))
    no_errors(errors, note)


def test(scene):
    cluster = scene.sink(partitions=6, fetch_bytes=MIB)
    node = scene.node(cluster.bootstrap, env={"GATEWAY_MEMORY_BUDGET": f"{BUDGET // MIB} MiB",
                                              "GATEWAY_BODY_TIMEOUT": "8 s"})
    old = Connection(*node.address)
    work(old, 0)
    before = node.memory().total
    stallers = [stall(node) for _ in range(STALLERS)]
    for round_number in range(1, 6):
        work(old, round_number)
        with Connection(*node.address) as new:
            work(new, round_number)
    grown = node.memory().total - before
    check(grown < BUDGET, f"what stalls stays within the budget ({grown / MIB:.0f} MiB)")
    for number, kafka in enumerate(stallers):
        check(kafka.is_closed(15), f"staller {number} is closed in the end")
    work(old, 6)
    no_errors(produce(old, {("bench", p): [b"x" * MIB] for p in range(6)}), "a large split Produce afterwards")


run(test)
