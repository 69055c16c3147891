#!/usr/bin/env python3
"""A node with more than its share closes connections between requests, the oldest first, until it has no more than the
nodes have on average; never one that waits for an answer, is in a transaction or has sent acks=0.  Age does the same."""
import json
import pathlib
import signal
import sys
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, patient, run, wait_for  # noqa: E402
from kafka_wire import Connection, WireError, batch, produce_data  # noqa: E402
from peers import Peers  # noqa: E402
from traffic import fetch_request, no_errors, produce, produce_request  # noqa: E402

GROUP, TOPIC = "g-balance", "_anyport_gateway"
PORTS, EACH, PEERS_HAVE = 3, 7, 10
FRONT, HOST = "lb.example", 2  # the load balancer of all but one; the tag of what a node advertises
MUST_STAY = ("in a transaction", "waits")
CONFIG = """gateway: { balance: { close_per_second = 4; max_connection_age = "%s"; }; };"""


def connect(node, port=0):
    kafka = Connection(node.host, node.first_port + port, timeout=20)
    kafka.ask("ApiVersions", 0)
    return kafka


def shed(node, reason):
    return node.metrics().sum("anyport_client_connections_shed_total", reason=reason)


def log_of(node):
    return node.process.log(10 ** 6)


def is_open(kafka):
    return not kafka.is_closed(0.01)


