"""Nodes that know each other, on the brokers' own terms: three form a group that kafka-consumer-groups shows, one is
killed, one joins, one comes back, the coordinator's broker is killed, one is stopped and goes on."""
import json
import re
import signal
import time

from cluster import Node, http_get
from world import check, check_equal, wait_for

MODES = ["ports"]
SESSION = 6  # seconds: the least that Kafka allows
GRACE = 3  # to hear of a rebalance, to join and to be told
FIRST = 40  # of the nodes' numbers
GROUP, TOPIC = "anyport_inner", "_anyport_inner"


def start(world, number, wait=True, **env):
    node = Node(world.scene, FIRST + number, world.kafka.bootstrap, ports=4, env={
        "GATEWAY_CLUSTER_ID": "inner", "GATEWAY_CLUSTER_SECRET": "of the inner ones", "GATEWAY_NODE_ID": f"gw{number}",
        "GATEWAY_SESSION_TIMEOUT": f"{SESSION} s",
        "GATEWAY_HEARTBEAT_INTERVAL": "500 ms", "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true", **env})
    world.more_nodes.append(node)
    if wait:
        node.wait_ready()
    return node


def knows(node):
    """How many nodes it knows, itself included; 0: it is no member."""
    metrics = node.metrics()
    return metrics.sum("anyport_cluster_nodes") * metrics.sum("anyport_cluster_member")


def wait_known(nodes, count, limit, what):
    began = time.monotonic()
    wait_for(lambda: all(knows(node) == count for node in nodes), limit, what)
    return time.monotonic() - began


def told(node, client_id="e2e"):
    """{broker id: (host, port)} of a metadata answer of the node."""
    return {broker["NodeId"]: (broker["Host"], broker["Port"]) for broker in metadata(node, client_id)["Brokers"]}


def metadata(node, client_id="e2e"):
    from world import wire
    with wire.Connection(*node.address, wire.schemas("4.4.0"), client_id=client_id) as connection:
        return connection.ask("Metadata", 12, {"Topics": [], "AllowAutoTopicCreation": False})


def hosts_told(node, clients=40):
    """By as many clients, each of which has just come."""
    return {host for n in range(clients) for host, _ in told(node, f"client-{n}").values()}


def described(world):
    """What the tool says: {instance id: partitions}."""
    text = world.tool("kafka-consumer-groups", "--describe", "--members", "--verbose", "--group", GROUP,
                      bootstrap=world.kafka.bootstrap)
    rows = re.findall(rf"^{GROUP}\s+(\S+)\s+(\S+)\s+\S+\s+anyport\s+(\d+)", text, re.M)
    check(rows, f"kafka-consumer-groups says:\n{text}")
    return {instance: int(partitions) for _, instance, partitions in rows}, text


def run(world):
    nodes = [start(world, number) for number in (1, 2, 3)]
    try:
        wait_known(nodes, 3, 15, "three nodes know each other")
        they_are_described(world)
        loads_are_known(world, nodes)
        one_restarts(nodes)
        one_is_killed(nodes)
        one_joins(world, nodes)
        one_is_starved(nodes)
        the_coordinator_is_killed(world, nodes)
        one_drains(nodes)
    finally:
        for node in nodes:
            node.process.kill()


def they_are_described(world):
    def with_partitions():
        rows, text = described(world)
        return rows == {"gw1": 1, "gw2": 1, "gw3": 1} and text
    text = wait_for(with_partitions, 20, "the tool shows the members")
    print(text)
    found = world.kafka.metadata(topics=[TOPIC])["Topics"][0]
    check_equal((found["ErrorCode"], len(found["Partitions"])), (0, 3), "the internal topic")


def loads_are_known(world, nodes):
    wait_for(lambda: sum(world.offsets(TOPIC).values()) >= 6, 15, "load records in the topic")


def one_restarts(nodes):
    """kill -9 and at once back, with one port more: the group, which saw nobody leave, hears of its new data."""
    def differs():
        return [node.metrics().sum("anyport_cluster_disagreements") for node in nodes]
    for ports, disagreements in (("5", [2, 1, 1]), ("4", [0, 0, 0])):
        nodes[0].kill()
        nodes[0].env["GATEWAY_PORT_COUNT"] = ports
        began = time.monotonic()
        nodes[0].start()
        nodes[0].wait_ready()
        wait_for(lambda: differs() == disagreements, 10, f"disagreements of the nodes are {disagreements}")
        took = time.monotonic() - began
        check_readiness(nodes, disagreements)
        wait_known(nodes, 3, 10, "a node that came back is known")
        check(took < SESSION, f"it took {took:.1f} s: a session had to end")
    check("event=disagreement" in nodes[1].process.log(10 ** 6) and "gw1 has 5" in nodes[1].process.log(10 ** 6),
          "a node that differs is not named in the log")


def check_readiness(nodes, disagreements):
    for node, count in zip(nodes, disagreements):
        status, text = http_get(node.http + "/health/ready")
        told = json.loads(text)
        check_equal((status, told["status"], len(told["reasons"])), (200, "degraded" if count else "ready", count), text)
        check(all("gw1 has 5" in reason for reason in told["reasons"]), f"the node that differs is not named: {text}")


def one_is_killed(nodes):
    nodes[1].kill()
    took = wait_known([nodes[0], nodes[2]], 2, SESSION + GRACE, "a killed node is gone")
    print(f"a killed node was gone after {took:.1f} s")
    for node in (nodes[0], nodes[2]):
        check_equal(hosts_told(node), {nodes[0].host, nodes[2].host}, f"hosts that {node.name} names")


def one_joins(world, nodes):
    nodes[1] = start(world, 2)
    nodes.append(start(world, 4))
    took = wait_known(nodes, 4, 15, "a new node is known")
    print(f"two nodes were known after {took:.1f} s")
    check_equal(hosts_told(nodes[0]), {node.host for node in nodes}, "hosts named with a new node")


def one_is_starved(nodes):
    """Its heartbeats stop, its sockets stay open: gone, and back without a restart."""
    starved, others = nodes[3], nodes[:3]
    starved.process.signal(signal.SIGSTOP)
    wait_known(others, 3, SESSION + GRACE, "a starved node is gone")
    check(starved.host not in hosts_told(others[0]), "a starved node is still named")
    starved.process.signal(signal.SIGCONT)
    wait_known(nodes, 4, 15, "a starved node is back")
    check(starved.host in hosts_told(others[0]), "a node that is back is not named")


def the_coordinator_is_killed(world, nodes):
    victim = world.coordinator(GROUP)
    world.kafka.kill_broker(victim)
    wait_for(lambda: world.coordinator(GROUP) != victim, 30, "another coordinator")
    wait_known(nodes, 4, 20, "the members with another coordinator")
    check_equal(hosts_told(nodes[0]), {node.host for node in nodes}, "hosts named without a broker")
    world.kafka.start_broker(victim)
    world.kafka.wait_ready()
    world.kafka.wait_in_sync()
    wait_known(nodes, 4, 20, "the members with the broker back")


def one_drains(nodes):
    leaving = nodes.pop()
    leaving.process.signal(signal.SIGTERM)
    wait_for(lambda: leaving.host not in hosts_told(nodes[0]), GRACE + SESSION, "a node that drains is not named")
    leaving.process.wait(40)
