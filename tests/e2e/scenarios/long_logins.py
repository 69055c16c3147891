"""Clients that must log in again every few seconds (KIP-368), while a node, a broker and HAProxy are killed, each once.

Java and franz-go produce as users of SCRAM and OAUTHBEARER and a group of each reads along; afterwards each record that was
acknowledged is there once, no producer has seen an error, and no broker has refused a login.
"""
import os
import time

import programs
from clients import read_records
from entrances import Entrance, java_login
from world import check, check_equal, check_exactly_once, wait_for

SECURE = True
MODES = ["ports"]
USERS = ["alice", "bob"]
SECONDS = float(os.environ.get("E2E_LONG_LOGINS_SECONDS", 180))
DOWN = 8  # seconds
PAUSE_US = 5000  # between two records
LOGINS = [("java-4.4.0", "alice", "SCRAM-SHA-256"), ("java-4.4.0", "bob", "OAUTHBEARER"),
          ("franz-go", "bob", "SCRAM-SHA-512"), ("franz-go", "alice", "OAUTHBEARER")]


def run(world):
    for user in USERS:
        world.kafka.allow(user, "topic", f"{world.mode}-{user}-*", "read", "write", "describe")
        world.kafka.allow(user, "group", f"{world.mode}-{user}-*", "read")
    clients = ["java-4.4.0", *programs.available()]
    loads = [(JavaLoad if name.startswith("java") else GoLoad)(world, name, user, mechanism)
             for name, user, mechanism in LOGINS if name in clients]
    began = time.monotonic()
    for number, kill in enumerate((a_node, a_broker, haproxy) if world.through_gateway else (a_broker,), 1):
        time.sleep(max(0.0, began + SECONDS * number / 4 - time.monotonic()))
        kill(world)
    time.sleep(max(0.0, began + SECONDS - time.monotonic()))
    for load in loads:
        load.finish()
    if world.through_gateway:
        again = sum(node.metrics().sum("anyport_client_reauthentications_total") for node in world.nodes)
        check(again > len(loads) * SECONDS / 10, f"only {again} logins again")
        refused = sum(node.metrics().sum("anyport_client_logins_total", outcome="refused") +
                      node.metrics().sum("anyport_broker_logins_total", outcome="refused") for node in world.nodes)
        check_equal(refused, 0, "refused logins")


def a_node(world):
    node = world.nodes[1]
    print(f"  {node.name} is killed", flush=True)
    node.kill()
    time.sleep(DOWN)
    world.restart(node)
    world.wait_all_up()


def a_broker(world):
    print("  broker 2 is killed", flush=True)
    world.kafka.kill_broker(2)
    time.sleep(DOWN)
    world.kafka.start_broker(2)
    world.kafka.wait_ready()
    world.kafka.wait_in_sync()


def haproxy(world):
    print("  HAProxy is killed", flush=True)
    world.haproxy.process.kill()
    time.sleep(DOWN / 4)
    world.start_haproxy()
    world.wait_all_up()


class Load:
    def __init__(self, world, name, user, mechanism):
        self.world, self.user = world, user
        self.label = f"{name}-{mechanism}"
        self.topic = world.topic(f"{user}-long-{self.label.lower()}", min_insync_replicas=2)
        self.group = f"{world.mode}-{user}-long-{self.label}"

    def finish(self):
        counts = self.stop()
        check_equal((counts["failed"], counts["acknowledged"]), (0, counts["sent"]), f"failed, acknowledged of {self.label}: {counts}")
        check(counts["sent"] > SECONDS * 50, f"{self.label} has sent only {counts['sent']}")
        check_equal(sum(self.world.offsets(self.topic).values()), counts["sent"], f"records of {self.label} in the log")
        keys = [f"k{i}" for i in range(counts["sent"])]
        check_exactly_once(self.read(f"{self.group}-after", counts["sent"]), keys, f"{self.label} afterwards")
        check_exactly_once(self.read_along(counts["sent"]), keys, f"{self.label} meanwhile", or_again=True)
        print(f"  {self.label}: {counts['sent']} records", flush=True)


class JavaLoad(Load):
    def __init__(self, world, name, user, mechanism):
        super().__init__(world, name, user, mechanism)
        self.java = world.java("4.4.0", "jwt")
        self.settings = {"security.protocol": "SASL_PLAINTEXT", **java_login(world, user, mechanism)}
        self.out = world.scene.dir / f"{self.label}-along.records"
        self.reader = self.java.start("consume", topic=self.topic, group__id=self.group, count=10 ** 9, limit=3600, out=self.out,
                                      **self.settings)
        self.producer = self.java.start("load", topic=self.topic, prefix="k", every__us=PAUSE_US, enable__idempotence="true",
                                        **self.settings)

    def stop(self):
        return self.java.stop(self.producer)

    def read(self, group, count):
        return self.java.consume(self.topic, group, count, **self.settings)

    def read_along(self, count):
        self.java.wait_progress(self.reader, count, 60)
        self.java.run("stop", which=self.reader)
        self.java.wait(self.reader, 30)
        return read_records(self.out)


class GoLoad(Load):
    def __init__(self, world, name, user, mechanism):
        super().__init__(world, name, user, mechanism)
        self.client = Entrance(world).client(name, user, mechanism)
        self.reader = self.client.start_along(world.scene, self.topic, self.group)
        self.producer = self.client.start_load(world.scene, self.topic, "k", PAUSE_US)

    def stop(self):
        return self.client.stop_load(self.producer)

    def read(self, group, count):
        return self.client.consume(self.topic, group, count)

    def read_along(self, count):
        wait_for(lambda: len({(r.partition, r.offset) for r in read_records(self.reader.out)}) >= count, 60, f"{self.label} has read all")
        self.reader.kill()
        return read_records(self.reader.out)
