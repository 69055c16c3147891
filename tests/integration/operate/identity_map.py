#!/usr/bin/env python3
"""Clients with certificates, of their own or as HAProxy's PROXY header tells it, are at the brokers whom a file says, and nobody else."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from asking_cluster import AskingCluster  # noqa: E402
from cluster import check, check_equal, run, wait_for  # noqa: E402
from haproxy.certs import Certs  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

PARTS = [("t", p) for p in range(6)]  # partition p is led by broker 1 + p % 3
OWN = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "gw",
       "KAFKA_SASL_PASSWORD": "gw-secret"}
PASSWORDS = {"gw": "gw-secret", "alice": "alice-secret", "bob": "bob-secret", "carol": "carol-secret"}


class Map:
    """The file, written anew as a whole."""

    def __init__(self, folder):
        self.folder, self.path, self.rows = folder, folder / "identities.conf", {}
        for name, password in PASSWORDS.items():
            (folder / f"{name}.password").write_text(password + "\n")

    def write(self, rows):
        lines = [f'{{ principal = "{principal}"; mechanism = "PLAIN"; username = "{user}"; '
                 f'password_file = "{self.folder}/{user}.password"; }}' for principal, user in rows.items()]
        new = self.path.with_suffix(".new")
        new.write_text("identities = (\n" + ",\n".join(lines) + "\n);\n")
        os.replace(new, self.path)


def header(client, verify, name):
    """PROXY v2 as HAProxy 2.6 sends it with send-proxy-v2-ssl-cn."""
    said = bytes([client]) + verify.to_bytes(4, "big") + b"\x21\0\7TLSv1.3"
    if name is not None:
        said += b"\x22" + len(name).to_bytes(2, "big") + name
    body = bytes([10, 0, 0, 5, 10, 0, 0, 9]) + (4411).to_bytes(2, "big") + (9094).to_bytes(2, "big")
    body += b"\x20" + len(said).to_bytes(2, "big") + said
    return b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + len(body).to_bytes(2, "big") + body


def check_is(kafka, node, connection, principal, user):
    """At every broker it is the user, and at none the gateway or somebody else."""
    del kafka.logins[:]
    no_errors(produce(connection, {part: [b"x"] for part in PARTS}), f"a Produce of {principal} over three brokers")
    check_equal([c["principal"] for c in node.get_json("/v1/connections")[1]["connections"]], [principal], "who came")
    logins = [login for login in kafka.logins if login[1] != "gw"]
    check_equal(sorted(logins), [(number, user, True, True) for number in (1, 2, 3)], f"logins for {principal}")


def gone(node):
    wait_for(lambda: not node.get_json("/v1/connections")[1]["connections"], 5, "the client has gone")


def check_closed(node, connect, words):
    before = node.metrics().sum("anyport_client_connections_refused_total", reason="principal")
    with connect() as kafka:
        try:
            check_equal(kafka.sock.recv(10), b"", f"closed without a byte: {words}")
        except ConnectionResetError:
            pass
    wait_for(lambda: node.metrics().sum("anyport_client_connections_refused_total", reason="principal") == before + 1, 5, "refused")
    wait_for(lambda: words in node.process.log(1000), 5, f"the log says {words!r}:\n{node.process.log(5)}")


def check_by_certificate(scene, kafka, certs, identities):
    contexts = {name: certs.client(name) for name in (None, "app", "other")}
    identities.write({"User:app": "alice", "User:ANONYMOUS": "bob"})
    node = scene.node(kafka.bootstrap, env={
        **OWN, "GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_SSL_CERTIFICATE_LOCATION": certs.folder / "node.crt",
        "GATEWAY_SSL_KEY_LOCATION": certs.folder / "node.key", "GATEWAY_SSL_CA_LOCATION": certs.authority,
        "GATEWAY_SSL_CLIENT_AUTH": "requested", "GATEWAY_SSL_PRINCIPAL_MAPPING_RULES": "RULE:^CN=(.*)$/$1/L",
        "GATEWAY_IDENTITY_MAP": identities.path})

    def connect(name):
        return Connection(*node.address, tls=contexts[name], server_name="kafka.lab.test", timeout=20)
    for name, principal, user in (("app", "User:app", "alice"), (None, "User:ANONYMOUS", "bob")):
        with connect(name) as connection:
            check_is(kafka, node, connection, principal, user)
        gone(node)
    check_closed(node, lambda: connect("other"), 'event=no_principal name="other" reason="the identity map has no such principal"')
    check_reading_again(kafka, node, connect, identities)
    check(not [p for p in PASSWORDS.values() if p in node.process.log(100000)], "no password in the log")
    node.stop()


def check_reading_again(kafka, node, connect, identities):
    with connect("app") as stays:
        check_is(kafka, node, stays, "User:app", "alice")
        identities.write({"User:app": "carol", "User:other": "alice"})
        node.process.signal(1)
        wait_for(lambda: "event=identity_map identities=2" in node.process.log(1000), 5, "read again")
        no_errors(produce(stays, {part: [b"x"] for part in PARTS}), "who was there before stays who it is")
    gone(node)
    with connect("app") as connection:
        check_is(kafka, node, connection, "User:app", "carol")
    gone(node)
    identities.path.write_text("identities = (")
    node.process.signal(1)
    wait_for(lambda: "event=identity_map_kept" in node.process.log(1000), 5, "what is broken is not taken")
    with connect("other") as connection:
        check_is(kafka, node, connection, "User:other", "alice")
    gone(node)
    identities.write({"User:app": "bob"})  # and without being told
    wait_for(lambda: "event=identity_map identities=1" in node.process.log(1000), 15, "a changed file is found")
    with connect("app") as connection:
        check_is(kafka, node, connection, "User:app", "bob")
    gone(node)


def check_by_header(scene, kafka, identities):
    identities.write({"User:app1": "alice", "User:ANONYMOUS": "bob"})
    env = {**OWN, "GATEWAY_PROXY_PROTOCOL": "require", "GATEWAY_PROXY_IDENTITY": "true", "GATEWAY_IDENTITY_MAP": identities.path}
    node = scene.node(kafka.bootstrap, env=env)
    for said, principal, user in ((header(7, 0, b"app1"), "User:app1", "alice"),
                                  (header(5, 0, b"app1"), "User:app1", "alice"),  # a resumed session
                                  (header(1, 0, None), "User:ANONYMOUS", "bob"),
                                  (header(1, 0, b"app1"), "User:ANONYMOUS", "bob")):
        with Connection(*node.address, preamble=said) as connection:
            check_is(kafka, node, connection, principal, user)
        gone(node)
    for said, words in ((header(7, 18, b"app1"), "its certificate was not verified (18)"),
                        (header(7, 0, None), "or is for no name"),
                        (header(7, 0, b"app1\n"), "or is for no name"),
                        (header(7, 0, b"who"), 'name="who" reason="the identity map has no such principal"')):
        check_closed(node, lambda preamble=said: Connection(*node.address, preamble=preamble), words)
    node.stop()
    node = scene.node(kafka.bootstrap, env={**env, "GATEWAY_PROXY_TRUSTED": "10.0.0.0/8"})
    with Connection(*node.address, preamble=header(7, 0, b"app1")) as connection:
        try:
            check_equal(connection.sock.recv(10), b"", "closed: nobody whom the node trusts says so")
        except ConnectionResetError:
            pass
    node.stop()


def check_start(scene, kafka, identities):
    identities.path.write_text('identities = ({ principal = "app"; });\n')
    node = scene.node(kafka.bootstrap, ready=False, env={**OWN, "GATEWAY_IDENTITY_MAP": identities.path})
    check_equal(node.process.wait(10), 1, "the exit status")
    wait_for(lambda: "identities.conf:1: a principal is written User:NAME" in node.process.log(100), 5, "where and what is told")


def test(scene):
    folder = scene.dir / "certs"
    folder.mkdir()
    certs = Certs(folder)
    certs.issue("node", sans="DNS:kafka.lab.test")
    certs.issue("app")
    certs.issue("other")
    kafka = AskingCluster(scene, 3, {"t": 6}, passwords=PASSWORDS)
    identities = Map(scene.dir)
    check_by_certificate(scene, kafka, certs, identities)
    check_by_header(scene, kafka, identities)
    check_start(scene, kafka, identities)


if __name__ == "__main__":
    run(test)
