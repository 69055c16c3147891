#!/usr/bin/env python3
"""The HTTP API by TLS: nobody is served without, nodes and anyportctl and HAProxy's checks ask each other by it, a certificate
is renewed under visitors, and what can't be used is told at the start."""
import http.client
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "lib" / part) for part in ("haproxy", "")]
from cluster import BUILD, HTTP_PORT, check, check_equal, run, wait_for  # noqa: E402
from certs import Certs  # noqa: E402
from front import generate  # noqa: E402
from pair import ANYPORTCTL  # noqa: E402
from process import PATIENCE  # noqa: E402

PASSWORD = "the word of the key"


class Scenery:
    def __init__(self, scene):
        self.scene, self.certs, self.made = scene, Certs(scene.dir), 0
        self.other = scene.dir / "other"
        self.other.mkdir()
        Certs(self.other)
        self.cert, self.key = scene.dir / "http.crt", scene.dir / "http.key"
        self.issue()
        self.kafka = scene.mock_cluster(topics={"t": 3})

    def issue(self):
        """A new certificate, of whoever it was before; its key has a password."""
        self.made += 1
        name = f"http{self.made}"
        hosts = ",".join(f"IP:{self.scene.host(100 + number)}" for number in (1, 2))
        self.certs.issue(name, sans=hosts, days=30)
        subprocess.run(["openssl", "pkey", "-in", f"{name}.key", "-aes256", "-passout", f"pass:{PASSWORD}", "-out", "sealed.key"],
                       cwd=self.scene.dir, check=True)
        os.replace(self.scene.dir / "sealed.key", self.key)
        shutil.copy(self.scene.dir / f"{name}.crt", self.cert)
        return name

    def env(self, **more):
        return {"GATEWAY_HTTP_SSL_CERTIFICATE_LOCATION": self.cert, "GATEWAY_HTTP_SSL_KEY_LOCATION": self.key,
                "GATEWAY_HTTP_SSL_KEY_PASSWORD": PASSWORD, "GATEWAY_HTTP_SSL_CA_LOCATION": self.certs.authority,
                "GATEWAY_CLUSTER_ID": "c", "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true",
                "GATEWAY_CLUSTER_SECRET": "a secret of the nodes that is long enough", **more}

    def node(self, **more):
        return self.scene.node(self.kafka.bootstrap, env=self.env(**more))

    def visitor(self, node):
        """An open connection, which looks at the certificate."""
        context = ssl.create_default_context(cafile=self.certs.authority)
        visitor = http.client.HTTPSConnection(node.host, HTTP_PORT, context=context, timeout=10 * PATIENCE)
        visitor.connect()
        return visitor


def ask(visitor, path):
    visitor.request("GET", path)
    answer = visitor.getresponse()
    return answer.status, answer.read().decode()


def subject(visitor):
    return dict(rdn[0] for rdn in visitor.sock.getpeercert()["subject"])["commonName"]


