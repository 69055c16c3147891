#!/usr/bin/env python3
"""A producer that has more in flight than is read at once, and a broker that is silent for longer than a request's head may
take: the producer waits, as at a broker, and is answered."""
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402
from traffic import errors_of, no_errors, produce_request  # noqa: E402

DEEP = 200
HEAD_S, SILENT_S = 1, 3


def test(scene):
    speaks, silent = threading.Event(), threading.Event()

    def answer(broker, ask):
        if ask.api != "Produce":
            return broker.usual(ask)
        silent.set()
        speaks.wait(60)
        return {"responses": [{"name": "t", "partition_responses": [{"index": 0, "base_offset": 0}]}]}

    brokers = StandIns(scene, answer, {"t": 3})
    node = scene.node(brokers.bootstrap, env={"GATEWAY_HEAD_TIMEOUT": f"{HEAD_S} s"})
    with Connection(*node.address, timeout=60) as kafka:
        for n in range(DEEP):
            kafka.send("Produce", 7, **produce_request({("t", 0): [b"%d" % n]}))
        check(silent.wait(10), "the broker has the first one")
        check(not speaks.wait(SILENT_S), "nobody speaks for so long")
        speaks.set()
        for n in range(DEEP):
            no_errors(errors_of("Produce", kafka.receive()), f"Produce {n} of {DEEP}")
    check_equal(node.metrics().sum("anyport_client_timeouts_total"), 0, "clients timed out")


run(test)
