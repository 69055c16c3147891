#!/usr/bin/env python3
"""A bad day in a row: no DNS, no descriptors, a broker that stands still, connections whose other ends are gone, HAProxy
reloaded, the log's disk full.  Meanwhile nobody loses what was acknowledged; in the end every client is served, and
every counter is back where it was.

BAD_DAYS (1) days one after the other; BROKER_STANDS (4) seconds that a broker stands still.
"""
# alone
# not lame
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from machine import in_namespaces, skip  # noqa: E402

if not in_namespaces("-n", "-m", "mount --make-rprivate / && mount -t tmpfs none /mnt && "
                     "ip link add anyport0 type bridge && ip link add v1 type veth peer name v2"):
    skip("network and mount namespaces can't be made on this machine")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from cluster import FIRST_PORT, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection, WireError, batch, produce_data, records_of  # noqa: E402
from nameserver import Dns  # noqa: E402
from network import Network  # noqa: E402
from traffic import errors_of, fetch_request, parts_of  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402

DAYS, STANDS = int(os.environ.get("BAD_DAYS", "1")), float(os.environ.get("BROKER_STANDS", "4"))
BROKERS, NODES, CLIENTS, PARTITIONS = 3, 2, 12, 6
FAR = 150  # the number of the first host that is to vanish
HALF_OPEN, IDLE_S = 20, 6
LOOKS = 8
HELD_BACK = "event=held_back"
ANSWERS_KEPT_S = 30  # see gateway/topology/resolve.h
GROWTH = 16 << 20  # bytes of private memory that a node may keep of a day
RETRIED = {5, 6, 7, 14, 15, 16}
SANITIZED = "sanitize" in os.environ.get("CFLAGS", "")
SANE = {"anyport_memory_held_bytes": 0, "anyport_memory_waiting": 0, "anyport_workers_without_descriptors": 0,
        "anyport_ready": 1}


class NamedCluster(GroupCluster):
    """Its brokers say names, and can stand still: whoever asks waits."""

    def __init__(self, scene, brokers, topics):
        self.moves = {n: threading.Event() for n in range(1, brokers + 1)}
        for moves in self.moves.values():
            moves.set()
        super().__init__(scene, brokers, topics)
        self.names = {n: f"b{n}.kafka.test" for n in self.hosts}
        self.bootstrap = ",".join(f"{name}:{FIRST_PORT}" for name in self.names.values())

    def _metadata(self, number, values):
        answer = super()._metadata(number, values)
        for broker in answer["brokers"]:
            broker["host"] = self.names[broker["node_id"]]
        return answer

    def _answer(self, number, sock, data):
        self.moves[number].wait()
        super()._answer(number, sock, data)


class Client(threading.Thread):
    """Writes to all partitions, over one connection as long as that lasts; retries as clients do."""

    def __init__(self, number, address):
        super().__init__(daemon=True)
        self.name, self.address, self.kafka = f"client-{number}", address, None
        self.acknowledged = {("t", p): [] for p in range(PARTITIONS)}
        self.served, self.connections, self.ends, self.wrong = 0, 0, False, None

    def run(self):
        number = 0
        while not self.ends and not self.wrong:
            number += 1
            left = {part: f"{self.name}-{number}".encode() for part in self.acknowledged}
            while left and not self.ends and not self.wrong:
                left = self.attempt(left)
            self.served += not left
            time.sleep(0.1)
        if self.kafka:
            self.kafka.close()

    def attempt(self, left):
        """What is still to be written."""
        try:
            if self.kafka is None:
                self.kafka = Connection(*self.address, client_id=self.name, timeout=40)
                self.connections += 1
            data = {part: batch([value]) for part, value in left.items()}
            errors = errors_of("Produce", self.kafka.ask("Produce", 7, acks=-1, timeout_ms=20000,
                                                         topic_data=produce_data(data)))
        except (OSError, WireError) as error:
            if isinstance(error, WireError) and "closed after" not in str(error):
                self.wrong = error
            self.kafka = None
            time.sleep(0.1)
            return left
        for part, error in errors.items():
            if error == 0:
                self.acknowledged[part].append(left[part])
            elif error not in RETRIED:
                self.wrong = f"error {error} in {part}"
        if any(errors.values()):
            time.sleep(0.1)
        return {part: value for part, value in left.items() if errors[part]}


