#!/usr/bin/env python3
"""A test that is cut off, and a run of tests, leave no process and no file, whatever they are cut off by and when."""
import itertools
import os
import pathlib
import shutil
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, REPO, check, check_equal, run, wait_for  # noqa: E402

MARK = "ANYPORT_TEST_CUT_OFF"  # in the environment of all that a case has started
TEST = f"""#!/usr/bin/env python3
import os, pathlib, sys, time
sys.path.insert(0, {str(REPO / "tests" / "lib")!r})
from cluster import run

def test(scene):
    cluster = scene.mock_cluster(topics={{"t": 3}})
    node = scene.node(cluster.bootstrap, advertise=scene.host(1) + ":9092")
    scene.haproxy([node])
    # a child's children
    scene.process(["unshare", "--map-root-user", "sleep", "1000"])  # its user is another: the kernel forgets its parent
    scene.process(["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"])  # is asked first, and waited for
    here = pathlib.Path(os.environ["{MARK}"])
    (here / "started").touch()
    while not (here / "end").exists():
        time.sleep(0.05)

run(test)
"""
GRANDCHILDREN = TEST.replace("# a child's children", 'scene.process(["sh", "-c", "sleep 1000 & wait"])')
SHELL = f"""#!/bin/bash
dir=$(mktemp -d)
sleep 1000 &
touch "${MARK}/started"
wait
"""
# How it is cut off, and whether that comes when it clears up anyway.
WAYS = [(number, late) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL) for late in (False, True)]


def marked(place):
    """The processes that have this place in their environment, but for those that nobody has fetched yet."""
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and f"{MARK}={place}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
        except OSError:
            continue  # it ended meanwhile
    return found


NUMBERS = itertools.count(1)


class Case:
    def __init__(self, scene, name, argv):
        self.place = scene.dir / str(next(NUMBERS))
        self.place.mkdir()
        self.temporary = pathlib.Path(tempfile.mkdtemp(prefix="t-", dir="/tmp"))  # short: paths of sockets are
        scene.guard.watch("folder", self.temporary)
        self.scene, self.name, self.argv = scene, name, argv

    def start(self):
        self.process = self.scene.process(self.argv, name=self.name,
                                          env={MARK: str(self.place), "BUILD": str(BUILD), "TMPDIR": str(self.temporary), "KEEP": ""})
        wait_for(lambda: (self.place / "started").exists() or not self.process.alive(), 30, f"{self.name} has started")
        check(self.process.alive(), f"{self.name} ended:\n{self.process.log()}")
        check(len(marked(self.place)) > 1, f"{self.name} has started something")

    def cut_off(self, number, late):
        before = len(marked(self.place))
        if late:
            (self.place / "end").touch()
            wait_for(lambda: len(marked(self.place)) < before, 10, f"{self.name} clears up")
        self.process.signal(number)

    def check_nothing_left(self):
        self.process.wait(30)
        wait_for(lambda: not marked(self.place), 10, f"{self.name} leaves no process (left: {marked(self.place)})")
        wait_for(lambda: not os.listdir(self.temporary), 5,
                 f"{self.name} leaves no file: {os.listdir(self.temporary)}")
        self.temporary.rmdir()


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def tests_alone(scene):
    path = script(scene.dir / "folder" / "test.py", TEST)
    cases = {(number, late): Case(scene, f"alone-{number.name}{'-late' * late}", [path]) for number, late in WAYS}
    for case in cases.values():
        case.start()
    for (number, late), case in cases.items():
        case.cut_off(number, late)
    for case in cases.values():
        case.check_nothing_left()


def a_run_of(scene, name, text, jobs=2):
    root = scene.dir / f"root-{name}"
    script(root / "tests" / "integration" / "one.py", text)
    script(root / "tests" / "integration" / "two.py", text)
    (root / "tests" / "lib").mkdir()
    shutil.copy(REPO / "tests" / "run", root / "tests" / "run")
    shutil.copy(REPO / "tests" / "lib" / "guard.py", root / "tests" / "lib")
    return Case(scene, name, [root / "tests" / "run", "--jobs", jobs, "integration"])


def runs(scene):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
        for kind, text in (("python", GRANDCHILDREN), ("shell", SHELL)):
            case = a_run_of(scene, f"run-{kind}-{number.name}", text)
            case.start()
            case.process.signal(number)
            case.check_nothing_left()
            told = "" if number == signal.SIGKILL else f"stopped by {number.name}"
            wait_for(lambda: told in case.process.log(), 5, f"it says so: {case.process.log()}")


def told_twice(scene):
    """Who is in a hurry is served at once: the guard does the rest."""
    case = a_run_of(scene, "run-twice", TEST.replace("trap '' TERM;", "trap '' TERM HUP INT;"), jobs=1)
    case.start()
    case.process.signal(signal.SIGINT)
    case.process.signal(signal.SIGINT)
    case.check_nothing_left()


def good_ones_are_not_disturbed(scene):
    case = a_run_of(scene, "run-good", TEST)
    case.start()
    (case.place / "end").touch()
    case.check_nothing_left()
    check_equal(case.process.log(1), "2 passed, 0 failed, 0 skipped", "the sum")


def test(scene):
    tests_alone(scene)
    runs(scene)
    told_twice(scene)
    good_ones_are_not_disturbed(scene)


run(test)
