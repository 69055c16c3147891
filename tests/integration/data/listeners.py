#!/usr/bin/env python3
"""Two listeners of one node: plaintext inside, TLS outside. Whoever asks is told the listener's own host and ports by
every answer that names brokers, is served by them, and by nothing else; HAProxy's file is made for one of them, or for both."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, FIRST_PORT, check, check_equal, run  # noqa: E402
from haproxy.certs import Certs  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch, no_errors, produce  # noqa: E402

OUTSIDE, OUTSIDE_TOLD, NAME = 9192, 29092, "kafka.lab.test"
PARTS = [("t", p) for p in range(3)]
ONE = ("GATEWAY_PORT_START", "GATEWAY_PORT_COUNT", "GATEWAY_ADVERTISED_LISTENER", "GATEWAY_ADVERTISED_MODE")
CONFIG = """gateway: { listeners = (
    { name = "inside"; ports = "%d-%d"; advertised_host = "%s"; },
    { name = "outside"; ports = "%d-%d:%d-%d"; advertised_host = "%s"; security_protocol = "SSL"; }
); };
"""


def named(answer):
    return {b["node_id"]: (b["host"], b["port"]) for b in answer["brokers"]}


def check_told(kafka, host, first):
    expected = {n: (host, first + n - 1) for n in (1, 2, 3)}
    check_equal(named(kafka.ask("Metadata", 2, topics=[])), expected, "brokers in Metadata")
    found = kafka.ask("FindCoordinator", 1, key="g", key_type=0)
    check_equal((found["host"], found["port"]), expected[found["node_id"]], "the coordinator")


def check_serves(kafka, first):
    no_errors(produce(kafka, {part: [b"v"] for part in PARTS}), "a Produce")
    values, errors = fetch(kafka, {part: first for part in PARTS}, max_wait_ms=2000)
    no_errors(errors, "a Fetch of it")
    check(all(values[part] == [b"v"] for part in PARTS), "every part comes back")


def generate(scene, path, *words):
    env = {"PATH": "/usr/sbin:/usr/bin:/bin", "HAPROXY_NODES": "n1=10.0.0.1:8888"}
    return subprocess.run([BUILD / "anyportctl", "haproxy", "generate", "-c", path, *words], env=env, capture_output=True,
                          text=True, timeout=60)


def check_generated(scene, config):
    path = scene.file("listeners.conf", 'kafka: { bootstrap_servers = "k:9092"; };\n' + config.replace(
        "gateway: {", "gateway: { internal_load_balancing = false; ssl_certificate_location = \"/c\";"))
    both = generate(scene, path, "--tls", "passthrough")
    check_equal(both.returncode, 0, f"exit of generate for both: {both.stderr}")
    for name in ("inside", "outside"):
        check(f"frontend kafka_clients_{name} " in both.stdout, f"{name} is in it")
    outside = generate(scene, path, "--listener", "outside", "--tls", "passthrough")
    check_equal(outside.returncode, 0, f"exit of generate --listener outside: {outside.stderr}")
    check(f":{OUTSIDE_TOLD}-{OUTSIDE_TOLD + 4}" in outside.stdout, "HAProxy listens where clients are told to come")


def check_counted(node):
    """By listener; two connections are open."""
    metrics = node.metrics()
    for name in ("inside", "outside"):
        check_equal(metrics.sum("anyport_listener_connections", listener=name), 1, f"open of {name}")
        for direction in ("in", "out"):
            check(metrics.sum("anyport_listener_bytes_total", listener=name, direction=direction) > 0, f"bytes {direction} of {name}")
        check_equal(metrics.sum("anyport_listener_logins_total", listener=name), 0, f"logins of {name}")
    for direction in ("in", "out"):
        check_equal(metrics.sum("anyport_listener_bytes_total", direction=direction),
                    metrics.sum("anyport_client_bytes_total", direction=direction), f"all bytes {direction}")


def check_apart(scene, kafka):
    """How many ports there are is known once the cluster has answered: then no two listeners may tell the same addresses."""
    host = scene.host(109)
    node = scene.node(kafka.bootstrap, number=9, ready=False, env={**{name: None for name in ONE}, **{
        f"GATEWAY_LISTENER_{name}_{key}": value for name, key, value in (
            ("A", "PORTS", "9092-"), ("B", "PORTS", "9094-:9192-"), ("A", "ADVERTISED_HOST", host), ("B", "ADVERTISED_HOST", host))}})
    check_equal(node.process.wait(20), 1, "exit status")
    check("clients of the listeners a and b would be told the same addresses of " in node.process.log(), node.process.log())


def scenario(scene):
    folder = scene.dir / "certs"
    folder.mkdir()
    certs = Certs(folder)
    certs.issue("node", sans=f"DNS:{NAME}")
    kafka = scene.mock_cluster(topics={"t": 3})
    kafka.spread("t", 3)
    host = scene.host(101)
    check_apart(scene, kafka)
    config = CONFIG % (FIRST_PORT, FIRST_PORT + 4, host, OUTSIDE_TOLD, OUTSIDE_TOLD + 4, OUTSIDE, OUTSIDE + 4, NAME)
    node = scene.node(kafka.bootstrap, number=1, config=config, env={
        **{name: None for name in ONE}, "GATEWAY_SSL_CERTIFICATE_LOCATION": folder / "node.crt",
        "GATEWAY_SSL_KEY_LOCATION": folder / "node.key"})
    with Connection(node.host, FIRST_PORT + 1, client_id="in") as inside, \
            Connection(node.host, OUTSIDE, client_id="out", tls=certs.client(), server_name=NAME, timeout=20) as outside:
        check_told(inside, host, FIRST_PORT)
        check_told(outside, NAME, OUTSIDE_TOLD)
        check_serves(inside, 0)
        check_serves(outside, 1)
        rows = {c["client_id"]: (c["listener"], c["port"], c["tls"] is not None)
                for c in node.get_json("/v1/connections")[1]["connections"]}
        check_counted(node)
        check_equal(rows, {"in": ("inside", FIRST_PORT + 1, False), "out": ("outside", OUTSIDE, True)}, "who came by what")
    with Connection(node.host, OUTSIDE) as plain:
        plain.send("ApiVersions", 0)
        check(plain.is_closed(), "plaintext outside is closed without a byte")
    log = node.process.log()
    for name in ("inside", "outside"):
        check(f"event=ready listener={name} " in log, f"the log tells of {name}")
    check_generated(scene, config)


if __name__ == "__main__":
    run(scenario)
