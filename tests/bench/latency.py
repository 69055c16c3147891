#!/usr/bin/env python3
"""latency.py - publish and end-to-end latency at a fixed rate, on real Kafka (`make bench-latency`).

    latency.py [--rate MB] [--topics N,...] [--seconds S] [--warm-up S] [--rounds N] [--size BYTES] [--kafka VERSION]
               [--paths PATH,...] [--json FILE]

The load (latency.c) is open, 50 MB/s of 1 KB records by default, to three brokers of the end-to-end tests that keep three replicas, over 10 and
over 100 topics of three partitions.  It goes over each path in turn, several rounds, each time to topics of its own: straight to
the brokers; through HAProxy, which the brokers advertise on a listener of their own; through a node; through HAProxy and a node.
Shown is the median of the rounds.  Everything runs on one machine, so what one path costs of its CPU the brokers lack.
Fails when a record is lost, or when the node's own counter of bytes says that the traffic went around it.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "lib")]

from brokers import Cluster  # noqa: E402
from cluster import BUILD, FIRST_PORT, Haproxy, Scene, check, check_equal, wait_for  # noqa: E402

PARTITIONS = 3
BEHIND, FRONT, NODE = 2, 3, 1  # hosts: HAProxy before the brokers, before the node; the node by itself is 11
VIA_PORT = 29850
HAPROXY = """\
global
    nbthread 1
    maxconn 4000
    stats socket {socket} mode 600 level admin
defaults
    mode tcp
    timeout connect 3s
    timeout client 1m
    timeout server 1m
    option splice-auto
"""


class Behind(Cluster):
    """A listener more, VIA, which clients are told as HAProxy's."""

    def _listeners(self, broker):
        listeners, advertised = super()._listeners(broker)
        via = f"{self.scene.host(BEHIND)}:{VIA_PORT + broker.id}"
        return f"{listeners},VIA://{self.via(broker)}", f"{advertised},VIA://{via}"

    def via(self, broker):
        return f"{broker.host}:{VIA_PORT + broker.id}"


def haproxy(scene, name, host, pairs):
    """pairs: (port, server)"""
    text = HAPROXY.format(socket=scene.dir / f"{name}.sock")
    for port, server in pairs:
        text += f"listen l{port}\n    bind {host}:{port}\n    server s{port} {server}\n"
    return Haproxy(scene, [], text, name=name, host=host, first_port=pairs[0][0])


class Path:
    def __init__(self, name, bootstrap, node=None):
        self.name, self.bootstrap, self.node = name, bootstrap, node


def make_paths(scene, kafka):
    brokers = list(kafka.brokers.values())
    haproxy(scene, "behind", scene.host(BEHIND), [(VIA_PORT + b.id, kafka.via(b)) for b in brokers])
    options = {"min_broker": 1, "ports": len(brokers), "threads": 1}
    alone = scene.node(kafka.bootstrap, number=11, env={"GATEWAY_CLUSTER_ID": "alone"}, **options)
    front = scene.host(FRONT)
    both = scene.node(kafka.bootstrap, number=12, advertise=f"{front}:{FIRST_PORT}", env={"GATEWAY_CLUSTER_ID": "both"}, **options)
    haproxy(scene, "front", front, [(FIRST_PORT + n, f"{both.host}:{both.first_port + n}") for n in range(len(brokers))])
    return [Path("direct", kafka.bootstrap), Path("haproxy", f"{scene.host(BEHIND)}:{VIA_PORT + 1}"),
            Path("anyport", f"{alone.host}:{alone.first_port}", alone), Path("both", f"{front}:{FIRST_PORT}", both)]


