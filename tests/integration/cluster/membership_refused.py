#!/usr/bin/env python3
"""No right to the group, nor to make the internal topic, from the beginning or later: clients are served, it is told,
and asked for ever more rarely until it is given."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import NO_SECRET, check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster, partitions_of  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

TOPIC = "_anyport_gateway"
SESSION = 3  # seconds
ENV = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true", "GATEWAY_SESSION_TIMEOUT": f"{SESSION} s",
       "GATEWAY_HEARTBEAT_INTERVAL": "200 ms"}
GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED = 30, 31


def ready(node):
    return node.get_json("/health/ready")


def cluster_of(node):
    return node.get_json("/v1/cluster")[1]


def serves(node):
    with Connection(*node.address) as kafka:
        no_errors(produce(kafka, {("t", 0): [b"x"]}), f"clients of {node.name}")


def check_degraded(node, state):
    status, told = ready(node)
    check_equal((status, told["status"], cluster_of(node)["state"]), (200, "degraded", state), "readiness and state")
    check("no right to the group" in told["reasons"][0], f"{told}")
    serves(node)


def check_no_right_yet(kafka, node):
    wait_for(lambda: kafka.counts["JoinGroup"] >= 3, 10, "it asks again")
    check_degraded(node, "joining")
    check('err=30 reason="no right to the group: it needs READ and DESCRIBE"' in node.process.log(), "the log says it")
    check(kafka.counts["JoinGroup"] < 8, "it asks ever more rarely")
    del kafka.refuse["JoinGroup"]
    wait_for(lambda: cluster_of(node)["state"] == "member", 10, "a member once it may")


def assigned(kafka):
    """The partitions of the internal topic that members have."""
    with kafka.changed:
        told = [partitions_of(assignment) for assignment in kafka.group.assignments.values()]
    return sorted(p for topics in told for p in topics.get(TOPIC, []))


def check_no_topic(kafka, node):
    wait_for(lambda: "not there" in (cluster_of(node)["topic_trouble"] or ""), 10, "what is wrong with the topic")
    check("err=31" in node.process.log(), "the log says why the topic is not there")
    check_equal(ready(node), (200, {"status": "ready", "reasons": [NO_SECRET]}), "no topic is no error")
    check_equal(kafka.counts["CreateTopics"], 1, "how often it was to be created")
    serves(node)
    kafka.refuse["Heartbeat"] = GROUP_AUTHORIZATION_FAILED  # meanwhile: see below
    kafka.logs.update({(TOPIC, p): [] for p in range(3)})  # somebody makes it
    wait_for(lambda: assigned(kafka) == [0, 1, 2], 15, "its partitions are given out")
    wait_for(lambda: cluster_of(node)["topic_trouble"] is None and any(
        kafka.logs[(TOPIC, p)] for p in range(3)), 15, "loads in the topic")


def check_no_right_any_more(kafka, node):
    wait_for(lambda: ready(node)[1]["status"] == "degraded", SESSION + 4, "degraded: a session without the group")
    check_degraded(node, "apart")
    del kafka.refuse["Heartbeat"]
    wait_for(lambda: ready(node)[1] == {"status": "ready", "reasons": [NO_SECRET]}, 15, "a member again")


def begin(scene, first_host, **refused):
    kafka = GroupCluster(scene, 1, {"t": 1}, first_host=first_host)
    kafka.refuse.update(refused)
    return kafka, scene.node(kafka.bootstrap, ready=False, env=ENV)


def test(scene):
    stranger = begin(scene, 61, JoinGroup=GROUP_AUTHORIZATION_FAILED)
    member = begin(scene, 71, CreateTopics=CLUSTER_AUTHORIZATION_FAILED)
    member[1].wait_ready()
    check_no_topic(*member)
    stranger[1].wait_ready()
    check("event=alone" not in stranger[1].process.log(), "it did not wait for others that it can't know")
    check_no_right_yet(*stranger)
    check_no_right_any_more(*member)


run(test)
