"""What clients ask of the APIs that scenarios/raw_apis.py has not: good, odd and refused, as stories that change what they ask about.

A story is story(ask, it): ask(route, API, message) is sent to the right brokers and to the gateway, and says the answer;
`it` has what the story may name.  It is told once for each version of its APIs, anew with names of its own to each teller,
so that all of them tell it of the same state.  STORIES has each story's APIs: of those that a Kafka lacks nothing is asked.
"""
import wire
from reference import ALL, ANY, GROUPS, MARKERS, PARTITIONS, RESOURCES, broker, group, txn

TOPIC, BROKER, LOGGER, METRICS, CLIENT_GROUP = 2, 4, 8, 16, 32  # types of resources
SET, DELETE, APPEND = 0, 1, 2
LOGGER_NAME = "kafka.server.KafkaConfig"
NO_ID = b"no-such-topic-id"
DIRECTORY = bytes(range(16))


# -- topics ------------------------------------------------------------------

def topics(ask, it):
    name, other = it.name("topic"), it.name("other")
    rows = [{"Name": name, "NumPartitions": 2, "ReplicationFactor": 1, "Configs": [{"Name": "retention.ms", "Value": "60000"}]},
            {"Name": other, "NumPartitions": -1, "ReplicationFactor": -1, "Assignments": [
                {"PartitionIndex": 0, "BrokerIds": [2]}, {"PartitionIndex": 1, "BrokerIds": [3, 1]}]},
            {"Name": "not/legal", "NumPartitions": 1, "ReplicationFactor": 1},
            {"Name": it.name("none"), "NumPartitions": 0, "ReplicationFactor": 1},
            {"Name": it.name("many"), "NumPartitions": 1, "ReplicationFactor": 9},
            {"Name": it.name("odd"), "NumPartitions": 1, "ReplicationFactor": 1, "Configs": [{"Name": "no.such", "Value": "x"}]}]
    more = {"timeoutMs": 10000}
    ask(ANY, "CreateTopics", {"Topics": rows, "validateOnly": True, **more})
    created = ask(ANY, "CreateTopics", {"Topics": rows, **more})
    ids = {row["Name"]: row["TopicId"] for row in created["Topics"] if "TopicId" in row}
    ask(ANY, "CreateTopics", {"Topics": rows[:1], **more})
    ask(ANY, "CreateTopics", {"Topics": [], **more})
    grown = [{"Name": name, "Count": 4, "Assignments": None},
             {"Name": other, "Count": 3, "Assignments": [{"BrokerIds": [1, 2]}]},
             {"Name": it.name("unknown"), "Count": 4, "Assignments": None}]
    ask(ANY, "CreatePartitions", {"Topics": grown, "TimeoutMs": 10000, "ValidateOnly": True})
    ask(ANY, "CreatePartitions", {"Topics": grown, "TimeoutMs": 10000})
    ask(ANY, "CreatePartitions", {"Topics": [{"Name": name, "Count": 1, "Assignments": None}], "TimeoutMs": 10000})
    reassigned = [{"Name": name, "Partitions": [{"PartitionIndex": 0, "Replicas": None}, {"PartitionIndex": 1, "Replicas": [77]},
                                                {"PartitionIndex": 9, "Replicas": [1]}, {"PartitionIndex": 2, "Replicas": []}]},
                  {"Name": it.name("unknown"), "Partitions": [{"PartitionIndex": 0, "Replicas": [1]}]}]
    ask(ANY, "AlterPartitionReassignments", {"TimeoutMs": 10000, "Topics": reassigned})
    ask(ANY, "ListPartitionReassignments", {"TimeoutMs": 10000, "Topics": [{"Name": name, "PartitionIndexes": [0, 1, 9]}]})
    ask(ANY, "ListPartitionReassignments", {"TimeoutMs": 10000, "Topics": None})
    deleted = [{"Name": name}, {"Name": it.name("unknown")}, {"Name": None, "TopicId": NO_ID}]
    deleted += [{"Name": None, "TopicId": ids[other]}] if other in ids else [{"Name": other}]
    ask(ANY, "DeleteTopics", {"TopicNames": [name, other, it.name("unknown"), "not/legal"], "Topics": deleted, "TimeoutMs": 10000})
    ask(ANY, "DeleteTopics", {"TopicNames": [name], "Topics": [{"Name": name}], "TimeoutMs": 10000})


