#!/usr/bin/env python3
"""The systemd unit: systemd understands every line, it is locked in, and it fits the node's own limits."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, REPO, check, check_equal, run  # noqa: E402

UNIT = REPO / "examples/systemd/anyport.service"
EXPOSURE_MAX = 20  # of 100, as `systemd-analyze security` counts


def call(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def settings(text):
    """{key: its values}"""
    found = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text, re.M):
        found.setdefault(key, []).append(value)
    return found


def check_systemd(scene, text):
    """With this build's program: one that is not there would be a fault."""
    unit = scene.file("anyport.service", text.replace("/usr/bin/anyport", str((BUILD / "anyport").resolve())))
    status, output = call("systemd-analyze", "verify", "--man=no", unit)
    check((status, output) == (0, ""), f"systemd-analyze verify: {output}")
    status, output = call("systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE_MAX}",
                          unit)
    check_equal(status, 0, f"systemd-analyze security: {output[-300:]}")
    unit.write_text(text + "Lookalike=yes\n")
    check("Lookalike" in call("systemd-analyze", "verify", "--man=no", unit)[1], "a wrong line would be told")


def seconds(text):
    number, unit = re.fullmatch(r"(\d+) ?(s|min)", text).groups()
    return int(number) * {"s": 1, "min": 60}[unit]


def default(option):
    """What --help says of it."""
    return re.search(rf"^  {option} .*\(([^()]*)\)$", call(BUILD / "anyport", "--help")[1], re.M)[1]


def check_fits(scene, unit):
    check_equal(unit["Type"], ["notify"], "the type")
    check(seconds(unit["TimeoutStopSec"][0]) > seconds(default("GATEWAY_DRAIN_TIMEOUT")), "a drain has the time it needs")
    check(int(unit["LimitNOFILE"][0]) >= 4 * int(default("GATEWAY_MAX_CONNECTIONS")) + 256, "descriptors")
    conf = scene.file("anyport.conf", (REPO / "examples/anyport.conf").read_text())
    checks, hangs_up = unit["ExecReload"]
    check_equal(hangs_up, "/bin/kill -HUP $MAINPID", "how it reloads")
    for text, expected in ((None, 0), ("gateway: { port_start = 0; };", 1)):
        if text is not None:
            conf.write_text(text)
        program, *words = checks.replace("/etc/anyport.conf", str(conf)).split()
        check_equal(call(BUILD / pathlib.Path(program).name, *words)[0], expected, f"{checks} of {text or 'the example'}")


def test(scene):
    text = UNIT.read_text()
    check_systemd(scene, text)
    check_fits(scene, settings(text))


run(test)
