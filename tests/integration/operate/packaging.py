#!/usr/bin/env python3
"""The Debian package builds from the tree and holds what it should."""
# not with sanitizers
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, REPO, check, check_equal, run  # noqa: E402


def call(*words, **options):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, **options)
    check(done.returncode == 0, f"{words} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def build(scene):
    """The package that `make deb` makes."""
    env = {key: value for key, value in os.environ.items() if key not in ("CFLAGS", "LDFLAGS", "MAKEFLAGS", "CI")}
    env["DEB_BUILD_OPTIONS"] = "noopt noautodbgsym"  # the package is looked at, not measured: half of the time
    call("make", "deb", f"BUILD={scene.dir}", cwd=REPO, env=env)
    packages = [p for p in (scene.dir / "deb").glob("*.deb") if "-dbgsym_" not in p.name]
    check_equal(len(packages), 1, f"packages: {packages}")
    return packages[0]


def check_control(package, root):
    fields = dict(re.findall(r"^([A-Z][\w-]+): (.*)$", call("dpkg-deb", "-f", package), re.M))
    check_equal(fields["Package"], "anyport", "its name")
    check_equal("anyport " + fields["Version"].partition("-")[0], call(root / "usr/bin/anyport", "--version").strip(),
                "the changelog's version and the program's")
    for library in ("libev", "libconfig", "libmicrohttpd", "libjansson", "libpcre2-8-"):
        check(re.search(rf"\b{library}\d+", fields["Depends"]), f"depends on {library}: {fields['Depends']}")
    control = root / "control"
    call("dpkg-deb", "-e", package, control)
    check_equal((control / "conffiles").read_text().split(), ["/etc/anyport.conf"], "conffiles")
    postinst = "".join(path.read_text() for path in control.glob("postinst"))
    check(not re.search(r"deb-systemd-invoke", postinst), f"it starts before it is configured: {postinst}")


def check_contents(scene, root):
    pages = scene.dir / "man"
    call(BUILD / "anyportctl", "man", pages)
    for page in (path.name for path in pages.iterdir()):
        found = list((root / "usr/share/man").rglob(page + ".gz"))
        check_equal([p.parent.name for p in found], ["man" + page[-1]], f"the manual page {page}")
    folder = next(f for f in ("usr/lib", "lib") if (root / f / "systemd").is_dir())  # usr/lib from Debian 13 on
    for path in ("usr/bin/anyportctl", f"{folder}/systemd/system/anyport.service",
                 "usr/share/bash-completion/completions/anyportctl", "usr/share/zsh/vendor-completions/_anyportctl",
                 "usr/share/fish/vendor_completions.d/anyportctl.fish", "usr/share/doc/anyport/copyright",
                 "usr/share/doc/anyport/examples/plain/haproxy.cfg"):
        check((root / path).is_file(), f"/{path} is missing")
    check(not (root / "usr/share/doc/anyport/examples/debian").exists(), "the packaging does not package itself")
    unit = (root / folder / "systemd/system/anyport.service").read_text()
    check_equal(unit, (REPO / "examples/systemd/anyport.service").read_text(), "the unit")
    program, option, conf = re.search(r"^ExecStart=(\S+) (\S+) (\S+)$", unit, re.M).groups()
    call(root / program[1:], "-t", option, root / conf[1:], env={})
    header = call("readelf", "-d", "-h", root / "usr/bin/anyport")
    check("BIND_NOW" in header and "DYN (" in header, "hardened")


def test(scene):
    package = build(scene)
    root = scene.dir / "root"
    call("dpkg-deb", "-x", package, root)
    check_contents(scene, root)
    check_control(package, root)


run(test)
