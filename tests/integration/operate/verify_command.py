#!/usr/bin/env python3
"""anyportctl verify: through HAProxy all is well; what is not is found and named."""
import json
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from cluster import FIRST_PORT, HTTP_PORT, check, check_equal, run  # noqa: E402
from kafka_wire import LATEST, Connection  # noqa: E402
from pair import run_ctl  # noqa: E402

EXTERNAL = {"GATEWAY_CLUSTER_ID": "off"}


def verify(*arguments):
    """Its exit status and report; --json and the table agree."""
    status, out, errors = run_ctl("verify", *arguments, "--json")
    check_equal(errors, "", f"verify {arguments}")
    return status, json.loads(out)


def finds(report, *texts):
    """Each text is in a finding, and no finding is without one of them."""
    found = report["findings"]
    for text in texts:
        check(any(text in finding for finding in found), f"{text!r} is not found: {found}")
    strange = [finding for finding in found if not any(text in finding for text in texts)]
    check(not strange, f"not wrong: {strange}")


def ends(cluster, topic, partitions):
    """How many records each partition has."""
    found = {}
    for partition in range(partitions):
        for broker in cluster.brokers.values():
            with Connection(*broker) as kafka:
                answer = kafka.ask("ListOffsets", 1, replica_id=-1, topics=[
                    {"name": topic, "partitions": [{"partition_index": partition, "timestamp": LATEST}]}])
            at = answer["topics"][0]["partitions"][0]
            if at["error_code"] == 0:
                found[partition] = at["offset"]
    return found


class Place:
    """A cluster of three brokers, two nodes, HAProxy in front of both."""

    def __init__(self, scene):
        self.scene = scene
        self.cluster = scene.mock_cluster(topics={"t": 4, "other": 2})
        for topic, partitions in (("t", 4), ("other", 2)):
            self.cluster.spread(topic, partitions)
        self.front = f"{scene.host(1)}:{FIRST_PORT}"
        self.nodes = [scene.node(self.cluster.bootstrap, advertise=self.front, env=EXTERNAL) for _ in range(2)]
        self.haproxy = scene.haproxy(self.nodes)
        self.haproxy.wait_up("n1", "n2")
        self.brokers = [word for broker in self.cluster.brokers.values()
                        for word in ("--broker", f"{broker[0]}:{broker[1]}")]

    def told(self):
        return {f"{self.scene.host(1)}:{FIRST_PORT + n}" for n in range(3)}


def check_good(place):
    before = ends(place.cluster, "t", 4)
    status, report = verify(place.front, "--topic", "t", *place.brokers)
    check_equal((status, report["findings"]), (0, []), "all is well")
    check_equal((report["connections"], report["answered"]), (20, 20), "connections")
    check_equal({e["address"]: e["state"] for e in report["endpoints"]}, {a: "answers" for a in place.told()}, "endpoints")
    check_equal({e["broker"] for e in report["endpoints"]}, {1, 2, 3}, "their brokers")
    [topic] = report["topics"]
    check_equal((topic["topic"], topic["partitions"], topic["good"]), ("t", 4, 4), "the topic")
    for times in (topic["produce"], topic["fetch"], *(step["times"] for step in report["steps"])):
        check(0 < times["min"] <= times["median"] <= times["max"] < 5000, f"times: {times}")
    check_equal(ends(place.cluster, "t", 4), {p: n + 1 for p, n in before.items()}, "a record a partition")
    spread = [node.metrics().sum("anyport_client_connections_total") for node in place.nodes]
    check(min(spread) >= 8, f"both nodes were reached: {spread}")


def check_read_only(place):
    """Without a topic's name, and with --read-only, nothing is produced."""
    before = ends(place.cluster, "t", 4), ends(place.cluster, "other", 2)
    status, report = verify(place.front, "--connections", 2)
    check_equal((status, report["findings"]), (0, []), "all topics")
    rows = {row["topic"]: (row["good"], row["produce"]) for row in report["topics"]}
    check_equal(rows, {"t": (4, None), "other": (2, None)}, "all topics")
    status, report = verify(place.front, "-n", 2, "--topic", "t", "--read-only")
    check_equal((status, report["topics"][0]["produce"]), (0, None), "--read-only")
    check_equal((ends(place.cluster, "t", 4), ends(place.cluster, "other", 2)), before, "nothing was produced")


def check_text(place):
    status, out, errors = run_ctl("verify", place.front, "-n", 2, "-t", "t")
    check_equal((status, errors), (0, ""), "verify")
    for text in ("2 of 2 connections answered, for cluster mockCluster", "FindCoordinator", "CLIENTS ARE TOLD",
                 f"{place.front} ", "nothing is wrong"):
        check(text in out, f"{text!r} in\n{out}")
    for words in (["nohost"], [f"{place.front}", "--broker", "x"], [], [place.front, "-n", "0"]):
        check_equal(run_ctl("verify", *words)[0], 2, f"verify {words}")


def check_nodes(place):
    """The nodes say whose connections they have, and where their brokers are."""
    nodes = [word for node in place.nodes for word in ("--node-http", f"{node.name}={node.host}:{HTTP_PORT}")]
    status, report = verify(place.front, *nodes)
    check_equal((status, report["findings"]), (0, []), "all is well")
    ours = {row["node"]: row["connections"] for row in report["nodes"]}
    check(sum(ours.values()) == 20 and min(ours.values()) >= 8, f"connections of each: {ours}")
    status, report = verify("%s:%d" % place.cluster.brokers[1], "-n", 1, *nodes)
    finds(report, *(f"{host}:{port}: an answer names a broker's own address"
                    for host, port in place.cluster.brokers.values()))
    status, report = verify(place.front, "-n", 1, "--node-http", f"gone={place.scene.host(9)}:{HTTP_PORT}")
    check_equal(status, 1, "a node that does not answer")
    finds(report, "node gone: http://")


