#!/usr/bin/env python3
"""What people copy is right: every folder of examples/.

`examples.py --update` writes the examples' haproxy.cfg anew.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"), str(pathlib.Path(__file__).resolve().parents[2] / "lib")]
from certs import GoldenCerts  # noqa: E402
from haproxy_version import KNOWN, haproxy_program  # noqa: E402

REPO = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BUILD", REPO / "build")).resolve()
KINDS = {"plain-pair", "ha-keepalived", "tls-passthrough", "tls-terminate", "tls-reencrypt", "kubernetes-headless", "kubernetes-ingress",
         "single"}


def call(*words, cwd=REPO):
    done = subprocess.run([str(w) for w in words], cwd=cwd, env={}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def generated(folder):
    status, text, errors = call(BUILD / "anyportctl", "haproxy", "generate", "-c", "anyport.conf", "--for", KNOWN[0], cwd=folder)
    return text if status == 0 else f"refused: {errors}"


def example_faults(folder, certs):
    conf = certs.folder / "anyport.conf"
    conf.write_text(certs.at((folder / "anyport.conf").read_text()))
    status, _, errors = call(BUILD / "anyport", "-t", "-c", conf)
    if status:
        yield f"anyport -t refuses it: {errors}"
    if generated(folder) != (folder / "haproxy.cfg").read_text():
        yield "haproxy.cfg is not what anyportctl writes: see --update"
    done = subprocess.run([haproxy_program(), "-c", "-dW", "-f", "/dev/stdin"], input=certs.at((folder / "haproxy.cfg").read_text()),
                          capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"HAProxy refuses it: {done.stderr}"
    if (folder / "keepalived.conf").exists():
        yield from keepalived_faults(folder)
    if not (folder / "README.md").read_text().startswith(f"# {folder.name}\n"):
        yield "README.md is not about it"


def keepalived_faults(folder):
    """The address it moves is the one that clients are told; what it asks of HAProxy is there; the two are the peers."""
    text, told = (folder / "keepalived.conf").read_text(), (folder / "anyport.conf").read_text()
    if text.count("{") != text.count("}"):
        yield "keepalived.conf: braces"
    address = re.search(r"virtual_ipaddress \{\s*([0-9.]+)/", text).group(1)
    if f'advertised_listener = "{address}:' not in told:
        yield f"keepalived.conf moves {address}, which is not what clients are told"
    socket = re.search(r"socat - (\S+)", text).group(1)
    if f"stats socket {socket} " not in (folder / "haproxy.cfg").read_text():
        yield f"keepalived.conf asks at {socket}, where HAProxy does not listen"
    for host in re.findall(r"unicast_\w+ \{?\s*([0-9.]+)", text):
        if f"={host}:" not in told:
            yield f"keepalived.conf: {host} is none of the peers"


def update(folders):
    for folder in folders:
        (folder / "haproxy.cfg").write_text(generated(folder))


def main():
    folders = sorted(p.parent for p in (REPO / "examples").glob("*/anyport.conf"))
    if "--update" in sys.argv[1:]:
        update(folders)
    with tempfile.TemporaryDirectory() as place:
        certs = GoldenCerts(place)
        faults = [f"{folder.name}: {fault}" for folder in folders for fault in example_faults(folder, certs)]
    for kind in sorted(KINDS - {folder.name for folder in folders}):
        faults.append(f"{kind}: there is no such example")
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


main()