class Poller(threading.Thread):
    """A consumer that always has a Fetch out; each is answered, or the connection is closed before it is."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.kafka, self.answers, self.end = connect(node), 0, None
        self.start()

    def run(self):
        try:
            while True:
                self.kafka.ask("Fetch", 11, **fetch_request({("empty", 0): 0}, max_wait_ms=400))
                self.answers += 1
        except (WireError, ConnectionError) as error:
            self.end = error


def in_transaction(node):
    """Records of a transaction that is not over."""
    kafka = connect(node)
    data = {("t", 0): batch([b"x"], producer_id=7, producer_epoch=0, sequence=0, transactional=True)}
    kafka.ask("Produce", 7, transactional_id="tx", acks=-1, timeout_ms=5000, topic_data=produce_data(data))
    return kafka


def after_transaction(node):
    """One that has been ended."""
    kafka = connect(node)
    producer = kafka.ask("InitProducerId", 1, transactional_id="over", transaction_timeout_ms=60000)
    ids = {"transactional_id": "over", "producer_id": producer["producer_id"],
           "producer_epoch": producer["producer_epoch"]}
    check_equal(producer["error_code"], 0, "InitProducerId")
    kafka.ask("AddPartitionsToTxn", 0, **{"v3_and_below_" + k: v for k, v in ids.items()},
              v3_and_below_topics=[{"name": "t", "partitions": [0]}])
    check_equal(kafka.ask("EndTxn", 1, committed=True, **ids)["error_code"], 0, "EndTxn")
    return kafka


def waiting(node):
    kafka = connect(node)
    kafka.send("Fetch", 11, **fetch_request({("empty", 0): 0}, max_wait_ms=120000))
    return kafka


def check_skew(node, peers, idle, kept):
    """The node has some 25, its peers 10 each."""
    wait_for(lambda: node.metrics().sum("anyport_cluster_nodes_measured") == 3, 20, "the peers are known")
    own = node.metrics().sum("anyport_client_connections")
    goal = int(own - (own + 2 * PEERS_HAVE) / 3)
    wait_for(lambda: abs(node.metrics().sum("anyport_cluster_skew", of="connections") -
                         own * 3 / (own + 2 * PEERS_HAVE)) < 0.01, 5, "the skew is told")
    wait_for(lambda: "who=balance event=end" in log_of(node), 30, "a round of corrections")
    peers.connections.update(p1=int(own) - goal, p2=int(own) - goal)
    check_equal(shed(node, "skew"), goal, "connections closed for skew")
    check_equal(node.metrics().sum("anyport_client_connections"), own - goal, "connections that are left")
    check(f"event=begin connections={own:.0f} mean={(own + 2 * PEERS_HAVE) / 3:.1f} nodes=3 close={goal}" in log_of(node), "the log says it")
    for name in MUST_STAY:
        check(is_open(kept[name]), f"{name}, and was closed")
    for port, kafkas in enumerate(idle):
        states = [is_open(kafka) for kafka in kafkas]
        check_equal(states, sorted(states), f"the oldest go first, of port {port}")
    print(f"closed {goal} of {own:.0f}; open of each port: {[sum(map(is_open, kafkas)) for kafkas in idle]}")


def rebalance(node):
    request = urllib.request.Request(node.http + "/v1/rebalance", method="POST")
    with urllib.request.urlopen(request, timeout=patient(5)) as answer:
        check_equal(answer.status, 200, "status of POST /v1/rebalance")
        return json.load(answer)["text"]


def check_asked(node, peers):
    """Within the tolerance nothing is done, until somebody asks."""
    own = int(node.metrics().sum("anyport_client_connections"))
    peers.connections.update(p1=own - 3, p2=own)
    wait_for(lambda: abs(node.metrics().sum("anyport_cluster_share", of="connections") - own * 3 / (own * 3 - 3)) < 0.001,
             10, "the peers' loads are told")
    # It knows the nodes' mean as of its last second.
    wait_for(lambda: rebalance(node).startswith(f"closing 1 of {own} "), 5, "it agrees to close the one above the mean")
    wait_for(lambda: shed(node, "asked") == 1, 10, "the one connection above the mean is closed")
    check("reason=\"it was asked for\"" in log_of(node), "the log says why")


def check_age(node, config, peers, idle, kept, pollers):
    """Reloaded with a greatest age."""
    before = shed(node, "skew")
    config.write_text(CONFIG % "2 s")
    node.process.signal(signal.SIGHUP)
    wait_for(lambda: not any(is_open(kafka) for kafkas in idle for kafka in kafkas), 5, "old connections are closed")
    wait_for(lambda: all(poller.end for poller in pollers), 5, "old consumers are closed")
    for poller in pollers:
        check(poller.answers > 5, f"a consumer had only {poller.answers} answers: {poller.end}")
    for name in MUST_STAY:
        check(is_open(kept[name]), f"{name}, and was closed for its age")
    wait_for(lambda: not is_open(kept["a transaction is over"]), 3, "closed, as its transaction is over")
    check(shed(node, "age") >= 10, "closed for their age")
    check_equal((shed(node, "skew"), log_of(node).count("who=balance event=begin")), (before, 2), "rounds of balance")
    check("in_vain" not in log_of(node), "what was closed is gone")


def check_no_acks(scene):
    """Closed for its age only when it has had an answer since.  The mock answers acks=0, which no broker does."""
    node = scene.node(scene.sink(partitions=3).bootstrap, env={"GATEWAY_CLUSTER_ID": "off",
                                                               "GATEWAY_MAX_CONNECTION_AGE": "1 s"})
    idle, silent, answered = connect(node), connect(node), connect(node)
    for kafka in (silent, answered):
        kafka.send("Produce", 7, **produce_request({("bench", 0): [b"x"]}, acks=0))
    no_errors(produce(answered, {("bench", 1): [b"x"]}), "a Produce after one with acks=0")
    wait_for(lambda: not is_open(idle) and not is_open(answered), 3, "old connections are closed")
    check_equal((shed(node, "age"), is_open(silent)), (2, True), "closed for their age, and that of acks=0 is open")
    no_errors(produce(silent, {("bench", 1): [b"x"]}), "it still serves")
    wait_for(lambda: not is_open(silent), 3, "closed after that answer")


def test(scene):
    check_no_acks(scene)
    kafka = scene.mock_cluster(topics={"t": 3, "empty": 1, TOPIC: 1})
    kafka.command("leader", TOPIC, 0, 1)
    kafka.spread("t", 3)
    # one is behind another load balancer: its clients are no measure for the node's, nor are they its to take
    have = {"p1": PEERS_HAVE, "p2": PEERS_HAVE, "elsewhere": 1000}
    with Peers(kafka, GROUP, TOPIC, have, {"p1": {HOST: FRONT}, "p2": {HOST: FRONT}}) as peers:
        node = scene.node(kafka.bootstrap, advertise=f"{FRONT}:9092", config=CONFIG % "0 s", env={"GATEWAY_GROUP_ID": GROUP})
        config = scene.dir / f"{node.name}.conf"
        kept = {"in a transaction": in_transaction(node), "waits": waiting(node)}
        idle = [[connect(node, port) for _ in range(EACH)] for port in range(PORTS)]
        kept["a transaction is over"] = after_transaction(node)
        pollers = [Poller(node)]
        check_skew(node, peers, idle, kept)
        check_asked(node, peers)
        check_age(node, config, peers, idle, kept, pollers)


run(test)
