#!/usr/bin/env python3
"""A member of its group, whatever the group does: moves, goes away, has older data of it than it has; and nodes that
do not fit together, by name.  The coordinator is a stand-in that does what real ones do."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import NO_SECRET, check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection  # noqa: E402

TOPIC = "_anyport_gateway"
SESSION = 3  # seconds
ENV = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true", "GATEWAY_SESSION_TIMEOUT": f"{SESSION} s",
       "GATEWAY_HEARTBEAT_INTERVAL": "200 ms"}


def log_of(node):
    return node.process.log(10 ** 6)


def ready(node):
    return node.get_json("/health/ready")


def cluster_of(node):
    return node.get_json("/v1/cluster")[1]


def knows(node):
    return {member["node_id"] for member in cluster_of(node)["members"]}


def check_restarts(kafka, node):
    """Killed and back as it was: it has its old place, and nobody else hears of it."""
    node.kill()
    generation, count = kafka.group.generation, len(kafka.joins)
    beats = kafka.counts["Heartbeat"]
    node.start()
    node.wait_ready()
    wait_for(lambda: cluster_of(node)["state"] == "member", 10, "a member again")
    wait_for(lambda: kafka.counts["Heartbeat"] > beats + 5, 10, "it stays")
    check_equal((kafka.group.generation, len(kafka.joins)), (generation, count + 1), "generation and joins")
    check_equal(knows(node), {"gw"}, "nodes that it knows")


def check_comes_back(kafka, node):
    """Killed and back with one port more: the group gives it its old data and tells nobody, so it says it again."""
    node.kill()
    before = kafka.joins[-1].identity
    generation, count = kafka.group.generation, len(kafka.joins)
    node.env["GATEWAY_PORT_COUNT"] = "6"
    node.start()
    node.wait_ready()
    wait_for(lambda: kafka.group.generation > generation and kafka.group.phase == "stable", 10, "the group hears of it")
    first, second = kafka.joins[count:count + 2]
    check_equal((first.member, first.instance, first.identity["port_count"]), ("", "gw", 6), "how it comes back")
    check(first.identity["incarnation"] > before["incarnation"], "its incarnation after a restart")
    check(second.member.startswith("gw-") and second.identity["incarnation"] > first.identity["incarnation"],
          f"it joins with its id and a higher incarnation: {first}, then {second}")
    wait_for(lambda: "older data of this node" in log_of(node), 5, "the log says why")
    check_equal(len(kafka.joins), count + 2, "it joined twice, no more")


def check_told_to_join(kafka, node):
    """27 to a heartbeat."""
    generation = kafka.group.generation
    kafka.add_peer("p1")
    wait_for(lambda: knows(node) == {"gw", "p1"}, 10, "the one that came is known")
    check(kafka.group.generation > generation, "a new generation")
    kafka.remove_peer("p1")
    wait_for(lambda: knows(node) == {"gw"}, 10, "the one that went is gone")


def forgotten(node, broker):
    """Whether the node does not list the broker; a client that asks for what was led by it has the node look again."""
    with Connection(*node.address) as kafka:
        kafka.ask("Metadata", 5, topics=[])
    return broker not in [b["id"] for b in node.get_json("/v1/brokers")[1]["brokers"]]


def check_moves(kafka, node):
    """Another broker coordinates: the membership stays.  Then that broker restarts."""
    generation, joins = kafka.group.generation, len(kafka.joins)
    kafka.move_coordinator(2)
    wait_for(lambda: "event=coordinator group=anyport_gateway broker=2" in log_of(node), 10, "the other one is found")
    kafka.stop_broker(2)
    wait_for(lambda: cluster_of(node)["trouble"], 10, "it is missed")
    wait_for(lambda: forgotten(node, 2), 10, "the node's metadata is without it")
    kafka.start_broker(2)
    wait_for(lambda: cluster_of(node)["trouble"] is None, 10, "and found again")
    check_equal((kafka.group.generation, len(kafka.joins)), (generation, joins), "nobody joined for that")
    check_equal(cluster_of(node)["state"], "member", "a member all the while")


# what a peer says that does not fit, and the words for it
DISAGREEMENTS = [
    ({"internal": 0}, "gw is for internal load balancing, odd for external"),
    ({"port_count": 7}, "gw has 6 ports, odd has 7"),
    ({"kafka": "elsewhere"}, "gw is at the Kafka cluster grouped, odd at elsewhere"),
]


def check_disagree(kafka, node):
    """Named in the log, counted by a metric, a reason of `degraded`; and over when it is."""
    for differs, words in DISAGREEMENTS:
        kafka.add_peer("odd", **{"port_count": 6, **differs})
        wait_for(lambda: cluster_of(node)["disagreements"] == [words], 10, words)
        check_equal(node.metrics().sum("anyport_cluster_disagreements"), 1, "disagreements")
        check_equal(ready(node), (200, {"status": "degraded", "reasons": [words, NO_SECRET]}), "readiness")
        check(f'event=disagreement reason="{words}"' in log_of(node), f"the log has: {words}")
    kafka.add_peer("odd", port_count=6)
    wait_for(lambda: ready(node)[1] == {"status": "ready", "reasons": [NO_SECRET]}, 10, "all fit again")
    check_equal(node.metrics().sum("anyport_cluster_disagreements"), 0, "disagreements")
    kafka.remove_peer("odd")


def hosts_told(node, times=20):
    with Connection(*node.address) as kafka:
        return {b["host"] for _ in range(times) for b in kafka.ask("Metadata", 2, topics=[])["brokers"]}


def check_drains(node, other):
    """The others stop naming it before it has gone, and name it again when it takes clients again."""
    both = {node.host, other.host}
    wait_for(lambda: hosts_told(node) == both, 10, "both are named")
    check_equal(other.post("/v1/drain"), 200, "/v1/drain")
    wait_for(lambda: hosts_told(node) == {node.host}, 10, "the one that drains is not named")
    check_equal({m["node_id"]: m["is_draining"] for m in cluster_of(node)["members"]}, {"gw": False, "other": True},
                "who drains")
    check_equal(node.metrics().sum("anyport_cluster_nodes_draining"), 1, "nodes that drain")
    check_equal(other.post("/v1/undrain"), 200, "/v1/undrain")
    wait_for(lambda: hosts_told(node) == both, 10, "both are named again")


def check_session_ends(node, other):
    """Who says nothing for a session is gone."""
    began = time.monotonic()
    other.kill()
    wait_for(lambda: knows(node) == {"gw"}, SESSION + 3, "a dead node is gone")
    check(time.monotonic() - began > SESSION / 2, "not before its session ended")


def test(scene):
    kafka = GroupCluster(scene, 2, {"t": 2})
    node = scene.node(kafka.bootstrap, env={**ENV, "GATEWAY_NODE_ID": "gw"})
    wait_for(lambda: cluster_of(node)["state"] == "member", 15, "a member")
    wait_for(lambda: (TOPIC, 0) in kafka.logs, 10, "the internal topic is created")
    check_restarts(kafka, node)
    check_comes_back(kafka, node)
    check_told_to_join(kafka, node)
    check_moves(kafka, node)
    check_disagree(kafka, node)
    other = scene.node(kafka.bootstrap, ports=6, env={**ENV, "GATEWAY_NODE_ID": "other"})
    wait_for(lambda: knows(node) == {"gw", "other"}, 10, "two nodes")
    check_drains(node, other)
    check_session_ends(node, other)


run(test)
