#!/usr/bin/env python3
"""The Debian package builds from the tree and holds what it should; the image of it runs; the rpm's spec lists the same."""
# not with sanitizers
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, FIRST_PORT, HTTP_PORT, REPO, check, check_equal, http_get, run, wait_for  # noqa: E402
from machine import namespaces, skip_part  # noqa: E402
from oci import Image  # noqa: E402

IMAGE = REPO / "examples/image/build"
SPEC = REPO / "examples/rpm/anyport.spec"


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


def check_contents(root):
    for page in (path.name for path in (BUILD / "docs/man").iterdir()):
        found = list((root / "usr/share/man").rglob(page + ".gz"))
        check_equal([p.parent.name for p in found], ["man" + page[-1]], f"the manual page {page}")
    folder = next(f for f in ("usr/lib", "lib") if (root / f / "systemd").is_dir())  # usr/lib from Debian 13 on
    for path in ("usr/bin/anyportctl", f"{folder}/systemd/system/anyport.service",
                 "usr/share/bash-completion/completions/anyport", "usr/share/bash-completion/completions/anyportctl", "usr/share/zsh/vendor-completions/_anyportctl",
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


def check_lintian(package):
    if shutil.which("lintian") is None:
        skip_part("lintian", "it is not here: apt-get install lintian")
    else:
        call("lintian", "--allow-root", "--fail-on", "error", package)


def check_image(scene, package):
    """Twice the same; by its own user on a root that can't be written to it serves, and drains on SIGTERM."""
    done = subprocess.run([IMAGE, "--cache", scene.dir / "fetched", package, scene.dir / "image"], capture_output=True, text=True, check=False)
    if done.returncode and re.search(r"Unable to|Failed to fetch|Could not", done.stderr):
        skip_part("the container image", "apt has no packages for it here")
        return
    check_equal(done.returncode, 0, done.stderr)
    call(IMAGE, "--cache", scene.dir / "fetched", package, scene.dir / "again")
    image = Image(scene.dir / "image")
    check_equal(image.digest, Image(scene.dir / "again").digest, "the same image again")
    check_equal(image.config["config"]["User"], "65534:65534", "its user")
    if os.geteuid() or not namespaces("--mount", "true"):
        skip_part("running the image", "mount namespaces can't be made here")
        return
    root = scene.dir / "unpacked"
    image.unpack(root)
    check(not [f for f in ("sh", "bash", "dpkg", "apt", "perl") if (root / "usr/bin" / f).exists()], "no shell, no packages' programs")
    serve_and_drain(scene, image, root)


def serve_and_drain(scene, image, root):
    kafka, host = scene.mock_cluster(topics={"t": 3}), scene.host(101)
    node = scene.process(image.command(root), name="image", env={
        "PATH": os.environ["PATH"], "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "GATEWAY_BIND_HOST": host, "GATEWAY_HTTP_HOST": host,
        "GATEWAY_ADVERTISED_LISTENER": f"{host}:{FIRST_PORT}", "GATEWAY_PORT_START": str(FIRST_PORT)})

    def is_ready():
        try:
            return http_get(f"http://{host}:{HTTP_PORT}/health/ready")[0] == 200
        except OSError:
            return False
    wait_for(is_ready, 20, f"the image's node is ready:\n{node.log(20)}")
    status = pathlib.Path(f"/proc/{node.pid}/status").read_text()
    check(re.search(r"^Uid:\s65534\s65534\s65534", status, re.M), status)
    mounts = pathlib.Path(f"/proc/{node.pid}/mountinfo").read_text()
    check(re.search(rf"/{root.name} / ro,", mounts), f"the root is read-only: {mounts}")
    check_equal(os.readlink(f"/proc/{node.pid}/root"), str(root), "its root")
    node.signal(signal.SIGTERM)
    check_equal(node.wait(20), 0, "exit status")
    check("event=drained" in node.log(), "it has drained")


def check_spec(root):
    """The spec's files are those of the Debian package, but for where the two put documents."""
    text = SPEC.read_text()
    names = {"_bindir": "usr/bin", "_datadir": "usr/share", "_mandir": "usr/share/man", "_sysconfdir": "etc", "_unitdir": "systemd/system"}
    listed = re.findall(r"^(?:%config\(noreplace\) )?%\{(\w+)\}(/\S+)$", text[text.index("%files"):], re.M)
    have = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    have = {path.replace("vendor-completions", "site-functions") for path in have if "share/doc/" not in path}
    for place, rest in listed:
        pattern = re.escape(names[place] + rest).replace(r"\*", "[^/]*")
        found = {path for path in have if re.search(rf"(^|/){pattern}(/|$)", path)}
        check(found, f"{place}{rest} is in no package")
        have -= found
    check_equal({path for path in have if not path.startswith("control/")}, set(), "what the spec does not list")
    version = re.search(r"^Version:\s+(\S+)", text, re.M)[1]
    check_equal("anyport " + version, call(root / "usr/bin/anyport", "--version").strip(), "the spec's version")
    if shutil.which("rpmlint") is None:
        skip_part("rpmlint", "it is not here: apt-get install rpm rpmlint")
    else:
        call("rpmlint", SPEC)


def test(scene):
    package = build(scene)
    check_lintian(package)
    check_image(scene, package)
    root = scene.dir / "root"
    call("dpkg-deb", "-x", package, root)
    check_contents(root)
    check_spec(root)
    check_control(package, root)


run(test)
