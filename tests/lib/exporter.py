#!/usr/bin/env python3
"""exporter.py - what Prometheus exporters of Kafka ask, and the lines that they make of it.

    lines = scrape(("kafka.example.com", 9092), only="orders")     # ['kafka_consumergroup_members{...} 1', ...]
    exporter.py HOST:PORT [PREFIX]                                  # prints them

The calls of danielqsj/kafka_exporter (which builds on sarama): Metadata, each partition's first and last offset from its
leader, then of *each broker* ListGroups, DescribeGroups of what that listed, and OffsetFetch of each.  As Prometheus'
registry it takes no series twice: that is what makes an exporter answer 500 and nothing else.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from kafka_wire import EARLIEST, LATEST, Connection  # noqa: E402  pylint: disable=wrong-import-position


class CollectedTwice(Exception):
    """Two values for one series."""


class Registry:
    def __init__(self):
        self.series = {}

    def add(self, name, value, **labels):
        text = ",".join(f'{key}="{labels[key]}"' for key in sorted(labels))
        series = f"{name}{{{text}}}" if text else name
        if series in self.series:
            raise CollectedTwice(f"{series} was collected before with the same name and label values")
        self.series[series] = value

    def lines(self):
        return [f"{series} {value}" for series, value in sorted(self.series.items())]


def no_error(code, what):
    if code:
        raise RuntimeError(f"{what}: error {code}")


def offsets(kafka, topic, partition):
    """(the first, the next to come)"""
    found = []
    for timestamp in (EARLIEST, LATEST):
        answer = kafka.ask("ListOffsets", 1, replica_id=-1, topics=[
            {"name": topic, "partitions": [{"partition_index": partition, "timestamp": timestamp}]}])
        part = answer["topics"][0]["partitions"][0]
        no_error(part["error_code"], f"ListOffsets of {topic}-{partition}")
        found.append(part["offset"])
    return found


def collect_topic(registry, brokers, topic):
    """{partition: the next offset}"""
    ends, name = {}, topic["name"]
    registry.add("kafka_topic_partitions", len(topic["partitions"]), topic=name)
    for part in topic["partitions"]:
        number, leader = part["partition_index"], part["leader_id"]
        labels = {"topic": name, "partition": number}
        first, end = offsets(brokers[leader], name, number)
        ends[number] = end
        registry.add("kafka_topic_partition_leader", leader, **labels)
        registry.add("kafka_topic_partition_oldest_offset", first, **labels)
        registry.add("kafka_topic_partition_current_offset", end, **labels)
        registry.add("kafka_topic_partition_replicas", len(part["replica_nodes"]), **labels)
        registry.add("kafka_topic_partition_in_sync_replica", len(part["isr_nodes"]), **labels)
        registry.add("kafka_topic_partition_leader_is_preferred", int(leader == part["replica_nodes"][0]), **labels)
    return ends


def collect_group(registry, kafka, group, ends):
    name, lag = group["group_id"], 0
    no_error(group["error_code"], f"DescribeGroups of {name}")
    registry.add("kafka_consumergroup_members", len(group["members"]), consumergroup=name)
    answer = kafka.ask("OffsetFetch", 1, group_id=name, topics=[
        {"name": topic, "partition_indexes": sorted(parts)} for topic, parts in ends.items()])
    for topic in answer["topics"]:
        for part in topic["partitions"]:
            no_error(part["error_code"], f"OffsetFetch of {name}")
            if part["committed_offset"] < 0:
                continue
            labels = {"consumergroup": name, "topic": topic["name"], "partition": part["partition_index"]}
            behind = ends[topic["name"]][part["partition_index"]] - part["committed_offset"]
            lag += behind
            registry.add("kafka_consumergroup_current_offset", part["committed_offset"], **labels)
            registry.add("kafka_consumergroup_lag", behind, **labels)
    registry.add("kafka_consumergroup_lag_sum", lag, consumergroup=name)


def collect_groups(registry, kafka, ends, only):
    """Of one broker: those that it lists, and that are wanted."""
    listed = kafka.ask("ListGroups", 0)
    no_error(listed["error_code"], "ListGroups")
    names = [g["group_id"] for g in listed["groups"] if g["group_id"].startswith(only)]
    if not names:
        return
    for group in kafka.ask("DescribeGroups", 0, groups=names)["groups"]:
        collect_group(registry, kafka, group, ends)


def scrape(bootstrap, only="", timeout=30):
    """The lines, of topics and groups whose names begin so."""
    registry, brokers = Registry(), {}
    try:
        with Connection(*bootstrap, client_id="kafka_exporter", timeout=timeout) as kafka:
            known = kafka.ask("Metadata", 5, topics=None, allow_auto_topic_creation=False)
        for broker in known["brokers"]:
            brokers[broker["node_id"]] = Connection(broker["host"], broker["port"], client_id="kafka_exporter", timeout=timeout)
        registry.add("kafka_brokers", len(brokers))
        ends = {topic["name"]: collect_topic(registry, brokers, topic) for topic in known["topics"]
                if topic["name"].startswith(only)}
        for broker in sorted(brokers):
            collect_groups(registry, brokers[broker], ends, only)
    finally:
        for kafka in brokers.values():
            kafka.close()
    return registry.lines()


def main():
    host, _, port = sys.argv[1].rpartition(":")
    print("\n".join(scrape((host, int(port)), *sys.argv[2:3])))


if __name__ == "__main__":
    main()
