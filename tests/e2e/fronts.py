"""HAProxy with a file of `anyportctl haproxy generate` in front of real nodes, and real clients that go through it.

    with Front(world, nodes, ["--stickiness", "client-id"]) as front:
        node = front.one_node(lambda: front.produce(world.kcat(), client__id="app"))
        front.check_passed()
"""
import collections
import copy
import itertools
import os
import pathlib
import subprocess
import sys

import wire
from cluster import FIRST_PORT, HTTP_PORT, Node
from process import TimedOut
from world import PORTS, check, check_equal, check_exactly_once, wait_for

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "lib" / "haproxy"))
from certs import Certs  # noqa: E402
from front import generate  # noqa: E402

__all__ = ["Certs", "Front", "HOST", "SERVERS", "start_nodes"]

HOST = 31  # of every HAProxy here: what the nodes advertise
PEERS_PORT = 10000
RECORDS, SIZE = 30, 100  # of a produce
SERVERS, CLIENTS = "anyport_nodes", "kafka_clients"
NUMBERS = itertools.count(1)


def start_nodes(world, numbers, host=HOST, **options):
    """Nodes that advertise the HAProxy that stands at that host; not waited for."""
    nodes = []
    for number in numbers:
        nodes.append(Node(world.scene, number, world.kafka.bootstrap, advertise=f"{world.scene.host(host)}:{FIRST_PORT}",
                          ports=PORTS, **options))
        world.more_nodes.append(nodes[-1])  # at once: it soon connects to brokers, as only nodes may
    return nodes


def summed(counts):
    return sum(counts, collections.Counter())


