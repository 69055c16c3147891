"""What `anyportctl haproxy generate` makes, one set-up after the other, each in front of real nodes: real clients produce
and consume through it, and what its kind promises is measured: which node who reaches, who is refused, who ends TLS."""
import collections
import itertools
import json
import time

from cluster import FIRST_PORT
from fronts import HOST, SERVERS, Certs, Front, start_nodes
from world import PORTS, check, check_equal, wait_for, wire

VERSIONS = ["4.4.0"]
MODES = ["ports"]
AGENT_PORT = 9999
IDS = tuple(f"app-{letter}" for letter in "abcdefgh")  # many: so few as four may all have one node by a hash
Probe = collections.namedtuple("Probe", "source client_id port")
KEYS = {
    "source": lambda probe: probe.source,
    "client-id": lambda probe: probe.client_id,
    "source+client-id": lambda probe: (probe.source, probe.client_id),
    "port": lambda probe: probe.port,
}


class Places:
    """The nodes, started once."""

    def __init__(self, world):
        scene = world.scene
        for folder in ("tls-haproxy", "tls-nodes"):
            (scene.dir / folder).mkdir()
        self.certs, self.node_certs = Certs(scene.dir / "tls-haproxy"), Certs(scene.dir / "tls-nodes")
        for certs, name in ((self.certs, "kafka"), (self.node_certs, "node")):
            certs.issue(name, sans=f"DNS:{name},IP:{scene.host(HOST)}")
        self.plain = start_nodes(world, (21, 22, 23), env={"GATEWAY_AGENT_PORT": AGENT_PORT})
        self.proxied = start_nodes(world, (24, 25), env={"GATEWAY_PROXY_PROTOCOL": "require",
                                                         "GATEWAY_PROXY_TRUSTED": "127.0.0.0/8"})
        self.single = start_nodes(world, (26, 27), mode="single")
        self.secure = start_nodes(world, (28, 29), env={
            "GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_SSL_CERTIFICATE_LOCATION": self.node_certs.folder / "node.pem",
            "GATEWAY_PORT_IS_HINT": "true"})
        self.all = self.plain + self.proxied + self.single + self.secure
        for node in self.all:
            node.wait_ready()

    def check_alive(self):
        for node in self.all:
            check(node.process.alive(), f"{node.name} ended with {node.process.popen.returncode}")

    def stop(self):
        for node in self.all:
            node.kill()


def trusts(certs, user=None):
    """How librdkafka speaks TLS with whom that authority vouches for, by the address that it was told."""
    more = {"security.protocol": "ssl", "ssl.ca.location": certs.authority, "ssl.endpoint.identification.algorithm": "https"}
    if user:
        certs.issue(user)
        more |= {"ssl.certificate.location": certs.folder / f"{user}.crt", "ssl.key.location": certs.folder / f"{user}.key"}
    return more


def java_trusts(certs):
    return {"security.protocol": "SSL", "ssl.truststore.type": "PEM", "ssl.truststore.location": certs.authority}


# -- what is promised ------------------------------------------------------------------


def any_client(front, *clients, **more):
    """Each produces, the last one reads it all."""
    for client in clients:
        front.produce(client, **more)
    front.consume(clients[-1], **more)


def spread(front, balance):
    """Connections that stay open: as many for each node, or, by chance, some for each."""
    front.wait_idle()
    count = 30 if balance == "random" else 9
    reached, links = front.reached(lambda: [front.link() for _ in range(count)])
    for link in links:
        link.close()
    if balance == "random":
        check_equal(len(reached), 3, f"nodes that got some of {count} connections")
    else:
        check_equal(sorted(reached.values()), [3, 3, 3], "connections of each node")


