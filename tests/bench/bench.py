#!/usr/bin/env python3
"""bench.py - what the gateway costs, beside HAProxy in the same run (`make bench`).

    bench.py [--rounds N] [--only SCENARIO,...] [--paths PATH,...] [--scale F]
             [--bootstrap HOST:PORT,... --topic NAME] [--threads N] [--json FILE]
             [--tls front|behind|both]

Load (load.c) goes over each path in turn, several rounds, to a cluster that
stores nothing (sink.c), or to a real one that --bootstrap names.  Measured is
the CPU time of the process in the middle (/proc/PID/stat), as seconds a GB and
a million requests, and the latency it adds to that of the direct path; relay.c,
which only moves bytes, shows what would be the least.  Every
ratio is to HAProxy's default TCP mode in the same round; shown is the median.

With --tls the process in the middle speaks TLS 1.3 to clients, to brokers, or to both: a node beside an HAProxy that
does the same, each with processes of HAProxy's, which are not measured, that turn the load's plaintext into TLS and
TLS into the cluster's plaintext.

handshakes (with --tls front or both): two thousand clients that come at once, as when a node has died, by a new TLS
handshake each; how long it takes until all are served by a node and by an HAProxy, both asked straight and in turn, and
what a client that stays then holds of the node's memory.

audit: requests that change the cluster, to brokers of Python's own, through a node with and one without the audit log in
turn; what a line of it costs the node.

Fails when a request fails, or when the node's own counter of bytes says that
the traffic went around it.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from crowd import Crowd  # noqa: E402
from cluster import BUILD, FIRST_PORT, Haproxy, Scene, check, wait_for  # noqa: E402
from flooder import Flooder, latencies, median as middle  # noqa: E402
from haproxy.certs import Certs  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402

SINK_PARTITIONS = 12
BASE = "haproxy"


class Scenario:
    def __init__(self, name, what, operations, **options):
        """options: load.c's.  `spread` puts a part on each broker, the others stay on one."""
        self.name, self.what, self.operations = name, what, operations
        self.spread = options.pop("spread", False)
        self.together = options.get("together") == "yes"
        self.options = options


SCENARIOS = [
    Scenario("produce", "1 KB messages, 1 MB to one partition a request", 3000, mode="produce", clients=4, depth=2),
    Scenario("produce-many", "1 KB messages, 4 partitions of one broker in a request of 1 MB", 3000, mode="produce",
             bytes=256 << 10, together="yes", clients=4, depth=2),
    Scenario("consume", "1 KB messages, 1 MB a fetch", 3000, mode="fetch", clients=4, depth=2),
    Scenario("small", "requests of 200 bytes, one at a time", 40000, mode="produce", bytes=100),
    Scenario("small-pipelined", "requests of 200 bytes, 8 clients with 16 in flight", 300000, mode="produce",
             bytes=100, clients=8, depth=16),
    Scenario("split-produce", "one request to three brokers, 100 KB each", 4000, mode="produce", bytes=100 << 10,
             together="yes", spread=True),
    Scenario("split-consume", "one fetch from three brokers, 1 MB each", 1000, mode="fetch", together="yes",
             spread=True),
]


