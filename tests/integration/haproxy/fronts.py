#!/usr/bin/env python3
"""One HAProxy in front of two listeners, plaintext inside and TLS outside: the file that `haproxy generate` makes for both,
what `haproxy check` says of it by each, and a node that is taken out of both."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import ANYPORTCTL, Link, check, refused_at_once, request, run, wait_for  # noqa: E402
from certs import Certs  # noqa: E402
from cluster import check_equal  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import fetch, no_errors, produce  # noqa: E402

INSIDE, OUTSIDE, BOUND = 9092, 19092, 9192
PARTS = [("t", p) for p in range(3)]
BACKENDS = ["anyport_nodes_inside", "anyport_nodes_outside"]
MOST = 6


class Setup:
    def __init__(self, scene):
        self.scene = scene
        folder = scene.dir / "certs"
        folder.mkdir()
        self.certs = Certs(folder)
        self.hosts = {"inside": scene.host(1), "outside": scene.host(2)}
        certificate = self.certs.issue("node", sans=f"IP:{self.hosts['outside']}")
        kafka = scene.mock_cluster(topics={"t": 3})
        kafka.spread("t", 3)
        listeners = {
            "INSIDE_PORTS": f"{INSIDE}-{INSIDE + 2}", "INSIDE_ADVERTISED_HOST": self.hosts["inside"],
            "OUTSIDE_PORTS": f"{OUTSIDE}-{OUTSIDE + 2}:{BOUND}-{BOUND + 2}", "OUTSIDE_ADVERTISED_HOST": self.hosts["outside"],
            "OUTSIDE_SECURITY_PROTOCOL": "SSL", "OUTSIDE_SSL_CERTIFICATE_LOCATION": certificate}
        env = {f"GATEWAY_LISTENER_{name}": value for name, value in listeners.items()} | {
            "GATEWAY_PORT_START": None, "GATEWAY_PORT_COUNT": None, "GATEWAY_ADVERTISED_LISTENER": None, "GATEWAY_ADVERTISED_MODE": None,
            "GATEWAY_PORT_IS_HINT": "true", "HAPROXY_NODES": ",".join(f"n{n}={scene.host(100 + n)}:8888" for n in (1, 2)),
            "HAPROXY_FRONTS": f"inside={self.hosts['inside']}:{INSIDE},outside={self.hosts['outside']}:{OUTSIDE}",
            "HAPROXY_TLS": "passthrough", "HAPROXY_MAXCONN": MOST, "HAPROXY_STATS_SOCKET": scene.dir / "haproxy.sock"}
        self.nodes = [scene.node(kafka.bootstrap, ports=3, env=env) for _ in (1, 2)]
        check_equal([node.host for node in self.nodes], [scene.host(101), scene.host(102)], "the nodes are where HAProxy looks for them")

    def ctl(self, *words, env=None):
        """(status, standard output, standard error) in the nodes' environment."""
        done = subprocess.run([ANYPORTCTL, "haproxy", *map(str, words)], capture_output=True, text=True, check=False, timeout=60,
                              env={"PATH": os.environ["PATH"], **(self.nodes[0].env if env is None else env)})
        return done.returncode, done.stdout, done.stderr

    def kafka(self, listener):
        if listener == "inside":
            return Connection(self.hosts["inside"], INSIDE)
        return Connection(self.hosts["outside"], OUTSIDE, tls=self.certs.client(), server_name=self.hosts["outside"])


def check_served(setup):
    for number, (listener, first) in enumerate((("inside", INSIDE), ("outside", OUTSIDE))):
        with setup.kafka(listener) as kafka:
            told = {(b["host"], b["port"]) for b in kafka.ask("Metadata", 2, topics=[])["brokers"]}
            check_equal(told, {(setup.hosts[listener], first + n) for n in range(3)}, f"what clients of {listener} are told")
            no_errors(produce(kafka, {part: [b"v"] for part in PARTS}), f"a Produce by {listener}")
            values, errors = fetch(kafka, {part: number for part in PARTS}, max_wait_ms=2000)
            no_errors(errors, f"a Fetch by {listener}")
            check(all(values[part] == [b"v"] for part in PARTS), f"{listener}: every part comes back")
    check(refused_at_once((setup.hosts["inside"], INSIDE), b"\x16\x03\x01\x00\x05"), "TLS inside")
    check(refused_at_once((setup.hosts["outside"], OUTSIDE), request("app")), "plaintext outside")


def check_judged(setup, text):
    """By each listener: what is wrong for one of them is said with its name."""
    file = setup.scene.dir / "judged.cfg"

    def found(text, *words):
        file.write_text(text)
        empty = setup.scene.file("empty.conf", "")
        status, out, errors = setup.ctl("check", "--json", "--no-haproxy", "-c", empty, *words, file)
        check_equal(errors, "", "haproxy check")
        return status, [(f["id"], f["what"]) for f in json.loads(out)["findings"] if f["severity"] != "advice"]
    check_equal(found(text), (0, []), "as it was made")
    last = f":{OUTSIDE}-{OUTSIDE + 2}"
    check(last in text, text)
    status, [(rule, what)] = found(text.replace(last, f":{OUTSIDE}-{OUTSIDE + 1}"))
    check_equal((status, rule, what), (1, "K21", f"clients are told {setup.hosts['outside']}:{OUTSIDE + 2}, which no frontend in TCP "
                                       "mode binds, by listener outside"), "a port of outside's")
    status, [(rule, what)] = found(text.replace(f"bind {setup.hosts['inside']}:{INSIDE}-{INSIDE + 2}", f"bind {setup.hosts['inside']}:"
                                                f"{INSIDE}-{INSIDE + 2} ssl crt /c"))
    check_equal((rule, what), ("K84", "the bind ends TLS, and haproxy.tls means listeners that have it, by listener inside"), "TLS inside")
    status, judged = found(text.replace("timeout client 12m", "timeout client 11m"))
    check_equal([(rule, " by listener" in what) for rule, what in judged], [("K63", False)], "what is wrong for both")
    status, judged = found(text.replace(last, f":{OUTSIDE}-{OUTSIDE + 1}"), "--listener", "inside")
    check_equal((status, judged), (0, []), "by one that is named")


