#!/usr/bin/env python3
"""SIGHUP: what reloads is taken while clients stay; what does not is named; a bad file changes nothing."""
import json
import pathlib
import re
import signal
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, http_get, patient, run, wait_for  # noqa: E402
from kafka_wire import Closed, Connection  # noqa: E402
from traffic import no_errors, produce, produce_request  # noqa: E402


def file_text(cluster, more):
    return (f'kafka: {{ bootstrap_servers = "{cluster.bootstrap}"; }};\n'
            f'gateway: {{ log_level = "info"; {more} }};\n')


def hang_up(node, event):
    """Reads again, and waits for what the log says of it."""
    before = len(re.findall(f"event={event}", node.process.log()))
    node.process.signal(signal.SIGHUP)
    wait_for(lambda: len(re.findall(f"event={event}", node.process.log())) > before, 5, f"event={event}")


def taken(node):
    """Whether one more connection is served."""
    try:
        with Connection(*node.address, timeout=5) as kafka:
            kafka.ask("ApiVersions", 0)
            return True
    except (Closed, ConnectionError):
        return False


def start(scene, text, **options):
    """A node with a file of its own, and the file."""
    node = scene.node("", config=text, env={"KAFKA_BOOTSTRAP_SERVERS": None}, threads=2, **options)
    return node, scene.dir / f"{node.name}.conf"


def ends_client(kafka, request):
    """Whether the connection ends while the request is sent, or after."""
    try:
        kafka.send("Produce", 7, **request)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return kafka.is_closed(5)


def check_taken(scene, cluster):
    node, path = start(scene, file_text(cluster, ""))
    path.write_text(file_text(cluster, "limits: { connections = 3; };"))
    hang_up(node, "reloaded")
    kept = [Connection(*node.address) for _ in range(3)]
    for kafka in kept:
        kafka.ask("ApiVersions", 0)
    check(not taken(node), "the new limit holds")
    path.write_text(file_text(cluster, "limits: { connections = 4; memory = \"32 MiB\"; frame = \"1 MiB\"; };"))
    hang_up(node, "reloaded")
    check(taken(node), "a higher limit is taken")
    check_equal(node.metrics().sum("anyport_memory_budget_bytes"), 32 << 20, "the memory budget")
    no_errors(produce(kept[0], {("t", p): [b"x" * 1000] for p in range(3)}), "a client that stayed")
    check(ends_client(kept[1], produce_request({("t", 0): [b"x" * (2 << 20)]})), "a frame above the new limit")
    wait_for(lambda: 'before="10000" after="3"' in node.process.log(), 5, "the log says from what to what")
    return node, kept[0], path


def option(node, name):
    rows = node.get_json("/v1/config")[1]["options"]
    return next(row for row in rows if row["name"] == name)


def check_needs_restart(node, kafka, cluster, path):
    path.write_text(file_text(cluster, 'proxy_protocol = "allow"; limits: { connections = 5; };'))
    hang_up(node, "reloaded")
    check(re.search(r'key=gateway.proxy_protocol .* reason="needs a restart"', node.process.log()), "named")
    no_errors(produce(kafka, {("t", 0): [b"x"]}), "clients stay")
    check(taken(node), "no header is expected")
    kept, new = option(node, "gateway.proxy_protocol"), option(node, "gateway.limits.connections")
    check_equal([kept["value"], kept["origin"]], ["off", "default"], "what is in use, and where that was said")
    check_equal(kept["after_restart"], {"value": "allow", "origin": f"{path}:2"}, "what waits for a restart")
    check_equal([new["value"], new["origin"], new["after_restart"]], [5, f"{path}:2", None], "what was taken")


def check_refused(node, kafka, cluster, path):
    path.write_text(file_text(cluster, "limits: { connections = 0; }; timeouts: { idle = \"soon\"; };"))
    hang_up(node, "reload_refused")
    log = node.process.log()
    check("gateway.limits.connections" in log and "gateway.timeouts.idle" in log, "every mistake is told")
    no_errors(produce(kafka, {("t", 0): [b"x"]}), "clients stay")
    check(taken(node), "nothing has changed")
    path.unlink()
    hang_up(node, "reload_refused")
    check(taken(node), "a file that is gone changes nothing")


def post_reload(node):
    """(status, what it says)"""
    try:
        with urllib.request.urlopen(urllib.request.Request(node.http + "/v1/reload", method="POST"), timeout=patient(5)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer)


def check_post(node, cluster, path):
    """POST says what became of it: each change, what needs a restart, each mistake."""
    config = http_get(node.http + "/v1/config")
    path.write_text(file_text(cluster, "limits: { connections = 0; }; timeouts: { idle = \"soon\"; };"))
    status, told = post_reload(node)
    check_equal((status, told["done"]), (409, False), "a bad file")
    check("gateway.limits.connections" in told["text"] and "gateway.timeouts.idle" in told["text"], told["text"])
    check_equal(http_get(node.http + "/v1/config"), config, "the configuration in use")
    path.write_text(file_text(cluster, 'proxy_protocol = "allow"; limits: { connections = 7; };'))
    status, told = post_reload(node)
    check_equal((status, told["done"]), (200, True), "a good one")
    check(re.search(r"^gateway.limits.connections: \d+ to 7$", told["text"], re.M), told["text"])
    check(re.search(r'^gateway.proxy_protocol: "off" to "allow": needs a restart$', told["text"], re.M), told["text"])


def check_servers(scene, cluster):
    """Brokers to start from: a node that was given wrong ones finds the cluster after a reload."""
    nowhere = f"{scene.host(200)}:9092"
    node, path = start(scene, file_text(cluster, "").replace(cluster.bootstrap, nowhere), ready=False)
    wait_for(lambda: "no_broker" in node.process.log(), 10, "no broker is there")
    path.write_text(file_text(cluster, ""))
    node.process.signal(signal.SIGHUP)
    node.wait_ready(20)


def check_often(node, kafka, cluster, path):
    """Many in a row, with traffic: the last one counts."""
    for n in range(20, 60):
        path.write_text(file_text(cluster, f'limits: {{ memory = "{n} MiB"; frame = "1 MiB"; }};'))
        node.process.signal(signal.SIGHUP)
        no_errors(produce(kafka, {("t", n % 3): [b"x"]}), "while it reloads")
    wait_for(lambda: node.metrics().sum("anyport_memory_budget_bytes") == 59 << 20, 5, "the last one")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    cluster.spread("t", 3)
    node, kafka, path = check_taken(scene, cluster)
    check_needs_restart(node, kafka, cluster, path)
    check_refused(node, kafka, cluster, path)
    check_post(node, cluster, path)
    check_often(node, kafka, cluster, path)
    check_servers(scene, cluster)


run(test)
