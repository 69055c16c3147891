"""Each API in each version, sent to every (node, port), gets the answer that the right broker gives, addresses aside."""
import struct
import zlib

import wire
from reference import (ALL, ANY, BY_PARTITION, GROUPS, PARTITIONS, Brokers, Gateway, asked_partitions,
                       by_partition, group, topic_key, txn)
from world import check, check_equal, topic_id, until, wait_for

LIST = ["ApiVersions", "Metadata", "Produce", "Fetch", "ListOffsets", "FindCoordinator", "JoinGroup", "SyncGroup",
        "Heartbeat", "LeaveGroup", "DescribeGroups", "ListGroups", "ConsumerGroupHeartbeat", "ConsumerGroupDescribe",
        "DeleteGroups", "OffsetCommit", "OffsetFetch", "OffsetDelete", "InitProducerId", "AddPartitionsToTxn",
        "AddOffsetsToTxn", "EndTxn", "TxnOffsetCommit", "DescribeCluster", "DescribeTopicPartitions",
        "OffsetForLeaderEpoch", "DeleteRecords"]
# what the gateway may offer less than the broker does: (API, version); clients never send AddPartitionsToTxn 4+
LESS = {("AddPartitionsToTxn", 4), ("AddPartitionsToTxn", 5)}
REFUSED = {("Produce", version) for version in range(3)}  # by 4.x, which offers them to old clients
IN_PORTS = {78, 79}  # not in `single`
HIDDEN = {4, 5, 6, 7, 52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82, 83, 84, 85, 86, 87}
RECORDS = 5
STAMP = 1700000000000


class Failures(list):
    """Everything that was found wrong, so that one run shows it all."""

    def add(self, what, error):
        if len(self) < 400:
            self.append(f"{what}: {type(error).__name__}: {error}")


class Context:
    """What the flows of one run share."""

    def __init__(self, world):
        self.world = world
        self.failures = Failures()
        self.versions = offered(world)
        self.topics = [world.topic("raw-a", 6), world.topic("raw-b", 3)]
        self.scratch = world.topic("raw-produce", 6)
        self.ids = {name: topic_id(world, name) for name in [*self.topics, self.scratch]}
        for name in self.topics:
            fill(world, name)
        for kind in (0, 1):  # the first question makes the internal topics
            world.coordinator("raw-first", kind)

    def range(self, api):
        return range(self.versions[api][0], self.versions[api][1] + 1)


def run(world):
    context = Context(world)
    references = Brokers(world)
    if world.through_gateway:
        check_offer(context)
        api_versions(context)
        pipelined(context)
    answerers = []
    count = len(Gateway(world).endpoints) if world.through_gateway else 1
    for first in range(count):
        answerers.append(Gateway(world, first) if world.through_gateway else Brokers(world))
    for api in ("Metadata", "DescribeCluster", "DescribeTopicPartitions", "FindCoordinator", "ListOffsets",
                "OffsetForLeaderEpoch", "DeleteRecords", "Fetch"):
        for version in context.range(api):
            for message, route in REQUESTS[api](context, version):
                compare_one(context, references, answerers, api, version, message, route)
    produce(context, references, answerers)
    for flow, apis in FLOWS.items():
        numbers = max(len(context.range(api)) for api in apis)
        for number in range(numbers):
            # each step of a story is at the next (node, port): over four versions, each step was at all of them
            some = answerers if numbers < 4 else answerers[number % 4::4] or answerers
            compare_flow(context, references, some, flow, number)
    for answerer in [references, *answerers]:
        answerer.close()
    if world.through_gateway:
        check_complete(context)
    shown = "\n".join(context.failures[:60])
    check(not context.failures, f"{len(context.failures)} wrong answers:\n{shown}")


def check_complete(context):
    """Every version of what is in LIST was asked."""
    unasked = {(api, version) for api in LIST for version in context.range(api)} - context.world.asked
    for api, version in sorted(unasked - REFUSED):
        if api != "ApiVersions":  # api_versions asks them all by itself
            context.failures.add(f"{api} v{version}", AssertionError("was not asked"))


def offered(world):
    """{API: (min, max)}: what both the brokers offer and the schemas know."""
    known = wire.schemas(world.kafka.version)
    with world.kafka.connect(world.kafka.any_broker()) as broker:
        keys = broker.ask("ApiVersions", 0, {})["ApiKeys"]
    found = {}
    for row in keys:
        api = known.names.get(row["ApiKey"])
        if api in LIST:
            versions = known.requests[api].versions
            found[api] = (max(row["MinVersion"], versions[0]), min(row["MaxVersion"], versions[-1]))
    found["AddPartitionsToTxn"] = (found["AddPartitionsToTxn"][0], 3)
    check_equal(sorted(found), sorted(LIST), "APIs that the broker offers")
    return found


