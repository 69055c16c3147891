#!/usr/bin/env python3
"""Every folder of tests/golden/haproxy: what is said to `anyportctl haproxy generate`, and every byte it answers.

    args          the command line, as in a shell; the folder is where it runs
    env           variables, NAME=value, when there are any
    gateway.conf  the gateway's configuration, when args name it
    haproxy.cfg   standard output; there is none when the set-up is refused
    messages      standard error, when there is any

`goldens.py --update [NAME...]` writes the answers anew: look at what
git says has changed.  HAProxy itself must like every haproxy.cfg (-c -dW).
"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from certs import GoldenCerts  # noqa: E402

REPO = pathlib.Path(__file__).resolve().parents[3]
FOLDER = REPO / "tests/golden/haproxy"
ANYPORTCTL = os.environ.get("ANYPORTCTL", str(pathlib.Path(os.environ.get("BUILD", REPO / "build")).resolve() / "anyportctl"))
HAPROXY = os.environ.get("HAPROXY", shutil.which("haproxy") or "/usr/sbin/haproxy")
ANSWERS = ("haproxy.cfg", "messages")


def ask(case):
    """(status, {file: text}) of the case now."""
    env = dict(line.split("=", 1) for line in read(case / "env").splitlines())
    done = subprocess.run([ANYPORTCTL, "haproxy", "generate", *shlex.split(read(case / "args"), comments=True)], cwd=case,
                          env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, check=False)
    return done.returncode, {"haproxy.cfg": done.stdout, "messages": done.stderr}


def read(path):
    return path.read_text() if path.exists() else ""


def mistakes(case, certs):
    status, answers = ask(case)
    for name in ANSWERS:
        if answers[name] != read(case / name):
            yield f"{name} differs:\n" + difference(case / name, answers[name])
    if status != (0 if answers["haproxy.cfg"] else 1):
        yield f"exit status {status}"
    if not answers["haproxy.cfg"] and "refused: " not in answers["messages"]:
        yield "neither a file nor a refusal"
    if answers["haproxy.cfg"]:
        done = subprocess.run([HAPROXY, "-c", "-dW", "-f", "/dev/stdin"], input=certs.at(answers["haproxy.cfg"]), capture_output=True,
                              text=True, check=False)
        if done.returncode:
            yield f"HAProxy refuses it:\n{done.stderr}"


def difference(path, text):
    old = path if path.exists() else "/dev/null"
    return subprocess.run(["diff", "-u", old, "-"], input=text, capture_output=True, text=True, check=False).stdout


def update(case):
    _, answers = ask(case)
    for name in ANSWERS:
        if answers[name]:
            (case / name).write_text(answers[name])
        else:
            (case / name).unlink(missing_ok=True)


def main(argv):
    cases = sorted(path.parent for path in FOLDER.glob("*/args"))
    names = [a for a in argv if a != "--update"]
    if names:
        cases = [case for case in cases if case.name in names]
    if not cases:
        print("FAIL haproxy/goldens: there is no such case")
        return 1
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        certs = GoldenCerts(folder)
        for case in cases:
            if "--update" in argv:
                update(case)
            for mistake in mistakes(case, certs):
                bad += 1
                print(f"{case.name}: {mistake}")
    print(f"{'FAIL' if bad else 'PASS'} haproxy/goldens ({len(cases)} cases)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
