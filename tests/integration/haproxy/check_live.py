#!/usr/bin/env python3
"""haproxy check --live: what only a running HAProxy shows."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Link, StandIn, check, run, wait_for  # noqa: E402
from pair import run_ctl  # noqa: E402

PORT = 9092


def text(scene, nodes, ports=1):
    host = scene.host(1)
    return "\n".join((
        "global", "    maxconn 100", f"    stats socket {scene.dir / 'haproxy.sock'} mode 600 level admin",
        "    hard-stop-after 60s", "    localpeer lb1",
        # lb2 is not there: alone, HAProxy 3.0 has nobody to wait for
        "peers lbs", f"    peer lb1 {host}:10000", f"    peer lb2 {scene.host(2)}:10000",
        "defaults", "    mode tcp", "    timeout client 11m", "    timeout server 11m", "    timeout connect 3s",
        "    option redispatch 1",
        "frontend kafka", f"    bind {host}:{PORT}-{PORT + ports - 1}", "    default_backend gw",
        "backend gw", "    balance roundrobin", "    stick-table type ipv6 size 1k expire 1h peers lbs", "    stick on src",
        *(f"    server {node.name} {node.host} id {n}" for n, node in enumerate(nodes, 1)), ""))


def found(*words):
    status, out, errors = run_ctl("haproxy", "check", "--live", "--no-haproxy", "--json", *words)
    check(errors == "", errors)
    return status, {finding["id"]: finding for finding in json.loads(out)["findings"]}


def peers_that_have_not_met(haproxy):
    status, ids = found(haproxy.config_path)
    check(status == 1 and set(ids) == {"K60"}, f"{status}, {ids}")


def in_sync(haproxy):
    wait_for(lambda: found(haproxy.config_path) == (0, {}), 25, "nothing is found once the peers are in sync")
    status, ids = found(haproxy.config_path, "--master-socket", haproxy.master_path)
    check((status, ids) == (0, {}), f"through the master: {status}, {ids}")


def many_clients_of_one_address(scene, haproxy):
    links = [Link(haproxy.host, PORT, scene.host(50)) for _ in range(12)]
    links += [Link(haproxy.host, PORT, scene.host(60 + n)) for n in range(4)]
    for link in links:
        link.ask()
    status, ids = found(haproxy.config_path)
    line = haproxy.config_path.read_text().split("\n").index("    stick on src") + 1
    check(status == 1 and set(ids) == {"K08"} and ids["K08"]["line"] == line, f"{ids}")
    check(f"12 of 16 sessions come from {scene.host(50)}" in ids["K08"]["what"], f"{ids}")
    for link in links[:12]:
        link.close()
    links = links[12:] + [Link(haproxy.host, PORT, scene.host(70 + n)) for n in range(10)]
    for link in links:
        link.ask()
    wait_for(lambda: found(haproxy.config_path) == (0, {}), 10, "many clients of many addresses are fine")
    for link in links:
        link.close()


def a_port_where_no_node_listens(scene, haproxy, nodes):
    wider = scene.file("wider.cfg", text(scene, nodes, ports=3))
    status, ids = found(wider, "--stats-socket", haproxy.socket_path)
    check(status == 1 and set(ids) == {"K22"}, f"{ids}")
    check("refuses on port 9094" in ids["K22"]["what"] and "it listens on 2 others" in ids["K22"]["what"], f"{ids}")
    nodes[1].process.stop()
    status, ids = found(haproxy.config_path)
    check(status == 1 and "every other port" in ids["K22"]["what"] and ids["K22"]["severity"] == "warning", f"{ids}")


def nobody_answers(scene):
    other = scene.file("other.cfg", text(scene, []).replace("haproxy.sock", "nosuch.sock"))
    status, out, errors = run_ctl("haproxy", "check", "--live", "--no-haproxy", other)
    check(status == 1 and "K60" in out and "nosuch.sock" in out, f"{status}, {out}, {errors}")
    silent = scene.file("silent.cfg", "global\n    maxconn 100\n")
    status, out, errors = run_ctl("haproxy", "check", "--live", "--no-haproxy", silent)
    check(status == 1 and out == "" and "no stats socket" in errors, f"{status}, {out}, {errors}")
    status, out, errors = run_ctl("haproxy", "check", "--stats-socket", "x", silent)
    check(status == 2 and "--live" in errors, f"{status}, {errors}")


def test(scene):
    nodes = [StandIn(scene, n, PORT, 2, []) for n in (1, 2)]
    haproxy = scene.haproxy(config=text(scene, nodes), host=scene.host(1), first_port=PORT, ports=1)
    peers_that_have_not_met(haproxy)
    in_sync(haproxy)
    many_clients_of_one_address(scene, haproxy)
    a_port_where_no_node_listens(scene, haproxy, nodes)
    nobody_answers(scene)


run(test)