# -- what is asked -----------------------------------------------------------

def fill(world, topic):
    """A few records in each partition, directly at the leaders."""
    brokers = Brokers(world)
    for partition in world.leaders(topic):
        records = [(f"{topic}-{partition}-{i}".encode(), b"x" * 50) for i in range(RECORDS)]
        answer = brokers.ask(PARTITIONS, "Produce", 7, {"Acks": -1, "TimeoutMs": 10000, "TopicData": [
            {"Name": topic, "PartitionData": [{"Index": partition, "Records": wire.batch(records)}]}]})
        check_equal(answer["Responses"][0]["PartitionResponses"][0]["ErrorCode"], 0, f"filling {topic}-{partition}")
    brokers.close()


def topic_rows(context, partition_row, name="Name", unknown=True, has_ids=False):
    """Topics of a request: all partitions of both, backwards; then some that do not exist."""
    rows = []
    for topic, partitions in zip(context.topics, (6, 3)):
        rows.append({name: topic, "Partitions": [partition_row(p) for p in reversed(range(partitions))]})
        if has_ids:
            rows[-1]["TopicId"] = context.ids[topic]
    if unknown:
        rows[0]["Partitions"].append(partition_row(77))
        rows.append({name: "no-such-topic", "Partitions": [partition_row(0), partition_row(1)]})
        if has_ids:
            rows[-1]["TopicId"] = b"no-such-topic-id"
    return rows


def one_partition(context, partition_row, name="Name", has_ids=False):
    row = {name: context.topics[0], "Partitions": [partition_row(4)]}
    if has_ids:
        row["TopicId"] = context.ids[context.topics[0]]
    return [row]


def metadata_requests(context, version):
    names = [{"Name": name} for name in context.topics]
    yield {"Topics": names, "AllowAutoTopicCreation": False}, ANY
    yield {"Topics": [*names, {"Name": "no-such-topic"}, {"Name": "not/legal"}], "AllowAutoTopicCreation": False}, ANY
    if version >= 1:
        yield {"Topics": [], "AllowAutoTopicCreation": False}, ANY
    if version >= 12:
        yield {"Topics": [{"Name": None, "TopicId": context.ids[context.topics[1]]},
                          {"Name": None, "TopicId": b"no-such-topic-id"}], "AllowAutoTopicCreation": False}, ANY


def cluster_requests(context, version):
    yield {"IncludeClusterAuthorizedOperations": True}, ANY
    if version >= 1:
        yield {"EndpointType": 2}, ANY


def topic_partitions_requests(context, version):
    names = [{"Name": name} for name in sorted(context.topics)]
    yield {"Topics": names, "ResponsePartitionLimit": 2000}, ANY
    yield {"Topics": names, "ResponsePartitionLimit": 4}, ANY
    yield {"Topics": names, "ResponsePartitionLimit": 4, "Cursor": {"TopicName": names[0]["Name"],
                                                                    "PartitionIndex": 4}}, ANY
    yield {"Topics": [{"Name": "no-such-topic"}], "ResponsePartitionLimit": 2000}, ANY


def coordinator_requests(context, version):
    for kind in (0, 1) if version >= 1 else (0,):
        yield {"Key": "raw-some-key", "KeyType": kind, "CoordinatorKeys": ["raw-some-key", "raw-other", "raw-third"]}, ANY
    if version >= 4:
        yield {"KeyType": 9, "CoordinatorKeys": ["raw-some-key"]}, ANY


def list_offsets_requests(context, version):
    stamps = [-1, -2, STAMP]
    stamps += [-3] if version >= 7 else []
    for stamp in stamps:
        def row(p, stamp=stamp):
            return {"PartitionIndex": p, "Timestamp": stamp, "MaxNumOffsets": 5, "CurrentLeaderEpoch": -1}
        base = {"ReplicaId": -1, "IsolationLevel": 0, "TimeoutMs": 10000}
        yield {**base, "Topics": topic_rows(context, row)}, PARTITIONS
        yield {**base, "Topics": one_partition(context, row)}, PARTITIONS


def epoch_requests(context, version):
    def row(p):
        return {"Partition": p, "CurrentLeaderEpoch": -1, "LeaderEpoch": 0}
    yield {"ReplicaId": -1, "Topics": topic_rows(context, row, "Topic")}, PARTITIONS
    yield {"ReplicaId": -1, "Topics": one_partition(context, row, "Topic")}, PARTITIONS