def elections(ask, it):
    for kind in (0, 1, 7):
        ask(ANY, "ElectLeaders", {"ElectionType": kind, "TimeoutMs": 10000, "TopicPartitions": [
            {"Topic": it.topic, "Partitions": [0, 1, 77]}, {"Topic": "no-such-topic", "Partitions": [0]}]})
    ask(ANY, "ElectLeaders", {"ElectionType": 0, "TimeoutMs": 10000, "TopicPartitions": []})


def producers(ask, it):
    rows = [{"Name": it.topic, "PartitionIndexes": [3, 0, 5, 77]}, {"Name": "no-such-topic", "PartitionIndexes": [0]}]
    ask(PARTITIONS, "DescribeProducers", {"Topics": rows})
    ask(ANY, "DescribeProducers", {"Topics": []})
    for node in it.dialled:
        ask(broker(node), "DescribeProducers", {"Topics": rows})


# -- settings ----------------------------------------------------------------

def settings(ask, it):
    named = [{"ResourceType": TOPIC, "ResourceName": it.topic}, {"ResourceType": TOPIC, "ResourceName": "no-such-topic"},
             {"ResourceType": TOPIC, "ResourceName": "not/legal"}, {"ResourceType": TOPIC, "ResourceName": ""},
             *({"ResourceType": kind, "ResourceName": name} for kind in (BROKER, LOGGER) for name in ("2", "1", "3")),
             {"ResourceType": BROKER, "ResourceName": "77"}, {"ResourceType": BROKER, "ResourceName": "x"},
             {"ResourceType": LOGGER, "ResourceName": ""}, {"ResourceType": METRICS, "ResourceName": "no-such"},
             {"ResourceType": CLIENT_GROUP, "ResourceName": it.name("group")}]
    if not it.has("ShareGroupHeartbeat"):
        named.pop()  # a Kafka that knows no such type refuses with it all that stands in one request
    more = {"IncludeSynonyms": True, "IncludeDocumentation": True}
    ask(RESOURCES, "DescribeConfigs", {"Resources": [
        {**row, "ConfigurationKeys": [LOGGER_NAME] if row["ResourceType"] == LOGGER else None} for row in named], **more})
    keys = ["retention.ms", LOGGER_NAME, "listeners", "advertised.listeners", "broker.rack", "no.such", "log.dirs"]
    ask(RESOURCES, "DescribeConfigs", {"Resources": [{**row, "ConfigurationKeys": keys} for row in named]})
    for row in [*named, {"ResourceType": 99, "ResourceName": "x"}]:
        ask(RESOURCES, "DescribeConfigs", {"Resources": [{**row, "ConfigurationKeys": keys[:1]}]})
    everywhere = {"ResourceType": BROKER, "ResourceName": "", "ConfigurationKeys": None}
    ask(ANY, "DescribeConfigs", {"Resources": [everywhere], **more})
    for node in it.dialled:
        ask(broker(node), "DescribeConfigs", {"Resources": [everywhere], **more})
        ask(broker(node), "DescribeConfigs", {"Resources": [{"ResourceType": BROKER, "ResourceName": "2", "ConfigurationKeys": keys}]}, at=2)


