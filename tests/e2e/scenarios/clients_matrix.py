"""Every client, every acks level, every compression: 10,000 keyed records each to 12 partitions, and a group of the
same client reads each record exactly once.  With Kafka 4 in mode ports all pairs of acks and compression, else each at
least once."""
import itertools

from world import check_equal, check_exactly_once, until

COUNT = 10000
VALUE = 100  # bytes
ACKS = ["0", "1", "all"]
COMPRESSIONS = ["none", "gzip", "snappy", "lz4", "zstd"]
JAVA = ["3.9.2", "4.3.1", "4.4.0"]


def run(world):
    for version in JAVA:
        one_client(world, world.java(version), ["classic", "consumer"])
    one_client(world, world.kcat(), [None])
    one_client(world, world.python("confluent-kafka"),
               ["classic"] if world.kafka.version.startswith("3") else ["classic", "consumer"])
    one_client(world, world.python("kafka-python"), [None])
    for client in world.programs():
        one_client(world, client, [None])


def pairs(world, compressions):
    if world.mode == "ports" and not world.kafka.version.startswith("3"):
        return list(itertools.product(ACKS, compressions))
    return [(ACKS[i % len(ACKS)], compression) for i, compression in enumerate(compressions)]


def one_client(world, client, protocols):
    before = world.counts()
    topic = world.topic(f"matrix-{client.name}")
    runs = [(f"{acks}-{compression}-", acks, compression) for acks, compression in pairs(world, client.compressions or COMPRESSIONS)]
    client.produce_each(topic, COUNT, runs)
    written = [f"{prefix}{i}" for prefix, _, _ in runs for i in range(COUNT)]
    # with acks=0 the client is done before the broker is
    arrived = until(10)
    while sum(world.offsets(topic).values()) < len(written) and arrived():
        pass
    check_equal(sum(world.offsets(topic).values()), len(written), f"records of {client.name} in the log")
    for protocol in protocols:
        group = f"{topic}-{protocol}"
        options = {"protocol": protocol} if protocol else {}
        records = client.consume(topic, group, len(written), **options)
        check_exactly_once(records, written, f"{client.name} {protocol or ''}")
        check_equal(world.committed(group, topic), world.offsets(topic), f"what {group} committed")
    world.check_went_through(before, produced=len(runs), fetched=1,
                             payload=[c for _, _, c in runs].count("none") * COUNT * VALUE)
