#!/usr/bin/env python3
"""haproxy drain and undrain: a node empties under real clients, on two load balancers and in an old worker, without an error."""
import json
import pathlib
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from pair import ANYPORTCTL, CLIENT_ID_STICKS, Pair  # noqa: E402
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection, WireError  # noqa: E402
from kcat import Consumer, Producer  # noqa: E402
from process import patient  # noqa: E402

MESSAGES, A_SECOND, IDLE = 500, 80, 6


def metadata(link):
    return link.ask("Metadata", 2, topics=None)


def drain(pair, node, *options):
    """(exit status, what it says, its progress)"""
    status, out, progress = pair.ctl("haproxy", "drain", node, "--json", *options)
    return status, json.loads(out) if out else None, progress


def state(pair, node):
    return [balancer.stats()["gateway", node]["status"] for balancer in pair.balancers]


def sessions(pair, node):
    """Of that node, over load balancers and workers."""
    rows = [row for row in pair.status()[1]["nodes"] if row["node"] == node]
    return sum(row["sessions"] + row["old_sessions"] for row in rows)


class Busy:
    """A client that asks all the time, on one connection, until that is closed."""

    def __init__(self, address):
        self.link = Connection(*address, client_id="busy")
        self.asked, self.closed, self.ends = 0, False, False
        metadata(self.link)
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()

    def _ask(self):
        try:
            while not self.ends:
                metadata(self.link)
                self.asked += 1
        except (WireError, OSError):
            self.closed = True

    def end(self):
        self.ends = True
        self.thread.join(10)
        self.link.close()


def node_with(pair, key, balancer=0):
    """The node that a client.id sticks to on that load balancer."""
    for line in pair.balancers[balancer].command("show table gateway").splitlines():
        if f"key={key} " in line:
            return line.rpartition("server_key=")[2].strip()
    raise AssertionError(f"{key} sticks to no node")


def real_clients_move(scene, pair):
    """Produced and consumed through an old worker of the first and through the second load balancer."""
    producers = [Producer(scene, balancer.bootstrap, "t", MESSAGES, A_SECOND, "client.id=app") for balancer in pair.balancers]
    # the first client of each load balancer, so that it is on the first node of both
    wait_for(lambda: all("key=app " in balancer.command("show table gateway") for balancer in pair.balancers), 10, "producers come")
    consumer = Consumer(scene, pair.balancers[0].bootstrap, "t")
    wait_for(lambda: len(consumer.received()) > 20, 10, "messages flow")
    node = node_with(pair, "app")
    idle = [Connection(*balancer.address, client_id="app") for balancer in pair.balancers for _ in range(IDLE)]
    for link in idle:
        metadata(link)
    pair.balancers[0].reload()
    pair.balancers[0].wait_up("n1", "n2", "n3")
    wait_for(lambda: pair.status()[1]["balancers"][0]["old_workers"] == 1, 10, "the old worker is seen")
    # an idle client that comes to the second worker
    second = Connection(*pair.balancers[0].address, client_id="app")
    metadata(second)
    check(sessions(pair, node) > 2 * IDLE, "the node has sessions")

    status, said, progress = drain(pair, node, "--rate", 40, "--force", "--timeout", "20s")
    check_equal((status, said["empty"], said["left"]), (0, True, []), f"the node empties: {progress}")
    check(said["ended"] >= 2 * IDLE, f"{said}")
    check(progress.startswith(f"{node}: ") and "of old workers" in progress, f"progress as lines: {progress!r}")
    check_equal(sessions(pair, node), 0, "no session is left")
    check_equal(state(pair, node), ["MAINT", "MAINT"], "on both")
    number = [n.name for n in pair.nodes].index(node)
    # all but the health checks' own
    wait_for(lambda: pair.nodes[number].metrics().sum("anyport_client_connections") == 0, 5, "the node says so too")

    for producer in producers:
        check_equal(producer.finish(30), 0, "exit status of the producer")
    wait_for(lambda: len(set(consumer.received())) == MESSAGES and len(consumer.received()) >= 2 * MESSAGES, 15,
             "all is consumed, of both producers")
    check(consumer.process.alive(), "the consumer goes on")
    log = consumer.process.log() + "".join(producer.process.log() for producer in producers)
    complaints = [line for line in log.splitlines()
                  if "ERROR" in line and not line.startswith("% ERROR: Local: Broker transport failure")]
    check_equal(complaints, [], "no client saw more than a connection that ended, nor all of them gone")
    consumer.process.stop()
    for link in (*idle, second):
        link.close()
    return node


