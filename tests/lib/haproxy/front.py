"""front.py - HAProxy with a generated file in front of stand-in nodes.

    with "tests/lib" in the path too:
    front = Front(scene, nodes=3)
    answer = front.ask(9093)         # {"node": "n2", "port": 9093, ...}
"""
import itertools
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from cluster import BUILD, FIRST_PORT, HTTP_PORT, check, http_get, lasts, run, wait_for  # noqa: E402
from process import PATIENCE  # noqa: E402

__all__ = [
    "ANYPORTCTL", "BUILD", "FIRST_PORT", "HTTP_PORT", "NULL", "Front", "Link", "StandIn", "at_once", "check",
    "closed_within", "generate", "http_get", "lasts", "refused_at_once", "request", "run", "wait_for",
]

AT_ONCE = 0.9  # seconds: the shortest wait of HAProxy between two tries is one
ANYPORTCTL = os.environ.get("ANYPORTCTL", str(BUILD / "anyportctl"))


def generate(arguments, env=None):
    """(status, standard output, standard error) of `anyportctl haproxy generate`."""
    done = subprocess.run([ANYPORTCTL, "haproxy", "generate", *map(str, arguments)], capture_output=True, text=True,
                          check=False, env={"PATH": os.environ["PATH"], **(env or {})})
    return done.returncode, done.stdout, done.stderr


class Link:
    """One connection, as a Kafka client has it."""

    def __init__(self, host, port, source=None, tls=None, name=None, preamble=b"", session=None):
        """tls: how it speaks that (an SSLContext); name: the server it asks for then; session: one that it takes up.
        preamble: what it sends before (a PROXY header)."""
        self.sock = socket.create_connection((host, port), 5 * PATIENCE, source_address=(source, 0) if source else None)
        if preamble:
            self.sock.sendall(preamble)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname=name, session=session)

    def ask(self, body=b"who"):
        self.sock.sendall(struct.pack(">i", len(body)) + body)
        return self.read(body.startswith(b"give "))

    def read(self, raw=False):
        """The next answer."""
        answer = self._exactly(struct.unpack(">i", self._exactly(4))[0])
        return answer if raw else json.loads(answer)

    def _exactly(self, size):
        parts = []
        while size:
            part = self.sock.recv(min(size, 1 << 20))
            if not part:
                raise ConnectionError("closed where an answer was due")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


API_VERSIONS = 18
NULL = None


def request(client_id, version=3, correlation=7):
    """The body of an ApiVersions request; its header is alike in all versions."""
    if client_id is NULL:
        text = struct.pack(">h", -1)
    else:
        text = struct.pack(">h", len(client_id.encode())) + client_id.encode()
    return struct.pack(">hhi", API_VERSIONS, version, correlation) + text + b"\0\0\0\0"


def at_once(what, usual, call):
    """What call() returns: it waits for no try of HAProxy's, and takes what usual() takes, which is alike but has no
    reason to wait.  A busy machine slows both."""
    began = time.monotonic()
    usual()
    middle = time.monotonic()
    value = call()
    took, expected = time.monotonic() - middle, middle - began
    check(took < expected + AT_ONCE, f"{what}: took {took:.2f} s, the like of it without a wait {expected:.2f} s")
    return value


def closed_within(sock, seconds):
    """Whether the peer closes without a byte."""
    sock.settimeout(seconds * PATIENCE)
    try:
        return sock.recv(1) == b""
    except socket.timeout:
        return False
    except ConnectionError:
        return True


def refused_at_once(address, first_bytes=b""):
    """Whether a client that sends these bytes is turned away; well before any timer could do it."""
    began = time.monotonic()
    try:
        with socket.create_connection(address, 5 * PATIENCE) as sock:
            sock.sendall(first_bytes)
            closed = closed_within(sock, 5)
    except ConnectionError:
        closed = True  # reset while it was still connecting or sending
    return closed and time.monotonic() - began < AT_ONCE * PATIENCE


class StandIn:
    def __init__(self, scene, number, first, ports, more):
        self.scene = scene
        self.name = f"n{number}"
        self.host = scene.host(100 + number)
        self.argv = [sys.executable, HERE / "standin.py", self.name, self.host, first, ports, HTTP_PORT]
        self.argv += more
        self.start()

    def start(self):
        self.process = self.scene.process(self.argv, name=self.name)
        wait_for(lambda: self.http("/health/ready")[0] == 200, 10, f"{self.name} answers")

    def says(self, words):
        """To an agent-check, from now on."""
        self.http("/agent?" + urllib.parse.quote(words))

    def http(self, path):
        return http_get(f"http://{self.host}:{HTTP_PORT}{path}")

    def seen(self):
        return json.loads(self.http("/seen")[1])


class Front:
    def __init__(self, scene, nodes=2, ports=3, arguments=(), env=None, proxy=False, listen=FIRST_PORT,
                 node_first=FIRST_PORT, node_ports=None, node_options=(), racks=(), name="haproxy", number=1, beside=None,
                 warns=""):
        """nodes: how many, or nodes that run already.
        env: the gateway's configuration as variables, with KAFKA_BOOTSTRAP_SERVERS among them.
        node_options: more words for standin.py.  racks: of the nodes.  beside: another Front, whose nodes it has too;
        it then needs a name and a number of its own.  warns: what generate must say."""
        self.host = scene.host(number)
        self.ports = range(listen, listen + ports)
        more = [*(["--proxy"] if proxy else []), *map(str, node_options)]
        if isinstance(nodes, int):
            nodes = [] if beside else [StandIn(scene, n, node_first, node_ports or ports, more) for n in range(1, nodes + 1)]
        self.nodes = beside.nodes if beside else nodes
        argv = ["--listen", f"{self.host}:{listen}-{listen + ports - 1}", "--stats-socket", scene.dir / f"{name}.sock"]
        for node, rack in itertools.zip_longest(self.nodes, racks):
            argv += ["--node", f"{node.name}={node.host}:{HTTP_PORT}{'@' + rack if rack else ''}"]
        status, self.text, errors = generate([*argv, *arguments], env)
        check(status == 0, f"generate: {status}: {errors}")
        check(warns in errors if warns else errors == "", f"generate warns: {errors}")
        self.haproxy = scene.haproxy(config=self.text, host=self.host, first_port=listen, ports=ports, name=name)
        # before its first check a server is up on credit, and one failure takes it down
        wait_for(lambda: all(self.of(node)["check_status"] == "L7OK" for node in self.nodes), 10, "every node is checked")

    def link(self, port=None, source=None, tls=None, name=None):
        return Link(self.host, port or self.ports[0], source, tls, name)

    def ask(self, port=None):
        with self.link(port) as link:
            return link.ask()

    def of(self, node):
        """The node's line in `show stat`."""
        return self.haproxy.stats()[("anyport_nodes", node.name)]

    def status(self, node):
        return self.of(node)["status"]

    def wait_status(self, node, status, seconds=15):
        wait_for(lambda: self.status(node).startswith(status), seconds, f"HAProxy has {node.name} {status}")

    def info(self):
        """What `show info` says, as {name: text}."""
        pairs = (line.partition(":") for line in self.haproxy.command("show info").splitlines())
        return {name: value.strip() for name, _, value in pairs}
