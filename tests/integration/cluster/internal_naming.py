#!/usr/bin/env python3
"""Which nodes a client is told under internal balancing, before it works with them and after: anew at random for who only
bootstraps, then always the same, and that is what `stable` tells it; a broker to which it has a connection, at whatever
node, keeps its address until that is closed.  Clients that share a name are told at random.  FindCoordinator agrees with
Metadata."""
import contextlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import FIRST_PORT, check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch, no_errors, produce  # noqa: E402

TOPIC = "_anyport_gateway"
BROKERS, TIMES = (1, 2, 3), 40
SHARED = 4  # connections by one port, see gateway/balance/naming.c
PEERS = ("p1", "p2", "p3")
ENV = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true", "GATEWAY_HEARTBEAT_INTERVAL": "200 ms"}
GROUPS = {f"g{broker}": broker for broker in BROKERS}


def connect(node, client_id, port=0):
    return Connection(node.host, node.first_port + port, client_id=client_id)


def hosts_of(brokers):
    return {b["node_id"]: b["host"] for b in brokers}


def named(kafka):
    return hosts_of(kafka.ask("Metadata", 5, topics=[])["brokers"])


def told(kafka):
    """{broker: host}; FindCoordinator for a group of each broker says the same."""
    answer = kafka.ask("Metadata", 5, topics=[])["brokers"]
    hosts = hosts_of(answer)
    check_equal({b["node_id"]: b["port"] for b in answer}, {n: FIRST_PORT + n - 1 for n in BROKERS}, "ports")
    found = kafka.ask("FindCoordinator", 4, key_type=0, coordinator_keys=list(GROUPS))["coordinators"]
    check_equal([(c["key"], c["host"], c["port"]) for c in found],
                [(group, hosts[n], FIRST_PORT + n - 1) for group, n in GROUPS.items()], "coordinators")
    return hosts


def wait_told(kafka, is_wanted, what, seconds=5):
    """Until an answer is as wanted; then FindCoordinator says the same."""
    wait_for(lambda: is_wanted(named(kafka)), seconds, what)
    check(is_wanted(told(kafka)), f"still: {what}")


def told_often(kafka, ask=told):
    """Every host that is named for each broker."""
    answers = [ask(kafka) for _ in range(TIMES)]
    return {n: {answer[n] for answer in answers} for n in BROKERS}


def always(hosts):
    return {n: {host} for n, host in hosts.items()}


def mapping_of(stable, client_id):
    with connect(stable, client_id) as kafka:
        return told(kafka)


class Names:
    """Clients for which the mapping has other nodes than this one for these brokers, each one once."""

    def __init__(self, node, stable):
        self.node, self.stable, self.number = node, stable, 0

    def take(self, brokers):
        while self.number < 1000:
            self.number += 1
            client_id = f"client-{self.number}"
            mapping = mapping_of(self.stable, client_id)
            if all(mapping[n] != self.node.host for n in brokers):
                return client_id, mapping
        raise AssertionError(f"no client is sent elsewhere for {brokers}")


def check_bootstrap(node, names, everyone):
    """At random until it works here."""
    client_id, mapping = names.take([1])
    with connect(node, client_id) as kafka:
        hosts = told_often(kafka)
        check(all(len(hosts[n]) > 2 and hosts[n] <= everyone for n in BROKERS), f"at random: {hosts}")
        no_errors(produce(kafka, {("t", 0): [b"x"]}), "a Produce")
        check_equal(told_often(kafka), always({**mapping, 1: node.host}), "what it is told once it works here")
    client_id, mapping = names.take([1])
    with connect(node, client_id) as kafka:
        no_errors(fetch(kafka, {("t", 1): 0})[1], "a Fetch")
        check_equal(told_often(kafka), always({**mapping, 1: node.host}), "what it is told after a Fetch")


def check_other_port(node, names):
    """Who comes by a port that an answer named is told the mapping, though it has done nothing yet."""
    for port in (1, 2):
        client_id, mapping = names.take([])
        for _ in range(2):
            with connect(node, client_id, port) as kafka:
                check_equal(told_often(kafka), always(mapping), f"what {client_id} is told at port {port}")


def list_offsets(kafka):
    answer = kafka.ask("ListOffsets", 1, replica_id=-1,
                       topics=[{"name": "t", "partitions": [{"partition_index": 0, "timestamp": -1}]}])
    check_equal(answer["topics"][0]["partitions"][0]["error_code"], 0, "a ListOffsets")


