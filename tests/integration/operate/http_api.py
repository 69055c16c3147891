#!/usr/bin/env python3
"""The HTTP API: every answer as openapi.json says, true, from any node; malformed requests cost nothing."""
import json
import pathlib
import random
import re
import socket
import sys
import urllib.error
import urllib.request

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, patient, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection, proxy_v2  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

TOKEN = "a token of the test's own"
SEEN = set()  # (method, path of openapi.json) that were asked


def ask(node, path, method="GET", token=None, **headers):
    """(status, JSON or text) of any answer."""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(node.http + path, method=method, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=patient(10)) as answer:
            status, kind, text = answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as answer:
        status, kind, text = answer.code, answer.headers["Content-Type"], answer.read().decode()
    return status, kind, json.loads(text) if kind == "application/json" else text


class Api:
    """Asks a node and holds the answer against its own description."""

    def __init__(self, node):
        self.node = node
        self.description = ask(node, "/openapi.json")[2]

    def _operation(self, path, method):
        wanted = path.split("?")[0]
        for known, operations in self.description["paths"].items():
            fixed = known.split("{")[0]
            if wanted == known or ("{" in known and wanted.startswith(fixed) and len(wanted) > len(fixed)):
                return known, operations.get(method.lower())
        raise AssertionError(f"openapi.json does not know {path}")

    def check(self, path, method="GET", status=200, **options):
        got, kind, body = ask(self.node, path, method, **options)
        check_equal(got, status, f"{method} {path}: {body}")
        known, operation = self._operation(path, method)
        check(operation is not None, f"openapi.json has {method} {known}")
        SEEN.add((method, known))
        answers = operation["responses"]
        content = answers.get(str(status), answers["default"])["content"]
        check(kind.split(";")[0] in content, f"{path}: {kind}")
        schema = dict(content[kind.split(";")[0]]["schema"], components=self.description["components"])
        jsonschema.validate(body, schema)
        return body


def check_description(api, node):
    """Every path that the server says it has, and no other."""
    paths = ask(node, "/nonsense")[2]["error"].split("there are ")[1].split(", ")
    described = {known.split("{")[0] for known in api.description["paths"]}
    check_equal(described, set(paths), "what openapi.json describes")


def check_reads(api, told, cluster):
    check_equal(api.check("/health/live")["status"], "live", "live")
    check_equal(api.check("/health/ready")["status"], "ready", "ready")
    check_equal(api.check("/health")["cluster"]["brokers"], 3, "brokers")
    api.check("/metrics")
    api.check("/openapi.json")
    me = api.check("/v1/node")
    check_equal((me["status"], me["is_self"], me["drain"]), ("ready", True, None), "the node")
    members = api.check("/v1/cluster")["members"]
    check_equal([m["node_id"] for m in members], sorted(m["node_id"] for m in members), "members are sorted")
    check_equal(sum(m["is_self"] for m in members), 1, "one is this one")
    brokers = api.check("/v1/brokers")["brokers"]
    check_equal({b["id"]: (b["host"], b["port"]) for b in brokers}, cluster.brokers, "brokers")
    check(all(b["advertised"]["address"].startswith(told) for b in brokers), "advertised")
    topic = api.check("/v1/topics/t")
    check_equal([p["leader"] for p in topic["partitions"]], [1, 2, 3], "leaders")
    api.check("/v1/topics/none", status=404)
    api.check("/v1/warnings")


def check_manual(api):
    """The pages are those of the build; all links of the list lead to one."""
    pages = sorted(path.name for path in (BUILD / "docs/html").iterdir() if path.name != "index")
    links = re.findall(r'href="docs/([^"]*)"', api.check("/docs"))
    check_equal(sorted(links), pages, "pages of the list")
    for page in pages:
        check_equal(api.check(f"/docs/{page}"), (BUILD / "docs/html" / page).read_text(), page)
    api.check("/docs/anyport.9", status=404)
    api.check("/docs/../anyport.8", status=404)


