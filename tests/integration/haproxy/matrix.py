#!/usr/bin/env python3
"""What `anyportctl haproxy generate` makes of each two settings together: tests/golden/haproxy_matrix.

A cell is one value of each of the DIMENSIONS.  All cells are thousands, so the
files hold enough of them that every two values are together in one: in a cell
that is accepted where there is such a cell at all, else in one that is refused.

A file is what was asked, what was said, and haproxy.cfg without its comments
(which goldens.py holds).  HAProxy itself must like every one (-c -dW).
`matrix.py --update` asks for a sample of all cells, always the same one,
chooses anew and writes the files: look at what git says has changed.
"""
import concurrent.futures
import itertools
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

REPO = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "lib" / part) for part in ("haproxy", "")]
from certs import FOLDER as TLS, GoldenCerts  # noqa: E402
from haproxy_version import KNOWN, haproxy_program, haproxy_version, numbers  # noqa: E402

GOLDEN = REPO / "tests/golden/haproxy_matrix"
ANYPORTCTL = os.environ.get("ANYPORTCTL", str(pathlib.Path(os.environ.get("BUILD", REPO / "build")).resolve() / "anyportctl"))

SAMPLE = 6000  # of 60,480
GATEWAY = {
    "KAFKA_BOOTSTRAP_SERVERS": "10.1.0.1:9092", "GATEWAY_PORT_START": "9092", "GATEWAY_PORT_COUNT": "5",
    "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "false", "GATEWAY_ADVERTISED_LISTENER": "kafka.example.com:9092",
    "GATEWAY_PROXY_TRUSTED": "10.0.0.0/24", "GATEWAY_PORT_IS_HINT": "true",
}
LISTENERS = {
    "KAFKA_BOOTSTRAP_SERVERS": "10.1.0.1:9092", "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "false",
    "GATEWAY_PROXY_TRUSTED": "10.0.0.0/24", "GATEWAY_PORT_IS_HINT": "true",
    "GATEWAY_LISTENER_INSIDE_PORTS": "9092-9096", "GATEWAY_LISTENER_INSIDE_ADVERTISED_HOST": "kafka.int.example.com",
    "GATEWAY_LISTENER_OUTSIDE_PORTS": "19092-19096:29092-29096", "GATEWAY_LISTENER_OUTSIDE_ADVERTISED_HOST": "kafka.example.com",
    "GATEWAY_LISTENER_OUTSIDE_SECURITY_PROTOCOL": "SSL", "GATEWAY_LISTENER_OUTSIDE_SSL_CERTIFICATE_LOCATION": "/etc/anyport/gw.pem",
}
END = f"--tls-certificate {TLS}/kafka.pem"
NODE = f"--node-tls-ca {TLS}/ca.pem --node-tls-name gw.example.com --node-tls-certificate {TLS}/haproxy.pem"
# {dimension: {value: (flags, variables)}}
DIMENSIONS = {
    "mode": {
        "flags": ("--listen 10.0.0.9:9092-9096", {}),
        "ports": ("", GATEWAY),
        "moved": ("", {**GATEWAY, "GATEWAY_PORT_START": "6969"}),
        "single": ("", {**GATEWAY, "GATEWAY_ADVERTISED_MODE": "single", "GATEWAY_PORT_IS_HINT": "false"}),
        "listeners": ("", LISTENERS),
        "sni": ("--listen 10.0.0.9:9092-9092 --sni-route b1.example.com=9093 --sni-route b2.example.com=9094", {}),
    },
    "stickiness": {kind: (f"--stickiness {kind}", {})
                   for kind in ("none", "source", "client-id", "source+client-id", "port", "sni", "cert")},
    "balance": {way: (f"--balance {way}", {}) for way in ("leastconn", "roundrobin", "random", "hash")},
    "tls": {
        "plain": ("--tls none", {}),
        "passthrough": ("--tls passthrough", {}),
        "terminate": (f"--tls terminate {END}", {}),
        "mutual": (f"--tls terminate {END} --tls-client-auth required --tls-client-ca {TLS}/ca.pem", {}),
        "reencrypt": (f"--tls reencrypt {END} --tls-client-auth requested --tls-client-ca {TLS}/ca.pem {NODE}", {}),
    },
    "ha": {
        "alone": ("", {}),
        "pair": ("--peers lb1=10.0.0.8:10000 --peers lb2=10.0.0.9:10000 --local-peer lb1", {}),
    },
    "nodes": {
        "named": ("--node n1=10.0.0.1 --node n2=10.0.0.2", {}),
        "racks": ("--node n1=10.0.0.1@a --node n2=10.0.0.2@b --rack a", {}),
        "dns": ("--discover gw.example.com --dns-server 10.0.0.53:53", {}),
    },
    "more": {
        "little": ("", {}),
        "proxy": ("--proxy-header v2", {"GATEWAY_PROXY_PROTOCOL": "require"}),
        "watched": ("--agent-port 9999 --log-format json --metrics 10.0.0.9:9101 --stats-page 127.0.0.1:8404", {}),
        "limited": ("--limit-source 100 --limit-source-rate 50 --limit-client-id 30 --accept-proxy 10.0.9.0/24", {}),
    },
}


