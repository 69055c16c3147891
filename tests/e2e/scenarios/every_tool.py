"""Each command-line tool of Kafka that asks brokers does and prints through HAProxy and the nodes what it does and prints at the
brokers: here those that no other scenario compares, and at the end that none of the jar's is missing.

With E2E_SLOW_TOOLS those too that take half a minute.
"""
import json
import os
import re

from compared import SIDES, check_all_are_compared, each_side, mark, same_as_direct, with_broker_names
from machine import knows_its_root
from scenarios.share_consumers import move
from world import check, check_equal, wait_for

MODES = ["ports"]
VERSIONS = ["4.4.0"]
SLOW = bool(os.environ.get("E2E_SLOW_TOOLS"))
RECORDS = 20
MADE = "newtopic"  # by client-compatibility-test
ELSEWHERE = {
    "kafka-topics": "console_tools", "kafka-configs": "console_tools", "kafka-get-offsets": "console_tools",
    "kafka-consumer-groups": "console_tools", "kafka-delete-records": "console_tools",
    "kafka-metadata-quorum": "admin_tools", "kafka-features": "admin_tools", "kafka-log-dirs": "admin_tools",
    "kafka-reassign-partitions": "admin_tools", "kafka-transactions": "admin_tools", "kafka-share-groups": "admin_tools",
    "kafka-streams-groups": "admin_tools", "kafka-groups": "admin_tools",
    "kafka-console-share-consumer": "share_consumers",
    "kafka-acls": "secure_tools", "kafka-delegation-tokens": "secure_tools",
    "log-compaction-tester": None if SLOW else "soak", "kafka-replica-verification": None if SLOW else "soak",
}

OF_DISKS = ["kafka-log-dirs", "kafka-reassign-partitions"]


def run(world):
    for side in SIDES:
        world.topic(f"every-{side}", 1)
    topic = world.full_name("every-{side}")
    before = world.counts()
    producers(world, topic)
    consumers(world, topic)
    share_consumers(world, topic)
    world.check_went_through(before, produced=4, fetched=4, payload=1000, every_node=False)
    copier(world, topic)
    cluster(world)
    metrics(world)
    elections(world)
    reset(world, topic)
    compatibility(world)
    if SLOW:
        compaction(world)
        replicas(world, topic)
    check_all_are_compared(world, ELSEWHERE, [] if knows_its_root() else OF_DISKS)


# -- what is no two times the same ---------------------------------------------

def without_times(text):
    """Verifiable programs print when something was: JSON, a line an event."""
    rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return "\n".join(json.dumps({key: value for key, value in row.items() if key not in ("timestamp", "time")}) for row in rows)


def without_speed(text):
    """The one figure of what a verifiable producer has done that is of its speed."""
    return re.sub(r'"avg_throughput": [0-9.]+', '"avg_throughput": N', without_times(text))


def by_kind(text):
    """How the records of a verifiable consumer come in batches is chance: so is how often it counts and commits them.  What is
    read is not, nor what is counted in all."""
    rows = [json.loads(line) for line in without_times(text).splitlines()]
    counted = {}
    for row in rows:
        if "count" in row:
            counted[row["name"]] = counted.get(row["name"], 0) + row["count"]
    read = [(row["key"], row["value"], row["offset"]) for row in rows if row["name"] == "record_data"]
    names = sorted({row["name"] for row in rows} - set(counted))
    return json.dumps([names, counted, read])


def without_figures(text):
    """All figures but the first of what performance tests tell of a producer, or of a way there and back, are times and rates."""
    return re.sub(r"(?<!^)\b\d+(\.\d+)?\b", "N", text)


def without_rates(*kept):
    """Performance tests tell of a consumer in two lines, names and values: times and rates, but for what is kept."""
    def plain(text):
        names, values = ([word.strip() for word in line.split(",")] for line in text.strip().splitlines())
        return str([(name, value if name in kept else "N") for name, value in zip(names, values)])
    return plain


# -- clients ----------------------------------------------------------------------

