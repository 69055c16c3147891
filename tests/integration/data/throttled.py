#!/usr/bin/env python3
"""A broker that says that it throttles reads nothing more for so long: what waits for it is not lost.  Nor is what an
admin gave more time than the node's own limit.  After that time a silent broker is lost as ever."""
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check_equal, lasts, run  # noqa: E402
from kafka_wire import APIS, Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402
from traffic import errors_of, no_errors, produce_request  # noqa: E402

LIMIT_S, MUTE_S = 0.6, 1.5
NOT_LEADER = 6
ONE, SEVERAL = [("t", 0)], [("t", 0), ("t", 1), ("t", 2)]


class Quota:
    """Broker 1 throttles who asks the API: it answers, and then does not read on for a while."""

    def __init__(self):
        self.api = None
        self.connection = threading.local()  # a connection has a thread
        self.is_silent = False
        self.ended = threading.Event()

    def answer(self, broker, ask):
        self.ended.wait(max(0, getattr(self.connection, "muted_until", 0) - time.monotonic()))
        if ask.client != "quota":
            return broker.usual(ask)
        if ask.api in ("CreateTopics", "DeleteTopics"):
            self.ended.wait(MUTE_S)
        if self.is_silent:
            return None
        made = self.made(broker, ask)
        if (ask.api, broker.number) == (self.api, 1):
            self.connection.muted_until = time.monotonic() + MUTE_S
            made["throttle_time_ms"] = int(MUTE_S * 1000)
        return made

    @staticmethod
    def made(broker, ask):
        if ask.api == "Produce":
            return {"responses": [{"name": t["name"], "partition_responses": [
                {"index": p["index"]} for p in t["partition_data"]]} for t in ask.values["topic_data"]]}
        if ask.api == "ListOffsets":
            return {"topics": [{"name": t["name"], "partitions": [
                {"partition_index": p["partition_index"]} for p in t["partitions"]]} for t in ask.values["topics"]]}
        return broker.usual(ask)


def produce(kafka, parts):
    no_errors(errors_of("Produce", kafka.ask("Produce", 7, **produce_request({part: [b"x"] for part in parts}))),
              "Produce")


def list_offsets(kafka, parts):
    topics = [{"name": "t", "partitions": [{"partition_index": p, "timestamp": -1} for _, p in parts]}]
    return errors_of("ListOffsets", kafka.ask("ListOffsets", 3, topics=topics))


def check_waits(node, quota):
    """Whatever the throttled answer is: cut through, merged, or written anew."""
    asked = {"Produce": produce, "ListOffsets": list_offsets, "Metadata": lambda kafka, _: kafka.ask("Metadata", 5, topics=[])}
    for api, ask in asked.items():
        for parts in (ONE, SEVERAL):
            quota.api = None
            what = f"ListOffsets behind {api} of {len(parts)} partitions"
            with Connection(*node.address, client_id="quota", timeout=20) as kafka:
                no_errors(list_offsets(kafka, ONE), "nobody throttles")  # a connection to broker 1 is there, and no other
                quota.api = api
                ask(kafka, parts)
                quota.api = None
                with lasts(f"{what}, once the broker reads again", MUTE_S * 0.8):
                    no_errors(list_offsets(kafka, parts), what)


def check_silent(node, quota):
    with Connection(*node.address, client_id="quota", timeout=20) as kafka:
        quota.api = "ListOffsets"
        list_offsets(kafka, ONE)
        quota.api, quota.is_silent = None, True
        with lasts("a silent broker", MUTE_S + LIMIT_S * 0.7, MUTE_S + LIMIT_S + 3):
            check_equal(list_offsets(kafka, ONE), {("t", 0): NOT_LEADER}, "a silent broker is lost in the end")
        quota.is_silent = False


def check_admin(node):
    """The first version and the last: the time stands behind the topics."""
    asked = {"CreateTopics": {"topics": [{"name": "new", "num_partitions": 1, "replication_factor": 1}]},
             "DeleteTopics": {"topics": [{"name": "t"}], "topic_names": ["t"]}}
    for api, values in asked.items():
        for version in (APIS[api].first, APIS[api].last):
            has = {f.name for f in APIS[api].request if f.in_version(version)}
            with Connection(*node.address, client_id="quota", timeout=20) as kafka:
                kafka.ask(api, version, timeout_ms=1000, **{k: v for k, v in values.items() if k in has})


def test(scene):
    quota = Quota()
    brokers = StandIns(scene, quota.answer, topics={"t": 3})
    node = scene.node(brokers.bootstrap, env={"GATEWAY_REQUEST_TIMEOUT": f"{LIMIT_S * 1000:.0f} ms"})
    check_waits(node, quota)
    check_silent(node, quota)
    check_admin(node)
    quota.ended.set()


run(test)
