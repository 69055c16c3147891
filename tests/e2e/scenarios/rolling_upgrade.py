"""A cluster is upgraded broker by broker from 3.9.2 to 4.4.0, and its features finalised after, while clients of Java and librdkafka
produce and read through HAProxy and the nodes.

Nothing is lost and no application is told of an error; what a node offers clients is at each moment what all live brokers have in common.
The brokers keep their directories; it is the program that changes.
"""
from load import Load
from process import TimedOut
from scenarios import raw_apis
from scenarios.rolling_restart import Fleet
from world import check, check_equal, wait_for, wire

VERSIONS = ["3.9.2"]
MODES = ["ports"]
NEW = "4.4.0"
RELEASE = "4.3"  # the newest that kafka-features knows, whose newest on Maven Central is 4.3.1
RECORDS, FLEETS_RECORDS = 3000, 1000
OWN = {"ApiVersions": (0, 5)}
CAPPED = {"AddPartitionsToTxn": 3}


def run(world):
    topic, fleets_topic = world.topic("upgrade", min_insync_replicas=2), world.topic("upgrade-fleet", min_insync_replicas=2)
    fleet = Fleet(world, world.bootstrap, fleets_topic)
    try:
        with Load(world, topic, limit=180) as load:
            load.more(RECORDS)
            check_offers(world)
            old = offers(world)
            for number in world.kafka.brokers:
                upgrade(world, number)
                check_offers(world)
                load.more(RECORDS)
            check(offers(world) != old, "what is offered has changed on the way")
            finalise(world)
            check_offers(world)
            load.more(RECORDS)
        load.check(or_again=True)
        now = fleet.check_sound()
        check(now["delivered"] > FLEETS_RECORDS and now["least_read"] > FLEETS_RECORDS, f"the fleet: {now}")
    finally:
        fleet.close()


def upgrade(world, number):
    """Another program over the same directories."""
    kafka = world.kafka
    kafka.stop_broker(number)
    kafka.version = NEW
    kafka.write_settings(kafka.brokers[number])
    kafka.start_broker(number)
    kafka.wait_ready(180)
    kafka.wait_in_sync(180)


def finalise(world):
    said = world.tool("kafka-features", "upgrade", "--release-version", RELEASE)
    check("metadata.version was upgraded" in said, f"kafka-features says {said}")
    levels = features(world.kafka.connect(world.kafka.any_broker()))
    for node in world.nodes:
        wait_for(lambda: features(connect(world, node)) == levels, 60, f"{node.name} tells of the features {levels}")


def features(connection):
    with connection:
        return {row["Name"]: row["MaxVersionLevel"] for row in said_by(connection)["FinalizedFeatures"]}


def said_by(connection):
    return connection.ask("ApiVersions", 3, {"ClientSoftwareName": "e2e", "ClientSoftwareVersion": "1"})


def connect(world, node):
    return wire.Connection(*node.address, wire.schemas(world.kafka.version))


def ranges(answer):
    names = wire.schemas(NEW).names | wire.schemas("3.9.2").names
    return {names[row["ApiKey"]]: (row["MinVersion"], row["MaxVersion"]) for row in answer["ApiKeys"] if row["ApiKey"] not in raw_apis.HIDDEN}


def offers(world):
    """{API: versions} that all live brokers have."""
    found = None
    for number in world.kafka.brokers:
        with world.kafka.connect(number) as broker:
            said = ranges(said_by(broker))
        found = said if found is None else {api: (max(low, said[api][0]), min(high, said[api][1]))
                                            for api, (low, high) in found.items() if api in said}
    found = {api: (low, min(high, CAPPED.get(api, high))) for api, (low, high) in found.items() if low <= high}
    return {**found, **OWN}


def check_offers(world):
    """Each node offers that, as soon as it knows of the broker that came."""
    wanted = offers(world)
    for node in world.nodes:
        try:
            wait_for(lambda: offered_by(world, node) == wanted, 60, "what the node offers")
        except TimedOut:
            check_equal(offered_by(world, node), wanted, f"what {node.name} offers")


def offered_by(world, node):
    with connect(world, node) as connection:
        return ranges(said_by(connection))
