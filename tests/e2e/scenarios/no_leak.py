"""No byte that a client is sent names a broker's own host or port.

Everything that clients are sent is recorded before it reaches them and searched
for the brokers' hosts and ports in every form that a protocol or a log could
give them.  That the search finds what is there is shown on a broker itself.
"""
import socket
import struct

import synthetic
import wire
from cluster import FIRST_PORT, Node
from load import Load
from recorder import Recorder
from reference import BY_PARTITION
from scenarios import console_tools, move_leader, raw_apis
from world import PORTS, World, check, check_exactly_once

RECORDS = 2000
CLUSTER_AUTHORIZATION_FAILED, INVALID_REQUEST = 31, 42
HERE = {"ApiVersions", "SaslHandshake", "SaslAuthenticate"}  # the node's own answers


def forms(broker):
    """What a broker's address could look like in bytes."""
    found = {
        "host": broker.host.encode(),
        "host, UTF-16": broker.host.encode("utf-16-be"),
        "host as four bytes": socket.inet_aton(broker.host),
        "host as four bytes, reversed": socket.inet_aton(broker.host)[::-1],
        "host in hex": socket.inet_aton(broker.host).hex().encode(),
    }
    for name, port in (("port", broker.port), ("controller's port", broker.controller_port)):
        found[f"{name} in digits"] = str(port).encode()
        found[f"{name} as int32"] = struct.pack(">i", port)
    return found


def search(kafka, capture):
    """[(broker, form, bytes around)]"""
    found = []
    for broker in kafka.brokers.values():
        for name, form in forms(broker).items():
            at = capture.find(form)
            if at >= 0:
                found.append((broker.id, name, capture[max(0, at - 60):at + 40]))
    return found


def run(world):
    search_finds(world)
    if not world.through_gateway:
        return
    synthetic_answers(world)
    world.close()  # its HAProxy gives place to one whose clients are told the recorder's address
    front = world.scene.host(2)
    recorder = Recorder(front, world.scene.host(1), FIRST_PORT, PORTS)
    inner = World(world.scene, world.kafka, world.mode, advertise=front)
    try:
        talk(inner)
        capture = recorder.capture()
        inner.check_sound()
    finally:
        inner.close()
        recorder.stop()
        world.reopen()
    check(capture.count(front.encode()) > 20, "the capture does not even hold the advertised address")
    check(len(capture) > 1 << 20, f"only {len(capture)} bytes captured")
    leaks = search(world.kafka, capture)
    check(not leaks, f"{len(leaks)} leaks in {len(capture)} bytes: {leaks[:5]}")


def search_finds(world):
    """The same search, in what a broker itself sends: it must find its host and port."""
    broker = world.kafka.brokers[1]
    recorder = Recorder(world.scene.host(3), broker.host, broker.port, 1)
    with wire.Connection(world.scene.host(3), broker.port, wire.schemas(world.kafka.version)) as connection:
        connection.ask("Metadata", 9, {"Topics": []})
    found = {(node, name) for node, name, _ in search(world.kafka, recorder.capture())}
    recorder.stop()
    for node in world.kafka.brokers:
        for name in ("host", "port as int32"):
            check((node, name) in found, f"the search does not find the {name} of broker {node} in its own answer")


def talk(world):
    """As many kinds of answers as can be had: every client, the tools, every API, moving leaders."""
    for client in (world.kcat(), world.python("confluent-kafka"), world.python("kafka-python"), world.java("3.9.2"),
                   world.java("4.4.0")):
        topic = world.topic(f"leak-{client.name}")
        client.produce(topic, RECORDS, "k")
        check_exactly_once(client.consume(topic, f"{topic}-group", RECORDS), [f"k{i}" for i in range(RECORDS)],
                           client.name)
    topic = world.topic("leak-moving", min_insync_replicas=1)
    with Load(world, topic) as load:  # errors that name the new leader: NodeEndpoints, CurrentLeader
        load.more(500)
        for _ in range(2):
            move_leader.reassign(world, topic)
            move_leader.elect(world, topic)
            load.more(500)
    ask_stale(world)
    ask_settings(world)
    console_tools.describe_all(world)
    everything(world)