def delete_requests(context, version):
    def row(p):
        return {"PartitionIndex": p, "Offset": 1}
    yield {"TimeoutMs": 10000, "Topics": topic_rows(context, row)}, PARTITIONS
    yield {"TimeoutMs": 10000, "Topics": one_partition(context, row)}, PARTITIONS
    yield {"TimeoutMs": 10000, "Topics": one_partition(context, lambda p: {"PartitionIndex": p, "Offset": 99})}, PARTITIONS


def fetch_requests(context, version):
    ids = version >= 13
    def row(p, offset=2):
        return {"Partition": p, "FetchOffset": offset, "PartitionMaxBytes": 1 << 20, "CurrentLeaderEpoch": -1,
                "LogStartOffset": -1}
    base = {"ReplicaId": -1, "MaxWaitMs": 0, "MinBytes": 0, "MaxBytes": 1 << 24, "SessionId": 0, "SessionEpoch": -1}
    yield {**base, "Topics": topic_rows(context, row, "Topic", True, ids)}, PARTITIONS
    yield {**base, "Topics": one_partition(context, row, "Topic", ids)}, PARTITIONS
    beyond = topic_rows(context, lambda p: row(p, 99 if p % 2 else 3), "Topic", False, ids)
    yield {**base, "Topics": beyond}, PARTITIONS
    if version >= 9:
        newer = topic_rows(context, lambda p: {**row(p), "CurrentLeaderEpoch": 50 if p == 1 else -1}, "Topic", False, ids)
        yield {**base, "Topics": newer}, PARTITIONS
    if version >= 7:
        yield {**base, "SessionEpoch": 0, "Topics": topic_rows(context, row, "Topic", False, ids)}, PARTITIONS
        yield {**base, "SessionId": 0, "SessionEpoch": 3, "Topics": one_partition(context, row, "Topic", ids)}, ANY


REQUESTS = {"Metadata": metadata_requests, "DescribeCluster": cluster_requests,
            "DescribeTopicPartitions": topic_partitions_requests, "FindCoordinator": coordinator_requests,
            "ListOffsets": list_offsets_requests, "OffsetForLeaderEpoch": epoch_requests,
            "DeleteRecords": delete_requests, "Fetch": fetch_requests}


# -- comparing ---------------------------------------------------------------

def compare_one(context, references, answerers, api, version, message, route):
    expected = normal(context, api, references.ask(route, api, version, message), direct=True)
    for answerer in answerers:
        what = f"{api} v{version}"
        try:
            answer = answerer.ask(route, api, version, message)
            if route is PARTITIONS:
                check_shape(api, version, message, answer)
            got = normal(context, api, answer)
            check(got == expected, difference(expected, got))
        except (AssertionError, ValueError, OSError, EOFError) as error:
            context.failures.add(f"{what} at {getattr(answerer, 'last', '')} for {brief(message)}", error)
            if isinstance(answerer, Gateway):
                answerer.drop()
            return  # the others would say the same


def brief(message):
    text = str(message)
    return text if len(text) < 300 else text[:300] + "..."


