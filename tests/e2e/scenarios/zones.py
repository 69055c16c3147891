"""Clients that say their rack read from the followers there, as the brokers' own request logs tell; a follower that stands
still gives way to the leader, and no offset that is told goes back (KIP-392)."""
import time

import wire
from world import check, check_equal, check_exactly_once, wait_for

MODES = ["ports", "single"]
PARTITIONS, COUNT = 6, 600
FOLLOWER = 3
VERSION = 12  # by names
LOGGER, SET, DELETE = 8, 0, 1
REQUESTS = "kafka.request.logger"
STILL_S = 15  # for a broker that stands still: the wait, a broker's time for it, and another Fetch


def log_requests(world, operation):
    for node in world.kafka.brokers:
        with world.kafka.connect(node) as broker:
            answer = broker.ask("IncrementalAlterConfigs", 1, {"ValidateOnly": False, "Resources": [
                {"ResourceType": LOGGER, "ResourceName": str(node), "Configs": [
                    {"Name": REQUESTS, "ConfigOperation": operation, "Value": "DEBUG"}]}]})
        check_equal(answer["Responses"][0]["ErrorCode"], 0, f"error of setting broker {node}'s logger")


def fetches(world, client_id):
    """{broker: how many Fetches of the client it has written down}"""
    mark, found = f'"clientId":"{client_id}"', {}
    for node, broker in world.kafka.brokers.items():
        text = (broker.directory / "broker.log").read_text(errors="replace")
        found[node] = sum(mark in line and '"requestApiKeyName":"FETCH"' in line for line in text.splitlines())
    return found


def reads_nearby(world, topic, client_id, consume):
    records = consume(f"zones-{client_id}", {"client__rack": f"r{FOLLOWER}", "client__id": client_id})
    check_exactly_once(records, {f"z{n}" for n in range(COUNT)}, client_id)
    counts = fetches(world, client_id)
    elsewhere = sum(counts.values()) - counts[FOLLOWER]
    check(counts[FOLLOWER] > 2 * elsewhere, f"{client_id} of rack r{FOLLOWER}: Fetches by broker {counts}")


class Reader:
    """Of one partition, without a session."""

    def __init__(self, connection, topic, partition):
        self.connection, self.topic, self.partition = connection, topic, partition
        self.offset, self.told, self.keys = 0, 0, 0

    def fetch(self, wait_ms=100):
        answer = self.connection.ask("Fetch", VERSION, {
            "ReplicaId": -1, "MaxWaitMs": wait_ms, "MinBytes": 1, "MaxBytes": 1 << 20, "IsolationLevel": 0, "SessionId": 0,
            "SessionEpoch": -1, "Topics": [{"Topic": self.topic, "Partitions": [
                {"Partition": self.partition, "CurrentLeaderEpoch": -1, "FetchOffset": self.offset, "LastFetchedEpoch": -1,
                 "LogStartOffset": -1, "PartitionMaxBytes": 1 << 20}]}], "ForgottenTopicsData": [],
            "RackId": f"r{FOLLOWER}"})
        part = answer["Responses"][0]["Partitions"][0]
        check_equal((answer["ErrorCode"], part["ErrorCode"]), (0, 0), "errors of a Fetch")
        check_equal(part["PreferredReadReplica"], -1, "the replica that is told")
        check(part["HighWatermark"] >= self.told, f"the high watermark went from {self.told} to {part['HighWatermark']}")
        self.told = part["HighWatermark"]
        got = len(part["Records"] or b"") > 0
        self.offset = part["HighWatermark"] if got else self.offset
        return got


def write(world, topic, partition):
    with world.kafka.connect(world.leaders(topic)[partition]) as broker:
        answer = broker.ask("Produce", 9, {"TransactionalId": None, "Acks": 1, "TimeoutMs": 20000, "TopicData": [
            {"Name": topic, "PartitionData": [{"Index": partition, "Records": wire.batch([(None, b"more")])}]}]})
    check_equal(answer["Responses"][0]["PartitionResponses"][0]["ErrorCode"], 0, "error of a record")


def stands_still(world, topic):
    """The follower that is read stands still: what is written then comes from the leader, within seconds."""
    partition = next(p for p, leader in world.leaders(topic).items() if leader != FOLLOWER)
    host, _, port = world.bootstrap.partition(":")
    with wire.Connection(host, int(port), wire.schemas(world.kafka.version), limit=STILL_S, client_id="zones-raw") as client:
        reader = Reader(client, topic, partition)
        wait_for(lambda: not reader.fetch(), 20, "all that is there is read")
        reader.fetch()
        check(fetches(world, "zones-raw")[FOLLOWER] > 0, f"broker {FOLLOWER} is asked for what others lead")
        world.kafka.pause_broker(FOLLOWER)
        begun = time.monotonic()
        try:
            write(world, topic, partition)
            wait_for(reader.fetch, STILL_S, "a record that the leader alone has")
            check(time.monotonic() - begun < STILL_S, "the leader was asked too late")
        finally:
            world.kafka.resume_broker(FOLLOWER)
    world.kafka.wait_in_sync()


def run(world):
    topic = world.topic("zones", PARTITIONS, min_insync_replicas=1)
    world.kcat().produce(topic, COUNT, "z", batch__num__messages=4)  # many batches, so many Fetches
    log_requests(world, SET)
    try:
        reads_nearby(world, topic, "zones-kcat", lambda group, words: world.kcat().consume(
            topic, group, COUNT, fetch__message__max__bytes=2000, **words))
        reads_nearby(world, topic, "zones-java", lambda group, words: world.java().consume(
            topic, group, COUNT, max__partition__fetch__bytes=2000, **words))
        if world.through_gateway:
            stands_still(world, topic)
    finally:
        log_requests(world, DELETE)