def make_topics(kafka, prefix, count):
    names = [f"{prefix}{n}" for n in range(count)]
    with kafka.connect(1) as broker:
        answer = broker.ask("CreateTopics", 7, {"timeoutMs": 60000, "Topics": [
            {"Name": name, "NumPartitions": PARTITIONS, "ReplicationFactor": 3, "Configs": []} for name in names]})
        check_equal([t["ErrorCode"] for t in answer["Topics"]], [0] * count, "errors of making topics")
    for node in kafka.brokers:
        wait_for(lambda node=node: all(len(t["Partitions"]) == PARTITIONS and all(p["LeaderId"] > 0 for p in t["Partitions"])
                                       for t in kafka.metadata(node, names)["Topics"]), 60, f"broker {node} knows {prefix}*")
    kafka.wait_in_sync()
    return names


def delete_topics(kafka, names):
    with kafka.connect(1) as broker:
        broker.ask("DeleteTopics", 6, {"TimeoutMs": 60000, "Topics": [{"Name": name, "TopicId": b"\0" * 16} for name in names]})


def measure(kafka, path, topics, number, args):
    prefix = f"{path.name}-{topics}-{number}-"
    names = make_topics(kafka, prefix, topics)
    before = path.node.metrics().sum("anyport_client_bytes_total") if path.node else 0
    argv = [BUILD / "latency", "--bootstrap", path.bootstrap, "--topic", prefix, "--topics", topics, "--partitions", PARTITIONS, "--rate",
            args.rate, "--size", args.size, "--warm-up", args.warm_up, "--seconds", args.seconds]
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{path.name}, {topics} topics: {done.stderr}")
    result = json.loads(done.stdout)
    if path.node:  # written and read: each record went through it twice
        wait_for(lambda: path.node.metrics().sum("anyport_client_bytes_total") - before > 2 * result["sent"] * args.size, 5,
                 f"{path.name}: all bytes counted by the node")
    delete_topics(kafka, names)
    return result


def middle(results):
    return {kind: {key: statistics.median(r[kind][key] for r in results) for key in results[0][kind]}
            for kind in ("publish", "end_to_end")} | {"late_us": max(r["late_us"] for r in results)}


def show(topics, figures):
    print(f"\n{topics} topics, milliseconds")
    print(f"  {'':10}" + "".join(f"{head:>13}" for head in ("publish avg", "p99", "end-to-end", "p99", "sender late")))
    for name, f in figures.items():
        cells = [f["publish"]["average_us"], f["publish"]["p99_us"], f["end_to_end"]["average_us"], f["end_to_end"]["p99_us"], f["late_us"]]
        print(f"  {name:10}" + "".join(f"{cell / 1000:13.2f}" for cell in cells), flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=50, help="MB a second")
    parser.add_argument("--topics", type=lambda s: [int(n) for n in s.split(",")], default=[10, 100])
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--warm-up", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--kafka", default="4.4.0")
    parser.add_argument("--paths", type=lambda s: s.split(","), default=[], help="direct, haproxy, anyport, both")
    parser.add_argument("--json", type=pathlib.Path, default=BUILD / "latency.json", help="where all figures go")
    return parser.parse_args()


def main():
    args = arguments()
    everything = {}
    with Scene() as scene:
        kafka = Behind(args.kafka, scene, settings={"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,VIA:PLAINTEXT,CONTROLLER:PLAINTEXT,"
                                                    "SSL:SSL"})
        try:
            kafka.start()
            paths = [p for p in make_paths(scene, kafka) if not args.paths or p.name in args.paths]
            for topics in args.topics:
                results = {path.name: [] for path in paths}
                for number in range(args.rounds):
                    for path in paths:
                        results[path.name].append(measure(kafka, path, topics, number, args))
                everything[topics] = {name: middle(of) for name, of in results.items()}
                show(topics, everything[topics])
        finally:
            kafka.stop()
    load = os.getloadavg()[1]
    args.json.write_text(json.dumps({"kafka": args.kafka, "rate": args.rate, "size": args.size, "seconds": args.seconds, "rounds": args.rounds,
                                     "cores": os.cpu_count(), "load": round(load, 1), "topics": everything}, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"latency: {error}")
