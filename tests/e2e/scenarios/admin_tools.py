"""Kafka's tools for administrators do through HAProxy and two nodes what they do at the brokers, and print the same: the
quorum, features, log directories, replicas moved between disks, share groups, streams groups.  The load balancer keeps
ports here, and the nodes know it; where nothing says which broker is meant a node tells of all of them."""
import contextlib
import copy
import json
import re

import wire
from cluster import FIRST_PORT
from compared import mark, same_as_direct
from fronts import start_nodes
from machine import knows_its_root, skip_part
from world import PORTS, check, check_equal, wait_for

RECORDS = 300
NUMBERS = (21, 22)  # of the nodes
HOST = 29  # of HAProxy: nobody else's, for some of the tools leave a client behind that comes again minutes later
STARS = re.compile(r"://[^/\"]*:\d+")


def run(world):
    with keeping_ports(world) as inner:
        quorum(inner)
        features(inner)
        configs_of_all_brokers(inner)
        if knows_its_root():
            log_dirs(world, inner)
            moves(world, inner)
        else:
            skip_part("log directories", "brokers can't tell how full they are in a plain chroot")
        transactions(inner)
        if world.kafka.version.startswith("4"):
            share_groups(inner)
            streams_groups(inner)
        same_as_direct(inner, "kafka-groups", "--list", plain=without_nodes_groups)
        if world.through_gateway:
            audited(inner)


# -- who is asked ------------------------------------------------------------

@contextlib.contextmanager
def keeping_ports(world):
    """The same world, through two nodes of its own behind a load balancer that keeps ports."""
    if not world.through_gateway:
        yield world
        return
    nodes = start_nodes(world, NUMBERS, HOST, mode=world.mode,
                        env={"GATEWAY_PORT_IS_HINT": "true", "GATEWAY_CLUSTER_ID": "admin", "GATEWAY_AUDIT_LOG": "true",
                             "GATEWAY_LOG_FORMAT": "json"})
    haproxy = None
    try:
        for node in nodes:
            node.wait_ready()
        haproxy = world.scene.haproxy(nodes, host=world.scene.host(HOST), name=f"keeping-{world.mode}", ports=PORTS)
        inner = copy.copy(world)
        inner.bootstrap, inner.nodes = f"{haproxy.host}:{FIRST_PORT}", nodes
        yield inner
    finally:
        if haproxy:
            haproxy.process.stop(5)
        for node in nodes:
            node.process.kill()


def without_nodes_groups(text):
    """Columns are as wide as what stands in them."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if not line.startswith("anyport_"))


def without_addresses(text):
    """A coordinator is where, and in `single` who, the client knows it as."""
    return re.sub(r"\d+(\.\d+){3}:\d+ \(\d+\)", "COORDINATOR", "\n".join(" ".join(line.split()) for line in text.splitlines()))


def without_coordinators(text):
    """Transactions of `single` are told as the one broker's."""
    return "\n".join(" ".join(words[:1] + words[2:]) for words in map(str.split, text.splitlines()))


def audited(world):
    """What the tools have changed here stands in the nodes' audit log, an object a line as all of their log, and what they
    only looked at does not."""
    lines = [json.loads(line) for node in world.nodes for line in node.process.log().splitlines()]
    audit = [line for line in lines if line.get("who") == "audit"]
    told = {(line["api"], line["validate_only"], line["names"]): line["outcome"] for line in audit}
    check_equal(told.get(("IncrementalAlterConfigs", "false", "broker:")), "ok", f"the brokers' configuration in {told}")
    check(("UpdateFeatures", "true", "metadata.version") in told, f"a dry run of features in {told}")
    if world.kafka.version.startswith("4"):
        check_equal(told.get(("DeleteGroups", "false", f"{world.mode}-sharing")), "ok", f"the share group in {told}")
    check(not any(line["api"].startswith(("Describe", "List", "Metadata")) for line in audit), f"only changes: {sorted(told)}")


# -- the quorum and features ---------------------------------------------------

def quorum(world):
    """Offsets grow and time goes on; the controllers' addresses are shown as stars."""
    def status(text):
        return STARS.sub("://", re.sub(r"(?m)^(HighWatermark|MaxFollowerLag\w*):.*", r"\1", text))

    def replication(text):
        return "\n".join(" ".join((line.split() or [""])[i] for i in (0, 1, -1)) for line in text.splitlines() if line)

    text = same_as_direct(world, "kafka-metadata-quorum", "describe", "--status", plain=status)
    check_equal(text.count('"endpoints"'), 3, f"voters with endpoints:\n{text}")
    same_as_direct(world, "kafka-metadata-quorum", "describe", "--replication", plain=replication)


def features(world):
    """The epoch is the offset of the brokers' metadata log: it grows with everything.  In `single` there are no share
    sessions, and so their feature is not told."""
    def plain(text):
        return re.sub(r"Epoch: \d+", "Epoch", text)

    version = world.kafka.version
    hidden = [line for line in plain(world.tool("kafka-features", "describe", bootstrap=world.kafka.bootstrap)).splitlines()
              if "share.version" in line] if world.mode == "single" else []
    same_as_direct(world, "kafka-features", "describe", plain=plain, hidden=hidden)
    same_as_direct(world, "kafka-features", "upgrade", "--feature", "group.version=1", "--dry-run",
                   fails=version.startswith("3"))
    same_as_direct(world, "kafka-features", "downgrade", "--feature", "metadata.version=1", "--dry-run", fails=True)


