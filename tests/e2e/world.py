"""What a scenario gets: a Kafka cluster, gateway nodes behind HAProxy, clients, and the means to check.

Modes: "ports" and "single" as the gateway advertises, and "direct": the same
scenario at the brokers themselves, to know that it asks for nothing that Kafka
does not do.
"""
import collections
import os
import pathlib
import threading
import time

import clients
import programs
import wire
from cluster import FIRST_PORT, HTTP_PORT, Node, check, check_equal, wait_for

NODES = 3
PORTS = 4  # three brokers and a spare one


def haproxy_config(nodes, host, socket_path, ports=PORTS, first_port=FIRST_PORT):
    """Round robin over all nodes, and never the port that the client asked for."""
    lines = f"""global
    maxconn 4000
    stats socket {socket_path} mode 600 level admin expose-fd listeners
    hard-stop-after 1s
defaults
    mode tcp
    timeout connect 3s
    timeout check 2s
    timeout client 11m
    timeout server 11m
    option redispatch 1
    retries 3
    balance roundrobin
backend health
    option httpchk GET /health/ready
    http-check expect status 200
""".splitlines()
    for node in nodes:
        lines.append(f"    server {node.name} {node.host}:{first_port} check port {HTTP_PORT} inter 300ms fall 1 rise 1"
                     " on-marked-down shutdown-sessions")
    for asked in range(ports):
        lines += [f"frontend port{asked}", f"    bind {host}:{first_port + asked}", f"    default_backend not{asked}",
                  f"backend not{asked}"]
        for shift in range(1, ports):
            port = (asked + shift) % ports
            lines += [f"    server {node.name}-{port} {node.host}:{first_port + port} track health/{node.name}"
                      for node in nodes]
    return "\n".join(lines) + "\n"


