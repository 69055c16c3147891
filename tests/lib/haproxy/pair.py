"""pair.py - load balancers in front of real nodes, and anyportctl that is told where they are.

    pair = Pair(scene, nodes, balancers=2, backend="stick on src ...")
    status, out, err = pair.ctl("haproxy", "status", "--json")
"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from cluster import BUILD, Haproxy, check  # noqa: E402
from process import PATIENCE  # noqa: E402

__all__ = ["ANYPORTCTL", "CLIENT_ID_STICKS", "Pair", "run_ctl"]

ANYPORTCTL = os.environ.get("ANYPORTCTL", str(BUILD / "anyportctl"))
# of the frontend and of the backend: a client.id stays on a node
CLIENT_ID_STICKS = {
    "frontend": "\n    ".join((
        "tcp-request inspect-delay 10s",
        "tcp-request content set-var(txn.key) req.payload_lv(12,2) if { req.payload_lv(12,2) -m found }",
        "tcp-request content accept if { req.payload_lv(12,2) -m found }",
    )),
    "backend": "stick-table type string len 64 size 1k expire 1h\n    stick on var(txn.key)",
}


def run_ctl(*arguments, seconds=60):
    """(status, standard output, standard error)"""
    done = subprocess.run([ANYPORTCTL, *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=seconds * PATIENCE)
    return done.returncode, done.stdout, done.stderr


class Pair:
    def __init__(self, scene, nodes, balancers=2, **options):
        self.scene, self.nodes = scene, nodes
        self.balancers = [Haproxy(scene, nodes, name=f"lb{n}", host=scene.host(n), **options)
                          for n in range(1, balancers + 1)]
        self.wait_up(*(node.name for node in nodes))

    def wait_up(self, *names):
        """On every load balancer."""
        for balancer in self.balancers:
            balancer.wait_up(*names)

    @property
    def where(self):
        """The options that name the load balancers."""
        words = []
        for number, balancer in enumerate(self.balancers, 1):
            words += ["-s", f"lb{number}={balancer.socket_path}", "--master-socket", f"lb{number}={balancer.master_path}"]
        return words

    def ctl(self, *arguments, seconds=60):
        return run_ctl(*arguments, *self.where, seconds=seconds)

    def status(self, *arguments):
        """(exit status, what it says)"""
        status, out, errors = self.ctl("haproxy", "status", "--json", *arguments)
        check(errors == "", f"haproxy status: {errors}")
        return status, json.loads(out)
