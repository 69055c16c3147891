"""Java, kcat, confluent-kafka and kafka-python produce and consume through three nodes that balance by themselves, while
one is killed, one joins, one is stopped and goes on, and the broker that coordinates their group is killed.  Before that
franz-go, which takes new leaders and their addresses from answers (KIP-951), while every leader moves."""
import concurrent.futures
import copy
import signal
import threading

import programs
from clients import read_records
from load import Load
from scenarios.membership import GRACE, SESSION, hosts_told, start, wait_known
from scenarios.move_leader import elect, reassign
from world import check, check_equal, check_exactly_once, wait_for

MODES = ["ports"]
VERSIONS = ["4.4.0"]
CLUSTER, GROUP = "balanced", "anyport_balanced"
BATCH = 300
PAUSE_US = 1000  # between two records of franz-go


def through(world, nodes):
    """The same world with these nodes and no HAProxy."""
    inner = copy.copy(world)
    inner.nodes = nodes
    inner.bootstrap = ",".join(f"{node.host}:{node.first_port}" for node in nodes)
    return inner


class Writer(threading.Thread):
    """One client that produces a batch after the other; every one of them must succeed."""

    def __init__(self, world, client):
        super().__init__(daemon=True)
        self.world, self.client, self.ends = world, client, threading.Event()
        self.topic = world.topic(f"inner-{client.name}", min_insync_replicas=2)
        self.batches, self.error = 0, None
        self.start()

    def run(self):
        try:
            while not self.ends.wait(0.5):
                self.client.produce(self.topic, BATCH, f"{self.batches}-")
                self.batches += 1
        except Exception as error:  # told by check()
            self.error = error

    def check(self):
        self.ends.set()
        self.join(60)
        check(not self.is_alive() and not self.error, f"{self.client.name} after {self.batches} batches: {self.error}")
        written = {f"{batch}-{i}" for batch in range(self.batches) for i in range(BATCH)}
        check(written, f"{self.client.name} has written nothing")
        there = sum(self.world.offsets(self.topic).values())  # those that were sent again are there twice
        read = self.client.consume(self.topic, f"{self.topic}-group", there, limit=60)
        lost = written - {record.key for record in read}
        check(not lost, f"{self.client.name}: {len(lost)} of {len(written)} records lost, such as {list(lost)[:3]}")
        return f"{self.client.name} {len(written)} records, {there - len(written)} twice"


def start_node(world, number):
    return start(world, number, wait=False, GATEWAY_CLUSTER_ID=CLUSTER)


def follows(nodes, count, what):
    """Every node knows so many, and names those and no other."""
    took = wait_known(nodes, count, SESSION + GRACE, what)
    hosts = {node.host for node in nodes}
    for node in nodes:
        check_equal(hosts_told(node), hosts, f"hosts that {node.name} names: {what}")
    print(f"{what}: after {took:.1f} s")


def run(world):
    nodes = [start_node(world, number) for number in (11, 12, 13)]
    try:
        for node in nodes:
            node.wait_ready()
        wait_known(nodes, 3, 15, "three nodes know each other")
        inner = through(world, nodes)
        if "franz-go" in programs.available():
            leaders_move(world, inner)
        topic = world.topic("inner-java", min_insync_replicas=2)
        writers = [Writer(inner, client) for client in (inner.kcat(), inner.python("confluent-kafka"),
                                                        inner.python("kafka-python"))]
        with Load(inner, topic, request__timeout__ms=5000, metadata__max__age__ms=2000) as load:
            load.more(1000)
            one_is_killed(nodes, load)
            one_joins(world, nodes, load)
            one_is_starved(nodes, load)
            the_coordinator_is_killed(world, nodes, load)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            print(*pool.map(Writer.check, writers), sep="\n")
        check_load(inner, load)
    finally:
        for node in nodes:
            node.process.signal(signal.SIGCONT)
            node.process.kill()


def leaders_move(world, inner):
    """Nothing lost, nothing twice, no error; that no leader itself is dialled is looked at for all scenarios."""
    topic, before = world.topic("inner-franz", min_insync_replicas=1), inner.counts()
    client = programs.Program("franz-go", inner.bootstrap, world.scene.dir)
    reader = client.start_along(world.scene, topic, f"{topic}-along")
    producer = client.start_load(world.scene, topic, "k", PAUSE_US)

    def read():
        return len(read_records(reader.out))

    def more(records):
        began = wait_for(read, 60, "franz-go reads")
        wait_for(lambda: read() >= began + records, 60, f"{records} records more of franz-go")
    more(200)
    first = world.leaders(topic)
    reassign(world, topic)
    elect(world, topic)
    check(all(leader != first[p] for p, leader in world.leaders(topic).items()), f"leaders moved from {first}")
    more(500)
    counts = client.stop_load(producer)
    check_equal((counts["failed"], counts["acknowledged"]), (0, counts["sent"]), f"failed, acknowledged of franz-go: {counts}")
    check_equal(sum(world.offsets(topic).values()), counts["sent"], "records of franz-go in the log")
    wait_for(lambda: read() >= counts["sent"], 60, "franz-go has read all")
    reader.kill()
    check_exactly_once(read_records(reader.out), [f"k{n}" for n in range(counts["sent"])], "franz-go meanwhile")
    inner.check_went_through(before, produced=10, fetched=10, every_node=False)


def one_is_killed(nodes, load):
    nodes[0].kill()
    follows(nodes[1:], 2, "a killed node is gone")
    load.more(500)
    nodes[0].start()
    nodes[0].wait_ready()


def one_joins(world, nodes, load):
    nodes.append(start_node(world, 14))
    nodes[-1].wait_ready()
    follows(nodes, 4, "a new node is there")
    load.more(500)


def one_is_starved(nodes, load):
    nodes[1].process.signal(signal.SIGSTOP)
    others = [nodes[0], *nodes[2:]]
    follows(others, 3, "a node that is stopped is gone")
    load.more(500)
    nodes[1].process.signal(signal.SIGCONT)
    follows(nodes, 4, "it goes on and is back")
    load.more(500)


def the_coordinator_is_killed(world, nodes, load):
    victim = world.coordinator(GROUP)
    world.kafka.kill_broker(victim)
    wait_for(lambda: world.coordinator(GROUP) != victim, 30, "another coordinator")
    wait_known(nodes, 4, 20, "the members with another coordinator")
    load.more(500)
    world.kafka.start_broker(victim)
    world.kafka.wait_ready()
    world.kafka.wait_in_sync()
    load.more(500)


def check_load(inner, load):
    """Idempotent: nothing lost, nothing twice in the log.  A node that ends or stands still takes a group's commit along."""
    load.check(or_again=True)
    for node in inner.nodes:
        check(node.metrics().sum("anyport_requests_total", api="Produce") > 0, f"{node.name} was sent nothing")
