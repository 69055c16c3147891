"""Kafka's console tools do through the gateway what they do at the brokers, and print the same."""
import json

from compared import same_as_direct
from world import check, check_equal, wait_for

RECORDS = 600
PARTITIONS = 6
NODES_GROUP = "anyport_gateway"  # no client is told of it


def run(world):
    topic = f"{world.mode}-tools"
    group = f"{topic}-group"
    topics(world, topic)
    configs(world, topic)
    world.java().produce(topic, RECORDS, "k")
    world.java().consume(topic, group, RECORDS)
    offsets(world, topic)
    groups(world, topic, group)
    delete_records(world, topic)
    world.tool("kafka-topics", "--delete", "--topic", topic)
    wait_for(lambda: all(world.kafka.metadata(node, [topic])["Topics"][0]["ErrorCode"] == 3
                         for node in world.kafka.brokers), 20, f"{topic} gone from all brokers")
    check(topic not in world.tool("kafka-topics", "--list").split(), f"{topic} is still in the list")
    world.tool("kafka-topics", "--describe", "--topic", topic, fails=True)


def topics(world, topic):
    world.tool("kafka-topics", "--create", "--topic", topic, "--partitions", str(PARTITIONS - 1),
               "--replication-factor", "3", "--config", "retention.ms=3600000")
    world.wait_led(topic, PARTITIONS - 1)
    world.tool("kafka-topics", "--create", "--topic", topic, "--partitions", "1", fails=True)
    world.tool("kafka-topics", "--alter", "--topic", topic, "--partitions", str(PARTITIONS))
    world.wait_led(topic, PARTITIONS)
    check(topic in world.tool("kafka-topics", "--list").split(), f"{topic} is not in the list")
    text = world.tool("kafka-topics", "--describe", "--topic", topic)
    check(f"PartitionCount: {PARTITIONS}" in text and "retention.ms=3600000" in text, f"describe says:\n{text}")
    check_equal(text.count("Leader: "), PARTITIONS, "partitions with a leader in describe")
    if world.mode != "single":  # where one virtual broker leads everything
        same_as_direct(world, "kafka-topics", "--describe", "--topic", topic)


def configs(world, topic):
    entity = ["--entity-type", "topics", "--entity-name", topic]
    world.tool("kafka-configs", "--alter", *entity, "--add-config", "max.message.bytes=2000000,cleanup.policy=delete")
    wait_for(lambda: "max.message.bytes=2000000" in world.tool("kafka-configs", "--describe", *entity), 10,
             "the altered config described")
    world.tool("kafka-configs", "--alter", *entity, "--delete-config", "cleanup.policy")
    wait_for(lambda: "cleanup.policy" not in world.tool("kafka-configs", "--describe", *entity), 10,
             "the deleted config gone")
    same_as_direct(world, "kafka-configs", "--describe", *entity)
    world.tool("kafka-configs", "--alter", *entity, "--add-config", "no.such.config=1", fails=True)


def offsets(world, topic):
    text = same_as_direct(world, "kafka-get-offsets", "--topic", topic)
    check_equal(sum(int(line.rsplit(":", 1)[1]) for line in text.split()), RECORDS, "sum of the end offsets")
    same_as_direct(world, "kafka-get-offsets", "--topic", topic, "--time", "earliest")
    same_as_direct(world, "kafka-get-offsets", "--topic", topic, "--time", "max-timestamp")
    same_as_direct(world, "kafka-get-offsets", "--topic-partitions", f"{topic}:0,{topic}:{PARTITIONS - 1}")


def groups(world, topic, group):
    tool = "kafka-consumer-groups"
    listed = same_as_direct(world, tool, "--list", hidden=[NODES_GROUP]).splitlines()
    check(group in listed, f"{group} is not listed: {listed}")
    check_equal(len(listed), len(set(listed)), "groups listed, each once")
    text = same_as_direct(world, tool, "--describe", "--group", group)
    check_equal(text.count(f" {topic} "), PARTITIONS, f"partitions described of {group}:\n{text}")
    check("Empty" in world.tool(tool, "--describe", "--group", group, "--state"), f"{group} is not described as Empty")
    world.tool(tool, "--describe", "--group", group, "--members")

    before = world.committed(group, topic)
    world.tool(tool, "--reset-offsets", "--group", group, "--topic", f"{topic}:0,1", "--to-earliest", "--execute")
    check_equal(world.committed(group, topic), {**before, 0: 0, 1: 0}, "offsets after --to-earliest of two partitions")
    world.tool(tool, "--reset-offsets", "--group", group, "--all-topics", "--to-latest", "--execute")
    check_equal(world.committed(group, topic), before, "offsets after --to-latest")
    world.tool(tool, "--delete-offsets", "--group", group, "--topic", f"{topic}:0")
    check_equal(sorted(world.committed(group, topic)), list(range(1, PARTITIONS)), "partitions left after a deletion")
    world.tool(tool, "--delete", "--group", group)
    check(group not in world.tool(tool, "--list").splitlines(), f"{group} is still listed")
    check_equal(world.committed(group, topic), {}, "offsets of a deleted group")


def describe_all(world):
    """What the tools show of everything there is."""
    world.tool("kafka-topics", "--describe")
    world.tool("kafka-consumer-groups", "--describe", "--all-groups", "--state")
    world.tool("kafka-consumer-groups", "--describe", "--all-groups", "--members")
    world.tool("kafka-consumer-groups", "--describe", "--all-groups")


def delete_records(world, topic):
    ends = world.offsets(topic)
    upto = {partition: end // 2 for partition, end in ends.items()}
    path = world.scene.file("delete-records.json", json.dumps({"version": 1, "partitions": [
        {"topic": topic, "partition": partition, "offset": offset} for partition, offset in upto.items()]}))
    text = world.tool("kafka-delete-records", "--offset-json-file", str(path))
    check_equal(text.count("low_watermark"), PARTITIONS, f"partitions in the answer of kafka-delete-records:\n{text}")
    check_equal(world.offsets(topic, -2), upto, "log starts after kafka-delete-records")
    same_as_direct(world, "kafka-delete-records", "--offset-json-file", str(path))