DIMENSIONS["version"] = {version: (f"--for {version}", {}) for version in KNOWN}


def pairs_of(cell):
    return set(itertools.combinations(zip(DIMENSIONS, cell), 2))


def all_pairs():
    return set().union(*(pairs_of(cell) for cell in itertools.product(*DIMENSIONS.values())))


def words_of(cell):
    chosen = [DIMENSIONS[name][value] for name, value in zip(DIMENSIONS, cell)]
    env = {}
    for _, variables in chosen:
        env.update(variables)
    if "KAFKA_BOOTSTRAP_SERVERS" not in env:
        env = {}
    return " ".join(flags for flags, _ in chosen if flags), env


def ask(cell):
    """(whether it is accepted, the golden file's text)."""
    words, env = words_of(cell)
    done = subprocess.run([ANYPORTCTL, "haproxy", "generate", *words.split()], env=env, capture_output=True, text=True, check=False)
    asked = "".join(f"{name}={value}\n" for name, value in sorted(env.items())) + words.replace(" --", "\n    --") + "\n"
    lines = [line for line in done.stdout.splitlines() if not re.match(r" *#", line)]
    return done.returncode == 0, f"{asked}\n{done.stderr}" + "\n".join(lines) + ("\n" if lines else "")


def config_of(cell):
    words, env = words_of(cell)
    return subprocess.run([ANYPORTCTL, "haproxy", "generate", *words.split()], env=env, capture_output=True, text=True,
                          check=False).stdout


def path_of(cell):
    return GOLDEN / ("_".join(cell) + ".txt")


def choose(cells, pairs):
    """Few of the cells that have all the pairs between them: again and again the one that has most that are missing."""
    chosen = []
    while pairs:
        best = max(cells, key=lambda cell: len(pairs & pairs_of(cell)))
        chosen.append(best)
        pairs = pairs - pairs_of(best)
    return chosen


def update():
    cells = random.Random(1).sample(list(itertools.product(*DIMENSIONS.values())), SAMPLE)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = dict(zip(cells, pool.map(ask, cells)))
    accepted = [cell for cell in cells if answers[cell][0]]
    can = set().union(*map(pairs_of, accepted))
    chosen = choose(accepted, can) + choose([cell for cell in cells if not answers[cell][0]], all_pairs() - can)
    shutil.rmtree(GOLDEN, ignore_errors=True)
    GOLDEN.mkdir()
    for cell in chosen:
        path_of(cell).write_text(answers[cell][1])
    print(f"{len(accepted)} of {len(cells)} are accepted; {len(chosen)} files")


def mistakes(cell, certs):
    is_accepted, text = ask(cell)
    path = path_of(cell)
    if text != path.read_text():
        yield subprocess.run(["diff", "-u", path, "-"], input=text, capture_output=True, text=True, check=False).stdout
    if is_accepted and haproxy_version() >= numbers(cell[-1]):
        done = subprocess.run([haproxy_program(), "-c", "-dW", "-f", "/dev/stdin"], input=certs.at(config_of(cell)), capture_output=True,
                              text=True, check=False)
        if done.returncode:
            yield f"HAProxy refuses it:\n{done.stderr}"
    elif not is_accepted and "refused: " not in text:
        yield f"neither a file nor a refusal:\n{text}"


def check():
    cells = [tuple(path.stem.split("_")) for path in sorted(GOLDEN.glob("*.txt"))]
    missing = all_pairs() - set().union(*map(pairs_of, cells))
    faults = [f"nowhere together: {pair}" for pair in sorted(missing)]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor() as pool:
        certs = GoldenCerts(folder)
        for cell, found in zip(cells, pool.map(lambda cell: list(mistakes(cell, certs)), cells)):
            faults += [f"{path_of(cell).name}: {mistake}" for mistake in found]
    print("\n".join(faults))
    print(f"{'FAIL' if faults else 'PASS'} haproxy/matrix ({len(cells)} cells)")
    return 1 if faults else 0


if __name__ == "__main__":
    if "--update" in sys.argv[1:]:
        update()
    sys.exit(check())
