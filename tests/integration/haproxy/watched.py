#!/usr/bin/env python3
"""What nodes tell HAProxy and HAProxy tells people: agents' weights, metrics, the page, a log in JSON."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, http_get, request, run, wait_for  # noqa: E402

AGENT, PAGE = 9999, 8404


def node_of(front, client_id="app"):
    with front.link() as link:
        return link.ask(request(client_id))["node"]


def log_lines(front):
    lines = front.haproxy.process.log(1000).splitlines()
    return [json.loads(line[line.index("{"):]) for line in lines if '{"ts"' in line]


def agents(front):
    """50 % is half of the weight and not nothing; maint takes no client; what it says is in force at once."""
    one, two = front.nodes
    wait_for(lambda: front.of(one)["agent_status"] == "L7OK", 10, "the agent is asked")
    one.says("up ready 50%")
    wait_for(lambda: front.of(one)["weight"] == "50", 10, "half of the weight")
    check(front.of(two)["weight"] == "100", "the other one's is whole")
    one.says("maint")
    front.wait_status(one, "MAINT")
    check({node_of(front) for _ in range(6)} == {two.name}, "maint: no new client")
    one.says("up ready 100%")
    front.wait_status(one, "UP")


def pages(front):
    status, text = http_get(f"http://{front.host}:{PAGE}/metrics")
    check(status == 200 and 'haproxy_server_weight{proxy="anyport_nodes",server="n1"}' in text, f"{status}: {text[:300]}")
    status, text = http_get(f"http://{front.host}:{PAGE}/")
    check(status == 200 and "Statistics Report" in text, f"{status}: {text[:300]}")


def log_in_json(front):
    odd = 'a "quoted" \\ one'
    node = node_of(front, odd)
    wait_for(lambda: any(line["client_id"] == odd for line in log_lines(front)), 5, "a line when the connection has ended")
    line = next(line for line in log_lines(front) if line["client_id"] == odd)
    check(line["srv"] == node and line["in"] > 0 and line["term"] in ("--", "CD"), f"{line}")


def test(scene):
    host = scene.host(1)
    front = Front(scene, node_options=["--agent", AGENT], arguments=[
        "--agent-port", AGENT, "--log-format", "json", "--metrics", f"{host}:{PAGE}", "--stats-page", f"{host}:{PAGE}",
        "--stickiness", "client-id", "--balance", "roundrobin", "--table-size", 1000])
    log_in_json(front)
    pages(front)
    front.haproxy.command("clear table anyport_nodes")
    agents(front)


run(test)