def difference(expected, got, path=""):
    """The first place in which two answers differ."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in [*expected, *(k for k in got if k not in expected)]:
            if expected.get(key, "absent") != got.get(key, "absent"):
                return difference(expected.get(key, "absent"), got.get(key, "absent"), f"{path}.{key}")
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (one, other) in enumerate(zip(expected, got)):
            if one != other:
                return difference(one, other, f"{path}[{index}]")
    if isinstance(expected, list) and isinstance(got, list):
        only = [item for item in expected if item not in got], [item for item in got if item not in expected]
        return f"{path}: {len(expected)} expected, {len(got)} got; missing {brief(only[0])}, not expected {brief(only[1])}"
    return f"{path}: expected {brief(expected)}, got {brief(got)}"


def check_shape(api, version, message, answer):
    """Every partition asked for exactly once, one entry a topic; for Fetch in the order of the request."""
    if answer.get("ErrorCode"):
        return
    got, asked = list(by_partition(api, answer)), asked_partitions(api, message, version)
    check_equal(sorted(map(str, got)), sorted(map(str, asked)), "partitions in the answer")
    if api == "Fetch":
        check_equal(got, asked, "order of the partitions")


def normal(context, api, answer, direct=False, names=None):
    """An answer without what may differ: addresses, throttling, order, what was made up for this run."""
    answer = substitute(answer, names or {})
    if isinstance(answer, dict) and not direct and context.world.through_gateway:
        check_addresses(context.world, api, answer)
    masked = mask(context.world, api, answer)
    if api in BY_PARTITION:
        topics = BY_PARTITION[api].answer_topics
        masked[topics] = sorted(masked[topics], key=lambda topic: str(topic_key(topic)))
        for topic in masked[topics]:
            rows = BY_PARTITION[api]
            topic[rows.answer_partitions].sort(key=lambda p: p[rows.answer_index])
    return masked


ADDRESS = {"Host", "Port", "NodeEndpoints", "Rack"}
VOLATILE = {"ThrottleTimeMs", "ControllerId", "FinalizedFeaturesEpoch", "SessionId", "BaseOffset", "LogAppendTimeMs",
            "ErrorMessage", "ProducerId", "NodeEndpoints"}
NODE_IDS = {"LeaderId", "NodeId", "BrokerId", "Leader"}
BY_NAME = {"Topics": "Name", "Brokers": None, "Coordinators": "Key", "Groups": "GroupId", "Results": "GroupId"}


def mask(world, api, value):
    if isinstance(value, list):
        return [mask(world, api, item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, item in value.items():
        if key in VOLATILE or key in ADDRESS or key == "CurrentLeader":
            continue
        if world.mode == "single" and (key in NODE_IDS or key == "Brokers" or key in REPLICAS):
            continue
        result[key] = mask(world, api, item)
        if key in ("Topics", "Coordinators", "Groups", "Results", "Brokers", "Members") and isinstance(item, list):
            result[key].sort(key=str)
        if key == "Partitions" and api == "Metadata":
            result[key].sort(key=lambda p: p["PartitionIndex"])
        if key in ("IsrNodes", "OfflineReplicas"):
            result[key].sort()
    return result


REPLICAS = {"ReplicaNodes", "IsrNodes", "OfflineReplicas", "EligibleLeaderReplicas", "LastKnownElr"}


def check_addresses(world, api, answer):
    """Brokers and coordinators are where the gateway says it listens, each id at its own port."""
    host, first = world.bootstrap.split(":")
    rows = answer.get("Brokers") or answer.get("Coordinators") or answer.get("NodeEndpoints") or []
    if api == "FindCoordinator" and "Host" in answer:
        rows = [answer]
    for row in rows:
        if row.get("ErrorCode"):
            continue
        node = row.get("NodeId", row.get("BrokerId"))
        port = int(first) if world.mode == "single" else int(first) + node - 1
        check_equal((row["Host"], row["Port"]), (host, port), f"address of broker {node}")
    if api == "Metadata":
        check_equal(len(rows), 1 if world.mode == "single" else len(world.kafka.brokers), "brokers listed")
        nodes = {row["NodeId"] for row in rows}
        check(answer.get("ControllerId", rows[0]["NodeId"]) in nodes, "the controller is not among the brokers")
        leaders = {p["LeaderId"] for t in answer["Topics"] for p in t["Partitions"]}
        check(leaders <= nodes, f"leaders {leaders} that are not among the brokers {nodes}")


def substitute(value, names):
    if isinstance(value, list):
        return [substitute(item, names) for item in value]
    if isinstance(value, dict):
        return {key: substitute(item, names) for key, item in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


# -- what changes something: the same story told to the brokers and to the gateway --

def compare_flow(context, references, answerers, flow, number):
    expected = story(context, references, flow, number, "r")
    for index, answerer in enumerate(answerers):
        try:
            got = story(context, answerer, flow, number, f"{index}")
        except (AssertionError, ValueError, OSError, EOFError, KeyError, IndexError) as error:
            context.failures.add(f"{flow.__name__} {number} at {getattr(answerer, 'last', '')} {STEP}", error)
            if isinstance(answerer, Gateway):
                answerer.drop()
            return
        for (step, one), (_, other) in zip(expected, got):
            if one != other:
                context.failures.add(f"{flow.__name__} {number}: {step}", AssertionError(difference(one, other)))
                return


STEP = []
RETRIABLE = {14, 15, 51}  # loading, not available, concurrent transactions


def codes(value):
    """All error codes in an answer."""
    if isinstance(value, list):
        return set().union(*map(codes, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = {value["ErrorCode"]} if "ErrorCode" in value else set()
    return found.union(*map(codes, value.values()))


def story(context, answerer, flow, number, who):
    """[(step, normal answer)] of a flow in which every API has its number-th version, or its last."""
    said, names = [], {}

    def ask(route, api, message, only=None):
        versions = context.range(api)
        version = versions[min(number, len(versions) - 1)] if only is None else only
        STEP[:] = [f"{api} v{version}"]
        again = until(10)
        answer = answerer.ask(route, api, version, message)
        while codes(answer) & RETRIABLE and again():
            answer = answerer.ask(route, api, version, message)
        for field in ("MemberId", "Leader", "LeaderId"):
            if isinstance(answer.get(field), str) and answer[field]:
                names[answer[field]] = "<member>"
        shown = answer
        if api == "ListGroups":  # others' groups come and go
            ids = [row["GroupId"] for row in answer["Groups"]]
            check_equal(len(ids), len(set(ids)), "groups listed, each once")
            shown = {**answer, "Groups": [row for row in answer["Groups"] if row["GroupId"] in names]}
        shown = normal(context, api, shown, isinstance(answerer, Brokers), names)
        if api == "FindCoordinator":  # every story has a group of its own, each with its own coordinator
            shown = without(shown, "NodeId")
        if api == "ConsumerGroupDescribe":
            shown["Groups"] = known_groups(shown["Groups"])
        said.append((f"{api} v{version}", shown))
        return answer, version

    tag = f"{context.world.mode}-raw-{flow.__name__}-{number}-{who}"
    flow(context, ask, tag, names, number)
    return said


def known_groups(groups):
    """Kafka 3.9, asked for two groups of one coordinator in two partitions of __consumer_offsets, also says of each
    that the other partition does not know it."""
    best = {}
    for group_row in sorted(groups, key=lambda row: row["ErrorCode"] != 0):
        best.setdefault(group_row["GroupId"], group_row)
    return sorted(best.values(), key=str)


def without(value, name):
    if isinstance(value, list):
        return [without(item, name) for item in value]
    if isinstance(value, dict):
        return {key: without(item, name) for key, item in value.items() if key != name}
    return value


SUBSCRIPTION = struct.pack(">hiH", 0, 1, 3) + b"abc" + struct.pack(">i", -1)


def classic_group(context, ask, tag, names, number):
    names.update({tag: "<group>", f"{tag}-x": "<other>"})
    here, topic = group(tag), context.topics[0]
    ask(ANY, "FindCoordinator", {"Key": tag, "KeyType": 0, "CoordinatorKeys": [tag]})
    join = {"GroupId": tag, "SessionTimeoutMs": 30000, "RebalanceTimeoutMs": 30000, "MemberId": "",
            "ProtocolType": "consumer", "Protocols": [{"Name": "range", "Metadata": SUBSCRIPTION}]}
    answer, _ = ask(here, "JoinGroup", join)
    if answer["ErrorCode"] == 79:
        answer, _ = ask(here, "JoinGroup", {**join, "MemberId": answer["MemberId"]})
    member, generation = answer["MemberId"], answer["GenerationId"]
    check_equal(answer["ErrorCode"], 0, "error of JoinGroup")
    me = {"GroupId": tag, "GenerationId": generation, "MemberId": member}
    ask(here, "SyncGroup", {**me, "ProtocolType": "consumer", "ProtocolName": "range",
                            "Assignments": [{"MemberId": member, "Assignment": b"\0\0\0\0\0\0\xff\xff\xff\xff"}]})
    ask(here, "Heartbeat", me)
    ask(here, "Heartbeat", {**me, "MemberId": "nobody"})
    ask(GROUPS, "DescribeGroups", {"Groups": [tag, f"{tag}-x"]})
    ask(ALL, "ListGroups", {"StatesFilter": [], "TypesFilter": []})
    rows = [{"PartitionIndex": p, "CommittedOffset": p + 3, "CommittedMetadata": "m"} for p in (0, 3, 5)]
    ask(here, "OffsetCommit", {**me, "GenerationIdOrMemberEpoch": generation, "RetentionTimeMs": -1, "Topics": [
        {"Name": topic, "TopicId": context.ids[topic], "Partitions": rows}]})
    offset_fetch(context, ask, tag, number)
    # "" is a group like any other, for offsets without a membership
    ask(group(""), "OffsetCommit", {"GroupId": "", "GenerationIdOrMemberEpoch": -1, "MemberId": "", "RetentionTimeMs": -1,
                                    "Topics": [{"Name": topic, "TopicId": context.ids[topic], "Partitions": rows}]})
    ask(here, "OffsetDelete", {"GroupId": tag, "Topics": [{"Name": topic, "Partitions": [{"PartitionIndex": 3}]}]})
    ask(here, "LeaveGroup", {"GroupId": tag, "MemberId": member, "Members": [{"MemberId": member}]})
    offset_fetch(context, ask, tag, number)
    ask(GROUPS, "DeleteGroups", {"GroupsNames": [tag, f"{tag}-x"]})


def offset_fetch(context, ask, tag, number):
    """Before version 8 of one group, since then of several."""
    topic = context.topics[0]
    versions = context.range("OffsetFetch")
    topics = [{"Name": topic, "TopicId": context.ids[topic], "PartitionIndexes": [0, 1, 3]}]
    low = [v for v in versions if v < 8]
    ask(group(tag), "OffsetFetch", {"GroupId": tag, "Topics": topics}, low[number % len(low)])
    for version in (v for v in versions if v >= 8):
        groups = [{"GroupId": tag, "MemberId": None, "MemberEpoch": -1, "Topics": topics},
                  {"GroupId": f"{tag}-x", "MemberId": None, "MemberEpoch": -1, "Topics": topics}]
        ask(GROUPS, "OffsetFetch", {"Groups": groups}, version)


def consumer_group(context, ask, tag, names, number):
    member = f"member-{tag}"
    names.update({tag: "<group>", member: "<member>", f"{tag}-x": "<other>"})
    here, topic = group(tag), context.topics[1]
    beat = {"GroupId": tag, "MemberId": member, "MemberEpoch": 0, "RebalanceTimeoutMs": 30000,
            "SubscribedTopicNames": [topic], "TopicPartitions": []}
    answer, _ = ask(here, "ConsumerGroupHeartbeat", beat)
    check_equal(answer["ErrorCode"], 0, "error of ConsumerGroupHeartbeat")
    member = answer["MemberId"]
    epoch = answer["MemberEpoch"]
    ask(here, "ConsumerGroupHeartbeat", {"GroupId": tag, "MemberId": member, "MemberEpoch": epoch,
                                         "RebalanceTimeoutMs": -1, "SubscribedTopicNames": None,
                                         "TopicPartitions": None})
    ask(GROUPS, "ConsumerGroupDescribe", {"GroupIds": [tag, f"{tag}-x"]})
    ask(here, "ConsumerGroupHeartbeat", {"GroupId": tag, "MemberId": member, "MemberEpoch": -1})
    ask(GROUPS, "DeleteGroups", {"GroupsNames": [tag]})


def transaction(context, ask, tag, names, number):
    names.update({tag: "<txn>", f"{tag}-g": "<group>"})
    here, topic = txn(tag), context.topics[0]
    ask(ANY, "InitProducerId", {"TransactionalId": None, "TransactionTimeoutMs": 1000})
    ask(ANY, "FindCoordinator", {"Key": tag, "KeyType": 1, "CoordinatorKeys": [tag]}, max(1, min(number, 6)))
    answer, _ = ask(here, "InitProducerId", {"TransactionalId": tag, "TransactionTimeoutMs": 60000})
    check_equal(answer["ErrorCode"], 0, "error of InitProducerId")
    me = {"TransactionalId": tag, "ProducerId": answer["ProducerId"], "ProducerEpoch": answer["ProducerEpoch"]}
    ask(here, "AddPartitionsToTxn", {
        "V3AndBelowTransactionalId": tag, "V3AndBelowProducerId": me["ProducerId"],
        "V3AndBelowProducerEpoch": me["ProducerEpoch"],
        "V3AndBelowTopics": [{"Name": context.scratch, "Partitions": [0, 1, 2]}]})
    rows = []
    for p in (2, 0, 1):
        data = wire.batch([(b"txn", tag.encode())], (me["ProducerId"], me["ProducerEpoch"], 0), True)
        rows.append({"Index": p, "Records": data})
    ask(PARTITIONS, "Produce", {"TransactionalId": tag, "Acks": -1, "TimeoutMs": 10000, "TopicData": [
        {"Name": context.scratch, "TopicId": context.ids[context.scratch], "PartitionData": rows}]},
        context.range("Produce")[-1] - min(number, 3))
    ask(here, "AddOffsetsToTxn", {**me, "GroupId": f"{tag}-g"})
    ask(group(f"{tag}-g"), "TxnOffsetCommit", {**me, "GroupId": f"{tag}-g", "Topics": [
        {"Name": topic, "TopicId": context.ids[topic], "Partitions": [
            {"PartitionIndex": 2, "CommittedOffset": 3, "CommittedMetadata": ""}]}]})
    ask(here, "EndTxn", {**me, "Committed": number % 2 == 0})


FLOWS = {
    classic_group: ["JoinGroup", "SyncGroup", "Heartbeat", "LeaveGroup", "DescribeGroups", "ListGroups", "DeleteGroups",
                    "OffsetCommit", "OffsetDelete", "FindCoordinator"],
    consumer_group: ["ConsumerGroupHeartbeat", "ConsumerGroupDescribe"],
    transaction: ["InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "EndTxn", "TxnOffsetCommit"],
}


# -- Produce -----------------------------------------------------------------

def message_set(magic, key, value):
    """The record formats before batches."""
    body = struct.pack(">bb", magic, 0) + (struct.pack(">q", STAMP) if magic else b"")
    for part in (key, value):
        body += struct.pack(">i", len(part)) + part
    body = struct.pack(">I", zlib.crc32(body)) + body
    return struct.pack(">qi", 0, len(body)) + body


def records(version, key, value):
    return wire.batch([(key, value)]) if version >= 3 else message_set(0 if version < 2 else 1, key, value)


def produce(context, references, answerers):
    """All versions: one partition, many, some that do not exist; every record acknowledged is in the log once."""
    world, topic = context.world, context.scratch
    log = Log(context)
    for version in context.range("Produce"):
        if version < 3 and world.kafka.version.startswith("4"):
            continue  # offered, but refused
        def message(partitions, unknown, acks=-1):
            rows = [{"Name": topic, "TopicId": context.ids[topic], "PartitionData": [
                {"Index": p, "Records": records(version, b"k%d" % p, b"v")} for p in partitions]}]
            if unknown:
                rows.append({"Name": "no-such-topic", "TopicId": b"no-such-topic-id", "PartitionData": [
                    {"Index": 0, "Records": records(version, b"k", b"v")}]})
            return {"TransactionalId": None, "Acks": acks, "TimeoutMs": 10000, "TopicData": rows}
        for partitions, unknown, acks in (([4], False, 1), ([5, 0, 3, 1, 4, 2], False, -1), ([2, 0, 88], True, -1)):
            wanted = message(partitions, unknown, acks)
            reference = references.ask(PARTITIONS, "Produce", version, wanted)
            expected = normal(context, "Produce", reference, direct=True)
            good = sum(p < 6 for p in partitions)
            for answerer in answerers:
                try:
                    answer = answerer.ask(PARTITIONS, "Produce", version, wanted)
                    check_shape("Produce", version, wanted, answer)
                    got = normal(context, "Produce", answer)
                    check(got == expected, difference(expected, got))
                    good += sum(p < 6 for p in partitions)
                except (AssertionError, ValueError, OSError, EOFError) as error:
                    context.failures.add(f"Produce v{version} at {getattr(answerer, 'last', '')}", error)
                    if isinstance(answerer, Gateway):
                        answerer.drop()
                    break
            log.wait(good, f"Produce v{version} of {partitions}")
        produce_unanswered(context, answerers, version, message, log)


class Log:
    """How many records the topic must hold: as many as were acknowledged, neither fewer nor more."""

    def __init__(self, context):
        self.context = context
        self.records = self.count()

    def count(self):
        return sum(self.context.world.offsets(self.context.scratch).values())

    def wait(self, more, what):
        """The end offset follows an acknowledgement of the leader alone a little later."""
        self.records += more
        try:
            wait_for(lambda: self.count() >= self.records, 5, "the records in the log")
        except AssertionError as error:
            self.context.failures.add(what, error)
        if self.count() != self.records:
            self.context.failures.add(what, AssertionError(f"{self.records} records expected, {self.count()} in the log"))
            self.records = self.count()


def produce_unanswered(context, answerers, version, message, log):
    """acks=0 has no answer: the next request on the connection gets the next answer, and the records are there."""
    if not context.world.through_gateway:
        return
    for answerer in answerers:
        try:
            answerer.tell(ANY, "Produce", version, message([5, 0, 3, 1, 4, 2], False, 0))
            answerer.at(answerer.last).ask("ListOffsets", 5, {"ReplicaId": -1, "Topics": [
                {"Name": context.scratch, "Partitions": [{"PartitionIndex": p, "Timestamp": -1} for p in range(6)]}]})
        except (ValueError, OSError, EOFError) as error:
            context.failures.add(f"Produce v{version} acks=0 at {answerer.last}", error)
            answerer.drop()
            log.records = log.count()
            return
    log.wait(6 * len(answerers), f"Produce v{version}, acks=0")


# -- ApiVersions, and order --------------------------------------------------

def check_offer(context):
    """The gateway offers of each API what the brokers do, and none of what is not for clients."""
    world = context.world
    with world.kafka.connect(world.kafka.any_broker()) as broker:
        direct = {row["ApiKey"]: row for row in broker.ask("ApiVersions", 0, {})["ApiKeys"]}
    gateway = Gateway(world)
    for _ in gateway.endpoints:
        found = {row["ApiKey"]: row for row in gateway.ask(ANY, "ApiVersions", 0, {})["ApiKeys"]}
        for key in sorted(direct.keys() - HIDDEN - (IN_PORTS if world.mode == "single" else set())):
            api = wire.schemas(world.kafka.version).names[key]
            want = (direct[key]["MinVersion"], direct[key]["MaxVersion"])
            if api == "AddPartitionsToTxn":
                want = (want[0], 3)
            if api == "ApiVersions":
                want = (0, 5)  # its own
            row = found.get(key, {})
            if (row.get("MinVersion"), row.get("MaxVersion")) != want:
                context.failures.add(f"ApiVersions at {gateway.last}: {api}",
                                     AssertionError(f"expected {want}, got {row or 'absent'}"))
        for key in found.keys() & HIDDEN:
            context.failures.add(f"ApiVersions at {gateway.last}", AssertionError(f"offers key {key}"))
        for key in found.keys() - direct.keys():
            context.failures.add(f"ApiVersions at {gateway.last}", AssertionError(f"offers key {key}, no broker does"))
        if context.failures:
            break  # the others would say the same
    gateway.close()


def api_versions(context):
    world = context.world
    name = {"ClientSoftwareName": "e2e", "ClientSoftwareVersion": "1.0"}
    cluster = world.kafka.metadata(topics=[])["ClusterId"]
    gateway = Gateway(world)
    known = wire.schemas("4.4.0")  # the gateway speaks version 5 whatever the brokers do
    for _ in gateway.endpoints:
        for version in range(6):
            try:
                connection = gateway.at(next(gateway.turn))
                connection.known = known
                cases = [({}, 0)]
                if version == 5:
                    cases += [({"ClusterId": cluster, "NodeId": 2}, 0), ({"ClusterId": "other", "NodeId": 2}, 129)]
                    if world.mode == "ports":
                        cases += [({"ClusterId": cluster, "NodeId": 77}, 129)]
                if version >= 3:
                    cases += [({"ClientSoftwareName": "not legal!"}, 42)]
                for more, code in cases:
                    if world.mode == "single" and more.get("NodeId"):
                        more = {**more, "NodeId": virtual_id(world)}
                    answer = connection.ask("ApiVersions", version, {**(name if version >= 3 else {}), **more})
                    check_equal(answer["ErrorCode"], code, f"error for {more}")
                    check_equal(bool(answer["ApiKeys"]), code == 0, f"a list of APIs for {more}")
            except (AssertionError, ValueError, OSError, EOFError) as error:
                context.failures.add(f"ApiVersions v{version}", error)
                gateway.close()
                gateway.connections.clear()
    gateway.close()


def virtual_id(world):
    with wire.Connection(world.nodes[0].host, world.nodes[0].first_port, wire.schemas(world.kafka.version)) as node:
        return node.ask("Metadata", 7, {"Topics": []})["Brokers"][0]["NodeId"]


def pipelined(context):
    """Many requests in one write: the answers come in that order, the slow one does not let others pass."""
    world, known = context.world, wire.schemas(context.world.kafka.version)
    topic = context.topics[0]
    fetch = {"ReplicaId": -1, "MaxWaitMs": 400, "MinBytes": 1 << 20, "MaxBytes": 1 << 20, "SessionEpoch": -1, "Topics": [
        {"Topic": topic, "Partitions": [{"Partition": p, "FetchOffset": RECORDS, "PartitionMaxBytes": 1 << 20}
                                        for p in range(6)]}]}
    offsets = {"ReplicaId": -1, "Topics": [{"Name": topic, "Partitions": [
        {"PartitionIndex": p, "Timestamp": -1} for p in range(6)]}]}
    sent = [("Fetch", 11, fetch), ("Metadata", 9, {"Topics": [{"Name": topic}]}), ("ListOffsets", 5, offsets),
            ("FindCoordinator", 3, {"Key": "raw-p", "KeyType": 0}), ("ApiVersions", 2, {}), ("ListOffsets", 5, offsets)]
    for node in world.nodes:
        with wire.Connection(node.host, node.first_port + 1, known) as connection:
            connection.send_raw(b"".join(wire.request_bytes(known, api, version, message, 7000 + i)
                                         for i, (api, version, message) in enumerate(sent)))
            for i, (api, version, _) in enumerate(sent):
                try:
                    number, answer = wire.decode_answer(known, api, version, connection.read_frame())
                    check_equal(number, 7000 + i, f"correlation id of answer {i}")
                    check(not answer.get("ErrorCode"), f"{api}: {answer}")
                except (AssertionError, ValueError, OSError, EOFError) as error:
                    context.failures.add(f"pipelined {api} v{version} at {node.name}", error)
                    break