def changed_settings(ask, it):
    topic, node = {"ResourceType": TOPIC, "ResourceName": it.topic}, {"ResourceType": BROKER, "ResourceName": "2"}

    def changed(row, name, value, operation=SET):
        return {**row, "Configs": [{"Name": name, "ConfigOperation": operation, "Value": value}]}
    rows = [changed(topic, "retention.ms", "70000"), changed(node, "log.retention.bytes", "99999999999"),
            changed({**node, "ResourceName": "1"}, "log.segment.delete.delay.ms", "50000"),
            changed({**node, "ResourceType": LOGGER}, LOGGER_NAME, "WARN")]
    odd = [changed(topic, "no.such", "1"), changed({**topic, "ResourceName": "no-such-topic"}, "retention.ms", "1"),
           changed(node, "broker.id", "9"), changed({**node, "ResourceName": "77"}, "max.connections", "1"),
           changed({**node, "ResourceName": ""}, "listeners", "PLAINTEXT://:1"), changed({**node, "ResourceName": "x"}, "max.connections", "1"),
           changed({**node, "ResourceType": LOGGER}, LOGGER_NAME, "NONE"),
           changed({**node, "ResourceType": 99}, "max.connections", "1")]
    away = [changed(topic, "retention.ms", None, DELETE), changed(node, "log.retention.bytes", None, DELETE),
            changed({**node, "ResourceName": "1"}, "log.segment.delete.delay.ms", None, DELETE)]
    for api, usual in (("IncrementalAlterConfigs", rows), ("AlterConfigs", rows[:3])):
        # (a resource that AlterConfigs has twice costs a broker its thread to the controller)
        ask(RESOURCES, api, {"Resources": usual + odd[1:2], "ValidateOnly": True})
        ask(RESOURCES, api, {"Resources": usual})
        ask(RESOURCES, api, {"Resources": [{**row, "Configs": []} for row in usual[:3]] if api == "AlterConfigs" else away})
        for row in [*odd, changed(node, "advertised.listeners", "SSL://127.0.0.1:1"), changed(node, "listeners", "SSL://127.0.0.1:1")]:
            ask(RESOURCES, api, {"Resources": [row]})
        ask(ANY, api, {"Resources": []})
        ask(ANY, api, {"Resources": [changed({**node, "ResourceName": ""}, "max.connections", "6000")], "ValidateOnly": True})
    ask(RESOURCES, "IncrementalAlterConfigs", {"Resources": [changed(topic, "cleanup.policy", "compact", APPEND)], "ValidateOnly": True})


def listed_settings(ask, it):
    for types in ([], [METRICS], [TOPIC], [CLIENT_GROUP, BROKER, LOGGER], [99]):
        ask(ANY, "ListConfigResources", {"ResourceTypes": types})


def directories(ask, it):
    wanted = [{"Topic": it.topic, "Partitions": [0, 5, 77]}, {"Topic": "no-such-topic", "Partitions": [0]}]
    ask(ALL, "DescribeLogDirs", {"Topics": wanted})
    ask(ALL, "DescribeLogDirs", {"Topics": []})
    leader = it.leader(0)
    ask(leader, "AlterReplicaLogDirs", {"Dirs": [{"Path": it.directory(leader[1], 0), "Topics": [{"Name": it.topic, "Partitions": [0]}]}]})
    for node in it.dialled:
        ask(broker(node), "DescribeLogDirs", {"Topics": wanted})
        ask(broker(node), "DescribeLogDirs", {"Topics": None})
        at = it.directory(node, 0)
        ask(broker(node), "AlterReplicaLogDirs", {"Dirs": [
            {"Path": at, "Topics": [{"Name": it.topic, "Partitions": [0]}]},
            {"Path": "/no/such", "Topics": [{"Name": it.topic, "Partitions": [1, 2]}]},
            {"Path": f"{at}-of-none", "Topics": [{"Name": it.topic, "Partitions": [77]}]}]})
        ask(broker(node), "AlterReplicaLogDirs", {"Dirs": []})


# -- who may do what, and how much -------------------------------------------

def rules(ask, it):
    name, who = it.name("rule"), f"User:{it.name('user')}"
    found = {"ResourceTypeFilter": TOPIC, "ResourceNameFilter": name, "PatternTypeFilter": 3, "PrincipalFilter": None, "HostFilter": None,
             "Operation": 1, "PermissionType": 1}
    rule = {"ResourceType": TOPIC, "ResourceName": name, "ResourcePatternType": 3, "Principal": who, "Host": "*", "Operation": 3,
            "PermissionType": 3}
    ask(ANY, "CreateAcls", {"Creations": [rule, {**rule, "Operation": 4, "PermissionType": 2}, {**rule, "ResourceType": 1},
                                          {**rule, "Principal": "nobody"}, {**rule, "ResourceName": ""}]})
    it.wait_for(lambda: it.everywhere("DescribeAcls", found, lambda said: said["Resources"] or said["ErrorCode"]))
    ask(ANY, "DescribeAcls", found)
    ask(ANY, "DescribeAcls", {**found, "PrincipalFilter": "User:nobody"})
    ask(ANY, "DescribeAcls", {**found, "Operation": 0})
    ask(ANY, "DeleteAcls", {"Filters": [found, {**found, "PrincipalFilter": "User:nobody"}]})
    ask(ANY, "DeleteAcls", {"Filters": [found]})


