"""Kafka Connect copies a file into a topic and the topic into a file, and MirrorMaker 2 copies topics both ways between the
cluster behind the gateway and another one, while a node and a broker are killed, each once: nothing is lost.

For two minutes, or CONNECT_SECONDS.
"""
import copy
import itertools
import os
import time

import jars
from brokers import Cluster
from scenarios import long_logins
from world import check, check_equal, wait_for

MODES = ["ports"]
VERSIONS = ["4.4.0"]
SECONDS = float(os.environ.get("CONNECT_SECONDS", 120))
PAUSE = 0.05  # between two lines
REST_HOST = 40
OTHER_HOST = 90  # of the other cluster's first broker, less one
ONE_BROKER = {name: 1 for name in (
    "offsets.topic.replication.factor", "transaction.state.log.replication.factor", "share.coordinator.state.topic.replication.factor")}
COPIES = 1  # of what MirrorMaker keeps for itself
GROUP = "ports-mirrored-readers"
COUNTED = {"produced": 1, "fetched": 1, "every_node": False}  # at least: a node that is killed takes its counts along
READERS = itertools.count(1)


def run(world):
    files(world)
    mirrors(world)


def java(world, main, *words):
    return world.scene.process(["java", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars.classpath("connect-4.3.1"),
                                main, *words], name=main.rpartition(".")[2])


def properties(world, name, settings):
    return world.scene.file(name, "".join(f"{key}={value}\n" for key, value in settings.items()))


def disturb(world, write):
    """Writes for the whole time, and kills a node and a broker meanwhile; returns what was written."""
    began, written, kills = time.monotonic(), [], [long_logins.a_node, long_logins.a_broker]
    if not world.through_gateway:
        kills = kills[1:]
    at = [began + SECONDS * (n + 1) / 3 for n in range(len(kills))]
    while time.monotonic() < began + SECONDS or kills:
        written.append(write(len(written)))
        if kills and time.monotonic() >= at[0]:
            at.pop(0)
            kills.pop(0)(world)
        time.sleep(PAUSE)
    return written


# -- Connect: a file, a topic, a file -------------------------------------------------

def files(world):
    topic = world.topic("lines", 3)
    source, sink = world.scene.dir / "source.txt", world.scene.dir / "sink.txt"
    source.touch()
    worker = properties(world, "worker.properties", {
        "bootstrap.servers": world.bootstrap, "offset.storage.file.filename": world.scene.dir / "connect.offsets",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "offset.flush.interval.ms": 1000, "listeners": f"http://{world.scene.host(REST_HOST)}:8083", "plugin.discovery": "only_scan"})
    ends = [properties(world, f"{name}.properties", {"name": name, "connector.class": f"org.apache.kafka.connect.file.FileStream{name}Connector",
                                                     "tasks.max": 1, "file": path, key: topic})
            for name, path, key in (("Source", source, "topic"), ("Sink", sink, "topics"))]
    before = world.counts()
    connect = java(world, "org.apache.kafka.connect.cli.ConnectStandalone", worker, *ends)
    with source.open("a") as lines:
        def write(number):
            print(f"line {number}", file=lines, flush=True)
            return f"line {number}"
        write_first = write(0)
        wait_for(lambda: sink.exists() and write_first in sink.read_text().splitlines(), 120, "the first line has come through")
        written = disturb(world, write)
    wait_for(lambda: set(written) <= set(sink.read_text().splitlines()), 120, "all lines are in the sink's file")
    got = sink.read_text().splitlines()
    check_equal(set(got) - set(written), set(), "lines that nobody has written")
    check(connect.alive(), f"Connect has ended: {connect.log(30)}")
    connect.stop(60)
    world.check_went_through(before, **COUNTED)
    print(f"  Connect: {len(written)} lines, {len(got)} in the sink's file", flush=True)


# -- MirrorMaker 2: two clusters --------------------------------------------------------

def mirrors(world):
    other = Cluster(world.kafka.version, world.scene, 1, {**ONE_BROKER, "share.coordinator.state.topic.min.isr": 1},
                    first_host=OTHER_HOST)
    other.start()
    try:
        mirror(world, other)
    finally:
        other.stop()


def mirror(world, other):
    there = copy.copy(world)  # the same, at the other cluster itself
    there.kafka, there.bootstrap, there.nodes, there.mode = other, other.bootstrap, [], "direct"
    out, back = world.topic("mirrored", 3), there.topic("back", 3, replicas=1)
    settings = properties(world, "mirror.properties", {
        "clusters": "gate,other", "gate.bootstrap.servers": world.bootstrap, "other.bootstrap.servers": other.bootstrap,
        "gate->other.enabled": "true", "gate->other.topics": out, "gate->other.groups": GROUP,
        "other->gate.enabled": "true", "other->gate.topics": back, "tasks.max": 2,
        "sync.group.offsets.enabled": "true", "sync.group.offsets.interval.seconds": 2, "emit.checkpoints.interval.seconds": 2,
        "refresh.topics.interval.seconds": 2, "refresh.groups.interval.seconds": 2, "offset.lag.max": 0,
        **{f"{name}.replication.factor": COPIES for name in ("checkpoints.topic", "heartbeats.topic", "offset-syncs.topic",
                                                             "offset.storage", "status.storage", "config.storage")},
        "replication.factor": COPIES})
    before = world.counts()
    maker = java(world, "org.apache.kafka.connect.mirror.MirrorMaker", settings)
    wait_for(lambda: has_topic(there, f"gate.{out}") and has_topic(world, f"other.{back}"), 180, "both topics are mirrored")
    loads = []
    for end, topic in ((world, out), (there, back)):
        loads.append(world.java().start("load", topic=topic, prefix="m", every__us=int(PAUSE * 1e6), enable__idempotence="true",
                                        **{"bootstrap.servers": end.bootstrap}))
    disturb(world, lambda number: number)
    sent = [world.java().stop(load)["acknowledged"] for load in loads]
    check(min(sent) > SECONDS, f"only {sent} records were sent, there and back")
    for end, topic, count in ((there, f"gate.{out}", sent[0]), (world, f"other.{back}", sent[1])):
        wait_for(lambda: keys_in(end, topic, count) == {f"m{i}" for i in range(count)}, 120, f"{count} records in {topic}, none lost")
    world.java().consume(out, GROUP, sent[0])
    wait_for(lambda: sum(there.committed(GROUP, f"gate.{out}").values()) >= sent[0] - 3, 60,
             "the group's offsets are where the group would go on at the other cluster")
    check(maker.alive(), f"MirrorMaker has ended: {maker.log(30)}")
    maker.stop(60)
    world.check_went_through(before, **COUNTED)
    print(f"  MirrorMaker: {sent[0]} records there, {sent[1]} back", flush=True)


def keys_in(world, topic, least):
    """Of all records, once there are so many."""
    total = sum(world.offsets(topic).values())
    return total >= least and {r.key for r in world.java().consume(topic, f"{topic}-{next(READERS)}", total)}


def has_topic(world, name):
    found = world.kafka.metadata(topics=[name])["Topics"][0]
    return found["ErrorCode"] == 0 and len(found["Partitions"]) == 3
