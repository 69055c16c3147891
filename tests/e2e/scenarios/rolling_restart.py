"""Three nodes behind HAProxy (leastconn) with 300 connections of real clients are restarted one after the other: a minute
later no node has more than 1.1 times the mean, and no client has noticed anything it tells its application."""
import json
import signal
import time

from cluster import BUILD, FIRST_PORT, Node
from world import NODES, PORTS, check, check_equal, wait_for

MODES = ["ports"]
FIRST = 60  # of the nodes' numbers
PRODUCERS, CONSUMERS = 52, 45
CONNECTIONS, LIMIT, SKEW = 300, 60, 1.1


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

    def close(self):
        self.process.popen.stdin.close()
        self.process.popen.wait(10)


def start_nodes(world, host):
    nodes = []
    for number in range(1, NODES + 1):
        node = Node(world.scene, FIRST + number, world.kafka.bootstrap, advertise=f"{host}:{FIRST_PORT}", ports=PORTS,
                    threads=2, env={"GATEWAY_CLUSTER_ID": "rolling", "GATEWAY_NODE_ID": f"gw{number}",
                                    "GATEWAY_SESSION_TIMEOUT": "6 s"})
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


def restart(node, haproxy):
    began = time.monotonic()
    node.process.signal(signal.SIGTERM)
    check_equal(node.process.wait(40), 0, f"exit status of {node.name}")
    drained = time.monotonic() - began
    node.start()
    node.wait_ready()
    haproxy.wait_up(node.name)
    return drained


def run(world):
    host = world.scene.host(2)
    topic = world.topic("rolling-restart", min_insync_replicas=2)
    nodes = start_nodes(world, host)
    haproxy = world.scene.haproxy(nodes, name="leastconn", host=host, backend="balance leastconn")
    fleet = Fleet(world, f"{host}:{FIRST_PORT}", topic)
    try:
        haproxy.wait_up(*(node.name for node in nodes))
        wait_for(lambda: sum(connections(nodes)) >= CONNECTIONS, 30, f"{CONNECTIONS} connections")
        wait_for(lambda: measured(nodes), 20, "the nodes know each other's load")
        print(f"connections before {connections(nodes)}")
        for node in nodes:
            drained = restart(node, haproxy)
            print(f"{node.name} drained in {drained:.1f} s; connections {connections(nodes)}")
        settle(nodes)
        finish(fleet)
    finally:
        fleet.close()
        haproxy.process.stop(5)
        for node in nodes:
            node.process.kill()


def settle(nodes):
    """Even, and it stays so."""
    began = time.monotonic()
    wait_for(lambda: sum(connections(nodes)) >= CONNECTIONS and skew(nodes) <= SKEW, LIMIT, "even connections", 0.25)
    took = time.monotonic() - began
    end = time.monotonic() + 5
    wait_for(lambda: time.monotonic() > end or skew(nodes) > SKEW, 10, "five seconds more")
    check(skew(nodes) <= SKEW, f"no more even: {connections(nodes)}")
    shed = [int(node.metrics().sum("anyport_client_connections_shed_total", reason="skew")) for node in nodes]
    print(f"even {took:.1f} s after the last restart: {connections(nodes)}, max/mean {skew(nodes):.3f}, closed for it {shed}")
    check(sum(shed) > 0, "it was even without any correction")


def finish(fleet):
    """Each record was acknowledged, and read once by every consumer."""
    now = fleet.ask("stop")
    check_equal((now["delivered"], now["failed"], now["errors"]), (now["sent"], 0, 0), "delivered, failed, errors")
    wait_for(lambda: fleet.ask()["least_read"] >= now["sent"], 20, "every consumer has read everything")
    now = fleet.check_sound()
    check_equal(now["most_read"], now["sent"], "records read once")
    print(f"{PRODUCERS} producers, {CONSUMERS} consumers: {now}")