def probes(scene, shift):
    """Every source with every client.id, and the ports in turn, other ones by another shift."""
    sources = [scene.host(200 + n) for n in range(8)]
    return [Probe(source, client_id, FIRST_PORT + (n + n // len(IDS) + shift) % PORTS)
            for n, (source, client_id) in enumerate(itertools.product(sources, IDS))]


def known_nodes(front, stickiness, nodes=None):
    """{key: its node}: each stays where it was, over many connections that differ in all else."""
    nodes = dict(nodes or {})
    for probe in probes(front.scene, 1 if nodes else 0):
        key = KEYS[stickiness](probe)
        node = front.node_of(key, **probe._asdict())
        check_equal(node, nodes.setdefault(key, node), f"node of {key}")
    check(len(set(nodes.values())) > 1, f"{len(nodes)} keys are all on one node")
    return nodes


def stays(front, stickiness):
    """Clients keep their node, whatever library, connection after connection; and so does every other key."""
    nodes = known_nodes(front, stickiness)
    known_nodes(front, stickiness, nodes)
    homes = real_clients(front, stickiness, nodes)
    if stickiness == "source":
        check_equal(len(set(homes.values())), 1, "nodes of clients at one address")


def real_clients(front, stickiness, nodes, homes=None):
    """{client.id: node}; each client comes twice, by another library; at last one of them reads."""
    homes = homes or {}
    java, kcat = front.inner.java(), front.inner.kcat()
    acts = [(client_id, lambda c=client, i=client_id: front.produce(c, client__id=i))
            for client in (java, kcat) for client_id in IDS[:2]]
    acts.append((IDS[0], lambda: front.consume(kcat, client__id=IDS[0])))
    for client_id, act in acts:
        if stickiness == "port":
            reached, _ = front.reached(act)
            check(reached.keys() <= set(nodes.values()), f"{client_id} reached {dict(reached)}, ports are at {nodes}")
            continue
        node = front.one_node(act, client_id)
        check_equal(node, homes.setdefault(client_id, node), f"node of {client_id}")
        if stickiness == "client-id":
            check_equal(node, nodes[client_id], f"node of {client_id}, as of all connections with that id")
    return homes


def pair_agrees(front):
    nodes = known_nodes(front, "client-id")
    homes = real_clients(front, "client-id", nodes)
    front.take_over()
    first = front.balancers[0].stats()["kafka_clients", "FRONTEND"]["stot"]
    known_nodes(front, "client-id", nodes)
    real_clients(front, "client-id", nodes, homes)
    check_equal(front.balancers[0].stats()["kafka_clients", "FRONTEND"]["stot"], first, "connections of the first HAProxy")


def told_who(front):
    any_client(front, front.inner.java(), front.inner.kcat())
    with wire.Connection(*front.nodes[0].address, front.known) as direct:
        try:
            direct.ask("ApiVersions", 0, {})
            check(False, "a node served a connection without a PROXY header")
        except (EOFError, ConnectionError):
            pass


def agents_say(front):
    any_client(front, front.inner.java(), front.inner.kcat())

    def well():
        return all((row["agent_status"], row["weight"]) == ("L7OK", "100") for server, row in front.rows(SERVERS)
                   if server != "BACKEND")
    wait_for(well, 10, "every node's agent says 100 %")


def own_rack_first(front):
    local, *others = (node.name for node in front.nodes)
    reached, _ = front.reached(lambda: any_client(front, front.inner.java(), front.inner.kcat()))
    check_equal(set(reached), {local}, "nodes of the rack")
    front.balancers[0].command(f"set server {SERVERS}/{local} state maint")
    reached, _ = front.reached(lambda: any_client(front, front.inner.java()))
    check_equal(set(reached), set(others), "nodes when the rack has none left")
    front.balancers[0].command(f"set server {SERVERS}/{local} state ready")


def limits_hold(front):
    any_client(front, front.inner.java(), front.inner.kcat())
    front.wait_idle()  # a consumer's connection ends when its last Fetch is answered
    links = [front.link(client_id="greedy") for _ in range(8)]
    check(front.refused(client_id="greedy"), "the ninth connection of a client.id was served")
    more = [front.link(client_id=f"other-{n}") for n in range(4)]
    check(front.refused(client_id="another"), "the thirteenth connection of an address was served")
    for link in links + more:
        link.close()
    front.wait_idle()
    front.produce(front.inner.kcat(), client__id="greedy")
    front.consume(front.inner.kcat())


def log_is_json(front):
    any_client(front, front.inner.java(), front.inner.kcat(), client__id="logged")

    def lines():
        found = [json.loads(line) for line in front.balancers[0].process.log().splitlines() if line.startswith("{")]
        return [line for line in found if line["client_id"] == "logged"]
    wait_for(lambda: len(lines()) >= 6, 10, "lines of the log")
    check({line["srv"] for line in lines()} <= {node.name for node in front.nodes}, "servers in the log")
    check(sum(line["in"] for line in lines()) > 6000, "bytes in the log")


def tls_ends_here(front, certs):
    kcat, known = trusts(certs), {}
    for client, more in ((front.inner.java(), java_trusts(certs)), (front.inner.kcat(), kcat)):
        for client_id in IDS[:2]:
            node = front.one_node(lambda: front.produce(client, client__id=client_id, **more), client_id)
            check_equal(node, known.setdefault(client_id, node), f"node of {client_id}")
    front.consume(front.inner.kcat(), **kcat)
    check(front.refused(), "a client without TLS was served")


def certificate_stays(front, certs):
    users, known = {name: trusts(certs, name) for name in ("user-a", "user-b", "user-c")}, {}
    for name, more in itertools.chain(users.items(), reversed(users.items())):
        node = front.one_node(lambda: front.produce(front.inner.kcat(), **more), name)
        check_equal(node, known.setdefault(name, node), f"node of {name}")
    check(len(set(known.values())) > 1, f"all certificates are on one node: {known}")
    front.consume(front.inner.kcat(), **users["user-a"])


def nodes_end_tls(front, node_certs):
    kcat = trusts(node_certs)
    front.one_node(lambda: (front.produce(front.inner.java(), **java_trusts(node_certs)),
                            any_client(front, front.inner.kcat(), **kcat)), "one address")
    check(front.refused(), "a client without TLS was served")


# -- the set-ups -------------------------------------------------------------------------


def set_ups(world, places):
    """(label, options of Front, what is done)"""
    java, kcat = world.java(), world.kcat()
    confluent, python = world.python("confluent-kafka"), world.python("kafka-python")
    for balance, clients in (("leastconn", (java, confluent)), ("roundrobin", (kcat, python)), ("random", (java, kcat))):
        yield f"none, {balance}", {"arguments": ["--balance", balance]}, \
            lambda front, b=balance, c=clients: (any_client(front, *c), spread(front, b))
    for stickiness, balance in (("source", "leastconn"), ("source", "hash"), ("client-id", "leastconn"),
                                ("client-id", "roundrobin"), ("client-id", "random"), ("client-id", "hash"),
                                ("source+client-id", "leastconn"), ("source+client-id", "hash"), ("port", "roundrobin"),
                                ("port", "hash")):
        yield f"{stickiness}, {balance}", {"arguments": ["--stickiness", stickiness, "--balance", balance]}, \
            lambda front, s=stickiness: stays(front, s)
    yield "pair with peers", {"arguments": ["--stickiness", "client-id"], "pair": "peers"}, pair_agrees
    yield "pair with a hash", {"arguments": ["--stickiness", "client-id", "--balance", "hash"], "pair": "alone"}, pair_agrees
    yield "PROXY v2", {"nodes": places.proxied, "env": places.proxied[0].env}, told_who
    yield "agent-check", {"arguments": ["--agent-port", AGENT_PORT]}, agents_say
    yield "racks", {"arguments": ["--rack", "a"], "racks": ["a", "b", "b"]}, own_rack_first
    yield "limits", {"arguments": ["--limit-client-id", 8, "--limit-source", 12]}, limits_hold
    yield "single mode", {"nodes": places.single, "env": places.single[0].env, "ports": 1,
                          "arguments": ["--stickiness", "client-id"]}, \
        lambda front: front.one_node(lambda: any_client(front, java, kcat, client__id="app"), "a client.id")
    yield "no splice", {"arguments": ["--no-splice"]}, lambda front: (
        any_client(front, java, kcat),
        check("PipesFree: 0\n" in front.balancers[0].command("show info"), "a pipe was used"))
    yield "log in JSON", {"arguments": ["--log-format", "json", "--stickiness", "client-id"]}, log_is_json
    yield from tls_set_ups(places)


def tls_set_ups(places):
    certs, node_certs = places.certs, places.node_certs
    ends = ["--tls-certificate", certs.folder / "kafka.pem"]
    behind = {"nodes": places.secure, "env": places.secure[0].env}
    yield "TLS ends at HAProxy", {"arguments": ["--tls", "terminate", *ends, "--stickiness", "client-id"]}, \
        lambda front: tls_ends_here(front, certs)
    yield "clients with certificates", {"arguments": [
        "--tls", "terminate", *ends, "--tls-client-auth", "required", "--tls-client-ca", certs.authority, "--stickiness", "cert",
        "--balance", "roundrobin"]}, lambda front: certificate_stays(front, certs)
    yield "TLS ends at the nodes", {**behind, "arguments": ["--tls", "passthrough", "--stickiness", "source"]}, \
        lambda front: nodes_end_tls(front, node_certs)
    yield "TLS on both sides", {**behind, "arguments": [
        "--tls", "reencrypt", *ends, "--node-tls-ca", node_certs.authority, "--node-tls-name", "node", "--stickiness",
        "client-id"]}, lambda front: tls_ends_here(front, certs)


def run(world):
    if not world.through_gateway:
        return
    places = Places(world)
    try:
        for label, options, act in set_ups(world, places):
            began = time.monotonic()
            try:
                with Front(world, **{"nodes": places.plain, **options}) as front:
                    act(front)
                    passed = front.check_passed()
            except Exception as error:
                raise AssertionError(f"set-up {label}: {error}") from error
            print(f"  {label}: {passed}, {time.monotonic() - began:.1f} s", flush=True)
        places.check_alive()
    finally:
        places.stop()
