#!/usr/bin/env python3
"""Internal balancing, by 10,000 answers: each broker is one of the nodes in its rack, else of those in the client's zone, or
of all where there is none in either, each as often as the others; `stable` keeps to one, and a correction closes what is not
where it belongs.  Two brokers never have one address."""
import collections
import contextlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import FIRST_PORT, check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from peers import INTERNAL, RACK, Peers  # noqa: E402

GROUP, TOPIC = "g-internal", "_anyport_gateway"
ANSWERS, AT_ONCE, CONNECTIONS = 10000, 50, 10
ZONED = 2000  # answers to clients of a zone
RACKS = {"p1": "r1", "p2": "r2", "p3": "r2", "p4": None}
FROM = {"r1": "127.77.1.1", "r2": "127.77.2.1", "r9": "127.77.9.1"}  # the zones that clients come from
LIMITS = {1: 24, 2: 28, 5: 36}  # of chi-square by degrees of freedom: beyond it once in a million


def answers(node, times, client_id, at_once, source):
    """Counter of what so many metadata answers name: so many at once, over several connections of one client."""
    named = collections.Counter()
    with contextlib.ExitStack() as stack:
        kafkas = [stack.enter_context(Connection(*node.address, client_id=client_id, source=source))
                  for _ in range(min(CONNECTIONS, times // at_once))]
        for _ in range(0, times, at_once * len(kafkas)):
            for kafka in kafkas * at_once:
                kafka.send("Metadata", 2, topics=[])
            for kafka in kafkas * at_once:
                named[tuple((b["node_id"], b["host"], b["port"]) for b in kafka.receive()["brokers"])] += 1
    return named


def told(node, times, client_id="test", at_once=AT_ONCE, source=None):
    """{broker: Counter of hosts} of so many metadata answers."""
    hosts = collections.defaultdict(collections.Counter)
    for brokers, count in answers(node, times, client_id, at_once, source).items():
        check_equal(len({(host, port) for _, host, port in brokers}), 3, f"addresses of {brokers}")
        for broker, host, port in brokers:
            check_equal(port, FIRST_PORT + broker - 1, f"port of broker {broker}")
            hosts[broker][host] += count
    return hosts


def check_uniform(counts, hosts, what):
    check_equal(set(counts), set(hosts), f"nodes that stand for {what}")
    expected = sum(counts.values()) / len(hosts)
    chi_square = sum((n - expected) ** 2 / expected for n in counts.values())
    print(f"{what}: {dict(counts)}, chi-square {chi_square:.1f}")
    check(chi_square < LIMITS[len(hosts) - 1], f"chi-square {chi_square:.1f} of {what}: {dict(counts)}")


def check_zones(node, stable, by_rack, everyone):
    """by_rack: {rack: its nodes}.  Broker 3's rack has no node: the client's zone is asked next, if it has one."""
    for zone, source in FROM.items():
        hosts = told(node, ZONED, source=source)
        check_uniform(hosts[1], by_rack["r1"], f"broker 1, to a client in {zone}")
        check_uniform(hosts[2], by_rack["r2"], f"broker 2, to a client in {zone}")
        check_uniform(hosts[3], by_rack.get(zone, everyone), f"broker 3, to a client in {zone}")
        kept = told(stable, 200, source=source)
        check_equal([len(kept[n]) for n in (1, 2, 3)], [1, 1, 1], f"nodes that stand for brokers to a client in {zone}, stable")
        check(set(kept[3]) <= set(by_rack.get(zone, everyone)), f"{kept[3]} for broker 3 to a client in {zone}, stable")


def check_correction(node, chosen):
    """It has all of the cluster's connections, and closes those that will go elsewhere, though they are younger."""
    def connect(client_id):
        kafka = Connection(node.host, node.first_port + 2, client_id=client_id)
        kafka.ask("Metadata", 2, topics=[])
        return kafka
    ours = [connect(name) for name, host in chosen.items() if host == node.host][:5]
    others = [connect(name) for name, host in chosen.items() if host != node.host][:20]
    wait_for(lambda: all(kafka.is_closed(0.01) for kafka in others), 30, "those are closed that have another node")
    check(not any(kafka.is_closed(0.01) for kafka in ours), "one was closed that comes back")
    return ours + [connect(name) for name, host in chosen.items() if host == node.host][len(ours):]


def check_declined(node):
    """It has all of the cluster's connections, and they belong to it: it leaves a part of its clients to the others."""
    declined = wait_for(lambda: node.metrics().sum("anyport_balance_declined_ratio"), 20, "the node declines a part")
    check(0 < declined <= 0.9, f"declined: {declined}")
    members = node.get_json("/v1/cluster")[1]["members"]
    check(next(m["declines"] for m in members if m["is_self"]) >= declined, f"what the API says: {members}")


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 3, TOPIC: 1})
    kafka.command("leader", TOPIC, 0, 1)
    for broker in kafka.brokers:
        kafka.command("rack", broker, f"r{broker}")
    like = {name: {INTERNAL: 1, **({RACK: rack} if rack else {})} for name, rack in RACKS.items()}
    env = {"GATEWAY_GROUP_ID": GROUP, "GATEWAY_RACK_ID": "r1",
           "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true",
           "GATEWAY_ZONES": ",".join(f"{source}/32={zone}" for zone, source in FROM.items())}
    with Peers(kafka, GROUP, TOPIC, dict.fromkeys(RACKS, 0), like):
        node = scene.node(kafka.bootstrap, ready=False, env=env)
        stable = scene.node(kafka.bootstrap, ready=False, env={**env, "GATEWAY_MAPPING": "stable"})
        for one in (node, stable):
            one.wait_ready()
            wait_for(lambda: one.metrics().sum("anyport_cluster_nodes") == 6, 20, "the peers are known")
        peers = [f"10.9.9.{n}" for n in range(1, 5)]
        everyone = [node.host, stable.host, *peers]
        hosts = told(node, ANSWERS)
        by_rack = {"r1": [node.host, stable.host, peers[0]], "r2": peers[1:3]}
        check_uniform(hosts[1], by_rack["r1"], "broker 1")
        check_uniform(hosts[2], by_rack["r2"], "broker 2")
        check_uniform(hosts[3], everyone, "broker 3, whose rack has no node")
        check_zones(node, stable, by_rack, everyone)
        for broker, counts in told(stable, 200).items():
            check_equal(len(counts), 1, f"nodes that stand for broker {broker}, stable")
        chosen = {f"client-{n}": next(iter(told(stable, 2, f"client-{n}", 2)[3])) for n in range(100)}
        check_equal(set(chosen.values()), set(everyone), "nodes that stand for broker 3, for 100 clients")
        ours = check_correction(stable, chosen)
        check_declined(stable)
        for kafka_client in ours:
            kafka_client.close()


run(test)