class Cluster:
    """Where the load ends: who leads what."""

    def __init__(self, scene, args):
        self.topic = args.topic
        self.plain = {}  # {address that brokers tell: where they speak plaintext}
        if args.bootstrap:
            self.bootstrap = args.bootstrap
        else:
            sink = scene.sink(self.topic, SINK_PARTITIONS, advertise=scene.host(51) if args.tls in BEHIND else None)
            self.bootstrap = sink.bootstrap
            self.plain = {told: f"{sink.host}:{told.rpartition(':')[2]}" for told in sink.bootstrap.split(",")}
        self._learn()

    def _learn(self):
        first = self.bootstrap.split(",")[0]
        host, _, port = self.plain.get(first, first).rpartition(":")
        with Connection(host, int(port)) as kafka:
            answer = kafka.ask("Metadata", 7, topics=[{"name": self.topic}], allow_auto_topic_creation=False)
        self.brokers = {b["node_id"]: f"{b['host']}:{b['port']}" for b in answer["brokers"]}
        topic = answer["topics"][0]
        check(topic["error_code"] == 0, f"topic {self.topic}: error {topic['error_code']}")
        self.led = {broker: [] for broker in sorted(self.brokers)}
        for partition in topic["partitions"]:
            self.led[partition["leader_id"]].append(partition["partition_index"])
        check(all(self.led.values()), f"topic {self.topic} must have a leader on every broker: {self.led}")

    def preload(self):
        """A real cluster must have something to be fetched."""
        for broker, partitions in self.led.items():
            for partition in partitions:
                argv = [BUILD / "load", "--topic", self.topic, "--target", self.brokers[broker], "--mode", "produce",
                        "--partitions", partition, "--operations", 4]
                subprocess.run([str(a) for a in argv], check=True, stdout=subprocess.DEVNULL)

    def first(self):
        return next(iter(self.led))


class Path:
    """A way from the load to the cluster.  `processes` are those whose CPU counts."""

    def __init__(self, name, targets, cpu=None, node=None):
        self.name = name
        self.targets = targets  # one for all brokers, or one a broker
        self.cpu = cpu or (lambda: 0.0)
        self.node = node

    def arguments(self, scenario, cluster):
        if not scenario.spread:
            partitions = cluster.led[cluster.first()]
            if scenario.together:
                partitions = partitions[:4]
            return dict(scenario.options, target=self.targets[0], partitions=partitions)
        partitions = [led[0] for led in cluster.led.values()][:3]
        if len(self.targets) == 1:
            return dict(scenario.options, target=self.targets[0], partitions=partitions)
        # Without a gateway the client does what the gateway would: a request to each broker.
        options = {k: v for k, v in scenario.options.items() if k != "together"}
        return dict(options, target=",".join(self.targets[:len(partitions)]), partitions=partitions)

    def run(self, scenario, cluster, scale):
        values = self.arguments(scenario, cluster)
        values["partitions"] = ",".join(str(p) for p in values["partitions"])
        values["operations"] = max(10, int(scenario.operations * scale))
        argv = [str(BUILD / "load"), "--topic", cluster.topic]
        for key, value in values.items():
            argv += ["--" + key, str(value)]
        seen, cpu = self.node_bytes(), self.cpu()
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        cpu = self.cpu() - cpu
        check(done.returncode == 0, f"{self.name}, {scenario.name}: load ended with {done.returncode}: {done.stderr}")
        result = json.loads(done.stdout)
        result["cpu"] = cpu
        result["bytes"] = result["bytes_in"] + result["bytes_out"]
        self.check_bytes(seen, result, scenario)
        return result

    def node_bytes(self):
        return self.node.metrics().sum("anyport_client_bytes_total") if self.node else 0

    def check_bytes(self, before, result, scenario):
        if not self.node:
            return

        def counted():
            return self.node_bytes() - before >= result["bytes"]
        wait_for(counted, 3, f"{self.name}, {scenario.name}: all {result['bytes']} bytes counted by the node")


HAPROXY = """\
global
    nbthread {threads}
    maxconn {limit}
    stats socket {dir}/{name}.sock mode 600 level admin
defaults
    mode tcp
    timeout connect 3s
    timeout client 1m
    timeout server 1m
{options}
"""
HAPROXY_PAIR = """\
listen l{n}
    bind {at} {bind}
    server s{n} {server} {to}
"""
FRONT, BEHIND = ("front", "both"), ("behind", "both")  # which values of --tls mean which side


