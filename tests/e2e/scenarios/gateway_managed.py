"""Nodes judge logins themselves, by users whose credentials `anyportctl user set --kafka` has made the brokers' own too: by
SCRAM and PLAIN, in a broker's words, and to every broker each client is itself by what its own login has shown the node.
Another password, set while all runs, is the only one from then on; who was deleted is let in nowhere; whose credential at the
brokers is another one by now is refused there and told."""
import os
import subprocess

import secure
from cluster import BUILD, Node
from scenarios import door, identity
from world import check, check_equal, check_exactly_once, wait_for, wire

SECURE = True
MODES = ["ports"]
USERS = ["alice"]  # to whom a broker and the node say the same
NUMBER = 80
COUNT = 600
MODULES = {"PLAIN": "plain.PlainLoginModule", "SCRAM-SHA-512": "scram.ScramLoginModule"}
CARRIED, LATE = "dora", "emil"
WORDS = {CARRIED: "dora-managed-word", LATE: "emil-managed-word"}
SCRAM_CASES = [  # a client's first message, and what follows
    (b"y,,n=alice,r=abc",), (b"n,a=bob,n=alice,r=abc",), (b"n,,n=alice,r=",), (b"n,,n=al=ice,r=abc",), (b"",), (b"garbage",),
    (b"n,,n=alice,r=abc,tokenauth=true",), (b"n,,n=alice,r=abc,x=y", b"c=biws,r=abc,p=AAAA"), (b"n,,n=alice,r=abc", b""),
    (b"n,,n=alice,r=abc,tokenauth=no", b"c=biws,r=abc,x=y,p=AAAA"), (b"n,a=alice,n=alice,r=abc", b"c=biws"),
]
PLAIN_CASES = [(b"bob\0alice\0" + secure.password("alice").encode(),), (b"\0\0word",), (b"\0alice\0",), (b"alice",), (b"\0a\0b\0c",),
               (b"\0alice\0wrong",), (b"\0nobody\0wrong",)]


class Users:
    def __init__(self, world):
        self.world, self.path = world, world.scene.dir / "users.conf"
        broker = world.kafka.brokers[1]
        self.there = ("-k", f"{broker.host}:{world.kafka.admin_port(broker)}")

    def ctl(self, *words, typed=""):
        subprocess.run([BUILD / "anyportctl", "user", *words, "-u", self.path], input=typed, text=True, check=True,
                       env={**os.environ, "NO_COLOR": "1"})

    def set(self, user, word, *words):
        self.world.scene.secrets.add(f"the password of {user}", word)
        self.ctl("set", user, "-p", "-", *words, typed=word)


def run(world):
    if not world.through_gateway:
        return
    before, users = world.kafka.decided(), Users(world)
    users.set("alice", secure.password("alice"), *users.there)
    for user, word in WORDS.items():
        users.set(user, word, *users.there)
        world.kafka.allow(user, "topic", f"{world.mode}-{user}-*", "read", "write", "describe")
        world.kafka.allow(user, "group", f"{world.mode}-{user}-*", "read")
    node = Node(world.scene, NUMBER, world.kafka.bootstrap, ports=4, env={
        **world.kafka.node_env, "GATEWAY_CLUSTER_ID": "off", "GATEWAY_SECURITY_MODE": "GATEWAY_MANAGED", "GATEWAY_USERS": users.path,
        "GATEWAY_CONNECTIONS_MAX_REAUTH": f"{secure.LIFETIME_MS} ms"})
    world.more_nodes.append(node)
    node.wait_ready()
    works(world, node)
    says_the_same(world, node)
    changes(world, node, users)
    who = {principal for principal, _, _ in world.kafka.decisions(before)}
    check_equal(who, {"User:gw", f"User:{CARRIED}", f"User:{LATE}"}, "who came to the brokers")


def works(world, node):
    """Clients move records at all brokers by each mechanism."""
    for mechanism in ("SCRAM-SHA-512", "PLAIN"):
        java = world.java("4.4.0", "jwt")
        java.bootstrap = f"{node.host}:{node.first_port}"
        moves(world, java, CARRIED, f"managed-java-{mechanism}", {
            "security__protocol": "SASL_PLAINTEXT", "sasl__mechanism": mechanism, "sasl__jaas__config":
                f'org.apache.kafka.common.security.{MODULES[mechanism]} required username="{CARRIED}" password="{WORDS[CARRIED]}";'})
    for mechanism in ("SCRAM-SHA-256", "PLAIN"):
        client = world.python("confluent-kafka")
        client.bootstrap, client.login = f"{node.host}:{node.first_port}", (mechanism, LATE, WORDS[LATE], "none")
        moves(world, client, LATE, f"managed-confluent-{mechanism}", {})
        own_topics = {t["Name"] for t in world.kafka.metadata()["Topics"] if t["Name"].startswith(f"{world.mode}-{LATE}-")}
        check_equal(client.topics(), own_topics, f"topics that {LATE} sees by {mechanism}")
        client.settings, client.login = {}, ()


