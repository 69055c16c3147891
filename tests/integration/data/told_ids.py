#!/usr/bin/env python3
"""Every broker id in an answer is one of those that clients are told, replicas' too: in `single` mode, and where a
broker has no port.  Lists stay as long as they are, so that who counts replicas counts right."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check_equal, run  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402

TOPICS = {"t": 3}
LISTS = {"replica_nodes": [3, 1, 2], "isr_nodes": [3, 2], "offline_replicas": [1, 9], "eligible_leader_replicas": [3],
         "last_known_elr": [1, 2, 3]}  # 9: a broker that nobody knows


def topics_of(broker, has):
    parts = [{"partition_index": p, "leader_id": 1 + p % 3, **{name: LISTS[name] for name in has}}
             for p in range(TOPICS["t"])]
    return [{"name": "t", "partitions": parts}]


def answer(broker, ask):
    if ask.api == "DescribeTopicPartitions":
        return {"topics": topics_of(broker, LISTS)}
    usual = broker.usual(ask)
    if ask.api == "Metadata":
        usual["topics"] = topics_of(broker, ["replica_nodes", "isr_nodes", *["offline_replicas"] * (ask.version >= 5)])
    return usual


def check_topics(topics, told, label):
    for part in topics[0]["partitions"]:
        for name in LISTS.keys() & part.keys():
            check_equal(part[name], [told[n] for n in LISTS[name]], f"{label}: {name}")
        check_equal(part["leader_id"], told[1 + part["partition_index"] % 3], f"{label}: the leader")


def check_ids(node, told):
    """told: what clients know each broker as."""
    with Connection(*node.address) as kafka:
        for version in (0, 4, 8, 12):
            got = kafka.ask("Metadata", version, topics=[{"name": "t"}])
            check_equal({b["node_id"] for b in got["brokers"]}, set(told.values()), f"Metadata {version}: the brokers")
            check_topics(got["topics"], told, f"Metadata {version}")
        got = kafka.ask("DescribeTopicPartitions", 0, topics=[{"name": "t"}], response_partition_limit=100)
        check_topics(got["topics"], told, "DescribeTopicPartitions")


def test(scene):
    brokers = StandIns(scene, answer, topics=TOPICS)
    check_ids(scene.node(brokers.bootstrap, mode="single", ports=1), {1: 1, 2: 1, 3: 1, 9: 1})
    check_ids(scene.node(brokers.bootstrap, ports=2), {1: 1, 2: 2, 3: 2, 9: 2})


run(test)
