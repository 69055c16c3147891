#!/usr/bin/env python3
"""Brokers that are late with what is new of delegation tokens refuse no login: neither one that begins nor the further one of a
connection that was there before the token.  One that lists a token and refuses it all the same is asked again, and the token is
not thrown away for it.  One that is gone is not waited for as if it were late, though it was made a moment ago."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from token_cluster import TokenCluster, list_offsets_at, log_in  # noqa: E402

LEADERS = {p: 1 + p % 3 for p in range(3)}
LIFETIME_MS = 4000  # of a login
OWN = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "gw",
       "KAFKA_SASL_PASSWORD": "gw-secret", "GATEWAY_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}


def codes(connection, brokers=(1, 2, 3)):
    """{broker that leads: error}"""
    answer = connection.ask("ListOffsets", 5, replica_id=-1, topics=[
        {"name": "t", "partitions": [{"partition_index": p, "timestamp": -1} for p in LEADERS if LEADERS[p] in brokers]}])
    return {LEADERS[p["partition_index"]]: p["error_code"] for p in answer["topics"][0]["partitions"]}


class Client:
    """Asks again and again, and logs in again before its time is over."""

    def __init__(self, node, user):
        self.user, self.connection, self.again_at = user, Connection(*node.address, timeout=60), 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def until(self, expected, limit=20):
        end, got = time.monotonic() + limit, None
        while got != expected:
            check(time.monotonic() < end, f"codes are {got}, not {expected}")
            if time.monotonic() > self.again_at:
                log_in(self.connection, self.user)
                self.again_at = time.monotonic() + LIFETIME_MS / 2000
            got = codes(self.connection)


def refused(kafka):
    return [(broker, who) for broker, who, _, is_good in kafka.logins if not is_good]


def check_again(node, kafka):
    """A connection to a broker that has not heard of its client's next token does not log in again by that."""
    behind = kafka.brokers[1]
    with Client(node, "alice") as client:
        client.until({1: 0, 2: 0, 3: 0})
        check_equal(len(kafka.connected("alice")), 3, "connections")
        logins, made = len(kafka.logins), len(kafka.made)
        behind.is_behind = True
        kafka.expire("alice")
        kafka.brokers[2].cut()  # who comes anew hears that it is gone, there and not where it is not known
        client.until({1: 0, 2: 6, 3: 0})
        check_equal(len(kafka.made) - made, 1, "tokens made instead")
        check_equal([login for login in kafka.logins[logins:] if login[0] == behind.number], [], "logins at the broker that is behind")
        behind.is_behind = False
        client.until({1: 0, 2: 0, 3: 0})
        check_equal(kafka.wronged, [], "requests of nobody")


def check_doubted(node, kafka):
    """It has the token a moment before it can be used."""
    before, made = len(refused(kafka)), len(kafka.made)
    kafka.brokers[2].refuses = 1
    with Client(node, "bob") as client:
        client.until({1: 0, 2: 0, 3: 0})
    check_equal(len(refused(kafka)) - before, 1, "logins refused")
    check_equal(len(kafka.made) - made, 1, "tokens made")
    wait_for(lambda: "event=token_doubted" in node.process.log(1000), 5, "it is told")


def check_gone(node, kafka):
    """Before a broker was needed; another one has listed it."""
    made = len(kafka.made)
    with log_in(Connection(*node.address, timeout=60), "carol") as client:
        login = kafka.connected("carol")[0][0]
        second, third = (n for n in (1, 2, 3) if n != login)
        check_equal(codes(client, [second]), {second: 0}, "the broker that is needed first")
        kafka.expire("carol")
        check_equal(codes(client, [third]), {third: 0}, "the one that is needed then")
    check_equal(len(kafka.made) - made, 2, "tokens made")
    check_equal(refused(kafka), [], "logins refused")


def test(scene):
    kafka = TokenCluster(scene, {"t": 3}, {"gw": "gw-secret"}, list_offsets_at(LEADERS))
    node = scene.node(kafka.bootstrap, threads=1, env=OWN)
    check_gone(node, kafka)
    check_doubted(node, kafka)
    kafka.lifetime_ms = LIFETIME_MS
    check_again(node, kafka)


run(test)