def moves(world, client, user, label, settings):
    """Produces, and reads it as a group."""
    topic, prefix = world.topic(f"{user}-{label.lower()}"), f"{label}-"
    client.produce(topic, COUNT, prefix, **settings)
    read = client.consume(topic, f"{world.mode}-{user}-{label}", COUNT, **settings)
    check_exactly_once(read, [f"{prefix}{i}" for i in range(COUNT)], label)


def says_the_same(world, node):
    """To the same bytes, what a broker says: at the door, and to who says in a login what can't be."""
    broker = world.kafka.brokers[1]
    door.compare(world, (broker.host, broker.port), (node.host, node.first_port), of_mechanisms,
                 ("after SaslHandshake", "in a login again"))
    for mechanism, cases in (("SCRAM-SHA-256", SCRAM_CASES), ("PLAIN", PLAIN_CASES)):
        for case in cases:
            expected, got = (said(world, place, mechanism, case) for place in
                             ((broker.host, broker.port), (node.host, node.first_port)))
            check_equal(got, expected, f"what is said to {case} by {mechanism}")


def of_mechanisms(name, frames):
    """Brokers of these have OAUTHBEARER too."""
    return [frame[:6] for frame in frames] if name.startswith("SaslHandshake") else frames


def said(world, place, mechanism, messages):
    with wire.Connection(*place, wire.schemas(world.kafka.version)) as connection:
        check_equal(connection.ask("SaslHandshake", 1, {"Mechanism": mechanism})["ErrorCode"], 0, f"error of {mechanism}")
        for message in messages:
            answer = connection.ask("SaslAuthenticate", 2, {"AuthBytes": message})
        return answer["ErrorCode"], answer["ErrorMessage"]


def changes(world, node, users):
    def login(user, word, mechanism):
        with wire.Connection(node.host, node.first_port, wire.schemas(world.kafka.version)) as connection:
            answer = identity.login(connection, user, mechanism, word)
            return answer["ErrorCode"] or identity.codes_of(connection, asked(world, user))[own(world, user)]

    def read_again(words):
        before = node.process.log(1000).count("event=users ")
        node.process.signal(1)
        wait_for(lambda: node.process.log(1000).count("event=users ") > before, 10, "the file is read again")
        check(words in node.process.log(1000).rsplit("event=users ", 1)[1], f"the node says {words}")
    users.set(CARRIED, "dora-another-word", *users.there)
    read_again("users=3 credentials=6 kafkas_too=6")
    for mechanism in ("SCRAM-SHA-256", "PLAIN"):
        check_equal(login(CARRIED, WORDS[CARRIED], mechanism), 58, f"error of the password before by {mechanism}")
        wait_for(lambda: login(CARRIED, "dora-another-word", mechanism) == {0}, 10, "the new one, at every broker")
    users.ctl("delete", CARRIED, *users.there)
    users.set(LATE, WORDS[LATE])  # here alone: the brokers' own is another one
    read_again("users=2 credentials=4 kafkas_too=2")
    check_equal(login(CARRIED, "dora-another-word", "SCRAM-SHA-256"), 58, "error of who was deleted")
    check_equal(login(LATE, WORDS[LATE], "SCRAM-SHA-256"), 58, "error of whom nobody carries")
    check('reason="the identity map has no such principal' in node.process.log(1000), "and why is told")
    broker = world.kafka.brokers[1]
    with wire.Connection(broker.host, broker.port, wire.schemas(world.kafka.version)) as connection:
        check_equal(identity.login(connection, CARRIED, "SCRAM-SHA-256", "dora-another-word")["ErrorCode"], 58, "error at a broker")


def own(world, user):
    return f"{world.mode}-{user}-{'managed-java-plain' if user == CARRIED else 'managed-confluent-plain'}"


def asked(world, user):
    return [{"Name": own(world, user), "Partitions": [{"PartitionIndex": p, "Timestamp": -1} for p in range(12)]}]
