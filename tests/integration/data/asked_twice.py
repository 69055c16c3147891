#!/usr/bin/env python3
"""A key that a request has twice is answered twice where brokers do so, and a partition once where they do so, of one
broker and of several."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check_equal, run  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402

INVALID_REQUEST = 42
COORDINATORS = {"a": 1, "b": 2, "c": 3, "": 2}
ASKED = (["a", "a"], ["a", "b", "a", "", "c", "", "b", "a"])


def offsets_of(topic):
    """As brokers do: a partition that stands there twice is told once, with an error."""
    indexes = [p["partition_index"] for p in topic["partitions"]]
    return {"name": topic["name"], "partitions": [
        {"partition_index": p, "error_code": INVALID_REQUEST if indexes.count(p) > 1 else 0, "offset": 7}
        for p in dict.fromkeys(indexes)]}


class Script:
    def answer(self, broker, ask):
        values = ask.values
        if ask.api == "FindCoordinator":
            return self.coordinators(ask)
        if ask.api == "DescribeGroups":
            return {"groups": [{"group_id": group, "group_state": str(broker.number)} for group in values["groups"]]}
        if ask.api == "DeleteGroups":  # the one that answers once
            return {"results": [{"group_id": group} for group in dict.fromkeys(values["groups_names"])]}
        if ask.api == "OffsetFetch":
            return {"groups": [{"group_id": group["group_id"]} for group in values["groups"]]}
        if ask.api == "ListOffsets":
            return {"topics": [offsets_of(topic) for topic in values["topics"]]}
        return broker.usual(ask)

    def coordinators(self, ask):
        def at(key):
            broker = self.brokers.brokers[COORDINATORS.get(key, 1) - 1]
            return {"node_id": broker.number, "host": broker.host, "port": broker.port}
        if ask.version < 4:
            return at(ask.values["key"])
        return {"coordinators": [dict(at(key), key=key) for key in ask.values["coordinator_keys"]]}


def check_groups(kafka, asked):
    for version in (0, 5):
        got = kafka.ask("DescribeGroups", version, groups=asked)["groups"]
        check_equal([(g["group_id"], g["group_state"]) for g in got], [(g, str(COORDINATORS[g])) for g in asked],
                    f"DescribeGroups {version} of {asked}")
    got = kafka.ask("OffsetFetch", 8, groups=[{"group_id": group, "topics": None} for group in asked])["groups"]
    check_equal([g["group_id"] for g in got], asked, f"OffsetFetch of {asked}")
    got = kafka.ask("FindCoordinator", 4, key_type=0, coordinator_keys=asked)["coordinators"]
    check_equal([(g["key"], g["node_id"]) for g in got], [(g, COORDINATORS[g]) for g in asked], f"FindCoordinator of {asked}")
    got = kafka.ask("DeleteGroups", 1, groups_names=asked)["results"]
    check_equal([g["group_id"] for g in got], list(dict.fromkeys(asked)), f"DeleteGroups of {asked}")


def check_partitions(kafka, asked):
    topics = [{"name": "t", "partitions": [{"partition_index": p, "timestamp": -1} for p in asked]}]
    got = kafka.ask("ListOffsets", 3, topics=topics)["topics"]
    check_equal([(p["partition_index"], p["error_code"]) for t in got for p in t["partitions"]],
                [(p, INVALID_REQUEST if asked.count(p) > 1 else 0) for p in dict.fromkeys(asked)], f"ListOffsets of {asked}")


def test(scene):
    script = Script()
    script.brokers = StandIns(scene, script.answer, topics={"t": 6})
    node = scene.node(script.brokers.bootstrap)
    with Connection(*node.address) as kafka:
        for asked in ASKED:
            check_groups(kafka, asked)
        for asked in ([0, 0], [0, 1, 0, 2, 2, 3]):
            check_partitions(kafka, asked)


run(test)
