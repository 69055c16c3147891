"""process.py - child processes of a test, and what /proc knows about them.

A Process writes its output to a log file in the test's folder, dies with the
test (PR_SET_PDEATHSIG; a Scene's guard has those that changed their user since)
and is only ever signalled by its own pid.
"""
import contextlib
import ctypes
import fcntl
import os
import pathlib
import signal
import socket
import struct
import subprocess
import termios
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", REPO / "build"))
PR_SET_PDEATHSIG = 1
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))  # sanitizers: everything takes longer
TICKS = os.sysconf("SC_CLK_TCK")


class TimedOut(AssertionError):
    pass


def wait_for(condition, seconds, what, every=0.02):
    """Calls condition() until it is true and returns its value.

    An OSError counts as "not yet"; the last one is shown when time is up.
    """
    end = time.monotonic() + seconds * PATIENCE
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except OSError as error:
            last = error
        if time.monotonic() > end:
            raise TimedOut(f"not within {seconds} s: {what} (last: {last!r})")
        time.sleep(every)


def patient(amount):
    """A whole number of something's time, such as how long a Fetch may wait, that is to be longer than `lasts` allows."""
    return int(amount * PATIENCE)


@contextlib.contextmanager
def lasts(what, least=0.0, most=None):
    """What stands in the block takes so many seconds; the most of them grows with patience, the least doesn't.

        with lasts("a second SIGTERM ends it at once", most=1.5):
            node.process.wait(5)
    """
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    if took < least:
        raise AssertionError(f"{what}: took only {took:.2f} s, not {least} s")
    if most is not None and took > most * PATIENCE:
        raise AssertionError(f"{what}: took {took:.2f} s, more than {most * PATIENCE:g} s")


def free_ports(host, count=1, first=20000):
    """The first port of `count` free ones in a row on that address."""
    port = first
    while port + count < 32768:
        for n in range(count):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((host, port + n))
                except OSError:
                    port += n + 1
                    break
        else:
            return port
    raise OSError(f"no {count} free ports in a row on {host}")


def _die_with_parent(parent):
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has died in the meantime, so nobody would tell us
        os._exit(1)


class Process:
    def __init__(self, argv, log, env=None, name=None, pipes=False, cwd=None, guard=None):
        """pipes: stdin and stdout are pipes (for programs that are talked to).  guard: that has an eye on it."""
        self.argv = [str(a) for a in argv]
        self.name = name or os.path.basename(self.argv[0])
        self.log_path = pathlib.Path(log)
        parent = os.getpid()

        def before():
            _die_with_parent(parent)
            if guard:
                guard.entering("process")

        with open(self.log_path, "ab") as out:
            self.popen = subprocess.Popen(
                self.argv,
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else out,
                stderr=out,
                env=dict(os.environ, **(env or {})),
                cwd=cwd,
                text=True,
                bufsize=1,
                preexec_fn=before,
            )
        self.pid = self.popen.pid

    def alive(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.alive():
            self.popen.send_signal(number)

    def wait(self, seconds):
        """The exit status; negative for a signal."""
        try:
            return self.popen.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise TimedOut(f"{self.name} (pid {self.pid}) still runs after {seconds} s") from None

    def kill(self):
        """kill -9: what a crash looks like."""
        self.signal(signal.SIGKILL)
        return self.wait(10)

    def stop(self, seconds=10):
        """SIGTERM, then SIGKILL when it doesn't end; returns the exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except TimedOut:
            return self.kill()
        finally:
            for pipe in (self.popen.stdin, self.popen.stdout):
                if pipe:
                    _close(pipe)

    def log(self, last=None):
        text = self.log_path.read_text(errors="replace")
        if last is None:
            return text
        return "\n".join(text.splitlines()[-last:])

    def cpu_seconds(self):
        return cpu_seconds(self.pid)

    def memory(self):
        return Memory(self.pid)


def _close(pipe):
    try:
        pipe.close()
    except OSError:
        pass  # what was still to be written has no reader any more


def children(pid):
    """The pids of the direct children."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(p) for p in (task / "children").read_text().split()]
    return found


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Memory:
    """What a process holds: private pages and the contents of its pipes."""

    def __init__(self, pid):
        self.private = _private_bytes(pid)
        self.pipe_content, self.pipe_capacity, self.pipes = _pipe_bytes(pid)

    @property
    def total(self):
        return self.private + self.pipe_content

    def __repr__(self):
        return (
            f"private {self.private >> 10} KiB, {self.pipes} pipes with "
            f"{self.pipe_content >> 10} of {self.pipe_capacity >> 10} KiB"
        )


def _private_bytes(pid):
    total = 0
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean:", "Private_Dirty:", "Swap:")):
            total += int(line.split()[1]) * 1024
    return total


def _pipe_bytes(pid):
    content = capacity = 0
    seen = set()
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        try:
            target = os.readlink(path)
            if not target.startswith("pipe:") or target in seen:
                continue
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue  # closed meanwhile
        seen.add(target)
        try:
            held = fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4)
            content += struct.unpack("i", held)[0]
            capacity += fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
        finally:
            os.close(fd)
    return content, capacity, len(seen)
