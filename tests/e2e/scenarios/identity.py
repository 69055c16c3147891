"""Every client keeps its own identity at every broker.

Clients of several makes log in by each mechanism through the gateway, produce to twelve partitions and read them as
a group, and see and do what their ACLs allow and nothing else.  The brokers' authorizers have seen nobody but those
clients and the gateway, and the gateway never touched what is the clients'.
"""
import concurrent.futures
import itertools
import re

import programs
import secure
from cluster import FIRST_PORT
from entrances import CERTIFICATE, JAVA, Entrance
from fronts import HOST, Certs, start_nodes
from tokens import Signer
from world import PORTS, check, check_equal, check_exactly_once, haproxy_config, wait_for, wire

SECURE = True
MODES = ["ports"]
COUNT = 600
USERS = ["alice", "bob"]
SECRET = "ports-secret"
NOT_LEADER = 6  # a broker that is late to know a new token has another one say this
TLS = {  # who comes by it, and by what
    "java-3.9.2": [("alice", "OAUTHBEARER")],
    "java-4.4.0": [("alice", "SCRAM-SHA-512"), ("bob", "PLAIN")],
    "confluent-kafka": [("alice", "OAUTHBEARER"), ("bob", "SCRAM-SHA-256")],
    "kafka-python": [("alice", "PLAIN"), ("bob", "SCRAM-SHA-512")],
}
BY_PROGRAMS = list(zip(USERS * 2, ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]))


def run(world):
    before, failed = world.kafka.decided(), world.kafka.failed_logins()  # others have been here in scenarios of their own
    world.topic("secret")
    for user in USERS:
        world.kafka.allow(user, "topic", f"{world.mode}-{user}-*", "read", "write", "describe")
        world.kafka.allow(user, "group", f"{world.mode}-{user}-*", "read")
    for user in USERS:
        own = world.topic(f"{user}-raw")
        for mechanism in world.kafka.mechanisms:
            sees_its_own(world, user, mechanism, own)
    clients = [*TLS, *programs.available()]
    topics = Topics(world)
    together(world, Entrance(world), {name: [("alice", mechanism) for mechanism in world.kafka.mechanisms] for name in clients}, topics)
    check_equal(world.kafka.failed_logins(), failed, "logins that brokers refused: nobody comes before a broker knows its token")
    is_refused(world)
    check(sum(world.kafka.failed_logins().values()) > sum(failed.values()), "what is refused is seen there")
    if world.through_gateway:
        over_tls(world, clients, topics)
        by_certificates(world, clients, topics)
        by_header(world, topics)
    check_decisions(world, before)


def login(connection, user, mechanism, secret=None, version=2):
    """Raw; what the last answer said.  secret: the token, or another password than the user's."""
    handshake = connection.ask("SaslHandshake", 1, {"Mechanism": mechanism})
    check_equal(handshake["ErrorCode"], 0, f"error of SaslHandshake {mechanism}, which offers {handshake['Mechanisms']}")
    if mechanism == "PLAIN":
        tokens = [f"\0{user}\0{secret or secure.password(user)}".encode()]
    elif mechanism == "OAUTHBEARER":
        tokens = [f"n,,\1auth=Bearer {secret}\1\1".encode()]
    else:
        tokens = secure.scram_messages(user, secret or secure.password(user), mechanism)
    answer = {"AuthBytes": b""}
    for token in tokens:
        answer = connection.ask("SaslAuthenticate", version,
                                {"AuthBytes": token(answer["AuthBytes"]) if callable(token) else token})
        if answer["ErrorCode"]:
            break
    return answer


def connect(world, number=1, port=0):
    host = world.nodes[0].host if world.through_gateway else world.kafka.brokers[1].host
    first = world.nodes[0].first_port if world.through_gateway else world.kafka.brokers[1].port
    return wire.Connection(host, first + port, wire.schemas(world.kafka.version))


def sees_its_own(world, user, mechanism, own):
    """Whatever broker is asked for: the topics of the user, the leaders' answers, and nothing of the others'."""
    for port in range(3):
        with connect(world, port=port) as connection:
            secret = world.kafka.token(user) if mechanism == "OAUTHBEARER" else None
            check_equal(login(connection, user, mechanism, secret)["ErrorCode"], 0, f"error of {user}'s login by {mechanism}")
            listed = {t["Name"] for t in connection.ask("Metadata", 12, {"Topics": None})["Topics"]}
            check(own in listed, f"{user} by {mechanism} does not see {own} in {listed}")
            strange = {name for name in listed if not name.startswith(f"{world.mode}-{user}-")}
            check(not strange, f"{user} by {mechanism} sees {strange}")
            asked = [{"Name": name, "Partitions": [{"PartitionIndex": p, "Timestamp": -1} for p in range(12)]}
                     for name in (own, SECRET, "ports-missing")]
            wait_for(lambda: NOT_LEADER not in codes_of(connection, asked)[own], 30, "every leader answers")
            codes = codes_of(connection, asked)
            check_equal(codes, {own: {0}, SECRET: {29}, "ports-missing": {29}}, f"errors for {user} by {mechanism}")


