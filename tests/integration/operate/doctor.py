#!/usr/bin/env python3
"""anyportctl doctor: a sound set-up with nothing to do, and one with eight faults, all named, the worst first."""
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from asking_cluster import AskingCluster  # noqa: E402
from certs import Certs  # noqa: E402
from cluster import FIRST_PORT, HTTP_PORT, check, check_equal, run, wait_for  # noqa: E402
from pair import ANYPORTCTL  # noqa: E402
from waking import PORT  # noqa: E402

KERNEL = {  # of a machine that has enough of everything
    "sys/fs/file-max": "9223372036854775807", "sys/net/ipv4/ip_local_port_range": "1024\t65535",
    "sys/net/core/somaxconn": "4096", "sys/net/ipv4/tcp_rmem": "4096\t131072\t6291456",
    "sys/net/ipv4/tcp_wmem": "4096\t16384\t4194304", "sys/fs/pipe-user-pages-soft": "16384",
    "meminfo": "MemTotal:       16320000 kB\nMemFree:        1000 kB",
}


PASSWORDS = {"gw": "my-secret"}
TOPIC_REFUSED, GROUP_REFUSED = 29, 30


class Kafka(AskingCluster):
    """Also tells of groups, of transactions and of its controller, or refuses."""
    VERSIONS = {**AskingCluster.VERSIONS, "DescribeGroups": (0, 5), "DescribeTransactions": (0, 0), "DescribeQuorum": (0, 1)}
    ahead_ms = 0  # the controller's clock
    hides = False  # topics

    def _describegroups(self, _number, values):
        return {"groups": [{"error_code": self._refused("DescribeGroups"), "group_id": group, "group_state": "Dead"}
                           for group in values["groups"]]}

    def _describetransactions(self, _number, values):
        return {"transaction_states": [{"error_code": self._refused("DescribeTransactions") or 105, "transactional_id": name}
                                       for name in values["transactional_ids"]]}

    def _describequorum(self, _number, _values):
        now = time.time_ns() // 1_000_000 + self.ahead_ms
        voters = [{"replica_id": n, "last_fetch_timestamp": now - 100 * n} for n in range(3)]
        return {"error_code": 0, "topics": [{"topic_name": "__cluster_metadata", "partitions": [
            {"partition_index": 0, "error_code": 0, "leader_id": 0, "current_voters": voters}]}]}

    def _metadata(self, number, values):
        answer = super()._metadata(number, values)
        for topic in answer["topics"] if self.hides else []:
            if topic["error_code"]:
                topic["error_code"] = TOPIC_REFUSED
        return answer


