"""cluster.py - what a test starts: a mock Kafka, gateway nodes, HAProxy.

    from cluster import Scene, check, run

    def test(scene):
        kafka = scene.mock_cluster(topics={"t": 6})
        nodes = [scene.node(kafka.bootstrap, advertise=scene.host(1) + ":9092")]
        scene.haproxy(nodes)
        check(nodes[0].metrics().sum("anyport_client_connections_total") == 0, "fresh")

    run(test)

A Scene owns a temporary folder and a block of loopback addresses, 127.A.B.*,
that no other running test has, so that ports can be what they are in real
life.  Whatever it started is stopped at its end, last one first; when the test
failed the ends of all logs are shown.  A test that is told to end (SIGTERM,
SIGHUP, SIGINT) kills what it started, removes its folder and goes, and does not
let itself be disturbed in that; who kills it leaves that to its guard.
"""
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

from guard import Guard
from haproxy_version import haproxy_program
from kept_secrets import KeptSecrets
from process import PATIENCE, BUILD, REPO, Memory, Process, TimedOut, children, cpu_seconds, free_ports, lasts, patient, wait_for

__all__ = [
    "BUILD", "REPO", "Haproxy", "Memory", "Metrics", "MockCluster", "Node", "Process", "Scene", "Sink", "TimedOut",
    "check", "check_equal", "children", "cpu_seconds", "free_ports", "http_get", "lasts", "patient", "run",
    "wait_for",
]

FIRST_PORT = 9092  # of nodes and of HAProxy, each on an address of its own
HTTP_PORT = 8888
NODE_HOST = 100  # and its number
LOG_LINES = 40


# What a node without a secret says of itself under internal balancing.
NO_SECRET = "no gateway.cluster_secret: any client of the brokers can say that it is a node"


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def check_equal(got, expected, what):
    if got != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")


def http_get(url, seconds=5, token=None):
    """(status, text); an error status is an answer too.  Whose the certificate is by https nobody looks at."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=anybody()))
    if token:
        opener.addheaders.append(("Authorization", f"Bearer {token}"))
    try:
        with opener.open(url, timeout=seconds * PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def anybody():
    """How a client speaks TLS that trusts whoever answers."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def run(test, **scene_options):
    """Runs test(scene) and exits: 0 and PASS, or 1 with the reason and the logs."""
    name = "/".join(pathlib.Path(sys.argv[0]).resolve().with_suffix("").parts[-2:])  # folder/script
    began = time.monotonic()
    try:
        with Scene(**scene_options) as scene:
            test(scene)
    except Exception as error:  # pylint: disable=broad-except
        traceback.print_exc()
        print(f"FAIL {name}: {error or type(error).__name__}")
        sys.exit(1)
    print(f"PASS {name} ({time.monotonic() - began:.1f} s)")
    sys.exit(0)


ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class ToldToEnd(SystemExit):
    pass


def _told_to_end(number, _frame):
    raise ToldToEnd(128 + number)


PAGES = ("/health", "/metrics", "/v1/node", "/v1/cluster", "/v1/config", "/v1/connections", "/v1/warnings")