def ctl(*words, **env):
    done = subprocess.run([ANYPORTCTL, *map(str, words)], env={"PATH": os.environ["PATH"], **{k: str(v) for k, v in env.items()}},
                          capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr


def check_served(scenery, node):
    visitor = scenery.visitor(node)
    check_equal(ask(visitor, "/health/ready")[0], 200, "/health/ready, by a certificate that is looked at")
    check_equal(visitor.sock.version(), "TLSv1.3", "the version")
    options = ask(visitor, "/v1/config")[1]
    check(PASSWORD not in options and "http_ssl_key_password" in options, options)
    check('anyport_certificate_expiry_timestamp_seconds{to="http"}' in ask(visitor, "/metrics")[1], "the metric of its end")
    plain = http.client.HTTPConnection(node.host, HTTP_PORT, timeout=10 * PATIENCE)
    try:
        plain.request("GET", "/health/live")
        answer = plain.getresponse().read()
        raise AssertionError(f"plaintext is answered: {answer}")
    except (http.client.BadStatusLine, http.client.RemoteDisconnected, ConnectionError):
        pass
    for version, spoken in (("-tls1_1", False), ("-tls1_2", True)):
        done = subprocess.run(["openssl", "s_client", "-connect", f"{node.host}:{HTTP_PORT}", version, "-cipher", "ALL:@SECLEVEL=0"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=20 * PATIENCE, check=False)
        check_equal(done.returncode == 0, spoken, f"{version}: {done.stderr.decode()}")


def check_nodes(node, other):
    def members():
        return {m["node_id"]: m["http"] for m in node.get_json("/v1/cluster")[1]["members"]}
    wait_for(lambda: len(members()) == 2, 20, "both know each other")
    check_equal(sorted(members().values()), sorted(n.http for n in (node, other)), "where they are")
    for name in members():
        status, told = node.get_json(f"/v1/node?node={name}")
        check_equal((status, told.get("node_id")), (200, name), f"asked for {name}: {told}")


def check_tools(scenery, node, other):
    place, ca = f"{node.host}:{HTTP_PORT}", scenery.certs.authority
    properties = scenery.scene.file("client.properties", f"security.protocol=SASL_SSL\nssl.ca.location={ca}\nsasl.mechanism=PLAIN\n")
    for words in (["-H", f"https://{place}", "--ca-location", ca], ["-H", place, "--ca-location", ca],
                  ["-H", place, "-X", "security.protocol=SSL", "-X", f"ssl.ca.location={ca}"], ["-H", place, "-F", properties]):
        code, out = ctl("status", *words)
        check(code == 0 and f"https://{place}" in out, f"status {words}: {code}, {out}")
    code, out = ctl("status", "-H", place, GATEWAY_HTTP_SSL_CERTIFICATE_LOCATION=scenery.cert, GATEWAY_HTTP_SSL_CA_LOCATION=ca)
    check(code == 0, f"in a shell of the node's: {code}, {out}")
    code, out = ctl("route", "t/1", "-H", f"https://{place}", "--ca-location", ca)
    check(code == 0 and "because" in out, f"route: {code}, {out}")
    code, out = ctl("verify", f"{node.host}:9092", "-n", "2", "--ca-location", ca, "--node-http", f"a={place}",
                    "--node-http", f"b={other.host}:{HTTP_PORT}")
    check(code == 0, f"verify: {code}, {out}")
    code, out = ctl("status", "-H", f"https://{place}", "--ca-location", scenery.other / "ca.pem")
    check(code == 1 and "not to be trusted" in out, f"signed by somebody else: {code}, {out}")
    code, out = ctl("status", "-H", place)
    check(code == 1, f"without TLS: {code}, {out}")
    code, out = ctl("status", "-H", place, "-X", "sasl.username=me")
    check(code == 1 and "knows no SASL" in out, f"SASL: {code}, {out}")


def check_haproxy(scenery, node, other):
    listen, ca = scenery.scene.host(1), scenery.certs.authority
    status, text, errors = generate(["--from", node.http, "--ca-location", ca, "--listen", f"{listen}:9092-9096", "--stats-socket",
                                     scenery.scene.dir / "haproxy.sock"])
    check(status == 0 and f"check-ssl verify required ca-file {ca}" in text, f"{status}: {errors}{text}")
    check(all(f"{n.host} id" in text for n in (node, other)), f"both nodes: {text}")
    balancer = scenery.scene.haproxy(config=text, host=listen)
    def all_up():
        rows = [row for row in balancer.stats().values() if row["svname"] not in ("FRONTEND", "BACKEND")]
        return [(row["status"], row["check_status"]) for row in rows] == [("UP", "L7OK")] * 2
    wait_for(all_up, 15, "checks by TLS find both nodes")
    check_file(scenery, node, text)


def check_file(scenery, node, text):
    """What anyportctl haproxy check says of checks that are not as the nodes are."""
    good, bad = scenery.scene.file("good.cfg", text), scenery.scene.file("bad.cfg", text.replace("check-ssl ", "no-check-ssl "))
    empty = scenery.scene.file("empty.conf", "gateway: { };")
    env = {key: value for key, value in node.env.items() if key.startswith(("GATEWAY_", "KAFKA_"))}
    code, out = ctl("haproxy", "check", good, "-c", empty, **env)
    check("asked in plaintext" not in out, f"{code}: {out}")
    code, out = ctl("haproxy", "check", bad, "-c", empty, **env)
    check("K64" in out and "asked in plaintext" in out, f"{code}: {out}")


def check_renewed(scenery, node):
    before = scenery.visitor(node)
    check_equal(subject(before), "http1", "the first certificate")
    kept = time.monotonic()
    name = scenery.issue()
    node.post("/v1/reload")
    wait_for(lambda: subject(scenery.visitor(node)) == name, 10, "the next visitor is shown the newer one")
    if time.monotonic() - kept < 8:  # the server closes who is silent for ten seconds
        check_equal(ask(before, "/health/live")[0], 200, "who was there is served")
    before.close()
    name = scenery.issue()
    wait_for(lambda: subject(scenery.visitor(node)) == name, 30, "a file with other bytes is taken by itself")
    shutil.copy(scenery.other / "ca.key", scenery.key)
    node.post("/v1/reload")
    wait_for(lambda: any("newer certificates are not taken" in reason for reason in node.get_json("/health")[1]["reasons"]), 5, "told")
    check_equal(subject(scenery.visitor(node)), name, "the old one stays")


def refused(scenery, **more):
    env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", **{k: str(v) for k, v in scenery.env(**more).items() if v is not None}}
    done = subprocess.run([BUILD / "anyport", "-t"], env=env, capture_output=True, text=True, timeout=20 * PATIENCE, check=False)
    check(done.returncode == 1, f"{more}: {done.returncode}, {done.stderr}")
    check(PASSWORD not in done.stderr, done.stderr)
    return done.stdout + done.stderr


def check_mistakes(scenery):
    check("another password" in refused(scenery, GATEWAY_HTTP_SSL_KEY_PASSWORD="x"), "a wrong password")
    check("one with a password" in refused(scenery, GATEWAY_HTTP_SSL_KEY_PASSWORD=None), "no password")
    check("not the key" in refused(scenery, GATEWAY_HTTP_SSL_KEY_LOCATION=scenery.other / "ca.key"), "another key")
    check("No such file" in refused(scenery, GATEWAY_HTTP_SSL_CERTIFICATE_LOCATION="/nowhere"), "no file")
    check("a key without a certificate" in refused(scenery, GATEWAY_HTTP_SSL_CERTIFICATE_LOCATION=None), "no certificate")


def test(scene):
    scenery = Scenery(scene)
    check_mistakes(scenery)
    node, other = scenery.node(), scenery.node()
    check_served(scenery, node)
    check_nodes(node, other)
    check_tools(scenery, node, other)
    check_haproxy(scenery, node, other)
    check_renewed(scenery, node)


if __name__ == "__main__":
    run(test)
