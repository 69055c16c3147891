"""What of an answer may differ from one asking to the next, each with the reason, and an answer without it."""
import re

TRIES = "how often the member came until it had partitions"
EPOCHS = {"MemberEpoch": TRIES, "GroupEpoch": TRIES, "AssignmentEpoch": TRIES, "EndpointInformationEpoch": TRIES}
ANSWERS = {  # API, or "" for all of them: {field: why}
    "": {"ThrottleTimeMs": "the quotas of the moment",
         "ClientHost": "the address that the broker sees, which is the node's",
         "ProducerId": "made up for each who asks"},
    "CreateTopics": {"TopicId": "made up for each topic"},
    "DeleteTopics": {"TopicId": "the same"},
    "DescribeLogDirs": {"PartitionSize": "grows with what is produced", "UsableBytes": "the disk is others' too",
                        "OffsetLag": "a follower that catches up"},
    "DescribeQuorum": {"HighWatermark": "grows", "LogEndOffset": "grows", "LastFetchTimestamp": "now", "LastCaughtUpTimestamp": "now",
                       "Host": "blanked: no client has business with controllers", "Port": "the same"},
    "DescribeProducers": {"LastTimestamp": "of the last record", "CurrentTxnStartOffset": "grows", "LastSequence": "grows"},
    "DescribeTransactions": {"TransactionStartTimeMs": "now"},
    **dict.fromkeys(("ShareGroupHeartbeat", "ShareGroupDescribe", "StreamsGroupHeartbeat", "StreamsGroupDescribe"), EPOCHS),
}
HIDDEN_SETTINGS = {"listeners", "advertised.listeners", "controller.quorum.voters", "controller.quorum.bootstrap.servers"}
TEXTS = [  # words of brokers, and what stands for them
    (r"Unexpected broker id, expected \d+", "Unexpected broker id, expected N"),  # whoever was asked says its own id
]
DENIED = "Cluster authorization failed."  # what Kafka says more of error 31 is a broker's address


def fields(api):
    return {*ANSWERS[""], *ANSWERS.get(api, ())}


def stable(api, value, direct):
    """An answer without what may differ, and with lists in an order of their own.  direct: a broker's, with its addresses."""
    return _stable(fields(api), value, direct)


def is_of_nodes(item):
    """The nodes' own topic, which is not there for clients."""
    return isinstance(item, dict) and item.get("Name") == "_anyport_gateway"


def _text(value):
    for words, shown in TEXTS:
        value = re.sub(words, shown, value)
    return value.rstrip()  # a text that is made shorter is filled up with blanks


def _stable(unstable, value, direct):
    if isinstance(value, list):
        shown = [_stable(unstable, item, direct) for item in value if not is_of_nodes(item)]
        return sorted(shown, key=str) if value and isinstance(value[0], dict) else shown
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, dict):
        return value
    shown = {key: _stable(unstable, item, direct) for key, item in value.items() if key not in unstable}
    if value.get("Name") in HIDDEN_SETTINGS and value.get("Value"):
        shown["Value"] = "*" * len(value["Value"])
    if direct and value.get("ErrorCode") == 31 and value.get("ErrorMessage"):
        shown["ErrorMessage"] = DENIED
    return shown