class Day:
    def __init__(self, scene):
        scene.network = Network(scene, range(FAR, FAR + DAYS))
        self.far = iter(range(FAR, FAR + DAYS))
        self.scene, self.front = scene, scene.host(1)
        self.dns = Dns(scene.host(53), 53)
        scene.file("resolv.conf", f"nameserver {scene.host(53)}\noptions timeout:1 attempts:1\n")
        self.disk = scene.dir / "disk"
        self.disk.mkdir()
        sh(f"mount --make-rprivate / && mount --bind {scene.dir}/resolv.conf /etc/resolv.conf && "
           f"mount -t tmpfs -o size=512k none {self.disk}")
        self.kafka = NamedCluster(scene, BROKERS, {"t": PARTITIONS})
        self.dns.by_name = {name: [self.kafka.hosts[n]] for n, name in self.kafka.names.items()}
        self.nodes = [scene.node(self.kafka.bootstrap, advertise=f"{self.front}:{FIRST_PORT}", threads=2,
                                 log=self.disk / f"n{n}.log", env=self.settings()) for n in range(1, NODES + 1)]
        self.haproxy = scene.haproxy(self.nodes, to_port="+1", ports=self.nodes[0].port_count - 1, hard_stop="2s")
        self.haproxy.wait_up(*(node.name for node in self.nodes))
        self.clients = [Client(n, (self.front, FIRST_PORT)) for n in range(CLIENTS)]
        for client in self.clients:
            client.start()

    @staticmethod
    def settings():
        return {"GATEWAY_CLUSTER_ID": "off", "GATEWAY_METADATA_REFRESH": "500 ms", "GATEWAY_IDLE_TIMEOUT": f"{IDLE_S} s",
                "GATEWAY_CONNECT_TIMEOUT": "1 s"}

    # -- what is looked at -----------------------------------------------------

    def everybody_is_served(self, when, seconds=15):
        """Three times more, each of them, and the last twice by one connection."""
        before = {client: client.served for client in self.clients}
        wait_for(lambda: all(client.served >= n + 3 or client.wrong for client, n in before.items()), seconds,
                 f"{when}: everybody is served (not: {[c.name for c, n in before.items() if c.served < n + 3]})")
        check(not [c.wrong for c in self.clients if c.wrong], f"{when}: {[c.wrong for c in self.clients if c.wrong]}")

    def counters(self):
        """What must be the same in quiet times: all that is held, open, or waits."""
        seen = {"descriptors": sum(len(os.listdir(f"/proc/{node.pid}/fd")) for node in self.nodes),
                "threads": [len(os.listdir(f"/proc/{node.pid}/task")) for node in self.nodes],
                "reasons": [node.get_json("/health/ready")[1].get("reasons", []) for node in self.nodes]}
        for metrics in [node.metrics() for node in self.nodes]:
            for name in ("anyport_client_connections", "anyport_broker_connections", *SANE):
                seen[name] = seen.get(name, 0) + metrics.sum(name)
        return seen

    def is_quiet(self, seen):
        """All clients have all their connections, and only those; nothing is held, and nobody complains."""
        return seen["anyport_client_connections"] == CLIENTS and \
            seen["anyport_broker_connections"] == CLIENTS * BROKERS and \
            all(seen[name] == NODES * value for name, value in SANE.items()) and not any(seen["reasons"])

    def quiet(self):
        """The counters when all is quiet: the lowest ones, since a look costs a descriptor and a thread for a moment."""
        looks = []

        def lowest_is_seen_again():
            seen = self.counters()
            looks.append(seen)
            lowest = min((look["descriptors"], look["threads"]) for look in looks[-LOOKS:])
            return seen if len(looks) >= LOOKS and self.is_quiet(seen) and (seen["descriptors"], seen["threads"]) == lowest else None
        return wait_for(lowest_is_seen_again, 30, "all is quiet", 0.1)

    # -- what goes wrong -------------------------------------------------------

    def dns_goes(self):
        """For the rest of the day: names that were resolved once are still good."""
        self.dns.failed, self.dns.fails = 0, True

    def dns_comes_back(self):
        wait_for(lambda: self.dns.failed >= NODES * BROKERS, ANSWERS_KEPT_S + 10, "the nodes have asked in vain")
        self.everybody_is_served("without DNS")
        self.dns.fails = False

    def no_descriptors(self):
        """Who is in is served; who comes has to wait."""
        before = {node: node.process.log().count(HELD_BACK) for node in self.nodes}
        limits = {node: resource.prlimit(node.pid, resource.RLIMIT_NOFILE) for node in self.nodes}
        for node in self.nodes:
            resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (limit_with_free(node.pid, 2), limits[node][1]))
        extra = [Connection(self.front, FIRST_PORT) for _ in range(CLIENTS)]
        wait_for(lambda: all(node.process.log().count(HELD_BACK) > n for node, n in before.items()), 10,
                 "no descriptors are left, for the HTTP side neither")
        self.everybody_is_served("without descriptors")
        for node in self.nodes:
            resource.prlimit(node.pid, resource.RLIMIT_NOFILE, limits[node])
        for one in extra:
            one.close()

    def a_broker_stands_still(self):
        self.kafka.moves[2].clear()
        time.sleep(STANDS)  # what is looked at is what comes of it
        self.kafka.moves[2].set()

    def a_host_vanishes(self):
        """No FIN, no RST: the other ends of its connections stay open until their time is over."""
        host, network = self.scene.host(next(self.far)), self.scene.network
        ready = self.scene.dir / "far"
        far = self.scene.process(
            [*network.within(host), sys.executable, "-c", "import socket, sys, time, pathlib\n"
             f"all = [socket.create_connection(('{self.nodes[0].host}', {FIRST_PORT})) for _ in range({HALF_OPEN})]\n"
             f"pathlib.Path('{ready}').touch()\ntime.sleep(1000)"], name="far")
        wait_for(ready.exists, 10, "the far host is connected")
        node = self.nodes[0]
        has = node.metrics().sum("anyport_client_connections")
        wait_for(lambda: node.metrics().sum("anyport_client_connections") >= HALF_OPEN, 5, "the node has them")
        network.cut(host)
        far.kill()
        ready.unlink()
        network.destroy(host)
        wait_for(lambda: node.metrics().sum("anyport_client_connections") <= max(has - HALF_OPEN, CLIENTS), IDLE_S + 10,
                 "they are given up")

    def haproxy_is_reloaded(self):
        """Who is connected keeps that for a while, then all come anew."""
        for _ in range(2):
            self.haproxy.reload()
            with Connection(self.front, FIRST_PORT) as late:
                late.ask("ApiVersions", 0)
            self.everybody_is_served("HAProxy reloaded")
        wait_for(lambda: len(self.haproxy.workers()) == 1, 10, "the old workers have ended")

    def the_disk_is_full(self):
        """What can't be logged is lost, nothing else; and when there is room again the log goes on."""
        for node in self.nodes:  # no room is left in what the files have already
            with open(node.log_path, "ab") as log:
                log.write(b"\n" * (-node.log_path.stat().st_size % resource.getpagesize()))
        try:
            with open(self.disk / "full", "ab", buffering=0) as rest:
                while rest.write(b"x" * 4096):
                    pass
        except OSError:
            pass  # so it is full
        sizes = self.log_sizes()
        self.say_something()
        self.everybody_is_served("with a full disk")
        check_equal(self.log_sizes(), sizes, "the logs do not grow")
        (self.disk / "full").unlink()
        self.say_something()
        wait_for(lambda: all(now > before for now, before in zip(self.log_sizes(), sizes)), 5, "the logs go on")

    def say_something(self):
        """A node that reads its configuration again says so."""
        for node in self.nodes:
            node.process.signal(signal.SIGHUP)

    def log_sizes(self):
        return [node.log_path.stat().st_size for node in self.nodes]

    # -- the day ---------------------------------------------------------------

    def pass_by(self):
        for fault in (self.dns_goes, self.no_descriptors, self.a_broker_stands_still, self.haproxy_is_reloaded,
                      self.the_disk_is_full, self.a_host_vanishes, self.dns_comes_back):
            fault()
            self.everybody_is_served(fault.__name__, STANDS + 15)
            print(f"    {fault.__name__}", flush=True)

    def end(self):
        for client in self.clients:
            client.ends = True
        for client in self.clients:
            client.join(40)
        check(not any(client.is_alive() for client in self.clients), "all clients came to an end")
        wait_for(lambda: self.counters()["anyport_client_connections"] == 0, 10, "all have gone")
        self.nothing_is_lost()

    def nothing_is_lost(self):
        with Connection(*self.nodes[0].address) as kafka:
            answer = kafka.ask("Fetch", 11, **fetch_request({("t", p): 0 for p in range(PARTITIONS)}, max_wait_ms=0,
                                                            max_bytes=64 << 20))
        for part, got in parts_of("Fetch", answer):
            have = {value for _, _, value in records_of(got["records"])}
            for client in self.clients:
                lost = set(client.acknowledged[part]) - have
                check(not lost, f"{part}: {len(lost)} of {client.name} are lost: {sorted(lost)[:3]}")


def limit_with_free(pid, count):
    """The limit under which so many descriptors can still be opened."""
    used = {int(n) for n in os.listdir(f"/proc/{pid}/fd")}
    limit = 0
    while count > 0:
        count -= limit not in used
        limit += 1
    return limit


def sh(line):
    subprocess.run(line, shell=True, check=True)


def test(scene):
    day = Day(scene)
    day.everybody_is_served("in the morning")
    before, weights = day.quiet(), [node.memory().private for node in day.nodes]
    for _ in range(DAYS):
        day.pass_by()
    check_equal(day.quiet(), before, "the counters")
    for node, weight in zip(day.nodes, weights):
        grown = node.memory().private - weight
        check(SANITIZED or grown < GROWTH, f"{node.name} has grown by {grown >> 10} KiB")
    print(f"{sum(c.served for c in day.clients)} rounds of {CLIENTS} clients, {sum(c.connections for c in day.clients)} connections; "
          f"before and after: {before}")
    day.end()


run(test)