class Setup:
    """Two nodes by TLS behind HAProxy with the file that `haproxy generate` makes."""

    def __init__(self, scene):
        self.scene, self.ports = scene, 3
        self.kafka = Kafka(scene, 3, {"t": 3}, passwords=PASSWORDS)
        self.front = scene.host(1)
        folder = scene.dir / "certs"
        folder.mkdir()
        self.certs = Certs(folder)
        self.certificate = self.certs.issue("kafka", sans=f"IP:{self.front}", days=400)
        self.nodes = [scene.node(self.kafka.bootstrap, ports=self.ports, advertise=f"{self.front}:{FIRST_PORT}", env=self.env())
                      for _ in range(2)]
        self.config = scene.file("anyport.conf", 'haproxy: { tls = "passthrough"; maxconn = 500; nodes = ( %s ); };\n' % ", ".join(
            f'{{ name = "{n.name}"; host = "{n.host}"; http_port = {HTTP_PORT}; }}' for n in self.nodes))
        self.generated = self.generate()
        self.haproxy = scene.haproxy(config=self.generated)
        self.haproxy.wait_up("n1", "n2")
        self.proc = self.kernel(KERNEL)
        wait_for(self.is_settled, 15, "the nodes know each other")

    def is_settled(self):
        return all(node.get_json("/v1/node")[1]["status"] == "ready" and len(node.get_json("/v1/cluster")[1]["members"]) == 2
                   for node in self.nodes)

    def env(self):
        return {"GATEWAY_SECURITY_PROTOCOL": "SASL_SSL", "GATEWAY_SSL_CERTIFICATE_LOCATION": self.certificate,
                "GATEWAY_MAX_CONNECTIONS": 400, "GATEWAY_PORT_IS_HINT": "true", "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "gw", "KAFKA_SASL_PASSWORD": "my-secret"}

    def generate(self):
        path = self.scene.dir / "generated.cfg"
        self.generate_at(path, f"{self.front}:{FIRST_PORT}-{FIRST_PORT + self.ports - 1}")
        return path.read_text()

    def generate_at(self, path, listen, *words, **env):
        done = subprocess.run([ANYPORTCTL, "haproxy", "generate", "-c", self.config, "--stats-socket", self.scene.dir / "haproxy.sock",
                               "--listen", listen, "-o", path, *words], capture_output=True, text=True, check=False,
                              env=self.environment(env))
        check_equal((done.returncode, done.stderr), (0, ""), "haproxy generate")

    def kernel(self, settings):
        folder = self.scene.dir / f"proc{len(list(self.scene.dir.glob('proc*')))}"
        for name, text in settings.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text + "\n")
        return folder

    def environment(self, changes):
        said = {name: str(value) for name, value in {**self.nodes[0].env, **changes}.items() if value is not None}
        return {**said, "PATH": os.environ["PATH"]}

    def doctor(self, *words, **env):
        """Its exit status, and what it prints.  env: what is otherwise than in the node's; None takes a variable away."""
        done = subprocess.run([ANYPORTCTL, "doctor", *map(str, words)], capture_output=True, text=True, check=False,
                              env=self.environment(env), timeout=60)
        check_equal(done.stderr, "", f"{words}: errors")
        return done.returncode, done.stdout

    def asked(self, haproxy, proc):
        return "-c", self.config, "--haproxy", haproxy, "--proc", proc


def check_sound(setup):
    words = setup.asked(setup.haproxy.config_path, setup.proc)
    status, out = setup.doctor("--json", *words)
    report = json.loads(out)
    found = [f for f in report["findings"] if f["severity"] != "advice"]
    check_equal((status, found, report["errors"], report["warnings"]), (0, [], 0, 0), "a sound set-up")
    check_equal([look["look"] for look in report["looks"] if not look["looked"]], [], "not looked at")
    check(len(report["looks"]) == 13, report["looks"])
    status, out = setup.doctor(*words)
    check(status == 0 and "0 errors, 0 warnings: nothing to do" in out, f"{status} {out}")


def check_broken(setup):
    """Eight faults."""
    sick = setup.certs.issue("sick", sans="DNS:elsewhere.example.com", days=2)
    lost = setup.kafka.hosts[1] = setup.scene.host(99)
    setup.nodes[1].kill()
    file = setup.scene.dir / "sick.cfg"
    file.write_text(setup.generated.replace("hard-stop-after", "# hard-stop-after"))
    os.utime(file, (0, 0))
    proc = setup.kernel({**KERNEL, "sys/net/core/somaxconn": "128"})
    wait_for(lambda: setup.haproxy.stats()[("anyport_nodes", "n2")]["status"].startswith("DOWN"), 15, "HAProxy knows that n2 is gone")
    words = setup.asked(file, proc)
    env = {"KAFKA_BOOTSTRAP_SERVERS": "nowhere.invalid:9092," + setup.kafka.bootstrap, "GATEWAY_MIN_BROKERID": 0,
           "GATEWAY_SSL_CERTIFICATE_LOCATION": sick}
    status, out = setup.doctor("--json", *words, **env)
    report = json.loads(out)
    found = [(f["severity"], f["look"], f["what"]) for f in report["findings"] if f["severity"] != "advice"]
    expected = [
        ("error", "names", "nowhere.invalid, in kafka.bootstrap_servers"),
        ("error", "brokers", f"broker 1 tells {lost}:{PORT} as its listener: nobody listens there"),
        ("error", "brokers", "broker 3 has no port"),
        ("error", "certificates", f"the certificate is not for {setup.front}"),
        ("error", "other nodes", "node n2 does not answer"),
        ("warning", "certificates", "in less than 2 days"),
        ("warning", "HAProxy's file", "K61 "),
        ("warning", "machine", "net.core.somaxconn allows 128"),
    ]
    check_equal(len(found), len(expected), f"faults: {json.dumps(found, indent=1)}")
    for got, wanted in zip(found, expected):
        check(got[:2] == wanted[:2] and wanted[2] in got[2], f"{got} is not {wanted}")
    check(all(f["do"] for f in report["findings"]), "each says what to do")
    check_equal((status, report["errors"], report["warnings"]), (2, 5, 3), "exit status")
    status, out = setup.doctor(*words, **env)
    check(status == 2 and out.startswith("1. error, names: nowhere.invalid") and "5 errors, 3 warnings" in out, f"{status} {out}")
    check_lost(setup, words, env)


