#!/usr/bin/env python3
"""Bytes are cut through: 100 MiB pass, either way, fast or stalled, and the node doesn't grow."""
# alone
import collections
import pathlib
import signal
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, lasts, run, wait_for  # noqa: E402
from kafka_wire import Connection, frame, parts_of, read_response, request_bytes, produce_data  # noqa: E402
from traffic import errors_of, fetch_request, no_errors, produce  # noqa: E402

MIB = 1 << 20
FRAME = 100 * MIB  # as socket.request.max.bytes
GROWTH = 4 * MIB
PART = ("bench", 0)
ANSWER = 40 * MIB


class Watch:
    """The most that a node held while the block ran, beyond what it held before."""

    def __init__(self, node):
        self.node = node
        self.before = node.memory().total
        self.most = self.before
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._look)

    def _look(self):
        while not self.stopped.wait(0.01):
            self.most = max(self.most, self.node.memory().total)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()

    def check(self, what):
        growth = self.most - self.before
        check(growth < GROWTH, f"{what}: the node grew by {growth / MIB:.1f} MiB")
        print(f"{what}: the node grew by {max(growth, 0) / MIB:.2f} MiB")


def big_frame(kafka):
    """The head of a Produce of one partition in a frame of 100 MiB, and how many bytes of records follow."""
    small = kafka.make("Produce", 7, acks=-1, timeout_ms=60000, topic_data=produce_data({PART: b""}))
    records = FRAME - (len(small) - 4)
    head = bytearray(small)
    head[:4] = struct.pack(">i", FRAME)
    head[-4:] = struct.pack(">i", records)
    return bytes(head), records


def send_records(kafka, count, pause=None):
    piece = b"r" * MIB
    sent = 0
    while sent < count:
        step = min(MIB, count - sent)
        kafka.send_raw(piece[:step])
        sent += step
        if pause:
            pause(sent)


def check_produce(node, kafka):
    head, records = big_frame(kafka)
    with Watch(node) as watch:
        kafka.send_raw(head)
        send_records(kafka, records)
        no_errors(errors_of("Produce", kafka.receive()), "Produce of 100 MiB")
    watch.check("Produce of 100 MiB")


def check_stalled_broker(node, kafka, cluster):
    """The broker reads nothing for a while: the client is held back, the node holds nothing for it."""
    kafka.sock.settimeout(30)
    head, records = big_frame(kafka)
    with Watch(node) as watch:
        kafka.send_raw(head)
        send_records(kafka, 10 * MIB)
        cluster.process.signal(signal.SIGSTOP)
        threading.Timer(1.5, cluster.process.signal, (signal.SIGCONT,)).start()
        with lasts("the client was held back", least=1):
            send_records(kafka, records - 10 * MIB)
        no_errors(errors_of("Produce", kafka.receive()), "Produce to a broker that stalls")
    watch.check("Produce to a broker that stalls")


def check_slow_sender(node, kafka):
    """While one sends slowly, another's small requests pass, at the same broker."""
    head, records = big_frame(kafka)
    with Connection(*node.address) as other, Watch(node) as watch:
        kafka.send_raw(head)
        for _ in range(5):
            send_records(kafka, MIB)
            with lasts("another client doesn't wait", most=1):
                no_errors(produce(other, {PART: [b"x"]}), "another client")
        send_records(kafka, records - 5 * MIB)
        no_errors(errors_of("Produce", kafka.receive()), "Produce with pauses")
    watch.check("Produce with pauses")


def wait_until_full(node, before):
    """Until no more bytes come from the broker: all room between it and a client that doesn't read is taken."""
    looks = collections.deque(maxlen=6)

    def is_full():
        looks.append(node.metrics().sum("anyport_broker_bytes_total", direction="in"))
        return len(looks) == looks.maxlen and len(set(looks)) == 1 and looks[0] > before
    wait_for(is_full, 20, "the answer begins, and stops as its client doesn't read it", every=0.05)


def check_fetch(node, kafka, parts, what):
    """A client that reads slowly, then all of it."""
    before = node.metrics().sum("anyport_broker_bytes_total", direction="in")
    kafka.send("Fetch", 11, **fetch_request({part: 0 for part in parts}, max_bytes=1 << 30))
    with Watch(node) as watch:
        wait_until_full(node, before)
        data = kafka.receive_frame()
        watch.most = max(watch.most, node.memory().total)
    correlation, api, version = kafka._asked.pop(0)
    got, answer = read_response(api, version, data)
    check_equal(got, correlation, "correlation id")
    answered = parts_of("Fetch", answer)
    check_equal([part for part, _ in answered], parts, "partitions")
    check(all(len(values["records"]) > ANSWER * 0.9 for _, values in answered), "all the records")
    return watch


def broker_connections(node):
    metrics = node.metrics()
    return metrics.sum("anyport_broker_connections_total") - metrics.sum("anyport_broker_connections_closed_total")


def check_lost_client(node):
    """A client that leaves in mid-frame takes its broker connection with it: half a request is none."""
    before = broker_connections(node)
    with Connection(*node.address) as kafka:
        head, _ = big_frame(kafka)
        kafka.send_raw(head)
        send_records(kafka, 3 * MIB)
        wait_for(lambda: broker_connections(node) == before + 1, 5, "its broker connection is open")
    wait_for(lambda: broker_connections(node) == before, 5, "its broker connection is closed")


def test(scene):
    cluster = scene.sink(partitions=6, fetch_bytes=ANSWER)
    node = scene.node(cluster.bootstrap)
    with Connection(*node.address, timeout=60) as kafka:
        no_errors(produce(kafka, {("bench", p): [b"warm"] for p in range(3)}), "warm-up")
        check_fetch(node, kafka, [PART], "warm-up")
        check_produce(node, kafka)
        check_stalled_broker(node, kafka, cluster)
        check_slow_sender(node, kafka)
        check_fetch(node, kafka, [PART], "Fetch").check(f"Fetch of {ANSWER // MIB} MiB by a slow client")
    wait_for(lambda: node.metrics().sum("anyport_client_connections_closed_total") ==
             node.metrics().sum("anyport_client_connections_total"), 5, "all clients are gone")
    check_lost_client(node)
    with Connection(*node.address) as kafka:
        too_big = frame(request_bytes("Produce", 7, 1, acks=1, timeout_ms=1, topic_data=[]))
        kafka.send_raw(struct.pack(">i", FRAME + 1) + too_big[4:])
        check(kafka.is_closed(5), "one byte more than the maximum closes")


run(test)
