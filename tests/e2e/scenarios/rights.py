"""What a client without rights is told of a topic, a group or a transaction that is there, and of one that is not: through every
node, field by field, what a broker tells it, with all brokers up and with one of them down, which led what is asked for.

Kafka answers both alike, so that nobody learns what there is.  No answer has a broker's address, as Kafka's own text of
error 31 has one.
"""
import time

import secure
from scenarios import identity
from world import check, check_equal, topic_id, wait_for, wire

SECURE = True
MODES = ["ports"]
USERS = ["alice", "eve"]
MECHANISMS = ["PLAIN", "SCRAM-SHA-256"]
TOPIC, NO_TOPIC, GROUP, NO_GROUP = "ports-rights", "ports-rights-none", "rights-group", "rights-no-group"
NO_ID = b"no-such-topic-id"
DENIED = "Cluster authorization failed."
DOWN = 3
UNSTABLE = {"ThrottleTimeMs", "ControllerId", "Brokers", "Host", "Port", "NodeId"}


def of_topics(partition, name="Name", key="Topics", rows="Partitions", **more):
    return lambda topic: {**more, key: [{name: topic, rows: [partition(p) for p in range(3)]}]}


def of_ids(partition, key="Topics", rows="Partitions", **more):
    return lambda topic: {**more, key: [{"TopicId": topic, rows: [partition(p) for p in range(3)]}]}


