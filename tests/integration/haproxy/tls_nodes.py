#!/usr/bin/env python3
"""Real nodes behind each way with TLS: kcat comes by SSL and by SASL_SSL, verifies the name that it was told, loses nothing
and is at the brokers who it said it is; the nodes know who asked, for which broker, by whose TLS."""
import pathlib
import subprocess
import sys

LIB = pathlib.Path(__file__).resolve().parents[2] / "lib"
sys.path[:0] = [str(LIB / "haproxy"), str(LIB)]
from asking_cluster import AskingCluster  # noqa: E402
from certs import Certs  # noqa: E402
from front import FIRST_PORT, Front, check, refused_at_once, run  # noqa: E402
from cluster import check_equal  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from process import PATIENCE  # noqa: E402

PORTS, COUNT = 3, 300
NODE_NAME = "gw.example.com"
GATEWAY, USER = ("gw", "gw-secret"), ("app", "app-secret")
PLAIN = b"\0\0\0\x10" + bytes(16)
WAYS = ("passthrough", "terminate", "reencrypt")


class Scenery:
    def __init__(self, scene):
        self.scene = scene
        (scene.dir / "certs").mkdir()
        self.certs = Certs(scene.dir / "certs")
        told = f"IP:{scene.host(1)},DNS:kafka.example.com"
        self.serials = {"node": self.issue("node", f"{told},DNS:{NODE_NAME}"), "haproxy": self.issue("kafka", told)}
        self.certs.issue("haproxy")
        self.open = scene.mock_cluster(topics={way: 6 for way in WAYS})
        for way in WAYS:
            self.open.spread(way, 6)
        self.asking = AskingCluster(scene, 3, {way: 6 for way in WAYS}, passwords=dict([GATEWAY, USER]))

    def issue(self, name, sans):
        path = self.certs.issue(name, sans=sans)
        done = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-serial"], capture_output=True, text=True, check=True)
        return done.stdout.strip().removeprefix("serial=")

    def file(self, name):
        return self.certs.folder / name


def node_env(scenery, way, by_login):
    """Logins come with PROXY headers; who only speaks TLS comes without, and the port says which broker is meant."""
    ends, plain = ("SASL_SSL", "SASL_PLAINTEXT") if by_login else ("SSL", "PLAINTEXT")
    env = {"GATEWAY_SECURITY_PROTOCOL": plain if way == "terminate" else ends, "GATEWAY_CLUSTER_ID": "off"}
    if by_login:
        env |= {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": GATEWAY[0],
                "KAFKA_SASL_PASSWORD": GATEWAY[1], "GATEWAY_PROXY_PROTOCOL": "require", "GATEWAY_PROXY_TRUSTED": "127.0.0.0/8"}
    else:
        env |= {"GATEWAY_PORT_IS_HINT": "true"}
    if way != "terminate":
        env |= {"GATEWAY_SSL_CERTIFICATE_LOCATION": scenery.file("node.pem")}
    if way == "reencrypt":
        env |= {"GATEWAY_SSL_CLIENT_AUTH": "required", "GATEWAY_SSL_CA_LOCATION": scenery.certs.authority}
    return env


def arguments(scenery, way):
    words = ["--tls", way, "--balance", "roundrobin"]
    if way != "passthrough":
        words += ["--tls-certificate", scenery.file("kafka.pem")]
    if way == "reencrypt":
        words += ["--node-tls-ca", scenery.certs.authority, "--node-tls-name", NODE_NAME, "--node-tls-certificate",
                  scenery.file("haproxy.pem")]
    return words


def kcat(scenery, by_login, *words, given=None, password=USER[1]):
    settings = {"security.protocol": "sasl_ssl" if by_login else "ssl", "ssl.ca.location": scenery.certs.authority,
                "ssl.endpoint.identification.algorithm": "https", "acks": "all", "batch.num.messages": 1}
    if by_login:
        settings |= {"sasl.mechanism": "PLAIN", "sasl.username": USER[0], "sasl.password": password}
    more = [word for key, value in settings.items() for word in ("-X", f"{key}={value}")]
    return subprocess.run(["kcat", "-b", f"{scenery.scene.host(1)}:{FIRST_PORT}", *more, *map(str, words)], input=given, text=True,
                          capture_output=True, check=False, timeout=30 * PATIENCE)


