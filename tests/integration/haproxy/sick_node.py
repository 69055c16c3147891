#!/usr/bin/env python3
"""A node that has lost its brokers takes itself out of HAProxy and never wins by failing fast; where all have, all stay in."""
import pathlib
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, HTTP_PORT, check, check_equal, lasts, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from process import PATIENCE  # noqa: E402

CLIENTS = 200
AGENT_PORT = 9999
FILE = """
kafka: {{ bootstrap_servers = "{bootstrap}"; }};
gateway: {{ port_start = 9092; port_count = 5; min_broker_id = 1; advertised_listener = "{host}:9092";
            internal_load_balancing = false; http_port = {http}; }};
haproxy: {{ listen = "{host}:9092-9096"; nodes = ( {nodes} ); }};
"""


def generated(scene, kafka, nodes):
    """HAProxy, with the file that anyportctl makes for these nodes."""
    listed = ", ".join(f'{{ name = "{n.name}"; host = "{n.host}"; http_port = {HTTP_PORT}; }}' for n in nodes)
    conf = scene.file("front.conf", FILE.format(bootstrap=kafka.bootstrap, host=scene.host(1), http=HTTP_PORT, nodes=listed))
    text = subprocess.run([BUILD / "anyportctl", "haproxy", "generate", "-c", conf], capture_output=True, text=True,
                          check=True).stdout
    return scene.haproxy([], config=text)


def set_all(kafka, word):
    for broker in range(1, len(kafka.brokers) + 1):
        kafka.command(word, broker)


class Crowd:
    """Clients that try again after a tenth of a second, as librdkafka does, until they are served."""

    def __init__(self, address, seconds):
        self.address, self.ends = address, time.monotonic() + seconds
        self.served, self.tries = [], 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._client, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()

    def _client(self):
        while time.monotonic() < self.ends:
            kafka = None
            try:
                with self.lock:
                    self.tries += 1
                kafka = Connection(*self.address)
                kafka.ask("Metadata", 2, topics=[])
                with self.lock:
                    self.served.append(kafka)
                return
            except Exception:  # refused, reset or closed
                if kafka is not None:
                    kafka.close()
                time.sleep(0.1)  # as the clients do

    def close(self):
        for kafka in self.served:
            kafka.close()


def agent_says(node):
    import socket
    with socket.create_connection((node.host, AGENT_PORT), 5) as sock:
        return sock.recv(100).decode()


def one_is_sick(scene):
    good, bad = scene.mock_cluster(topics={"t": 3}), scene.mock_cluster(topics={"t": 3})
    env = {"GATEWAY_CLUSTER_ID": "off", "GATEWAY_AGENT_PORT": AGENT_PORT}
    well, sick = [scene.node(k.bootstrap, advertise=f"{scene.host(1)}:9092", env=env) for k in (good, bad)]
    haproxy = generated(scene, good, [well, sick])
    wait_for(haproxy.answers, 10, "HAProxy")
    set_all(bad, "down")
    crowd = Crowd(haproxy.address, 10 * PATIENCE)
    check_equal(len(crowd.served), CLIENTS, f"clients served within 10 s, of {crowd.tries} tries")
    took = sick.metrics().sum("anyport_client_connections_total")
    check(took < 2 * CLIENTS, f"{took:.0f} connections went to the node without brokers, in {crowd.tries} tries")
    status, told = sick.get_json("/health/ready")
    check_equal((status, told["status"]), (503, "unable"), "the node's own word")
    check("no broker answers" in told["reasons"][0], f"and why: {told}")
    check(agent_says(sick).startswith("down"), "the agent-check too")
    crowd.close()
    set_all(bad, "up")
    wait_for(sick.ready, 10, "it serves again")
    with Connection(*sick.address) as kafka:
        kafka.ask("Metadata", 2, topics=[])
    well.stop()
    sick.stop()


def is_out_within_five_seconds(scene):
    kafka = scene.mock_cluster(topics={"t": 3})
    node = scene.node(kafka.bootstrap, env={"GATEWAY_CLUSTER_ID": "off"})
    set_all(kafka, "down")
    with lasts("until the node says so", most=5):
        wait_for(lambda: not node.ready(), 6, "not ready")
    node.stop()


def test(scene):
    is_out_within_five_seconds(scene)
    one_is_sick(scene)


run(test)