def check_route(api):
    leader = api.check("/v1/route?topic=t&partition=1")
    check_equal((leader["api"], leader["route"], leader["broker"]["id"]), ("Produce", "leader", 2), "a leader")
    check("leads t-1" in leader["why"], leader["why"])
    group = api.check("/v1/route?api=OffsetCommit&group=g")
    check(group["broker"]["id"] in (1, 2, 3) and "asked for just now" in group["why"], f"{group}")
    again = api.check("/v1/route?api=offsetcommit&group=g")
    check(again["broker"] == group["broker"] and "known" in again["why"], f"{again}")
    check_equal(api.check("/v1/route?api=ApiVersions")["route"], "here", "answered here")
    check_equal(api.check("/v1/route?api=Metadata")["broker"], None, "any broker")
    check("not known" in api.check("/v1/route?topic=none&partition=0")["why"], "an unknown topic")
    check("0 to 2" in api.check("/v1/route?topic=t&partition=9")["why"], "a partition that is not there")
    check("no broker is in zone z" in api.check("/v1/route?api=Fetch&topic=t&partition=1&zone=z")["why"], "a zone without brokers")
    check("not known" in api.check("/v1/route?api=Fetch&topic=none&partition=0&zone=z")["why"], "an unknown topic, in a zone")
    for bad in ("topic=t", "topic=t&partition=x", "api=Nonsense", "api=Heartbeat", "topic=t&partition=1&zone=z",
                "api=Fetch&topic=t&partition=1&zone=", "api=Metadata&zone=z"):
        api.check(f"/v1/route?{bad}", status=400)


def check_config(api):
    options = {o["name"]: o for o in api.check("/v1/config")["options"]}
    check_equal(options["gateway.http_token"]["value"], None, "the token is not told")
    check(TOKEN not in json.dumps(options), "nowhere")
    check_equal(options["gateway.http_token"]["origin"], "environment", "where it was said")
    check_equal(options["gateway.limits.frame"]["value"], "2 MiB", "a size as in the file")
    check(options["gateway.limits.frame"]["origin"].endswith(".conf:2"), options["gateway.limits.frame"]["origin"])
    check_equal(options["gateway.advertised_mode"]["value"], "ports", "a word")
    check(options["gateway.limits.frame"]["reloads"] and not options["gateway.port_start"]["reloads"], "what reloads")
    check_equal(options["gateway.min_broker_id"]["value"], 1, "a number")
    check_equal(options["gateway.proxy_trusted"]["value"], ["127.0.0.0/8", "::1/128"], "a list")


def check_connections(api, node):
    with Connection(*node.address) as kafka, Connection(*node.address) as other:
        other.ask("ApiVersions", 0)
        no_errors(produce(kafka, {("t", 0): [b"x" * 5000], ("t", 1): [b"y"]}), "Produce")
        mine = api.check(f"/v1/connections?client={kafka.sock.getsockname()[0]}:{kafka.sock.getsockname()[1]}")
        check_equal(mine["matched"], 1, "one of that address")
        row = mine["connections"][0]
        check(row["bytes_in"] > 5000 and row["bytes_out"] > 0 and row["in_flight"] == 0, f"{row}")
        check_equal(sorted(row["brokers"]), [1, 2], "brokers it has connections to")
        check_equal(row["port"], node.address[1], "the port it came by")
        check_equal(row["principal"], "User:ANONYMOUS", "whom brokers take it for")
        both = api.check("/v1/connections")
        check_equal((both["matched"], len(both["connections"])), (2, 2), "both")
        check_equal(len(api.check("/v1/connections?limit=1")["connections"]), 1, "limited")
        named = api.check(f"/v1/connections?client_id={row['client_id']}")
        check(row["id"] in [c["id"] for c in named["connections"]], "by client id")
        check_equal(api.check("/v1/connections?client_id=nobody")["matched"], 0, "nobody")
        api.check("/v1/connections?limit=x", status=400)
        api.check(f"/v1/connections/{row['id']}", "DELETE", status=401)
        api.check(f"/v1/connections/{row['id']}", "DELETE", token=TOKEN)
        check(kafka.is_closed(5), "it goes")
        api.check(f"/v1/connections/{row['id']}", "DELETE", token=TOKEN, status=404)
        api.check("/v1/connections/x", "DELETE", token=TOKEN, status=400)
        other.ask("ApiVersions", 0)


