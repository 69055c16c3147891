#!/usr/bin/env python3
"""Who may ask the HTTP API: nobody by a name that is not the node's (a page whose name was made to point here), and where
there are tokens nobody without; probes always.  anyportctl and other nodes bring what they need."""
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from cluster import HTTP_PORT, check, check_equal, run, wait_for  # noqa: E402
from pair import ANYPORTCTL  # noqa: E402
from process import PATIENCE  # noqa: E402

INTERNAL = {"GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true"}
READ, CHANGE, MEASURE = "may read", "may change", "may measure"


def ask(node, path, method="GET", token=None, **headers):
    """(status, text); a header's `_` is a `-`."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(node.http + path, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10 * PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def status(*arguments, **options):
    return ask(*arguments, **options)[0]


def ctl(*words, **env):
    done = subprocess.run([ANYPORTCTL, *words], env={**os.environ, **env}, capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def check_names(node):
    evil = f"evil.example:{HTTP_PORT}"
    code, text = ask(node, "/v1/drain", "POST", Host=evil, Origin=f"http://{evil}")
    check_equal(code, 421, f"a page whose name points here: {text}")
    check("gateway.http_names" in json.loads(text)["error"], text)
    check_equal(json.loads(ask(node, "/health/ready")[1])["status"], "ready", "the node drains")
    for path in ("/", "/docs", "/docs/anyport.8", "/openapi.json", "/v1/node", "/v1/connections", "/v1/config"):
        check_equal(status(node, path, Host=evil), 421, f"{path} by another name")
    for host in ("localhost", "a.localhost:1", "LOCALHOST:8888", "[::1]:8888", "10.0.0.1", node.host, "gw.example:8888",
                 "GW.example.", "other.example", os.uname().nodename):
        check_equal(status(node, "/v1/node", Host=host), 200, f"Host: {host}")
    for host in ("evil.localhost.example", "localhost.evil", "notlocalhost", "gw.example.evil", "example", "evil", "1.2.3.4.evil"):
        check_equal(status(node, "/v1/node", Host=host), 421, f"Host: {host}")
    for path in ("/health", "/health/ready", "/health/live", "/metrics"):
        check_equal(status(node, path, Host="anyport"), 200, f"{path}, for probes by any name")
    check_equal(status(node, "/v1/drain", "POST", Host="gw.example", Origin="http://evil.example"), 403, "another site's page")
    check_equal(status(node, "/v1/reload", "POST", Host="gw.example", Origin="http://gw.example"), 200, "the node's own page")


def check_tokens(node, other):
    for path in ("/v1/node", "/v1/cluster", "/v1/brokers", "/v1/topics/t", "/v1/connections", "/v1/config", "/v1/warnings",
                 "/v1/route?topic=t&partition=0"):
        check_equal([status(node, path, token=t) for t in (None, "x", MEASURE, READ, CHANGE)], [401, 401, 401, 200, 200], path)
    for path in ("/metrics", "/health"):
        check_equal([status(node, path, token=t) for t in (None, "x", MEASURE, READ, CHANGE)], [401, 401, 200, 200, 200], path)
    for path in ("/health/ready", "/health/live", "/", "/docs", "/docs/anyport.8", "/openapi.json"):
        check_equal(status(node, path), 200, path)
    check_equal([status(node, "/v1/reload", "POST", token=t) for t in (None, READ, MEASURE, CHANGE)], [401, 401, 401, 200],
                "what changes something")
    ids = [m["node_id"] for m in json.loads(ask(node, "/v1/cluster", token=READ)[1])["members"]]
    for name in ids:
        check_equal([status(node, f"/v1/node?node={name}", token=t) for t in (None, READ)], [401, 200], f"?node={name}")
    place = f"{other.host}:{HTTP_PORT}"
    code, out = ctl("status", "-H", place)
    check(code != 0 and "a token is needed" in out, f"anyportctl without a token: {code}, {out}")
    for name in ("GATEWAY_HTTP_READ_TOKEN", "GATEWAY_HTTP_TOKEN"):
        code, out = ctl("status", "-H", place, **{name: READ if "READ" in name else CHANGE})
        check(code == 0 and ids[0] in out, f"anyportctl with {name}: {code}, {out}")


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 3})
    node = scene.node(kafka.bootstrap, env={"GATEWAY_HTTP_NAMES": "gw.example, other.example", "GATEWAY_CLUSTER_ID": "off"})
    check_names(node)
    path = scene.file("token", READ + "\n")
    env = {**INTERNAL, "GATEWAY_HTTP_READ_TOKEN_FILE": str(path), "GATEWAY_HTTP_TOKEN": CHANGE, "GATEWAY_METRICS_TOKEN": MEASURE,
           "GATEWAY_CLUSTER_ID": "guarded"}
    one = scene.node(kafka.bootstrap, env=env)
    wait_for(lambda: json.loads(ask(one, "/v1/cluster", token=READ)[1])["state"] == "member", 20, "it is a member")
    check_tokens(one, one)


run(test)