def quotas(ask, it):
    entity = [{"EntityType": "user", "EntityName": it.name("user")}, {"EntityType": "client-id", "EntityName": None}]
    row = {"Entity": entity, "Ops": [{"Key": "producer_byte_rate", "Value": 1048576}, {"Key": "request_percentage", "Value": 50}]}
    odd = [{"Entity": entity, "Ops": [{"Key": "no.such", "Value": 1}]}, {"Entity": entity, "Ops": [{"Key": "producer_byte_rate", "Value": 0.5}]},
           {"Entity": [], "Ops": row["Ops"]}, {"Entity": [{"EntityType": "planet", "EntityName": "x"}], "Ops": row["Ops"]}]
    ask(ANY, "AlterClientQuotas", {"Entries": [row], "ValidateOnly": True})
    ask(ANY, "AlterClientQuotas", {"Entries": [row]})
    for one in odd:
        ask(ANY, "AlterClientQuotas", {"Entries": [one]})
    exactly = {"Components": [{"EntityType": "user", "MatchType": 0, "Match": it.name("user")}]}
    it.wait_for(lambda: it.everywhere("DescribeClientQuotas", exactly, lambda said: said["Entries"]))
    ask(ANY, "DescribeClientQuotas", exactly)
    ask(ANY, "DescribeClientQuotas", {**exactly, "Strict": True})
    ask(ANY, "DescribeClientQuotas", {"Components": [{"EntityType": "planet", "MatchType": 2, "Match": None}]})
    ask(ANY, "DescribeClientQuotas", {"Components": [{"EntityType": "ip", "MatchType": 9, "Match": None}]})
    ask(ANY, "AlterClientQuotas", {"Entries": [{"Entity": entity, "Ops": [{"Key": op["Key"], "Remove": True} for op in row["Ops"]]}]})


def scram(ask, it):
    user, unknown = it.name("user"), it.name("unknown")
    row = {"Name": user, "Mechanism": 1, "Iterations": 4096, "Salt": b"0123456789abcdef", "SaltedPassword": bytes(32)}
    ask(ANY, "AlterUserScramCredentials", {"Deletions": [], "Upsertions": [row, {**row, "Name": unknown, "Iterations": 5}]})
    ask(ANY, "AlterUserScramCredentials", {"Deletions": [{"Name": unknown, "Mechanism": 1}], "Upsertions": []})
    ask(ANY, "AlterUserScramCredentials", {"Deletions": [{"Name": user, "Mechanism": 9}], "Upsertions": [{**row, "Name": ""}]})
    asked = {"Users": [{"Name": user}, {"Name": unknown}]}
    it.wait_for(lambda: it.everywhere("DescribeUserScramCredentials", asked, lambda said: any(r["CredentialInfos"] for r in said["Results"])))
    ask(ANY, "DescribeUserScramCredentials", asked)
    ask(ANY, "DescribeUserScramCredentials", {"Users": [{"Name": user}, {"Name": user}]})
    ask(ANY, "AlterUserScramCredentials", {"Deletions": [{"Name": user, "Mechanism": 1}], "Upsertions": []})


def tokens(ask, it):
    """Where nobody has one; who has some is in scenarios/identity.py."""
    ask(ANY, "CreateDelegationToken", {"OwnerPrincipalType": None, "OwnerPrincipalName": None, "Renewers": [], "MaxLifetimeMs": 60000})
    ask(ANY, "RenewDelegationToken", {"Hmac": b"no-such-hmac", "RenewPeriodMs": 1000})
    ask(ANY, "ExpireDelegationToken", {"Hmac": b"no-such-hmac", "ExpiryTimePeriodMs": -1})
    ask(ANY, "DescribeDelegationToken", {"Owners": None})
    ask(ANY, "DescribeDelegationToken", {"Owners": [{"PrincipalType": "User", "PrincipalName": it.name("user")}]})


