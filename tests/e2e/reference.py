"""Who answers a raw request: the right brokers, or one (node, port) of the gateway after the other.

Both have ask(route, api, version, message) -> answer.  The route says where the
request belongs; the gateway has to find that out by itself, so Gateway ignores
it.  Brokers takes a request apart itself and puts the answers together in the
order of the request, which is what the gateway's answer is compared with.
"""
import copy
import itertools

import wire

ANY = ("any",)
ALL = ("all",)


def group(name):
    return ("group", name)


def txn(name):
    return ("txn", name)


class Paths:
    """Where a request and its answer keep topics and partitions, and what they are called there."""

    def __init__(self, request, answer):
        self.topics, self.partitions, self.index = request
        self.answer_topics, self.answer_partitions, self.answer_index = answer


BY_PARTITION = {
    "Produce": Paths(("TopicData", "PartitionData", "Index"), ("Responses", "PartitionResponses", "Index")),
    "Fetch": Paths(("Topics", "Partitions", "Partition"), ("Responses", "Partitions", "PartitionIndex")),
    "ListOffsets": Paths(("Topics", "Partitions", "PartitionIndex"), ("Topics", "Partitions", "PartitionIndex")),
    "OffsetForLeaderEpoch": Paths(("Topics", "Partitions", "Partition"), ("Topics", "Partitions", "Partition")),
    "DeleteRecords": Paths(("Topics", "Partitions", "PartitionIndex"), ("Topics", "Partitions", "PartitionIndex")),
}
# API: (array in the request, its key or None for plain strings, array in the answer, its key)
BY_GROUP = {
    "DescribeGroups": ("Groups", None, "Groups", "GroupId"),
    "ConsumerGroupDescribe": ("GroupIds", None, "Groups", "GroupId"),
    "DeleteGroups": ("GroupsNames", None, "Results", "GroupId"),
    "OffsetFetch": ("Groups", "GroupId", "Groups", "GroupId"),
}
PARTITIONS = ("partitions",)
GROUPS = ("groups",)


def topic_key(topic):
    """A topic's name or, where the version has ids, its id."""
    return topic.get("Name") or topic.get("Topic") or topic.get("TopicId")


def by_partition(api, answer):
    """{(topic, partition): its answer}; each partition once and one entry a topic, or it is an error."""
    paths, found = BY_PARTITION[api], {}
    topics = [topic_key(topic) for topic in answer[paths.answer_topics]]
    if len(topics) != len(set(topics)):
        raise AssertionError(f"{api}: a topic has several entries in the answer: {topics}")
    for topic in answer[paths.answer_topics]:
        for partition in topic[paths.answer_partitions]:
            key = topic_key(topic), partition[paths.answer_index]
            if key in found:
                raise AssertionError(f"{api}: {key} is answered twice")
            found[key] = partition
    return found


def asked_partitions(api, message, version):
    paths = BY_PARTITION[api]
    return [(topic_of_version(api, version, topic), partition[paths.index])
            for topic in message[paths.topics] for partition in topic[paths.partitions]]


def topic_of_version(api, version, topic):
    has_ids = api in ("Produce", "Fetch") and version >= 13
    return topic["TopicId"] if has_ids else topic.get("Name") or topic.get("Topic")


class Brokers:
    """The right brokers, found by the test itself."""

    def __init__(self, world):
        self.world = world
        self.connections = {}
        self.leaders = {}

    def close(self):
        for connection in self.connections.values():
            connection.close()

    def at(self, node):
        if node not in self.connections:
            self.connections[node] = self.world.kafka.connect(node)
        return self.connections[node]

    def leader(self, topic, partition):
        """Of an unknown topic or partition any broker can say that it is unknown."""
        if topic not in self.leaders:
            try:
                self.leaders[topic] = self.world.leaders(topic)
            except KeyError:
                self.leaders[topic] = {}
        return self.leaders[topic].get(partition, min(self.world.kafka.brokers))

    def ask(self, route, api, version, message):
        kind = route[0]
        if kind == "partitions":
            return self._by_partition(api, version, message)
        if kind == "groups":
            return self._by_group(api, version, message)
        if kind == "all":
            return self._all(api, version, message)
        node = min(self.world.kafka.brokers)
        if kind in ("group", "txn"):
            node = self.world.coordinator(route[1], 0 if kind == "group" else 1)
        return self.at(node).ask(api, version, message)

    def tell(self, route, api, version, message):
        """A request without an answer, to one leader."""
        self.at(route[1]).send(api, version, message)

    def _by_partition(self, api, version, message):
        """One request a partition, put together in the order of the request."""
        paths, merged = BY_PARTITION[api], None
        for topic in message[paths.topics]:
            for partition in topic[paths.partitions]:
                part = copy.copy(message)
                part[paths.topics] = [{**topic, paths.partitions: [partition]}]
                name = topic.get("Name") or topic.get("Topic")
                answer = self.at(self.leader(name, partition[paths.index])).ask(api, version, part)
                merged = self._merge(paths, merged, answer)
        return merged

    @staticmethod
    def _merge(paths, merged, answer):
        if merged is None:
            return answer
        for topic in answer[paths.answer_topics]:
            same = [t for t in merged[paths.answer_topics] if topic_key(t) == topic_key(topic)]
            if same:
                same[0][paths.answer_partitions] += topic[paths.answer_partitions]
            else:
                merged[paths.answer_topics].append(topic)
        return merged

    def _by_group(self, api, version, message):
        """One request a coordinator."""
        field, key, answer_field, _ = BY_GROUP[api]
        by_node = {}
        for item in message[field]:
            by_node.setdefault(self.world.coordinator(item[key] if key else item), []).append(item)
        merged = None
        for node, items in by_node.items():
            answer = self.at(node).ask(api, version, {**message, field: items})
            if merged is None:
                merged = answer
            else:
                merged[answer_field] += answer[answer_field]
        return merged

    def _all(self, api, version, message):
        answers = [self.at(node).ask(api, version, message) for node in self.world.kafka.brokers]
        merged = answers[0]
        for answer in answers[1:]:
            for name, value in answer.items():
                if isinstance(value, list):
                    merged[name] += value
        return merged


class Gateway:
    """Every request goes to the next (node, port) on a connection that stays open."""

    def __init__(self, world, first=0):
        self.world = world
        self.endpoints = [(node.host, port) for node in world.nodes for port in node.ports]
        self.turn = itertools.islice(itertools.cycle(self.endpoints), first, None)
        self.connections = {}
        self.last = None

    def close(self):
        for connection in self.connections.values():
            connection.close()

    def at(self, endpoint):
        if endpoint not in self.connections:
            self.connections[endpoint] = wire.Connection(*endpoint, wire.schemas(self.world.kafka.version))
        return self.connections[endpoint]

    def ask(self, _route, api, version, message):
        self.last = next(self.turn)
        return self.at(self.last).ask(api, version, message)

    def tell(self, _route, api, version, message):
        self.last = next(self.turn)
        self.at(self.last).send(api, version, message)

    def drop(self):
        """Forgets the connection that was used last: it failed."""
        connection = self.connections.pop(self.last, None)
        if connection:
            connection.close()
