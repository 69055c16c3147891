"""Every client keeps its own identity at every broker.

Clients of several makes log in by each mechanism through the gateway, produce to twelve partitions and read them as
a group, and see and do what their ACLs allow and nothing else.  The brokers' authorizers have seen nobody but those
clients and the gateway, and the gateway never touched what is the clients'.
"""
import secure
from cluster import FIRST_PORT
from fronts import HOST, Certs, start_nodes
from world import PORTS, check, check_equal, check_exactly_once, haproxy_config, wait_for, wire

SECURE = True
MODES = ["ports"]
COUNT = 600
USERS = ["alice", "bob"]
SECRET = "ports-secret"
NOT_LEADER = 6  # a broker that is late to know a new token has another one say this
JAVA_LOGIN = {
    "PLAIN": 'org.apache.kafka.common.security.plain.PlainLoginModule required username="{0}" password="{1}";',
    "SCRAM-SHA-256": 'org.apache.kafka.common.security.scram.ScramLoginModule required username="{0}" password="{1}";',
    "SCRAM-SHA-512": 'org.apache.kafka.common.security.scram.ScramLoginModule required username="{0}" password="{1}";',
    "OAUTHBEARER": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required "
                   'unsecuredLoginStringClaim_sub="{0}";',
}


def run(world):
    before = world.kafka.decided()  # others have been here in scenarios of their own
    world.topic("secret")
    for user in USERS:
        world.kafka.allow(user, "topic", f"{world.mode}-{user}-*", "read", "write", "describe")
        world.kafka.allow(user, "group", f"{world.mode}-{user}-*", "read")
    for mechanism in world.kafka.mechanisms:
        for user in USERS:
            sees_its_own(world, user, mechanism)
        for client in ("java-3.9.2", "java-4.4.0", "confluent-kafka", "kafka-python"):
            works(world, client, "alice", mechanism)
    is_refused(world)
    if world.through_gateway:
        over_tls(world)
    check_decisions(world, before)


def login(connection, user, mechanism, secret=None, version=2):
    """Raw; what the last answer said."""
    handshake = connection.ask("SaslHandshake", 1, {"Mechanism": mechanism})
    check_equal(handshake["ErrorCode"], 0, f"error of SaslHandshake {mechanism}, which offers {handshake['Mechanisms']}")
    if mechanism == "PLAIN":
        tokens = [f"\0{user}\0{secret or secure.password(user)}".encode()]
    elif mechanism == "OAUTHBEARER":
        tokens = [f"n,,\1auth=Bearer {secret or secure.unsecured_token(user)}\1\1".encode()]
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


def sees_its_own(world, user, mechanism):
    """Whatever broker is asked for: the topics of the user, the leaders' answers, and nothing of the others'."""
    own = world.topic(f"{user}-raw-{mechanism.lower()}")
    for port in range(3):
        with connect(world, port=port) as connection:
            check_equal(login(connection, user, mechanism)["ErrorCode"], 0, f"error of {user}'s login by {mechanism}")
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
    """HAProxy that passes TLS on and never keeps the port: SASL_SSL before nodes that speak it, SASL_PLAINTEXT behind."""

    def __init__(self, world):
        self.host, folder = world.scene.host(HOST), world.scene.dir / "front"
        folder.mkdir()
        self.certs = Certs(folder)
        self.nodes = start_nodes(world, (4, 5), env={
            **world.kafka.node_env, "GATEWAY_SECURITY_PROTOCOL": "SASL_SSL", "GATEWAY_CLUSTER_ID": "off",
            "GATEWAY_SSL_CERTIFICATE_LOCATION": self.certs.issue("node", sans=f"IP:{self.host}")})
        for node in self.nodes:
            node.wait_ready()
        text = haproxy_config(self.nodes, self.host, world.scene.dir / "front.sock")
        self.haproxy = world.scene.haproxy(config=text, host=self.host, ports=PORTS, name="front")
        self.bootstrap = f"{self.host}:{FIRST_PORT}"
        wait_for(lambda: all(self.haproxy.stats()["health", n.name]["status"].startswith("UP") for n in self.nodes), 10, "nodes are up")

    def stop(self):
        self.haproxy.process.stop(5)
        for node in self.nodes:
            node.process.stop(10)

    def java(self, user, mechanism):
        return {"security.protocol": "SASL_SSL", "ssl.truststore.type": "PEM", "ssl.truststore.location": self.certs.authority,
                "sasl.mechanism": mechanism, "sasl.jaas.config": JAVA_LOGIN[mechanism].format(user, secure.password(user))}

    def librdkafka(self):
        return {"security.protocol": "sasl_ssl", "ssl.ca.location": str(self.certs.authority),
                "ssl.endpoint.identification.algorithm": "https"}


