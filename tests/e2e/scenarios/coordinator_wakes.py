"""A group's coordinator is stopped for so long that another broker takes its place, and wakes: what it says of committed offsets
before it has heard of that is old, and a node that has not heard of it either must not believe it."""
import contextlib

import wire
from cluster import check_equal
from world import wait_for

MODES = ["ports"]
VERSIONS = ["4.4.0"]
GROUP = "woken"
ASKED = {"GroupId": GROUP, "Topics": None}


def commit(connection, topic, offset):
    answer = connection.ask("OffsetCommit", 7, {
        "GroupId": GROUP, "GenerationIdOrMemberEpoch": -1, "MemberId": "", "GroupInstanceId": None, "Topics": [
            {"Name": topic, "Partitions": [{"PartitionIndex": 0, "CommittedOffset": offset, "CommittedLeaderEpoch": -1,
                                            "CommittedMetadata": ""}]}]})
    return answer["Topics"][0]["Partitions"][0]["ErrorCode"]


def offsets(answer):
    check_equal(answer["ErrorCode"], 0, "OffsetFetch")
    return [p["CommittedOffset"] for t in answer["Topics"] for p in t["Partitions"]]


def commit_at_successor(world, topic, first, offset):
    other = next(b for b in sorted(world.kafka.brokers) if b != first)
    with world.kafka.connect(other) as connection:
        second = connection.ask("FindCoordinator", 2, {"Key": GROUP, "KeyType": 0})["NodeId"]
    if second in (first, -1):
        return False
    with world.kafka.connect(second) as connection:
        return commit(connection, topic, offset) == 0


def run(world):
    topic, kafka = world.topic("woken", 1), world.kafka
    node = world.nodes[1]
    with contextlib.closing(wire.Connection(node.host, node.ports[0], wire.schemas(kafka.version), limit=60)) as client:
        wait_for(lambda: commit(client, topic, 10) == 0, 20, "an offset committed")
        check_equal(offsets(client.ask("OffsetFetch", 5, ASKED)), [10], "what is committed")
        first = world.coordinator(GROUP)
        kafka.pause_broker(first)
        try:
            wait_for(lambda: commit_at_successor(world, topic, first, 20), 60, "another coordinator has taken an offset")
            client.send("OffsetFetch", 5, ASKED)
        finally:
            kafka.resume_broker(first)
        answer = wire.decode_answer(client.known, "OffsetFetch", 5, client.read_frame())[1]
        check_equal(offsets(answer), [20], "what is committed, asked while the first coordinator wakes")
    kafka.wait_in_sync()
