#!/usr/bin/env python3
"""Whatever node and port a client reaches, it gets the same, and no broker's own address."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import FIRST_PORT, check, check_equal, run  # noqa: E402
from kafka_wire import EARLIEST, LATEST, Connection, offsets_topics, parts_of  # noqa: E402
from traffic import fetch, no_errors, produce  # noqa: E402

TOPIC, PARTITIONS, BROKERS = "t", 6, 3


def check_addresses(kafka, host):
    """Brokers 1 to 3 are the load balancer's first three ports; every leader is one of them."""
    for version in (0, 1, 2):
        kafka.send("Metadata", version, topics=[{"name": TOPIC}])
    raw = [kafka.receive_frame() for _ in range(3)]
    check(all(b"127.0.0.1" not in data for data in raw), "no address of a broker in a Metadata answer")
    kafka._asked.clear()
    answer = kafka.ask("Metadata", 2, topics=[{"name": TOPIC}])
    got = sorted((b["node_id"], b["host"], b["port"]) for b in answer["brokers"])
    check_equal(got, [(n, host, FIRST_PORT + n - 1) for n in range(1, BROKERS + 1)], "brokers")
    leaders = {p["partition_index"]: p["leader_id"] for p in answer["topics"][0]["partitions"]}
    check_equal(leaders, {p: 1 + p % BROKERS for p in range(PARTITIONS)}, "leaders")


def check_traffic(kafka, mark):
    """Every partition, one at a time, by this one connection."""
    for partition in range(PARTITIONS):
        part = (TOPIC, partition)
        value = f"{mark}-{partition}".encode()
        ends = parts_of("ListOffsets", kafka.ask("ListOffsets", 2, topics=offsets_topics({part: LATEST})))
        no_errors({p: v["error_code"] for p, v in ends}, "ListOffsets")
        no_errors(produce(kafka, {part: [value]}), f"Produce {value}")
        values, errors = fetch(kafka, {part: ends[0][1]["offset"]})
        no_errors(errors, f"Fetch {value}")
        check_equal(values[part], [value], "what was produced is what is fetched")


def check_unknown(kafka):
    """The broker itself says that it doesn't know a partition."""
    check_equal(produce(kafka, {(TOPIC, 99): [b"x"]}), {(TOPIC, 99): 3}, "Produce to an unknown partition")
    _, errors = fetch(kafka, {(TOPIC, 99): 0}, max_wait_ms=0)
    check_equal(errors, {(TOPIC, 99): 3}, "Fetch of an unknown partition")


def test(scene):
    cluster = scene.mock_cluster(brokers=BROKERS, topics={TOPIC: PARTITIONS})
    cluster.spread(TOPIC, PARTITIONS)
    nodes = [scene.node(cluster.bootstrap, advertise=f"{scene.host(1)}:{FIRST_PORT}") for _ in range(2)]
    for node in nodes:
        for port in node.ports:
            with Connection(node.host, port) as kafka:
                kafka.ask("ApiVersions", 0)
                check_addresses(kafka, scene.host(1))
                check_traffic(kafka, f"{node.name}:{port}")
                check_unknown(kafka)

    # HAProxy hands every connection to the next port, in turn to the nodes.
    haproxy = scene.haproxy(nodes, ports=nodes[0].port_count - 1, to_port="+1")
    haproxy.wait_up(*(node.name for node in nodes))
    for attempt in range(2):
        for port in range(haproxy.first_port, haproxy.first_port + haproxy.ports):
            with Connection(haproxy.host, port) as kafka:
                check_addresses(kafka, haproxy.host)
                check_traffic(kafka, f"haproxy:{port}:{attempt}")
    for node in nodes:
        check(int(scene_sessions(haproxy, node)) > 0, f"HAProxy used {node.name}")
    with Connection(*nodes[0].address) as kafka:
        ends = kafka.ask("ListOffsets", 2, topics=offsets_topics({(TOPIC, 0): EARLIEST}))
        check_equal(parts_of("ListOffsets", ends)[0][1]["offset"], 0, "earliest offset")


def scene_sessions(haproxy, node):
    return haproxy.stats()["gateway", node.name]["stot"]


run(test)
