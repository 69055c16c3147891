"""Brokers that are none, and name themselves in every field of an answer that can carry an address.

Whatever a client asks whose client id is CLIENT, in any version that Kafka 4.4.0 has, they answer with their own hosts and ports: where
nodes have their addresses, in settings, and in the text of an error, of the code that the broker's `code` is.  What nodes ask for
themselves is answered as a broker would.
"""
import struct

import stand_in
import wire
from kafka_jar import Cursor, decode, encode
from kafka_wire import frame
from reference import BY_GROUP, BY_PARTITION, number_of

CLIENT, TOPIC, GROUP = "synthetic", "t", "g"
TOPIC_ID = bytes(range(1, 17))
PARTITIONS, FIRST = 3, 1
OF_ERRORS, TEXTS = ("ErrorMessage", "BatchIndexErrorMessage"), ("AcknowledgeErrorMessage", "StatusDetail")
# Hosts that no broker tells of itself: those of rules are the operator's, those of endpoints the clients' own.
OTHERS = ("DescribeAcls", "DeleteAcls", "StreamsGroupHeartbeat", "StreamsGroupDescribe")
SETTING = "advertised.listeners"
HIGHEST = {"AddPartitionsToTxn": 3}


class Broker(stand_in.Broker):
    """code: of the errors that clients are told."""

    def __init__(self, number, host, owner):
        self.id, self.asked, self.code = number, set(), 0
        super().__init__(number, host, owner)
        self.controller_port = self.port  # of none

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def _answer(self, connection, data):
        connection.sendall(frame(self.answer(data)))

    def answer(self, data):
        known = self.owner.known
        key, version, correlation, size = struct.unpack_from(">hhih", data)
        api = known.names[key]
        client = data[10:10 + max(size, 0)].decode()
        cursor = Cursor(data)
        cursor.at = 10 + max(size, 0)
        flexible = version in known.requests[api].flexible
        if flexible:
            cursor.tags()
        asked = decode(known.requests[api].fields, cursor, version, flexible)
        said = self._usual(api, version, asked) if client != CLIENT else Filled(self, api, asked).message(known.responses[api].fields, version)
        if client == CLIENT:
            self.asked.add((api, version))
        head = struct.pack(">i", correlation) + (b"\0" if flexible and api != "ApiVersions" else b"")
        return head + encode(known.responses[api].fields, said, version, version in known.responses[api].flexible, wire.field_names())

    def _usual(self, api, version, asked):
        if api == "ApiVersions":
            return {"ApiKeys": [{"ApiKey": m.key, "MinVersion": m.versions[0], "MaxVersion": min(m.versions[-1], HIGHEST.get(m.api, 99))}
                                for m in self.owner.known.requests.values()]}
        if api == "Metadata":
            return self.owner.metadata(version)
        if api == "FindCoordinator":
            here = {"NodeId": self.number, "Host": self.host, "Port": self.port}
            return here if version < 4 else {"Coordinators": [{**here, "Key": key} for key in asked["CoordinatorKeys"]]}
        return {}


class Brokers:
    """Each leads one of the topic's partitions."""

    def __init__(self, scene):
        self.known, self.connections, self.holds = wire.schemas("4.4.0"), [], False
        self.brokers = {n: Broker(n, scene.host(30 + n), self) for n in range(FIRST, FIRST + PARTITIONS)}

    @property
    def bootstrap(self):
        return ",".join(broker.address for broker in self.brokers.values())

    def close(self):
        for one in [*(broker.listener for broker in self.brokers.values()), *self.connections]:
            one.close()

    def metadata(self, version):
        has_ids = {"TopicId": TOPIC_ID} if version >= 10 else {}
        has_cluster = {"ClusterId": "synthetic"} if version >= 2 else {}
        return {"Brokers": [{"NodeId": b.id, "Host": b.host, "Port": b.port} for b in self.brokers.values()], "ControllerId": FIRST, **has_cluster,
                "Topics": [{"Name": TOPIC, **has_ids, "Partitions": [{"PartitionIndex": p, "LeaderId": FIRST + p, "ReplicaNodes": [FIRST + p],
                                                                      "IsrNodes": [FIRST + p]} for p in range(PARTITIONS)]}]}


