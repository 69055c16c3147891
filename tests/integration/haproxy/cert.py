#!/usr/bin/env python3
"""anyportctl haproxy cert set: who comes is shown the new certificate, without a reload; who is connected stays; what is
no certificate with its key changes nothing."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from certs import Certs  # noqa: E402
from front import Front, check, request, run  # noqa: E402
from pair import run_ctl  # noqa: E402


def serial_of(path):
    done = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-serial"], capture_output=True, text=True, check=True)
    return done.stdout.strip().removeprefix("serial=")


def shown(front, certs):
    """The serial that somebody who comes now is shown; its request is answered."""
    with front.link(tls=certs.client(), name="kafka") as link:
        check(link.ask(request("app"))["node"] in ("n1", "n2"), "it is served")
        return link.sock.getpeercert()["serialNumber"]


def cert_set(front, name, *words):
    status, out, errors = run_ctl("haproxy", "cert", "set", name, *words, "-s", front.haproxy.socket_path, "--json")
    return status, json.loads(out) if out else None, errors


def what_changes_nothing(front, certs, served, folder):
    before = shown(front, certs)
    other = certs.issue("other")
    crt, key = other.with_suffix(".crt").read_text(), certs.issue("third").with_suffix(".key").read_text()
    locked = subprocess.run(["openssl", "pkcs8", "-topk8", "-passout", "pass:secret"], input=other.with_suffix(".key").read_text(),
                            capture_output=True, text=True, check=True).stdout
    past = certs.issue_past("past", "kafka").read_text()
    for name, text, said in (("no-key.pem", crt, "there is no key in it"), ("no-cert.pem", key, "there is no certificate in it"),
                             ("locked.pem", crt + locked, "or it wants a password"), ("past.pem", past, "has run out"),
                             ("others-key.pem", crt + key, "its key is not that of its first certificate"),
                             ("nothing.pem", "nothing\n", "there is no certificate in it")):
        (folder / name).write_text(text)
        status, rows, errors = cert_set(front, served, "--from", folder / name)
        check(status == 1 and rows is None and said in errors and name in errors, f"{name}: {status}, {errors}")
    status, rows, errors = cert_set(front, served, "--from", "/nosuch/new.pem")
    check(status == 1 and rows is None and "/nosuch/new.pem: No such file" in errors, f"no file: {status}, {errors}")
    status, rows, errors = cert_set(front, "/nosuch/kafka.pem", "--from", other)
    check(status == 1 and "its file names no certificate /nosuch/kafka.pem" in rows[0]["why"], f"{rows}, {errors}")
    status, rows, _ = cert_set(front, "/no such;name", "--from", other)
    check(status == 1 and "no command can say the name" in rows[0]["why"], f"{rows}")
    check(shown(front, certs) == before, "another certificate is shown")


def asked_by(scene, served, *socket):
    """(how the doctor looked at HAProxy, what it found of its certificate); what else is not there is not looked at here."""
    conf = scene.file("doctor.conf", f'kafka: {{ bootstrap_servers = "127.0.0.1:1"; }};\nhaproxy: {{ tls = "terminate"; tls_certificate = "{served}"; }};\n')
    _, out, _ = run_ctl("doctor", "--json", "-c", conf, "--haproxy", "/nowhere", *socket,
                        "--http", "127.0.0.1:1", "--timeout", "2s")
    report = json.loads(out)
    [look] = [look for look in report["looks"] if look["look"] == "HAProxy"]
    return look, [(f["what"], f["do"]) for f in report["findings"] if f["look"] == "HAProxy" and "certificate" in f["what"]]


def doctor_says(scene, front, served):
    look, found = asked_by(scene, served, "--master-socket", front.haproxy.master_path)
    check(look["looked"], f"the process was asked: {look}")
    return found


def on_a_socket_that_may_not_ask(scene, front, served):
    """Whether its file names the certificate is not known then."""
    path = scene.dir / "user.sock"
    config = front.text.replace("\nglobal\n", f"\nglobal\n    stats socket {path} level user\n", 1)
    config = config.replace(str(front.haproxy.socket_path), str(scene.dir / "other.sock")).replace(front.host, scene.host(2))
    scene.haproxy(config=config, host=scene.host(2), ports=3, name="other")
    look, found = asked_by(scene, served, "--stats-socket", path)
    check(not look["looked"] and found == [], f"{look}, {found}")
    check("show ssl cert" in look["why"] and "`level operator`" in look["why"], look)
    status, out, _ = run_ctl("haproxy", "cert", "set", served, "-s", path, "--json")
    check(status == 1 and "`level operator`" in json.loads(out)[0]["why"], f"{status}, {out}")


def test(scene):
    folder = scene.dir / "certs"
    folder.mkdir()
    certs = Certs(folder)
    served = certs.issue("kafka")
    first = serial_of(served)
    front = Front(scene, ports=3, arguments=["--tls", "terminate", "--tls-certificate", served])
    workers = front.haproxy.workers()
    check(shown(front, certs) == first, "the one of the file")
    what_changes_nothing(front, certs, served, folder)
    on_a_socket_that_may_not_ask(scene, front, served)
    stays = front.link(tls=certs.client(), name="kafka")
    stays.ask(request("app"))

    renewed = certs.issue("renewed", "kafka")
    status, rows, errors = cert_set(front, served, "--from", renewed)
    second = serial_of(renewed)
    check((status, rows[0]["before"], rows[0]["now"], rows[0]["why"]) == (0, first, second, "done"), f"{status}, {rows}, {errors}")
    check("its next reload brings back" in errors, f"the file is still the old one: {errors!r}")
    check(shown(front, certs) == second, "who comes is shown the new one")
    check(stays.ask(request("app"))["node"] in ("n1", "n2"), "who was there is served on")
    check(front.haproxy.workers() == workers, "nothing was reloaded")
    [(what, mend)] = doctor_says(scene, front, served)
    check(f"serial number {second}" in what and f"has the one with {first}" in what, what)
    check(f"`anyportctl haproxy cert set {served}`" in mend, mend)
    [(what, mend)] = doctor_says(scene, front, renewed)
    check(f"its file names no certificate {renewed}" in what, what)

    served.write_text(renewed.read_text().replace("-----END CERTIFICATE-----\n", "-----END CERTIFICATE-----\n\n\n"))
    status, out, errors = run_ctl("haproxy", "cert", "set", served, "--master-socket", front.haproxy.master_path)
    check(status == 0 and errors == "" and second in out and "valid until" in out, f"{status}, {out}, {errors}")
    check(doctor_says(scene, front, served) == [], "it shows what is in the file")
    stays.close()


run(test)
