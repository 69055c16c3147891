#!/usr/bin/env python3
"""A rebalance's time is the group's: who waits for it at another connection than the one that joined, or at another
node, waits as long."""
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check_equal, run  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402

LIMIT_S, TAKES_S = 0.6, 2.0
JOIN = {"session_timeout_ms": 10000, "rebalance_timeout_ms": 20000, "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b""}]}


def sync(node, group):
    with Connection(*node.address, timeout=20) as kafka:
        return kafka.ask("SyncGroup", 3, group_id=group, generation_id=1, member_id="m")["error_code"]


def test(scene):
    ended = threading.Event()

    def answer(broker, ask):
        if ask.api == "SyncGroup":
            ended.wait(TAKES_S)
            return {}
        return broker.usual(ask)
    brokers = StandIns(scene, answer, topics={"t": 3})
    node, other = (scene.node(brokers.bootstrap, env={"GATEWAY_REQUEST_TIMEOUT": f"{LIMIT_S * 1000:.0f} ms"})
                   for _ in range(2))
    for group in ("g", ""):
        with Connection(*node.address) as kafka:
            check_equal(kafka.ask("JoinGroup", 5, group_id=group, **JOIN)["error_code"], 0, "JoinGroup")
        for _ in range(3):  # at any worker
            check_equal(sync(node, group), 0, f"SyncGroup of {group!r} elsewhere")
        check_equal(sync(other, group), 0, f"SyncGroup of {group!r} at a node that nobody joined it at")
    ended.set()


run(test)
