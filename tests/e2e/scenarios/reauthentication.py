"""Brokers believe a login for ten seconds only (KIP-368): clients at work log in again and again, through scrambled
ports, and nothing is lost; who does not is cut off at its next request."""
import functools
import time

import secure
from scenarios import identity
from world import check, check_equal, check_exactly_once

SECURE = True
MODES = ["ports"]
USERS = ["alice", "bob"]
SECONDS = 35
LIFETIME = secure.LIFETIME_MS


def run(world):
    for user in USERS:
        world.kafka.allow(user, "topic", f"{world.mode}-{user}-*", "read", "write", "describe")
        world.kafka.allow(user, "group", f"{world.mode}-{user}-*", "read")
    is_cut_off(world)
    loads = [start(world, user, mechanism) for user, mechanism in
             zip(USERS * 2, ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER", "SCRAM-SHA-512"])]
    time.sleep(SECONDS)
    for load in loads:
        load()
    if world.through_gateway:
        counts = sum(value for node in world.nodes for labels, value in node.metrics().rows("anyport_client_logins_total")
                     if labels["outcome"] == "accepted")
        check(counts > 4 * 3 * 3, f"only {counts} logins")
        refused = sum(node.metrics().sum("anyport_broker_logins_total", outcome="refused") for node in world.nodes)
        check_equal(refused, 0, "refused logins at further brokers")


def start(world, user, mechanism):
    java = world.java("4.4.0", "jackson")
    topic = world.topic(f"{user}-again-{mechanism.lower()}")
    settings = {"security__protocol": "SASL_PLAINTEXT", "sasl__mechanism": mechanism,
                "sasl__jaas__config": identity.JAVA_LOGIN[mechanism].format(user, secure.password(user))}
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
