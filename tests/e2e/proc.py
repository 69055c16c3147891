"""Processes, ports and waiting: what every other module here stands on."""
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1


class Timeout(Exception):
    pass


def wait_for(what, condition, limit, every=0.05):
    """Calls condition() until it answers something true, and returns that; Timeout after `limit` seconds."""
    end = time.monotonic() + limit
    last = None
    while True:
        try:
            answer = condition()
            if answer:
                return answer
            last = answer
        except (OSError, EOFError) as error:
            last = error
        if time.monotonic() > end:
            raise Timeout(f"{what}: not within {limit} s (last: {last!r})")
        time.sleep(every)


def free_ports(host, count, step=1):
    """The first of `count` neighbouring ports that are free on host right now."""
    for _ in range(200):
        with socket.socket() as probe:
            probe.bind((host, 0))
            first = probe.getsockname()[1]
        if first + count < 65536 and all(_is_free(host, first + i) for i in range(0, count, step)):
            return first
    raise RuntimeError(f"no {count} neighbouring ports free on {host}")


def _is_free(host, port):
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A child with its output in a file; it dies with us."""

    def __init__(self, name, command, log, env=None, **popen):
        self.name = name
        self.log = log
        self._out = open(log, "ab")
        self.popen = subprocess.Popen([str(word) for word in command], stdout=popen.pop("stdout", self._out),
                                      stderr=self._out, env={**os.environ, **(env or {})},
                                      preexec_fn=_die_with_parent, **popen)
        self.pid = self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def kill(self, how=signal.SIGKILL):
        if self.alive():
            self.popen.send_signal(how)

    def stop(self, grace=10):
        """TERM, then KILL when it has not gone within `grace` seconds; returns its exit code."""
        self.kill(signal.SIGTERM)
        try:
            self.popen.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
            self.popen.wait()
        self._out.close()
        return self.popen.returncode

    def tail(self, lines=30):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-lines:])


class Lines:
    """Reads the lines of a pipe on a thread, so that a reader can wait with a limit."""

    def __init__(self, pipe):
        self._lines = []
        self._more = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe):
        for line in pipe:
            with self._more:
                self._lines.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def next(self, limit):
        with self._more:
            if not self._more.wait_for(lambda: self._lines or self._ended, limit):
                raise Timeout(f"no line within {limit} s")
            if not self._lines:
                raise EOFError("the process ended")
            return self._lines.pop(0)