def start_haproxy(scene, args, name, number, servers, options="", bind="", to="", ports=None, limit=2000):
    """One listener a server, on ports in a row, or on these.  bind, to: more words of each listener and server."""
    host = scene.host(number)
    text = HAPROXY.format(threads=args.threads, dir=scene.dir, name=name, options=options, limit=limit)
    at = [f"{host}:{port}" for port in ports or range(FIRST_PORT, FIRST_PORT + len(servers))]
    for n, server in enumerate(servers):
        text += HAPROXY_PAIR.format(n=n, at=at[n], server=server, bind=bind, to=to)
    haproxy = Haproxy(scene, [], text, name=name, host=host, first_port=int(at[0].rpartition(":")[2]))
    return haproxy, at


def start_relays(scene, servers):
    """relay.c in front of each broker: what moving the bytes costs at the least."""
    host, relays, targets = scene.host(5), [], []
    for n, server in enumerate(servers):
        targets.append(f"{host}:{FIRST_PORT + n}")
        relay = scene.process([BUILD / "relay", "--listen", targets[-1], "--to", server], pipes=True)
        check(relay.popen.stdout.readline() == "listens\n", f"relay did not start: {relay.log()}")
        relays.append(relay)
    return Path("relay", targets, lambda: sum(relay.cpu_seconds() for relay in relays))


SPLICE = "    option splice-request\n    option splice-response\n"


def make_paths(scene, args, cluster):
    brokers = list(cluster.brokers[b] for b in cluster.led)
    plain, plain_at = start_haproxy(scene, args, "haproxy", 2, brokers)
    splice, splice_at = start_haproxy(scene, args, "haproxy-splice", 3, brokers, SPLICE)
    paths = [
        Path("direct", brokers),
        Path(BASE, plain_at, plain.cpu_seconds),
        Path("haproxy-splice", splice_at, splice.cpu_seconds),
        start_relays(scene, brokers),
    ]
    if wanted(args.paths, "anyport") or wanted(args.paths, "both"):
        node = scene.node(cluster.bootstrap, threads=args.threads, min_broker=min(cluster.brokers),
                          ports=max(cluster.brokers) - min(cluster.brokers) + 1)
        at = f"{node.host}:{node.first_port}"
        front, front_at = start_haproxy(scene, args, "haproxy-front", 4, [at], SPLICE)
        paths += [
            Path("anyport", [at], node.cpu_seconds, node),
            Path("both", front_at, lambda: node.cpu_seconds() + front.cpu_seconds(), node),
        ]
    return [p for p in paths if wanted(args.paths, p.name) or p.name in ("direct", BASE)]


