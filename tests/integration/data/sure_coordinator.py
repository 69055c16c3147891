#!/usr/bin/env python3
"""A group's coordinator that was stopped, has lost the group to another broker and does not know it yet answers with the
offsets that it remembers.  A node that has not heard of the change, either, asks the cluster before it reads offsets, and
does not ask for each time."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402

OLD, NEW = 10, 20  # what is committed, as broker 1 and broker 2 have it
GROUPS = ["g0", "g1", "g2"]


class Script:
    def __init__(self):
        self.now, self.finds = 1, 0

    def answer(self, broker, ask):
        if ask.api == "FindCoordinator":
            self.finds += 1
            at = self.brokers.brokers[self.now - 1]
            place = {"node_id": at.number, "host": at.host, "port": at.port}
            if ask.version < 4:
                return place
            return {"coordinators": [dict(place, key=key) for key in ask.values["coordinator_keys"]]}
        if ask.api == "OffsetFetch":
            topics = [{"name": "t", "partitions": [{"partition_index": 0, "committed_offset": OLD if broker.number == 1 else NEW}]}]
            if ask.version < 8:
                return {"topics": topics}
            return {"groups": [{"group_id": group["group_id"], "topics": topics} for group in ask.values["groups"]]}
        return broker.usual(ask)


def offsets(kafka, version):
    if version < 8:
        topics = [kafka.ask("OffsetFetch", version, group_id="g0", topics=None)["topics"]]
    else:
        asked = [{"group_id": group, "topics": None} for group in GROUPS]
        topics = [group["topics"] for group in kafka.ask("OffsetFetch", version, groups=asked)["groups"]]
    return {told[0]["partitions"][0]["committed_offset"] for told in topics}


def check_sure(kafka, script, version):
    """Within two seconds, which is less than brokers wait before a silent one's groups are another's."""
    script.now = 1
    wait_for(lambda: offsets(kafka, version) == {OLD}, 10, f"version {version} at broker 1")
    before = script.finds
    for _ in range(20):
        check_equal(offsets(kafka, version), {OLD}, "offsets")
    check(script.finds - before < 5, f"asked {script.finds - before} times for 20 requests at once")
    script.now = 2  # and broker 1 goes on answering
    wait_for(lambda: offsets(kafka, version) == {NEW}, 10, f"version {version} at broker 2")


def test(scene):
    script = Script()
    script.brokers = StandIns(scene, script.answer, topics={"t": 1})
    with Connection(*scene.node(script.brokers.bootstrap).address, timeout=20) as kafka:
        for version in (5, 8):
            check_sure(kafka, script, version)


if __name__ == "__main__":
    run(test)
