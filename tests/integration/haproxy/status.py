#!/usr/bin/env python3
"""haproxy status: nodes × load balancers, old workers, bytes, stick table, skew, the nodes' own view; --watch."""
import json
import pathlib
import os
import pty
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from pair import ANYPORTCTL, CLIENT_ID_STICKS, Pair, run_ctl  # noqa: E402
from cluster import check, check_equal, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402


def rows_of(said, key="nodes"):
    return {(row["node"], row["balancer"]): row for row in said[key]}


def clients(pair, count, balancer=0):
    """Connections that have asked something, client ids c0, c1, ..."""
    links = [Connection(*pair.balancers[balancer].address, client_id=f"c{n}") for n in range(count)]
    for link in links:
        link.ask("Metadata", 2, topics=None)
    return links


def sees_sessions_of_both_workers(pair):
    first = clients(pair, 4)
    status, said = pair.status()
    check_equal(status, 0, "all is well")
    rows = rows_of(said)
    check_equal(sorted(rows), [(n, lb) for n in ("n1", "n2") for lb in ("lb1", "lb2")], "a row for each")
    check_equal([rows[n, "lb1"]["sessions"] for n in ("n1", "n2")], [2, 2], "round robin")
    check_equal([rows[n, "lb2"]["sessions"] for n in ("n1", "n2")], [0, 0], "nobody there")
    check(all(rows[n, "lb1"]["bytes_in"] > 20 and rows[n, "lb1"]["bytes_out"] > 50 for n in ("n1", "n2")),
          f"bytes of open sessions: {rows}")
    check_equal(rows["n1", "lb1"]["counted_in"], 0, "HAProxy itself has not counted them yet")
    check_equal((rows["n1", "lb1"]["state"], rows["n1", "lb1"]["check"]), ("UP", "L7OK"), "state and check")
    first_lb = said["balancers"][0]
    check_equal((first_lb["table_size"], first_lb["table_used"], first_lb["old_workers"]), (1024, 4, 0), "table, workers")
    check_equal(said["skew"]["sessions"], 1.0, "even")

    pair.balancers[0].reload()
    pair.balancers[0].wait_up("n1", "n2")
    second = clients(pair, 1)
    # the master itself starts anew too
    wait_for(lambda: pair.status()[1]["balancers"][0]["old_workers"] == 1, 10, "the old worker is seen")
    _, said = pair.status()
    rows = rows_of(said)
    check_equal([rows[n, "lb1"]["old_sessions"] for n in ("n1", "n2")], [2, 2], "those of the old worker")
    check_equal(sum(rows[n, "lb1"]["sessions"] for n in ("n1", "n2")), 1, "those of the new one")
    check(all(rows[n, "lb1"]["bytes_in"] > 20 for n in ("n1", "n2")), "bytes through the old worker too")
    check_equal(said["balancers"][0]["old_workers"], 1, "one old worker")
    check_equal(said["skew"]["sessions"], 1.2, "3 and 2 of 5: 3 / 2.5")
    return first + second


def joins_the_nodes_own_view(pair):
    def both_ready():
        """Each is degraded until it has joined the other."""
        own = {row["node"]: row for row in pair.status()[1]["own_view"]}
        check_equal(sorted(own), ["n1", "n2"], "each node once")
        return [own[n]["status"] for n in ("n1", "n2")] == ["ready", "ready"] and own
    own = wait_for(both_ready, 15, "both ready")
    check_equal(sum(own[n]["connections"] for n in ("n1", "n2")), 5, "their count of clients")
    check_equal(own["n1"]["version"], "0.1.0", "version")
    check_equal(pair.status("--no-http")[1]["own_view"], [], "not asked")


def tells_people(pair):
    status, out, _ = pair.ctl("haproxy", "status")
    lines = out.splitlines()
    check_equal(status, 0, "status")
    check(lines[0].split()[:4] == ["NODE", "BALANCER", "STATE", "FOR"], lines[0])
    check("Skew, the busiest node to the mean of the 2 that are up: sessions 1.20" in out, out)


