"""Brokers believe a login for ten seconds only (KIP-368): clients at work log in again and again, through scrambled
ports, and nothing is lost, though brokers stand still for a moment and the clients' delegation tokens are made to expire in
the midst of it; who does not log in again is cut off at its next request, and who is no user any more at its next login."""
import functools
import time

import secure
from entrances import java_login
from scenarios import identity
from world import check, check_equal, check_exactly_once, wait_for, wire

SECURE = True
MODES = ["ports"]
USERS = ["alice", "bob"]
SECONDS = 30
PAUSE_S = 1.2
LIFETIME = secure.LIFETIME_MS


def run(world):
    for user in USERS:
        world.kafka.allow(user, "topic", f"{world.mode}-{user}-*", "read", "write", "describe")
        world.kafka.allow(user, "group", f"{world.mode}-{user}-*", "read")
    is_cut_off(world)
    loads = [start(world, user, mechanism) for user, mechanism in
             zip(USERS * 2, ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER", "SCRAM-SHA-512"])]
    disturb(world)
    for load in loads:
        load()
    if world.through_gateway:
        counts = sum(value for node in world.nodes for labels, value in node.metrics().rows("anyport_client_logins_total")
                     if labels["outcome"] == "accepted")
        check(counts > 4 * 3 * 3, f"only {counts} logins")
        is_deleted(world)


def disturb(world):
    """Each broker stands still for longer than a client waits before it logs in again; then no token is good any more."""
    for number in world.kafka.brokers:
        time.sleep(SECONDS / 5)
        world.kafka.pause_broker(number)
        time.sleep(PAUSE_S)
        world.kafka.resume_broker(number)
    if world.through_gateway:
        refused = sum(node.metrics().sum("anyport_broker_logins_total", outcome="refused") for node in world.nodes)
        check_equal(refused, 0, "refused logins at further brokers")
        made = tokens_made(world)
        check(expire_tokens(world) > 0, "who logs in by SCRAM has a token")
        wait_for(lambda: tokens_made(world) > made, SECONDS, "another takes its place")
    time.sleep(SECONDS / 5)


def tokens_made(world):
    return sum(node.metrics().sum("anyport_delegation_tokens_total", outcome="made") for node in world.nodes)


def expire_tokens(world):
    """All that the gateway may renew; how many."""
    broker = world.kafka.brokers[1]
    with wire.Connection(broker.host, broker.port, wire.schemas(world.kafka.version)) as connection:
        check_equal(identity.login(connection, secure.GATEWAY[0], "PLAIN", secure.GATEWAY[1])["ErrorCode"], 0, "error of the gateway's login")
        tokens = connection.ask("DescribeDelegationToken", 3, {"Owners": None})["Tokens"]
        for token in tokens:
            answer = connection.ask("ExpireDelegationToken", 2, {"Hmac": token["Hmac"], "ExpiryTimePeriodMs": -1})
            check_equal(answer["ErrorCode"], 0, f"error of making a token of {token['PrincipalName']} expire")
    return len(tokens)


def is_deleted(world):
    """What it has at further brokers ends with its next login, and its token lets it in nowhere."""
    user, mechanism = "leaver", "SCRAM-SHA-256"
    topic = world.topic("leaver")
    world.kafka.set_scram([user], mechanism)
    world.kafka.allow(user, "topic", topic, "describe")
    asked = [{"Name": topic, "Partitions": [{"PartitionIndex": p, "Timestamp": -1} for p in range(12)]}]
    wait_for(lambda: logs_in(world, user, mechanism), 10, "its broker has heard of it")
    with identity.connect(world) as connection:
        check_equal(identity.login(connection, user, mechanism)["ErrorCode"], 0, "error of its login")
        wait_for(lambda: identity.codes_of(connection, asked)[topic] == {0}, 8, "it is known to all brokers")
        world.kafka.delete_scram(user, mechanism)
        check_equal(identity.codes_of(connection, asked)[topic], {0}, "errors until it logs in again")
        wait_for(lambda: identity.login(connection, user, mechanism)["ErrorCode"] == 58, 8, "its login refused, once its broker has heard")
    for node in world.nodes:
        wait_for(lambda: not [c for c in node.get_json("/v1/connections")[1]["connections"] if c["principal"] == f"User:{user}"], 10,
                 f"nothing of it is left at {node.name}")
    with identity.connect(world) as connection:
        check_equal(identity.login(connection, user, mechanism)["ErrorCode"], 58, "error of another login")


def logs_in(world, user, mechanism):
    with identity.connect(world) as connection:
        return identity.login(connection, user, mechanism)["ErrorCode"] == 0


def start(world, user, mechanism):
    java = world.java("4.4.0", "jwt")
    topic = world.topic(f"{user}-again-{mechanism.lower()}")
    settings = {"security.protocol": "SASL_PLAINTEXT", **java_login(world, user, mechanism)}
    number = java.start("load", topic=topic, prefix="k", every__us=5000, enable__idempotence="true", **settings)
    return functools.partial(finish, world, java, number, topic, user, settings)


def finish(world, java, number, topic, user, settings):
    counts = java.stop(number)
    check_equal((counts["failed"], counts["errors"]), (0, "{}"), f"what failed of {topic}")
    check_equal(counts["acknowledged"], counts["sent"], f"acknowledged of {topic}")
    read = java.consume(topic, f"{world.mode}-{user}-again-{topic}", counts["sent"], **settings)
    check_exactly_once(read, [f"k{i}" for i in range(counts["sent"])], topic)


def is_cut_off(world):
    """A raw client is promised less than the brokers allow, and gets nothing after it, but another login."""
    with identity.connect(world) as connection:
        promised = identity.login(connection, "alice", "PLAIN")["SessionLifetimeMs"]
        check(0 < promised <= (LIFETIME - 900 if world.through_gateway else LIFETIME), f"promised {promised} ms")
        connection.ask("Metadata", 12, {"Topics": None})
        time.sleep(LIFETIME / 1000 + 0.2)
        check_equal(identity.login(connection, "alice", "PLAIN")["ErrorCode"], 0, "a login after the end")
        connection.ask("Metadata", 12, {"Topics": None})
        time.sleep(LIFETIME / 1000 + 0.2)
        try:
            connection.ask("Metadata", 12, {"Topics": None})
            check(False, "a request after the end of its login was answered")
        except (EOFError, ConnectionError):
            pass
