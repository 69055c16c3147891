#!/usr/bin/env python3
"""The node logs in at brokers that ask who it is, again before its time is over, and says why when it is refused."""
import http.server
import base64
import json
import os
import pathlib
import subprocess
import sys
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from asking_cluster import AskingCluster  # noqa: E402
from cluster import BUILD, check, check_equal, http_get, lasts, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch, no_errors, produce  # noqa: E402

PARTS = [("t", p) for p in range(6)]  # partition p is led by broker 1 + p % 3
JAAS = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="gw" password="gw-secret";'
OURS = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "GATEWAY_CLIENTS_ACT_AS_GATEWAY": "true"}
PLAIN = {**OURS, "KAFKA_SASL_MECHANISM": "PLAIN"}
PASSWORD = {**PLAIN, "KAFKA_SASL_USERNAME": "gw", "KAFKA_SASL_PASSWORD": "gw-secret"}
BEARER = {**OURS, "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}
URL = "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL"
SECRETS = ["gw-secret", "client-secret", "first.token", "second.token"]


def check_serves(node, what):
    with Connection(*node.address) as kafka:
        no_errors(produce(kafka, {part: [b"x"] for part in PARTS}), f"{what}: a Produce over three brokers")
        _, errors = fetch(kafka, {part: 0 for part in PARTS}, max_wait_ms=100)
        no_errors(errors, f"{what}: a Fetch over three brokers")


def check_silent(node):
    """No secret is in the log, nor in what the node tells of itself."""
    for path in ("/v1/config", "/v1/node", "/v1/warnings", "/health", "/metrics"):
        check(not [s for s in SECRETS if s in http_get(node.http + path)[1]], f"a secret in {path}")
    check(not [s for s in SECRETS if s in node.process.log(100000)], "a secret in the log")


def check_password(scene, kafka):
    folder = scene.dir / "secrets"
    folder.mkdir()
    (folder / "password").write_text("gw-secret\n")
    (folder / "jaas").write_text(JAAS + "\n")
    ways = [("a password", PASSWORD),
            ("its file", {**PLAIN, "KAFKA_SASL_USERNAME": "gw", "KAFKA_SASL_PASSWORD_FILE": folder / "password"}),
            ("JAAS", {**PLAIN, "KAFKA_SASL_JAAS_CONFIG": JAAS}),
            ("JAAS in a file", {**PLAIN, "KAFKA_SASL_JAAS_CONFIG_FILE": folder / "jaas"})]
    for what, env in ways:
        del kafka.logins[:]
        node = scene.node(kafka.bootstrap, env=env)
        check_serves(node, what)
        check({number for number, who, _, good in kafka.logins if who == "gw" and good} == {1, 2, 3},
              f"{what}: logged in at every broker: {kafka.logins}")
        wait_for(lambda: "event=clients_act_as_gateway" in node.process.log(1000), 5, "said at start that clients act as the gateway")
        wait_for(lambda: node.get_json("/v1/cluster")[1]["state"] == "member", 20, "the nodes' own group is joined by it")
        node.stop()
    check_equal(kafka.wronged, [], "requests that came before a login")


def check_lifetime(scene, kafka):
    """Logged in again at four fifths of the time, over and over, and no connection is lost by it."""
    kafka.lifetime_ms = 1500
    del kafka.logins[:]
    node = scene.node(kafka.bootstrap, env=PASSWORD)
    with Connection(*node.address) as client:
        def again():
            return [login for login in kafka.logins if not login[2]]
        for _ in range(8):
            before = len(again())
            no_errors(produce(client, {part: [b"x"] for part in PARTS}), "a Produce between logins")
            wait_for(lambda: len(again()) > before, 10, "another login on a connection that stands")
    check({number for number, _, _, _ in again()} == {1, 2, 3}, "at every broker")
    check_equal([login for login in kafka.logins if not login[3]], [], "logins that were refused")
    check_equal(kafka.wronged, [], "requests past the time, or in a login's midst")
    check("event=lost" not in node.process.log(10000), f"the topology's connection stands:\n{node.process.log(30)}")
    node.stop()
    kafka.lifetime_ms = 0


def reasons(node):
    status, health = node.get_json("/health/ready")
    return " ".join(health["reasons"]) if status == 503 else ""


def check_refused(scene, kafka):
    rows = [({**PASSWORD, "KAFKA_SASL_PASSWORD": "wrong"}, "Authentication failed: Invalid username or password"),
            ({**PASSWORD, "KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"},
             "the broker does not take SCRAM-SHA-256; it has PLAIN,OAUTHBEARER"),
            ({**BEARER, URL: f"file://{scene.dir}/none"}, "No such file")]
    for env, words in rows:
        node = scene.node(kafka.bootstrap, ready=False, env=env)
        wait_for(lambda: words in reasons(node), 15, f"health says {words!r}")
        check("first_snapshot" not in node.process.log(10000), "no cluster is made of nothing")
        check_silent(node)
        node.kill()


def check_new_password(scene, kafka):
    """A password that has changed is read again: the node gets in without a restart."""
    path = scene.dir / "changing"
    path.write_text("gw-secret")
    kafka.passwords["gw"] = "second"
    node = scene.node(kafka.bootstrap, ready=False,
                      env={**PLAIN, "KAFKA_SASL_USERNAME": "gw", "KAFKA_SASL_PASSWORD_FILE": path})
    wait_for(lambda: "Invalid username" in reasons(node), 15, "the old one is refused")
    path.write_text("second")
    node.process.signal(1)
    node.wait_ready()
    check_serves(node, "the new password")
    node.stop()
    kafka.passwords["gw"] = "gw-secret"


def check_token_file(scene, kafka):
    path = scene.dir / "token"
    path.write_text("first.token\n")
    kafka.tokens = {"first.token"}
    kafka.lifetime_ms = 1500
    node = scene.node(kafka.bootstrap, env={**BEARER, URL: f"file://{path}"})
    check_serves(node, "a token")
    path.write_text("second.token")
    kafka.tokens.add("second.token")
    wait_for(lambda: ("second.token", False) in [(who, first) for _, who, first, _ in kafka.logins], 20,
             "a changed token is said at the next login of a connection that stands")
    check_serves(node, "the next token")
    kafka.tokens = {"third.token"}
    wait_for(lambda: "event=lost" in node.process.log(10000) or "login refused" in node.process.log(10000), 20,
             "a token that nobody takes any more")
    wait_for(lambda: "invalid_token" in node.process.log(10000), 5, f"in the broker's words:\n{node.process.log(20)}")
    path.write_text("third.token")
    wait_for(lambda: node.get_json("/health/ready")[0] == 200, 20, "back by the newest token")
    check_silent(node)
    node.stop()
    kafka.lifetime_ms = 0


class Endpoint(http.server.ThreadingHTTPServer):
    """Hands out tokens by client credentials."""

    def __init__(self, host, kafka):
        super().__init__((host, 0), Asked)
        self.kafka, self.asked, self.is_down, self.given = kafka, [], False, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://{host}:{self.server_address[1]}/token"


class Asked(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        who = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        self.server.asked.append((who, form, self.headers["Content-Type"]))
        if self.server.is_down:
            self.say(503, {"error": "temporarily_unavailable"})
            return
        self.server.given += 1
        token = f"given.token.{self.server.given}"
        self.server.kafka.tokens.add(token)
        self.say(200, {"access_token": token, "token_type": "Bearer", "expires_in": 2})

    def say(self, status, answer):
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", len(text))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def check_token_endpoint(scene, kafka):
    endpoint = Endpoint(scene.host(200), kafka)
    endpoint.is_down = True
    node = scene.node(kafka.bootstrap, ready=False, env={
        **BEARER, URL: endpoint.url, "KAFKA_SASL_OAUTHBEARER_CLIENT_ID": "the-gateway",
        "KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET": "client-secret", "KAFKA_SASL_OAUTHBEARER_SCOPE": "kafka write"})
    wait_for(lambda: "status 503, no access_token: temporarily_unavailable" in reasons(node), 15, "health tells the trouble")
    endpoint.is_down = False
    node.wait_ready()
    check_serves(node, "a token of the endpoint")
    check_equal(endpoint.asked[-1], ("the-gateway:client-secret", {"grant_type": ["client_credentials"], "scope": ["kafka write"]},
                                     "application/x-www-form-urlencoded"), "what the endpoint is asked")
    given = endpoint.given
    wait_for(lambda: endpoint.given >= given + 2, 20, "asked again before the token runs out")
    endpoint.is_down = True
    lasts(lambda: node.get_json("/health/ready")[0] == 200, 2)  # the last token stays while the endpoint is down
    check_silent(node)
    node.stop()
    endpoint.shutdown()


def check_rights(scene):
    """Those that the account needs are printed; those that it lacks are told, and no empty cluster is believed."""
    def printed(status, *words, **env):
        done = subprocess.run([BUILD / "anyportctl", "acls", *words], capture_output=True, text=True, check=False,
                              env={**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "b:9092", **env})
        check_equal(done.returncode, status, f"exit status of acls {words}: {done.stderr}")
        return done.stdout + done.stderr
    text = printed(0, **PASSWORD)
    for words in ("--operation Describe --topic '*'", "--operation Describe --group '*'",
                  "--operation Describe --transactional-id '*'", "--operation Read --group 'anyport_gateway'",
                  "--operation Create --operation Read --operation Write --topic '_anyport_gateway'"):
        check(f"kafka-acls --bootstrap-server 'b:9092' --add --allow-principal 'User:gw' {words}\n" in text, f"{words} in {text}")
    check("'User:it'\\''s'" in printed(0, **{**PASSWORD, "KAFKA_SASL_USERNAME": "it's"}), "a name is quoted for the shell")
    check_equal(printed(0, **{**PLAIN, "KAFKA_SASL_JAAS_CONFIG": JAAS}), text, "the rights of JAAS's user")
    check_equal(printed(0, **PASSWORD, GATEWAY_CLUSTER_ID="off").count("\nkafka-acls"), 3, "rights of a node alone")
    bearer = {**BEARER, URL: "file:///token"}
    check("--principal" in printed(1, **bearer), "nobody knows whose a token is")
    check("'User:CN=gw'" in printed(0, "--principal", "User:CN=gw", **bearer), "but who says so")

    kafka = AskingCluster(scene, 1, {}, first_host=90, passwords={"gw": "gw-secret"})
    kafka.refuse["FindCoordinator"] = kafka.refuse["CreateTopics"] = 30
    node = scene.node(kafka.bootstrap, env=PASSWORD)
    for words in ("no topic is shown to the gateway's account", "no right to the group"):
        wait_for(lambda: words in degraded(node), 30, f"health says {words!r}")
    with Connection(*node.address) as client:
        client.ask("Heartbeat", 0, group_id="g", generation_id=1, member_id="m")
    wait_for(lambda: "DESCRIBE on groups is missing" in degraded(node), 10, "and which right is missing")
    wait_for(lambda: "event=no_right" in node.process.log(1000), 5, "the log says it too")
    node.kill()


def degraded(node):
    return " ".join(node.get_json("/health/ready")[1]["reasons"])


def check_clients_are_nobody(scene, kafka):
    """Without the operator's word no client acts as the gateway: the node does not even start."""
    env = {key: value for key, value in PASSWORD.items() if key != "GATEWAY_CLIENTS_ACT_AS_GATEWAY"}
    node = scene.node(kafka.bootstrap, ready=False, env=env)
    check_equal(node.process.wait(10), 1, "the exit status")
    wait_for(lambda: "the brokers ask who one is" in node.process.log(100), 5, f"says why: {node.process.log(10)}")


def test(scene):
    kafka = AskingCluster(scene, 3, {"t": 6}, passwords={"gw": "gw-secret"})
    check_password(scene, kafka)
    check_lifetime(scene, kafka)
    check_refused(scene, kafka)
    check_new_password(scene, kafka)
    check_token_file(scene, kafka)
    check_token_endpoint(scene, kafka)
    check_clients_are_nobody(scene, kafka)
    check_rights(scene)


if __name__ == "__main__":
    run(test)
