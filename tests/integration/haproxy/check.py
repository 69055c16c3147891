#!/usr/bin/env python3
"""anyportctl haproxy check as a command; and that HAProxy itself says of each example what the rule claims it does."""
import concurrent.futures
import json
import os
import pathlib
import re
import stat
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import ANYPORTCTL, check, run  # noqa: E402
from haproxy_version import haproxy_program, haproxy_version, numbers  # noqa: E402

PAIRS = pathlib.Path(__file__).resolve().parents[2] / "golden" / "haproxy-rules"


def call(*words, **options):
    done = subprocess.run([ANYPORTCTL, "haproxy", "check", *map(str, words)], capture_output=True, text=True, check=False,
                          env={"PATH": os.environ["PATH"]}, **options)
    return done.returncode, done.stdout, done.stderr


def as_json(*words, **options):
    status, out, errors = call("--json", *words, **options)
    check(errors == "", errors)
    return status, json.loads(out)


def pair(number):
    bad, = PAIRS.glob(f"{number:02}-*.bad.cfg")
    return bad, pathlib.Path(str(bad).replace(".bad.", ".good."))


def haproxys_verdict(path, folder):
    done = subprocess.run([haproxy_program(), "-c", "-f", path], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return "refuses"
    return "warns" if "[WARNING]" in done.stderr or "[ALERT]" in done.stderr else "silent"


def claimed(rule):
    """What the rule says that this version of HAProxy makes of it."""
    claim = rule["haproxy"]
    for change in rule["haproxy_from"]:
        if haproxy_version() >= numbers(change["version"]):
            claim = change["says"]
    return claim


def haproxy_says_what_the_rules_claim(scene):
    folder = scene.dir / "there"
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key", "-out",
                    folder / "ca.pem", "-subj", "/CN=gw.lab", "-days", "2"], check=True, capture_output=True)
    (folder / "kafka.pem").write_text((folder / "key").read_text() + (folder / "ca.pem").read_text())
    (folder / "servers.state").write_text("1\n")
    rules = {rule["id"]: rule for rule in as_json("--explain", "all")[1]}
    files = sorted(PAIRS.glob("*.cfg"))
    alike = {path.read_text(): path for path in files}  # many a good one is the good one of another
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        verdicts = dict(zip(alike, pool.map(lambda path: haproxys_verdict(path, folder), alike.values())))
    for path in files:
        verdict = verdicts[path.read_text()]
        made_for = re.match(r"# for HAProxy (\S+)", path.read_text())
        if made_for and haproxy_version() < numbers(made_for[1])[:2]:
            continue  # it may say what this HAProxy does not know
        claim = claimed(rules["K" + path.name[:2]]) if ".bad." in path.name else "silent"
        check(verdict == claim, f"{path.name}: HAProxy {verdict}, the rule says {claim}")
    check(len(files) > 100, f"{len(files)} files")
    what_is_mended_starts(folder, rules)


def what_is_mended_starts(folder, rules):
    """HAProxy itself accepts what --fix writes."""
    for bad in sorted(PAIRS.glob("*.bad.cfg")):
        rule = rules["K" + bad.name[:2]]
        if not rule["fixable"]:
            continue
        mended = folder / bad.name
        own = bad.with_suffix(".conf")
        gateway = ["-c", own if own.exists() else PAIRS / "gateway.conf"] if rule["needs"] == "gateway" or bad.name[:2] in ("12", "13") else []
        _, out, errors = call("--no-haproxy", "--fix", "-o", mended, *gateway, bad)
        check(errors == "" and "left after" in out, f"{bad.name}: {out}{errors}")
        verdict = haproxys_verdict(mended, folder)
        check(verdict == "silent", f"{bad.name} mended: HAProxy {verdict}:\n{mended.read_text()}")


def the_exit_status_tells(scene):
    bad, good = pair(2)
    check(call("--no-haproxy", good)[0] == 0, "a good file is 0")
    check(call("--no-haproxy", bad)[0] == 1, "a bad file is 1")
    check(call("--no-haproxy", good, pair(16)[0])[0] == 1, "several files are one configuration")
    advice = scene.file("advice.cfg", good.read_text().replace(" peers lbs", "").split("\npeers ")[0])
    status, out, _ = call("--no-haproxy", advice)
    check(status == 0 and "K09" in out, f"advice alone is 0: {status}, {out}")
    for words in ([], ["--fix", good], ["--in-place", good], ["--fix", "-i", "-o", "x", good], ["--fix", "-o", "x", good, bad],
                  ["--explain", "K99"], ["--nosuch", good]):
        status, out, errors = call(*words)
        check(status == 2 and out == "" and errors != "", f"{words}: {status}, {out!r}, {errors!r}")
    status, _, errors = call(scene.dir / "nosuch.cfg")
    check(status == 1 and "nosuch.cfg" in errors, f"{status}, {errors}")
    status, _, errors = call("--haproxy", scene.dir / "nosuch", good)
    check(status == 1 and "nosuch" in errors, f"{status}, {errors}")