class Scene:
    def __init__(self, keep=bool(os.environ.get("KEEP"))):
        self.keep = keep
        self._handlers = {number: signal.signal(number, _told_to_end) for number in ENDING}
        self.guard = Guard()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="anyport-test-"))
        if not keep:
            self.guard.watch("folder", self.dir)
        self.processes, self.nodes = [], []
        self.secrets = KeptSecrets()
        self.logs_of_nodes = {}  # by name
        self.network = None  # tests/e2e/network.py's
        self._numbers = itertools.count(1)
        self._claim_addresses()

    def _claim_addresses(self):
        """A block 127.A.B.0/24 of our own: who has its name in the abstract
        socket name space has the block, until the process ends."""
        self._claim = socket.socket(socket.AF_UNIX)
        while True:
            block = f"127.{random.randrange(64, 128)}.{random.randrange(256)}"
            try:
                self._claim.bind(f"\0anyport-test-{block}")
                self.block = block
                return
            except OSError:
                continue

    def host(self, number):
        return f"{self.block}.{number}"

    def within(self, host):
        """What stands before a command that is to run where that host is."""
        return self.network.within(host) if self.network else []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
        try:
            if kind is None:
                self.look_at_pages(self.nodes)
            broken = self._kill_all() if kind is ToldToEnd else self._stop_all()
            if kind is None:
                self.look_at_logs()
            if (kind is not None or broken) and kind is not ToldToEnd:
                self.show_logs()
        finally:
            self._leave()
        if broken and kind is None:
            raise AssertionError(f"ended badly: {', '.join(broken)}")
        if kind is None:
            self.secrets.check()

    # --- what nodes have told must be no secret

    def look_at_pages(self, nodes):
        """Of nodes that run and answer; where there is no secret there is none to find."""
        for node in nodes if self.secrets else []:
            with contextlib.suppress(OSError, http.client.HTTPException):
                for path in PAGES if node.process.alive() else []:
                    self.secrets.look(f"{node.name}'s {path}", node.get(path))

    def look_at_logs(self):
        for path, name in self.logs_of_nodes.items():
            self.secrets.look(f"{name}'s log", path.read_text(errors="replace"))

    def _leave(self):
        self._claim.close()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        self.guard.close()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self.keep:
            print(f"kept: {self.dir}")

    def _kill_all(self):
        """Nobody waits for what they would have had to say."""
        for process in reversed(self.processes):
            process.kill()
        return []

    def _stop_all(self):
        """Those nodes that were alive and ended otherwise than well: crashed, or complained of by a sanitizer."""
        broken = []
        nodes = {node.process for node in self.nodes}
        for process in reversed(self.processes):
            was_alive = process.alive()
            status = process.stop(5)
            if process in nodes and was_alive and status not in (0, -signal.SIGTERM, -signal.SIGKILL):
                broken.append(f"{process.name} with {status}")
        return broken

    def show_logs(self, lines=LOG_LINES, out=sys.stderr):
        for process in self.processes:
            state = "runs" if process.alive() else f"ended with {process.popen.returncode}"
            print(f"--- {process.name} (pid {process.pid}, {state})", file=out)
            print(process.log(lines), file=out)

    # --- what can be started

    def adopt(self, process):
        self.processes.append(process)
        return process

    def process(self, argv, name=None, env=None, pipes=False, cwd=None, log=None):
        name = name or os.path.basename(str(argv[0]))
        log = log or self.dir / f"{next(self._numbers)}-{name}.log"
        return self.adopt(Process(argv, log, env=env, name=name, pipes=pipes, cwd=cwd, guard=self.guard))

    def popen(self, argv, **options):
        """A child that is the test's own affair, but for ending with it at the latest."""
        return subprocess.Popen([str(a) for a in argv], **options,
                                preexec_fn=lambda: self.guard.entering("process"))

    def file(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def mock_cluster(self, brokers=3, topics=None, replication=1):
        return MockCluster(self, brokers, topics or {}, replication)

    def sink(self, topic="bench", partitions=12, brokers=3, fetch_bytes=1 << 20, **options):
        return Sink(self, topic, partitions, brokers, fetch_bytes, **options)

    def node(self, bootstrap, number=None, ready=True, **options):
        number = number or 1 + len(self.nodes)
        node = Node(self, number, bootstrap, **options)
        self.nodes.append(node)
        if ready:
            node.wait_ready()
        return node

    def haproxy(self, nodes=None, config=None, **options):
        return Haproxy(self, nodes or [], config, **options)


class MockCluster:
    """librdkafka's mock cluster, see mock_cluster.c for its commands."""

    def __init__(self, scene, brokers, topics, replication):
        program = BUILD / "mock_cluster"
        argv = [program, "--brokers", brokers, "--replication", replication]
        for topic, partitions in topics.items():
            argv += ["--topic", f"{topic}:{partitions}"]
        self.process = scene.process(argv, pipes=True)
        self.bootstrap = self.process.popen.stdout.readline().strip()
        if not self.bootstrap:
            raise AssertionError(f"{program} did not start: {self.process.log()}")
        self.brokers = {}
        for number, address in enumerate(self.bootstrap.split(","), 1):
            host, _, port = address.rpartition(":")
            self.brokers[number] = (host, int(port))

    def command(self, *words):
        """Tells it to do something; waits for its answer."""
        self.process.popen.stdin.write(" ".join(str(w) for w in words) + "\n")
        self.process.popen.stdin.flush()
        answer = self.process.popen.stdout.readline().strip()
        if not answer.startswith("ok"):
            raise AssertionError(f"mock cluster: {words}: {answer or 'no answer'}")
        return answer[2:].strip()

    def spread(self, topic, partitions):
        """Partition p of the topic is led by broker 1 + p % brokers."""
        for partition in range(partitions):
            self.command("leader", topic, partition, 1 + partition % len(self.brokers))


class Sink:
    """A cluster that stores nothing and takes any amount of it, see tests/bench/sink.c."""

    def __init__(self, scene, topic, partitions, brokers, fetch_bytes, advertise=None):
        """advertise: the host that it says is its own."""
        self.host = scene.host(50)
        self.process = scene.process([BUILD / "sink", "--host", self.host, "--brokers", brokers, "--topic",
                                      f"{topic}:{partitions}", "--fetch-bytes", fetch_bytes, "--advertise",
                                      advertise or self.host], pipes=True)
        self.bootstrap = self.process.popen.stdout.readline().strip()
        check(self.bootstrap, f"sink did not start: {self.process.log()}")


class Metrics:
    """Prometheus text: metrics.sum("name", label="value") adds what matches."""

    LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
    LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self.samples = []
        self.families = set(re.findall(r"^# TYPE (\S+)", text, re.M))
        for line in text.splitlines():
            match = self.LINE.match(line)
            if match:
                labels = dict(self.LABEL.findall(match[2] or ""))
                self.samples.append((match[1], labels, float(match[3])))

    def names(self):
        return {name for name, _, _ in self.samples}

    def rows(self, name):
        return [(labels, value) for sample, labels, value in self.samples if sample == name]

    def sum(self, name, **labels):
        """0 when nothing matches the labels; an unknown name is a mistake."""
        rows = self.rows(name)
        if not rows and name not in self.families:
            raise KeyError(f"no metric {name}")
        return sum(value for have, value in rows if labels.items() <= have.items())


class Node:
    """One anyport process on a loopback address of its own."""

    def __init__(self, scene, number, bootstrap, advertise=None, ports=5, mode="ports", min_broker=1, config=None,
                 env=None, threads=1, program=None, log=None):
        """log: the file that it writes, one of the scene's by default.
        advertise: host:port that clients are told, its own by default.
        env: further variables; a value of None takes one away.
        config: text of a configuration file for -c."""
        self.scene = scene
        self.number = number
        self.name = f"n{number}"
        self.log_path = log
        self.host = scene.host(NODE_HOST + number)
        self.first_port = FIRST_PORT
        self.port_count = ports
        scheme = "https" if "GATEWAY_HTTP_SSL_CERTIFICATE_LOCATION" in (env or {}) else "http"
        self.http = f"{scheme}://{self.host}:{HTTP_PORT}"
        values = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "GATEWAY_BIND_HOST": self.host,
            "GATEWAY_PORT_START": FIRST_PORT,
            "GATEWAY_PORT_COUNT": ports,
            "GATEWAY_MIN_BROKERID": min_broker,
            "GATEWAY_ADVERTISED_LISTENER": advertise or f"{self.host}:{FIRST_PORT}",
            "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "false",
            "GATEWAY_ADVERTISED_MODE": mode,
            "GATEWAY_HTTP_HOST": self.host,
            "GATEWAY_HTTP_PORT": HTTP_PORT,
            "GATEWAY_DOWNSTREAM_THREAD": threads,
        }
        values.update(env or {})
        self.env = {key: str(value) for key, value in values.items() if value is not None}
        self.argv = [program or os.environ.get("ANYPORT", BUILD / "anyport")]
        if config is not None:
            scene.secrets.add_config(config)
            self.argv += ["-c", scene.file(f"{self.name}.conf", config)]
        self.start()

    def start(self):
        """Also starts it again after it was stopped or killed."""
        self.scene.secrets.add_env(self.env)
        self.process = self.scene.process([*self.scene.within(self.host), *self.argv], name=self.name, env=self.env,
                                          log=self.log_path)
        self.scene.logs_of_nodes[self.process.log_path] = self.name

    @property
    def pid(self):
        return self.process.pid

    @property
    def address(self):
        return self.host, self.first_port

    @property
    def ports(self):
        return range(self.first_port, self.first_port + self.port_count)

    def get_json(self, path):
        """(status, value) of its HTTP API."""
        status, text = http_get(self.http + path)
        return status, json.loads(text)

    def get(self, path):
        """The text that it answers whoever may read."""
        token = self.env.get("GATEWAY_HTTP_READ_TOKEN") or self.env.get("GATEWAY_HTTP_TOKEN")
        return http_get(self.http + path, token=token)[1]

    def post(self, path):
        """The status."""
        request = urllib.request.Request(self.http + path, method="POST")
        with urllib.request.urlopen(request, timeout=5 * PATIENCE, context=anybody()) as answer:
            return answer.status

    def ready(self):
        return http_get(self.http + "/health/ready")[0] == 200

    def wait_ready(self, seconds=15):
        def is_ready():
            if not self.process.alive():
                raise AssertionError(f"{self.name} ended with {self.process.popen.returncode}:\n{self.process.log(20)}")
            return self.ready()
        wait_for(is_ready, seconds, f"{self.name} is ready")

    def metrics(self):
        status, text = http_get(self.http + "/metrics")
        check_equal(status, 200, f"status of {self.name}'s /metrics")
        return Metrics(text)

    def memory(self):
        return self.process.memory()

    def cpu_seconds(self):
        return self.process.cpu_seconds()

    def kill(self):
        return self.process.kill()

    def stop(self, seconds=40):
        return self.process.stop(seconds)