def nothing_is_lost(scenery, way, by_login):
    keys = [f"{way}-{n}" for n in range(COUNT)]
    done = kcat(scenery, by_login, "-P", "-t", way, "-K:", given="".join(f"{key}:{key}\n" for key in keys))
    check_equal(done.returncode, 0, f"{way}: what kcat says of its produce: {done.stderr}")
    done = kcat(scenery, by_login, "-C", "-q", "-t", way, "-o", 0, "-c", COUNT, "-f", "%k\n")
    check_equal(sorted(done.stdout.split()), sorted(keys), f"{way}: what kcat reads: {done.stderr}")


def connection_of(front, client_id):
    """What the node that has it tells of it."""
    told, = [c for node in front.nodes for c in node.get_json(f"/v1/connections?client_id={client_id}")[1]["connections"]]
    return told


def nodes_know(scenery, front, way, by_login):
    """Whose TLS it is, where the client is, and which broker it has dialled, whoever that node is."""
    source, port = scenery.scene.host(200), front.ports[1]
    tls = scenery.certs.client()
    tls.check_hostname = True
    with Connection(front.host, port, "asks", source=source, tls=tls, server_name="kafka.example.com") as link:
        link.ask("ApiVersions", 0)
        shown, told = link.sock.getpeercert()["serialNumber"], connection_of(front, "asks")
    check_equal(shown, scenery.serials["node" if way == "passthrough" else "haproxy"], f"{way}: whose certificate clients see")
    check_equal(told["client"].rpartition(":")[0] == source, by_login, f"{way}: the client's own address, by PROXY: {told['client']}")
    check_equal(told["dialled"], {"broker": 2, "by": "proxy" if by_login else "port"}, f"{way}: the broker that is meant")
    tls = told["tls"] or {"server_name": None, "certificate": None}
    expected = {"passthrough": ("kafka.example.com", None), "terminate": (None, None), "reencrypt": (NODE_NAME, "CN=haproxy")}
    check_equal((tls["server_name"], tls["certificate"]), expected[way], f"{way}: what the node is told by TLS")
    check_equal(told["tls"] is None, way == "terminate", f"{way}: whether the node gets it plain")


def clients_are_who_they_are(scenery, way):
    logins = scenery.asking.logins
    check_equal({number for number, who, _, good in logins if who == USER[0] and good}, {1, 2, 3},
                f"{way}: brokers that know the client as itself")
    check_equal({who for _, who, _, _ in logins}, {GATEWAY[0], USER[0]}, f"{way}: who else came")
    del logins[:]
    done = kcat(scenery, True, "-P", "-t", way, "-X", "message.timeout.ms=2000", given="x", password="wrong")
    check("Invalid username or password" in done.stderr, f"{way}: a wrong password: {done.stderr}")
    check_equal([good for _, who, _, good in logins if who == USER[0]], [False] * len(logins), f"{way}: let in by a wrong password")
    check(logins, f"{way}: a broker has judged the wrong password")
    del logins[:]


def goes(scenery, way, by_login):
    kafka = scenery.asking if by_login else scenery.open
    env = node_env(scenery, way, by_login)
    nodes = [scenery.scene.node(kafka.bootstrap, number, advertise=f"{scenery.scene.host(1)}:{FIRST_PORT}", ports=PORTS, env=env)
             for number in (1, 2)]
    front = Front(scenery.scene, nodes=nodes, ports=PORTS, env=nodes[0].env, arguments=arguments(scenery, way))
    nothing_is_lost(scenery, way, by_login)
    nodes_know(scenery, front, way, by_login)
    if by_login:
        clients_are_who_they_are(scenery, way)
    check(refused_at_once((front.host, front.ports[0]), PLAIN), f"{way}: a client without TLS is refused")
    served = front.haproxy.stats()
    check(all(int(served["anyport_nodes", node.name]["stot"]) > 0 for node in nodes), f"{way}: both nodes had clients")
    front.haproxy.process.stop(5)
    for node in nodes:
        node.kill()


def test(scene):
    scenery = Scenery(scene)
    for way in WAYS:
        for by_login in (False, True):
            goes(scenery, way, by_login)
            print(f"{way} by {'SASL_SSL' if by_login else 'SSL'}: {COUNT} records both ways", flush=True)


run(test)
