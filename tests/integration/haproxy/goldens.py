#!/usr/bin/env python3
"""Every folder of tests/golden/haproxy: what is said to `anyportctl haproxy generate`, and every byte it answers.

    args          the command line, as in a shell; the folder is where it runs
    env           variables, NAME=value, when there are any
    gateway.conf  the gateway's configuration, when args name it
    haproxy.cfg   standard output; there is none when the set-up is refused
    messages      standard error, when there is any

Both are what the oldest HAProxy that is known gets (--for 2.6); haproxy.cfg.3.0 and messages.3.0 are there where a
later one gets something else than the one before it: the lines that differ.

`goldens.py --update [NAME...]` writes the answers anew: look at what git says has changed.  HAProxy itself, of
whichever version, must like each haproxy.cfg that is for it or for an older one (-c -dW).
"""
import difflib
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / "lib" / part) for part in ("haproxy", "")]
from certs import GoldenCerts  # noqa: E402
from haproxy_version import KNOWN, haproxy_program, haproxy_version, numbers  # noqa: E402

REPO = pathlib.Path(__file__).resolve().parents[3]
FOLDER = REPO / "tests/golden/haproxy"
ANYPORTCTL = os.environ.get("ANYPORTCTL", str(pathlib.Path(os.environ.get("BUILD", REPO / "build")).resolve() / "anyportctl"))
ANSWERS = ("haproxy.cfg", "messages")


def ask(case, version):
    """(status, {file: text}) of the case now, for that HAProxy."""
    env = dict(line.split("=", 1) for line in read(case / "env").splitlines())
    done = subprocess.run([ANYPORTCTL, "haproxy", "generate", "--for", version, *shlex.split(read(case / "args"), comments=True)],
                          cwd=case, env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True, check=False)
    return done.returncode, {"haproxy.cfg": done.stdout, "messages": done.stderr}


def read(path):
    return path.read_text() if path.exists() else ""


def all_answers(case):
    """{(file, version): (status, text that the golden file is to have, the answer itself)}"""
    told, before = {}, {}
    for version in KNOWN:
        status, answers = ask(case, version)
        for name in ANSWERS:
            text = difference(before[name], answers[name]) if before else answers[name]
            told[case / (f"{name}.{version}" if before else name), version] = status, text, answers[name]
        before = answers
    return told


def difference(before, after):
    """The lines that differ, with a - and a +."""
    return "".join(line for line in difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=0)
                   if not line.startswith(("--- ", "+++ ", "@@ ")))


def mistakes(case, certs):
    liked = set()
    for (path, version), (status, text, answer) in all_answers(case).items():
        if text != read(path):
            yield f"{path.name} differs:\n" + subprocess.run(["diff", "-u", path if path.exists() else "/dev/null", "-"], input=text,
                                                             capture_output=True, text=True, check=False).stdout
        if not path.name.startswith("haproxy.cfg"):
            if status and "refused: " not in answer:
                yield f"for {version}: neither a file nor a refusal"
            continue
        if status != (0 if answer else 1):
            yield f"for {version}: exit status {status}"
        if answer and answer not in liked and haproxy_version() >= numbers(version):
            liked.add(answer)
            done = subprocess.run([haproxy_program(), "-c", "-dW", "-f", "/dev/stdin"], input=certs.at(answer),
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                yield f"HAProxy refuses what is for {version}:\n{done.stderr}"


def update(case):
    for (path, _), (_, text, _) in all_answers(case).items():
        if text:
            path.write_text(text)
        else:
            path.unlink(missing_ok=True)


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
