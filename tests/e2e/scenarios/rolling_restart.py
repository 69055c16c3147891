"""Three nodes with 300 connections of real clients are restarted one after the other: a minute later no node has more than
1.1 times the mean, and no client has noticed anything it tells its application.  Behind HAProxy (leastconn); and with
internal balancing, where HAProxy only hands out the first connections: FRONTS="external random stable" is for all three."""
# alone
import json
import os
import signal
import time

from cluster import BUILD, FIRST_PORT, Node
from world import NODES, PORTS, check, check_equal, wait_for

MODES = ["ports"]
VERSIONS = ["4.4.0"]
FRONTS = os.environ.get("FRONTS", "external random").split()
FIRST = 60  # of the nodes' numbers
PRODUCERS, CONSUMERS = 52, 45
CONNECTIONS, LIMIT, STAYS, SKEW = 300, 60, 5, 1.1


class Fleet:
    """tests/lib/fleet.c"""

    def __init__(self, world, bootstrap, topic):
        self.process = world.scene.process([BUILD / "fleet", "--bootstrap", bootstrap, "--topic", topic, "--partitions",
                                            12, "--producers", PRODUCERS, "--consumers", CONSUMERS, "--pause", 200], pipes=True)

    def ask(self, command="status"):
        self.process.popen.stdin.write(command + "\n")
        self.process.popen.stdin.flush()
        return json.loads(self.process.popen.stdout.readline())

    def check_sound(self):
        now = self.ask()
        check_equal((now["failed"], now["errors"]), (0, 0), f"failures and errors of clients: {now}")
        return now

    def complaints(self):
        return [line for line in self.process.log().split("\n") if line and not line.startswith("%")]

    def close(self):
        self.process.popen.stdin.close()
        self.process.popen.wait(10)


def start_nodes(world, front, number, host):
    inside = front != "external"
    env = {"GATEWAY_CLUSTER_ID": f"rolling-{front}", "GATEWAY_SESSION_TIMEOUT": "6 s"}
    if inside:
        env.update(GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING="true", GATEWAY_MAPPING=front)
    nodes = []
    for i in range(1, NODES + 1):
        node = Node(world.scene, FIRST + 10 * number + i, world.kafka.bootstrap, ports=PORTS, threads=2,
                    advertise=None if inside else f"{host}:{FIRST_PORT}", env={**env, "GATEWAY_NODE_ID": f"gw{i}"})
        nodes.append(node)
        world.more_nodes.append(node)
    for node in nodes:
        node.wait_ready()
    return nodes


def connections(nodes):
    return [int(node.metrics().sum("anyport_client_connections")) for node in nodes]


def skew(nodes):
    have = connections(nodes)
    return max(have) * len(have) / max(sum(have), 1)


def measured(nodes):
    return all(node.metrics().sum("anyport_cluster_nodes_measured") == NODES for node in nodes)


def restart(node, nodes, haproxy):
    began = time.monotonic()
    node.process.signal(signal.SIGTERM)
    check_equal(node.process.wait(40), 0, f"exit status of {node.name}")
    drained = time.monotonic() - began
    node.start()
    node.wait_ready()
    haproxy.wait_up(node.name)
    wait_for(lambda: measured(nodes), 20, f"all know {node.name} and its load")
    return drained


def run(world):
    for number, front in enumerate(FRONTS):
        run_front(world, front, number)


def run_front(world, front, number):
    host = world.scene.host(2 + number)
    topic = world.topic(f"rolling-{front}", min_insync_replicas=2)
    nodes = start_nodes(world, front, number, host)
    haproxy = world.scene.haproxy(nodes, name=f"haproxy-{front}", host=host, backend="balance leastconn")
    fleet = Fleet(world, f"{host}:{FIRST_PORT}", topic)
    try:
        haproxy.wait_up(*(node.name for node in nodes))
        wait_for(lambda: sum(connections(nodes)) >= CONNECTIONS, 30, f"{front}: {CONNECTIONS} connections")
        wait_for(lambda: measured(nodes), 20, f"{front}: the nodes know each other's load")
        print(f"{front}: connections before {connections(nodes)}")
        for node in nodes:
            drained = restart(node, nodes, haproxy)
            print(f"{front}: {node.name} drained in {drained:.1f} s; connections {connections(nodes)}", flush=True)
        print(f"{front}: {settle(nodes)}", flush=True)
        print(f"{front}: {finish(fleet)}", flush=True)
    finally:
        fleet.close()
        haproxy.process.stop(5)
        for node in nodes:
            node.process.kill()


class Even:
    """Whether it is, and has been for some seconds."""

    def __init__(self, nodes):
        self.nodes, self.since = nodes, None

    def __call__(self):
        if sum(connections(self.nodes)) < CONNECTIONS or skew(self.nodes) > SKEW:
            self.since = None
        elif self.since is None:
            self.since = time.monotonic()
        return self.since is not None and time.monotonic() >= self.since + STAYS


def settle(nodes):
    began, even = time.monotonic(), Even(nodes)
    wait_for(even, LIMIT + STAYS, f"even connections for {STAYS} seconds", 0.25)
    took = even.since - began
    shed = [int(node.metrics().sum("anyport_client_connections_shed_total", reason="skew")) for node in nodes]
    check(sum(shed) > 0, "it was even without any correction")
    return f"even {took:.1f} s after the last restart: {connections(nodes)}, max/mean {skew(nodes):.3f}, closed for it {shed}"


def finish(fleet):
    """Each record was acknowledged, and read once by every consumer."""
    now = fleet.ask("stop")
    check_equal((now["delivered"], now["failed"], now["errors"]), (now["sent"], 0, 0),
                f"delivered, failed, errors; {fleet.complaints()}")
    wait_for(lambda: fleet.ask()["least_read"] >= now["sent"], 20, "every consumer has read everything")
    now = fleet.check_sound()
    check_equal(now["most_read"], now["sent"], "records read once")
    return f"{PRODUCERS} producers, {CONSUMERS} consumers: {now}"
