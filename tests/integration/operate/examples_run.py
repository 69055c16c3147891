#!/usr/bin/env python3
"""The examples as they are, at the addresses that they name: nodes, HAProxy and clients in network namespaces.

The nodes and a mock Kafka live in this process's own namespace, HAProxy in a second one behind a pair of
virtual interfaces.  What the files name in /etc and /run lies in a mount namespace.  Left out is compose's, whose
addresses docker gives.
"""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from machine import in_namespaces, skip  # noqa: E402

if not in_namespaces("-n", "-m", "mount --make-rprivate / && mount -t tmpfs none /run"):
    skip("network and mount namespaces can't be made on this machine")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from certs import GoldenCerts  # noqa: E402
from cluster import BUILD, REPO, Metrics, check, check_equal, http_get, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from nameserver import Dns  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

NODES = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
FRONT = "10.0.0.9"  # HAProxy's, as the examples that trust it name it
EXAMPLES = ["plain", "plain-pair", "ha-keepalived", "proxy-protocol", "single", "tls-passthrough", "tls-terminate",
            "tls-reencrypt", "kubernetes-headless", "kubernetes-ingress"]
CLIENTS = 8


def sh(line):
    subprocess.run(line, shell=True, check=True)


def make_network():
    sh("mount --make-rprivate / && mount -t tmpfs none /run && mkdir /run/haproxy && ip netns add lb")
    sh("ip link set lo up && ip link add nodes type veth peer name front netns lb && ip link set nodes up")
    for host in NODES:
        sh(f"ip address add {host}/24 dev nodes")
    sh("ip -n lb link set lo up && ip -n lb link set front up")
    for host in (FRONT, "10.0.0.8", "10.0.0.100"):
        sh(f"ip -n lb address add {host}/24 dev front")


def make_files(scene):
    """Certificates where the examples have them, and names."""
    (scene.dir / "etc").mkdir()
    (scene.dir / "etc" / "tls").mkdir()
    certs = GoldenCerts(scene.dir / "etc" / "tls")
    scene.file("hosts", f"127.0.0.1 localhost\n{FRONT} kafka.example.com\n")
    scene.file("resolv.conf", f"nameserver {NODES[0]}\n")
    sh(f"mkdir -p /etc/haproxy /etc/anyport && mount --bind {scene.dir}/etc /etc/haproxy && mount --bind {scene.dir}/etc /etc/anyport")
    sh(f"mount --bind {scene.dir}/hosts /etc/hosts && mount --bind {scene.dir}/resolv.conf /etc/resolv.conf")
    return certs


def start_nodes(scene, folder, cluster):
    for n, host in enumerate(NODES, 1):
        env = {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap, "GATEWAY_BIND_HOST": host, "GATEWAY_HTTP_HOST": host,
               "GATEWAY_CLUSTER_ID": "off", "GATEWAY_DOWNSTREAM_THREAD": "1"}
        scene.process([BUILD / "anyport", "-c", folder / "anyport.conf"], name=f"{folder.name}-n{n}", env=env)
    for host in NODES:
        wait_for(lambda at=host: http_get(f"http://{at}:8888/health/ready")[0] == 200, 15, f"{host} is ready")


def connect(port, number, certs, folder):
    kafka = Connection(FRONT, port, client_id=f"orders-{number}", source=NODES[number % len(NODES)])
    if folder.name.startswith("tls"):
        kafka.sock = certs.client(f"team-{number}").wrap_socket(kafka.sock)
        shown = dict(rdn[0] for rdn in kafka.sock.getpeercert()["subject"])["commonName"]
        check_equal(shown, "node" if folder.name == "tls-passthrough" else "kafka", f"{folder.name}: whose certificate clients see")
    return kafka


def counted():
    """Client connections that each node has had."""
    counts = []
    for host in NODES:
        metrics = Metrics(http_get(f"http://{host}:8888/metrics")[1])
        counts.append(metrics.sum("anyport_client_connections_total"))
    return counts


def serves(folder, certs):
    """A first client is served."""
    try:
        with connect(9092, 0, certs, folder) as kafka:
            kafka.ask("ApiVersions", 0)
            return True
    except (OSError, EOFError):
        return False


def check_example(scene, name, cluster, certs):
    folder = REPO / "examples" / name
    before = len(scene.processes)
    start_nodes(scene, folder, cluster)
    scene.process(["ip", "netns", "exec", "lb", "haproxy", "-W", "-f", folder / "haproxy.cfg"], name=f"{name}-haproxy")
    wait_for(lambda: serves(folder, certs), 20, f"{name}: HAProxy serves")
    told = 1 if "single" in (folder / "anyport.conf").read_text() else 3
    links = [connect(9092 + n % told, n, certs, folder) for n in range(CLIENTS)]
    for number, kafka in enumerate(links):
        metadata = kafka.ask("Metadata", 2, topics=None)
        names = {(b["host"], b["port"]) for b in metadata["brokers"]}
        check_equal(len(names), told, f"{name}: what clients are told: {names}")
        check(all(host in ("kafka.example.com", "10.0.0.100") for host, _ in names), f"{name}: {names}")
        no_errors(produce(kafka, {("t", p): [f"{name} {number}".encode()] for p in range(3)}), f"{name}: Produce")
    check(sum(1 for count in counted() if count > 0) >= 2, f"{name}: connections of the nodes: {counted()}")
    for kafka in links:
        kafka.close()
    for process in reversed(scene.processes[before:]):
        process.stop(10)


def test(scene):
    make_network()
    certs = make_files(scene)
    cluster = scene.mock_cluster(topics={"t": 3})
    cluster.spread("t", 3)
    names = Dns(NODES[0], 53)
    names.addresses = NODES
    for name in EXAMPLES:
        check_example(scene, name, cluster, certs)
        print(f"PASS example {name}", flush=True)


run(test)