class World:
    def __init__(self, scene, kafka, mode, advertise=None):
        """advertise: the host that clients are told when it is not HAProxy's own (something stands before it)."""
        self.scene, self.kafka, self.mode, self.advertise = scene, kafka, mode, advertise
        self.nodes, self.haproxy, self.watch = [], None, None
        self.node_env = {}  # that the nodes have besides, from the next reopen() on
        self.more_nodes = []  # that a scenario starts for itself
        self.asked = set()  # (API, version) that raw requests to the gateway had answers to
        self.bootstrap = kafka.bootstrap
        self.reopen()

    def reopen(self):
        """Starts nodes and HAProxy (again, after close())."""
        if self.mode == "direct":
            return
        host = self.scene.host(1)
        listener = f"{self.advertise or host}:{FIRST_PORT}"
        self.nodes = []
        for number in range(1, NODES + 1):
            self.nodes.append(Node(self.scene, number, self.kafka.bootstrap, advertise=listener, ports=PORTS,
                                   mode=self.mode, min_broker=1, threads=2, env={**self.kafka.node_env, **(self.node_env or {})}))
        for node in self.nodes:
            node.wait_ready()
        self.start_haproxy()
        self.wait_all_up()
        self.pids = {node.name: node.pid for node in self.nodes}
        self.bootstrap = listener
        self.watch = Watch(self)

    def close(self):
        if self.watch:
            self.watch.stop()
        if self.haproxy:
            self.haproxy.process.stop(5)
        self.scene.look_at_pages(self.nodes)
        for node in self.nodes:
            node.process.kill()

    @property
    def through_gateway(self):
        return self.mode != "direct"

    # -- clients (the JVMs live as long as the scene) ------------------------

    def _kept(self, key, make):
        kept = self.scene.__dict__.setdefault("kept", {})
        if key not in kept:
            kept[key] = make()
        kept[key].bootstrap = self.bootstrap
        return kept[key]

    def close_clients(self):
        kept = self.scene.__dict__.get("kept", {})
        while kept:
            kept.popitem()[1].close()

    def java(self, version="4.4.0", *more):
        """more: sets of jars that it needs beside."""
        return self._kept((version, *more), lambda: clients.Java(version, self.bootstrap, self.scene, more, self.kafka.java_options()))

    def kcat(self):
        return self._kept("kcat", lambda: clients.Kcat(self.bootstrap, self.scene.dir))

    def python(self, library):
        return self._kept(library, lambda: clients.Python(library, self.bootstrap, self.scene.dir))

    def programs(self):
        """franz-go, sarama and KafkaJS, as far as this machine can have them, each a new one."""
        return [programs.Program(name, self.bootstrap, self.scene.dir) for name in programs.available()]

    def tools(self):
        return self._kept("tools", lambda: clients.Tools(self.scene))

    def tool(self, name, *words, bootstrap=None, **more):
        """What a console tool prints; through the gateway, that names no broker's address."""
        text = self.tools().run(bootstrap or self.bootstrap, name, *words, **more)
        if self.through_gateway and not bootstrap:
            shown = [broker.host for broker in self.kafka.brokers.values() if broker.host in text]
            check(not shown, f"{name} {' '.join(words)} shows a broker's address:\n{text}")
        return text

    # -- what only the cluster itself can say --------------------------------

    def full_name(self, topic):
        return f"{self.mode}-{topic}"

    def topic(self, name, partitions=12, replicas=3, **settings):
        """Makes a topic directly at the brokers, ready to use; returns its full name."""
        name = self.full_name(name)
        configs = [{"Name": key.replace("_", "."), "Value": str(value)} for key, value in settings.items()]
        with self.kafka.connect(self.kafka.any_broker()) as broker:
            answer = broker.ask("CreateTopics", 7, {"timeoutMs": 20000, "Topics": [
                {"Name": name, "NumPartitions": partitions, "ReplicationFactor": replicas, "Configs": configs}]})
            check_equal(answer["Topics"][0]["ErrorCode"], 0, f"error of creating {name}")
        self.wait_led(name, partitions)
        return name

    def wait_led(self, topic, partitions):
        """Until every broker lists all partitions of the topic with a leader and all replicas in sync."""
        def led():
            for node, broker in self.kafka.brokers.items():
                if broker.process.alive():
                    found = self.kafka.metadata(node, [topic])["Topics"][0]["Partitions"]
                    if len(found) != partitions or any(
                            p["LeaderId"] < 0 or len(p["IsrNodes"]) != len(p["ReplicaNodes"]) for p in found):
                        return False
            return True
        wait_for(led, 30, f"every broker knows {topic}")
        # a broker lists a new partition a moment before it serves it; what is sent then with acks=0 is lost
        wait_for(lambda: self.serves(topic), 30, f"the leaders serve {topic}")

    def serves(self, topic):
        try:
            return len(self.offsets(topic)) > 0
        except AssertionError:
            return False

    def leaders(self, topic):
        """{partition: broker id}"""
        found = self.kafka.metadata(topics=[topic])["Topics"][0]["Partitions"]
        return {p["PartitionIndex"]: p["LeaderId"] for p in found}

    def offsets(self, topic, timestamp=-1, isolation=0):
        """{partition: offset}, asked of the leaders: -1 the end, -2 the start; isolation 1: what is committed."""
        result = {}
        by_leader = collections.defaultdict(list)
        for partition, leader in self.leaders(topic).items():
            by_leader[leader].append(partition)
        for leader, partitions in by_leader.items():
            with self.kafka.connect(leader) as broker:
                answer = broker.ask("ListOffsets", 7, {"ReplicaId": -1, "IsolationLevel": isolation, "Topics": [
                    {"Name": topic, "Partitions": [{"PartitionIndex": p, "Timestamp": timestamp}
                                                   for p in partitions]}]})
            for p in answer["Topics"][0]["Partitions"]:
                check_equal(p["ErrorCode"], 0, f"ListOffsets of {topic}-{p['PartitionIndex']}")
                result[p["PartitionIndex"]] = p["Offset"]
        return result

    def coordinator(self, key, kind=0):
        """The broker id that coordinates a group (0) or a transactional id (1)."""
        def ask():
            with self.kafka.connect(self.kafka.any_broker()) as broker:
                found = broker.ask("FindCoordinator", 4, {"KeyType": kind, "CoordinatorKeys": [key]})["Coordinators"][0]
            return found["ErrorCode"] == 0 and found["NodeId"]
        return wait_for(ask, 30, f"a coordinator for {key}")

    def committed(self, group, topic):
        """{partition: offset} that the group committed."""
        with self.kafka.connect(self.coordinator(group)) as broker:
            answer = broker.ask("OffsetFetch", 7, {"GroupId": group, "Topics": None})
        return {p["PartitionIndex"]: p["CommittedOffset"] for found in answer["Topics"] if found["Name"] == topic
                for p in found["Partitions"]}

    # -- checks ----------------------------------------------------------------

    def counts(self):
        """{pid of a node: what it has counted so far}; who is killed takes its counts along."""
        return {node.pid: self._counts_of(node) for node in self.nodes if node.process.alive()}

    @staticmethod
    def _counts_of(node):
        metrics, counts = node.metrics(), collections.Counter()
        for labels, value in metrics.rows("anyport_requests_total"):  # no row for what was never asked
            counts[labels["api"]] += value
            counts[node.name] += value
        for way in ("in", "out"):
            counts[way] = metrics.sum("anyport_client_bytes_total", direction=way)
        return counts

    def check_went_through(self, before, produced=0, fetched=0, payload=0, every_node=True):
        """At least so many Produce and Fetch requests and payload bytes each way, and work for every node."""
        if not self.through_gateway:
            return
        total = collections.Counter()
        for pid, counts in self.counts().items():
            counts.subtract(before.get(pid, {}))
            total.update(counts)
        check(total["Produce"] >= produced, f"only {total['Produce']} Produce requests through the gateway")
        check(total["Fetch"] >= fetched, f"only {total['Fetch']} Fetch requests through the gateway")
        check(total["in"] >= payload, f"only {total['in']} bytes from clients through the gateway")
        check(total["out"] >= payload, f"only {total['out']} bytes to clients through the gateway")
        for node in self.nodes if every_node else []:
            check(total[node.name] > 0, f"{node.name} was asked nothing")

    def check_sound(self):
        """Every node is the process that was started; no client went to a broker behind the gateway's back."""
        for node in self.nodes:
            check(node.process.alive(), f"{node.name} ended with {node.process.popen.returncode}")
            check_equal(node.pid, self.pids[node.name], f"pid of {node.name}")
        if self.watch:
            check(not self.watch.found, f"clients connected to a broker directly: {self.watch.found[:3]}")

    def revive(self):
        """After a scenario that failed: everything up again for the next one, and no client in the middle of something."""
        self.close_clients()
        for node in self.nodes:
            if not node.process.alive():
                self.restart(node)
        for number, broker in self.kafka.brokers.items():
            if not broker.process.alive():
                self.kafka.start_broker(number)
        self.kafka.wait_ready()
        if self.watch:
            self.watch.found.clear()

    def restart(self, node):
        node.start()
        node.wait_ready()
        self.pids[node.name] = node.pid

    def start_haproxy(self):
        config = haproxy_config(self.nodes, self.scene.host(1), self.scene.dir / "haproxy.sock")
        self.haproxy = self.scene.haproxy(config=config, ports=PORTS)

    def all_up(self):
        stats = self.haproxy.stats()
        return all(stats["health", node.name]["status"].startswith("UP") for node in self.nodes)

    def wait_all_up(self):
        wait_for(self.all_up, 10, "all nodes up in HAProxy")


