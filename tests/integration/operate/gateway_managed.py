#!/usr/bin/env python3
"""Nodes judge logins themselves, by a file of users that is read again when it changes: in a broker's words, telling nobody
who is there; and at the brokers a client is whom the identity map says, or the gateway, where the operator says so."""
import base64
import hashlib
import hmac
import pathlib
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from asking_cluster import AskingCluster  # noqa: E402
from cluster import BUILD, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

PARTS = [("t", p) for p in range(6)]  # partition p is led by broker 1 + p % 3
OWN = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "gw",
       "KAFKA_SASL_PASSWORD": "gw-secret"}
PASSWORDS = {"gw": "gw-secret", "there": "there-secret"}
DIGEST = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
HELD_BACK = 0.1
PLAIN_WRONG = "Authentication failed: Invalid username or password"
SCRAM_WRONG = "Authentication failed during {}authentication due to invalid credentials with SASL mechanism {}"


class Users:
    def __init__(self, scene):
        self.scene, self.path = scene, scene.dir / "users.conf"

    def ctl(self, *words, typed=""):
        subprocess.run([BUILD / "anyportctl", "user", *words, "-u", self.path], input=typed, text=True, check=True)

    def set(self, name, password, *words):
        self.ctl("set", name, "-p", "-", *words, typed=password)


def scram(connection, user, password, mechanism):
    """The last answer; the server's signature is checked."""
    digest, bare = DIGEST[mechanism], f"n={user},r=nonce"
    answer = step(connection, f"n,,{bare}".encode())
    if answer["error_code"]:
        return answer
    first = answer["auth_bytes"].decode()
    said = dict(part.split("=", 1) for part in first.split(","))
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(said["s"]), int(said["i"]))
    key, last = hmac.digest(salted, b"Client Key", digest), f"c=biws,r={said['r']}"
    message = f"{bare},{first},{last}".encode()
    proof = bytes(a ^ b for a, b in zip(key, hmac.digest(hashlib.new(digest, key).digest(), message, digest)))
    answer = step(connection, f"{last},p={base64.b64encode(proof).decode()}".encode())
    if not answer["error_code"]:
        signature = hmac.digest(hmac.digest(salted, b"Server Key", digest), message, digest)
        check_equal(answer["auth_bytes"], b"v=" + base64.b64encode(signature), "the node knows the user's keys")
    return answer


def step(connection, token):
    return connection.ask("SaslAuthenticate", 2, auth_bytes=token)


def log_in(connection, user, password, mechanism):
    check_equal(connection.ask("SaslHandshake", 1, mechanism=mechanism)["error_code"], 0, f"error of SaslHandshake {mechanism}")
    if mechanism == "PLAIN":
        return step(connection, f"\0{user}\0{password}".encode())
    return scram(connection, user, password, mechanism)


def check_in(node, user, password, mechanism="PLAIN"):
    with Connection(*node.address) as connection:
        answer = log_in(connection, user, password, mechanism)
        check_equal(answer["error_code"], 0, f"error of {user}'s login by {mechanism}: {answer}")


def check_out(node, user, password, mechanism="PLAIN"):
    """Refused late, in a broker's words, and closed."""
    with Connection(*node.address) as connection:
        began = time.monotonic()
        answer = log_in(connection, user, password, mechanism)
        check(time.monotonic() - began > HELD_BACK, "a refusal is held back")
        words = PLAIN_WRONG if mechanism == "PLAIN" else SCRAM_WRONG.format("", mechanism)
        check_equal((answer["error_code"], answer["error_message"]), (58, words), f"{user} by {mechanism}")
        check_equal(connection.sock.recv(10), b"", "and closed")


def check_who(kafka, node, user, principal, there, word):
    """At every broker the client is `there` and nobody else."""
    for mechanism in ("PLAIN", *DIGEST):
        with Connection(*node.address) as client:
            del kafka.logins[:]
            check_equal(log_in(client, user, f"{user}-secret", mechanism)["error_code"], 0, f"error of {user} by {mechanism}")
            no_errors(produce(client, {part: [b"x"] for part in PARTS}), f"a Produce of {user} over three brokers")
            logins = {(number, who, good) for number, who, _, good in kafka.logins if who != "gw" or there == "gw"}
            check_equal(logins, {(number, there, True) for number in (1, 2, 3)}, f"who {user} is at the brokers")
            rows = node.get_json("/v1/connections")[1]["connections"]
            check((principal, mechanism) in [(row["principal"], row["mechanism"]) for row in rows], f"{principal} in {rows}")
        wait_for(lambda: f'mechanism={mechanism} principal="{principal}" at_brokers={word}' in node.process.log(1000), 5, "told")


