"""Clients write down what they do and see while everything is killed, stopped, cut off and restarted by chance; afterwards
the histories are held against what Kafka promises (history.py), and against what the brokers have.

HISTORY_SECONDS (60) is how long, HISTORY_SEED what chance.  In the mode "direct" the same clients have the same brokers'
faults without any gateway: what is found there is Kafka's or its clients' own.
"""
import json
import os
import pathlib
import signal

from clients import HERE, venv_python
from cluster import BUILD, check, check_equal
from faults import Faults
from history import History, Reader, violations
from machine import skip_part
from world import wait_for

MODES = ["ports", "single"]
VERSIONS = ["4.4.0"]
SECONDS = float(os.environ.get("HISTORY_SECONDS", "60"))
SEED = os.environ.get("HISTORY_SEED", "1")
PRODUCERS, TRANSACTIONAL, MEMBERS = 3, 2, 3
EVERY_US = 4000  # a record of each producer
PARTITIONS = 6
FIGURES = pathlib.Path(BUILD) / "histories.json"
FLUSH = 180  # what a producer may take to end: its delivery.timeout.ms, and one more transaction


class Clients:
    """All that write down something: Java's, in one JVM, and librdkafka's, a process each."""

    def __init__(self, world):
        self.world, self.java, self.started, self.processes = world, world.java("4.4.0"), {}, {}
        self.plain = world.topic("plain", PARTITIONS, min_insync_replicas=2)
        self.mixed = world.topic("transactions", PARTITIONS, min_insync_replicas=2)
        self.readers = []

    def path(self, name):
        return self.world.scene.dir / f"{self.world.mode}-{name.replace(' ', '-')}.history"

    def start(self, verb, name, **words):
        self.started[name] = self.java.start(f"history.{verb}", name=name, out=self.path(name), **words)

    def start_all(self):
        for n in range(MEMBERS):
            self.read(f"c{n}", self.plain, "classic", session__timeout__ms=10000)
            self.read(f"k{n}", self.plain, "new", group__protocol="consumer")
            self.read(f"m{n}", self.mixed, "committed", True, session__timeout__ms=10000)
        self.read("r0", self.mixed, None, True)
        self.read("r1", self.plain, None, False)
        for n in range(PRODUCERS):
            self.start("produce", f"i{n}", topic=self.plain, acks="all", enable__idempotence="true",
                       buffer__memory=8 << 20, every__us=EVERY_US)
        for n in range(TRANSACTIONAL):
            self.start("transact", f"t{n}", topic=self.mixed, transactional__id=f"{self.mixed}-{n}", seed=n,
                       transaction__timeout__ms=20000, buffer__memory=8 << 20, every__us=EVERY_US)

        self.start_librdkafka()

    def start_librdkafka(self):
        for n in range(2):
            self.python("consume", f"l{n}", self.plain, f"{self.plain}-librdkafka", "read_uncommitted")
            self.readers.append(Reader(f"l{n}", self.plain, f"{self.plain}-librdkafka", False))
        self.python("consume", "s0", self.mixed, f"{self.mixed}-librdkafka", "read_committed")
        self.readers.append(Reader("s0", self.mixed, f"{self.mixed}-librdkafka", True))
        self.python("produce", "p0", self.plain, EVERY_US)
        self.python("transact", "q0", self.mixed, EVERY_US, f"{self.mixed}-librdkafka", 7)

    def python(self, verb, name, topic, *words):
        self.processes[name] = self.world.scene.process(
            [venv_python(), HERE / "pyhistory.py", verb, name, self.path(name), self.world.bootstrap, topic, *words],
            name=f"{self.world.mode}-{name}")

    def read(self, name, topic, group, committed_only=False, **words):
        named = {"group__id": f"{topic}-{group}"} if group else {}
        level = "read_committed" if committed_only else "read_uncommitted"
        self.start("consume", name, topic=topic, isolation__level=level, **named, **words)
        self.readers.append(Reader(name, topic, named.get("group__id"), committed_only))

    def stop(self, names, limit):
        for name in names:
            if name in self.started:
                self.java.run("stop", which=self.started[name])
            else:
                self.processes[name].signal(signal.SIGTERM)
        for name in names:
            if name in self.started:
                print(f"  {name}: {self.java.wait(self.started.pop(name), limit)}", flush=True)
            else:
                check_equal(self.processes.pop(name).wait(limit), 0, f"how {name} ended")

    def check_alive(self):
        """What goes wrong is to be written down, not to end a client."""
        ended = {name: self.java.ended(number) for name, number in self.started.items()}
        ended.update({name: process.log(5) for name, process in self.processes.items() if not process.alive()})
        check(not any(ended.values()), f"clients ended: {({name: how for name, how in ended.items() if how})}")

    def leave(self):
        """Nobody goes on when the scenario has failed."""
        for name in self.started:
            self.java.run("stop", which=self.started[name])
        for process in self.processes.values():
            process.kill()

    def names(self, letters=""):
        return [name for name in [*self.started, *self.processes] if name[0] in letters or not letters]

    # -- the truth ---------------------------------------------------------------

    def read_log(self, topic, level):
        """From the brokers themselves, from the first record to the last."""
        name = "log committed" if level == "read_committed" else "log"
        path = self.path(f"{name}-{topic}")
        self.java.run("history.consume", limit=FLUSH, name=name, out=path, topic=topic, until__end="true",
                      isolation__level=level, **{"bootstrap.servers": self.world.kafka.bootstrap})
        return path

    def settled(self, topic):
        """No transaction is open."""
        return self.world.offsets(topic) == self.world.offsets(topic, isolation=1)