def check_uses(api):
    """What was asked of a node is told of who asked, too: who_uses.py has the figures."""
    for kind in ("clients", "topics", "groups", "principals"):
        told = api.check(f"/v1/{kind}?limit=5&sort=requests")
        check(len(told[kind]) <= 5 and told["sort"] == "requests", f"{told}")
        api.check(f"/v1/{kind}?sort=name", status=400)


def check_who(api, node):
    """Behind a load balancer: the client's own address, and what it says it is."""
    with Connection(*node.address, client_id="app-7", preamble=proxy_v2("203.0.113.9", "10.0.0.1", 40007)) as kafka:
        kafka.ask("ApiVersions", 3, client_software_name="some-client", client_software_version="1.2.3")
        found = api.check("/v1/connections?client=203.0.113.9:")
        check_equal([(c["client"], c["client_id"], c["software"]) for c in found["connections"]],
                    [("203.0.113.9:40007", "app-7", "some-client 1.2.3")], "who came by the load balancer")


def check_actions(api, node):
    for path in ("/v1/drain", "/v1/undrain", "/v1/reload"):
        api.check(path, "POST", status=401)
        api.check(path, "POST", token=TOKEN + "x", status=401)
    api.check("/v1/undrain", "POST", token=TOKEN, status=409)
    api.check("/v1/drain?exit=maybe", "POST", token=TOKEN, status=400)
    with Connection(*node.address) as kafka:
        kafka.ask("ApiVersions", 0)
        check(api.check("/v1/drain", "POST", token=TOKEN)["done"], "a drain")
        api.check("/health/ready", status=503)
        check_equal(api.check("/v1/node")["status"], "draining", "draining")
        check(kafka.is_closed(10), "its client goes")
        drain = api.check("/v1/node")["drain"]
        check(drain["turns"] > 0 and not drain["exits"], f"{drain}")
    check(api.check("/v1/undrain", "POST", token=TOKEN)["done"], "and back")
    wait_for(node.ready, 5, "ready again")
    with Connection(*node.address) as kafka:
        kafka.ask("ApiVersions", 0)
    check("nothing has changed" in api.check("/v1/reload", "POST", token=TOKEN)["text"], "a reload")
    check_undrain(api, node)
    for origin in (node.http, "http://elsewhere"):
        status = ask(node, "/v1/reload", "POST", token=TOKEN, Origin=origin)[0]
        check_equal(status, 200 if origin == node.http else 403, f"asked for by {origin}")


def check_undrain(api, node):
    """In the middle of a drain: ports that were closed open again, and who is still there stays."""
    with Connection(node.host, node.ports[0]) as first, Connection(node.host, node.ports[-1]) as last:
        first.ask("ApiVersions", 0)
        last.ask("ApiVersions", 0)
        check(api.check("/v1/drain", "POST", token=TOKEN)["done"], "a drain")
        wait_for(lambda: api.check("/v1/node")["drain"]["turns_done"] == 2, 10, "the second turn")
        check(api.check("/v1/undrain", "POST", token=TOKEN)["done"], "and back")
        wait_for(node.ready, 5, "ready again")
        last.ask("ApiVersions", 0)
        check(first.is_closed(5), "who had to go has gone")
    for port in node.ports:
        with Connection(node.host, port) as kafka:
            kafka.ask("ApiVersions", 0)


