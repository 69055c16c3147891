#!/usr/bin/env python3
"""A drain as its clients see it: port by port, a second apart; what is in flight is answered, and then a long poll
behind it is ended, a JoinGroup too; how far it is stands in the API and the log.  POST /v1/drain?exit=true ends the
process."""
import json
import pathlib
import re
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, http_get, lasts, run, wait_for  # noqa: E402
from group_cluster import GroupCluster, subscription  # noqa: E402
from kafka_wire import Connection, WireError  # noqa: E402
from traffic import errors_of, fetch_request, no_errors, produce_request  # noqa: E402

PORTS = 4
ENV = {"GATEWAY_CLUSTER_ID": "off"}


class Ended(threading.Thread):
    """When a connection that has nothing to say is closed."""

    def __init__(self, kafka):
        super().__init__(daemon=True)
        self.kafka, self.at = kafka, None
        self.start()

    def run(self):
        if self.kafka.is_closed(30):
            self.at = time.monotonic()


def connect(node, port):
    kafka = Connection(node.host, node.first_port + port, timeout=30)
    kafka.ask("ApiVersions", 0)
    return kafka


def is_ended(kafka):
    """An answer at most, then the end."""
    try:
        kafka.receive()
    except (WireError, ConnectionError):
        return True
    return kafka.is_closed(5)


def join_waiting(cluster, node, port):
    """A member that waits for another, which does not come."""
    member = {"group_id": "g", "session_timeout_ms": 60000, "rebalance_timeout_ms": 60000, "member_id": "",
              "protocol_type": "consumer", "protocols": [{"name": "range", "metadata": subscription("t", b"")}]}
    with connect(node, port) as first:
        check_equal(first.ask("JoinGroup", 2, **member)["error_code"], 0, "the first of two members")
    cluster.group.longest_join = 60
    joins, kafka = len(cluster.joins), connect(node, port)
    kafka.send("JoinGroup", 2, **member)
    wait_for(lambda: len(cluster.joins) > joins, 5, "the JoinGroup waits at its coordinator")
    return kafka


def produce_and_poll(cluster, node, port):
    """A Produce that is not answered yet, and a Fetch that waits behind it."""
    kafka = connect(node, port)
    cluster.may_produce.clear()
    count = cluster.counts["Produce"]
    kafka.send("Produce", 7, **produce_request({("t", 0): [b"x"]}))
    kafka.send("Fetch", 11, **fetch_request({("t", 1): 0}, max_wait_ms=60000))
    wait_for(lambda: cluster.counts["Produce"] > count, 5, "the Produce is at its broker")
    return kafka


def drain_of(node):
    """What it says of its drain; None when it is gone."""
    try:
        return node.get_json("/v1/node")[1]["drain"]
    except OSError:
        return None


def check_ports(cluster, node):
    """The Produce's client came by the last port: it is answered while its port's turn waits for it."""
    idle = [Ended(connect(node, port)) for port in range(PORTS)]
    joining, busy = join_waiting(cluster, node, 1), produce_and_poll(cluster, node, PORTS - 1)
    check_equal(node.post("/v1/drain?exit=true"), 200, "status of POST /v1/drain")
    seen = []
    while (drain := drain_of(node)) and drain["turns_done"] < PORTS:
        seen.append((drain["turns_done"], drain["clients"]))
        status, text = http_get(node.http + "/health/ready")
        check_equal((status, json.loads(text)["status"]), (503, "draining"), "readiness")
        time.sleep(0.05)
    check_equal(sorted(set(turn for turn, _ in seen)), list(range(min(seen)[0], PORTS)), "turns in the API")
    check_equal([turn for turn, _ in seen], sorted(turn for turn, _ in seen), "turns go up")
    check(max(clients for _, clients in seen) > min(clients for _, clients in seen), "clients become fewer")
    check_equal((drain["turns"], drain["exits"]), (PORTS, True), f"{drain}")
    check(is_ended(joining), "a JoinGroup that waits is ended")
    check(not busy.is_closed(0.5), "who waits for an answer stays")
    cluster.may_produce.set()
    no_errors(errors_of("Produce", busy.receive()), "the Produce is answered")
    with lasts("at once, not when it would have ended", most=5):
        check(is_ended(busy), "then the Fetch behind it is ended")
    check_equal(node.process.wait(10), 0, "exit status")
    times = [one.at for one in idle]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    print("ports were closed", [f"{gap:.2f}" for gap in gaps], "s apart")
    check(min(gaps) > 0.95, f"seconds between the ports: {gaps}")
    turns = re.findall(r"event=drain_turn turn=(\d+) of=(\d+) clients=\d+", node.process.log(1000))
    check_equal(turns, [(str(n), str(PORTS)) for n in range(1, PORTS + 1)], "turns in the log")


def test(scene):
    cluster = GroupCluster(scene, 2, {"t": 2})
    check_ports(cluster, scene.node(cluster.bootstrap, ports=PORTS, env=ENV))


run(test)
