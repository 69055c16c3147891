#!/usr/bin/env python3
"""Many new principals at once: each gets one delegation token, however many connections and workers it comes by, no more are
made in a second than brokers bear, nobody's login fails, and one that was made to expire gives place to another."""
import collections
import concurrent.futures
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Closed, Connection  # noqa: E402
from token_cluster import TokenCluster, list_offsets_at, log_in  # noqa: E402

A_SECOND, WORKERS = 20, 2
USERS = [f"user{n}" for n in range(70)]
AGAIN = {6, 15}  # the client tries again
OWN = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "gw",
       "KAFKA_SASL_PASSWORD": "gw-secret", "GATEWAY_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}


def offsets(connection):
    answer = connection.ask("ListOffsets", 5, replica_id=-1, topics=[
        {"name": "t", "partitions": [{"partition_index": p, "timestamp": -1} for p in range(6)]}])
    return {p["error_code"] for p in answer["topics"][0]["partitions"]}


def asks_all_brokers(node, user):
    """As a client does it: again until every broker has answered, and by another connection when it is closed, since who
    has not been told of the topic yet is told no error of it."""
    began = time.monotonic()
    connection = log_in(Connection(*node.address, timeout=60), user)
    try:
        while (codes := offsets(connection)) != {0}:
            check(codes <= {0} | AGAIN, f"errors of {user}: {codes}")
            check(time.monotonic() - began < 60, f"{user} is not known to all brokers")
            time.sleep(0.1)
    except Closed:
        check(time.monotonic() - began < 60, f"{user} is closed again and again")
        asks_all_brokers(node, user)
    finally:
        connection.close()


def check_many(node, kafka):
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2 * len(USERS)) as pool:
        list(pool.map(lambda user: asks_all_brokers(node, user), USERS * 2))
    made = collections.Counter(owner for _, _, owner in kafka.made)
    check_equal(made, collections.Counter(USERS), "tokens of each")
    times = [at - began for at in sorted(at for at, _, _ in kafka.made)]
    early = [(n, at) for n, at in enumerate(times) if at < n // A_SECOND]  # a loaded machine makes them late only
    check(not early, f"more than {A_SECOND} a second: {early[:3]}")
    check_equal([login for login in kafka.logins if not login[3]], [], "logins that failed")
    check_equal(kafka.wronged, [], "requests of nobody")
    rows = dict((labels["outcome"], value) for labels, value in node.metrics().rows("anyport_delegation_tokens_total"))
    check_equal((rows["made"], rows["failed"], rows["refused"]), (len(USERS), 0, 0), "what the node counts")
    check(rows["queued"] > 0, "nobody had to wait")


def check_expired(node, kafka):
    """In the midst of work: what is connected goes on, what comes then gets another token."""
    user, expired = USERS[0], time.monotonic()
    with log_in(Connection(*node.address), user) as works:
        check_equal(offsets(works), {0}, "errors before")
        kafka.expire(user)
        before, made = len(kafka.logins), len(kafka.made)
        for _ in range(20):
            check_equal(offsets(works), {0}, "errors of who is connected")
        check_equal(len(kafka.logins), before, "logins of who is connected")
        asks_all_brokers(node, user)
    refused = [login for login in kafka.logins[before:] if not login[3]]
    check(len(refused) <= WORKERS * 2, f"refused by each further broker once at most, for each worker: {refused}")
    check_equal(len(kafka.made) - made, 1, "tokens made then")
    check(time.monotonic() - expired < 20, "long after its end the old one is still waited for")
    wait_for(lambda: "event=token_refused" in node.process.log(1000), 5, "it is told")


def test(scene):
    kafka = TokenCluster(scene, {"t": 6}, {"gw": "gw-secret"}, list_offsets_at({p: 1 + p % 3 for p in range(6)}))
    node = scene.node(kafka.bootstrap, threads=WORKERS, env=OWN)
    check_many(node, kafka)
    check_expired(node, kafka)


if __name__ == "__main__":
    run(test)
