"""Transactional producers: what is committed is read once, what is aborted is not; offsets commit with the data."""
from world import check, check_exactly_once

TRANSACTIONS = 10
SIZE = 100


def run(world):
    for version in ("3.9.2", "4.4.0"):
        one_version(world, world.java(version), version)
    librdkafka(world)


def librdkafka(world):
    topic = world.topic("txn-librdkafka")
    world.python("confluent-kafka").transactions(topic, TRANSACTIONS, SIZE, f"{topic}-id")
    committed = [f"tc{i}" for i in range(TRANSACTIONS // 2 * SIZE)]
    # librdkafka reads committed records only unless told otherwise
    read = world.python("confluent-kafka").consume(topic, f"{topic}-group", len(committed))
    check_exactly_once(read, committed, "librdkafka, read_committed")


def one_version(world, java, version):
    before = world.counts()
    source, target = world.topic(f"txn-{version}"), world.topic(f"txn-copy-{version}", 6)
    java.run("transactions", topic=source, count=TRANSACTIONS, size=SIZE, transactional__id=f"{source}-id")
    committed = [f"tc{i}" for i in range(TRANSACTIONS // 2 * SIZE)]
    aborted = [f"ta{i}" for i in range(TRANSACTIONS // 2 * SIZE)]

    read = java.consume(source, f"{source}-committed", len(committed), extra=300, isolation__level="read_committed")
    check_exactly_once(read, committed, "read_committed")
    read = java.consume(source, f"{source}-all", len(committed + aborted), extra=300)
    check_exactly_once(read, committed + aborted, "read_uncommitted")

    group = f"{source}-copier"
    java.run("copy", **{"from": source, "to": target, "count": len(committed), "group.id": group,
                        "transactional.id": f"{source}-copier-id"})
    read = java.consume(target, f"{target}-check", len(committed), extra=300, isolation__level="read_committed")
    check_exactly_once(read, committed, "copied in transactions")
    moved = world.committed(group, source)
    check(moved and all(0 < at <= world.offsets(source)[p] for p, at in moved.items()),
          f"offsets committed in the transactions: {moved}")
    world.check_went_through(before, produced=TRANSACTIONS, fetched=1)