def places(path, who=None):
    """{(partition, offset)} of what was read."""
    with open(path) as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    return {(int(row[4]), int(row[5])) for row in rows if len(row) == 7 and row[2] == "read" and who in (None, row[1])}


def wait_until_read(clients, logs):
    """Each group has committed all there is, each reader has seen it."""
    ends, world = {}, clients.world
    for topic, path in logs.items():
        ends[topic] = {}
        for partition, offset in places(path):
            ends[topic][partition] = max(offset + 1, ends[topic].get(partition, 0))

    def committed(group, topic):
        have = world.committed(group, topic)
        return all(have.get(partition, 0) >= end for partition, end in ends[topic].items())
    for group, topic in sorted({(r.group, r.topic) for r in clients.readers if r.group}):
        wait_for(lambda g=group, t=topic: committed(g, t), 90, f"{group} has read all of {topic}", 0.25)
    for reader in clients.readers:
        if reader.group is None:
            wanted = places(logs[reader.topic])
            wait_for(lambda r=reader, w=wanted: w <= places(clients.path(r.who)), 90, f"{reader.who} has read all", 1)


def gather(clients, log_files):
    history = History()
    for path in [*(clients.path(name) for name in sorted({r.who for r in clients.readers} | set(clients.producers))), *log_files]:
        with open(path) as lines:
            history.add_all(lines)
    return history


def final_offsets(clients):
    found = {}
    for reader in clients.readers:
        if reader.group:
            for partition, at in clients.world.committed(reader.group, reader.topic).items():
                found[reader.group, reader.topic, partition] = at
    return found


def keep_figures(mode, figures):
    kept = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    kept[mode] = figures
    FIGURES.write_text(json.dumps(kept, indent=1) + "\n")


def run(world):
    if not world.scene.network:
        skip_part("cutting off", "network namespaces can't be made on this machine, or --network was not given")
    clients = Clients(world)
    print(f"  HISTORY_SEED={SEED} HISTORY_SECONDS={SECONDS:g} ({world.mode})", flush=True)
    try:
        work(world, clients)
    finally:
        clients.leave()


def work(world, clients):
    clients.start_all()
    clients.producers = clients.names("itpq")
    faults = Faults(world, SEED)
    faults.run(SECONDS)
    clients.check_alive()
    clients.stop(clients.producers, FLUSH)
    wait_for(lambda: clients.settled(clients.mixed), 60, "no transaction is open", 0.25)
    logs = {clients.plain: clients.read_log(clients.plain, "read_uncommitted"),
            clients.mixed: clients.read_log(clients.mixed, "read_committed")}
    everything = clients.read_log(clients.mixed, "read_uncommitted")
    wait_until_read(clients, logs)
    offsets = final_offsets(clients)
    clients.stop(clients.names(), 60)
    judge(world, gather(clients, [*logs.values(), everything]), clients.readers, offsets, faults)


def judge(world, history, readers, offsets, faults):
    found, counts = violations(history, readers, offsets), history.counts()
    figures = {"seconds": SECONDS, "seed": SEED, "faults": len(faults.done), "of": faults.counts(), **counts,
               "violations": len(found), "cut off": bool(world.scene.network)}
    keep_figures(world.mode, figures)
    print(f"  {world.mode}: {figures}", flush=True)
    for violation in found[:40]:
        print(f"  {violation.kind}: {violation.text}", flush=True)
    check(counts["acknowledged"] > 20 * SECONDS and counts["committed"] > 0, f"too little was done: {counts}")
    check(not found, f"{len(found)} violations of {sorted({v.kind for v in found})}: {'; '.join(v.text for v in found[:8])}")
