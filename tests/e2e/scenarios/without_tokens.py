"""Brokers that make no delegation tokens: clients of SCRAM are known to all of them all the same, for each login again of
theirs (KIP-368) runs at another broker.

Clients of several makes produce and read through scrambled ports over several lifetimes, and lose nothing; who is not known
at a broker yet is told to try again, who can't log in again is refused, and both are said in the log.
"""
import time

from entrances import Entrance
from scenarios import gssapi, identity, reauthentication
from world import check, check_equal, wait_for

SECURE = True
TOKENS = False
MODES = ["ports"]
USERS = ["alice", "bob", *gssapi.USERS]
SECONDS = 14  # a lifetime, and a bit more
SCRAM = ["SCRAM-SHA-256", "SCRAM-SHA-512"]
FIRST_TOLD = 300


def run(world):
    before = world.kafka.decided()
    world.topic("secret")
    for user in identity.USERS:
        world.kafka.allow(user, "topic", f"{world.mode}-{user}-*", "read", "write", "describe")
        world.kafka.allow(user, "group", f"{world.mode}-{user}-*", "read")
    if world.through_gateway:
        for node in world.nodes:
            wait_for(lambda: 'SCRAM="each login again at another broker"' in node.process.log(1000), 20, f"{node.name} says how")
        visits_each_broker(world)
        one_login_is_too_few(world)
    loads = [reauthentication.start(world, user, mechanism) for user, mechanism in zip(identity.USERS, SCRAM)]
    began, topics = time.monotonic(), identity.Topics(world)
    for mechanism, client in zip(SCRAM, ("confluent-kafka", "kafka-python")):
        identity.works(Entrance(world), (client, "alice", mechanism), topics)
    time.sleep(max(0.0, SECONDS - (time.monotonic() - began)))
    for load in loads:
        load()
    identity.check_decisions(world, before)
    if world.through_gateway:
        made = sum(node.metrics().sum("anyport_delegation_tokens_total", outcome="made") for node in world.nodes)
        check_equal(made, 0, "tokens")
        if world.kafka.realm:
            check_equal(gssapi.works(world), 0, "tokens for clients of GSSAPI")


def visits_each_broker(world):
    """What another broker leads is refused with 6 until one more login, which runs there; then the third has its turn."""
    own = world.topic("alice-visits")
    leaders = world.leaders(own)
    with identity.connect(world) as connection:
        told = [identity.login(connection, "alice", "SCRAM-SHA-256")["SessionLifetimeMs"]]
        codes = codes_by_leader(connection, own, leaders)
        known = [leader for leader, code in codes.items() if code == 0]
        check_equal((len(known), set(codes.values())), (1, {0, 6}), "one broker knows the client")
        wanted = next(leader for leader in sorted(codes) if leader not in known)
        check_equal(code_of(connection, own, leaders, wanted), 6, "error of what the next one leads")
        told.append(identity.login(connection, "alice", "SCRAM-SHA-256")["SessionLifetimeMs"])
        check_equal(code_of(connection, own, leaders, wanted), 0, "error of it after another login")
        told.append(identity.login(connection, "alice", "SCRAM-SHA-256")["SessionLifetimeMs"])
        check_equal(set(codes_by_leader(connection, own, leaders).values()), {0}, "errors when all know it")
        check_equal(told[:2], [FIRST_TOLD] * 2, "how long the first logins are good for")
        check(1500 < told[2] <= 3000, f"the last one is good for {told[2]} ms: a third of a broker's promise")
        asked = [{"Name": name, "Partitions": [{"PartitionIndex": p, "Timestamp": -1} for p in range(12)]}
                 for name in (own, identity.SECRET, "ports-missing")]
        check_equal(identity.codes_of(connection, asked), {own: {0}, identity.SECRET: {29}, "ports-missing": {29}}, "errors")


def codes_by_leader(connection, topic, leaders):
    return {leader: code_of(connection, topic, leaders, leader) for leader in set(leaders.values())}


def code_of(connection, topic, leaders, leader):
    partition = next(p for p, at in leaders.items() if at == leader)
    answer = connection.ask("ListOffsets", 7, {"ReplicaId": -1, "Topics": [
        {"Name": topic, "Partitions": [{"PartitionIndex": partition, "Timestamp": -1}]}]})
    return answer["Topics"][0]["Partitions"][0]["ErrorCode"]


def one_login_is_too_few(world):
    """A client from before KIP-368 is not told how long a login lasts, and never comes again."""
    with identity.connect(world) as connection:
        answer = identity.login(connection, "alice", "SCRAM-SHA-256", version=0)
        check_equal(answer["ErrorCode"], 58, "error of a login by SaslAuthenticate 0")
        check("KIP-368" in answer["ErrorMessage"], f"why: {answer['ErrorMessage']}")
    wait_for(lambda: "event=login_refused mechanism=SCRAM-SHA-256 reason=" in world.nodes[0].process.log(1000), 10, "it is logged")
    with identity.connect(world) as connection:
        check_equal(identity.login(connection, "alice", "PLAIN", version=0)["ErrorCode"], 0, "error of PLAIN, which is replayed")
