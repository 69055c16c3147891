#!/usr/bin/env python3
"""Brokers are talked to by TLS and must be who they are said to be; what fails is told in words, not as an empty cluster."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, http_get, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from haproxy.certs import Certs  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch, no_errors, produce  # noqa: E402

PARTS = [("t", p) for p in range(6)]  # partition p is led by broker 1 + p % 3


class Scenery:
    """Three brokers, each with a certificate for its address."""

    def __init__(self, scene):
        self.scene = scene
        folder = scene.dir / "certs"
        other = scene.dir / "other"
        folder.mkdir()
        other.mkdir()
        self.certs, self.strangers = Certs(folder), Certs(other)
        self.kafka = GroupCluster(scene, 3, {"t": 6})
        for number, host in self.kafka.hosts.items():
            self.certs.issue(f"b{number}", sans=f"IP:{host}")
        self.certs.issue("gateway")
        self.secure()

    def secure(self, **how):
        self.kafka.tls = {n: self.certs.server(f"b{n}", **how) for n in self.kafka.hosts}

    def env(self, **more):
        return {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CA_LOCATION": self.certs.authority, **more}

    def node(self, ready=True, **env):
        return self.scene.node(self.kafka.bootstrap, ready=ready, env=self.env(**env))


def check_serves(node):
    with Connection(*node.address) as kafka:
        no_errors(produce(kafka, {part: [f"{part}".encode()] for part in PARTS}), "a Produce over three brokers")
        values, errors = fetch(kafka, {part: 0 for part in PARTS}, max_wait_ms=100, max_bytes=50 << 20)
        no_errors(errors, "a Fetch over three brokers")
        for part in PARTS:
            check(f"{part}".encode() in values[part], f"{part} has what was written")
        big = [os.urandom(400_000)]
        no_errors(produce(kafka, {part: big for part in PARTS}), "megabytes over three brokers")
        values, _ = fetch(kafka, {part: 0 for part in PARTS}, max_wait_ms=100, max_bytes=50 << 20)
        check(all(big[0] in values[part] for part in PARTS), "megabytes come back as they were")


def check_by_tls(scenery):
    node = scenery.node()
    check_serves(node)
    check({number for number, _, _ in scenery.kafka.handshakes} == {1, 2, 3}, "every broker was talked to by TLS")
    check_serves(node)  # another client: further connections to the same brokers
    resumed = [number for number, was_resumed, _ in scenery.kafka.handshakes if was_resumed]
    check(set(resumed) == {1, 2, 3}, f"handshakes are short from the second on: {scenery.kafka.handshakes}")
    wait_for(lambda: node.get_json("/v1/cluster")[1]["state"] == "member", 20, "the nodes' own group is joined by TLS")
    check_equal(node.get_json("/health/ready")[1]["reasons"], [], "nothing to complain of")
    node.stop()


def check_mutual(scenery):
    del scenery.kafka.handshakes[:]
    scenery.secure(asks=True)
    node = scenery.node(KAFKA_SSL_CERTIFICATE_LOCATION=scenery.certs.folder / "gateway.crt",
                        KAFKA_SSL_KEY_LOCATION=scenery.certs.folder / "gateway.key",
                        GATEWAY_CLIENTS_ACT_AS_GATEWAY="true")
    check_serves(node)
    check({name for _, _, name in scenery.kafka.handshakes} == {"gateway"}, "the gateway's certificate is shown to all")
    node.stop()
    check_refused(scenery, "the peer refused: ")
    scenery.secure()


def check_refused(scenery, words, **env):
    """The node says what is wrong, in the log once, and in its health."""
    node = scenery.node(ready=False, **env)

    def reasons():
        status, health = node.get_json("/health/ready")
        return health["reasons"] if status == 503 else []
    wait_for(lambda: any(words in reason for reason in reasons()), 15, f"health says {words!r}")
    said = [line for line in node.process.log(10000).splitlines() if "event=not_let_in" in line and words in line]
    check(said and len(said) <= len(scenery.kafka.hosts) and all("level=warn" in line for line in said),
          f"the log warns of it once a broker: {said}")
    check("first_snapshot" not in node.process.log(10000), "no cluster is made of nothing")
    node.kill()


def check_wrong_certificates(scenery):
    check_refused(scenery, "the server's certificate is not trusted: ",
                  KAFKA_SSL_CA_LOCATION=scenery.strangers.authority)
    scenery.kafka.tls = {}
    check_refused(scenery, "no end of the TLS handshake in time", GATEWAY_CONNECT_TIMEOUT="500 ms")
    scenery.secure()


def check_wrong_name(scenery):
    """One broker's certificate is for another host: its partitions can't be had, and the others can."""
    good = scenery.kafka.tls[2]
    scenery.certs.issue("stranger", sans="IP:127.9.9.9")
    scenery.kafka.tls[2] = scenery.certs.server("stranger")
    node = scenery.node()
    with Connection(*node.address) as kafka:
        errors = produce(kafka, {part: [b"x"] for part in PARTS})
        check_equal({part for part, error in errors.items() if error}, {("t", 1), ("t", 4)}, "parts that are not written")
    wait_for(lambda: "the server's certificate is for other names than its address" in node.process.log(10000), 5,
          "the log says why broker 2 can't be reached")
    node.kill()
    node = scenery.node(KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM="none")
    check_serves(node)
    node.stop()
    scenery.kafka.tls[2] = good


def check_files(scenery):
    env = {key: str(value) for key, value in scenery.env().items()}

    def tested(**more):
        done = subprocess.run([os.environ.get("ANYPORT", BUILD / "anyport"), "-t"], capture_output=True, text=True, check=False,
                              env={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", **env,
                                   **{key: str(value) for key, value in more.items()}})
        return done.returncode, done.stderr
    check_equal(tested()[0], 0, "good files pass -t")
    for more, words in [({"KAFKA_SSL_CA_LOCATION": "/nowhere"}, "/nowhere: No such file or directory"),
                        ({"KAFKA_SSL_CERTIFICATE_LOCATION": scenery.certs.folder / "gateway.crt",
                          "GATEWAY_CLIENTS_ACT_AS_GATEWAY": "true", "KAFKA_SSL_KEY_LOCATION": scenery.certs.folder / "b1.key"}, "not the key of the certificate"),
                        ({"KAFKA_SSL_KEY_LOCATION": scenery.certs.folder / "b1.key"}, "a key without a certificate")]:
        status, complaints = tested(**more)
        check(status == 1 and words in complaints, f"-t refuses with {words!r}: {complaints}")
    status, complaints = tested(KAFKA_SSL_CERTIFICATE_LOCATION=scenery.certs.folder / "gateway.crt")
    check(status == 1 and "the brokers ask who one is" in complaints, f"no client is the gateway by accident: {complaints}")
    check("nobody looks at it" in tested(KAFKA_SECURITY_PROTOCOL="PLAINTEXT")[1], "files without TLS are warned of")


def test(scene):
    scenery = Scenery(scene)
    check_by_tls(scenery)
    check_mutual(scenery)
    check_wrong_certificates(scenery)
    check_wrong_name(scenery)
    check_files(scenery)


if __name__ == "__main__":
    run(test)
