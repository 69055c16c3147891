"""Clients that are programs in other languages: franz-go and sarama (Go), KafkaJS (Node).

Their libraries come from the registries of their languages, once, into the cache; what is made of them
there is made anew when a source of ours or the language's own version is another one.
"""
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import jars
from clients import LIMIT, Command, read_records
from cluster import check_equal

HERE = pathlib.Path(__file__).resolve().parent
FETCH_LIMIT = 600
GO_DIR = HERE / "go"
# The newest of each library that a Go of that version, or a newer one, takes.
GO_MODULES = {
    (1, 26): {"github.com/twmb/franz-go": "v1.22.3", "github.com/IBM/sarama": "v1.61.1"},
    (1, 24): {"github.com/twmb/franz-go": "v1.20.6", "github.com/IBM/sarama": "v1.46.3"},
    (1, 19): {"github.com/twmb/franz-go": "v1.15.4", "github.com/IBM/sarama": "v1.43.0"},
}
GO_SCRAM = {"github.com/xdg-go/scram": "v1.1.2"}
NODE_MODULES = {"kafkajs": "2.2.4"}


def _run(command, what, cwd, env=None):
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=FETCH_LIMIT,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"{what}: {' '.join(map(str, command))} failed:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")
    return done.stdout


def _made(name, make):
    """A folder of the cache, filled under another name and renamed."""
    target = jars.CACHE / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_name(f".{target.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            work = target.with_name(f".{target.name}.work")
            shutil.rmtree(work, ignore_errors=True)
            make(work)
            work.rename(target)
    return target


# -- Go ----------------------------------------------------------------------------


def go_version():
    """(1, 26)"""
    found = re.search(r"go(\d+)\.(\d+)", _run(["go", "version"], "Go", HERE))
    return int(found[1]), int(found[2])


def _go_modules(version):
    """None: that Go is older than any that takes them."""
    return next(({**modules, **GO_SCRAM} for oldest, modules in GO_MODULES.items() if version >= oldest), None)


def _build_go(work, version):
    env = {"GOPATH": str(jars.CACHE / "go" / "path"), "GOCACHE": str(jars.CACHE / "go" / "build"), "GOTOOLCHAIN": "local",
           "GOFLAGS": "-modcacherw -buildvcs=false"}
    shutil.copytree(GO_DIR, work)
    _run(["go", "mod", "init", "anyport.test"], "Go", work, env)
    _run(["go", "mod", "edit", *(f"-require={name}@{what}" for name, what in _go_modules(version).items())], "Go", work, env)
    _run(["go", "mod", "tidy"], "Go's modules", work, env)
    _run(["go", "vet", "./..."], "our programs in Go", work, env)
    for name in ("franz", "sarama"):
        _run(["go", "build", "-o", f"bin-{name}", f"./{name}"], "our programs in Go", work, env)


def go_program(name):
    version = go_version()
    text = b"".join(path.read_bytes() for path in sorted(GO_DIR.rglob("*.go"))) + repr((version, _go_modules(version))).encode()
    made = _made(f"go/programs-{hashlib.sha256(text).hexdigest()[:12]}", lambda work: _build_go(work, version))
    return [made / f"bin-{name}"]


# -- Node --------------------------------------------------------------------------


def _fetch_node(work):
    work.mkdir()
    (work / "package.json").write_text(json.dumps({"private": True, "dependencies": NODE_MODULES}))
    _run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"--cache={jars.CACHE / 'npm'}"], "Node's modules", work)


def node_program(name):
    text = json.dumps(NODE_MODULES).encode()
    made = _made(f"node-{hashlib.sha256(text).hexdigest()[:12]}", _fetch_node)
    return ["env", f"NODE_PATH={made / 'node_modules'}", "node", "--no-warnings", HERE / "node" / f"{name}.js"]


PROGRAMS = {"franz-go": lambda: go_program("franz"), "sarama": lambda: go_program("sarama"),
            "kafkajs": lambda: node_program("kafkajs")}


def missing(name):
    """Why the client can't be had on this machine; None: it can."""
    needs = ["node", "npm"] if name == "kafkajs" else ["go"]
    absent = [program for program in needs if not shutil.which(program)]
    if absent:
        return f"{' and '.join(absent)} not found"
    if needs == ["go"] and not _go_modules(go_version()):
        return f"Go {'.'.join(map(str, go_version()))} is older than {'.'.join(map(str, min(GO_MODULES)))}"
    return None


def available():
    """The names of those that this machine can have; of the others it is told why not."""
    for name in PROGRAMS:
        why = missing(name)
        if why:
            print(f"SKIP client {name}: {why}", flush=True)
    return [name for name in PROGRAMS if not missing(name)]


def fetch():
    """What they need from registries."""
    for name in available():
        PROGRAMS[name]()


# -- the client ----------------------------------------------------------------------


class Program(Command):
    """tls: {"ca": …, "cert": …, "key": …}, the last two where the client has a certificate."""
    tls = None

    def __init__(self, name, bootstrap, directory):
        super().__init__(bootstrap, directory)
        self.name = name
        if name == "kafkajs":
            self.compressions = ["none", "gzip"]
        self.program = PROGRAMS[name]()

    def command(self, *words):
        tls = ["env", f"CLIENT_TLS={json.dumps({key: str(path) for key, path in self.tls.items()})}"] if self.tls else []
        return [*tls, *self.program, self.bootstrap, *words]

    def produce(self, topic, count, prefix, acks="all", compression="none"):
        self.produce_each(topic, count, [(prefix, acks, compression)])

    def produce_each(self, topic, count, runs):
        self._run(self.command("produce", topic, count, *(word for run in runs for word in run)), LIMIT * len(runs))

    def consume(self, topic, group, count, limit=LIMIT, protocol="classic"):
        out = self.directory / f"{self.name}-{group}.records"
        self._run(self.command("consume", topic, group, count, out, limit, protocol), limit + 20)
        return read_records(out)

    # -- while other things happen: processes of a scene ------------------------------

    def _start(self, scene, *words):
        """Ended by the end of its input."""
        process = scene.process(self.command(*words), env={"CLIENT_LOGIN": " ".join(self.login)}, pipes=True, name=self.name)
        process.out = words[-1]
        return process

    def start_load(self, scene, topic, prefix, pause_us):
        return self._start(scene, "load", topic, prefix, pause_us, self.directory / f"{self.name}-{topic}.counts")

    def stop_load(self, load, limit=LIMIT):
        load.popen.stdin.close()
        check_equal(load.wait(limit), 0, f"exit of {self.name}: {load.log(20)}")
        counts, _, errors = load.out.read_text().partition(" errors=")
        return {**{key: int(value) for key, value in (word.split("=") for word in counts.split())}, "errors": errors}

    def start_along(self, scene, topic, group):
        """Reads as a group, until it is killed."""
        return self._start(scene, "along", topic, group, self.directory / f"{self.name}-{group}.records")

    def topics(self):
        out = self.directory / f"{self.name}-{'-'.join(self.login[:2])}.topics"
        self._run(self.command("topics", out), LIMIT)
        return set(out.read_text().split())