def check_exactly_once(records, expected, what, or_again=False):
    """records: what a group read; expected: the keys that were written.  or_again: some may be read more than once."""
    times = collections.Counter(record.key for record in records)
    lost = [key for key in expected if key not in times]
    twice = [key for key, n in times.items() if n > 1]
    strange = times.keys() - set(expected)
    check(not lost, f"{what}: {len(lost)} of {len(expected)} records not read, such as {lost[:3]}")
    check(or_again or not twice, f"{what}: {len(twice)} records read more than once, such as {twice[:3]}")
    check(not strange, f"{what}: {len(strange)} records read that were never written: {sorted(strange)[:3]}")


class Watch:
    """Looks all the time for TCP connections from anything but the nodes, the brokers and us to a broker."""

    def __init__(self, world):
        self.world = world
        self.found, self._known = [], set()
        self._ends = threading.Event()
        self._brokers = {self._hex(b.host, b.port) for b in world.kafka.brokers.values()}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._ends.set()
        self._thread.join()

    @staticmethod
    def _hex(host, port):
        return "".join(f"{int(part):02X}" for part in reversed(host.split("."))) + f":{port:04X}"

    def _run(self):
        while not self._ends.wait(0.25):
            inodes = set()
            for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
                words = line.split()
                if words[2] in self._brokers and words[3] == "01" and words[9] not in self._known:
                    inodes.add(words[9])
            if inodes:
                self._name_owners(inodes)

    def _name_owners(self, inodes):
        self._known |= inodes
        ours = {os.getpid(), *(node.pid for node in self.world.nodes + self.world.more_nodes),
                *(b.process.pid for b in self.world.kafka.brokers.values())}
        for directory in pathlib.Path("/proc").iterdir():
            if not directory.name.isdigit() or int(directory.name) in ours:
                continue
            try:
                for fd in (directory / "fd").iterdir():
                    target = os.readlink(fd)
                    if target.startswith("socket:[") and target[8:-1] in inodes:
                        line = (directory / "cmdline").read_bytes()
                        if line != pathlib.Path("/proc/self/cmdline").read_bytes():  # ours, about to become another program
                            self.found.append(line.replace(b"\0", b" ").decode()[-200:])
            except OSError:
                continue  # it ended meanwhile


def until(seconds):
    """A deadline: until(5)() is true for five seconds."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def topic_id(world, topic):
    with world.kafka.connect(world.kafka.any_broker()) as broker:
        return broker.ask("Metadata", 12, {"Topics": [{"Name": topic}]})["Topics"][0]["TopicId"]


__all__ = ["World", "check", "check_equal", "check_exactly_once", "haproxy_config", "topic_id", "until", "wait_for",
           "wire"]