def a_finding_says_where_why_and_the_mend():
    bad, _ = pair(16)
    status, out, _ = call("--no-haproxy", bad)
    line = next(n for n, text in enumerate(bad.read_text().split("\n"), 1) if "timeout client" in text)
    check(status == 1 and out.startswith(f"{bad}:{line}: warning K16 bad-timeouts: `timeout client 660`"), out)
    check("    why:  A Kafka connection" in out and "    mend: `timeout client` and" in out and "1 warning, 0 advice" in out, out)
    check(all(line == line.rstrip() and (len(line) <= 100 or str(bad) in line) for line in out.split("\n")), out)
    status, found = as_json("--no-haproxy", bad)
    finding, = found["findings"]
    check((finding["id"], finding["line"], finding["file"], finding["severity"]) == ("K16", line, str(bad), "warning"),
          f"{finding}")
    check(found["haproxy"] is None and finding["fixable"] is True and finding["why"] and finding["mend"], f"{found}")


def haproxys_own_verdict_comes_too(scene):
    broken = scene.file("broken.cfg", pair(2)[1].read_text() + "    nosuchword\n")
    status, found = as_json(broken)
    check(status == 1 and found["haproxy"]["accepts"] is False, f"{found}")
    line = found["haproxy"]["lines"][0]
    check(line["line"] == broken.read_text().count("\n") and "nosuchword" in line["what"] and line["severity"] == "error",
          f"{line}")
    status, out, _ = call(pair(2)[1])
    check(status == 0 and "HAProxy itself: accepted" in out, out)
    status, found = as_json(pair(50)[0])
    check(found["haproxy"]["accepts"] is True and found["haproxy"]["lines"][0]["severity"] == "warning", f"{found}")


def a_file_is_mended_where_asked(scene):
    bad, good = pair(16)
    mended = scene.dir / "mended.cfg"
    status, out, errors = call("--fix", "-o", mended, bad)
    check(status == 0 and errors == "" and "1 mended" in out, f"{status}, {out}, {errors}")
    check(mended.read_text() == good.read_text(), mended.read_text())
    own = scene.file("own.cfg", bad.read_text())
    own.chmod(0o640)
    link = scene.dir / "link.cfg"
    link.symlink_to(own)
    status, out, errors = call("--fix", "--in-place", link)
    check(status == 0 and own.read_text() == good.read_text(), f"{status}, {out}, {errors}")
    check(stat.S_IMODE(own.stat().st_mode) == 0o640 and link.is_symlink(), "its mode stays, the link too")
    unreadable = scene.file("open.cfg", bad.read_text() + "    acl x src '1\n")
    status, out, errors = call("--fix", "-i", unreadable)
    check(status == 1 and "nothing was mended" in errors and unreadable.read_text().endswith("'1\n"), f"{status}, {errors}")


def rules_are_explained():
    status, out, _ = call("--explain", "K02")
    check(status == 0 and out.startswith("K02 no-inspect-delay (error, --fix mends it)"), out)
    check(call("--explain", "no-inspect-delay")[1] == out, "by its name too")
    everything = as_json("--explain", "all")[1]
    check(len(everything) >= 50 and all(rule["why"] and rule["mend"] for rule in everything), f"{len(everything)} rules")


def this_machine_is_looked_at_when_asked(scene):
    text = pair(2)[1].read_text().replace("maxconn 4000", "maxconn 4000\n    chroot /nosuch/folder")
    there = scene.file("there.cfg", text)
    check(call("--no-haproxy", there)[0] == 0, "another machine's folders are not known")
    status, out, _ = call("--no-haproxy", "--here", there)
    check(status == 1 and "K48" in out, out)
    status, out, _ = call("--no-haproxy", "--fd-limit", 8000, there)
    check(status == 1 and "K17" in out and "8031" in out, out)


def the_gateways_configuration_is_held_against_it():
    bad, good = pair(62)
    gateway = PAIRS / "gateway.conf"
    check(call("--no-haproxy", bad)[0] == 0, "alone it is fine")
    status, out, _ = call("--no-haproxy", "-c", gateway, bad)
    check(status == 1 and "K62 proxy-header-one-sided" in out and "gateway.proxy_protocol" in out, out)
    status, out, errors = call("--no-haproxy", "-c", gateway, good)
    check(status == 0 and errors == "", f"{status}, {out}, {errors}")
    status, _, errors = call("--no-haproxy", "-c", PAIRS / "nosuch.conf", good)
    check(status == 1 and "nosuch.conf" in errors, errors)


def test(scene):
    haproxy_says_what_the_rules_claim(scene)
    the_exit_status_tells(scene)
    a_finding_says_where_why_and_the_mend()
    haproxys_own_verdict_comes_too(scene)
    a_file_is_mended_where_asked(scene)
    rules_are_explained()
    the_gateways_configuration_is_held_against_it()
    this_machine_is_looked_at_when_asked(scene)


run(test)