class Filled:
    """An answer to what was asked, with the broker's address wherever one can be."""

    def __init__(self, broker, api, asked):
        self.broker, self.api, self.asked = broker, api, asked

    def message(self, fields, version):
        values = self.level(fields, version)
        if self.api in BY_PARTITION:
            self.echo_partitions(values, fields, version)
        elif self.api in BY_GROUP and BY_GROUP[self.api][0] in self.asked:
            rows, key, answers, _ = BY_GROUP[self.api]
            row = next((f for f in fields if f.name == answers), None)
            if row:
                name = "TransactionalId" if self.api == "DescribeTransactions" else "GroupId"
                values[answers] = [{**self.level(row.fields, version), name: one[key] if key else one} for one in self.asked[rows] or []]
        elif "Resources" in self.asked:
            row = next(f for f in fields if f.name in ("Results", "Responses"))
            values[row.name] = [{**self.level(row.fields, version), "ResourceType": one["ResourceType"], "ResourceName": one["ResourceName"]}
                                for one in self.asked["Resources"]]
        return values

    def echo_partitions(self, values, fields, version):
        paths = BY_PARTITION[self.api]
        topics = next(f for f in fields if f.name == paths.answer_topics)
        partitions = next(f for f in topics.fields if f.name == paths.answer_partitions)
        values[topics.name] = [{**self.level(topics.fields, version), **{f.name: topic[f.name] for f in topics.fields if f.name in topic and not f.array},
                                partitions.name: [{**self.level(partitions.fields, version), paths.answer_index: number_of(paths, one)}
                                                  for one in topic[paths.partitions]]}
                               for topic in self.asked[paths.topics] or []]

    def level(self, fields, version):
        values = {f.name: self.value(f, version) for f in fields if version in f.versions}
        if self.api == "DescribeConfigs" and "Value" in values:
            values["Name"] = SETTING
            values["Value"] = f"PLAINTEXT://{self.broker.address}"
        return values

    def value(self, field, version):
        if field.array:
            return [self.item(field, version)]
        return self.item(field, version)

    def item(self, field, version):
        if field.type == "struct":
            return self.level(field.fields, version)
        if field.type == "string":
            return self.text(field.name)
        if field.type == "uuid":
            return TOPIC_ID
        if field.type in ("bytes", "records"):
            return b""
        if field.type == "bool":
            return False
        return self.number(field)

    def text(self, name):
        if name == "Host" and self.api not in OTHERS:
            return self.broker.host
        if name in TEXTS or (name in OF_ERRORS and self.broker.code != 0):
            return f"Broker {self.broker.host} at {self.broker.address} (connectionId={self.broker.address}-10.0.0.1:4711-1) does not like it"
        return {"GroupId": GROUP, "Key": GROUP}.get(name, TOPIC)

    def number(self, field):
        if field.name == "ErrorCode":
            return self.broker.code
        if field.name == "Port" and self.api not in OTHERS:
            return self.broker.port
        if field.name in ("NodeId", "LeaderId", "BrokerId") or field.array:
            return self.broker.number
        return field.default_value()


# -- what is asked -----------------------------------------------------------

def request(known, api, version, partitions):
    """One of this API, by its schema: of the topic's first partitions, of the group."""
    return _asked(known.requests[api].fields, version, partitions)


SAID = {"Acks": -1, "SessionEpoch": -1, "ReplicaId": -1, "TimeoutMs": 5000, "timeoutMs": 5000, "SessionTimeoutMs": 30000,
        "ResourceType": 4, "PartitionIndex": 0, "MaxWaitMs": 0, "MinBytes": 0, "MemberEpoch": 0, "GroupId": GROUP, "TransactionalId": GROUP,
        "V3AndBelowTransactionalId": GROUP, "Key": GROUP, "MemberId": "A" * 22, "ResourceName": str(FIRST), "ClusterId": None}


def _asked(fields, version, partitions):
    values = {}
    for field in fields:
        if version not in field.versions or version in field.tagged:
            continue
        if field.name in SAID and not field.array:
            values[field.name] = SAID[field.name]
        elif field.array:
            values[field.name] = _rows(field, version, partitions)
        elif field.type == "struct":
            values[field.name] = None if version in field.nullable else _asked(field.fields, version, partitions)
        elif field.type == "uuid":
            values[field.name] = TOPIC_ID
        elif field.type == "string":
            values[field.name] = TOPIC
        elif field.type in ("bytes", "records"):
            values[field.name] = wire.batch([(b"k", b"v")]) if field.type == "records" else b""
        else:
            values[field.name] = field.default_value()
    return values


def _rows(field, version, partitions):
    if field.type == "struct":
        row = _asked(field.fields, version, partitions)
        number = next((name for name in ("Index", "Partition", "PartitionIndex") if name in row), None)
        return [{**row, number: p} for p in range(partitions)] if number else [row]
    if field.type == "int32":
        return list(range(partitions)) if field.name.startswith("Partition") else []
    if field.type == "string":
        return {"CoordinatorKeys": [GROUP], "Groups": [GROUP], "GroupIds": [GROUP], "GroupsNames": [GROUP], "TransactionalIds": [GROUP],
                "Topics": [TOPIC], "TopicNames": [TOPIC], "SubscribedTopicNames": [TOPIC]}.get(field.name, [])
    return []
