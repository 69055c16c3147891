#!/usr/bin/env python3
"""Clients come by TLS: through the same ports, with or without certificates of their own, behind PROXY headers, and nobody
who speaks something else is sent a byte."""
import os
import pathlib
import socket
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from haproxy.certs import Certs  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch, no_errors, produce  # noqa: E402

PARTS = [("t", p) for p in range(6)]
PROXY = b"PROXY TCP4 10.0.0.5 10.0.0.9 4411 9094\r\n"


class Scenery:
    def __init__(self, scene):
        self.scene = scene
        folder = scene.dir / "certs"
        folder.mkdir()
        self.certs = Certs(folder)
        self.certs.issue("node", sans=f"DNS:kafka.lab.test,DNS:*.kafka.lab.test,IP:{scene.host(101)},IP:{scene.host(1)}")
        self.certs.issue("app")
        self.contexts = {name: self.certs.client(name) for name in (None, "app")}  # a session is of one of them
        self.kafka = scene.mock_cluster(topics={"t": 6})
        self.kafka.spread("t", 6)

    def env(self, **more):
        return {"GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_SSL_CERTIFICATE_LOCATION": self.certs.folder / "node.crt",
                "GATEWAY_SSL_KEY_LOCATION": self.certs.folder / "node.key", **more}

    def node(self, **env):
        return self.scene.node(self.kafka.bootstrap, number=1, env=self.env(**env))

    def connect(self, node, name=None, **options):
        return Connection(*node.address, tls=self.contexts[name], server_name="kafka.lab.test", timeout=20, **options)


def check_serves(kafka):
    no_errors(produce(kafka, {part: [f"{part}".encode(), os.urandom(300_000)] for part in PARTS}), "a Produce of 1.8 MB")
    values, errors = fetch(kafka, {part: 0 for part in PARTS}, max_wait_ms=2000, max_bytes=50 << 20)
    no_errors(errors, "a Fetch of it")
    check(all(f"{part}".encode() in values[part] for part in PARTS), "every part comes back")


def connections(node):
    return node.get_json("/v1/connections")[1]["connections"]


def check_by_tls(scenery, node):
    with scenery.connect(node) as kafka:
        check_serves(kafka)
        told = connections(node)
        check_equal([c["tls"] for c in told],
                    [{"version": "TLSv1.3", "server_name": "kafka.lab.test", "certificate": None, "certificate_expires": None}],
                    "what /v1/connections tells of it")
    with scenery.connect(node) as kafka:  # half a close: what was asked is still answered
        kafka.send("ApiVersions", 0)
        with socket.socket(fileno=os.dup(kafka.sock.fileno())) as below:  # where Python's TLS does not hear of it
            below.shutdown(socket.SHUT_WR)
        check(kafka.receive()["api_keys"], "an answer after the client's FIN without close_notify")
    check_equal(node.metrics().sum("anyport_client_connections_refused_total", reason="tls"), 0, "refused handshakes")


def bytes_of(address, said):
    """What is answered, to the end."""
    with socket.create_connection(address, 20) as sock:
        sock.sendall(said)
        got = b""
        try:
            while more := sock.recv(1000):
                got += more
        except ConnectionResetError:
            pass
        return got


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="kafka.lab.test").do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake without a peer")


def check_wrong_protocol(scenery, node):
    """A plaintext Java client would take an alert for the size of a frame of 352 MB."""
    frame = b"\0\0\0\x12\0\x12\0\0\0\0\0\1\0\4test" + b"\0\0\0\0"
    for said in (frame, b"GET / HTTP/1.1\r\n\r\n", PROXY):
        check_equal(bytes_of(node.address, said), b"", f"the answer to {said!r}")
    check_equal(node.metrics().sum("anyport_client_connections_refused_total", reason="tls"), 3, "refused handshakes")
    wait_for(lambda: "level=warn client=" in node.process.log(1000)
             and 'reason="plaintext at a TLS port"' in node.process.log(1000), 5, "the log says so")
    with socket.create_connection(node.address, 20) as sock:
        sock.sendall(client_hello()[:40])
        check_equal(sock.recv(10), b"", "half a hello is closed in time")


def check_plaintext_port(scenery):
    node = scenery.scene.node(scenery.kafka.bootstrap, number=2)
    check_equal(bytes_of(node.address, client_hello()), b"", "the answer of a plaintext port to a hello")
    wait_for(lambda: 'reason="TLS at a plaintext port"' in node.process.log(1000), 5, "the log says so")
    with Connection(*node.address) as kafka:
        check_serves(kafka)
        check_equal([c["tls"] for c in connections(node)], [None], "nothing of TLS is told")
    node.stop()


def check_certificates(scenery):
    node = scenery.node(GATEWAY_SSL_CLIENT_AUTH="required", GATEWAY_SSL_CA_LOCATION=scenery.certs.authority,
                        GATEWAY_SSL_MIN_VERSION="TLSv1.3", GATEWAY_SSL_CIPHERS="TLS_AES_128_GCM_SHA256")
    session = None
    for resumed in (False, True, True):
        with scenery.connect(node, "app", session=session) as kafka:
            check_serves(kafka)
            check_equal(kafka.sock.session_reused, resumed, "a short handshake, as every second one of Java's")
            check_equal(kafka.sock.cipher()[0], "TLS_AES_128_GCM_SHA256", "the one cipher")
            check_equal([c["tls"]["certificate"] for c in connections(node)], ["CN=app"], "whose certificate it is")
            session = kafka.sock.session
        wait_for(lambda: not connections(node), 5, "the client has gone")
    try:
        with scenery.connect(node) as kafka:
            kafka.sock.recv(1)  # and says nothing: bytes that nobody reads may overtake the reason
        check(False, "a client without a certificate is refused")
    except ssl.SSLError as error:
        check("certificate required" in str(error).lower().replace("_", " "), f"it hears why: {error}")
    wait_for(lambda: "peer did not return a certificate" in node.process.log(1000), 5, "the log says why")
    node.stop()