class Front:
    def __init__(self, world, nodes, arguments=(), env=None, racks=(), ports=PORTS, pair=None):
        """pair: of two HAProxies at one address, as a moving address has it: "peers" with a shared table, "alone"
        without.  env: the gateway's configuration."""
        self.world, self.nodes, self.scene, self.ports = world, nodes, world.scene, ports
        self.host, self.known = world.scene.host(HOST), wire.schemas(world.kafka.version)
        self.name = f"gen{next(NUMBERS)}"
        self.topic = world.topic(self.name, partitions=3)
        self.written, self.groups = [], itertools.count(1)
        self.inner = copy.copy(world)
        self.inner.bootstrap, self.inner.nodes = f"{self.host}:{FIRST_PORT}", nodes
        self.before = self.inner.counts()
        self.balancers = []
        servers = [f"{node.name}={node.host}:{HTTP_PORT}{'@' + rack if rack else ''}" for node, rack in
                   itertools.zip_longest(nodes, racks)]
        for number in (1, 2) if pair else (1,):
            self.balancers.append(self._start(number, servers, [*arguments, *self._peers(pair, number)], env))
        if pair:
            wait_for(lambda: self.balancers[1].command("show info"), 10, "the second HAProxy runs")
            self._listens(2, False)

    def _peers(self, pair, number):
        if pair != "peers":
            return []
        of_both = [word for n in (1, 2) for word in ("--peers", f"lb{n}={self.scene.host(HOST + n)}:{PEERS_PORT}")]
        return [*of_both, "--local-peer", f"lb{number}"]

    def _start(self, number, servers, arguments, env):
        name = f"{self.name}-{number}"
        path = self.scene.dir / f"{name}-generated.cfg"
        words = [word for server in servers for word in ("--node", server)]
        status, _, errors = generate(["--listen", f"{self.host}:{FIRST_PORT}-{FIRST_PORT + self.ports - 1}", "-o", path,
                                      "--stats-socket", self.scene.dir / f"{name}.sock", *words, *arguments], env)
        check(status == 0 and errors == "", f"generate: {status}: {errors}")
        done = subprocess.run([os.environ.get("HAPROXY", "haproxy"), "-c", "-dW", "-f", path], capture_output=True,
                              text=True, check=False)
        check_equal(done.returncode, 0, f"haproxy -c -dW: {done.stderr}")
        return self.scene.haproxy(config=path.read_text(), host=self.host, ports=self.ports, name=name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for balancer in self.balancers:
            balancer.process.stop(5)

    # -- the pair ----------------------------------------------------------------

    def _listens(self, number, yes):
        answer = self.balancers[number - 1].command(f"{'enable' if yes else 'disable'} frontend {CLIENTS}")
        check_equal(answer.strip(), "", f"answer of HAProxy {number}")

    def take_over(self):
        """The second one has the address now, with all that the first one told it."""
        wait_for(lambda: self.entries(1) == self.entries(2), 15, "the pair's tables are alike")
        self._listens(1, False)
        self._listens(2, True)

    def entries(self, number):
        """{key: number of the node} of a stick table; nothing without one."""
        lines = self.balancers[number - 1].command(f"show table {SERVERS}").splitlines()
        words = [dict(word.partition("=")[::2] for word in line.split()) for line in lines if "key=" in line]
        return {row["key"]: row["server_id"] for row in words}

    # -- who got what --------------------------------------------------------------

    def rows(self, proxy):
        """[(server, line of `show stat`)] of all balancers."""
        return [(server, row) for balancer in self.balancers for (name, server), row in balancer.stats().items()
                if name == proxy]

    def given(self):
        """{node: connections it was given so far}"""
        return summed(collections.Counter({server: int(row["stot"])}) for server, row in self.rows(SERVERS)
                      if server != "BACKEND")

    def reached(self, act):
        """{node: connections that it was given by what `act` does}, and what that returns."""
        before = self.given()
        result = act()
        return self.given() - before, result

    def one_node(self, act, what):
        reached, _ = self.reached(act)
        check_equal(len(reached), 1, f"nodes that {what} reached ({dict(reached)})")
        return next(iter(reached))

    def link(self, port=FIRST_PORT, **options):
        """A connection that has been answered."""
        connection = wire.Connection(self.host, port, self.known, **options)
        try:
            check_equal(connection.ask("ApiVersions", 0, {})["ErrorCode"], 0, "ApiVersions")
        except BaseException:
            connection.close()
            raise
        return connection

    def node_of(self, what, **options):
        return self.one_node(lambda: self.link(**options).close(), f"a connection of {what}")

    def refused(self, **options):
        try:
            self.link(**options).close()
        except (EOFError, ConnectionError):
            return True
        return False

    def wait_idle(self):
        try:
            wait_for(lambda: all(row["scur"] == "0" for _, row in self.rows(SERVERS)), 30, "clients have gone")
        except TimedOut as error:
            raise TimedOut(f"{error}; {self._who_is_there()}") from error

    def _who_is_there(self):
        """Each session of HAProxy's, and both ends of its connections with the processes that have them."""
        sessions = "".join(balancer.command("show sess") for balancer in self.balancers)
        lines = subprocess.run(["ss", "-Htanpo"], capture_output=True, text=True, check=False).stdout.splitlines()
        hosts = [f" {self.host}:", *(f" {node.host}:{FIRST_PORT}" for node in self.nodes)]
        sockets = [" ".join(line.split()) for line in lines if any(host in line for host in hosts) and "LISTEN" not in line]
        nodes = [node.get("/v1/connections?limit=100") for node in self.nodes]
        return "\n".join(["those that are there:", sessions, *sockets, *nodes])

    # -- real clients ----------------------------------------------------------------

    def produce(self, client, **more):
        prefix = f"{len(self.written)}-"
        client.bootstrap = self.inner.bootstrap
        client.produce(self.topic, RECORDS, prefix, **more)
        self.written += [f"{prefix}{i}" for i in range(RECORDS)]

    def consume(self, client, **more):
        """Reads all that was acknowledged, as a new group."""
        client.bootstrap = self.inner.bootstrap
        read = client.consume(self.topic, f"{self.topic}-{next(self.groups)}", len(self.written), **more)
        check_exactly_once(read, self.written, client.name)

    def moved(self):
        """Bytes through HAProxy from clients, and to them."""
        rows = [row for server, row in self.rows(CLIENTS) if server == "FRONTEND"]
        return [sum(int(row[way]) for row in rows) for way in ("bin", "bout")]

    def check_passed(self):
        """The brokers have each record once; HAProxy and the nodes agree that the traffic went through them."""
        check_equal(sum(self.world.offsets(self.topic).values()), len(self.written), "records in the topic")
        payload = len(self.written) * SIZE
        self.inner.check_went_through(self.before, produced=1, fetched=1, payload=payload, every_node=False)
        # HAProxy counts some of a connection's bytes when it has ended: a consumer's last Fetch is answered first
        wait_for(lambda: min(self.moved()) >= payload, 10, f"{payload} bytes through HAProxy, each way")
        counts = self.inner.counts()
        asked = {node.name for node in self.nodes if counts[node.pid][node.name] > self.before[node.pid][node.name]}
        check_equal(asked, set(self.given()), "nodes that were asked, and those that HAProxy gave a connection")
        for server, row in self.rows(SERVERS):
            check(row["econ"] in ("", "0"), f"{row['econ']} connections to {server} failed")
        wait_for(lambda: all(row["check_status"] == "L7OK" for server, row in self.rows(SERVERS) if server != "BACKEND"),
                 10, "every node is checked and well")
        return f"{len(self.written)} records, {sum(self.given().values())} connections"
