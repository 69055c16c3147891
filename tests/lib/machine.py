"""machine.py - what this machine gives a test, and what not.

    if not in_namespaces("-n", "-m", "mount --make-rprivate /"):
        skip("network and mount namespaces can't be made here")      # ends the test: neither passed nor failed
"""
import os
import pathlib
import re
import subprocess
import sys

__all__ = ["in_namespaces", "is_inside", "knows_its_root", "namespaces", "release", "skip", "skip_part"]

INSIDE = "ANYPORT_TEST_INSIDE"


def test_name():
    path = pathlib.Path(sys.argv[0]).resolve()
    return f"{path.parent.name}/{path.stem}"


def skip_part(what, why):
    """A part of this test is left out."""
    print(f"SKIP {test_name()}, {what}: {why}", flush=True)


def skip(why):
    """The whole test is left out."""
    print(f"SKIP {test_name()}: {why}", flush=True)
    sys.exit(0)


def namespaces(*words):
    """Whether `unshare` works with these options (all words but the last) and the last one, a shell's line, in it."""
    done = subprocess.run(["unshare", *words[:-1], "sh", "-c", words[-1]], capture_output=True, text=True, check=False)
    return done.returncode == 0


def is_inside():
    """Whether in_namespaces has brought this program there."""
    return INSIDE in os.environ


def in_namespaces(*words):
    """Whether this program runs in namespaces of its own: where they can be made it runs itself again in them.
    The words are those of namespaces()."""
    if is_inside():
        return True
    rights = ["--map-root-user"] if os.geteuid() else []
    if not namespaces(*rights, *words):
        return False
    os.execvpe("unshare", ["unshare", *rights, *words[:-1], sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def knows_its_root():
    """Whether the table of mounts has what / is on: in a plain chroot it has not, and Java finds no file's disk."""
    mounts = pathlib.Path("/proc/self/mounts").read_text().splitlines()
    return any(line.split()[1] == "/" for line in mounts)


def release():
    """ "debian 12" """
    told = dict(re.findall(r'^(ID|VERSION_ID)="?([^"\n]*)"?$', pathlib.Path("/etc/os-release").read_text(), re.M))
    return f"{told.get('ID', '?')} {told.get('VERSION_ID', 'testing')}"
