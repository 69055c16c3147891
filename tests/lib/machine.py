"""machine.py - what this machine gives a test, and what not.

    if not namespaces("-n", "-m", "mount --make-rprivate /"):
        skip("network and mount namespaces can't be made here")      # ends the test: neither passed nor failed
"""
import pathlib
import re
import subprocess
import sys

__all__ = ["namespaces", "release", "skip", "skip_part"]


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


def release():
    """ "debian 12" """
    told = dict(re.findall(r'^(ID|VERSION_ID)="?([^"\n]*)"?$', pathlib.Path("/etc/os-release").read_text(), re.M))
    return f"{told.get('ID', '?')} {told.get('VERSION_ID', 'testing')}"
