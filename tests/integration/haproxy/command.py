#!/usr/bin/env python3
"""anyportctl haproxy generate as a command: exit status, -o, what goes to which stream."""
import pathlib
import re
import resource
import stat
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import ANYPORTCTL, BUILD, check, generate, run  # noqa: E402

GOOD = ["--listen", "10.0.0.9:9092-9094", "--node", "a=10.0.0.1", "--node", "b=10.0.0.2"]


def call(*words, **options):
    done = subprocess.run([ANYPORTCTL, *words], capture_output=True, text=True, check=False, env={}, **options)
    return done.returncode, done.stdout, done.stderr


def wrong_command_lines_are_2():
    for words in ([], ["haproxy"], ["haproxy", "nosuch"], ["nosuch", "generate"], ["haproxy", "generate", "--nosuch"],
                  ["haproxy", "generate", "surplus"], ["haproxy", "generate", "--listen"],
                  ["haproxy", "generate", "--listen", "h:0"], ["haproxy", "generate", *GOOD, "--maxconn", "many"],
                  ["haproxy", "generate", *GOOD, "--balance", "first"]):
        status, out, errors = call(*words)
        check(status == 2 and out == "" and errors != "", f"{words}: {status}, {out!r}, {errors!r}")


def help_and_version_are_0():
    for words, part in ((["--help"], "haproxy generate"), (["--version"], "anyportctl "),
                        (["haproxy", "generate", "--help"], "--listen"), (["haproxy", "generate", "-h"], "Examples:")):
        status, out, errors = call(*words)
        check(status == 0 and part in out and errors == "", f"{words}: {status}, {out!r}, {errors!r}")


def flags_are_keys_and_keys_are_flags():
    """--table-size is haproxy.table_size, --sni-route one of haproxy.sni_routes, --no-splice haproxy.splice."""
    rows = subprocess.run([BUILD / "anyport", "--help"], capture_output=True, text=True, check=True).stdout
    keys = set(re.findall(r" haproxy\.(\S+)", rows))
    flags = set(re.findall(r"^ +(?:-\w, )?--(\S+)", call("haproxy", "generate", "--help")[1], re.M))
    flags = {re.sub("^no-", "", flag).replace("-", "_") for flag in flags} - {"config", "output", "help", "from", "for", "ca_location", "listener"}
    plural = {key for key in keys if key.rstrip("s") in flags}
    check(len(keys) > 30, f"{keys}")
    check({key.rstrip("s") if key in plural else key for key in keys} == flags, f"only one of both: {keys ^ flags}")


def refusals_are_1(scene):
    status, out, errors = generate(["--listen", "10.0.0.9:9092-9094"])
    check(status == 1 and out == "" and errors.startswith("refused: "), f"{status}, {out!r}, {errors!r}")
    status, out, errors = generate(["-c", scene.dir / "nosuch.conf", *GOOD])
    check(status == 1 and out == "" and "nosuch.conf" in errors, f"{status}, {out!r}, {errors!r}")
    config = scene.file("bad.conf", "gateway: { port_count = -1; };\n")
    status, out, errors = generate(["-c", config, *GOOD])
    check(status == 1 and out == "" and "bad.conf:1:" in errors, f"{status}, {out!r}, {errors!r}")


def order_of_flags_is_free():
    check(generate(GOOD)[1] == generate([*GOOD[2:4], *GOOD[:2], *GOOD[4:]])[1], "the order of unlike flags is free")


def a_file_is_replaced_whole_or_not(scene):
    folder = scene.dir / "etc"
    folder.mkdir()
    path = folder / "haproxy.cfg"
    path.write_text("old\n")
    status, out, _ = generate(["-o", path])
    check(status == 1 and path.read_text() == "old\n", "a refusal leaves the old file")
    status, out, errors = generate([*GOOD, "-o", path])
    check((status, out, errors) == (0, "", ""), f"{status}, {out!r}, {errors!r}")
    check(path.read_text() == generate(GOOD)[1], "the file is what standard output would be")
    check(stat.S_IMODE(path.stat().st_mode) == 0o644, "others can read it")
    check([p.name for p in folder.iterdir()] == ["haproxy.cfg"], "no draft is left")
    status, out, errors = generate([*GOOD, "-o", folder / "nosuch" / "haproxy.cfg"])
    check(status == 1 and "nosuch" in errors, f"{status}, {errors!r}")
    (folder / "taken").mkdir()
    status, out, errors = generate([*GOOD, "-o", folder / "taken"])
    check(status == 1 and sorted(p.name for p in folder.iterdir()) == ["haproxy.cfg", "taken"], f"{status}, {errors!r}")


def a_full_disk_is_told():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([ANYPORTCTL, "haproxy", "generate", *GOOD], stdout=full, stderr=subprocess.PIPE, check=False, env={})
    check(done.returncode == 1 and b"standard output" in done.stderr, f"{done}")


def this_machines_limit_is_told():
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))
    status, out, errors = call("haproxy", "generate", *GOOD, preexec_fn=lower)
    check(status == 0 and "--fd-limit 1000" in errors, f"{status}, {errors!r}")
    check(out == generate(GOOD)[1], "the file does not depend on the machine")
    status, out, errors = call("haproxy", "generate", *GOOD, "--fd-limit", "1000", preexec_fn=lower)
    check(status == 0 and errors == "", f"{status}, {errors!r}")


def test(scene):
    wrong_command_lines_are_2()
    help_and_version_are_0()
    flags_are_keys_and_keys_are_flags()
    refusals_are_1(scene)
    order_of_flags_is_free()
    a_file_is_replaced_whole_or_not(scene)
    a_full_disk_is_told()
    this_machines_limit_is_told()


run(test)