def comes_back(pair, node):
    status, out, errors = pair.ctl("haproxy", "undrain", node, "--json")
    said = json.loads(out)
    check_equal((status, said["up"]), (0, True), f"undrain: {errors}")
    check(all(row["state"].startswith("UP") for row in said["balancers"]), f"on both: {said}")
    pair.wait_up(node)


def what_moves_is_left(pair):
    busy = Busy(pair.balancers[1].address)
    quiet = Connection(*pair.balancers[1].address, client_id="busy")
    metadata(quiet)
    node = node_with(pair, "busy", 1)
    status, said, _ = drain(pair, node, "--rate", 50, "--quiet", f"{patient(500)}ms", "--timeout", f"{patient(2000)}ms")
    check_equal((status, said["empty"], said["ended"]), (1, False, 1), "only the quiet one was ended")
    check_equal([(row["balancer"], row["moves"]) for row in said["left"]], [("lb2", True)], "what is left")
    local = busy.link.sock.getsockname()
    check_equal(said["left"][0]["source"], f"{local[0]}:{local[1]}", "whose it is")
    asked = busy.asked
    wait_for(lambda: busy.asked > asked, 5, "it still gets answers")
    check(not busy.closed, "it was never closed")
    status, out, _ = pair.ctl("haproxy", "drain", node, "--quiet", f"{patient(500)}ms", "--timeout", "500ms")
    check(status == 1 and "is not empty: 1 of 1 sessions are left" in out and "--force" in out, out)

    status, said, _ = drain(pair, node, "--force", "--timeout", "10s")
    check_equal((status, said["ended"]), (0, 1), "with --force it is ended")
    wait_for(lambda: busy.closed, 5, "the client sees that")
    busy.end()
    quiet.close()
    return node


def a_signal_ends_it(pair, node):
    busy = Busy(pair.balancers[1].address)
    moved = node_with(pair, "busy", 1)
    check(moved != node, "nobody comes to a node in maintenance")
    going = pair.scene.popen([ANYPORTCTL, "haproxy", "drain", moved, "--json", *pair.where],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    wait_for(lambda: state(pair, moved) == ["MAINT", "MAINT"], 5, "it has begun")
    going.terminate()
    said = json.loads(going.stdout.read())
    check_equal((going.wait(5), said["empty"], len(said["left"])), (1, False, 1), "it says what is left")
    check(not busy.closed, "and leaves it alone")
    busy.end()


def says_when_it_does_not_come_back(pair, node):
    number = [n.name for n in pair.nodes].index(node)
    pair.nodes[number].kill()
    wait_for(lambda: pair.ctl("haproxy", "undrain", node, "--timeout", "300ms")[0] == 1, 10, "not up in time")
    status, out, _ = pair.ctl("haproxy", "undrain", node, "--timeout", "1s")
    check(status == 1 and f"{node} is not back" in out and "DOWN" in out, out)


def what_would_harm_is_refused(pair, down):
    up = next(n.name for n in pair.nodes if state(pair, n.name) == ["UP", "UP"])
    others = [n.name for n in pair.nodes if n.name not in (up, down)]
    for name in others:
        check_equal(drain(pair, name, "--rate", 1000)[0], 0, f"drain of {name}")
    status, said, errors = drain(pair, up)
    check(status == 1 and said is None and "no other node of gateway takes clients" in errors, errors)
    check_equal(state(pair, up), ["UP", "UP"], "it was left as it was")
    status, _, errors = drain(pair, "n9")
    check(status == 1 and "backend gateway has no server n9" in errors, errors)


def closes_all_is_refused(scene, pair):
    text = pair.balancers[0].config_path.read_text().replace("inter 300ms", "on-marked-down shutdown-sessions inter 300ms")
    path = scene.file("closes.cfg", text)
    status, out, errors = pair.ctl("haproxy", "drain", "n1", "-c", f"lb1={path}", "--last-too")
    check(status == 1 and out == "" and "on-marked-down shutdown-sessions" in errors, errors)


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 3})
    kafka.spread("t", 3)
    nodes = [scene.node(kafka.bootstrap, advertise=f"{scene.host(1)}:9092") for _ in range(3)]
    pair = Pair(scene, nodes, **CLIENT_ID_STICKS)
    node = real_clients_move(scene, pair)
    comes_back(pair, node)
    node = what_moves_is_left(pair)
    a_signal_ends_it(pair, node)
    says_when_it_does_not_come_back(pair, node)
    closes_all_is_refused(scene, pair)
    what_would_harm_is_refused(pair, node)


run(test)
