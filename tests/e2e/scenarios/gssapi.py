"""Java logs in by GSSAPI: the ticket is for HAProxy's name, whose key all brokers have, and the client's own exchange runs
at the broker that it came for; the others know it by a delegation token that it makes for itself.

It sees and does what its ACLs allow at every broker, logs in again while it works, and nobody needs to be told its name but
by a broker.
"""
import secure
from cluster import FIRST_PORT
from entrances import Entrance
from scenarios import identity
from world import check, check_equal

SECURE = True
MODES = ["ports"]
USERS = ["gwen", "frank"]  # nobody else's: a token that is there already would do


def run(world):
    if not world.through_gateway or not world.kafka.realm:
        return
    before = world.kafka.decided()
    made = works(world)
    check(made >= len(USERS), f"{made} tokens")
    is_refused(world)
    identity.check_decisions(world, before, USERS)


def works(world):
    """How many tokens were made."""
    for user in USERS:
        world.kafka.allow(user, "topic", f"{world.mode}-{user}-*", "read", "write", "describe")
        world.kafka.allow(user, "group", f"{world.mode}-{user}-*", "read")
    advertised = {"GATEWAY_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "GATEWAY_ADVERTISED_LISTENER": f"{secure.FRONT}:{FIRST_PORT}"}
    with identity.Front(world, "kerberized", (8, 9), lambda _: advertised) as front:
        entrance = Entrance(world, f"{secure.FRONT}:{FIRST_PORT}")
        identity.together(world, entrance, {"java-4.4.0": [("gwen", "GSSAPI")], "java-3.9.2": [("frank", "GSSAPI")]},
                          identity.Topics(world))
        logins = sum(node.metrics().sum("anyport_client_logins_total", mechanism="GSSAPI", outcome="accepted") for node in front.nodes)
        check(logins >= 4 * len(USERS), f"{logins} logins")
        return sum(node.metrics().sum("anyport_delegation_tokens_total", outcome="made") for node in front.nodes)


def is_refused(world):
    with identity.connect(world) as connection:
        check_equal(connection.ask("SaslHandshake", 1, {"Mechanism": "GSSAPI"})["ErrorCode"], 0, "error of SaslHandshake")
        check_equal(connection.ask("SaslAuthenticate", 2, {"AuthBytes": b"no ticket"})["ErrorCode"], 58, "error of what is no ticket")
