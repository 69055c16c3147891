"""Who answers a raw request: the right brokers, or one (node, port) of the gateway after the other.

Both have ask(route, api, version, message) -> answer.  The route says where the
request belongs; the gateway has to find that out by itself, so Gateway ignores
it, but for a broker that the client has dialled.  Brokers takes a request apart itself and puts the answers together in the
order of the request, which is what the gateway's answer is compared with.
"""
import copy
import itertools

import wire

ANY = ("any",)
ALL = ("all",)
MARKERS = ("markers",)
RESOURCES = ("resources",)
LIMIT_S = 30  # for an answer
GROUP, TXN = 0, 1  # types of coordinators
OF_A_BROKER = (4, 8)  # types of resources: its settings, its loggers


def group(name):
    return ("group", name)


def txn(name):
    return ("txn", name)


def broker(node):
    """What Kafka addresses by the connection: that broker alone, which the client says that it has dialled."""
    return ("broker", node)


def at(node):
    """The right broker, which the client has not named."""
    return ("at", node)


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
    "DescribeProducers": Paths(("Topics", "PartitionIndexes", None), ("Topics", "Partitions", "PartitionIndex")),
}
# API: (array in the request, its key or None for plain strings, array in the answer, whose coordinator)
BY_GROUP = {
    "DescribeGroups": ("Groups", None, "Groups", GROUP),
    "ConsumerGroupDescribe": ("GroupIds", None, "Groups", GROUP),
    "ShareGroupDescribe": ("GroupIds", None, "Groups", GROUP),
    "StreamsGroupDescribe": ("GroupIds", None, "Groups", GROUP),
    "DescribeShareGroupOffsets": ("Groups", "GroupId", "Groups", GROUP),
    "DeleteGroups": ("GroupsNames", None, "Results", GROUP),
    "OffsetFetch": ("Groups", "GroupId", "Groups", GROUP),
    "DescribeTransactions": ("TransactionalIds", None, "TransactionStates", TXN),
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
    return [(topic_of_version(api, version, topic), number_of(paths, partition))
            for topic in message[paths.topics] for partition in topic[paths.partitions]]


def number_of(paths, partition):
    """A partition's, where the request has more about it and where it has the number alone."""
    return partition if paths.index is None else partition[paths.index]


def topic_of_version(api, version, topic):
    has_ids = api in ("Produce", "Fetch") and version >= 13
    return topic["TopicId"] if has_ids else topic.get("Name") or topic.get("Topic")


class Brokers:
    """The right brokers, found by the test itself."""

    def __init__(self, world):
        self.world = world
        self.connections = {}
        self.leaders = {}
        self.coordinators = {}

    def close(self):
        for connection in self.connections.values():
            connection.close()

    def at(self, node):
        if node not in self.connections:
            self.connections[node] = self.world.kafka.connect(node, limit=LIMIT_S)
        return self.connections[node]

    def leader(self, topic, partition):
        """Of an unknown topic or partition any broker can say that it is unknown."""
        if topic not in self.leaders:
            try:
                self.leaders[topic] = self.world.leaders(topic)
            except KeyError:
                self.leaders[topic] = {}
        return self.leaders[topic].get(partition, min(self.world.kafka.brokers))

    def ask(self, route, api, version, message, stay=False):
        """stay: has no meaning here, where each broker has one connection."""
        taken_apart = {"partitions": self._by_partition, "groups": self._by_group, "all": self._all,
                       "markers": self._by_marker, "resources": self._by_resource}
        if route[0] in taken_apart:
            return taken_apart[route[0]](api, version, message)
        return self.at(self.node_of(*route)).ask(api, version, message)

    def node_of(self, kind, what=None):
        if kind in ("broker", "at"):
            return what
        if kind in ("group", "txn"):
            return self.coordinator(what, GROUP if kind == "group" else TXN)
        return min(self.world.kafka.brokers)

    def coordinator(self, key, kind):
        if (key, kind) not in self.coordinators:
            self.coordinators[key, kind] = self.world.coordinator(key, kind)
        return self.coordinators[key, kind]

    def drop(self):
        """Forgets all connections: one of them failed."""
        self.close()
        self.connections.clear()

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
                answer = self.at(self.leader(name, number_of(paths, partition))).ask(api, version, part)
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
        field, key, _, kind = BY_GROUP[api]
        by_node = {}
        for item in message[field]:
            by_node.setdefault(self.coordinator(item[key] if key else item, kind), []).append(item)
        return self._concatenated(api, version, {node: {**message, field: items} for node, items in by_node.items()})

    def _all(self, api, version, message):
        return self._concatenated(api, version, {node: message for node in self.world.kafka.brokers})

    def _by_resource(self, api, version, message):
        """A broker's own are at that broker, all others anywhere."""
        by_node, brokers = {}, self.world.kafka.brokers
        for row in message["Resources"]:
            name = row["ResourceName"]
            named = int(name) if row["ResourceType"] in OF_A_BROKER and name.isdigit() else 0
            by_node.setdefault(named if named in brokers else min(brokers), []).append(row)
        return self._concatenated(api, version, {node: {**message, "Resources": rows} for node, rows in by_node.items()})

    def _concatenated(self, api, version, messages):
        """messages: {broker: what it is asked}."""
        merged = None
        for node, message in messages.items():
            answer = self.at(node).ask(api, version, message)
            if merged is None:
                merged = answer
                continue
            for name, value in answer.items():
                if isinstance(value, list):
                    merged[name] += [item for item in value if not isinstance(item, str) or item not in merged[name]]
        return merged

    def _by_marker(self, api, version, message):
        """One request a partition, and an entry a producer, with one a topic."""
        producers = {}
        for marker in message["Markers"]:
            topics = producers.setdefault(marker["ProducerId"], {})
            for topic in marker["Topics"]:
                for partition in topic["PartitionIndexes"]:
                    one = {**marker, "Topics": [{**topic, "PartitionIndexes": [partition]}]}
                    answer = self.at(self.leader(topic["Name"], partition)).ask(api, version, {"Markers": [one]})
                    topics.setdefault(topic["Name"], []).extend(answer["Markers"][0]["Topics"][0]["Partitions"])
        return {"Markers": [{"ProducerId": number, "Topics": [{"Name": name, "Partitions": rows} for name, rows in topics.items()]}
                            for number, topics in producers.items()]}


class Gateway:
    """Every request goes to the next (node, port) on a connection that stays open."""

    def __init__(self, world, first=0, endpoints=None):
        """first: with which of the endpoints it begins; endpoints: other ones than the nodes' own, in the same order."""
        self.world = world
        self.endpoints = endpoints or [(node.host, port) for node in world.nodes for port in node.ports]
        self.turn = itertools.islice(itertools.cycle(self.endpoints), first, None)
        self.connections = {}
        self.cluster = None
        self.last = None

    def close(self):
        for connection in self.connections.values():
            connection.close()

    def at(self, endpoint):
        """endpoint: (host, port), or these and the broker that the client says that it has dialled."""
        if endpoint not in self.connections:
            self.connections[endpoint] = connection = wire.Connection(*endpoint[:2], wire.schemas("4.4.0"), LIMIT_S)
            if len(endpoint) > 2:
                self._dial(connection, endpoint[2])
            connection.known = wire.schemas(self.world.kafka.version)
        return self.connections[endpoint]

    def _dial(self, connection, node):
        """As a client says it that knows KIP-1242, which a gateway does whatever the brokers do."""
        if self.cluster is None:
            self.cluster = self.world.kafka.metadata(topics=[])["ClusterId"]
        answer = connection.ask("ApiVersions", 5, {"ClientSoftwareName": "e2e", "ClientSoftwareVersion": "1",
                                                   "ClusterId": self.cluster, "NodeId": node})
        if answer["ErrorCode"]:
            raise AssertionError(f"error {answer['ErrorCode']} for who has dialled broker {node}")

    def ask(self, route, api, version, message, stay=False):
        """stay: at the (node, port) of the request before, on its connection."""
        if not stay:
            self.last = (*next(self.turn), *(route[1:] if route[0] == "broker" else ()))
        answer = self.at(self.last).ask(api, version, message)
        self.world.asked.add((api, version))
        return answer

    def tell(self, _route, api, version, message):
        self.last = next(self.turn)
        self.at(self.last).send(api, version, message)

    def drop(self):
        """Forgets the connection that was used last: it failed."""
        connection = self.connections.pop(self.last, None)
        if connection:
            connection.close()