def takes_the_socket_from_the_file(pair):
    status, out, errors = run_ctl("haproxy", "status", "--json", "-c", pair.balancers[0].config_path)
    check_equal((status, errors), (0, ""), "found through haproxy.cfg")
    rows = rows_of(json.loads(out))
    check_equal(rows["n1", "haproxy"]["old_sessions"], None, "without the master nobody knows")


def watches_until_it_is_told_to_end(pair):
    watching = pair.scene.popen([ANYPORTCTL, "haproxy", "status", "--watch", "--interval", "100ms", *pair.where],
                                stdout=subprocess.PIPE, text=True)
    seen = 0
    for line in watching.stdout:
        seen += line.startswith("NODE  BALANCER")
        if seen == 3:
            break
    watching.send_signal(signal.SIGINT)
    watching.stdout.read()
    check_equal(watching.wait(5), 0, "ends well on a signal")
    check_equal(seen, 3, "three looks")


def redraws_on_a_terminal(pair):
    terminal, inside = pty.openpty()
    watching = pair.scene.popen([ANYPORTCTL, "haproxy", "status", "-w", "-i", "100ms", *pair.where], stdout=inside)
    os.close(inside)
    text = b""
    while text.count(b"\x1b[H\x1b[2J") < 3:
        text += os.read(terminal, 4096)
    watching.send_signal(signal.SIGTERM)
    check_equal(watching.wait(5), 0, "ends well on a signal")
    os.close(terminal)


def counts_what_has_left_the_file(pair):
    """An old worker still serves clients at a node that the new file no longer has: no row of nodes tells of them."""
    balancer = pair.balancers[1]
    links = clients(pair, 2, balancer=1)
    whole = balancer.config_path.read_text()
    balancer.reload("".join(line for line in whole.splitlines(True) if not line.lstrip().startswith("server n2 ")))
    wait_for(lambda: pair.status()[1]["balancers"][1]["old_workers"] == 1, 10, "the old worker is seen")
    balancer.wait_up("n1")
    _, said = pair.status()
    check(("n2", "lb2") not in rows_of(said), "n2 is not in the file")
    check_equal((rows_of(said)["n1", "lb2"]["old_sessions"], [row["old_elsewhere"] for row in said["balancers"]]), (1, [0, 1]), "n2's")
    out = pair.ctl("haproxy", "status")[1]
    check_equal(out.count("lb2: old workers hold 1 more sessions, of servers that its file no longer has\n"), 1, out)
    balancer.reload(whole)
    pair.wait_up("n1", "n2")
    for link in links:
        link.close()


def finds_a_node_down(pair):
    pair.nodes[1].kill()
    for balancer in pair.balancers:
        wait_for(lambda: balancer.stats()["gateway", "n2"]["status"].startswith("DOWN"), 10, "n2 is down")
    status, said = pair.status()
    check_equal(status, 1, "a finding")
    check_equal(rows_of(said)["n2", "lb2"]["state"], "DOWN", "which one")
    own = {row["node"]: row for row in said["own_view"]}
    check("no answer" in own["n2"]["status"], f"{own['n2']}")
    check_equal(said["skew"]["nodes"], 1, "the others only")


def finds_a_load_balancer_gone(pair):
    pair.balancers[1].process.stop()
    status, said = pair.status()
    check_equal(status, 1, "a finding")
    check_equal([row["answers"] for row in said["balancers"]], [True, False], "the second is gone")
    check("lb2: " in said["balancers"][1]["why"], f"{said['balancers'][1]}")
    check(("n1", "lb1") in rows_of(said), "the first is still told of")


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 2})
    nodes = [scene.node(kafka.bootstrap, advertise=f"{scene.host(1)}:9092") for _ in range(2)]
    pair = Pair(scene, nodes, **CLIENT_ID_STICKS)
    links = sees_sessions_of_both_workers(pair)
    joins_the_nodes_own_view(pair)
    tells_people(pair)
    takes_the_socket_from_the_file(pair)
    watches_until_it_is_told_to_end(pair)
    redraws_on_a_terminal(pair)
    counts_what_has_left_the_file(pair)
    finds_a_node_down(pair)
    finds_a_load_balancer_gone(pair)
    for link in links:
        link.close()


run(test)