def check_words(node):
    check_out(node, "alice", "wrong")
    check_out(node, "nobody", "wrong")
    for mechanism in DIGEST:
        check_out(node, "alice", "wrong", mechanism)
        check_out(node, "nobody", "wrong", mechanism)
    with Connection(*node.address) as connection:
        answer = connection.ask("SaslHandshake", 1, mechanism="OAUTHBEARER")
        check_equal(answer, {"error_code": 33, "mechanisms": ["PLAIN", "SCRAM-SHA-512", "SCRAM-SHA-256"]}, "what there is")
        check_equal(connection.sock.recv(10), b"", "closed after it")
    with Connection(*node.address) as connection:  # frames without a head
        connection.ask("SaslHandshake", 0, mechanism="PLAIN")
        token = b"\0alice\0alice-secret"
        connection.send_raw(struct.pack(">i", len(token)) + token)
        check_equal(connection.sock.recv(10), b"\0\0\0\0", "let in")
        check_equal(connection.ask("Metadata", 1, topics=None)["controller_id"] > 0, True, "and served")
    with Connection(*node.address) as connection:
        connection.send("SaslHandshake", 1, mechanism="PLAIN")
        connection.send("SaslAuthenticate", 2, auth_bytes=token)
        connection.send("Metadata", 1, topics=None)
        check_equal([connection.receive().get("error_code") for _ in range(3)], [0, 0, None], "all at once")


def refused_by_file(node, user, password, mechanism="PLAIN"):
    with Connection(*node.address) as connection:
        return log_in(connection, user, password, mechanism)["error_code"] == 58


def check_reading_again(node, users):
    """Who is connected stays; others are judged by what the file says now."""
    with Connection(*node.address) as stays:
        log_in(stays, "alice", "alice-secret", "SCRAM-SHA-256")
        users.set("alice", "another secret")
        users.ctl("delete", "bob")
        node.process.signal(1)
        wait_for(lambda: "event=users users=2" in node.process.log(1000), 5, "read again")
        for mechanism in ("PLAIN", *DIGEST):
            check_out(node, "alice", "alice-secret", mechanism)
            check_in(node, "alice", "another secret", mechanism)
            check_out(node, "bob", "bob-secret", mechanism)
        no_errors(produce(stays, {part: [b"x"] for part in PARTS}), "who was there before stays")
    good = users.path.read_text()
    users.path.write_text(good.replace("iterations = 4096", "iterations = 1", 1))
    node.process.signal(1)
    wait_for(lambda: "event=users_kept" in node.process.log(1000) and "iterations are 4096 to 16384" in node.process.log(1000), 5, "kept")
    check_in(node, "alice", "another secret")
    users.path.write_text(good)
    users.set("alice", "alice-secret")  # and without being told
    wait_for(lambda: not refused_by_file(node, "alice", "alice-secret"), 15, "a changed file is found")


def check_again(kafka, scene, users, env):
    """A session that lasts two seconds, as KIP-368 has it."""
    node = scene.node(kafka.bootstrap, env={**env, "GATEWAY_CONNECTIONS_MAX_REAUTH": "3 s"})
    with Connection(*node.address, timeout=20) as connection:
        lifetime = log_in(connection, "alice", "alice-secret", "SCRAM-SHA-256")["session_lifetime_ms"]
        check(0 < lifetime <= 3000, f"told {lifetime} ms")
        check_equal(log_in(connection, "alice", "alice-secret", "SCRAM-SHA-256")["error_code"], 0, "error of the first login again")
        answer = connection.ask("SaslHandshake", 1, mechanism="SCRAM-SHA-256")
        check_equal(answer, {"error_code": 34, "mechanisms": []}, "the second one is too soon")
        no_errors(produce(connection, {part: [b"x"] for part in PARTS}), "who stays who it is")
        ends = time.monotonic() + 3.2
        wait_for(lambda: time.monotonic() > ends, 10, "the session has run out")
        connection.send("Metadata", 1, topics=None)
        check_equal(connection.sock.recv(10), b"", "cut at the first request after it")
    with Connection(*node.address, timeout=20) as connection:
        log_in(connection, "alice", "alice-secret", "SCRAM-SHA-256")
        users.ctl("delete", "alice")
        node.process.signal(1)
        wait_for(lambda: "event=users users=1 " in node.process.log(1000), 5, "read again")
        answer = log_in(connection, "alice", "alice-secret", "SCRAM-SHA-256")
        check_equal((answer["error_code"], answer["error_message"]), (58, SCRAM_WRONG.format("re-", "SCRAM-SHA-256")), "deleted")
        check_equal(connection.sock.recv(10), b"", "and closed")
    node.stop()
    users.set("alice", "alice-secret")


