"""Nodes with two listeners that balance by themselves: plaintext inside (Java, kcat, kafka-python), TLS outside (Java,
confluent-kafka).  Each writes what all read, stays at the listener that it came by, and together they reach every node."""
import collections

from clients import Python
from cluster import FIRST_PORT, NODE_HOST
from fronts import Certs
from scenarios.generated import java_trusts, trusts
from scenarios.internal_balancing import through
from scenarios.membership import FIRST, start, wait_known
from world import PORTS, check, check_equal, check_exactly_once

MODES = ["ports"]
VERSIONS = ["4.4.0"]
CLUSTER = "listening"
NUMBERS = (21, 22, 23)
INSIDE, OUTSIDE = FIRST_PORT, 9192
ONE = ("GATEWAY_PORT_START", "GATEWAY_PORT_COUNT", "GATEWAY_ADVERTISED_LISTENER", "GATEWAY_ADVERTISED_MODE", "GATEWAY_MIN_BROKERID")
PARTITIONS, RECORDS = 12, 60


def host_of(world, number):
    return world.scene.host(NODE_HOST + FIRST + number)


def ports(first):
    return f"{first}-{first + PORTS - 1}"


def start_node(world, number, certs):
    host = host_of(world, number)
    return start(world, number, wait=False, **{name: None for name in ONE}, **{
        "GATEWAY_CLUSTER_ID": CLUSTER,
        "GATEWAY_LISTENER_INSIDE_PORTS": ports(INSIDE), "GATEWAY_LISTENER_INSIDE_ADVERTISED_HOST": host,
        "GATEWAY_LISTENER_OUTSIDE_PORTS": ports(OUTSIDE), "GATEWAY_LISTENER_OUTSIDE_ADVERTISED_HOST": host,
        "GATEWAY_LISTENER_OUTSIDE_SECURITY_PROTOCOL": "SSL",
        "GATEWAY_LISTENER_OUTSIDE_SSL_CERTIFICATE_LOCATION": certs.folder / "node.pem"})


def run(world):
    (world.scene.dir / "tls-listeners").mkdir()
    certs = Certs(world.scene.dir / "tls-listeners")
    certs.issue("node", sans=",".join(["DNS:node", *(f"IP:{host_of(world, number)}" for number in NUMBERS)]))
    nodes = []
    try:
        nodes += [start_node(world, number, certs) for number in NUMBERS]
        for node in nodes:
            node.wait_ready()
        wait_known(nodes, len(nodes), 15, "the nodes know each other")
        by_either(world, nodes, certs)
    finally:
        for node in nodes:
            node.kill()


def by_either(world, nodes, certs):
    """Everybody writes, and everybody reads what all have written; each by its listener alone."""
    inner, topic = through(world, nodes), world.topic("inner-listeners", partitions=PARTITIONS)
    java, confluent = inner.java(), inner.python("confluent-kafka")
    everybody = [(INSIDE, client, {}) for client in (java, inner.kcat(), inner.python("kafka-python"))]
    everybody += [(OUTSIDE, java, java_trusts(certs)), (OUTSIDE, confluent, trusts(certs))]
    before, written = inner.counts(), []
    for number, (first, client, more) in enumerate(everybody):
        comes_by(nodes, first, client, lambda c=client, n=number, m=more: produce(c, topic, f"{n}-", m))
        written += [f"{number}-{i}" for i in range(RECORDS)]
    for number, (first, client, more) in enumerate(everybody):
        read = comes_by(nodes, first, client, lambda c=client, n=number, m=more: consume(c, topic, f"{topic}-{n}", len(written), m))
        check_exactly_once(read, written, client.name)
    inner.check_went_through(before, produced=len(everybody), fetched=len(everybody), payload=100 * len(written))


def produce(client, topic, prefix, settings):
    with_settings(client, settings, lambda more: client.produce(topic, RECORDS, prefix, **more))


def consume(client, topic, group, count, settings):
    return with_settings(client, settings, lambda more: client.consume(topic, group, count, **more))


def with_settings(client, settings, act):
    """Python's clients keep theirs."""
    if not isinstance(client, Python):
        return act(settings)
    client.settings = {key: str(value) for key, value in settings.items()}
    try:
        return act({})
    finally:
        client.settings = {}


def comes_by(nodes, first, client, act):
    """What `act` returns; meanwhile no node was connected to by another listener."""
    client.bootstrap = f"{nodes[0].host}:{first}"
    before = accepted(nodes)
    result = act()
    check_equal(set(accepted(nodes) - before), {"inside" if first == INSIDE else "outside"}, f"listeners by which {client.name} came")
    return result


def accepted(nodes):
    """{listener: connections so far, at all nodes}"""
    counts = collections.Counter()
    for node in nodes:
        for labels, value in node.metrics().rows("anyport_listener_connections_total"):
            counts[labels["listener"]] += value
    check_equal(set(counts), {"inside", "outside"}, "listeners that are counted")
    return counts