def logins(ask, it):
    """At a listener that wants none."""
    ask(ANY, "SaslHandshake", {"Mechanism": "PLAIN"})
    ask(ANY, "SaslHandshake", {"Mechanism": "NO-SUCH"})
    ask(ANY, "SaslAuthenticate", {"AuthBytes": b"\0user\0password"})


# -- the cluster -------------------------------------------------------------

def cluster(ask, it):
    quorum = [{"TopicName": "__cluster_metadata", "Partitions": [{"PartitionIndex": 0}]}]
    odd = [[{"TopicName": "__cluster_metadata", "Partitions": [{"PartitionIndex": 5}]}],
           [{"TopicName": it.topic, "Partitions": [{"PartitionIndex": 0}]}], []]
    features = [[{"Feature": "no.such", "MaxVersionLevel": 1}], [{"Feature": "metadata.version", "MaxVersionLevel": 9999}],
                [{"Feature": "group.version", "MaxVersionLevel": 77}], [{"Feature": "", "MaxVersionLevel": 1}], []]
    for route in [ANY, *map(broker, it.dialled)]:
        ask(route, "DescribeQuorum", {"Topics": quorum})
        for topics in odd:
            ask(route, "DescribeQuorum", {"Topics": topics})
        for wanted in features:
            ask(route, "UpdateFeatures", {"timeoutMs": 10000, "FeatureUpdates": wanted, "ValidateOnly": True})
        for kind in (0, 9):
            ask(route, "UpdateFeatures", {"timeoutMs": 10000, "FeatureUpdates": [
                {"Feature": "no.such", "MaxVersionLevel": 0, "UpgradeType": kind}], "ValidateOnly": True})
    ask(ANY, "UnregisterBroker", {"BrokerId": 77})
    ask(ANY, "UnregisterBroker", {"BrokerId": -5})
    if it.has("UnregisterController"):
        ask(ANY, "UnregisterController", {"ControllerId": 77})
    voter = {"VoterId": 77, "VoterDirectoryId": DIRECTORY, "TimeoutMs": 1000}
    listeners = [{"Name": "CONTROLLER", "Host": "127.0.0.1", "Port": 1}]
    for cluster_id in ("another", None):
        ask(ANY, "AddRaftVoter", {**voter, "ClusterId": cluster_id, "Listeners": listeners})
        ask(ANY, "RemoveRaftVoter", {**voter, "ClusterId": cluster_id})


# -- transactions ------------------------------------------------------------

def transactions(ask, it):
    name, unknown = it.name("txn"), it.name("unknown")
    made = it.prepare(txn(name), "InitProducerId", 4, {"TransactionalId": name, "TransactionTimeoutMs": 60000})
    who = {"ProducerId": made["ProducerId"], "ProducerEpoch": made["ProducerEpoch"]}
    it.prepare(txn(name), "AddPartitionsToTxn", 3, {
        "V3AndBelowTransactionalId": name, "V3AndBelowProducerId": who["ProducerId"], "V3AndBelowProducerEpoch": who["ProducerEpoch"],
        "V3AndBelowTopics": [{"Name": it.topic, "Partitions": [0, 1, 2]}]})
    ask(GROUPS, "DescribeTransactions", {"TransactionalIds": [unknown, name, ""]})
    for states in ([], ["Ongoing"], ["Empty", "NoSuchState"]):
        ask(ALL, "ListTransactions", {"StateFilters": states, "ProducerIdFilters": [who["ProducerId"]]})
    ask(ALL, "ListTransactions", {"StateFilters": [], "ProducerIdFilters": [who["ProducerId"]], "DurationFilter": 100000,
                                  "TransactionalIdPattern": ".*txn"})
    if it.version("ListTransactions") >= 2:
        ask(ANY, "ListTransactions", {"TransactionalIdPattern": "("})
    for node in it.coordinator_first(name):
        ask(broker(node), "ListTransactions", {"ProducerIdFilters": [who["ProducerId"]]})
    marker = {**who, "TransactionResult": False, "CoordinatorEpoch": 0, "Topics": [
        {"Name": it.topic, "PartitionIndexes": [2, 0, 1]}, {"Name": "no-such-topic", "PartitionIndexes": [0]}]}
    ask(MARKERS, "WriteTxnMarkers", {"Markers": [marker]})
    ask(MARKERS, "WriteTxnMarkers", {"Markers": [marker, {**marker, "ProducerId": 4_000_000, "Topics": marker["Topics"][:1]}]})
    ask(ANY, "WriteTxnMarkers", {"Markers": []})
    it.prepare(txn(name), "EndTxn", 3, {"TransactionalId": name, **who, "Committed": False})