def configs_of_all_brokers(world):
    entity = ["--entity-type", "brokers", "--entity-default"]
    world.tool("kafka-configs", "--alter", *entity, "--add-config", "log.cleaner.threads=2")
    wait_for(lambda: "log.cleaner.threads=2" in world.tool("kafka-configs", "--describe", *entity), 10,
             "what is set for all brokers described")
    same_as_direct(world, "kafka-configs", "--describe", *entity)
    world.tool("kafka-configs", "--alter", *entity, "--delete-config", "log.cleaner.threads")


# -- log directories -----------------------------------------------------------

def dirs_of(text):
    """{broker: {directory: {partition: size}}} of what kafka-log-dirs prints; without the nodes' own topic, which clients
    are told nothing of."""
    told = json.loads(text.splitlines()[-1])
    return {b["broker"]: {d["logDir"]: {p["partition"]: p["size"] for p in d["partitions"]
                                        if not p["partition"].startswith("__")} for d in b["logDirs"]}
            for b in told["brokers"]}


def asked_dirs(world, *words, bootstrap=None):
    return dirs_of(world.tool("kafka-log-dirs", "--describe", *words, bootstrap=bootstrap))


def log_dirs(world, inner):
    topic = world.topic("disks", 6)
    world.java().produce(topic, RECORDS, "k")
    only = ["--topic-list", topic]
    direct = asked_dirs(world, *only, bootstrap=world.kafka.bootstrap)
    check_equal(sorted(direct), [1, 2, 3], "brokers that have directories")
    sizes = {}
    for dirs in direct.values():
        for path, partitions in dirs.items():
            sizes.setdefault(path, {}).update(partitions)
    everything = {path: sorted(partitions) for path, partitions in sizes.items()}
    if world.mode != "single":
        check_equal(asked_dirs(inner, *only), direct, "directories of each broker that was dialled")
        check_equal(asked_dirs(inner, "--broker-list", "2", *only), {2: direct[2]}, "directories of broker 2")
    if world.through_gateway:
        for broker, dirs in asked_dirs(world, *only).items():
            check_equal({path: sorted(partitions) for path, partitions in dirs.items()}, everything,
                        f"directories of all brokers, told as broker {broker}'s")
    mark(world, "kafka-log-dirs")


def moves(anywhere, world):
    """Replicas from one disk to the other: by the broker that was dialled, or that alone has the replica."""
    several = world.mode != "single" or not world.through_gateway
    topic = world.topic("moved", 2, replicas=2 if several else 1)
    world.java().produce(topic, RECORDS, "k")
    before = asked_dirs(world, "--topic-list", topic, bootstrap=world.kafka.bootstrap)
    replicas = {}
    for broker, dirs in before.items():
        for path, partitions in dirs.items():
            for partition in partitions:
                replicas.setdefault(int(partition.rpartition("-")[2]), {})[broker] = \
                    next(other for other in dirs if other != path)
    plan = {"version": 1, "partitions": [
        {"topic": topic, "partition": partition, "replicas": sorted(to), "log_dirs": [to[b] for b in sorted(to)]}
        for partition, to in replicas.items()]}
    path = str(world.scene.file(f"moves-{world.mode}.json", json.dumps(plan)))
    if several:
        check_nobody_moves(anywhere, topic, replicas)
        text = world.tool("kafka-reassign-partitions", "--reassignment-json-file", path, "--execute")
        check_equal(text.count("Successfully started moving log directory"), 4, f"moves that have begun:\n{text}")
        wait_for(lambda: "is still in progress" not in
                 world.tool("kafka-reassign-partitions", "--reassignment-json-file", path, "--verify"), 30, "moves done")
        same_as_direct(world, "kafka-reassign-partitions", "--reassignment-json-file", path, "--verify")
    else:
        move_by_request(world, topic, replicas)
    after = {broker: {path: {f"{topic}-{p}" for p, to in replicas.items() if to.get(broker) == path}
                      for path in dirs} for broker, dirs in before.items()}
    wait_for(lambda: {broker: {path: set(partitions) for path, partitions in dirs.items()} for broker, dirs in
                      asked_dirs(world, "--topic-list", topic, bootstrap=world.kafka.bootstrap).items()} == after, 30,
             f"replicas where they were moved to: {after}")


def move_by_request(world, topic, replicas, error=0):
    """The one broker of `single` has a replica that no other one has."""
    wanted = {}
    for partition, to in replicas.items():
        for path in list(to.values())[:1]:
            wanted.setdefault(path, []).append(partition)
    host, _, port = world.bootstrap.split(",")[0].partition(":")
    with wire.Connection(host, int(port), wire.schemas(world.kafka.version)) as client:
        answer = client.ask("AlterReplicaLogDirs", 2, {"Dirs": [
            {"Path": path, "Topics": [{"Name": topic, "Partitions": partitions}]}
            for path, partitions in wanted.items()]})
    check_equal([(t["TopicName"], sorted((p["PartitionIndex"], p["ErrorCode"]) for p in t["Partitions"]))
                 for t in answer["Results"]], [(topic, [(p, error) for p in sorted(replicas)])], "answer to the moves")