def synthetic_answers(world):
    """Brokers that name themselves wherever an answer has room for it, in every API and version, asked of one of them and of all."""
    brokers = synthetic.Brokers(world.scene)
    node = Node(world.scene, 40, brokers.bootstrap, ports=PORTS, mode=world.mode, min_broker=synthetic.FIRST)
    node.wait_ready()
    asker, offered = Asker(node, brokers.known), set()
    for row in asker.connection.ask("ApiVersions", 0, {})["ApiKeys"]:
        api = brokers.known.requests[brokers.known.names[row["ApiKey"]]]
        offered |= {(api.api, version) for version in range(max(row["MinVersion"], api.versions[0]), row["MaxVersion"] + 1)}
    wrong = []
    for code in (0, CLUSTER_AUTHORIZATION_FAILED, INVALID_REQUEST):
        for broker in brokers.brokers.values():
            broker.code = code
        for api, version in sorted(offered):
            for partitions in (1, synthetic.PARTITIONS) if api in BY_PARTITION else (1,):
                what = f"{api} v{version} of {partitions} partitions, error {code}"
                wrong += [f"{what}: {one}" for one in asker.wrong_with(brokers, api, version, partitions)]
    unasked = {one for one in offered if one[0] not in HERE}.difference(*(broker.asked for broker in brokers.brokers.values()))
    asker.connection.close()
    node.kill()
    brokers.close()
    check(not unasked, f"no broker was asked {sorted(unasked)}")
    shown = "\n".join(wrong[:30])
    check(not wrong, f"{len(wrong)} synthetic answers:\n{shown}")


class Asker:
    """A client, which comes again after a failure."""

    def __init__(self, node, known):
        self.node, self.known = node, known
        self.come()

    def come(self):
        self.connection = wire.Connection(*self.node.address, self.known, client_id=synthetic.CLIENT)

    def wrong_with(self, brokers, api, version, partitions):
        try:
            self.connection.send(api, version, synthetic.request(self.known, api, version, partitions))
            frame = self.connection.read_frame()
            wire.decode_answer(self.known, api, version, frame)
            return search(brokers, frame)[:1]
        except (OSError, EOFError, ValueError) as error:
            self.connection.close()
            self.come()
            return [f"{type(error).__name__}: {error}"]


def ask_settings(world):
    """The brokers' own settings, where their listeners are: one broker's, and all of them in one request."""
    known = wire.schemas(world.kafka.version)
    brokers = sorted(world.kafka.brokers)
    for version in range(1, 5):
        with wire.Connection(world.bootstrap.split(":")[0], world.nodes[0].first_port, known) as connection:
            for ids in ([brokers[0]], brokers):
                answer = connection.ask("DescribeConfigs", version, {"IncludeSynonyms": True, "Resources": [
                    {"ResourceType": 4, "ResourceName": str(i), "ConfigurationKeys": None} for i in ids]})
                shown = {c["Name"]: c["Value"] for r in answer["Results"] for c in r["Configs"]}
                check(len(answer["Results"]) == len(ids), f"{len(answer['Results'])} results for {ids}")
                check(set(shown["advertised.listeners"]) == {"*"}, f"listeners: {shown['advertised.listeners']}")
                check(shown["broker.rack"].startswith("r"), f"rack: {shown['broker.rack']}")


def ask_stale(world):
    """Requests with old and future leader epochs, to every (node, port): the answers carry leader hints."""
    known = wire.schemas(world.kafka.version)
    topic = world.topic("leak-stale", 6)
    key = {"Topic": topic, "TopicId": raw_apis.topic_id(world, topic)}
    for node in world.nodes:
        for version in range(4, raw_apis.offered(world)["Fetch"][1] + 1):
            with wire.Connection(world.bootstrap.split(":")[0], node.first_port, known) as connection:
                for epoch in (0, 999):
                    connection.ask("Fetch", version, {"ReplicaId": -1, "MaxWaitMs": 0, "SessionEpoch": -1, "Topics": [
                        {**key, "Partitions": [{"Partition": p, "FetchOffset": 0, "CurrentLeaderEpoch": epoch,
                                                "PartitionMaxBytes": 1000} for p in range(6)]}]})


def everything(world):
    """One request of every API and version that carries addresses."""
    known = wire.schemas(world.kafka.version)
    host, port = world.bootstrap.split(":")
    versions = raw_apis.offered(world)
    with wire.Connection(host, int(port), known) as connection:
        for api, message in (("Metadata", {"Topics": [{"Name": "no-such-topic"}]}),
                             ("DescribeCluster", {}), ("DescribeCluster", {"EndpointType": 2}),
                             ("FindCoordinator", {"Key": "leak", "CoordinatorKeys": ["leak"]}),
                             ("FindCoordinator", {"Key": "leak", "KeyType": 1, "CoordinatorKeys": ["leak"]}),
                             ("DescribeTopicPartitions", {"Topics": [], "ResponsePartitionLimit": 100})):
            for version in range(versions[api][0], versions[api][1] + 1):
                if version == 0 and ("KeyType" in message or "EndpointType" in message):
                    continue
                connection.ask(api, version, message)
    key = wire.schemas(world.kafka.version).requests
    with wire.Connection(host, int(port), known) as connection:
        offered = {row["ApiKey"]: row for row in connection.ask("ApiVersions", 0, {})["ApiKeys"]}
        if key["DescribeQuorum"].key in offered:
            for version in range(offered[key["DescribeQuorum"].key]["MaxVersion"] + 1):
                connection.ask("DescribeQuorum", version, {"Topics": [
                    {"TopicName": "__cluster_metadata", "Partitions": [{"PartitionIndex": 0}]}]})