class Front:
    """HAProxy that passes TLS on and never keeps the port, before nodes that speak it; SASL_PLAINTEXT behind."""

    def __init__(self, world, name, numbers, env, edit=None):
        """env: a function of the certificates; edit: of them and HAProxy's configuration, another one."""
        host, folder = world.scene.host(HOST), world.scene.dir / name
        folder.mkdir()
        self.certs = Certs(folder)
        self.nodes = start_nodes(world, numbers, env={
            **world.kafka.node_env, "GATEWAY_CLUSTER_ID": "off", "GATEWAY_SSL_CERTIFICATE_LOCATION": self.certs.issue("node", sans=f"IP:{host}"),
            **env(self.certs)})
        for node in self.nodes:
            node.wait_ready()
        text = haproxy_config(self.nodes, host, world.scene.dir / f"{name}.sock")
        self.haproxy = world.scene.haproxy(config=edit(self.certs, text) if edit else text, host=host, ports=PORTS, name=name)
        self.entrance = Entrance(world, f"{host}:{FIRST_PORT}", self.certs)
        wait_for(lambda: all(self.haproxy.stats()["health", n.name]["status"].startswith("UP") for n in self.nodes), 10, "nodes are up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.haproxy.process.stop(5)
        for node in self.nodes:
            node.process.stop(10)

    def check_shared(self):
        shares = [row["stot"] for (proxy, server), row in self.haproxy.stats().items()
                  if proxy.startswith("not") and server not in ("BACKEND", "FRONTEND")]
        check(sum(map(int, shares)) > 20 and shares.count("0") < len(shares) / 2, f"connections by way: {shares}")


def over_tls(world, clients, topics):
    """Each verifies the name that it was told, and sees and does what is its own, wherever HAProxy sends it."""
    with Front(world, "front", (4, 5), lambda _: {"GATEWAY_SECURITY_PROTOCOL": "SASL_SSL"}) as front:
        together(world, front.entrance, {name: TLS.get(name, BY_PROGRAMS) for name in clients}, topics)
        front.check_shared()


def by_certificates(world, clients, topics):
    """Who a client is says its certificate, and a file whom that is at the brokers: alice by tokens that the gateway's account
    makes, which it makes for no super user, bob by his password."""
    for user in ("alice", "root"):
        world.kafka.allow(secure.GATEWAY[0], "user", f"User:{user}", "create_tokens")

    def env(certs):
        return {"GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_SSL_CLIENT_AUTH": "required", "GATEWAY_SSL_CA_LOCATION": certs.authority,
                "GATEWAY_IDENTITY_MAP": identity_map(certs, "CN=", [
                    token_row("alice"), token_row("root"), password_row(certs, "bob", "PLAIN")])}
    with Front(world, "certified", (6, 7), env) as front:
        for node in front.nodes:
            for words in ('event=granted_token principal="User:alice"', "for super users no tokens are made"):
                wait_for(lambda: words in node.process.log(1000), 30, f"{node.name} says {words}")
        together(world, front.entrance, {name: [(user, CERTIFICATE)] for name, user in zip(clients, itertools.cycle(USERS))}, topics)


def by_header(world, topics):
    """HAProxy ends TLS and tells by PROXY v2 whose certificate it has verified."""
    def env(certs):
        return {"GATEWAY_SECURITY_PROTOCOL": "PLAINTEXT", "GATEWAY_SSL_CERTIFICATE_LOCATION": None, "GATEWAY_PROXY_PROTOCOL": "require",
                "GATEWAY_PROXY_IDENTITY": "true", "GATEWAY_IDENTITY_MAP": identity_map(certs, "", [
                    password_row(certs, "alice", "SCRAM-SHA-512"), password_row(certs, "bob", "PLAIN")])}

    def edit(certs, text):
        text = re.sub(r"( bind \S+)", rf"\1 ssl crt {certs.folder}/node.pem ca-file {certs.authority} verify required", text)
        return re.sub(r"( track \S+)", r"\1 send-proxy-v2 proxy-v2-options ssl,cert-cn", text)
    with Front(world, "headed", (8, 9), env, edit) as front:
        together(world, front.entrance, {"java-4.4.0": [("alice", CERTIFICATE)], "confluent-kafka": [("bob", CERTIFICATE)]}, topics)


def password_row(certs, user, mechanism):
    path = certs.folder / f"{user}.password"
    path.write_text(secure.password(user))
    return user, f'mechanism = "{mechanism}"; username = "{user}"; password_file = "{path}";'


def token_row(user):
    return user, f'token = true; username = "{user}";'


def identity_map(certs, before, rows):
    """The file's path; each has a certificate, which is told with `before`."""
    for user, _ in rows:
        certs.issue(user)
    path = certs.folder / "identities.conf"
    path.write_text("identities = (\n" + ",\n".join(f'{{ principal = "User:{before}{user}"; {row} }}' for user, row in rows) + "\n);\n")
    return path


class Topics:
    """One for each user and client, for all its logins; and what has been written there."""

    def __init__(self, world):
        self.world, self.written = world, {}

    def of(self, user, name):
        key = self.world.full_name(f"{user}-{name}")
        if key not in self.written:
            self.written[self.world.topic(f"{user}-{name}")] = []
        return key, self.written[key]


def together(world, entrance, logins, topics):
    """Each client does its part while the others do theirs."""
    entrance.start_jvms(logins)
    for name in logins:
        for user, _ in logins[name]:
            topics.of(user, name)

    def one(name):
        for user, mechanism in logins[name]:
            works(entrance, (name, user, mechanism), topics)
    with concurrent.futures.ThreadPoolExecutor(len(logins)) as pool:
        list(pool.map(one, logins))


def works(entrance, who, topics):
    """Shows the topics that are the user's and no others, produces, and reads all as a group."""
    name, user, mechanism = who
    label = f"{name}-{entrance.protocol(mechanism)}-{mechanism or 'certificate'}"
    client, prefix, own = entrance.client(*who), f"{label}-", topics.world.full_name(f"{user}-")
    topic, written = topics.of(user, name)
    if has_topics(name, entrance):
        shown = client.topics()
        strange = {other for other in shown if not other.startswith(own)}
        check(not strange and topic in shown, f"{label} shows {user} {strange}, and of its own {shown - strange}")
    client.produce(topic, COUNT, prefix)
    written += [f"{prefix}{i}" for i in range(COUNT)]
    read = client.consume(topic, f"{own}{label}", len(written))
    check_exactly_once(read, written, label)


def has_topics(name, entrance):
    """Java's tool is a program of its own, which takes its time to start."""
    return name not in JAVA and name != "kafka-python" or name == "java-4.4.0" and entrance.certs


def codes_of(connection, topics):
    answer = connection.ask("ListOffsets", 7, {"ReplicaId": -1, "Topics": topics})
    return {t["Name"]: {p["ErrorCode"] for p in t["Partitions"]} for t in answer["Topics"]}


def is_refused(world):
    for mechanism in world.kafka.mechanisms:
        if mechanism == "OAUTHBEARER":
            continue
        with connect(world) as connection:
            answer = login(connection, "alice", mechanism, "wrong")
            check_equal(answer["ErrorCode"], 58, f"error of a wrong password by {mechanism}")
    signer, stranger = world.kafka.signer, Signer(world.scene.dir, "stranger")
    for what, token in (("that has run out", signer.token("alice", -60)), ("for others", signer.token("alice", aud="others")),
                        ("that a stranger has signed", stranger.token("alice"))):
        with connect(world) as connection:  # first what is wrong, without an error
            answer = login(connection, "alice", "OAUTHBEARER", token)
            check(b"invalid" in answer["AuthBytes"] and answer["ErrorCode"] == 0, f"a token {what}: {answer}")
            answer = connection.ask("SaslAuthenticate", 2, {"AuthBytes": b"\1"})
            check_equal(answer["ErrorCode"], 58, f"error of a token {what}")


def check_decisions(world, before, users=USERS):
    """Whom the authorizers have been asked about: no one but the users and the gateway, and the gateway never for data."""
    decisions = world.kafka.decisions(before)
    check(len(decisions) > 100, f"only {len(decisions)} decisions in the authorizers' logs")
    # a super user's token is only asked what it may do
    who = {principal for principal, _, what in decisions if principal != "User:root" or "request = DescribeCluster" not in what}
    check_equal(who, {"User:gw", *(f"User:{user}" for user in users)}, "who came to the brokers")
    touched = [what for principal, _, what in decisions if principal == "User:gw" and "operation = DESCRIBE" not in what
               and "operation = CREATE_TOKENS" not in what and "anyport" not in what]
    check(not touched, f"the gateway did more than look: {touched[:3]}")