def check_lost(setup, words, env):
    """Of brokers that the node has lost those are told that answer here; broker 1 does not."""
    said = {"/v1/cluster": {"disagreements": ["broker 1 is at the first port of a, broker 0 at that of b"]}}

    class Node(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            body = json.dumps(said.get(self.path, {})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass
    server = http.server.ThreadingHTTPServer((setup.scene.host(96), 0), Node)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def found(*lost):
        sentence = f"{len(lost)} of 3 brokers do not answer: {', '.join(f'{n} for 5 s (refused)' for n in lost)}"
        said["/v1/node"] = {"node_id": "gw", "status": "degraded", "reasons": [sentence]}
        said["/v1/brokers"] = {"brokers": [{"id": n, "state": "lost", "address": "127.0.0.1", "advertised": {"id": n}} for n in lost]}
        place = f"{server.server_address[0]}:{server.server_address[1]}"
        report = json.loads(setup.doctor("--json", *words, "--http", place, **env)[1])
        return sentence, [f["what"] for f in report["findings"] if f["look"] == "this node"]
    own = said["/v1/cluster"]["disagreements"]
    check_equal(found(1)[1], own, "broker 1 was told")
    sentence, told = found(1, 2)
    check_equal(told, ["node gw is degraded", sentence, *own], "broker 2 was not")
    [node] = [look for look in json.loads(setup.doctor("--json", *words, "--http", "%s:%d" % server.server_address[:2], **env)[1])["looks"]
              if look["look"] == "this node"]
    check_equal(node["why"], "what it runs with: it does not tell its options", "what can't be looked at is named")
    server.shutdown()


def check_rest(setup):
    """Warnings alone are 1; a configuration that can't be used is told as the gateway tells it; so are sockets of nobody."""
    words = setup.asked(setup.haproxy.config_path, setup.kernel({**KERNEL, "sys/fs/pipe-user-pages-soft": "1024"}))
    status, out = setup.doctor("--json", *words)
    report = json.loads(out)
    check_equal((status, report["errors"], [f["what"].split()[0] for f in report["findings"] if f["severity"] == "warning"]),
                (1, 0, ["fs.pipe-user-pages-soft"]), "warnings alone")
    status, out = setup.doctor("--json", *words, GATEWAY_PORT_START="many")
    report = json.loads(out)
    check_equal(status, 2, "no configuration")
    check("GATEWAY_PORT_START" in report["findings"][0]["what"], report["findings"])
    check(all(not look["looked"] for look in report["looks"][1:]), report["looks"])
    secret = setup.scene.file("secret.conf", 'gateway: { http_token = "0123456789abcdef0123"; };\n')
    pathlib.Path(secret).chmod(0o644)
    status, out = setup.doctor("-c", secret, "--haproxy", "/nowhere", "-s", setup.scene.dir / "nobody.sock", "--proc", setup.proc)
    for text in ("gateway.http_token, and everybody", "/nowhere: No such file", "nobody.sock", f"chmod o-r {secret}"):
        check(text in out, f"{text!r} in\n{out}")
    check("0123456789abcdef" not in out, "tells the secret")


def check_running(setup):
    """What the node that runs has otherwise than its configuration says is told by name, a secret not at all; a reload or a restart."""
    asked = setup.asked(setup.haproxy.config_path, setup.proc)
    words = asked[2:]  # the nodes have their environment alone
    [advice] = [f for f in json.loads(setup.doctor("--json", *asked, GATEWAY_MAX_CONNECTIONS=399)[1])["findings"]
                if f["look"] == "this node"]
    check_equal((advice["severity"], advice["what"]),
                ("advice", f"the node that runs here has its environment alone, not {setup.config}"), "another configuration")

    def found(*more, **env):
        report = json.loads(setup.doctor("--json", *words, *more, **env)[1])
        return [(f["severity"], f["what"], f["do"]) for f in report["findings"] if f["look"] == "this node"]
    [(severity, what, mend)] = found(GATEWAY_MAX_CONNECTIONS=399, GATEWAY_HTTP_TOKEN="never-to-be-shown-1")
    check_equal(severity, "warning", what)
    check(what.endswith("not what its configuration says: gateway.limits.connections is 400, not 399"), what)
    check("reload anyport" in mend and "restart" not in mend, mend)
    [(severity, what, mend)] = found(GATEWAY_PORT_IS_HINT="false", GATEWAY_MAX_CONNECTIONS=399)
    check("gateway.port_is_hint is true, not false" in what and "gateway.limits.connections" in what, what)
    check("restart anyport" in mend, mend)
    check_equal(found(GATEWAY_RACK_ID="elsewhere"), [], "what only this shell's environment says")


def check_expired(setup):
    """The certificate that HAProxy shows is not a node's: what takes a new one is another thing."""
    past = setup.certs.issue_past("past", sans=f"IP:{setup.front}")
    text = pathlib.Path(setup.config).read_text()
    config = setup.scene.file("terminate.conf", text.replace('tls = "passthrough";', f'tls = "terminate"; tls_certificate = "{past}";'))
    report = json.loads(setup.doctor("--json", "-c", config, "--haproxy", setup.haproxy.config_path, "--proc", setup.proc)[1])
    [(severity, mend)] = [(f["severity"], f["do"]) for f in report["findings"] if f["look"] == "certificates" and str(past) in f["what"]]
    check_equal(severity, "error", "it has run out")
    check("`anyportctl haproxy cert set`" in mend and "nodes" not in mend, mend)


def check_listeners(setup):
    """Each listener's own ports, names and certificate."""
    env = {f"GATEWAY_LISTENER_{name}_{key}": value for name, key, value in (
        ("INSIDE", "SECURITY_PROTOCOL", "SASL_PLAINTEXT"), ("INSIDE", "PORTS", "9192-9193"),
        ("INSIDE", "ADVERTISED_HOST", setup.scene.host(98)),
        ("OUTSIDE", "SECURITY_PROTOCOL", "SASL_SSL"), ("OUTSIDE", "PORTS", "9292-9294"),
        ("OUTSIDE", "ADVERTISED_HOST", setup.scene.host(97)), ("OUTSIDE", "SSL_CERTIFICATE_LOCATION", setup.certificate))}
    env |= dict.fromkeys(("GATEWAY_SECURITY_PROTOCOL", "GATEWAY_SSL_CERTIFICATE_LOCATION", "GATEWAY_PORT_START", "GATEWAY_PORT_COUNT",
                          "GATEWAY_ADVERTISED_LISTENER", "GATEWAY_ADVERTISED_MODE"))
    words = setup.asked(setup.haproxy.config_path, setup.proc)
    report = json.loads(setup.doctor("--json", *words, **env)[1])
    found = [(f["look"], f["what"]) for f in report["findings"]]
    for look, what in (("brokers", "broker 3 has no port of listener inside, which has them for brokers 1 to 2"),
                       ("certificates", f"the certificate is not for {setup.scene.host(97)}"),
                       ("clients' way", f"clients are told {setup.scene.host(98)}:9192, and nobody"),
                       ("clients' way", f"clients are told {setup.scene.host(97)}:9292, and nobody")):
        check_equal(sum(f[0] == look and what in f[1] for f in found), 1, f"{what}: {json.dumps(found, indent=1)}")
    check(not any("of listener outside" in f[1] or f[1].startswith("broker 1 has") for f in found), found)
    check("names" not in dict(found), found)
    report = json.loads(setup.doctor("--json", *words, **{**env, "GATEWAY_LISTENER_INSIDE_ADVERTISED_HOST": "inside.invalid"},
                                     GATEWAY_LISTENER_THIRD_SECURITY_PROTOCOL="SASL_SSL", GATEWAY_LISTENER_THIRD_PORTS="9392-9394",
                                     GATEWAY_LISTENER_THIRD_ADVERTISED_HOST="third.invalid",
                                     GATEWAY_LISTENER_THIRD_SSL_CERTIFICATE_LOCATION=setup.certificate,
                                     GATEWAY_LISTENER_THIRD_SSL_KEY_LOCATION="/nowhere/key.pem")[1])
    found = [(f["look"], f["what"]) for f in report["findings"]]
    for look, what in (("names", "inside.invalid, which clients are told"), ("names", "third.invalid, which clients are told"),
                       ("certificates", "/nowhere/key.pem: ")):
        check_equal(sum(f[0] == look and what in f[1] for f in found), 1, f"{what}: {json.dumps(found, indent=1)}")
    [way] = [look for look in report["looks"] if look["look"] == "clients' way"]
    check_equal(way["why"], "listener inside: inside.invalid does not resolve here; listener third: third.invalid does not resolve here",
                "each is named")
    check_file_of_listener(setup, env)
    check_haproxys_certificate(setup, env)


def check_haproxys_certificate(setup, env):
    """The certificate that HAProxy shows is for each listener whose TLS it ends, by its file, else by haproxy.tls."""
    shown = setup.certs.issue("shown", sans=f"IP:{setup.scene.host(94)}", days=400)
    text = pathlib.Path(setup.config).read_text()
    config = setup.scene.file("ended.conf", text.replace('tls = "passthrough";', f'tls = "terminate"; tls_certificate = "{shown}";'))
    env |= {"GATEWAY_LISTENER_OUTSIDE_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "GATEWAY_LISTENER_OUTSIDE_SSL_CERTIFICATE_LOCATION": None}
    file = setup.scene.dir / "ended.cfg"

    def found(path, look="certificates"):
        report = json.loads(setup.doctor("--json", "-c", config, "--haproxy", path, "--proc", setup.proc, **env)[1])
        return [f["what"] for f in report["findings"] if f["look"] == look and (look != "HAProxy's file" or " K84 " in f["what"])]

    def wrong(*numbers):
        return [f"{shown}, which HAProxy shows clients: the certificate is not for {setup.scene.host(n)}, so who verifies it leaves"
                for n in numbers]

    def bind(number, port, more=""):
        return f"frontend f{number} from d\n    bind {setup.scene.host(number)}:{port}-{port + 1}{more}\n    default_backend b{number}\n"

    def backend(number):
        return f"backend b{number} from d\n    balance leastconn\n    server n1 {setup.nodes[0].host}\n"

    def write(inside, outside):
        file.write_text("global\n    hard-stop-after 30m\ndefaults d\n    mode tcp\n    timeout connect 3s\n    timeout client 12m\n"
                        "    timeout server 12m\n" + bind(98, 9192, inside) + bind(97, 9292, outside) + backend(98) + backend(97))
    tls = f" ssl crt {shown}"
    check_equal(found(setup.scene.dir / "nowhere.cfg"), wrong(98, 97), "no file tells which")
    write("", tls)
    check_equal(found(file), wrong(97), "the second one's alone")
    told = 'haproxy.tls is "terminate": clients that speak it are not understood, by listener inside'
    [what] = found(file, "HAProxy's file")
    check(what.endswith("the bind ends no TLS, and " + told), what)
    write(tls, "")
    check_equal(found(file), wrong(98), "the first one's alone")
    config = setup.config
    [what] = found(file, "HAProxy's file")
    check(what.endswith('K84 the bind ends TLS, and haproxy.tls means listeners that have it, by listener inside'), what)


def check_file_of_listener(setup, env):
    """HAProxy's file is judged by the listener whose clients come by it."""
    file = setup.scene.dir / "outside.cfg"
    setup.generate_at(file, f"{setup.scene.host(97)}:9292-9294", "--listener", "outside", **env)

    def found(path, *more):
        report = json.loads(setup.doctor("--json", *setup.asked(path, setup.proc), *more, **env)[1])
        return [(f["severity"], f["what"]) for f in report["findings"] if f["look"] == "HAProxy's file" and f["severity"] != "advice"]
    check_equal(found(file), [], "it binds outside's ports")
    check_equal(found(file, "--listener", "OUTSIDE"), [], "and was made for it")
    told = f"K21 clients are told {setup.scene.host(98)}:9192-9193, which no frontend in TCP mode binds"
    check(any(f[0] == "error" and f[1].endswith(told) for f in found(file, "--listener", "inside")), "it does not bind inside's")
    check_equal([f for f in found(file, "--listener", "nobody") if "--listener" in f[1]],
                [("error", "--listener: no listener is called so; there are inside, outside")], "nobody's")
    check(any(f[0] == "error" and " K21 " in f[1] and ", by listener " in f[1] for f in found(setup.haproxy.config_path)),
          "it binds the ports of none")
    both = setup.scene.dir / "both.cfg"
    setup.generate_at(both, setup.scene.host(97), "--front", f"inside={setup.scene.host(98)}:9192", **env)
    check_equal(found(both), [], "one file for both")
    both.write_text(both.read_text().replace(":9292-9294", ":9292-9293"))
    [(severity, what)] = found(both)
    check(severity == "error" and what.endswith("which no frontend in TCP mode binds, by listener outside"), what)


def check_rights(setup):
    """What brokers refuse is told with what gives it, and a password that is wrong; and whose clock is off."""
    words = setup.asked(setup.haproxy.config_path, setup.proc)
    setup.kafka.refuse.update(DescribeGroups=GROUP_REFUSED)
    setup.kafka.hides, setup.kafka.ahead_ms = True, -90_450
    report = json.loads(setup.doctor("--json", *words)[1])
    found = [(f["severity"], f["look"], f["what"], f["do"]) for f in report["findings"] if f["severity"] != "advice"]
    command = f"kafka-acls --bootstrap-server '{setup.kafka.bootstrap}' --add --allow-principal 'User:gw' --operation Describe"
    for (severity, look, what, mend), kind in zip(found, ("topic", "group")):
        check_equal((severity, look, mend), ("error", "rights", f"{command} --{kind} '*'"), kind)
        check(f"User:gw has no right to Describe {kind} *" in what, what)
    check_equal(len(found), 3, f"all: {found}")
    check(re.search(r"the clock of Kafka's controller is (89|90)\.\d s behind the one here", found[2][2]), found[2])
    setup.kafka.refuse.clear()
    setup.kafka.hides, setup.kafka.ahead_ms = False, 0
    status, out = setup.doctor(*words, KAFKA_SASL_PASSWORD="other")
    check(status == 2 and "Invalid username or password" in out and "not looked at: rights: no broker answers" in out, out)
    check("my-secret" not in out and "other" not in out.replace("other nodes", ""), "tells a password")


def test(scene):
    setup = Setup(scene)
    check_sound(setup)
    check_rest(setup)
    check_running(setup)
    check_expired(setup)
    check_listeners(setup)
    check_rights(setup)
    check_broken(setup)


run(test)
