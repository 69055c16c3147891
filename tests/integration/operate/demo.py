#!/usr/bin/env python3
"""demo.py - the whole of it on one machine, in half a minute (`make demo`).

A mock Kafka cluster of three brokers, two gateway nodes, HAProxy in front with
the file that `anyportctl haproxy generate` writes.  kcat produces and a kcat
group consumes through HAProxy; in the middle one node is killed with kill -9.
Ends with a table; exits 1 when a message is missing.
"""
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, FIRST_PORT, HTTP_PORT, Scene, wait_for  # noqa: E402
from kcat import Consumer, Producer, received  # noqa: E402

TOPIC, PARTITIONS = "demo", 12
MESSAGES, A_SECOND = 6000, 600
KILL_AT = MESSAGES * 2 // 5
PATIENCE = 25  # seconds for what was sent to arrive


def say(text):
    print(text, flush=True)


class Figures:
    """The last figures of each node; a killed one keeps those it had before."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.last = {node.name: None for node in nodes}

    def refresh(self):
        for node in self.nodes:
            try:
                metrics = node.metrics()
            except OSError:
                continue
            self.last[node.name] = (
                metrics.sum("anyport_client_connections_total"),
                metrics.sum("anyport_requests_total"),
                metrics.sum("anyport_client_bytes_total"),
            )


def generate_config(scene, nodes):
    """haproxy.cfg by the operator's tool, as an operator would."""
    path = scene.dir / "generated.cfg"
    last = FIRST_PORT + nodes[0].port_count - 1
    argv = [BUILD / "anyportctl", "haproxy", "generate", "--listen", f"{scene.host(1)}:{FIRST_PORT}-{last}",
            "--stats-socket", scene.dir / "haproxy.sock", "--balance", "roundrobin", "-o", path]
    for node in nodes:
        argv += ["--node", f"{node.name}={node.host}:{HTTP_PORT}"]
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False, env={
        **nodes[0].env, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    if done.returncode:
        raise AssertionError(f"anyportctl haproxy generate: {done.stderr}")
    return path.read_text()


def table(rows):
    widths = [max(len(str(row[n])) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        say("  " + "  ".join(str(cell).rjust(width) if n else str(cell).ljust(width)
                             for n, (cell, width) in enumerate(zip(row, widths))))


def play(scene):
    say(f"Starting a mock Kafka cluster: 3 brokers, topic {TOPIC} with {PARTITIONS} partitions.")
    kafka = scene.mock_cluster(brokers=3, topics={TOPIC: PARTITIONS})
    kafka.spread(TOPIC, PARTITIONS)
    front = f"{scene.host(1)}:{FIRST_PORT}"
    say("Starting two gateway nodes.")
    nodes = [scene.node(kafka.bootstrap, advertise=front, ready=False) for _ in range(2)]
    for node in nodes:
        node.wait_ready()
    say("Starting HAProxy with what `anyportctl haproxy generate` writes.")
    haproxy = scene.haproxy(nodes, config=generate_config(scene, nodes))
    haproxy.wait_up(*(node.name for node in nodes))

    say(f"Two consumers of one group and a producer, {A_SECOND} messages a second, all through {front}.")
    figures = Figures(nodes)
    consumers = [Consumer(scene, front, TOPIC, "readers") for _ in range(2)]
    producer = Producer(scene, front, TOPIC, MESSAGES, A_SECOND)
    victim = nodes[0]
    while producer.thread.is_alive():
        time.sleep(0.5)
        figures.refresh()
        if victim.process.alive() and producer.written >= KILL_AT and all(c.received() for c in consumers):
            say(f"  kill -9 {victim.name}")
            victim.kill()
        say(f"  sent {producer.written:5d}  received {len(received(consumers)):5d}")
    status = producer.finish(PATIENCE)
    try:
        wait_for(lambda: len(set(received(consumers))) == MESSAGES, PATIENCE, "all messages", every=0.25)
    except AssertionError:
        pass  # the table says it
    figures.refresh()
    return report(figures, victim, received(consumers), status)


def report(figures, victim, arrived, status):
    distinct = len(set(arrived))
    lost = MESSAGES - distinct
    say("")
    table([("messages", "sent", "received", "distinct"), ("", MESSAGES, len(arrived), distinct)])
    say("")
    rows = [("node", "connections", "requests", "bytes", "")]
    for name, values in figures.last.items():
        cells = tuple(int(v) for v in values) if values else ("-", "-", "-")
        rows.append((name, *cells, "killed on the way" if name == victim.name else ""))
    table(rows)
    say("")
    say(f"{lost} lost")
    if victim.process.alive():
        say("no message arrived in time for a node to be killed")
    if status:
        say(f"the producer ended with {status}: not every message was acknowledged")
    idle = [name for name, values in figures.last.items() if not values or not values[1]]
    if idle:
        say(f"no request went through {', '.join(idle)}")
    return lost == 0 and status == 0 and not idle and not victim.process.alive()


def main():
    began = time.monotonic()
    with Scene() as scene:
        good = play(scene)
        if not good:
            scene.show_logs(20)
    say(f"({time.monotonic() - began:.0f} s)")
    sys.exit(0 if good else 1)


main()
