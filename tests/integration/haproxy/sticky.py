#!/usr/bin/env python3
"""haproxy sticky list, clear and move, on two load balancers that are peers, with keys that need escapes."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from pair import CLIENT_ID_STICKS, Pair  # noqa: E402
from spread import Namer, connect, first_request  # noqa: E402
from cluster import Haproxy, check, check_equal, run, wait_for  # noqa: E402

KEYS = ("app", "app two", "größe", 'q"u;o\\t#e', "sarama")


def config(scene, number, extra=""):
    """A file with the local peer lbN of two."""
    peers = "".join(f"    peer lb{n} {scene.host(n)}:10000\n" for n in (1, 2))
    servers = "".join(f"    server n{n} {scene.host(100 + n)}:9092 id {10 * n}\n" for n in (1, 2, 3))
    frontend = CLIENT_ID_STICKS["frontend"].replace("tcp-request content accept", extra + "tcp-request content accept")
    backend = CLIENT_ID_STICKS["backend"].replace("expire", "peers pair expire")
    return f"""global
    stats socket {scene.dir}/lb{number}.sock mode 600 level admin
    localpeer lb{number}
peers pair
{peers}defaults
    mode tcp
    timeout connect 3s
    timeout client 1m
    timeout server 1m
frontend kafka
    bind {scene.host(number)}:9092
    {frontend}
    default_backend gateway