def check_principals(scenery):
    """Who a client is says its certificate, by the rules that brokers have for it."""
    def env(rules):
        return {"GATEWAY_SSL_CLIENT_AUTH": "requested", "GATEWAY_SSL_CA_LOCATION": scenery.certs.authority,
                "GATEWAY_SSL_PRINCIPAL_MAPPING_RULES": rules}
    node = scenery.node(**env("RULE:^CN=(ap+)$/the $1/U"))
    for name, principal in (("app", "User:THE APP"), (None, "User:ANONYMOUS")):
        with scenery.connect(node, name) as kafka:
            check_serves(kafka)
            check_equal([c["principal"] for c in connections(node)], [principal], "who came")
        wait_for(lambda: not connections(node), 5, "the client has gone")
    node.stop()
    node = scenery.node(**env("RULE:^CN=nobody$//"))
    with scenery.connect(node, "app") as kafka:
        check_equal(kafka.sock.recv(10), b"", "closed, as by a broker")
    check_equal(node.metrics().sum("anyport_client_connections_refused_total", reason="principal"), 1, "refused")
    wait_for(lambda: 'event=no_principal name="CN=app" reason="no rule of' in node.process.log(1000), 5, "the log says why")
    node.stop()
    node = scenery.scene.node(scenery.kafka.bootstrap, number=1, ready=False, env=scenery.env(**env("DEFAULT, RULE:[a[b]]/x/")))
    check_equal(node.process.wait(10), 1, "the exit status")
    wait_for(lambda: "GATEWAY_SSL_PRINCIPAL_MAPPING_RULES: rule 2: its pattern, at 3: a class in a class" in node.process.log(100),
             5, f"says why: {node.process.log(10)}")


def check_proxy(scenery):
    node = scenery.node(GATEWAY_PROXY_PROTOCOL="require", GATEWAY_SSL_CLIENT_AUTH="requested",
                        GATEWAY_SSL_CA_LOCATION=scenery.certs.authority)
    with scenery.connect(node, "app", preamble=PROXY) as kafka:
        check_serves(kafka)
        told = connections(node)[0]
        check_equal((told["client"], told["port"], told["tls"]["certificate"]), ("10.0.0.5:4411", 9094, "CN=app"),
                    "who came, by the PROXY header and by TLS behind it")
    node.stop()


def check_host_mode(scenery):
    """Brokers are told apart by names at one port; each name serves everything."""
    node = scenery.scene.node(scenery.kafka.bootstrap, number=1, mode="host", ports=1, env=scenery.env(
        GATEWAY_ADVERTISED_LISTENER="kafka.lab.test:9092", GATEWAY_ADVERTISED_HOST_PATTERN="b{id}.kafka.lab.test"))
    for name in ("kafka.lab.test", "b2.kafka.lab.test", "b99.kafka.lab.test"):
        with Connection(*node.address, tls=scenery.contexts[None], server_name=name, timeout=20) as kafka:
            told = kafka.ask("Metadata", 2, topics=[{"name": "t"}])
            check_equal(sorted((b["node_id"], b["host"], b["port"]) for b in told["brokers"]),
                        [(n, f"b{n}.kafka.lab.test", 9092) for n in (1, 2, 3)], f"brokers told to who asks for {name}")
            check_equal({p["leader_id"] for p in told["topics"][0]["partitions"]}, {1, 2, 3}, "leaders by their own ids")
            check_serves(kafka)
    check("misnamed_certificate" not in node.process.log(1000), "the certificate is for the first broker's name")
    node.stop()


def check_kcat(scenery, node):
    """librdkafka, through an HAProxy that passes TLS on; it verifies the address that it was told."""
    haproxy = scenery.scene.haproxy([node])
    haproxy.wait_up(node.name)
    host, port = haproxy.address
    for words, text in ((["-P", "-p", "1"], "through HAProxy\n"), (["-C", "-p", "1", "-e", "-q", "-o", "beginning"], "")):
        done = scenery.scene.popen(["kcat", "-b", f"{host}:{port}", "-t", "t", "-X", "security.protocol=ssl", "-X",
                                    f"ssl.ca.location={scenery.certs.authority}", "-X",
                                    "ssl.endpoint.identification.algorithm=https", *words], stdin=-1, stdout=-1, stderr=-1,
                                   text=True, errors="replace")
        out, errors = done.communicate(text, timeout=60)
        check_equal(done.returncode, 0, f"kcat {words[0]} ({errors[-400:]})")
    check("through HAProxy" in out, "kcat reads what it wrote")


def test(scene):
    scenery = Scenery(scene)
    node = scenery.node(GATEWAY_HEAD_TIMEOUT="1 s", GATEWAY_ADVERTISED_LISTENER=f"{scene.host(1)}:9092")
    check_by_tls(scenery, node)
    check_kcat(scenery, node)
    check_wrong_protocol(scenery, node)
    node.stop()
    check_plaintext_port(scenery)
    check_certificates(scenery)
    check_principals(scenery)
    check_proxy(scenery)
    check_host_mode(scenery)


if __name__ == "__main__":
    run(test)
