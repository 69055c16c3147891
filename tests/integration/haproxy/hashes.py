#!/usr/bin/env python3
"""`sticky simulate` names the node that HAProxy chooses, for each hash, each kind of key, each key; of whichever version."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import ANYPORTCTL, check, run  # noqa: E402
from haproxy_version import haproxy_version  # noqa: E402
from spread import NODE_PORT, Namer, connect, first_request, line, placements  # noqa: E402

KEYS = 64
FIRST_PORT = 20000
NODES = (("n1", 100, 1), ("n2", 50, 7), ("n3", 7, 3))  # name, weight, id
TYPES = ["consistent"] + [f"{kind} {function}{more}" for kind in ("consistent", "map-based")
                          for function in ("sdbm", "djb2", "wt6", "crc32") for more in ("", " avalanche")]
HEAD = """global
    nbthread 1
    maxconn 2000
    stats socket {sock} mode 600 level admin
defaults
    mode tcp
    timeout connect 3s
    timeout client 60s
    timeout server 60s
"""
# a way to say who the client is: what the frontend does, what is hashed
WAYS = {
    "source": ("", "source"),
    "client-id": ("""    tcp-request inspect-delay 10s
    acl cid req.payload_lv(12,2) -m found
    acl nocid req.payload(12,2) -m bin ffff 0000
    tcp-request content set-var(txn.client) src
    tcp-request content set-var(txn.client) req.payload_lv(12,2) if cid
    tcp-request content accept if cid or nocid