def check_other_node(api, nodes):
    """Any node answers for another."""
    wait_for(lambda: len(ask(nodes[0], "/v1/cluster")[2]["members"]) == 2, 20, "both know each other")
    ids = {m["is_self"]: m["node_id"] for m in api.check("/v1/cluster")["members"]}
    check_equal(api.check(f"/v1/node?node={ids[False]}")["node_id"], ids[False], "the other one")
    check_equal(api.check(f"/v1/node?node={ids[True]}")["node_id"], ids[True], "itself")
    with Connection(*nodes[1].address) as kafka:
        kafka.ask("ApiVersions", 0)
        found = api.check(f"/v1/connections?node={ids[False]}&client={kafka.sock.getsockname()[0]}:")
        port = kafka.sock.getsockname()[1]
        check(any(c["client"].endswith(f":{port}") for c in found["connections"]), "its connections, and arguments")
    api.check("/v1/node?node=nobody", status=404)
    api.check(f"/v1/reload?node={ids[False]}", "POST", status=401)
    check(api.check(f"/v1/reload?node={ids[False]}", "POST", token=TOKEN)["done"], "acts there")
    wait_for(lambda: "event=reloading" in nodes[1].process.log(), 5, "it was there")
    check_equal(ask(nodes[0], f"/v1/node?node={ids[False]}", **{"X-Anyport-Passed-On": "1"})[0], 400, "once only")
    wait_for(lambda: ask(nodes[0], "/v1/cluster")[2]["skew"] is not None, 20, "each hears the other's load")
    check_equal([m["declines"] for m in api.check("/v1/cluster")["members"]], [0, 0], "nobody has too much")
    api.check("/v1/rebalance", "POST", status=401)
    wait_for(lambda: ask(nodes[0], "/v1/rebalance", "POST", token=TOKEN)[0] == 200, 20, "the loads are steady")
    check("nothing to do" in api.check("/v1/rebalance", "POST", token=TOKEN)["text"], "a rebalance")
    nodes[1].kill()
    api.check(f"/v1/node?node={ids[False]}", status=502)


def garbage(number):
    """Requests that are wrong in one way or another."""
    chance = random.Random(number)
    kinds = [
        lambda: chance.randbytes(chance.randrange(1, 400)),
        lambda: b"GET /" + b"a" * chance.randrange(4000, 60000) + b" HTTP/1.1\r\n\r\n",
        lambda: b"GET /v1/" + bytes(f"%{chance.randrange(256):02x}" * 20, "ascii") + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: b"POST /v1/drain HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 70000,
        lambda: b"DELETE /v1/connections/" + chance.randbytes(8).hex().encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: b"GET /v1/route?" + b"&".join([b"topic=%ff%00"] * 50) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: b"GET /v1/topics/" + b"%f0%9f%92" * 30 + b" HTTP/1.0\r\n\r\n",
        lambda: b"GET /v1/connections?limit=" + str(chance.randrange(-9**9, 9**9)).encode() + b" HTTP/1.1\r\n\r\n",
        lambda: b"GET /v1/node?node=" + b"%2e" * 500 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        lambda: b"GET /v1/node HTTP/1.1\r\nAuthorization: Bearer " + chance.randbytes(30) + b"\r\n\r\n",
    ]
    return chance.choice(kinds)()


def check_garbage(api, node):
    host, port = node.http.removeprefix("http://").split(":")
    with Connection(*node.address) as kafka:
        for number in range(120):
            with socket.create_connection((host, int(port)), timeout=patient(5)) as visitor:
                try:
                    visitor.sendall(garbage(number))
                    visitor.shutdown(socket.SHUT_WR)
                    while visitor.recv(65536):
                        pass
                except OSError:  # it was closed on
                    pass
            if number % 20 == 0:
                api.check("/health/ready")
                no_errors(produce(kafka, {("t", 0): [b"x"]}), "a client meanwhile")
        kafka.ask("ApiVersions", 0)
    api.check("/v1/node")


def test(scene):
    cluster = GroupCluster(scene, 3, {"t": 3, "_anyport_together": 1})
    options = {"advertise": f"{scene.host(1)}:9092", "config": 'gateway: {\n limits: { frame = "2 MiB"; };\n};\n',
               "env": {"GATEWAY_HTTP_TOKEN": TOKEN, "GATEWAY_CLUSTER_ID": "together", "GATEWAY_PROXY_PROTOCOL": "allow",
                       "GATEWAY_HEARTBEAT_INTERVAL": "200 ms"}}
    nodes = [scene.node(cluster.bootstrap, **options) for _ in range(2)]
    api = Api(nodes[0])
    check_description(api, nodes[0])
    check_reads(api, scene.host(1), cluster)
    check_manual(api)
    check_route(api)
    check_config(api)
    check_connections(api, nodes[0])
    check_uses(api)
    check_who(api, nodes[0])
    check_actions(api, nodes[0])
    check_garbage(api, nodes[0])
    check_other_node(api, nodes)
    check(api.check("/").startswith("<!DOCTYPE html>"), "the page")
    all_of_them = {(method.upper(), path) for path, operations in api.description["paths"].items()
                   for method in operations}
    check_equal(SEEN, all_of_them, "every operation was asked for")


run(test)
