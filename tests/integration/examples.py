#!/usr/bin/env python3
"""Every example is one that works: the node takes its configuration, the generator makes its haproxy.cfg of it, byte
for byte, and HAProxy has nothing to say against it."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "lib"))
from cluster import BUILD, check, check_equal, run  # noqa: E402


def run_ok(what, *argv):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=20, check=False)
    check(done.returncode == 0, f"{what}: exit {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def test(scene):
    folders = [p.parent for p in sorted((ROOT / "examples").glob("*/anyport.conf"))]
    check(len(folders) >= 3, f"only {len(folders)} examples")
    for folder in folders:
        conf, cfg = folder / "anyport.conf", folder / "haproxy.cfg"
        run_ok(f"{folder.name}: anyport -t", BUILD / "anyport", "-t", "-c", conf)
        made = run_ok(f"{folder.name}: generate", BUILD / "anyportctl", "haproxy", "generate", "-c", conf)
        check_equal(made, cfg.read_text(), f"{folder.name}/haproxy.cfg")
        run_ok(f"{folder.name}: haproxy -c", "haproxy", "-c", "-dW", "-f", cfg)


if __name__ == "__main__":
    run(test)