def over_tls(world):
    """Each verifies the name that it was told, and sees and does what is its own, wherever HAProxy sends it."""
    front = Front(world)
    try:
        for user, mechanism in zip(USERS, ("SCRAM-SHA-512", "PLAIN")):
            java, settings = world.java("4.4.0", "jackson"), front.java(user, mechanism)
            java.bootstrap = front.bootstrap
            moves(world, java, user, f"tls-java-{mechanism}", settings)
            check_equal(java_topics(world, front, settings), own_topics(world, user), f"topics that Java shows {user} by {mechanism}")
        for user, mechanism in zip(USERS, ("OAUTHBEARER", "SCRAM-SHA-256")):
            client = world.python("confluent-kafka")
            client.bootstrap, client.settings = front.bootstrap, front.librdkafka()
            client.login = (mechanism, user, secure.password(user), secure.unsecured_token(user))
            moves(world, client, user, f"tls-confluent-{mechanism}", {})
            check_equal(client.topics(), own_topics(world, user), f"topics that confluent-kafka shows {user} by {mechanism}")
            client.settings, client.login = {}, ()
        shares = [row["stot"] for (proxy, server), row in front.haproxy.stats().items()
                  if proxy.startswith("not") and server not in ("BACKEND", "FRONTEND")]
        check(sum(map(int, shares)) > 20 and shares.count("0") < len(shares) / 2, f"connections by way: {shares}")
    finally:
        front.stop()


def own_topics(world, user):
    return {t["Name"] for t in world.kafka.metadata()["Topics"] if t["Name"].startswith(f"{world.mode}-{user}-")}


def java_topics(world, front, settings):
    path = world.scene.dir / "front" / "tool.properties"
    path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    return set(world.tools().run(front.bootstrap, "kafka-topics", "--list", "--command-config", str(path)).split())


def codes_of(connection, topics):
    answer = connection.ask("ListOffsets", 7, {"ReplicaId": -1, "Topics": topics})
    return {t["Name"]: {p["ErrorCode"] for p in t["Partitions"]} for t in answer["Topics"]}


def works(world, name, user, mechanism):
    if name.startswith("java"):
        client = world.java(name.removeprefix("java-"), "jackson")
        settings = {"security__protocol": "SASL_PLAINTEXT", "sasl__mechanism": mechanism,
                    "sasl__jaas__config": JAVA_LOGIN[mechanism].format(user, secure.password(user))}
    else:
        client = world.python(name)
        client.login = (mechanism, user, secure.password(user), secure.unsecured_token(user))
        settings = {}
    moves(world, client, user, f"{name}-{mechanism}", settings)


def moves(world, client, user, label, settings):
    """Produces, and reads it as a group."""
    topic, prefix = world.topic(f"{user}-{label.lower()}"), f"{label}-"
    client.produce(topic, COUNT, prefix, **settings)
    read = client.consume(topic, f"{world.mode}-{user}-{label}", COUNT, **settings)
    check_exactly_once(read, [f"{prefix}{i}" for i in range(COUNT)], label)


def is_refused(world):
    for mechanism in world.kafka.mechanisms:
        with connect(world) as connection:
            secret = secure.unsecured_token("alice", -10) if mechanism == "OAUTHBEARER" else "wrong"
            answer = login(connection, "alice", mechanism, secret)
            if mechanism == "OAUTHBEARER":  # first what is wrong, without an error
                check(b"invalid" in answer["AuthBytes"], f"an expired token: {answer}")
                answer = connection.ask("SaslAuthenticate", 2, {"AuthBytes": b"\1"})
            check_equal(answer["ErrorCode"], 58, f"error of a wrong secret by {mechanism}")


def check_decisions(world, before):
    """Whom the authorizers have been asked about: no one but the users and the gateway, and the gateway never for data."""
    decisions = world.kafka.decisions(before)
    check(len(decisions) > 100, f"only {len(decisions)} decisions in the authorizers' logs")
    who = {principal for principal, _, _ in decisions}
    check_equal(who, {"User:gw", *(f"User:{user}" for user in USERS)}, "who came to the brokers")
    touched = [what for principal, _, what in decisions if principal == "User:gw" and "operation = DESCRIBE" not in what
               and "operation = DESCRIBE_CONFIGS" not in what and "anyport" not in what]
    check(not touched, f"the gateway did more than look: {touched[:3]}")
