#!/usr/bin/env python3
"""A client by SCRAM stays who it is while brokers die, stand still past the end of a login, and forget its user; and one by
PLAIN of the same name has nothing of it."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Closed, Connection  # noqa: E402
from token_cluster import TokenCluster, begin_login, list_offsets_at, log_in  # noqa: E402

TOPIC, LEADERS = "t", {0: 1, 1: 2, 2: 3}
AGAIN = {6}  # the client tries again
NOT_WITH_A_TOKEN, REFUSED = 64, 58
LIFETIME_MS = 4000
ASKED = {"replica_id": -1, "topics": [{"name": TOPIC, "partitions": [{"partition_index": p, "timestamp": -1} for p in LEADERS]}]}
OWN = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "gw",
       "KAFKA_SASL_PASSWORD": "gw-secret", "GATEWAY_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}


def offsets(connection, partitions=LEADERS):
    answer = connection.ask("ListOffsets", 5, replica_id=-1, topics=[
        {"name": TOPIC, "partitions": [{"partition_index": p, "timestamp": -1} for p in partitions]}])
    return {p["partition_index"]: p["error_code"] for p in answer["topics"][0]["partitions"]}


def check_two_mechanisms(kafka, node):
    with log_in(Connection(*node.address), "alice") as scram, Connection(*node.address) as plain:
        plain.ask("SaslHandshake", 1, mechanism="PLAIN")
        check_equal(plain.ask("SaslAuthenticate", 2, auth_bytes=b"\0alice\0alice-secret")["error_code"], 0, "PLAIN")
        for connection in (scram, plain):
            check_equal(offsets(connection), {0: 0, 1: 0, 2: 0}, "errors")
        by_token = [number for number, is_token in kafka.connected("alice") if is_token]
        login = next(number for number, is_token in kafka.connected("alice") if not is_token)
        check_equal(len(kafka.connected("alice")), 6, "connections of two clients to three brokers")
        check_equal(len(by_token), 2, f"by a token, which one by PLAIN never has; not at {login}")


def check_paused(kafka, node):
    """A broker reads again what had waited when the login is over, and cuts: the client is told to try again, no more."""
    kafka.lifetime_ms, paused, limit = LIFETIME_MS, kafka.brokers[1], time.monotonic() + 20
    with log_in(Connection(*node.address), "bob") as client:
        login = time.monotonic()
        while not kafka.wronged:
            check(time.monotonic() < limit, "the broker was never paused past a login's end")
            if time.monotonic() > login + 1:
                log_in(client, "bob")
                login = time.monotonic()
            ends = kafka.ends(2, "bob")
            if ends and ends - 1.1 < time.monotonic() < ends - 0.9:  # before the node itself logs in there again
                paused.pause()
                client.send("ListOffsets", 5, **ASKED)
                time.sleep(ends + 0.1 - time.monotonic())  # it stands still: this is the time that a test can't shorten
                paused.resume()
                codes = {p["error_code"] for p in client.receive()["topics"][0]["partitions"]}
            else:
                codes = set(offsets(client).values())
            check(codes <= {0} | AGAIN, f"errors: {codes}")
        wait_for(lambda: set(offsets(client).values()) == {0}, 5, "all is well in the end")
    check_equal({wrong[:2] for wrong in kafka.wronged}, {(2, "ListOffsets")}, "what was read too late")
    kafka.lifetime_ms = 0


def check_deleted(kafka, node):
    """At its next login it is refused, and then nothing of it is left at any broker."""
    with log_in(Connection(*node.address), "carol") as client:
        check_equal(set(offsets(client).values()), {0}, "errors")
        check_equal(len(kafka.connected("carol")), 3, "connections of carol")
        kafka.deleted.add("carol")
        check_equal(set(offsets(client).values()), {0}, "errors until it logs in again")
        begin_login(client, "carol")
        check_equal(client.receive()["error_code"], REFUSED, "error of the login of a user that is no more")
        try:
            client.receive_frame()
            check(False, "the client is still served")
        except (Closed, ConnectionError):
            pass
    wait_for(lambda: not kafka.connected("carol"), 5, "nothing is connected as carol")
    with Connection(*node.address) as again:
        begin_login(again, "carol")
        check_equal(again.receive()["error_code"], REFUSED, "its token lets nobody in")


def check_broker_of_login_dies(kafka, node):
    with log_in(Connection(*node.address), "dave") as client:
        check_equal(set(offsets(client).values()), {0}, "errors")
        login = next(number for number, is_token in kafka.connected("dave") if not is_token)
        kafka.brokers[login - 1].die()
        others = [p for p, leader in LEADERS.items() if leader != login]
        for _ in range(20):
            check_equal(offsets(client, others), dict.fromkeys(others, 0), "errors where the others lead")
        answer = client.ask("DescribeDelegationToken", 3, owners=[])
        check_equal(answer["error_code"], NOT_WITH_A_TOKEN, "error of token requests meanwhile")
        log_in(client, "dave")
        new = [number for number, is_token in kafka.connected("dave") if not is_token]
        check(new and login not in new, f"it has logged in anew at {new}")
        check_equal(client.ask("DescribeDelegationToken", 3, owners=[])["error_code"], 0, "and token requests are answered")
        check_equal(offsets(client, others), dict.fromkeys(others, 0), "errors where the others lead")


def test(scene):
    kafka = TokenCluster(scene, {TOPIC: 3}, {"gw": "gw-secret", "alice": "alice-secret"}, list_offsets_at(LEADERS))
    node = scene.node(kafka.bootstrap, env=OWN)
    check_two_mechanisms(kafka, node)
    check_deleted(kafka, node)
    check_paused(kafka, node)
    check_equal([login for login in kafka.logins if not login[3] and login[1] != "carol"], [], "other logins that failed")
    check_broker_of_login_dies(kafka, node)


if __name__ == "__main__":
    run(test)