# -- share groups and streams groups -----------------------------------------

def share_group(ask, it):
    name, unknown, member = it.name("share"), it.name("unknown"), it.member
    here, me = group(name), {"GroupId": name, "MemberId": member}
    beat = {**me, "MemberEpoch": 0, "SubscribedTopicNames": [it.topic]}
    it.set_group(name, "share.auto.offset.reset", "earliest")
    ask(here, "ShareGroupHeartbeat", {**beat, "MemberEpoch": 9})
    ask(here, "ShareGroupHeartbeat", {**beat, "SubscribedTopicNames": None})
    told = ask(here, "ShareGroupHeartbeat", beat, until=assigned)
    ask(here, "ShareGroupHeartbeat", {**me, "MemberEpoch": told["MemberEpoch"]})
    ask(GROUPS, "ShareGroupDescribe", {"GroupIds": [name, unknown, ""], "IncludeAuthorizedOperations": True})
    if it.has_sessions:
        fetch(ask, it, me)
    # (for a partition that a topic has not, brokers have no answer)
    rows = [{"TopicName": it.topic, "Partitions": [0, 1]}, {"TopicName": "no-such-topic", "Partitions": [0]}]
    ask(GROUPS, "DescribeShareGroupOffsets", {"Groups": [{"GroupId": name, "Topics": rows}, {"GroupId": unknown, "Topics": rows}]})
    ask(GROUPS, "DescribeShareGroupOffsets", {"Groups": [{"GroupId": unknown, "Topics": None}]})
    changed = {"GroupId": name, "Topics": [{"TopicName": it.topic, "Partitions": [{"PartitionIndex": p, "StartOffset": 1} for p in (0, 1)]},
                                           {"TopicName": "no-such-topic", "Partitions": [{"PartitionIndex": 0, "StartOffset": 1}]}]}
    ask(here, "AlterShareGroupOffsets", changed)  # which is not empty
    ask(here, "DeleteShareGroupOffsets", {"GroupId": name, "Topics": [{"TopicName": it.topic}]})
    ask(here, "ShareGroupHeartbeat", {**me, "MemberEpoch": -1})
    ask(here, "AlterShareGroupOffsets", changed)
    ask(here, "DeleteShareGroupOffsets", {"GroupId": name, "Topics": [{"TopicName": it.topic}, {"TopicName": "no-such-topic"}]})
    for api in ("AlterShareGroupOffsets", "DeleteShareGroupOffsets"):
        ask(group(unknown), api, {**changed, "GroupId": unknown})


def assigned(answer):
    return (answer["Assignment"] or {}).get("TopicPartitions")


def fetch(ask, it, me):
    """A session at the leader of one partition: the first read, an acknowledgement, the end; and what is none."""
    topic = {"TopicId": it.topic_id}
    at = it.leader(4)
    base = {**me, "MaxWaitMs": 300, "MinBytes": 1, "MaxBytes": 1 << 20, "MaxRecords": 100, "BatchSize": 100}
    first = {**base, "ShareSessionEpoch": 0, "Topics": [{**topic, "Partitions": [{"PartitionIndex": 4}]}]}
    offsets = acquired(ask(at, "ShareFetch", first, until=acquired))
    batch = {"FirstOffset": offsets["FirstOffset"], "LastOffset": offsets["LastOffset"], "AcknowledgeTypes": [1]}
    done = {**me, "ShareSessionEpoch": 1, "Topics": [{**topic, "Partitions": [{"PartitionIndex": 4, "AcknowledgementBatches": [batch]}]}]}
    ask(at, "ShareAcknowledge", {**done, "ShareSessionEpoch": 7}, stay=True)
    ask(at, "ShareAcknowledge", done, stay=True)
    ask(at, "ShareFetch", {**base, "ShareSessionEpoch": 2, "MaxWaitMs": 0, "Topics": [
        {**topic, "Partitions": [{"PartitionIndex": 77}]}, {"TopicId": NO_ID, "Partitions": [{"PartitionIndex": 0}]}]}, stay=True)
    ask(at, "ShareFetch", {**base, "ShareSessionEpoch": -1, "Topics": []}, stay=True)
    ask(at, "ShareFetch", {**base, "ShareSessionEpoch": 5, "Topics": []}, stay=True)
    ask(at, "ShareAcknowledge", {**done, "ShareSessionEpoch": 5}, stay=True)


