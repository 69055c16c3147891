#!/usr/bin/env python3
"""Who uses the node: /v1/clients, /v1/topics, /v1/groups, /v1/principals and /metrics say exactly what was sent and told, by
any path, and stay small however many names there are."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, http_get, run, wait_for  # noqa: E402
from kafka_wire import Connection, batch, proxy_v2  # noqa: E402
from traffic import fetch, fetch_request, no_errors, produce, produce_request, read_all  # noqa: E402

NAMES, TOP = 60, 3
FIGURES = ("requests", "bytes_in", "bytes_out", "errors", "throttled_ms")


def uses(node, kind, **arguments):
    query = "&".join(f"{name}={value}" for name, value in arguments.items())
    status, told = node.get_json(f"/v1/{kind}" + (f"?{query}" if query else ""))
    check_equal(status, 200, f"{told}")
    return told


def named(told, kind, **wanted):
    rows = [row for row in told[kind] if all(row[key] == value for key, value in wanted.items())]
    check_equal(len(rows), 1, f"rows of {wanted} in {told}")
    return rows[0]


def check_sums(told, kind):
    """What is told by name, and the rest, is all."""
    for figure in FIGURES:
        check_equal(sum(row[figure] for row in told[kind]) + told["rest"][figure], told["all"][figure],
                    f"{figure} of {kind}")


def connect(node, address, client_id):
    return Connection(*node.address, client_id=client_id, preamble=proxy_v2(address, "10.0.0.1", 40007))


def check_known_traffic(node):
    small, large = batch([b"x" * 100]), batch([b"y" * 200_000])
    with connect(node, "203.0.113.1", "writer") as writer, connect(node, "203.0.113.2", "reader") as reader:
        no_errors(produce(writer, {("orders", 0): [b"x" * 100]}), "one partition")
        no_errors(produce(writer, {("orders", 0): [b"x" * 100], ("orders", 1): [b"x" * 100], ("bills", 2): [b"y" * 200_000]}),
                  "a split")
        topics = uses(node, "topics")
        orders, bills = (named(topics, "topics", name=name) for name in ("orders", "bills"))
        check_equal((orders["requests"], orders["bytes_in"]), (2, 3 * len(small)), "orders, produced")
        check_equal((bills["requests"], bills["bytes_in"]), (1, len(large)), "bills, produced")
        check_equal([row["name"] for row in topics["topics"]], ["bills", "orders"], "the largest first")
        check_equal([row["name"] for row in uses(node, "topics", sort="requests")["topics"]], ["orders", "bills"], "sorted")
        read_all(reader, ("orders", 0))  # two batches, and the end
        fetch(reader, {("orders", 1): 0, ("bills", 2): 0})
        topics = uses(node, "topics")
        orders, bills = (named(topics, "topics", name=name) for name in ("orders", "bills"))
        check_equal((orders["requests"], orders["bytes_out"]), (2 + 3 + 1, 3 * len(small)), "orders, fetched")
        check_equal((bills["requests"], bills["bytes_out"]), (1 + 1, len(large)), "bills, fetched")
        reader.ask("Heartbeat", 3, group_id="readers")
        group = named(uses(node, "groups"), "groups", name="readers")
        check(group["requests"] == 1 and group["bytes_in"] > 0 and group["bytes_out"] > 0, f"{group}")
        clients = uses(node, "clients")
        one = named(clients, "clients", address="203.0.113.1", client_id="writer")
        two = named(clients, "clients", address="203.0.113.2", client_id="reader")
        check_equal((one["requests"], two["requests"]), (2, 5), "requests by client")
        check(one["bytes_in"] > len(large) > one["bytes_out"] and two["bytes_out"] > len(large) > two["bytes_in"], f"{clients}")
        who = named(uses(node, "principals"), "principals", name="User:ANONYMOUS")
        check_equal({f: who[f] for f in FIGURES}, {f: one[f] + two[f] for f in FIGURES}, "both are anonymous")
        for kind in ("clients", "topics", "groups", "principals"):
            check_sums(uses(node, kind), kind)
            check_sums(uses(node, kind, limit=1), kind)


def check_errors(node):
    with connect(node, "203.0.113.3", "wrong") as wrong:
        wrong.ask("Fetch", 11, **fetch_request({("orders", 0): 99}, max_wait_ms=0))
    row = named(uses(node, "clients", sort="errors"), "clients", client_id="wrong")
    check_equal(row["errors"], 1, "an answer with an error")
    check_equal(named(uses(node, "topics"), "topics", name="orders")["errors"], 1, "a partition with one")


def check_arguments(node):
    for wrong in ("limit=x", "limit=-1", "limit=10001", "sort=name"):
        status, text = http_get(f"{node.http}/v1/topics?{wrong}")
        check_equal(status, 400, f"{wrong}: {text}")
    check_equal(uses(node, "topics", limit=0)["topics"], [], "none")
    check_equal(http_get(f"{node.http}/v1/topics/none")[0], 404, "a topic's own path is another")


def check_many(node):
    """Ten thousand names: what is told is bounded, and exact in all."""
    before = uses(node, "clients")["all"]
    sent = 0
    with connect(node, "203.0.113.4", "") as kafka:
        for first in range(0, 10_000, 500):
            for number in range(first, first + 500):
                kafka.client_id = f"client-{number}"
                kafka.send_raw(frame := kafka.make("ApiVersions", 0, answered=False))
                sent += len(frame)
            for _ in range(500):
                kafka.receive_frame()
        topics = {(f"none-{number}", 0): [b"z"] for number in range(2_000)}
        kafka.ask("Produce", 7, **produce_request(topics))
    wait_for(lambda: node.metrics().sum("anyport_client_connections") == 0, 10, "all have gone")
    after = uses(node, "clients", limit=10_000)
    check_equal(after["all"]["requests"] - before["requests"], 10_001, "requests")
    check(after["all"]["bytes_in"] - before["bytes_in"] > sent, "bytes")
    check(NAMES <= after["named"] <= 2 * NAMES and after["displaced"] > 5_000, f"{after['named']}, {after['displaced']}")
    check_sums(after, "clients")
    told = uses(node, "topics", limit=10_000)
    check(told["named"] <= 2 * NAMES and len(told["topics"]) == told["named"], "topics")
    check_sums(told, "topics")
    produced = 3 * len(batch([b"x" * 100])) + len(batch([b"y" * 200_000])) + 2_000 * len(batch([b"z"]))
    check_equal(told["all"]["bytes_in"], produced, "all that was produced")
    check_equal(named(told, "topics", name="bills")["bytes_in"], len(batch([b"y" * 200_000])), "the large one is there still")


def check_metrics(node):
    """The sums are those of the node's other counters; the names are few, whatever they are called."""
    metrics = node.metrics()
    for kind in ("client", "principal"):
        for way in ("in", "out"):
            check_equal(metrics.sum("anyport_usage_bytes_total", kind=kind, direction=way),
                        metrics.sum("anyport_client_bytes_total", direction=way), f"bytes {way} of all {kind}s")
        check_equal(metrics.sum("anyport_usage_requests_total", kind=kind), metrics.sum("anyport_requests_total"),
                    f"requests of all {kind}s")
    for kind in ("client", "topic", "group", "principal"):
        check(0 < len([1 for labels, _ in metrics.rows("anyport_top_requests_total") if labels["kind"] == kind]) <= TOP, kind)
    with connect(node, "203.0.113.5", 'a "quoted\\ id\n') as kafka:
        no_errors(produce(kafka, {("orders", 0): [b"q" * 2_000_000]}), "many bytes")
    wait_for(lambda: any(labels["name"] == r'203.0.113.5/a \"quoted\\ id?'
                         for labels, _ in node.metrics().rows("anyport_top_bytes_total")), 5, "a name that needs quotes")


def test(scene):
    kafka = scene.mock_cluster(topics={"orders": 3, "bills": 3})
    env = {"GATEWAY_USAGE_NAMES": str(NAMES), "GATEWAY_METRICS_TOP": str(TOP), "GATEWAY_PROXY_PROTOCOL": "allow",
           "GATEWAY_DOWNSTREAM_THREAD": "2"}
    node = scene.node(kafka.bootstrap, env=env)
    check_known_traffic(node)
    check_errors(node)
    check_arguments(node)
    check_many(node)
    check_metrics(node)
    silent = scene.node(kafka.bootstrap, env={"GATEWAY_USAGE_NAMES": "0", "GATEWAY_METRICS_TOP": "5"})
    with Connection(*silent.address) as client:
        client.ask("ApiVersions", 0)
    status, text = http_get(f"{silent.http}/v1/clients")
    check(status == 404 and "usage_names" in text, f"{status} {text}")
    check_equal(list(silent.metrics().rows("anyport_usage_bytes_total")), [], "nothing is counted")


run(test)
