#!/usr/bin/env python3
"""Requests of a group reach its coordinator by any connection, also after it has moved."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import FIRST_PORT, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection, parts_of  # noqa: E402

NOT_COORDINATOR, UNKNOWN_MEMBER = 16, 25
GROUPS = {"g1": 1, "g2": 2, "g3": 3}


def find(kafka, group, version):
    return kafka.ask("FindCoordinator", version, key=group, key_type=0)


def commit(kafka, group, offset):
    answer = kafka.ask("OffsetCommit", 5, group_id=group, generation_id_or_member_epoch=-1, member_id="", topics=[
        {"name": "t", "partitions": [{"partition_index": 0, "committed_offset": offset}]}])
    return parts_of("OffsetCommit", answer)[0][1]["error_code"]


def committed(kafka, group):
    answer = kafka.ask("OffsetFetch", 5, group_id=group, topics=[{"name": "t", "partition_indexes": [0]}])
    check_equal(answer["error_code"], 0, f"OffsetFetch of {group}")
    part = answer["topics"][0]["partitions"][0]
    return part["error_code"], part["committed_offset"]


def check_found(kafka, node):
    for version in (0, 1, 2):
        for group, broker in GROUPS.items():
            answer = find(kafka, group, version)
            got = answer["error_code"], answer["node_id"], answer["host"], answer["port"]
            check_equal(got, (0, broker, node.host, FIRST_PORT + broker - 1), f"coordinator of {group}, v{version}")


def check_reached(kafka):
    """The mock's other brokers would answer 16."""
    for number, group in enumerate(GROUPS):
        check_equal(commit(kafka, group, 100 + number), 0, f"OffsetCommit of {group}")
        check_equal(committed(kafka, group), (0, 100 + number), f"offset of {group}")
        error = kafka.ask("Heartbeat", 3, group_id=group, generation_id=1, member_id="nobody")["error_code"]
        check(error not in (0, NOT_COORDINATOR), f"Heartbeat of {group} gets its coordinator's own error, not {error}")


def check_member(kafka):
    """A member's life: join, sync, heartbeat, leave."""
    protocols = [{"name": "range", "metadata": b"\0" * 6}]
    join = {"group_id": "g3", "session_timeout_ms": 10000, "rebalance_timeout_ms": 10000,
            "protocol_type": "consumer", "protocols": protocols}
    answer = kafka.ask("JoinGroup", 5, **join)
    check_equal(answer["error_code"], 0, "JoinGroup")
    member, generation = answer["member_id"], answer["generation_id"]
    answer = kafka.ask("SyncGroup", 3, group_id="g3", generation_id=generation, member_id=member,
                       assignments=[{"member_id": member, "assignment": b"mine"}])
    check_equal((answer["error_code"], answer["assignment"]), (0, b"mine"), "SyncGroup")
    answer = kafka.ask("Heartbeat", 3, group_id="g3", generation_id=generation, member_id=member)
    check_equal(answer["error_code"], 0, "Heartbeat")
    check_equal(kafka.ask("LeaveGroup", 1, group_id="g3", member_id=member)["error_code"], 0, "LeaveGroup")


def check_moved(kafka, cluster, node):
    cluster.command("coordinator", "group", "g1", 3)
    wait_for(lambda: commit(kafka, "g1", 500) == 0, 5, "the moved coordinator is found", every=0.05)
    wait_for(lambda: find(kafka, "g1", 2)["node_id"] == 3, 5, "FindCoordinator tells the new one", every=0.05)
    check_equal(find(kafka, "g1", 2)["host"], node.host, "under the node's address")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    for group, broker in GROUPS.items():
        cluster.command("coordinator", "group", group, broker)
    nodes = [scene.node(cluster.bootstrap) for _ in range(2)]
    for node in nodes:
        for port in node.ports:
            with Connection(node.host, port, timeout=20) as kafka:
                check_found(kafka, node)
                check_reached(kafka)
    with Connection(*nodes[0].address, timeout=20) as kafka:
        check_member(kafka)
        check_moved(kafka, cluster, nodes[0])


run(test)