class Haproxy:
    """HAProxy in master-worker mode, with a file of the test's or a small one of ours."""

    def __init__(self, scene, nodes, config=None, name="haproxy", host=None, first_port=FIRST_PORT, ports=None,
                 to_port="+0", check_nodes=True, proxy="", options="", frontend="", backend="",
                 hard_stop="30s"):
        """to_port: the server's port; "+0" keeps the client's, "+1" asks the next one, a number is that port.
        proxy: "send-proxy" or "send-proxy-v2".  options: lines for defaults.  hard_stop: how long a reload leaves
        the old worker.  config: a text instead of all this."""
        self.scene = scene
        self.host = host or scene.host(1)
        self.first_port = first_port
        self.ports = ports or max([n.port_count for n in nodes], default=1)
        self.socket_path = scene.dir / f"{name}.sock"
        if config is None:
            config = self._render(nodes, to_port, check_nodes, proxy, options, frontend, backend, hard_stop)
        self.config_path = scene.file(f"{name}.cfg", config)
        self.master_path = scene.dir / f"{name}-master.sock"
        self.verify()
        argv = [haproxy_program(), "-W", "-S", self.master_path, "-f", self.config_path]
        self.process = scene.process(argv, name=name)
        wait_for(self.answers, 10, "HAProxy listens")
        wait_for(self.workers, 10, "HAProxy's master knows its worker")  # it starts itself anew once that runs

    def _render(self, nodes, to_port, check_nodes, proxy, options, frontend, backend, hard_stop):
        last = self.first_port + self.ports - 1
        lines = [
            "global",
            "    maxconn 4000",
            f"    stats socket {self.socket_path} mode 600 level admin expose-fd listeners",
            f"    hard-stop-after {hard_stop}",
            "defaults",
            "    mode tcp",
            "    timeout connect 3s",
            "    timeout check 2s",
            "    timeout client 11m",
            "    timeout server 11m",
            "    option redispatch 1",
            "    retries 3",
            f"    {options}",
            "frontend kafka",
            f"    bind {self.host}:{self.first_port}-{last}",
            f"    {frontend}",
            "    default_backend gateway",
            "backend gateway",
            "    balance roundrobin",
            f"    {backend}",
        ]
        if check_nodes:
            lines += ["    option httpchk GET /health/ready", "    http-check expect status 200"]
        for node in nodes:
            line = f"    server {node.name} {node.host}:{to_port} {proxy}"
            if check_nodes:
                line += f" check port {HTTP_PORT} inter 300ms fall 2 rise 1"
            lines.append(line)
        return "\n".join(lines) + "\n"

    def verify(self):
        done = subprocess.run([haproxy_program(), "-c", "-q", "-f", self.config_path],
                              capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"HAProxy refuses {self.config_path}:\n{done.stderr}")

    @property
    def bootstrap(self):
        return f"{self.host}:{self.first_port}"

    @property
    def address(self):
        return self.host, self.first_port

    def answers(self):
        check(self.process.alive(), f"HAProxy ended:\n{self.process.log(20)}")
        with socket.create_connection(self.address, 1):
            return True

    def workers(self):
        """The pids of the workers, the youngest last."""
        return sorted(children(self.process.pid))

    def cpu_seconds(self):
        return sum(cpu_seconds(pid) for pid in self.workers())

    def reload(self, config=None):
        """A new worker takes over; the old one ends when its connections do."""
        if config is not None:
            self.config_path.write_text(config)
            self.verify()
        before = set(self.workers())
        self.process.signal(signal.SIGUSR2)
        wait_for(lambda: self._serving() not in before, 10, "HAProxy's new worker serves")

    def _serving(self):
        """The pid of the worker that the stats socket leads to: from 3.1 on one starts long before it listens."""
        said = re.search(r"^Pid: (\d+)", self.command("show info"), re.M)
        if not said:
            raise OSError("no answer yet")
        return int(said[1])

    def command(self, line):
        """One command on the stats socket; its answer."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5 * PATIENCE)
            sock.connect(str(self.socket_path))
            sock.sendall(line.encode() + b"\n")
            parts = []
            while part := sock.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()

    def stats(self):
        """{(proxy, server): {column: text}} of `show stat`."""
        rows = [line.rstrip(",").split(",") for line in self.command("show stat").splitlines() if line]
        names = rows[0]
        names[0] = names[0].lstrip("# ")
        return {(row[0], row[1]): dict(zip(names, row)) for row in rows[1:]}

    def wait_up(self, *names, seconds=10):
        """Waits until these servers are up."""
        def up():
            have = {server: row["status"] for (_, server), row in self.stats().items()}
            return all(have.get(name, "").startswith(("UP", "no check")) for name in names)
        wait_for(up, seconds, f"{names} up in HAProxy")


def dump(value):
    """For messages: anything as one line."""
    return json.dumps(value, default=str, sort_keys=True)