def producers(world, topic):
    lines = "".join(f"key{i}\tvalue {i}\n" for i in range(RECORDS))
    each_side(world, "kafka-console-producer", "--topic", topic, "--reader-property", "parse.key=true", given=lines)
    text = each_side(world, "kafka-verifiable-producer", "--topic", topic, "--max-messages", str(RECORDS), "--acks", "-1",
                     plain=without_speed)
    check_equal(text.count("producer_send_success"), RECORDS, f"records sent by kafka-verifiable-producer:\n{text}")
    text = each_side(world, "kafka-producer-perf-test", "--topic", topic, "--num-records", str(RECORDS), "--record-size", "100",
                     "--throughput", "-1", plain=without_figures)
    check(text.startswith(f"{RECORDS} records sent"), text)
    each_side(world, "kafka-e2e-latency", "--topic", topic, "--num-records", str(RECORDS), "--producer-acks", "all",
              "--record-size", "100", plain=without_figures)
    ends = [world.offsets(topic.replace("{side}", side)) for side in SIDES]
    check_equal(ends, [{0: 4 * RECORDS}] * 2, "ends of the logs")


def consumers(world, topic):
    text = each_side(world, "kafka-console-consumer", "--topic", topic, "--from-beginning", "--max-messages", str(RECORDS),
                     "--timeout-ms", "20000", "--formatter-property", "print.key=true", "--formatter-property",
                     "print.offset=true", "--formatter-property", "print.partition=true")
    check_equal(text.count("value "), RECORDS, f"records read by kafka-console-consumer:\n{text}")
    each_side(world, "kafka-verifiable-consumer", "--topic", topic, "--group-id", "every-verifiable-{side}", "--max-messages",
              str(RECORDS), "--verbose", plain=by_kind)
    each_side(world, "kafka-consumer-perf-test", "--topic", topic, "--num-records", str(4 * RECORDS), "--timeout", "20000",
              plain=without_rates("data.consumed.in.MB", "data.consumed.in.nMsg"))


def share_consumers(world, topic):
    each_side(world, "kafka-verifiable-share-consumer", "--topic", topic, "--group-id", "every-sharing-{side}", "--max-messages",
              str(4 * RECORDS), "--acknowledgement-mode", "sync", "--verbose", "--offset-reset-strategy", "earliest", plain=by_kind)
    group = world.full_name("every-fast-{side}")
    each_side(world, "kafka-configs", "--alter", "--entity-type", "groups", "--entity-name", group, "--add-config",
              "share.auto.offset.reset=earliest")
    each_side(world, "kafka-share-consumer-perf-test", "--topic", topic, "--group", group, "--num-records", str(4 * RECORDS),
              "--timeout", "20000", plain=without_rates("data.consumed.in.MB", "data.consumed.in.nMsg"))


def copier(world, topic):
    """Reads, writes and commits in transactions."""
    out = world.full_name("every-copy-{side}")
    for side in SIDES:
        world.topic(f"every-copy-{side}", 1)
    text = each_side(world, "transactional-message-copier", "--input-topic", topic, "--input-partition", "0", "--output-topic", out,
                     "--transactional-id", world.full_name("every-txn-{side}"), "--consumer-group", world.full_name("every-copy-{side}"),
                     "--max-messages", str(4 * RECORDS), "--transaction-size", str(RECORDS), "--use-group-metadata",
                     plain=without_times)
    check(f'"totalProcessed": {4 * RECORDS}' in text, f"not all is copied:\n{text}")
    for side in SIDES:  # a marker after each transaction
        check_equal(world.offsets(out.replace("{side}", side), isolation=1), {0: 4 * RECORDS + 4}, f"committed in the copy, {side}")
        check_equal(world.committed(world.full_name(f"every-copy-{side}"), topic.replace("{side}", side)), {0: 4 * RECORDS},
                    f"offsets committed by transactions, {side}")


# -- the cluster ------------------------------------------------------------------

def cluster(world):
    plain = with_broker_names(world)
    same_as_direct(world, "kafka-cluster", "cluster-id")
    same_as_direct(world, "kafka-cluster", "list-endpoints", plain=plain)

    def for_clients(text):
        """What only brokers may ask: several transactions' partitions at once, and the state of share groups."""
        text = re.sub(r"(AddPartitionsToTxn\(24\)): 0 to 5 \[usable: 5\]", r"\1: 0 to 3 [usable: 3]", plain(text))
        return re.sub(r"(\w+ShareGroupState(?:Summary)?\(8[3-7]\)): .*\]", r"\1: UNSUPPORTED", text)
    text = same_as_direct(world, "kafka-broker-api-versions", plain=for_clients)
    check_equal(text.count("Produce(0)"), len(world.kafka.brokers), "brokers that tell their versions")


