#!/usr/bin/env python3
"""The topology's thread stands still: who asked it something is answered all the same, by the worker's own clock."""
import ctypes
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import lasts, run  # noqa: E402
from kafka_wire import Connection  # noqa: E402

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000
ANSWERS_S = 5


class StoppedThread:
    """One thread of a process stands still, the others go on."""

    def __init__(self, pid, name):
        tasks = pathlib.Path(f"/proc/{pid}/task")
        self.tid = next(int(t.name) for t in tasks.iterdir() if (t / "comm").read_text().strip() == name)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def _ptrace(self, request):
        if self.libc.ptrace(request, self.tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")

    def __enter__(self):
        self._ptrace(PTRACE_SEIZE)
        self._ptrace(PTRACE_INTERRUPT)
        os.waitpid(self.tid, WALL)

    def __exit__(self, *_):
        self._ptrace(PTRACE_DETACH)


def test(scene):
    kafka = scene.mock_cluster(topics={"t": 3})
    node = scene.node(kafka.bootstrap)
    with Connection(*node.address, timeout=20) as client, StoppedThread(node.pid, "topology"):
        with lasts("a coordinator that nobody knows", least=ANSWERS_S - 1, most=ANSWERS_S + 3):
            client.ask("Heartbeat", 0, group_id="nobody-knows", generation_id=1, member_id="m")


run(test)
