"""guard.py - what a test has started ends, and its folders go, when the test has died, however it died.

A Guard is a process of its own, in a session of its own, at the other end of a pipe: it hears of processes,
of groups of them and of folders, and when the pipe ends, which no signal can prevent, it ends and removes
those that are still there.  Who ends in order has cleared up before.

    guard = Guard()
    guard.watch("folder", path); guard.watch("process", pid); guard.watch("group", leader)
    guard.forget("process", pid)
    guard.close()

The first lines to come may be written by a child that has just been forked: see entering().
Tests: tests/integration/house/cut_off.py
"""
import os
import shutil
import signal
import subprocess
import sys
import time

__all__ = ["Guard"]

GONE_S = 5  # by then what was killed has gone


class Guard:
    def __init__(self):
        self._popen = subprocess.Popen([sys.executable, "-I", "-S", os.path.abspath(__file__)], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, start_new_session=True)
        self._pipe = self._popen.stdin.fileno()

    def watch(self, kind, what):
        self._say(f"+ {kind} {what}")

    def forget(self, kind, what):
        self._say(f"- {kind} {what}")

    def entering(self, kind):
        """For a child between fork and exec: it is watched before it does anything."""
        self._say(f"+ {kind} {os.getpid()}")

    def close(self):
        """Waits until nothing is left."""
        self._popen.stdin.close()
        self._popen.wait()

    def _say(self, line):
        os.write(self._pipe, line.encode() + b"\n")  # short: one piece, whoever else writes


class Watched:
    """The guard's own side."""

    def __init__(self):
        self.processes, self.groups, self.folders = {}, {}, set()

    def hear(self, line):
        sign, kind, what = line.split(" ", 2)
        change = self._add if sign == "+" else self._remove
        change(kind, what)

    def _add(self, kind, what):
        if kind == "folder":
            self.folders.add(what)
            return
        try:  # a number that is given to somebody else later is no danger
            (self.groups if kind == "group" else self.processes)[what] = os.pidfd_open(int(what))
        except ProcessLookupError:
            pass

    def _remove(self, kind, what):
        if kind == "folder":
            self.folders.discard(what)
            return
        handle = (self.groups if kind == "group" else self.processes).pop(what, None)
        if handle is not None:
            os.close(handle)

    def end(self):
        """Groups first: their leaders' numbers are theirs as long as one of them is there."""
        for leader in self.groups:
            try:
                os.killpg(int(leader), signal.SIGKILL)
            except OSError:
                pass
        for handle in self.processes.values():
            try:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            except OSError:
                pass
        self._wait()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def _wait(self):
        end = time.monotonic() + GONE_S
        while time.monotonic() < end and any(map(is_there, [*self.processes.values(), *self.groups.values()])):
            time.sleep(0.01)


def is_there(handle):
    try:
        signal.pidfd_send_signal(handle, 0)
        return True
    except OSError:
        return False


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched = Watched()
    for line in sys.stdin:
        watched.hear(line.rstrip("\n"))
    watched.end()


if __name__ == "__main__":
    main()