def metrics(world):
    name = world.full_name("every-{side}")
    each_side(world, "kafka-client-metrics", "--alter", "--name", name, "--metrics", "org.apache.kafka.producer.", "--interval", "60000")
    wait_for(lambda: name.replace("{side}", "through") in world.tool("kafka-client-metrics", "--list"), 10, "the metrics are listed")
    same_as_direct(world, "kafka-client-metrics", "--describe")
    each_side(world, "kafka-client-metrics", "--delete", "--name", name)


def elections(world):
    """Of the replica that is to lead, after another one does."""
    for topic in (world.full_name(f"every-{side}") for side in SIDES):
        first = world.leaders(topic)[0]
        move(world, topic, next(node for node in world.kafka.brokers if node != first))
        prefer(world, topic, first)
    words = ("kafka-leader-election", "--election-type", "preferred", "--topic", world.full_name("every-{side}"), "--partition", "0")
    text = each_side(world, *words)
    check("Successfully completed leader election" in text, text)
    check("already elected" in each_side(world, *words), "elected twice")


def prefer(world, topic, leader):
    with world.kafka.connect(world.kafka.any_broker()) as broker:
        broker.ask("AlterPartitionReassignments", 0, {"TimeoutMs": 10000, "Topics": [{"Name": topic, "Partitions": [
            {"PartitionIndex": 0, "Replicas": [leader, *(node for node in world.kafka.brokers if node != leader)]}]}]})
    wait_for(lambda: all(world.kafka.metadata(node, [topic])["Topics"][0]["Partitions"][0]["ReplicaNodes"][0] == leader
                         for node in world.kafka.brokers), 20, f"broker {leader} is to lead {topic}")


def reset(world, topic):
    group = world.full_name("every-copy-{side}")
    text = each_side(world, "kafka-streams-application-reset", "--application-id", group, "--input-topics", topic, "--to-earliest")
    check("Offset: 0" in text, text)
    for side in SIDES:
        check_equal(world.committed(group.replace("{side}", side), topic.replace("{side}", side)), {0: 0}, f"offsets after it, {side}")


def compatibility(world):
    """Kafka's own test of a client against brokers: it makes a topic, which has to go before the next one."""
    supported = [word for what in ("offsets-for-times", "cluster-id", "create-topics", "describe-acls", "describe-configs",
                                   "idempotent-producer") for word in (f"--{what}-supported", "true")]

    def gone():
        return all(world.kafka.metadata(node, [MADE])["Topics"][0]["ErrorCode"] == 3 for node in world.kafka.brokers)
    said = []
    for side, bootstrap in zip(SIDES, (None, world.kafka.bootstrap)):
        said.append(world.tool("client-compatibility-test", "--topic", world.topic(f"every-new-{side}", 1), "--num-cluster-nodes",
                               str(len(world.kafka.brokers)), "--expect-record-too-large-exception", "false", *supported,
                               bootstrap=bootstrap))
        world.tool("kafka-topics", "--delete", "--topic", MADE)
        wait_for(gone, 20, f"{MADE} is gone")
    check("SUCCESS" in said[0], said[0])
    check_equal(said[0], said[1], "output of client-compatibility-test")
    mark(world, "client-compatibility-test")


# -- what takes half a minute ---------------------------------------------------------

def compaction(world):
    """Its topic and files have names of chance."""
    def plain(text):
        return re.sub(r"(log-cleaner-test|cleaner-produced|cleaner-consumed)-\d+", r"\1", text)
    text = each_side(world, "log-compaction-tester", "--messages", str(RECORDS), "--topics", "1", plain=plain)
    check("0 mismatches" in text, text)


def replicas(world, topic):
    """It goes on until it is ended.  Through the gateway a partition's records are always its leader's."""
    said = {}
    for side, bootstrap in zip(SIDES, (world.bootstrap, world.kafka.bootstrap)):
        process = world.tools().start(world.scene, "kafka-replica-verification", bootstrap, "--topics-include",
                                      topic.replace("{side}", "through"), "--report-interval-ms", "500")
        wait_for(lambda: process.log(50).count("max lag is") > 1, 60, f"reports of {process.name}, {side}")
        process.kill()
        said[side] = re.sub(r"(?m)^.*?: (?=max lag)", "", next(line for line in process.log(50).splitlines() if "max lag is" in line))
    check("max lag is 0" in said["through"], said["through"])
    check_equal(said["through"], said["direct"], "report of kafka-replica-verification")
    mark(world, "kafka-replica-verification")
