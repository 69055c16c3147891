#!/usr/bin/env python3
"""anyportctl user: who may log in at the gateway, in a file of what passwords are with a salt, and at the brokers too."""
import base64
import hashlib
import hmac
import os
import pathlib
import pty
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, run  # noqa: E402
from stand_in import StandIns  # noqa: E402

FINDINGS, USAGE = 1, 2
DIGEST = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
IDS = {1: "SCRAM-SHA-256", 2: "SCRAM-SHA-512"}


def user(status, *words, says="", typed=None, env=None):
    done = subprocess.run([BUILD / "anyportctl", "user", *words], input=typed, stdin=None if typed is not None else subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, env={**os.environ, **(env or {})})
    check_equal(done.returncode, status, f"exit status of user {words}: {done.stdout}{done.stderr}")
    check(says in done.stdout + done.stderr, f"user {words} says {says!r}: {done.stdout}{done.stderr}")
    return done.stdout


def rows(path):
    """{(name, mechanism): fields} as the file has them."""
    found = {}
    for row in re.findall(r"\{([^{}]*)\}", path.read_text()):
        fields = dict(re.findall(r'(\w+) = "?([^";]*)"?;', row))
        found[fields["name"], fields["mechanism"]] = fields
    return found


def check_keys(fields, password):
    """They are what RFC 5802 makes of the password."""
    digest = DIGEST[fields["mechanism"]]
    salted = hashlib.pbkdf2_hmac(digest, password.encode(), base64.b64decode(fields["salt"]), int(fields["iterations"]))
    stored = hashlib.new(digest, hmac.digest(salted, b"Client Key", digest)).digest()
    check_equal(base64.b64decode(fields["stored_key"]), stored, f"the stored key of {fields['name']}")
    check_equal(base64.b64decode(fields["server_key"]), hmac.digest(salted, b"Server Key", digest), f"the server key of {fields['name']}")
    return salted


def check_file(scene):
    path = scene.dir / "users.conf"
    file, word = ("-u", path), scene.file("word", "pencil\n")
    user(0, "set", "alice", *file, "-p", word)
    check_equal(path.stat().st_mode & 0o777, 0o600, "the file is its owner's alone")
    check_equal(sorted(rows(path)), [("alice", "SCRAM-SHA-256"), ("alice", "SCRAM-SHA-512")], "both mechanisms")
    for fields in rows(path).values():
        check_keys(fields, "pencil")
        check("kafka" not in fields and fields["iterations"] == "4096", f"the gateway's alone: {fields}")
    check("pencil" not in path.read_text(), "no password in it")
    first, disguise = rows(path), re.search('disguise = "(.*)"', path.read_text())[1]
    check_equal(len(base64.b64decode(disguise)), 32, "bytes of the disguise")
    user(0, "set", "bob", "-p", "-", "-m", "SCRAM-SHA-512", "-i", "8192", typed="two words\n", env={"GATEWAY_USERS": str(path)})
    check_keys(rows(path)["bob", "SCRAM-SHA-512"], "two words")
    check_equal({name: fields for name, fields in rows(path).items() if name[0] == "alice"}, first, "others stay")
    user(0, "set", "alice", *file, "-p", "-", "-m", "SCRAM-SHA-256", typed="pencil")
    check_equal(sorted(rows(path)), [("alice", "SCRAM-SHA-256"), ("bob", "SCRAM-SHA-512")], "no way in by an old password")
    check(rows(path)["alice", "SCRAM-SHA-256"]["salt"] != first["alice", "SCRAM-SHA-256"]["salt"], "another salt each time")
    check_equal(re.search('disguise = "(.*)"', path.read_text())[1], disguise, "the disguise stays")
    check(re.search(r"alice +SCRAM-SHA-256 +4096", user(0, "list", *file)), "listed")
    check_equal(user(0, "list", "--json", *file).count('"name"'), 2, "listed for programs")
    user(0, "delete", "alice", *file)
    check_equal(sorted(rows(path)), [("bob", "SCRAM-SHA-512")], "deleted")
    before = path.read_bytes()
    user(FINDINGS, "delete", "alice", *file, says="no user alice")
    user(FINDINGS, "delete", "bob", "-u", scene.dir / "none", says="No such file")
    user(FINDINGS, "set", "bob", *file, says="nobody is there to type a password")
    user(FINDINGS, "set", "bob", *file, "-p", scene.dir / "none", says="No such file")
    user(FINDINGS, "set", "bob", *file, "-p", "-", typed="\n", says="not a secret")
    user(USAGE, "set", "b\nb", *file, "-p", word, says="a name is")
    user(USAGE, "set", "bob", "-p", word, says="--users FILE is missing", env={"GATEWAY_USERS": ""})
    user(USAGE, "set", "bob", *file, "-i", "4095", says="from 4096 to 16384")
    other = scene.file("users.conf.new", "")
    user(FINDINGS, "set", "bob", *file, "-p", word, says="users.conf.new is there")
    other.unlink()
    check_equal(path.read_bytes(), before, "nothing of that has changed the file")
    broken = scene.file("broken.conf", "users = (")
    user(FINDINGS, "set", "bob", "-u", broken, "-p", word, says="broken.conf:1: syntax error")
    check_equal(broken.read_text(), "users = (", "what is not understood stays")
    check(not list(scene.dir.glob("*.new")), "and nothing is left behind")


