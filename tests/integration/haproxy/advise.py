#!/usr/bin/env python3
"""haproxy sticky advise: finds why a node has all clients and what is too short; the file it writes mends both."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from pair import run_ctl  # noqa: E402
from spread import Namer, connect, first_request, line  # noqa: E402
from cluster import Haproxy, check, check_equal, run, wait_for  # noqa: E402

NODES, SOURCES, EACH = 3, 12, 3
MENDED = {
    "stickiness": ("client-id", "source+client-id"),
    "table size": ("1", "1k"),
    "table expiry": ("10m", "24h"),
    "timeout client": ("1m", "11m"),
    "timeout server": ("1m", "11m"),
    "redispatch": ("at the last try", "1"),
    "limit of a source": ("4", "10"),
}


def config(scene):
    servers = "".join(f"    server n{n} {scene.host(100 + n)}:9092 id {n}\n" for n in range(1, NODES + 1))
    return f"""global
    stats socket {scene.dir}/haproxy.sock mode 600 level admin
    maxconn 1000
defaults
    mode tcp
    timeout connect 3s
    timeout client 60s # too short
    timeout server 60s
    option redispatch
frontend kafka
    bind {scene.host(1)}:9092
    tcp-request connection track-sc1 src table st_src
    tcp-request connection reject if {{ sc1_conn_cur gt 4 }}
    tcp-request inspect-delay 10s
    acl has_id req.payload_lv(12,2) -m found
    tcp-request content set-var(txn.key) src
    tcp-request content set-var(txn.key) req.payload_lv(12,2) if has_id
    tcp-request content accept if has_id
    default_backend gateway
backend st_src
    stick-table type ip size 1k expire 1h store conn_cur
backend gateway
    balance leastconn
    stick-table type string len 64 size 1 expire 10m
    stick on var(txn.key)
{servers}"""


def advise(haproxy, *words):
    """(exit status, what it says)"""
    status, out, errors = run_ctl("haproxy", "sticky", "advise", "--json", "-c", haproxy.config_path, "--master-socket",
                                  haproxy.master_path, "-s", haproxy.socket_path, *words)
    check_equal(errors, "", "advise")
    return status, json.loads(out)


def changes(said):
    return {advice["matter"]: (advice["now"], advice["better"]) for advice in said["advice"] if advice["better"]}


def clients(scene, haproxy):
    """Twelve hosts whose clients all go by their library's name."""
    return [connect(haproxy.address, scene.host(200 + source), first_request("rdkafka"))[0]
            for source in range(SOURCES) for _ in range(EACH)]


def close_all(links):
    for link in links:
        link.close()


def test(scene):
    Namer({f"n{n}": scene.host(100 + n) for n in range(1, NODES + 1)})
    haproxy = Haproxy(scene, [], config(scene), host=scene.host(1))
    links = clients(scene, haproxy)

    status, said = advise(haproxy, "-o", scene.dir / "better.cfg")
    check_equal((status, said["sessions"], said["sources"]), (1, SOURCES * EACH, SOURCES), "what it sees")
    # 3 when all are on one of three; HAProxy's threads may choose twice before the only entry is stored
    check(said["skew"] > 2.7, f"nearly all on one of three: {said['skew']}")
    found = changes(said)
    check_equal(found.pop("peers"), ("none", "a peers section"), "what is to be done by hand")
    check_equal(found, MENDED, "what it advises")
    why = next(advice["why"] for advice in said["advice"] if advice["matter"] == "stickiness")
    check("rdkafka" in why and f"{said['skew']:.2f}" in why, why)
    kinds = {row["stickiness"]: row["skew"] for row in said["simulated"]}
    check_equal(sorted(kinds), ["none", "port", "source"], "what sessions tell enough for")
    check(kinds["source"] < 1.25 < 2.9 < kinds["port"], f"a port alone would be no better: {kinds}")
    check("-    timeout client 60s # too short\n+    timeout client 11m\n" in said["diff"], said["diff"])
    check_equal(haproxy.config_path.read_text(), config(scene), "the file itself is left alone")

    status, out, _ = run_ctl("haproxy", "sticky", "advise", "-c", haproxy.config_path)
    check(status == 1 and "* stickiness: client-id -> source+client-id" in out and "\n@@ " in out, out)

    # the sessions of a log tell client.ids too
    log = scene.file("log", "".join(line(n, f"10.0.0.{n}", f"id{n % 6}", size=100) + "\n" for n in range(60)))
    kinds = [row["stickiness"] for row in advise(haproxy, log)[1]["simulated"]]
    check("client-id" in kinds and "source+client-id" in kinds, f"{kinds}")

    close_all(links)
    first = haproxy.workers()[-1]
    haproxy.reload((scene.dir / "better.cfg").read_text())
    wait_for(lambda: first not in haproxy.workers(), 10, "the old worker has ended")
    links = clients(scene, haproxy)
    _, said = advise(haproxy)
    check_equal(said["skew"], 1.0, "even now")
    check_equal(changes(said), {"peers": ("none", "a peers section")}, "nothing else is left")
    close_all(links)

    status, _, errors = run_ctl("haproxy", "sticky", "advise", "-s", haproxy.socket_path)
    check(status == 2 and "--config" in errors, errors)


run(test)
