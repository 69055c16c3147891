#!/usr/bin/env python3
"""Who asks each broker what it has and adds up gets every group, transaction and producer once, where something that is to
be trusted says which broker was dialled: the port that the load balancer keeps, the node's own port under internal
balancing, a PROXY header, or the client's own ApiVersions.  Where nothing says it, every broker's, put together."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run  # noqa: E402
from kafka_wire import Connection, proxy_v2  # noqa: E402
from listing_cluster import ListingCluster  # noqa: E402

CLIENT, FRONT = "203.0.113.9", "203.0.113.80"
FIRST, BROKERS = 9092, (1, 2, 3)
OTHERS = 9100  # the load balancer's only port, which is no broker's


def lists(kafka):
    """What one connection tells: groups, transactions, and who told of the producers to partitions 0 to 2."""
    producers = kafka.ask("DescribeProducers", 0, topics=[{"name": "t", "partition_indexes": [0, 1, 2]}])
    parts = producers["topics"][0]["partitions"]
    return ([g["group_id"] for g in kafka.ask("ListGroups", 4)["groups"]],
            [t["transactional_id"] for t in kafka.ask("ListTransactions", 1)["transaction_states"]],
            [p["active_producers"][0]["producer_id"] for p in sorted(parts, key=lambda p: p["partition_index"])])


def own(broker):
    return [f"group-{broker}"], [f"transaction-{broker}"], [broker] * 3


def check_all(kafka, what):
    groups, transactions, producers = lists(kafka)
    check_equal((sorted(groups), sorted(transactions)), ([f"group-{n}" for n in BROKERS], [f"transaction-{n}" for n in BROKERS]), what)
    check_equal(producers, list(BROKERS), f"{what}: producers as the leaders know them")


def dialled(node):
    return [c["dialled"] for c in node.get_json("/v1/connections?client_id=test")[1]["connections"]]


def check_kept_ports(scene, kafka):
    """The load balancer keeps ports, and the node was told so."""
    node = scene.node(kafka.bootstrap, env={"GATEWAY_PORT_IS_HINT": "true"})
    with Connection(*node.address) as client:
        brokers = client.ask("Metadata", 1, topics=[])["brokers"]
    check_equal(len(brokers), len(BROKERS), "brokers that are told")
    for b in brokers:
        with Connection(b["host"], b["port"]) as client:
            before = kafka.asked.copy()
            check_equal(lists(client), own(b["node_id"]), f"broker {b['node_id']} at its own port")
            check_equal(kafka.asked - before, {b["node_id"]: 1}, "brokers that were asked")
            check_equal(dialled(node), [{"broker": b["node_id"], "by": "port"}], "what /v1/connections says")
    with Connection(node.host, FIRST + 4) as client:
        check_all(client, "a port that is no broker's")


def check_nothing_says_it(scene, kafka):
    """The load balancer may send any connection to any port."""
    node = scene.node(kafka.bootstrap)
    for port in node.ports:
        with Connection(node.host, port) as client:
            check_all(client, f"port {port}, of which nothing is known")
            check_equal(dialled(node), [None], "what /v1/connections says")
    return node


def check_client_says_it(scene, kafka, node):
    """KIP-1242: a client of version 5 names the broker; it wins over the port."""
    said = {"client_software_name": "test", "client_software_version": "1"}
    with Connection(node.host, FIRST) as client:
        check_equal(client.ask("ApiVersions", 5, **said, cluster_id=kafka.cluster_id, node_id=3)["error_code"], 0, "broker 3")
        check_equal(lists(client), own(3), "a client that names broker 3")
        check_equal(dialled(node), [{"broker": 3, "by": "client"}], "what /v1/connections says")
    with Connection(node.host, FIRST) as client:
        check_equal(client.ask("ApiVersions", 5, **said, cluster_id="other", node_id=3)["error_code"], 129, "of another cluster")
        check_all(client, "a client that was told to begin anew")


def check_proxy_says_it(scene, kafka):
    """HAProxy sends all to one port, and says which the client asked for."""
    node = scene.node(kafka.bootstrap, advertise=f"{FRONT}:{FIRST}", env={"GATEWAY_PROXY_PROTOCOL": "require"})
    for broker in BROKERS:
        header = proxy_v2(CLIENT, FRONT, destination_port=FIRST + broker - 1)
        with Connection(*node.address, preamble=header) as client:
            check_equal(lists(client), own(broker), f"a PROXY header for broker {broker}")
            check_equal(dialled(node), [{"broker": broker, "by": "proxy"}], "what /v1/connections says")
    with Connection(*node.address, preamble=proxy_v2(CLIENT, FRONT, destination_port=OTHERS)) as client:
        check_all(client, "a PROXY header for no broker")
    with Connection(*node.address, preamble=proxy_v2()) as client:
        check_all(client, "a PROXY header without addresses")


def check_internal(scene, kafka):
    """Clients are told the nodes themselves."""
    node = scene.node(kafka.bootstrap, env={"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true",
                                            "GATEWAY_CLUSTER_ID": "inside"})
    for broker in BROKERS:
        with Connection(node.host, FIRST + broker - 1) as client:
            check_equal(lists(client), own(broker), f"the node's own port of broker {broker}")


def check_represented(scene, kafka):
    """A broker without a port is dialled as another one, which tells of both; nothing is lost or doubled."""
    node = scene.node(kafka.bootstrap, ports=2, env={"GATEWAY_PORT_IS_HINT": "true"})
    groups, by_broker = [], {}
    for broker in (1, 2):
        with Connection(node.host, FIRST + broker - 1) as client:
            found = lists(client)
        groups += found[0]
        by_broker[broker] = found[2]
    check_equal(sorted(groups), [f"group-{n}" for n in BROKERS], "groups of all that were dialled")
    check_equal(sorted(b[2] for b in by_broker.values() if b[2] == 3), [3], "the leader of partition 2, dialled as another")


def check_single(scene, kafka):
    node = scene.node(kafka.bootstrap, mode="single", env={"GATEWAY_PORT_IS_HINT": "true"})
    with Connection(*node.address) as client:
        check_all(client, "single: one id is all brokers")


def check_route(scene, kafka):
    """/v1/route says the same."""
    keeps, other = scene.nodes[0], scene.nodes[1]

    def why(node, api, **more):
        words = "".join(f"&{k}={v}" for k, v in more.items())
        status, route = node.get_json(f"/v1/route?api={api}{words}")
        check_equal(status, 200, f"/v1/route: {route}")
        return route["broker"] and route["broker"]["id"], route["why"]
    for api in ("ListGroups", "ListTransactions"):
        broker, text = why(keeps, api, dialled=2)
        check(broker == 2 and "gateway.port_is_hint" in text, f"{api}: {broker}, {text}")
        broker, text = why(other, api, dialled=2)
        check(broker is None and "nothing tells" in text, f"{api}: {broker}, {text}")
        check_equal(why(keeps, api)[0], None, f"{api} where nobody is dialled")
        broker, text = why(keeps, api, dialled=4)
        check(broker is None and "no broker 4" in text, f"{api}: {broker}, {text}")
    check_equal(why(keeps, "DescribeProducers", topic="t", partition=2, dialled=1)[0], 1, "DescribeProducers of broker 1")
    check_equal(why(other, "DescribeProducers", topic="t", partition=2, dialled=1)[0], 3, "DescribeProducers of the leader")
    check_equal(why(keeps, "Fetch", topic="t", partition=2, dialled=1)[0], 3, "a Fetch goes to the leader all the same")
    check_equal(keeps.get_json("/v1/route?api=ListGroups&dialled=x")[0], 400, "no broker's id")


def test(scene):
    kafka = ListingCluster(scene, len(BROKERS), {"t": 3})
    check_kept_ports(scene, kafka)
    check_client_says_it(scene, kafka, check_nothing_says_it(scene, kafka))
    check_route(scene, kafka)
    for part in (check_proxy_says_it, check_internal, check_represented, check_single):
        part(scene, kafka)


run(test)