def check_as_the_gateway(kafka, scene, users):
    """Where the operator says so in so many words; and by one mechanism alone."""
    node = scene.node(kafka.bootstrap, env={
        **OWN, "GATEWAY_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "GATEWAY_SECURITY_MODE": "GATEWAY_MANAGED", "GATEWAY_USERS": users.path,
        "GATEWAY_CLIENTS_ACT_AS_GATEWAY": "true"})
    check_who(kafka, node, "carol", "User:carol", "gw", "gateway")
    node.stop()
    node = scene.node(kafka.bootstrap, env={
        **OWN, "GATEWAY_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "GATEWAY_SECURITY_MODE": "GATEWAY_MANAGED", "GATEWAY_USERS": users.path,
        "GATEWAY_SASL_ENABLED_MECHANISMS": "SCRAM-SHA-512"})
    with Connection(*node.address) as connection:
        answer = connection.ask("SaslHandshake", 1, mechanism="PLAIN")
        check_equal(answer, {"error_code": 33, "mechanisms": ["SCRAM-SHA-512"]}, "PLAIN is off")
    with Connection(*node.address) as connection:  # nobody says who carol is there
        answer = log_in(connection, "carol", "carol-secret", "SCRAM-SHA-512")
        check_equal(answer["error_code"], 58, "never the gateway by itself")
        check("can't carry this user" in answer["error_message"], f"{answer}")
    wait_for(lambda: 'principal="User:carol" reason="the identity map has no such principal' in node.process.log(1000), 5, "why is told")
    node.stop()


def check_start(kafka, scene, env):
    for users, words in ((scene.dir / "none", "none: No such file"), (scene.file("bad.conf", "users = ("), "bad.conf:1: syntax error"),
                         (scene.file("short.conf", 'disguise = "c2hvcnQ="; users = ();'), "disguise is no base64 of 16 bytes")):
        node = scene.node(kafka.bootstrap, ready=False, env={**env, "GATEWAY_USERS": users})
        check_equal(node.process.wait(10), 1, "the exit status")
        wait_for(lambda: words in node.process.log(100), 5, f"told: {words}")


def test(scene):
    kafka = AskingCluster(scene, 3, {"t": 6}, passwords=PASSWORDS)
    users, word = Users(scene), scene.file("there.password", "there-secret\n")
    for name in ("alice", "bob", "carol"):
        users.set(name, f"{name}-secret")
    identities = scene.file("identities.conf", "identities = (" + ", ".join(
        f'{{ principal = "User:{name}"; mechanism = "PLAIN"; username = "there"; password_file = "{word}"; }}'
        for name in ("alice", "bob")) + ");\n")
    env = {**OWN, "GATEWAY_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "GATEWAY_SECURITY_MODE": "GATEWAY_MANAGED", "GATEWAY_USERS": users.path,
           "GATEWAY_IDENTITY_MAP": identities}
    node = scene.node(kafka.bootstrap, env=env)
    check_who(kafka, node, "alice", "User:alice", "there", "mapped")
    check_words(node)
    check_reading_again(node, users)
    check(not [p for p in ("alice-secret", "another secret", *PASSWORDS.values()) if p in node.process.log(100000)], "no password in the log")
    node.stop()
    check_again(kafka, scene, users, env)
    check_as_the_gateway(kafka, scene, users)
    check_start(kafka, scene, env)


if __name__ == "__main__":
    run(test)
