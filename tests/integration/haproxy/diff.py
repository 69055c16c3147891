#!/usr/bin/env python3
"""anyportctl haproxy diff as a command."""
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import ANYPORTCTL, check, generate, run  # noqa: E402

FLAGS = ["--listen", "10.0.0.9:9092-9094", "--node", "a=10.0.0.1", "--node", "b=10.0.0.2"]


def diff(*words):
    done = subprocess.run([ANYPORTCTL, "haproxy", "diff", *map(str, words)], capture_output=True, text=True, check=False,
                          env={"PATH": os.environ["PATH"]})
    return done.returncode, done.stdout, done.stderr


def made(scene, name, *flags):
    status, text, errors = generate([*FLAGS, *flags])
    check(status == 0, errors)
    return scene.file(name, text)


def test(scene):
    old = made(scene, "old.cfg")
    check(diff(old, old) == (0, "no difference\n", ""), "a file and itself")
    bare = scene.file("bare.cfg", "".join(line + "\n" for line in old.read_text().split("\n")
                                          if line.strip() and not line.strip().startswith("#")))
    check(diff(old, bare)[0] == 0, "comments and blank lines are no difference")

    new = made(scene, "new.cfg", "--node", "c=10.0.0.3")
    status, out, errors = diff(old, new)
    check(status == 1 and errors == "", f"{status}, {errors}")
    check("+ server c: 10.0.0.3" in out and "> add server anyport_nodes/c 10.0.0.3" in out, out)
    status, out, _ = diff("--json", old, new)
    told = json.loads(out)
    check(status == 1 and told["different"] is True, f"{told}")
    server, = [change for change in told["changes"] if change["what"] == "server c"]
    check(server["class"] == "runtime" and server["kind"] == "added" and server["commands"], f"{server}")
    check(server["file"] == str(new) and new.read_text().split("\n")[server["line"] - 1].split()[:2] == ["server", "c"],
          f"{server}")
    status, out, _ = diff(new, old)
    check("- server c: " in out and "> del server anyport_nodes/c" in out, out)

    sticky = made(scene, "sticky.cfg", "--stickiness", "source")
    told = json.loads(diff("--json", old, sticky)[1])
    check(told["class"] == "reload" and {change["what"] for change in told["changes"]} == {"stick-table", "stick"}, f"{told}")

    for words in ([], [old], [old, new, new], ["--nosuch", old, new]):
        status, out, errors = diff(*words)
        check(status == 2 and out == "" and errors != "", f"{words}: {status}, {out!r}, {errors!r}")
    status, out, errors = diff(old, scene.dir / "nosuch.cfg")
    check(status == 1 and out == "" and "nosuch.cfg" in errors, errors)
    broken = scene.file("broken.cfg", "global\n    log 'x\n")
    status, out, errors = diff(old, broken)
    check(status == 1 and out == "" and "broken.cfg:2: " in errors, errors)


run(test)
