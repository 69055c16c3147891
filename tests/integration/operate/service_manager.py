#!/usr/bin/env python3
"""What systemd is told: READY when the node is, RELOADING, STOPPING, and WATCHDOG while every worker answers."""
import contextlib
import ctypes
import os
import pathlib
import re
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, patient, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402

WATCHDOG_S = 0.4
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17


class Manager:
    """systemd's end of the socket: what was said, and when."""

    def __init__(self, name):
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0", 1))
        self.said = []  # (time, {key: value})

    def listen(self):
        """What has come since."""
        self.socket.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = self.socket.recv(4096).decode().split("\n")
                self.said.append((time.monotonic(), dict(line.split("=", 1) for line in lines)))
        return self.said

    def times(self, key):
        return [when for when, words in self.listen() if key in words]

    def wait(self, key, seconds=10, more_than=0):
        wait_for(lambda: len(self.times(key)) > more_than, seconds, f"{key} is said")
        return [words for _, words in self.said if key in words][-1]

    def silence(self, key, seconds):
        """Listens so long; whether the key was not said."""
        before, end = len(self.times(key)), time.monotonic() + seconds
        while time.monotonic() < end:
            if len(self.times(key)) > before:
                return False
            time.sleep(0.02)
        return True

    def env(self, watchdog=WATCHDOG_S):
        return {"NOTIFY_SOCKET": self.name, "WATCHDOG_USEC": str(int(watchdog * 1e6))}


def worker_thread(node, number):
    for task in pathlib.Path(f"/proc/{node.pid}/task").iterdir():
        if (task / "comm").read_text().strip() == f"worker-{number}":
            return int(task.name)
    raise AssertionError(f"no thread worker-{number}")


@contextlib.contextmanager
def stopped(thread):
    """One thread alone, as SIGSTOP can't: what a worker that is stuck looks like."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(request):
        if libc.ptrace(request, thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request}")
    call(PTRACE_SEIZE)
    call(PTRACE_INTERRUPT)
    os.waitpid(thread, 0x40000000)  # __WALL
    yield
    call(PTRACE_DETACH)


def check_ready(scene, cluster):
    """Not before the cluster is known; a reload makes no node ready."""
    manager = Manager(str(scene.dir / "notify"))
    servers = 'kafka: {{ bootstrap_servers = "{}"; }};'
    node = scene.node("", config=servers.format(f"{scene.host(200)}:9092"), ready=False,
                      env=dict(manager.env(), KAFKA_BOOTSTRAP_SERVERS=None))
    manager.wait("WATCHDOG")
    wait_for(lambda: "no_broker" in node.process.log(), 10, "no broker is there")
    node.process.signal(signal.SIGHUP)
    wait_for(lambda: "event=reloaded" in node.process.log(), 5, "reloaded")
    check(not manager.times("READY") and not manager.times("RELOADING"), "a node that waits for Kafka is not ready")
    (scene.dir / f"{node.name}.conf").write_text(servers.format(cluster.bootstrap))
    node.process.signal(signal.SIGHUP)
    manager.wait("READY", 20)
    check(node.ready(), "what says READY is ready")
    node.process.signal(signal.SIGTERM)
    check_equal(node.process.wait(10), 0, "exit status")
    check_equal(len(manager.times("STOPPING")), 1, "STOPPING, once")


def check_reload_and_stop(node, manager, path):
    for text, event in (('gateway: { log_level = "debug"; };', "reloaded"), ("gateway: {", "reload_refused")):
        path.write_text(text)
        ready = len(manager.times("READY"))
        node.process.signal(signal.SIGHUP)
        manager.wait("READY", more_than=ready)
        said = [set(words) for _, words in manager.said]
        check({"RELOADING", "MONOTONIC_USEC"} in said[-3:], f"RELOADING comes before READY: {said}")
        wait_for(lambda e=event: re.search(f"event={e}", node.process.log()), 5, event)
    with Connection(*node.address) as kafka:
        kafka.ask("ApiVersions", 0)
        kafka.send_raw(b"\0")  # a request has begun: it is waited for
        node.process.signal(signal.SIGTERM)
        words = manager.wait("STOPPING")
        check(30e6 < int(words["EXTEND_TIMEOUT_USEC"]) <= 40e6, f"how long a drain may take: {words}")
        check_equal(manager.wait("STATUS")["STATUS"], "draining", "the status")
        watched = len(manager.times("WATCHDOG"))
        manager.wait("WATCHDOG", more_than=watched)
    check_equal(node.process.wait(10), 0, "exit status")


def check_watchdog(node, manager):
    for _ in range(3):
        manager.wait("WATCHDOG", 3, more_than=len(manager.times("WATCHDOG")))
    times = manager.times("WATCHDOG")[-3:]
    check(times[-1] - times[0] < 6 * WATCHDOG_S, f"said at half of its time: {times}")
    for number in range(2):
        with stopped(worker_thread(node, number)):
            manager.silence("WATCHDOG", WATCHDOG_S / 4)  # an answer may be under way
            check(manager.silence("WATCHDOG", 3 * WATCHDOG_S), f"worker {number} is stuck, yet the node says it is alive")
        manager.wait("WATCHDOG", 5, more_than=len(manager.times("WATCHDOG")))
    wait_for(lambda: "event=stuck workers=1" in node.process.log(), 5, "the log says so")


class Flood(threading.Thread):
    """One client that asks without end, and hears all of it."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.kafka, self.ends, self.heard = Connection(*node.address), False, 0

    def run(self):
        questions = self.kafka.make("ApiVersions", 0) * 1000
        hearer = threading.Thread(target=self._hear, daemon=True)
        hearer.start()
        while not self.ends:
            self.kafka.send_raw(questions)
        self.kafka.sock.shutdown(socket.SHUT_RDWR)
        hearer.join()

    def _hear(self):
        while data := self.kafka.sock.recv(1 << 20):
            self.heard += len(data)


def check_flooded(scene, cluster):
    """A worker that never runs out of work is alive: its service manager is told so in time."""
    manager = Manager(f"@anyport-test-flood-{os.getpid()}")
    watchdog = patient(2)
    node = scene.node(cluster.bootstrap, env=manager.env(watchdog), threads=1)
    flood = Flood(node)
    flood.start()
    manager.wait("WATCHDOG", 4 * watchdog, more_than=len(manager.times("WATCHDOG")) + 2)
    flood.ends = True
    flood.join(20)
    times = manager.times("WATCHDOG")
    longest = max(after - before for before, after in zip(times, times[1:]))
    check(longest < watchdog, f"it was silent for {longest:.2f} of {watchdog} s")
    check(flood.heard > 1 << 20, f"only {flood.heard} bytes were answered")
    node.stop()


def check_wrong_socket(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"NOTIFY_SOCKET": "vsock:2:1"})
    wait_for(lambda: "event=no_service_manager" in node.process.log(), 5, "a socket that can't be used is named")
    node.stop()


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    check_ready(scene, cluster)
    manager = Manager(f"@anyport-test-notify-{os.getpid()}")
    node = scene.node(cluster.bootstrap, config="", env=manager.env(), threads=2)
    check_watchdog(node, manager)
    check_reload_and_stop(node, manager, scene.dir / f"{node.name}.conf")
    check_flooded(scene, cluster)
    check_wrong_socket(scene, cluster)


run(test)