def make_tls_paths(scene, args, cluster):
    """A node and an HAProxy that do the same; what stands around them is not measured."""
    certs = Certs(scene.dir)
    certs.issue("server", sans=",".join(f"IP:{scene.host(n)}" for n in (2, 51, 101)))
    told = [cluster.brokers[b] for b in cluster.led]
    plain = [cluster.plain[address] for address in told]
    secure, trust = f"ssl crt {scene.dir}/server.pem", f"ssl verify required ca-file {certs.authority}"
    front, behind = args.tls in FRONT, args.tls in BEHIND
    if behind:
        start_haproxy(scene, args, "ends-tls", 51, plain, bind=secure, ports=[a.rpartition(":")[2] for a in told])
    haproxy, haproxy_at = start_haproxy(scene, args, "haproxy", 2, told if behind else plain,
                                        bind=secure if front else "", to=trust if behind else "")
    env = {}
    if front:
        env |= {"GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_SSL_CERTIFICATE_LOCATION": scene.dir / "server.pem"}
    if behind:
        env |= {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CA_LOCATION": certs.authority}
    node = scene.node(cluster.bootstrap, threads=args.threads, min_broker=min(cluster.brokers), env=env,
                      ports=max(cluster.brokers) - min(cluster.brokers) + 1)
    node_at = [f"{node.host}:{node.first_port}"]
    if front:
        _, haproxy_at = start_haproxy(scene, args, "begins-tls", 6, haproxy_at, to=trust)
        _, node_at = start_haproxy(scene, args, "begins-tls-node", 7, node_at, to=trust)
    return [Path("direct", plain), Path(BASE, haproxy_at, haproxy.cpu_seconds), Path("anyport", node_at, node.cpu_seconds, node)]


def wanted(names, name):
    return not names or name in names


def measure(paths, cluster, scenario, args):
    """{path: [result of each round]}, the paths taken in turn."""
    results = {path.name: [] for path in paths}
    for _ in range(args.rounds):
        for path in paths:
            results[path.name].append(path.run(scenario, cluster, args.scale))
    return results


def figures_of(results, name):
    """The medians over the rounds; ratios and additions are taken within each round."""
    rows = list(zip(results[name], results["direct"], results[BASE]))

    def median(function):
        values = [function(*row) for row in rows]
        return statistics.median(v for v in values) if values else 0.0

    def ratio(a, b):
        return a / b if b > 0 else float("nan")

    return {
        "cpu_s_per_gb": median(lambda r, d, b: r["cpu"] / (r["bytes"] / 1e9)),
        "cpu_s_per_million": median(lambda r, d, b: r["cpu"] / (r["operations"] / 1e6)),
        "cpu_ratio": median(lambda r, d, b: ratio(r["cpu"] / r["bytes"], b["cpu"] / b["bytes"])),
        "added_p50_us": median(lambda r, d, b: r["p50_us"] - d["p50_us"]),
        "added_p99_us": median(lambda r, d, b: r["p99_us"] - d["p99_us"]),
        "added_p50_ratio": median(lambda r, d, b: ratio(r["p50_us"] - d["p50_us"], b["p50_us"] - d["p50_us"])),
        "added_p99_ratio": median(lambda r, d, b: ratio(r["p99_us"] - d["p99_us"], b["p99_us"] - d["p99_us"])),
        "mb_per_s": median(lambda r, d, b: r["bytes"] / r["seconds"] / 1e6),
        "p50_us": median(lambda r, d, b: r["p50_us"]),
    }


COLUMNS = [  # title, figure, format
    ("CPU s/GB", "cpu_s_per_gb", "{:.3f}"), ("CPU s/M req", "cpu_s_per_million", "{:.2f}"),
    ("CPU ratio", "cpu_ratio", "{:.2f} x"), ("+median us", "added_p50_us", "{:.0f}"),
    ("ratio", "added_p50_ratio", "{:.2f} x"), ("+p99 us", "added_p99_us", "{:.0f}"),
    ("ratio", "added_p99_ratio", "{:.2f} x"), ("MB/s", "mb_per_s", "{:.0f}"),
]


def show(scenario, figures):
    print(f"\n{scenario.name}: {scenario.what}")
    print("  {:16}".format("") + "".join(f"{title:>13}" for title, _, _ in COLUMNS))
    for name, values in figures.items():
        cells = ""
        for _, key, form in COLUMNS:
            hidden = name == "direct" and key != "mb_per_s"
            cells += f"{'' if hidden else form.format(values[key]):>13}"
        print(f"  {name:16}{cells}", flush=True)


SUMMARY = [  # title, figure
    ("CPU", "cpu_ratio"), ("added median", "added_p50_ratio"), ("added p99", "added_p99_ratio"),
]


def summarize(everything, args):
    """What one looks at first: the node beside HAProxy, a line a scenario."""
    print(f"\nanyport, as a multiple of HAProxy ({f'TLS {args.tls}' if args.tls else 'default TCP mode'})")
    print("  {:16}".format("") + "".join(f"{title:>14}" for title, _ in SUMMARY))
    for name, figures in everything.items():
        if "anyport" in figures:
            cells = [figures["anyport"][key] for _, key in SUMMARY]
            # what one of the two did not add can't be told as a multiple
            print(f"  {name:16}" + "".join(f"{f'{cell:.2f} x' if cell > 0 else '-':>14}" for cell in cells))


SETTLES_S = 6
FLOOD = "flood"
FLOOD_COUNT = 2000


def flood(scene, cluster):
    """What a client that asks without end costs another one of the same worker, in each one's own latency."""
    node = scene.node(cluster.bootstrap)
    alone = latencies(node.address, FLOOD_COUNT)
    with Flooder(scene, node.address):
        beside = latencies(node.address, FLOOD_COUNT)
    figures = {"alone_p50_us": middle(alone) * 1e6, "beside_p50_us": middle(beside) * 1e6,
               "beside_p99_us": beside[int(len(beside) * 0.99)] * 1e6}
    print(f"\n{FLOOD}: a small request beside a client that asks without end")
    print("  median {alone_p50_us:.0f} us alone, {beside_p50_us:.0f} us beside it, p99 {beside_p99_us:.0f} us".format(
        **figures))
    return figures


HANDSHAKES = "handshakes"
HANDSHAKES_COUNT = 2000


def handshakes(scene, cluster, args):
    """How long many handshakes at once take, until the last one is done.  Whose they are has its own CPU, mostly."""
    certs = Certs(scene.dir)
    certs.issue("server", sans=f"IP:{scene.host(51)}")
    secure = scene.dir / "server.pem"
    _, haproxy_at = start_haproxy(scene, args, "ends", 52, [next(iter(cluster.plain.values()))], bind=f"ssl crt {secure}",
                                  limit=3 * HANDSHAKES_COUNT)
    node = scene.node(cluster.bootstrap, threads=args.threads, min_broker=min(cluster.brokers),
                      env={"GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_SSL_CERTIFICATE_LOCATION": secure,
                           "GATEWAY_HEAD_TIMEOUT": "60 s"})  # as long as HAProxy has: both have the same clients, who take most of the time
    host, _, port = haproxy_at[0].rpartition(":")
    took, each = {"node": [], BASE: []}, 0.0
    for _ in range(args.rounds):
        with Crowd((host, int(port)), HANDSHAKES_COUNT) as crowd:
            took[BASE].append(crowd.took)
        before = node.process.memory().private
        with Crowd(node.address, HANDSHAKES_COUNT) as crowd:
            took["node"].append(crowd.took)
            time.sleep(SETTLES_S)  # a node gives back what only handshakes need after some seconds
            each = each or (node.process.memory().private - before) / HANDSHAKES_COUNT / 1024
    figures = {"node_s": middle(sorted(took["node"])), "haproxy_s": middle(sorted(took[BASE])), "kb_each": each,
               "ratio": statistics.median(a / b for a, b in zip(took["node"], took[BASE]))}
    print(f"\n{HANDSHAKES}: {HANDSHAKES_COUNT} clients at once by new TLS handshakes")
    print("  the last one after {node_s:.2f} s at a node, {haproxy_s:.2f} s at HAProxy: {ratio:.2f} x; then {kb_each:.0f} KB "
          "each in the node".format(**figures), flush=True)
    return figures


AUDIT = "audit"
AUDIT_COUNT, AUDIT_AT_ONCE = 6400, 16


def creates_topics(broker, ask):
    if ask.api != "CreateTopics":
        return broker.usual(ask)
    return {"topics": [{"name": topic["name"]} for topic in ask.values["topics"]]}


def administer(node, count):
    """(requests a second, the node's CPU time in us of each)"""
    topic = {"name": "orders", "num_partitions": 3, "replication_factor": 3, "assignments": [], "configs": []}
    with Connection(*node.address, timeout=60) as kafka:
        began, cpu = time.perf_counter(), node.cpu_seconds()
        for _ in range(count // AUDIT_AT_ONCE):
            for _ in range(AUDIT_AT_ONCE):
                kafka.send("CreateTopics", 4, topics=[topic], timeout_ms=1000, validate_only=True)
            for _ in range(AUDIT_AT_ONCE):
                check(kafka.receive()["topics"][0]["error_code"] == 0, "a topic was refused")
        return count / (time.perf_counter() - began), (node.cpu_seconds() - cpu) / count * 1e6


def audit(scene, args):
    """What the audit log costs a node."""
    kafka = StandIns(scene, creates_topics, {"orders": 3})
    nodes = {"without": scene.node(kafka.bootstrap), "with": scene.node(kafka.bootstrap, env={"GATEWAY_AUDIT_LOG": "true"})}
    results = {name: [] for name in nodes}
    for _ in range(args.rounds):
        for name, node in nodes.items():
            results[name].append(administer(node, int(AUDIT_COUNT * args.scale)))
    lines = nodes["with"].metrics().sum("anyport_audit_lines_total")
    check(lines == args.rounds * (int(AUDIT_COUNT * args.scale) // AUDIT_AT_ONCE) * AUDIT_AT_ONCE, f"{lines} lines of the audit log")
    figures = {f"{name}_{figure}": statistics.median(r[n] for r in rounds) for name, rounds in results.items()
               for n, figure in enumerate(["a_second", "cpu_us"])}
    figures["line_us"] = statistics.median(a[1] - b[1] for a, b in zip(results["with"], results["without"]))
    print(f"\n{AUDIT}: requests that change the cluster, {AUDIT_AT_ONCE} in flight")
    print("  {without_a_second:.0f} a second and {without_cpu_us:.1f} us of CPU each without the audit log, {with_a_second:.0f} and "
          "{with_cpu_us:.1f} us with it: {line_us:.1f} us a line".format(**figures), flush=True)
    return figures


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=lambda s: s.split(","), default=[], help="scenarios: " + ", ".join(
        s.name for s in SCENARIOS) + f", {FLOOD}, {HANDSHAKES}, {AUDIT}")
    parser.add_argument("--paths", type=lambda s: s.split(","), default=[], help="haproxy-splice, relay, anyport, both")
    parser.add_argument("--scale", type=float, default=0.6, help="times as many operations")
    parser.add_argument("--threads", type=int, default=1, help="of HAProxy and of the node")
    parser.add_argument("--bootstrap", help="a real cluster instead of the sink")
    parser.add_argument("--topic", default="bench", help="has a partition on every broker")
    parser.add_argument("--tls", choices=sorted({*FRONT, *BEHIND}), help="where TLS is spoken")
    parser.add_argument("--json", type=pathlib.Path, help="where all figures go: bench.json or bench-tls-WHERE.json in the build folder")
    args = parser.parse_args()
    known = {s.name for s in SCENARIOS} | {FLOOD, HANDSHAKES, AUDIT}
    for name in args.only:
        if name not in known:
            parser.error(f"no scenario {name}")
    return args


def main():
    args = arguments()
    everything = {}
    with Scene() as scene:
        cluster = Cluster(scene, args)
        if args.bootstrap:
            cluster.preload()
        paths = make_tls_paths(scene, args, cluster) if args.tls else make_paths(scene, args, cluster)
        print(f"{args.rounds} rounds over {', '.join(p.name for p in paths)}; CPU ratio and added latency: "
              f"to {BASE} ({f'TLS {args.tls}' if args.tls else 'default TCP mode'}) in the same round")
        for scenario in SCENARIOS:
            if wanted(args.only, scenario.name):
                results = measure(paths, cluster, scenario, args)
                figures = {name: figures_of(results, name) for name in results}
                everything[scenario.name] = figures
                show(scenario, figures)
        if wanted(args.only, FLOOD):
            everything[FLOOD] = flood(scene, cluster)
        if not args.tls and wanted(args.only, AUDIT):
            everything[AUDIT] = audit(scene, args)
        if args.tls in FRONT and wanted(args.only, HANDSHAKES):
            everything[HANDSHAKES] = handshakes(scene, cluster, args)
    summarize(everything, args)
    shown = {s.name: {"what": s.what, "figures": everything[s.name]} for s in SCENARIOS if s.name in everything}
    path = args.json or BUILD / ("bench.json" if not args.tls else f"bench-tls-{args.tls}.json")
    path.write_text(json.dumps({
        "rounds": args.rounds, "tls": args.tls, "cores": os.cpu_count(), "load": round(os.getloadavg()[1], 1), "scenarios": shown,
        **{name: everything[name] for name in (FLOOD, HANDSHAKES, AUDIT) if name in everything}}, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"bench: {error}")