def acquired(answer):
    return next((batch for topic in answer["Responses"] for p in topic["Partitions"] for batch in p["AcquiredRecords"]), None)


def streams_group(ask, it):
    name, unknown, member = it.name("streams"), it.name("unknown"), it.member
    here, me = group(name), {"GroupId": name, "MemberId": member}
    topology = {"Epoch": 0, "Subtopologies": [{"SubtopologyId": "0", "SourceTopics": [it.topic], "SourceTopicRegex": [],
                                               "StateChangelogTopics": [], "RepartitionSinkTopics": [], "RepartitionSourceTopics": [],
                                               "CopartitionGroups": []}]}
    none = {"ActiveTasks": [], "StandbyTasks": [], "WarmupTasks": []}
    beat = {**me, "MemberEpoch": 0, "RebalanceTimeoutMs": 30000, "Topology": topology, **none, "ProcessId": "process", "ClientTags": [],
            "UserEndpoint": {"Host": "client.example", "Port": 7000}}
    ask(here, "StreamsGroupHeartbeat", {**beat, "MemberEpoch": 9})
    ask(here, "StreamsGroupHeartbeat", {**beat, "Topology": None})
    told = ask(here, "StreamsGroupHeartbeat", beat, until=lambda answer: answer["ActiveTasks"])
    ask(here, "StreamsGroupHeartbeat", {**me, "MemberEpoch": told["MemberEpoch"]})
    for more in ({}, {"IncludeAuthorizedOperations": True, "IncludeTopologyDescription": True}):
        ask(GROUPS, "StreamsGroupDescribe", {"GroupIds": [name, unknown, ""], **more})
    for who in (member, "nobody"):
        ask(here, "StreamsGroupTopologyDescriptionUpdate", {"GroupId": name, "MemberId": who, "TopologyEpoch": 0, "TopologyDescription": {
            "Subtopologies": [], "GlobalStores": []}})
    ask(here, "StreamsGroupHeartbeat", {**me, "MemberEpoch": -1})


STORIES = {
    topics: ["CreateTopics", "CreatePartitions", "AlterPartitionReassignments", "ListPartitionReassignments", "DeleteTopics"],
    elections: ["ElectLeaders"],
    producers: ["DescribeProducers"],
    settings: ["DescribeConfigs"],
    changed_settings: ["IncrementalAlterConfigs", "AlterConfigs"],
    listed_settings: ["ListConfigResources"],
    directories: ["DescribeLogDirs", "AlterReplicaLogDirs"],
    rules: ["CreateAcls", "DescribeAcls", "DeleteAcls"],
    quotas: ["AlterClientQuotas", "DescribeClientQuotas"],
    scram: ["AlterUserScramCredentials", "DescribeUserScramCredentials"],
    tokens: ["CreateDelegationToken", "RenewDelegationToken", "ExpireDelegationToken", "DescribeDelegationToken"],
    logins: ["SaslHandshake", "SaslAuthenticate"],
    cluster: ["DescribeQuorum", "UpdateFeatures", "UnregisterBroker", "UnregisterController", "AddRaftVoter", "RemoveRaftVoter"],
    transactions: ["DescribeTransactions", "ListTransactions", "WriteTxnMarkers"],
    share_group: ["ShareGroupHeartbeat", "ShareGroupDescribe", "ShareFetch", "ShareAcknowledge", "DescribeShareGroupOffsets",
                  "AlterShareGroupOffsets", "DeleteShareGroupOffsets"],
    streams_group: ["StreamsGroupHeartbeat", "StreamsGroupDescribe", "StreamsGroupTopologyDescriptionUpdate"],
}
