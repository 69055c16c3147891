#!/usr/bin/env python3
"""Clients with certificates are at every broker whom the identity map names, by delegation tokens that the gateway's own account
makes: one for all nodes, another when that one is expired, none without the right to make it, and for who may do all one that
ends at once.  A broker that can't be reached is in nobody's way, and nobody's token is shown to it before it lists it."""
import os
import pathlib
import re
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, run, wait_for  # noqa: E402
from haproxy.certs import Certs  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from token_cluster import TokenCluster, list_offsets_at  # noqa: E402

LEADERS = {0: 1, 1: 2, 2: 3}
MAP = """identities = (
  { principal = "User:CN=app"; token = true; username = "app-user"; },
  { principal = "User:CN=root"; token = true; username = "root"; },
  { principal = "User:CN=other"; token = true; });
"""


def offsets(connection):
    asked = connection.ask("ListOffsets", 5, replica_id=-1, topics=[
        {"name": "t", "partitions": [{"partition_index": p, "timestamp": -1} for p in LEADERS]}])
    return {p["error_code"] for p in asked["topics"][0]["partitions"]}


def start(scene, kafka, certs, path, bootstrap=None):
    return scene.node(bootstrap or kafka.bootstrap, env={
        "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "gw",
        "KAFKA_SASL_PASSWORD": "gw-secret", "GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_CLUSTER_ID": "off",
        "GATEWAY_SSL_CERTIFICATE_LOCATION": certs.folder / "node.pem", "GATEWAY_SSL_CA_LOCATION": certs.authority,
        "GATEWAY_SSL_CLIENT_AUTH": "required", "GATEWAY_IDENTITY_MAP": path})


def comes(node, certs, name):
    return Connection(*node.address, tls=certs.client(name), server_name="kafka.lab.test")


def is_refused(node, certs, name, words):
    with comes(node, certs, name) as connection:
        try:
            check_equal(connection.sock.recv(10), b"", f"what {name} gets")
        except ConnectionResetError:
            pass
    wait_for(lambda: f'event=no_principal name="CN={name}" reason="{words}' in node.process.log(1000), 5, f"the log says {words!r}")


def check_expired(kafka, node, certs):
    """For who is there as for who comes."""
    with comes(node, certs, "app") as stays:
        check_equal(offsets(stays), {0}, "errors before")
        kafka.expire("app-user")
        made = len(kafka.made)
        check_equal(offsets(stays), {0}, "errors of who is connected everywhere")
        kafka.brokers[2].cut()
        wait_for(lambda: offsets(stays) == {0}, 10, "it is known again where its connection was cut")
    check_equal([owner for _, _, owner in kafka.made[made:]], ["app-user"], "tokens made then")
    with comes(node, certs, "app") as connection:
        check_equal(offsets(connection), {0}, "errors of who comes then")


def check_unreachable(scene, kafka, certs, path):
    """The first broker that is asked, and the leader of a partition."""
    kafka.brokers[0].die()
    before = len(kafka.logins)
    node = start(scene, kafka, certs, path, f"{kafka.brokers[1].host}:{kafka.brokers[1].port}")
    wait_for(lambda: re.search('event=granted_token principal="User:app-user" .* known=2 unknown=1', node.process.log(1000)), 20,
             "the others know the token")
    with comes(node, certs, "app") as connection:
        check(0 in offsets(connection), "the others are served")
        kafka.brokers[0].is_behind = True
        kafka.brokers[0].rise()
        wait_for(lambda: (1, "gw", False, True) in kafka.logins[before:], 20, "it is asked")
        for _ in range(20):
            check(0 in offsets(connection), "the others are served")
        kafka.brokers[0].is_behind = False
        wait_for(lambda: 'event=granted_token_known principal="User:app-user" broker=1' in node.process.log(1000), 30, "it is asked again")
        wait_for(lambda: offsets(connection) == {0}, 10, "and then served")


def check_rights(kafka, path):
    """What the account needs is printed: for those who have tokens made, and nobody else."""
    env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
           "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "gw", "KAFKA_SASL_PASSWORD": "gw-secret",
           "GATEWAY_PROXY_IDENTITY": "true", "GATEWAY_PROXY_PROTOCOL": "require", "GATEWAY_IDENTITY_MAP": str(path)}
    done = subprocess.run([BUILD / "anyportctl", "acls"], env=env, capture_output=True, text=True, check=True)
    commands = [shlex.split(line) for line in done.stdout.splitlines() if "--operation CreateTokens" in line]
    users = [words[words.index("--user-principal") + 1] for words in commands]
    check_equal(sorted(users), ["User:CN=other", "User:app-user", "User:root"], "who must be named to the brokers")


def test(scene):
    folder = scene.dir / "certs"
    folder.mkdir()
    certs = Certs(folder)
    certs.issue("node", sans="DNS:kafka.lab.test")
    kafka = TokenCluster(scene, {"t": 3}, {"gw": "gw-secret"}, list_offsets_at(LEADERS))
    kafka.may_make["gw"] = {"app-user", "root"}
    kafka.super_users.add("root")
    path = scene.file("identities.conf", MAP)
    nodes = [start(scene, kafka, certs, path)]
    wait_for(lambda: 'event=granted_token principal="User:app-user"' in nodes[0].process.log(1000), 10, "a token is there")
    nodes.append(start(scene, kafka, certs, path))
    wait_for(lambda: 'event=granted_token principal="User:app-user" new=false' in nodes[1].process.log(1000), 10, "the other node finds it")
    for node in nodes:
        with comes(node, certs, "app") as connection:
            wait_for(lambda: offsets(connection) == {0}, 10, f"app is served at {node.name}")
            check_equal(kafka.connected("app-user"), [(number, True) for number in (1, 2, 3)], "by a token at every broker")
            check_equal([c["principal"] for c in node.get_json("/v1/connections")[1]["connections"]], ["User:CN=app"], "who came")
        wait_for(lambda: not kafka.connected("app-user"), 5, "its connections are closed")
        wait_for(lambda: "principal=\"User:root\"" in node.process.log(1000), 10, "root has been looked at")
        is_refused(node, certs, "root", "it may act as a broker: for super users no tokens are made")
        is_refused(node, certs, "other", "the gateway's account has no right CREATE_TOKENS on User:CN=other")
    check_equal(sorted(owner for _, _, owner in kafka.made), ["app-user", "root", "root"], "tokens, of both nodes")
    wait_for(lambda: [t.owner for t in kafka.tokens.values()] == ["app-user"], 5, "root's have ended at once")
    check_expired(kafka, nodes[0], certs)
    for node in nodes:
        node.stop()
    refused = sum(not login[3] for login in kafka.logins)
    check_unreachable(scene, kafka, certs, path)
    check_equal(sum(not login[3] for login in kafka.logins), refused, "logins that were refused then")
    check_rights(kafka, path)
    check_equal({login[1] for login in kafka.logins if login[3]}, {"gw", "app-user", "root"}, "who has logged in")


if __name__ == "__main__":
    run(test)
