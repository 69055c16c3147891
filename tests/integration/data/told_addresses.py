#!/usr/bin/env python3
"""Every answer that names brokers names the same: Metadata, FindCoordinator and DescribeCluster agree, under either
mapping, with brokers' racks and peers in them; error answers carry no broker's own address (Produce 10+, Fetch 16+).
Under external balancing the load balancer is all that is named, whoever the members are."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import FIRST_PORT, check, check_equal, run, wait_for  # noqa: E402
from group_cluster import NOT_LEADER, GroupCluster  # noqa: E402
from kafka_wire import Connection, batch, fetch_topics, parts_of, produce_data, read_response  # noqa: E402

TOPIC = "_anyport_gateway"
RACKS = {1: "r1", 2: "r2", 3: "r3"}  # of the brokers; no node is in r3
PEERS = {"p1": "r1", "p2": "r2", "p3": None}
INSIDE = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true", "GATEWAY_RACK_ID": "r1",
          "GATEWAY_SESSION_TIMEOUT": "3 s", "GATEWAY_HEARTBEAT_INTERVAL": "200 ms"}
GROUPS = [f"g{n}" for n in range(6)]


def addresses(brokers, key="node_id"):
    found = {b[key]: (b["host"], b["port"]) for b in brokers}
    check_equal(len(set(found.values())), len(found), f"addresses of {found}")
    return found


def metadata(kafka, version=5):
    return addresses(kafka.ask("Metadata", version, topics=[])["brokers"])


def check_agree(cluster, kafka, rounds):
    """One connection: what comes between two Metadata answers says what the last one said."""
    told = collections.defaultdict(set)
    for n in range(rounds):
        brokers = metadata(kafka, 1 + n % 9)
        for broker, address in brokers.items():
            told[broker].add(address)
            check_equal(address[1], FIRST_PORT + broker - 1, f"port of broker {broker}")
        cluster.move_coordinator(1 + n % 3)
        for version in range(4):
            found = kafka.ask("FindCoordinator", version, key="g", **({"key_type": 0} if version else {}))
            check_equal((found["host"], found["port"]), brokers[found["node_id"]], f"FindCoordinator {version}")
        found = kafka.ask("FindCoordinator", 4, key_type=0, coordinator_keys=GROUPS)["coordinators"]
        check_equal([c["key"] for c in found], GROUPS, "groups that were asked for")
        for one in found:
            check_equal((one["host"], one["port"]), brokers[one["node_id"]], "FindCoordinator 4")
        for version in (0, 1):
            described = kafka.ask("DescribeCluster", version)
            check_equal(addresses(described["brokers"], "broker_id"), brokers, f"DescribeCluster {version}")
    return {broker: {host for host, _ in where} for broker, where in told.items()}


def told_to_many(cluster, node, clients):
    """Hosts that stand for each broker, for so many clients."""
    told = collections.defaultdict(set)
    for n in range(clients):
        with Connection(*node.address, client_id=f"client-{n}", source=cluster.hosts[1 + n % 3]) as kafka:
            for broker, hosts in check_agree(cluster, kafka, 2).items():
                told[broker] |= hosts
    return told


def check_random(cluster, node):
    told = told_to_many(cluster, node, 40)
    hosts = {name: f"10.9.9.{n}" for n, name in enumerate(PEERS, 1)}
    check_equal(told, {1: {node.host, hosts["p1"]}, 2: {hosts["p2"]}, 3: {node.host, *hosts.values()}},
                "nodes that stand for each broker")
    cluster.remove_peer("p2")  # nobody is in broker 2's rack any more
    wait_for(lambda: node.metrics().sum("anyport_cluster_nodes") == 3, 10, "one has gone")
    told = told_to_many(cluster, node, 30)
    check_equal(told[2], {node.host, hosts["p1"], hosts["p3"]}, "nodes that stand for a broker without any in its rack")
    cluster.add_peer("p2", host=hosts["p2"], rack="r2")


def check_stable(cluster, nodes):
    """By client: the same on each connection and from each node."""
    chosen = set()
    for n in range(12):
        told = []
        for node in nodes:
            with Connection(*node.address, client_id=f"client-{n}", source=cluster.hosts[1]) as kafka:
                told.append(check_agree(cluster, kafka, 4))
                told.append({b: {host} for b, (host, _) in metadata(kafka).items()})
        check_equal([one for one in told if one != told[0]], [], f"what client-{n} is told, apart from {told[0]}")
        chosen |= told[0][3]
    check(len(chosen) > 2, f"all clients have {chosen}")


def check_external(cluster, node):
    with Connection(*node.address) as kafka:
        told = check_agree(cluster, kafka, 10)
    check_equal(told, {b: {"lb.example"} for b in (1, 2, 3)}, "what is named")
    members = node.get_json("/v1/cluster")[1]["members"]
    check_equal(len(members), 1 + len(PEERS), "members that are known all the same")


def check_hints(cluster, node):
    """Leaders have moved and the node does not know: what it passes on, of one broker and of two."""
    hosts = [host.encode() for host in cluster.hosts.values()]
    with Connection(*node.address) as kafka:
        for parts in ([("t", 0)], [("t", 0), ("t", 1)]):
            cluster.leaders.update({part: 3 for part in parts})
            ask_stale(kafka, hosts, "Produce", 10, acks=-1, timeout_ms=5000,
                      topic_data=produce_data({part: batch([b"x"]) for part in parts}))
            move_back(cluster, node, parts)
            for version in range(12, 17):
                cluster.leaders.update({part: 3 for part in parts})
                topics = {(cluster.topic_id("t") if version > 12 else "t", p): 0 for _, p in parts}
                ask_stale(kafka, hosts, "Fetch", version, max_wait_ms=100, min_bytes=1, topics=fetch_topics(topics))
                move_back(cluster, node, parts)


def ask_stale(kafka, hosts, api, version, **values):
    kafka.send(api, version, **values)
    data = kafka.receive_frame()
    kafka._asked.pop()
    _, answer = read_response(api, version, data)
    parts = parts_of(api, answer)
    check_equal({part["error_code"] for _, part in parts}, {NOT_LEADER}, f"errors of {api} {version}")
    check_equal({part["current_leader"]["leader_id"] for _, part in parts}, {3}, f"leader hints of {api} {version}")
    check_equal([host for host in hosts if host in data], [], f"brokers' hosts in {api} {version}")
    check_equal(answer.get("node_endpoints", []), [], f"endpoints in {api} {version}")


def leaders(node, topic):
    told = node.get_json(f"/v1/topics/{topic}")[1]
    return {p["partition"]: p["leader"] for p in told["partitions"]}


def move_back(cluster, node, parts):
    """And once the node has seen that they moved."""
    wait_for(lambda: all(leaders(node, t)[p] == 3 for t, p in parts), 10, "the node learns of it")
    cluster.leaders.clear()
    with Connection(*node.address) as kafka:  # it learns from what clients see
        wait_for(lambda: kafka.ask("Metadata", 5, topics=[{"name": "t"}]) and all(
            leaders(node, t)[p] == 1 + p for t, p in parts), 10, "and that they came back")


def test(scene):
    cluster = GroupCluster(scene, 3, {"t": 3, TOPIC: 1}, racks=RACKS)
    for name, rack in PEERS.items():
        cluster.add_peer(name, rack=rack)
    cluster.keep_telling(TOPIC, dict.fromkeys(PEERS, 50))
    nodes = [scene.node(cluster.bootstrap, env=INSIDE)]
    wait_for(lambda: nodes[0].metrics().sum("anyport_cluster_nodes") == 4, 15, "the peers are known")
    check_hints(cluster, nodes[0])
    check_random(cluster, nodes[0])
    nodes[0].kill()
    nodes = [scene.node(cluster.bootstrap, env={**INSIDE, "GATEWAY_MAPPING": "stable"}) for _ in range(2)]
    for node in nodes:
        wait_for(lambda: node.metrics().sum("anyport_cluster_nodes") == 5, 15, "the peers are known")
    check_stable(cluster, nodes)
    for node in nodes:
        node.kill()
    outside = scene.node(cluster.bootstrap, advertise=f"lb.example:{FIRST_PORT}")
    wait_for(lambda: outside.metrics().sum("anyport_cluster_nodes") == 4, 20, "the peers are known")
    check_external(cluster, outside)


run(test)
