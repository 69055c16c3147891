#!/usr/bin/env python3
"""anyportctl top: who uses all nodes, once, as JSON and live on a terminal, which is as it was when it ends."""
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection, batch  # noqa: E402
from process import PATIENCE  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

ANYPORTCTL, TOKEN = BUILD / "anyportctl", "a token of the test's own"
ENV = {"PATH": os.environ["PATH"], "GATEWAY_HTTP_READ_TOKEN": TOKEN, "TERM": "xterm"}


def top(node, *words, env=None):
    done = subprocess.run([ANYPORTCTL, "top", *words, "--http", node.http, "--interval", "100ms"], env=env or ENV,
                          capture_output=True, text=True, timeout=30 * PATIENCE)
    return done.returncode, done.stdout, done.stderr


def as_json(node, *words):
    status, out, err = top(node, *words, "--json")
    check_equal((status, err), (0, ""), "top --json")
    return json.loads(out)


def check_once(nodes):
    size = len(batch([b"x" * 1000]))
    for node in nodes:  # each counts its own
        with Connection(*node.address, client_id="app") as kafka:
            no_errors(produce(kafka, {("orders", 0): [b"x" * 1000]}), "Produce")
    told = as_json(nodes[0], "topics")
    check_equal([(row["name"], row["requests"], row["bytes_in"]) for row in told["rows"]], [("orders", 2, 2 * size)], "both nodes")
    check_equal((told["kind"], told["sort"], len(told["nodes"]), told["trouble"]), ("topics", "bytes", 2, []), "what was asked")
    check(told["seconds"] >= 0.1 and told["rows"][0]["bytes_in_per_second"] == 0, f"{told}")
    check_equal(as_json(nodes[0], "topics", "--this-node")["rows"][0]["requests"], 1, "one node's")
    check_equal([row["name"].rpartition("/")[2] for row in as_json(nodes[0], "clients", "--limit", "1")["rows"]], ["app"], "clients")
    check_equal(as_json(nodes[1], "principals")["rows"][0]["name"], "User:ANONYMOUS", "principals")
    status, out, _ = top(nodes[0], "topics", "--once")
    check(status == 0 and out.startswith("TOPICS") and "\norders " in out and "\nthe others" in out, out)
    check("\033" not in out, "no terminal, no control sequences")


def check_mistakes(node):
    status, _, err = top(node, "brokers")
    check(status == 2 and "clients, topics, groups or principals" in err, err)
    status, _, err = top(node, "topics", "--sort", "name")
    check(status == 2 and "throttled_ms" in err, err)
    status, _, err = top(node, "topics", env={**ENV, "GATEWAY_HTTP_READ_TOKEN": "another"})
    check(status == 1 and "401" in err, err)


class Terminal:
    """anyportctl on a terminal of its own."""

    def __init__(self, node, *words):
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (20, 200))
        self.slave, self.before, self.seen = slave, termios.tcgetattr(slave), ""
        self.process = subprocess.Popen([ANYPORTCTL, "top", *words, "--http", node.http, "--interval", "100ms"], env=ENV,
                                        stdin=slave, stdout=slave, stderr=slave, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def wait(self, condition, what):
        """Until what was shown since the last wait fits."""
        end = time.monotonic() + 15 * PATIENCE
        self.seen = ""
        while not condition(self.seen):
            check(time.monotonic() < end, f"{what}: {self.seen[-2000:]!r}")
            if select.select([self.master], [], [], 0.2)[0]:
                self.seen += os.read(self.master, 65536).decode()

    def type(self, key):
        os.write(self.master, key.encode())

    def ends(self):
        """It ends well, and leaves the terminal as it was."""
        check_equal(self.process.wait(10 * PATIENCE), 0, "status")
        while select.select([self.master], [], [], 0)[0]:
            self.seen += os.read(self.master, 65536).decode()
        check("\033[?1049l" in self.seen and "\033[?25h" in self.seen, f"{self.seen[-300:]!r}")
        check_equal(termios.tcgetattr(self.slave), self.before, "the terminal")


def check_live(nodes):
    with Terminal(nodes[0], "topics") as screen, Connection(*nodes[1].address, client_id="live") as kafka:
        screen.wait(lambda seen: "\033[?1049h" in seen and "topics by bytes, 2 nodes" in seen and "orders" in seen, "a first page")
        screen.type("r")
        screen.wait(lambda seen: "topics by requests, 2 nodes" in seen, "sorted by requests")
        no_errors(produce(kafka, {("bills", 1): [b"x"]}), "Produce")
        screen.wait(lambda seen: "bills" in seen, "what comes meanwhile")
        termios.tcsetwinsize(screen.slave, (8, 30))
        screen.process.send_signal(signal.SIGWINCH)
        screen.wait(lambda seen: seen.count("\033[H") >= 2 and all(
            len(line) <= 30 for line in seen.split("\033[H")[-2].replace("\033[K", "").replace("\033[J", "").split("\r\n")),
            "a smaller one")
        screen.type("q")
        screen.ends()
    with Terminal(nodes[0], "clients") as screen:
        screen.wait(lambda seen: "clients by bytes" in seen, "a page")
        screen.process.send_signal(signal.SIGTERM)
        screen.ends()


def check_lost_node(nodes):
    nodes[1].kill()
    status, out, err = top(nodes[0], "topics", "--json")
    told = json.loads(out)
    check(status == 1 and len(told["trouble"]) == 1 and "502" in told["trouble"][0] and "502" in err, f"{status} {out} {err}")
    check_equal(told["rows"][0]["name"], "orders", "the others are told all the same")


def test(scene):
    kafka = GroupCluster(scene, 3, {"orders": 3, "bills": 3, "_anyport_both": 1})
    env = {"GATEWAY_HTTP_READ_TOKEN": TOKEN, "GATEWAY_CLUSTER_ID": "both", "GATEWAY_HEARTBEAT_INTERVAL": "200 ms"}
    nodes = [scene.node(kafka.bootstrap, env=env, advertise=f"{scene.host(1)}:9092") for _ in range(2)]
    wait_for(lambda: len(json.loads(nodes[0].get("/v1/cluster"))["members"]) == 2, 20, "both know each other")
    check_once(nodes)
    check_mistakes(nodes[0])
    check_live(nodes)
    check_lost_node(nodes)


run(test)