backend gateway
    balance roundrobin
    {backend}
{servers}"""


class Peers(Pair):
    def __init__(self, scene):  # pylint: disable=super-init-not-called
        self.balancers = [Haproxy(scene, [], config(scene, n), name=f"lb{n}", host=scene.host(n)) for n in (1, 2)]
        for balancer in self.balancers:
            wait_for(lambda: all("status=ESTA" in line for line in balancer.command("show peers").splitlines()
                                 if "(remote," in line), 10, "peers are connected")

    def sticky(self, *words):
        """(status, JSON, errors)"""
        status, out, errors = self.ctl("haproxy", "sticky", *words, "--json")
        return status, json.loads(out) if out else None, errors


def node(pair, key, balancer=0):
    """Where a new connection goes."""
    sock, name = connect(pair.balancers[balancer].address, data=first_request(key))
    sock.close()
    return name


def entries(pair, *options):
    status, said, errors = pair.sticky("list", *options)
    check_equal((status, errors), (0, ""), "sticky list")
    return {(e["key"], e["balancer"]): e for e in said["entries"]}, said["nodes"]


def lists(pair):
    nodes = {key: node(pair, key) for key in KEYS}
    wait_for(lambda: len(entries(pair)[0]) == 2 * len(KEYS), 5, "both know all")
    listed, counts = entries(pair)
    check_equal({key: e["node"] for (key, lb), e in listed.items() if lb == "lb1"}, nodes, "keys and nodes")
    check_equal({key: e["node"] for (key, lb), e in listed.items() if lb == "lb2"}, nodes, "the peer's")
    check(all(3500 < e["expires"] <= 3600 and not e["in_use"] for e in listed.values()), f"{listed}")
    for row in counts:
        check_equal(row["entries"], list(nodes.values()).count(row["node"]), f"count of {row}")
    check_equal(sum(row["share"] for row in counts if row["balancer"] == "lb1"), 1.0, "shares")
    for key in KEYS:
        check_equal(set(entries(pair, "--key", key)[0]), {(key, "lb1"), (key, "lb2")}, "by key")
    only, _ = entries(pair, "--server", "n1")
    check_equal({key for key, _ in only}, {key for key in KEYS if nodes[key] == "n1"}, "by node")
    check_equal(entries(pair, "--counts")[0], {}, "counts only")
    _, out, _ = pair.ctl("haproxy", "sticky", "list")
    check(out.startswith("KEY") and "app two" in out and "ENTRIES" in out, out)
    return nodes


def moves(pair, nodes):
    for key in KEYS[1:4]:
        other = next(name for name in ("n1", "n2", "n3") if name != nodes[key])
        status, said, errors = pair.sticky("move", key, other)
        check_equal((status, errors), (0, ""), f"move of {key}")
        check_equal([(row["was"], row["node"]) for row in said], [(nodes[key], other)] * 2, "on both")
        check_equal([node(pair, key, n) for n in (0, 1)], [other, other], f"{key} comes to {other} over both")
    status, _, errors = pair.sticky("move", "new", "n3")
    check_equal((status, errors), (0, ""), "a key beforehand")
    check_equal([node(pair, "new", n) for n in (1, 0)], ["n3", "n3"], "it counts")


def refuses_to_move(pair):
    status, _, errors = pair.sticky("move", "app", "n9")
    check(status == 1 and "no server n9" in errors, errors)
    for balancer in pair.balancers:
        balancer.command("set server gateway/n2 state maint")
    status, _, errors = pair.sticky("move", "sarama", "n2")
    check(status == 1 and "n2 is MAINT" in errors, errors)
    for balancer in pair.balancers:
        balancer.command("set server gateway/n2 state ready")


def clears(pair):
    status, said, _ = pair.sticky("clear", "--key", KEYS[3])
    check_equal((status, [row["cleared"] for row in said]), (0, [1, 1]), "by key")
    check_equal(entries(pair, "--key", KEYS[3])[0], {}, "it is gone")
    status, said, _ = pair.sticky("clear", "--key", KEYS[3])
    check_equal((status, [row["cleared"] for row in said]), (0, [0, 0]), "once more")

    for key in ("app", "app two"):
        check_equal(pair.sticky("move", key, "n1")[0], 0, "move")
        node(pair, key)
    # its key says n1 and its id another one: HAProxy goes by the key
    for balancer in pair.balancers:
        balancer.command("set table gateway key app data.server_id 30")
    status, said, _ = pair.sticky("clear", "--server", "n1")
    check(status == 0 and all(row["cleared"] >= 2 and row["left"] == 0 for row in said), f"{said}")
    check_equal(entries(pair, "--server", "n1")[0], {}, "none leads to n1")
    check(entries(pair)[0], "others are left")

    status, _, errors = pair.sticky("clear", "--all")
    check(status == 2 and "--yes" in errors and entries(pair)[0], errors)
    check_equal(pair.sticky("clear")[0], 2, "what?")
    check_equal(pair.sticky("clear", "--all", "--yes")[0], 0, "all")
    check_equal(entries(pair)[0], {}, "none is left")


def tracked_entries_stay(scene, pair):
    first = pair.balancers[0]
    first.reload(config(scene, 1, "tcp-request content track-sc0 var(txn.key) table gateway\n    "))
    wait_for(lambda: f"Pid: {first.workers()[-1]}\n" in first.command("show info"), 5, "the new worker answers")
    sock, _ = connect(pair.balancers[0].address, data=first_request("held"))
    check(entries(pair, "--key", "held")[0]["held", "lb1"]["in_use"], "its connection tracks it")
    status, said, _ = pair.sticky("clear", "--key", "held")
    check(status == 1 and said[0]["left"] == 1 and "connections track" in said[0]["why"], f"{said}")
    status, said, _ = pair.sticky("clear", "--all", "--yes")
    check(status == 1 and said[0]["left"] == 1, f"{said}")
    status, _, errors = pair.sticky("move", "held", "n1" if entries(pair)[0]["held", "lb1"]["node"] != "n1" else "n2")
    check(status == 1 and "connections track" in errors, errors)
    sock.close()


def test(scene):
    Namer({f"n{n}": scene.host(100 + n) for n in (1, 2, 3)})
    pair = Peers(scene)
    nodes = lists(pair)
    moves(pair, nodes)
    refuses_to_move(pair)
    clears(pair)
    tracked_entries_stay(scene, pair)
    status, _, errors = pair.sticky("list", "--table", "nosuch")
    check(status == 1 and "no stick table nosuch" in errors, errors)


run(test)
