"""Kafka's tools for rights and for tokens do and print through HAProxy and the nodes, as the user who is named to them, what they
do and print at the brokers."""
import re

from compared import SIDES, each_side, same_as_direct
from entrances import java_login
from world import check, wait_for

SECURE = True
MODES = ["ports"]
USERS = ["olga", "bob"]  # olga may act as a broker: no other scenario's user does
CLUSTER = "kafka-cluster"


def run(world):
    world.kafka.allow("olga", "cluster", CLUSTER, "all")
    world.kafka.allow("bob", "cluster", CLUSTER, "describe")
    for mechanism in ("PLAIN", "SCRAM-SHA-256"):
        rights(world, as_user(world, "olga", mechanism), as_user(world, "bob", mechanism))
    tokens(world, as_user(world, "olga", "SCRAM-SHA-256"))


def as_user(world, user, mechanism):
    settings = {"security.protocol": "SASL_PLAINTEXT", **java_login(world, user, mechanism)}
    path = world.scene.file(f"tool-{user}-{mechanism}.properties", "".join(f"{k}={v}\n" for k, v in settings.items()))
    return ["--command-config", str(path)]


def rights(world, olga, bob):
    tool, topic = "kafka-acls", ["--topic", "every-rights-{side}"]
    given = ["--allow-principal", "User:carol", "--operation", "Read", *topic]
    each_side(world, tool, *olga, "--add", *given)
    for side in SIDES:
        wait_for(lambda: "User:carol" in world.tool(tool, *olga, "--list", "--topic", f"every-rights-{side}"), 20, "the right is listed")
    same_as_direct(world, tool, *olga, "--list")
    same_as_direct(world, tool, *olga, "--list", "--principal", "User:carol")
    refused = each_side(world, tool, *bob, "--add", *given[:-1], "every-refused-{side}", fails=True, plain=without_31)
    check("ClusterAuthorizationException" in refused, f"bob may not:\n{refused}")
    each_side(world, tool, *olga, "--remove", "--force", *given)


def without_31(text):
    """Kafka's own words of error 31 name a broker, ours don't."""
    return re.sub(r"(ClusterAuthorizationException): .*", r"\1", text)


def tokens(world, olga):
    """A token's name, its secret and its times are made by a broker."""
    def plain(text):
        return re.sub(r"\S{20,}|\d\d\d\d-\d\d-\d\dT\d\d:\d\d", "MADE", re.sub(r"[ \t]+", " ", text))

    tool = "kafka-delegation-tokens"
    each_side(world, tool, *olga, "--create", "--max-life-time-period", "3600000", plain=plain)
    same_as_direct(world, tool, *olga, "--describe", plain=lambda text: re.sub(r"[ \t]+", " ", text))
