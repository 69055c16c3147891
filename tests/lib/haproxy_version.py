"""haproxy_version.py - which HAProxy a test runs: $HAPROXY, else the one in PATH.

$HAPROXY's folder comes first in PATH, so that anyportctl and whoever starts haproxy by its name have
the same one.

    if haproxy_version() >= (3, 0): ...
"""
import functools
import os
import pathlib
import re
import shutil
import subprocess

# Those that the tests are for, the oldest first, and the releases of Debian that have them.
RELEASES = {"2.6": "bookworm", "3.0": "trixie", "3.2": "testing"}
KNOWN = tuple(RELEASES)
if os.environ.get("HAPROXY"):
    os.environ["PATH"] = f"{pathlib.Path(os.environ['HAPROXY']).resolve().parent}:{os.environ['PATH']}"


@functools.cache
def haproxy_program():
    found = os.environ.get("HAPROXY") or shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError("there is no haproxy, neither in PATH nor as HAPROXY=PATH")
    return found


@functools.cache
def haproxy_version():
    """(3, 0, 11)"""
    said = subprocess.run([haproxy_program(), "-v"], capture_output=True, text=True, check=True).stdout
    return numbers(re.search(r"version (\d+\.\d+\.\d+)", said)[1])


def branch_of(program):
    """ "3.0"; None: it is not there, or does not say."""
    try:
        said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    found = re.search(r"version (\d+\.\d+)\.", said)
    return found and found[1]


def numbers(text):
    """(3, 0) of "3.0"."""
    return tuple(map(int, text.split(".")))