def check_uncovered(place):
    """HAProxy has a port less than the nodes name."""
    scene, front = place.scene, f"{place.scene.host(2)}:{FIRST_PORT}"
    nodes = [scene.node(place.cluster.bootstrap, advertise=front, env=EXTERNAL)]
    scene.haproxy(nodes, name="short", host=scene.host(2), ports=2).wait_up("n3")
    status, report = verify(front, "-n", 3, "--topic", "t")
    check_equal(status, 1, "exit status")
    missing = f"{scene.host(2)}:{FIRST_PORT + 2}"
    finds(report, f"{missing}, which clients are told: nobody listens there",
          f"t/2: its leader, broker 3 at {missing}: nobody listens there")
    check_equal({e["address"]: e["state"] for e in report["endpoints"]}[missing], "wrong", "its state")
    check_equal(report["topics"][0]["good"], 3, "the other partitions")


def check_silent_leader(place):
    """A leader that takes a request and does not answer it."""
    place.cluster.command("slow", 2, 2, 3000)
    status, report = verify(place.front, "-n", 1, "--topic", "t", "--timeout", "600ms")
    check_equal(status, 1, "exit status")
    text = f"t/1: its leader, broker 2 at {place.scene.host(1)}:{FIRST_PORT + 1}: ListOffsets: no answer within 600 ms"
    check_equal(report["findings"], [text], "the finding")
    check_equal(report["topics"][0]["good"], 3, "the other partitions")


def check_wrong_host(place):
    """One of two nodes tells clients another place: a name that is none, or a broker's own address."""
    scene = place.scene
    odd = scene.node(place.cluster.bootstrap, advertise="nowhere.invalid:9092", env=EXTERNAL)
    scene.haproxy([place.nodes[0], odd], name="odd", host=scene.host(3)).wait_up(odd.name)
    status, report = verify(f"{scene.host(3)}:{FIRST_PORT}", "-n", 6)
    check_equal(status, 1, "exit status")
    names = [f"nowhere.invalid:{FIRST_PORT + n}, which clients are told: the name does not resolve" for n in range(3)]
    found = [f for f in report["findings"] if "which clients are told" in f]
    check(len(found) == 3 and all(any(f.startswith(name) for f in found) for name in names), f"{found}")
    check(place.told() <= {e["address"] for e in report["endpoints"]}, "the other node's are known too")


def check_leak(place):
    """A client that is sent to the brokers themselves: here by there being no gateway at all."""
    broker = "%s:%d" % place.cluster.brokers[1]
    status, report = verify(broker, "-n", 2, *place.brokers)
    check_equal(status, 1, "exit status")
    finds(report, *(f"{host}:{port}: an answer names a broker's own address"
                    for host, port in place.cluster.brokers.values()))
    by_name = f"localhost:{place.cluster.brokers[1][1]}"  # the same place by another name
    status, report = verify(broker, "-n", 1, "--broker", by_name)
    check_equal(len(report["findings"]), 1, f"by what it resolves to: {report['findings']}")


def check_no_kafka(place):
    """What is refused, and what answers otherwise."""
    scene = place.scene
    status, report = verify(f"{scene.host(9)}:{FIRST_PORT}", "-n", 2)
    check_equal((status, report["answered"]), (1, 0), "nobody is there")
    finds(report, f"{scene.host(9)}:{FIRST_PORT}: nobody listens there")
    status, report = verify("nowhere.invalid:9092")
    finds(report, "nowhere.invalid:9092: the name does not resolve")
    with socket.create_server((scene.host(9), FIRST_PORT)) as silent:
        status, report = verify("%s:%d" % silent.getsockname(), "-n", 1, "--timeout", "200ms")
    finds(report, "ApiVersions: no answer within 200 ms")


def cluster_id(cluster):
    with Connection(*cluster.brokers[1]) as kafka:
        return kafka.ask("Metadata", 2, topics=[])["cluster_id"]


def another_cluster(place):
    """The mock makes its id of an address in memory, which may be that of the other's."""
    for brokers in range(1, 8):
        other = place.scene.mock_cluster(brokers=brokers, topics={"u": 1})
        if cluster_id(other) != cluster_id(place.cluster):
            return other
    raise AssertionError("all clusters have the same id")


def check_two_clusters(place):
    """A node of another cluster is among those behind HAProxy."""
    scene = place.scene
    other = scene.node(another_cluster(place).bootstrap, advertise=f"{scene.host(4)}:9092", env=EXTERNAL)
    mine = scene.node(place.cluster.bootstrap, advertise=f"{scene.host(4)}:9092", env=EXTERNAL)
    scene.haproxy([mine, other], name="mixed", host=scene.host(4)).wait_up(mine.name, other.name)
    status, report = verify(f"{scene.host(4)}:{FIRST_PORT}", "-n", 4)
    check_equal(status, 1, "exit status")
    check(any("answers for cluster mockCluster" in finding for finding in report["findings"]), report["findings"])


def test(scene):
    place = Place(scene)
    for part in (check_good, check_read_only, check_text, check_nodes, check_uncovered, check_silent_leader, check_wrong_host,
                 check_leak, check_no_kafka, check_two_clusters):
        part(place)


run(test)