""", "hash var(txn.client)"),
    "port": ("", "hash dst_port"),
}


def proxies(number, way, words, binds, hosts, more=""):
    rules, balance = WAYS[way]
    name = f"{number}_{way}"
    servers = "".join(f"    server {n} {hosts[n]}:{NODE_PORT} weight {w} id {i}\n" for n, w, i in NODES)
    return (f"frontend f{name}\n    bind {binds}\n{rules}    default_backend b{name}\n"
            f"backend b{name}\n    balance {balance}\n    hash-type {words}\n{more}{servers}")


def clients(scene, way):
    """(source, client.id, port) for each key."""
    if way == "source":
        return [(scene.host(130 + n), None, NODE_PORT) for n in range(KEYS)]
    if way == "port":
        return [(scene.host(130), None, FIRST_PORT + n) for n in range(KEYS)]
    ids = [f"app-{n}" for n in range(KEYS - 8)] + ["größe", "x" * 200, "a b|c", "1", "rdkafka", None, None, None]
    return [(scene.host(130 + n), client_id, NODE_PORT) for n, client_id in enumerate(ids)]


def options(words, hosts=None):
    """hosts: of a hash that knows servers by address"""
    nodes = [f"--node={n}:{w}:{i}" + (f"@{hosts[n]}" if hosts else "") for n, w, i in NODES]
    return [*nodes, "--balance=hash", "--hash-type", words, *(["--hash-key=addr"] if hosts else [])]


def population(of):
    return [line(n, source, client_id, port) for n, (source, client_id, port) in enumerate(of)]


def check_way(scene, number, way, words, hosts=None):
    of = clients(scene, way)
    predicted = placements([f"--stickiness={way}", *options(words, hosts)], population(of))
    differ = []
    for (source, client_id, port), expected in zip(of, predicted):
        port = port if way == "port" else NODE_PORT + (way == "client-id")
        sock, node = connect((scene.host(number), port), source, first_request(client_id))
        sock.close()
        if node != expected:
            differ.append((source, client_id, port, node, expected))
    check(not differ, f"{way}, {words}: {len(differ)} of {KEYS} differ: {differ[:4]}")
    return predicted


def check_by_address(scene, number, hosts):
    """Whatever their ids and their order."""
    by_id = placements(["--stickiness=client-id", *options("consistent")], population(clients(scene, "client-id")))
    check(check_way(scene, number, "client-id", "consistent", hosts) != by_id, "addresses count")


def an_older_one_can_not(hosts):
    done = subprocess.run([ANYPORTCTL, "haproxy", "sticky", "simulate", "--for", "2.6.12", *options("consistent", hosts)], text=True,
                          capture_output=True, check=False)
    check(done.returncode == 2 and "HAProxy 2.6.12 can't do that, 3.0 can" in done.stderr, f"{done.returncode}: {done.stderr}")


def check_bounded(scene, number, words, factor):
    """With hash-balance-factor, what is open counts: all stay open."""
    of = [(scene.host(130), f"app-{n // 3}", NODE_PORT) for n in range(KEYS)]
    arguments = ["--stickiness=client-id", *options(words)]
    predicted = placements([*arguments, f"--hash-balance-factor={factor}"], population(of))
    check(predicted != placements(arguments, population(of)), "the factor counts")
    links = [connect((scene.host(number), NODE_PORT + 1), source, first_request(cid)) for source, cid, _ in of]
    check([node for _, node in links] == predicted, f"factor {factor}: {[n for _, n in links]}, not {predicted}")
    for sock, _ in links:
        sock.close()


def a_node_goes(scene, haproxy, number, words, before):
    """In maintenance, and back: as many as are predicted to move do."""
    haproxy.command(f"set server b{number}_client-id/n2 state maint")
    nodes = [f"--node={n}:{w}:{i}" for n, w, i in NODES if n != "n2"]
    of = clients(scene, "client-id")
    then = placements(["--stickiness=client-id", *nodes, "--balance=hash", "--hash-type", words], population(of))
    for (source, client_id, _), expected in zip(of, then):
        sock, node = connect((scene.host(number), NODE_PORT + 1), source, first_request(client_id))
        sock.close()
        check(node == expected, f"{words}, without n2: {client_id} on {node}, not {expected}")
    moved = sum(a != b for a, b in zip(before, then) if a != "n2")
    check(moved == 0 or words.startswith("map-based"), f"{words}: {moved} moved without need")
    haproxy.command(f"set server b{number}_client-id/n2 state ready")


def test(scene):
    hosts = {name: scene.host(101 + n) for n, (name, _, _) in enumerate(NODES)}
    Namer(hosts)
    text = HEAD.format(sock=scene.dir / "haproxy.sock")
    for number, words in enumerate(TYPES, 1):
        host = scene.host(number)
        text += proxies(number, "source", words, f"{host}:{NODE_PORT}", hosts)
        text += proxies(number, "client-id", words, f"{host}:{NODE_PORT + 1}", hosts)
        text += proxies(number, "port", words, f"{host}:{FIRST_PORT}-{FIRST_PORT + KEYS - 1}", hosts)
    bounded = len(TYPES) + 1
    text += proxies(bounded, "client-id", "consistent", f"{scene.host(bounded)}:{NODE_PORT + 1}", hosts,
                    "    hash-balance-factor 110\n")
    has_key = haproxy_version() >= (3, 0)
    if has_key:
        text += proxies(bounded + 1, "client-id", "consistent", f"{scene.host(bounded + 1)}:{NODE_PORT + 1}", hosts,
                        "    default-server hash-key addr\n")
    haproxy = scene.haproxy(config=text, host=scene.host(1), first_port=NODE_PORT, ports=1)
    for number, words in enumerate(TYPES, 1):
        for way in WAYS:
            predicted = check_way(scene, number, way, words)
            if way == "client-id" and words.endswith(("consistent", "map-based sdbm")):
                a_node_goes(scene, haproxy, number, words, predicted)
    check_bounded(scene, bounded, "consistent", 110)
    if has_key:
        check_by_address(scene, bounded + 1, hosts)
    an_older_one_can_not(hosts)
    print(f"{len(TYPES)} hash types x {len(WAYS)} kinds of key x {KEYS} keys: all as predicted")


run(test)