def type_it(path, first, second):
    """At a terminal; the exit status and all that was shown."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(BUILD / "anyportctl", ["anyportctl", "user", "set", "carol", "-u", str(path)])
    shown = b""
    for prompt, word in ((b"Password: ", first), (b"Once more: ", second)):
        while prompt not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, word.encode() + b"\n")
    try:
        while piece := os.read(terminal, 1000):
            shown += piece
    except OSError:  # it is closed
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def check_typed(scene):
    path = scene.dir / "typed.conf"
    status, shown = type_it(path, "right word", "wrong word")
    check(status == FINDINGS and "another password" in shown and not path.exists(), f"two words: {status} {shown}")
    status, shown = type_it(path, "right word", "right word")
    check(status == 0 and "right" not in shown, f"without an echo: {status} {shown}")
    check_keys(rows(path)["carol", "SCRAM-SHA-256"], "right word")


def check_kafka(scene):
    path, word, asked, refusals = scene.dir / "both.conf", scene.file("word", "pencil\n"), [], {}

    def answer(broker, ask):
        if ask.api != "AlterUserScramCredentials":
            return broker.usual(ask)
        asked.append(ask.values)
        change = [*ask.values["deletions"], *ask.values["upsertions"]]
        check_equal(len(change), 1, "changes in a request")
        code, message = refusals.get(change[0]["mechanism"], (0, None))
        return {"results": [{"user": change[0]["name"], "error_code": code, "error_message": message}]}
    kafka = ("-u", path, "-k", StandIns(scene, answer, topics={}).bootstrap)
    user(0, "set", "alice", *kafka, "-p", word)
    there = rows(path)
    for values, (number, mechanism) in zip(asked, IDS.items(), strict=True):
        change, fields = values["upsertions"][0], there["alice", mechanism]
        check(fields["kafka"] == "true" and change["mechanism"] == number and change["name"] == "alice", f"{change} {fields}")
        check_equal(change["salt"], base64.b64decode(fields["salt"]), "the same salt")
        check_equal(change["iterations"], int(fields["iterations"]), "as many iterations")
        check_equal(change["salted_password"], check_keys(fields, "pencil"), "the salted password")
    refusals[2] = (93, "Too few")
    user(FINDINGS, "set", "alice", *kafka, "-p", word, says="refuse SCRAM-SHA-512 of alice: error 93, UNACCEPTABLE_CREDENTIAL: Too few")
    check_equal(rows(path), there, "the file stays")
    user(FINDINGS, "delete", "alice", *kafka, says="error 93")
    check_equal(rows(path), there, "the file stays")
    del asked[:]
    refusals[2] = (91, "Attempt to delete a user credential that does not exist")
    user(0, "delete", "alice", *kafka)
    check_equal([values["deletions"] for values in asked], [[{"name": "alice", "mechanism": n}] for n in IDS], "deleted there too")
    check_equal(rows(path), {}, "and here")
    refusals.clear()
    user(0, "set", "alice", *kafka, "-p", word)
    user(0, "set", "alice", "-u", path, "-p", word, says="warning: the brokers keep alice's credential before")
    user(FINDINGS, "set", "bob", "-u", path, "-k", "127.0.0.1:1", "-p", word, says="127.0.0.1:1: ")
    user(FINDINGS, "set", "bob", "-u", path, "-k", "nonsense:port", "-p", word, says="is no HOST:PORT")
    check_equal({name for name, _ in rows(path)}, {"alice"}, "no user without the brokers' word")


def test(scene):
    check_file(scene)
    check_typed(scene)
    check_kafka(scene)


if __name__ == "__main__":
    run(test)