def check_nobody_moves(world, topic, replicas):
    """Where nothing tells which of several brokers is meant, a broker is asked whether the client may, and moves nothing."""
    if world.through_gateway:
        move_by_request(world, topic, replicas, error=9)


# -- groups ---------------------------------------------------------------------

def transactions(world):
    tool = "kafka-transactions"
    topic = world.topic("hanging", 1)
    text = same_as_direct(world, tool, "find-hanging", "--topic", topic)
    check_equal(len(text.splitlines()), 1, "lines of no hanging transaction")
    if world.mode == "single":
        same_as_direct(world, tool, "list", plain=without_coordinators)
    else:
        same_as_direct(world, tool, "list")
    same_as_direct(world, tool, "describe-producers", "--topic", topic, "--partition", "0")


def anyone(world, group):
    """A connection to any node; at the brokers it must be to the group's coordinator."""
    if not world.through_gateway:
        return world.kafka.connect(world.coordinator(group))
    host, _, port = world.bootstrap.partition(":")
    return wire.Connection(host, int(port), wire.schemas(world.kafka.version))


def member(world, api, group, **fields):
    """Joins a group by the raw request; returns its connection's answer.  A coordinator that does not know a topic of the
    topology yet, which has just been made, says -1, and "No value present" in its log."""
    with anyone(world, group) as client:
        answer = None

        def joined():
            nonlocal answer
            answer = client.ask(api, 1, {"GroupId": group, **fields})
            check(answer["ErrorCode"] in (0, -1, 14, 15, 16), f"{api}: {answer}")
            return answer["ErrorCode"] == 0
        wait_for(joined, 20, f"{api} accepted")
        return answer


def share_groups(world):
    tool = "kafka-share-groups"
    topic, group = world.topic("shared", 3), f"{world.mode}-sharing"
    same = {"MemberId": "AAAAAAAAAAAAAAAAAAAAAA"}
    member(world, "ShareGroupHeartbeat", group, MemberEpoch=0, SubscribedTopicNames=[topic], **same)
    same_as_direct(world, tool, "--list")
    text = same_as_direct(world, tool, "--describe", "--group", group, "--members", "--verbose")
    check(same["MemberId"] in text, f"the member is not described:\n{text}")
    same_as_direct(world, tool, "--describe", "--group", group, "--state", "--verbose", plain=without_addresses)
    member(world, "ShareGroupHeartbeat", group, MemberEpoch=-1, **same)
    wait_for(lambda: "Empty" in world.tool(tool, "--describe", "--group", group, "--state"), 20, f"{group} empty")
    world.java().produce(topic, RECORDS, "s")
    world.tool(tool, "--reset-offsets", "--group", group, "--topic", topic, "--to-latest", "--execute")
    text = same_as_direct(world, tool, "--describe", "--group", group, "--offsets", "--verbose")
    check_equal(sum(int(line.split()[4]) for line in text.splitlines() if line.startswith(group)), RECORDS,
                f"sum of the offsets to begin at:\n{text}")
    world.tool(tool, "--delete-offsets", "--group", group, "--topic", topic)
    same_as_direct(world, tool, "--describe", "--group", group, "--offsets")
    world.tool(tool, "--delete", "--group", group)
    check(group not in world.tool(tool, "--list").split(), f"{group} is still listed")
    same_as_direct(world, tool, "--describe", "--group", group)


def streams_groups(world):
    tool = "kafka-streams-groups"
    topic, group = world.topic("streamed", 2), f"{world.mode}-streams"
    topology = {"Epoch": 1, "Subtopologies": [{"SubtopologyId": "0", "SourceTopics": [topic]}]}
    fields = {"MemberId": "BBBBBBBBBBBBBBBBBBBBBB", "RebalanceTimeoutMs": 30000, "ProcessId": "p", "ClientTags": [],
              "UserEndpoint": {"Host": "app.example", "Port": 8080}}
    member(world, "StreamsGroupHeartbeat", group, MemberEpoch=0, Topology=topology, ActiveTasks=[], StandbyTasks=[],
           WarmupTasks=[], **fields)
    same_as_direct(world, tool, "--list")
    text = same_as_direct(world, tool, "--describe", "--group", group, "--members", "--verbose")
    check(fields["MemberId"] in text, f"the member is not described:\n{text}")
    same_as_direct(world, tool, "--describe", "--group", group, "--state", "--verbose", plain=without_addresses)
    member(world, "StreamsGroupHeartbeat", group, MemberEpoch=-1, MemberId=fields["MemberId"])
    wait_for(lambda: "Empty" in world.tool(tool, "--describe", "--group", group, "--state"), 20, f"{group} empty")
    world.tool(tool, "--delete", "--group", group)
    check(group not in world.tool(tool, "--list").split(), f"{group} is still listed")