def check_connected(node, names):
    """Two connections by two ports."""
    client_id, mapping = names.take([2, 3])
    other_id, other_mapping = names.take([2, 3])
    with connect(node, client_id, 1) as first:
        with connect(node, client_id, 2) as second:
            check_equal(told(first), mapping, "what it is told before it works")
            list_offsets(first)
            check_equal(told_often(first), always({**mapping, 2: node.host}), "with one connection that works")
            no_errors(fetch(second, {("t", 2): 0})[1], "a Fetch")
            for kafka in (first, second):
                check_equal(told_often(kafka), always({**mapping, 2: node.host, 3: node.host}), "with two")
            with connect(node, other_id, 1) as other:
                check_equal(told_often(other), always(other_mapping), "another client's is its own")
        wait_told(first, lambda hosts: hosts == {**mapping, 2: node.host}, "the second has gone: its broker is the mapping's")
        check_equal(told_often(first), always({**mapping, 2: node.host}), "and stays there")


def check_connected_elsewhere(scene, cluster, node, other, names):
    """What the other node tells a client that has a connection here; and a third one, which starts later."""
    client_id, mapping = names.take([1, 2])
    with connect(other, client_id, 2) as kafka:
        held = {**mapping, 3: other.host}
        no_errors(fetch(kafka, {("t", 2): 0})[1], "a Fetch")
        check_equal(told(kafka), held, "with a connection that works")
        with connect(node, client_id) as fresh:
            wait_for(lambda: told_often(fresh, named) == always(held), 5, "who works elsewhere does not bootstrap here")
        with connect(node, client_id, 1) as first:
            list_offsets(first)
            wait_told(kafka, lambda hosts: hosts == {**held, 2: node.host}, "the other node has heard of it")
            check_equal(told_often(kafka), always({**held, 2: node.host}), "what it is told there")
            check_equal(told_often(first), always({**held, 2: node.host}), "and here")
            node.post("/v1/drain")
            check_equal(told(kafka)[2], node.host, "it drains, and the client is still there")
            wait_told(kafka, lambda hosts: hosts[2] != node.host, "its turn has come, and another is named", 15)
            check_equal(list_offsets(first), None, "before it is closed")
        node.post("/v1/undrain")
        wait_told(kafka, lambda hosts: hosts == held, "it has no connection here any more", 15)
        with connect(node, client_id, 1) as first:
            list_offsets(first)
            wait_told(kafka, lambda hosts: hosts[2] == node.host, "it has one again")
            third = scene.node(cluster.bootstrap, env={**ENV, "GATEWAY_MAPPING": "stable"})
            with connect(third, client_id, 1) as late:
                hosts = told(late)
                check_equal((hosts[2], hosts[3]), (node.host, other.host), "a node that starts later has asked before it serves")


def check_shared(node, names, everyone):
    """So many connections by one port are not one client's: its name says nothing, each is told at random."""
    client_id, mapping = names.take([2])
    with contextlib.ExitStack() as stack:
        kafkas = [stack.enter_context(connect(node, client_id, 1)) for _ in range(SHARED)]
        for kafka in kafkas[1:]:
            list_offsets(kafka)
        check_equal(told_often(kafkas[1]), always({**mapping, 2: node.host}), "one too few")
        list_offsets(kafkas[0])
        for kafka in kafkas:
            hosts = told_often(kafka)
            check(all(len(hosts[n]) > 2 and hosts[n] <= everyone for n in (1, 3)), f"at random: {hosts}")
            check_equal(hosts[2], {node.host}, "but for its own broker")
        kafkas[0].close()
        wait_for(lambda: told_often(kafkas[1]) == always({**mapping, 2: node.host}), 5, "the mapping's again")


def test(scene):
    cluster = GroupCluster(scene, len(BROKERS), {"t": 3, TOPIC: 1})
    cluster.coordinators.update(GROUPS)
    for name in PEERS:
        cluster.add_peer(name)
    cluster.keep_telling(TOPIC, dict.fromkeys(PEERS, 50))
    node = scene.node(cluster.bootstrap, ready=False, env={**ENV, "GATEWAY_MAPPING": "random"})
    stable = scene.node(cluster.bootstrap, ready=False, env={**ENV, "GATEWAY_MAPPING": "stable"})
    for one in (node, stable):
        one.wait_ready()
    for one in (node, stable):
        wait_for(lambda: one.metrics().sum("anyport_cluster_nodes") == 5, 15, "all nodes are known")
    names = Names(node, stable)
    everyone = {node.host, stable.host, *(f"10.9.9.{n}" for n in range(1, 4))}
    check_bootstrap(node, names, everyone)
    check_other_port(node, names)
    check_connected(node, names)
    check_shared(node, names, everyone)
    check_connected_elsewhere(scene, cluster, node, stable, names)
    for one in (node, stable):
        check("event=alone" not in one.process.log(), "nobody warned of not knowing the others")


run(test)