def check_node_out(setup, haproxy):
    """Of both backends, and into both again."""
    where = ["-s", haproxy.socket_path, "--master-socket", haproxy.master_path]

    def status():
        code, out, errors = setup.ctl("status", "--json", *where, env={})
        check_equal((code, errors), (0, ""), f"haproxy status: {out}")
        return {(row["backend"], row["node"]): row for row in json.loads(out)["nodes"]}
    check_equal(sorted(status()), sorted((b, n) for b in BACKENDS for n in ("n1", "n2")), "each node in each backend")
    code, out, _ = setup.ctl("status", *where, env={})
    check(code == 0 and out.splitlines()[0].startswith("BACKEND ") and BACKENDS[1] in out, out)
    links = [setup.kafka(listener) for listener in ("inside", "outside") for _ in (1, 2)]
    for link in links:
        link.ask("Metadata", 2, topics=[])
    check_equal({key: row["sessions"] for key, row in status().items()}, {(b, n): 1 for b in BACKENDS for n in ("n1", "n2")},
                "leastconn of each backend")
    code, out, errors = setup.ctl("drain", "n1", "--json", "--rate", 50, "--apart", "0ms", *where, env={})
    told = json.loads(out)
    check_equal((code, told["empty"], told["sessions"]), (0, True, 2), f"one of each listener: {errors}")
    check_equal({key: row["state"] for key, row in status().items() if key[1] == "n1"}, {(b, "n1"): "MAINT" for b in BACKENDS}, "out of both")
    code, out, _ = setup.ctl("undrain", "n1", "--json", *where, env={})
    check_equal((code, [(row["backend"], row["up"]) for row in json.loads(out)["balancers"]]), (0, [(b, True) for b in BACKENDS]), "back")
    code, out, errors = setup.ctl("drain", "n1", "--json", "--backend", BACKENDS[0], *where, env={})
    check_equal(code, 0, errors)
    check_equal([status()[b, "n1"]["state"].split()[0] for b in BACKENDS], ["MAINT", "UP"], "out of one that is named")
    check_equal(setup.ctl("undrain", "n1", *where, env={})[0], 0, "back again")
    for link in links:
        link.close()


def check_most(setup, haproxy):
    """maxconn is of both together."""
    def open_now():
        stats = haproxy.stats()
        return sum(int(stats[f"kafka_clients_{name}", "FRONTEND"]["scur"]) for name in setup.hosts)
    wait_for(lambda: open_now() == 0, 10, "nobody is there")
    links = [Link(setup.hosts["inside"], INSIDE) for _ in range(MOST - 1)]
    with Link(setup.hosts["outside"], OUTSIDE, tls=setup.certs.client(), name=setup.hosts["outside"]):
        wait_for(lambda: open_now() == MOST, 10, "all are there")
        check(refused_at_once((setup.hosts["inside"], INSIDE)), "one more inside")
        check(refused_at_once((setup.hosts["outside"], OUTSIDE)), "one more outside")
        check_equal(open_now(), MOST, "those that were there still are")
    for link in links:
        link.close()


def check_from(setup, text):
    """A node that runs tells the same, ports that it has counted itself too."""
    status, told, errors = setup.ctl("generate", "--from", setup.nodes[0].http, env={})
    check_equal((status, errors), (0, ""), "generate --from")
    check_equal(told, text, "as its variables say")
    node = setup.nodes[1]
    node.stop()
    node.env.update(GATEWAY_LISTENER_INSIDE_PORTS=f"{INSIDE}-")
    node.start()
    node.wait_ready()
    status, told, errors = setup.ctl("generate", "--from", node.http, env={})
    check(status == 0 and f"bind {setup.hosts['inside']}:{INSIDE}-{INSIDE + 4}\n" in told, f"brokers 1 to 3 and two more: {errors}{told}")


def test(scene):
    setup = Setup(scene)
    status, text, errors = setup.ctl("generate")
    check_equal((status, errors), (0, ""), "haproxy generate")
    check_judged(setup, text)
    haproxy = scene.haproxy(config=text, host=setup.hosts["inside"], first_port=INSIDE, ports=3)
    wait_for(lambda: all(haproxy.stats()[b, n.name]["check_status"] == "L7OK" for b in BACKENDS for n in setup.nodes), 10, "checked")
    check_served(setup)
    check_node_out(setup, haproxy)
    check_most(setup, haproxy)
    check_from(setup, text)


if __name__ == "__main__":
    run(test)