RECORDS = wire.batch([(b"k", b"v")])
FETCH = {"MaxWaitMs": 0, "ReplicaId": -1, "SessionEpoch": -1}
BY_NAME = [
    ("Metadata", 9, lambda topic: {"Topics": [{"Name": topic}], "IncludeTopicAuthorizedOperations": True}),
    ("DescribeTopicPartitions", 0, lambda topic: {"Topics": [{"Name": topic}], "ResponsePartitionLimit": 10}),
    ("Produce", 9, of_topics(lambda p: {"Index": p, "Records": RECORDS}, key="TopicData", rows="PartitionData", Acks=-1, TimeoutMs=1000)),
    ("Fetch", 12, of_topics(lambda p: {"Partition": p, "PartitionMaxBytes": 1000}, name="Topic", **FETCH)),
    ("ListOffsets", 7, of_topics(lambda p: {"PartitionIndex": p, "Timestamp": -1}, ReplicaId=-1)),
    ("OffsetForLeaderEpoch", 4, of_topics(lambda p: {"Partition": p, "CurrentLeaderEpoch": -1, "LeaderEpoch": 0}, name="Topic", ReplicaId=-1)),
    ("DeleteRecords", 2, of_topics(lambda p: {"PartitionIndex": p, "Offset": 0}, TimeoutMs=1000)),
    ("DescribeProducers", 0, lambda topic: {"Topics": [{"Name": topic, "PartitionIndexes": [0, 1, 2]}]}),
    ("DescribeConfigs", 4, lambda topic: {"Resources": [{"ResourceType": 2, "ResourceName": topic, "ConfigurationKeys": None}]}),
    ("IncrementalAlterConfigs", 1, lambda topic: {"Resources": [{"ResourceType": 2, "ResourceName": topic, "Configs": [
        {"Name": "retention.ms", "ConfigOperation": 0, "Value": "1000"}]}], "ValidateOnly": True}),
    ("CreateTopics", 7, lambda topic: {"Topics": [{"Name": topic, "NumPartitions": 1, "ReplicationFactor": 1}], "timeoutMs": 1000}),
    ("CreatePartitions", 3, lambda topic: {"Topics": [{"Name": topic, "Count": 9, "Assignments": None}], "TimeoutMs": 1000}),
    ("DeleteTopics", 5, lambda topic: {"TopicNames": [topic], "TimeoutMs": 1000}),
    ("AlterReplicaLogDirs", 2, lambda topic: {"Dirs": [{"Path": "/x", "Topics": [{"Name": topic, "Partitions": [0, 1, 2]}]}]}),
    ("AlterConfigs", 2, lambda topic: {"Resources": [{"ResourceType": 2, "ResourceName": topic, "Configs": []}], "ValidateOnly": True}),
    ("WriteTxnMarkers", 1, lambda topic: {"Markers": [{"ProducerId": 1, "Topics": [{"Name": topic, "PartitionIndexes": [0, 1, 2]}]}]}),
]
BY_ID = [
    ("Metadata", 12, lambda topic: {"Topics": [{"Name": None, "TopicId": topic}]}),
    ("Fetch", 13, of_ids(lambda p: {"Partition": p, "PartitionMaxBytes": 1000}, **FETCH)),
    ("DeleteTopics", 6, lambda topic: {"Topics": [{"Name": None, "TopicId": topic}], "TimeoutMs": 1000}),
]
BY_GROUP = [
    ("FindCoordinator", 4, lambda group: {"KeyType": 0, "CoordinatorKeys": [group]}),
    ("JoinGroup", 5, lambda group: {"GroupId": group, "SessionTimeoutMs": 6000, "RebalanceTimeoutMs": 6000, "MemberId": "",
                                    "ProtocolType": "consumer", "Protocols": [{"Name": "range", "Metadata": b""}]}),
    ("Heartbeat", 4, lambda group: {"GroupId": group, "GenerationId": 1, "MemberId": "m"}),
    ("OffsetCommit", 8, lambda group: {"GroupId": group, "GenerationIdOrMemberEpoch": -1, "Topics": [
        {"Name": TOPIC, "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}]}),
    ("OffsetFetch", 8, lambda group: {"Groups": [{"GroupId": group, "Topics": [{"Name": TOPIC, "PartitionIndexes": [0]}]}]}),
    ("DescribeGroups", 5, lambda group: {"Groups": [group], "IncludeAuthorizedOperations": True}),
    ("ConsumerGroupDescribe", 0, lambda group: {"GroupIds": [group]}),
    ("DeleteGroups", 2, lambda group: {"GroupsNames": [group]}),
    ("FindCoordinator", 4, lambda txn: {"KeyType": 1, "CoordinatorKeys": [txn]}),
    ("InitProducerId", 4, lambda txn: {"TransactionalId": txn, "TransactionTimeoutMs": 10000}),
    ("DescribeTransactions", 0, lambda txn: {"TransactionalIds": [txn]}),
    ("SyncGroup", 5, lambda group: {"GroupId": group, "GenerationId": 1, "MemberId": "m", "Assignments": []}),
    ("LeaveGroup", 5, lambda group: {"GroupId": group, "Members": [{"MemberId": "m"}]}),
    ("OffsetDelete", 0, lambda group: {"GroupId": group, "Topics": [{"Name": TOPIC, "Partitions": [{"PartitionIndex": 0}]}]}),
    ("ConsumerGroupHeartbeat", 0, lambda group: {"GroupId": group, "MemberId": "m", "SubscribedTopicNames": [TOPIC], "TopicPartitions": []}),
    ("AddPartitionsToTxn", 3, lambda txn: {"V3AndBelowTransactionalId": txn, "V3AndBelowProducerId": 1, "V3AndBelowTopics": [
        {"Name": TOPIC, "Partitions": [0]}]}),
    ("AddOffsetsToTxn", 3, lambda txn: {"TransactionalId": txn, "ProducerId": 1, "GroupId": GROUP}),
    ("EndTxn", 3, lambda txn: {"TransactionalId": txn, "ProducerId": 1}),
    ("TxnOffsetCommit", 3, lambda group: {"TransactionalId": "rights-txn", "GroupId": group, "ProducerId": 1, "Topics": [
        {"Name": TOPIC, "Partitions": [{"PartitionIndex": 0, "CommittedOffset": 1}]}]}),
    ("ShareGroupHeartbeat", 1, lambda group: {"GroupId": group, "MemberId": "m", "SubscribedTopicNames": [TOPIC]}),
    ("ShareGroupDescribe", 1, lambda group: {"GroupIds": [group], "IncludeAuthorizedOperations": True}),
    ("ShareFetch", 1, lambda group: {"GroupId": group, "MemberId": "A" * 22, "Topics": []}),
    ("ShareAcknowledge", 1, lambda group: {"GroupId": group, "MemberId": "A" * 22, "ShareSessionEpoch": 1, "Topics": []}),
    ("StreamsGroupHeartbeat", 0, lambda group: {"GroupId": group, "MemberId": "m", "MemberEpoch": 3}),
    ("StreamsGroupDescribe", 0, lambda group: {"GroupIds": [group], "IncludeAuthorizedOperations": True}),
    ("DescribeShareGroupOffsets", 0, lambda group: {"Groups": [{"GroupId": group, "Topics": None}]}),
    ("AlterShareGroupOffsets", 0, lambda group: {"GroupId": group, "Topics": []}),
    ("DeleteShareGroupOffsets", 0, lambda group: {"GroupId": group, "Topics": [{"TopicName": TOPIC}]}),
]
OF_ALL = [
    ("Metadata", 9, {"Topics": None}),
    ("InitProducerId", 4, {"TransactionalId": None, "TransactionTimeoutMs": 10000}),
    ("ListGroups", 4, {"StatesFilter": []}),
    ("ListTransactions", 0, {}),
    ("DescribeAcls", 3, {"ResourceTypeFilter": 1, "ResourceNameFilter": None, "PatternTypeFilter": 1, "PrincipalFilter": None,
                         "HostFilter": None, "Operation": 1, "PermissionType": 1}),
    ("CreateAcls", 3, {"Creations": [{"ResourceType": 2, "ResourceName": "x", "ResourcePatternType": 3, "Principal": "User:eve", "Host": "*",
                                      "Operation": 3, "PermissionType": 3}]}),
    ("DeleteAcls", 3, {"Filters": [{"ResourceTypeFilter": 2, "ResourceNameFilter": "x", "PatternTypeFilter": 3, "PrincipalFilter": None,
                                    "HostFilter": None, "Operation": 1, "PermissionType": 1}]}),
    ("DescribeClientQuotas", 1, {"Components": [], "Strict": False}),
    ("AlterClientQuotas", 1, {"Entries": [], "ValidateOnly": True}),
    ("DescribeUserScramCredentials", 0, {"Users": [{"Name": "alice"}]}),
    ("AlterUserScramCredentials", 0, {"Deletions": [{"Name": "alice", "Mechanism": 1}], "Upsertions": []}),
    ("ElectLeaders", 2, {"ElectionType": 0, "TopicPartitions": [{"Topic": TOPIC, "Partitions": [0]}], "TimeoutMs": 1000}),
    ("ListPartitionReassignments", 0, {"TimeoutMs": 1000, "Topics": None}),
    ("AlterPartitionReassignments", 0, {"TimeoutMs": 1000, "Topics": [{"Name": TOPIC, "Partitions": [{"PartitionIndex": 0, "Replicas": None}]}]}),
    ("UnregisterBroker", 0, {"BrokerId": 9}),
    ("UnregisterController", 0, {"ControllerId": 9}),
    ("DescribeQuorum", 2, {"Topics": [{"TopicName": "__cluster_metadata", "Partitions": [{"PartitionIndex": 0}]}]}),
    ("UpdateFeatures", 1, {"FeatureUpdates": [{"Feature": "no.such", "MaxVersionLevel": 1}], "ValidateOnly": True}),
    ("AddRaftVoter", 0, {"ClusterId": None, "VoterId": 9, "VoterDirectoryId": NO_ID, "Listeners": []}),
    ("RemoveRaftVoter", 0, {"ClusterId": None, "VoterId": 9, "VoterDirectoryId": NO_ID}),
    ("DescribeLogDirs", 3, {"Topics": None}),
    ("ListConfigResources", 1, {"ResourceTypes": []}),
    ("RenewDelegationToken", 2, {"Hmac": b"no-such-hmac", "RenewPeriodMs": 1000}),
    ("ExpireDelegationToken", 2, {"Hmac": b"no-such-hmac", "ExpiryTimePeriodMs": -1}),
]


def offered(world):
    """{API: its newest version}"""
    names = wire.schemas(world.kafka.version).names
    with world.kafka.connect(world.kafka.any_broker()) as broker:
        return {names[row["ApiKey"]]: row["MaxVersion"] for row in broker.ask("ApiVersions", 0, {})["ApiKeys"] if row["ApiKey"] in names}


def asked(known_id):
    """(what, API, version, message): each with what is there, and what is not."""
    for rows, names in ((BY_NAME, (TOPIC, NO_TOPIC)), (BY_ID, (known_id, NO_ID)), (BY_GROUP, (GROUP, NO_GROUP))):
        for api, version, make in rows:
            for name in names:
                yield f"{api} {version} of {name}", api, version, make(name)
    for api, version, message in OF_ALL:
        yield f"{api} {version}", api, version, message


def plain(value):
    """What an answer says, without times and the cluster's own addresses, and with lists in an order of their own."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in UNSTABLE}
    if isinstance(value, list):
        return sorted((plain(v) for v in value), key=str)
    return value.rstrip() if isinstance(value, str) else value  # a text that is made shorter is filled up with blanks


def without_31(value):
    """Kafka's own words of error 31 name a broker, ours don't."""
    if isinstance(value, list):
        return [without_31(v) for v in value]
    if not isinstance(value, dict):
        return value
    said = {k: without_31(v) for k, v in value.items()}
    return {**said, "ErrorMessage": DENIED} if said.get("ErrorCode") == 31 and said.get("ErrorMessage") else said


class As:
    """Somebody who asks, and logs in on another connection before a broker's patience is at its end."""

    def __init__(self, world, host, port, user, mechanism):
        self.world, self.address, self.who = world, (host, port), (user, mechanism)
        self.connection, self.until = None, 0.0

    def ask(self, api, version, message):
        if time.monotonic() > self.until:
            self.close()
            self.connection = wire.Connection(*self.address, wire.schemas(self.world.kafka.version), limit=40)
            check_equal(identity.login(self.connection, *self.who)["ErrorCode"], 0, f"error of the login of {self.who}")
            self.until = time.monotonic() + secure.LIFETIME_MS / 2000
        try:
            return self.connection.ask(api, version, message)
        except EOFError as error:
            raise AssertionError(f"{self.address} closes on {api} {version} of {message}: {error}") from error

    def close(self):
        if self.connection:
            self.connection.close()


def answers(world, host, port, user, mechanism, requests):
    """{what: answer}"""
    somebody = As(world, host, port, user, mechanism)
    found = {what: plain(somebody.ask(api, version, message)) for what, api, version, message in requests}
    somebody.close()
    return found


def compare(world, mechanism, requests):
    broker = world.kafka.brokers[1]
    expected = answers(world, broker.host, broker.port, "eve", mechanism, requests)
    for number, node in enumerate(world.nodes):
        got = answers(world, node.host, node.first_port + number, "eve", mechanism, requests)
        differ = [f"{what}:\n  a broker {without_31(expected[what])}\n  {node.name} {got[what]}" for what in expected
                  if without_31(expected[what]) != got[what]]
        check(not differ, f"{len(differ)} of {len(expected)} answers to eve by {mechanism} differ:\n" + "\n".join(differ[:10]))
        said = str(got)
        shown = [b.host for b in world.kafka.brokers.values() if b.host in said]
        check(not shown, f"addresses of brokers in answers: {shown}")
    return expected


def run(world):
    if not world.through_gateway:
        return
    check_equal(world.topic("rights", 3), TOPIC, "the topic")
    world.coordinator("any", 0), world.coordinator("any", 1)
    newest = offered(world)
    requests = [row for row in asked(topic_id(world, TOPIC)) if row[2] <= newest.get(row[1], -1)]
    for mechanism in MECHANISMS:
        expected = compare(world, mechanism, requests)
    denied = [what for what, answer in expected.items() if "'ErrorCode': 29" in str(answer) or "'ErrorCode': 30" in str(answer) or
              "'ErrorCode': 53" in str(answer) or "'ErrorCode': 31" in str(answer)]
    check(len(denied) > len(requests) * 2 // 3, f"only {len(denied)} of {len(requests)} are denied by a broker")
    world.kafka.kill_broker(DOWN)
    try:
        wait_for(lambda: len(world.kafka.metadata(1, [])["Brokers"]) == 2, 30, "the brokers know that one is down")
        wait_for(lambda: all(node.metrics().sum("anyport_brokers") == 2 for node in world.nodes), 30, "the nodes know it too")
        for mechanism in MECHANISMS:
            compare(world, mechanism, requests)
    finally:
        world.kafka.start_broker(DOWN)
        world.kafka.wait_ready()
        world.kafka.wait_in_sync()
