"""The clients of the tests: Java (three versions), Kafka's console tools, confluent-kafka, kafka-python, kcat.

All of them offer the same calls:
    produce(topic, count, prefix, acks, compression)    keys are PREFIX0 .. PREFIX<count-1>
    produce_each(topic, count, [(prefix, acks, compression), ...])      one after the other
    consume(topic, group, count, ...) -> [Record]       as a group, committing what was read
"""
import base64
import collections
import hashlib
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

import jars
from process import TimedOut

HERE = pathlib.Path(__file__).resolve().parent
Record = collections.namedtuple("Record", "partition offset key")
PIP = ["confluent-kafka", "kafka-python", "lz4", "zstandard", "python-snappy"]
LIMIT = 90
PARTS = {"Clients": ("History",)}


class ClientError(Exception):
    pass


def read_records(path):
    with open(path) as lines:
        return [Record(int(p), int(o), key) for p, o, key in (line.split() for line in lines)]


def java_jar(source, jar_set):
    """Compiles one of our programs against a set of jars, once a version of the source.  A jar, as no class archive
    (Jvm) is made of a folder of classes."""
    files = [HERE / "java" / f"{name}.java" for name in (source, *PARTS.get(source, ()))]
    text = b"".join(file.read_bytes() for file in files)
    target = jars.CACHE / "classes" / f"{source}-{jar_set}-{hashlib.sha256(text).hexdigest()[:12]}.jar"
    with jars.alone("classes"), tempfile.TemporaryDirectory() as work:
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            fresh = target.with_suffix(".new")
            subprocess.run(["javac", "-Xlint:all", "-Werror", "-d", work, "-cp", jars.classpath(jar_set), *files], check=True)
            subprocess.run(["jar", "--create", "--file", fresh, "-C", work, "."], check=True)
            fresh.rename(target)
    return target


def java_classes(source, jar_set):
    return f"{java_jar(source, jar_set)}:{jars.classpath(jar_set)}"


class Lines:
    """The lines of a pipe, read on a thread, so that who waits for one can wait with a limit."""

    def __init__(self, pipe):
        self._lines = []
        self._more = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe):
        for line in pipe:
            with self._more:
                self._lines.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def next(self, limit):
        with self._more:
            if not self._more.wait_for(lambda: self._lines or self._ended, limit):
                raise TimedOut(f"no answer within {limit} s")
            if not self._lines:
                raise ClientError("the client's process ended")
            return self._lines.pop(0)


class Jvm:
    """A JVM with one of our programs; more: sets of jars that it needs beside.

    One that ends by itself writes the classes that it has loaded into an archive (JEP 350), if there is none yet; the
    next ones begin with that, and need half the time to be there."""

    numbers = itertools.count()

    def __init__(self, scene, name, source, jar_set, more=(), options=()):
        program = java_jar(source, jar_set)
        self.archive = jars.archive("-".join([program.stem, *more]), [jar_set, *more], [program])
        self.fresh = self.archive.with_suffix(f".{os.getpid()}.{next(self.numbers)}")
        cds = f"-XX:SharedArchiveFile={self.archive}" if self.archive.exists() else f"-XX:ArchiveClassesAtExit={self.fresh}"
        self.process = scene.process([
            "java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", cds, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Xlog:cds=off", "-Xlog:cds+dynamic=off", *options,
            "-cp", ":".join([java_classes(source, jar_set), *map(jars.classpath, more)]), source], name=name, pipes=True)
        self.lines = Lines(self.process.popen.stdout)
        self.lines.next(30)

    def say(self, line):
        self.process.popen.stdin.write(line + "\n")
        self.process.popen.stdin.flush()

    def close(self):
        """Ends it by the end of its input, so that it may write its class archive; killed if busy."""
        self.process.popen.stdin.close()
        try:
            self.process.popen.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        else:
            jars.keep_archive(self.fresh, self.archive)
        self.fresh.unlink(missing_ok=True)


class Client:
    compressions = None  # that it has; None: all of them

    def produce_each(self, topic, count, runs):
        for run in runs:
            self.produce(topic, count, *run)


class Java(Client):
    """One JVM that carries out commands, several at a time."""

    def __init__(self, version, bootstrap, scene, more=(), options=()):
        self.version, self.bootstrap, self.directory = version, bootstrap, scene.dir
        self.name = f"java-{version}"
        self.jvm = Jvm(scene, self.name, "Clients", f"clients-{version}", more, options)
        self.answers, self.progress = {}, {}
        self.numbers = itertools.count(1)

    def close(self):
        self.jvm.close()

    def start(self, verb, **words):
        number = f"{verb}{next(self.numbers)}"
        words.setdefault("bootstrap.servers", self.bootstrap)
        words = {key.replace("__", "."): value for key, value in words.items()}
        line = "\t".join([number, verb, *(f"{key}={value}" for key, value in words.items())])
        self.jvm.say(line)
        return number

    def _read(self, limit):
        number, state, text = (self.jvm.lines.next(limit).split("\t") + [""])[:3]
        if state == "progress":
            self.progress[number] = int(text)
        else:
            self.answers[number] = (state, text)

    def wait(self, number, limit=LIMIT):
        while number not in self.answers:
            self._read(limit)
        state, text = self.answers.pop(number)
        if state != "ok":
            raise ClientError(f"{self.name} {number}: {text}")
        return text

    def ended(self, number):
        """How a command that nobody waits for has ended; None: it goes on."""
        try:
            while True:
                self._read(0)
        except TimedOut:
            return self.answers.get(number)

    def wait_progress(self, number, records, limit=LIMIT):
        """Until a load has `records` acknowledged."""
        while self.progress.get(number, 0) < records:
            self._read(limit)
            if number in self.answers:
                raise ClientError(f"{self.name} {number} ended: {self.answers[number]}")

    def run(self, verb, limit=LIMIT, **words):
        return self.wait(self.start(verb, **words), limit)

    def stop(self, number, limit=LIMIT):
        """Ends a load and returns its counts."""
        self.run("stop", which=number)
        text = self.wait(number, limit)
        counts, _, errors = text.partition(" errors=")
        return {**{k: int(v) for k, v in (word.split("=") for word in counts.split())}, "errors": errors}

    def produce(self, topic, count, prefix, acks="all", compression="none", **more):
        more.setdefault("enable__idempotence", "false" if acks in ("0", "1") else "true")
        return self.run("produce", topic=topic, count=count, prefix=prefix, acks=acks,
                        compression__type=compression, **more)

    def consume(self, topic, group, count, protocol="classic", limit=LIMIT, **more):
        out = self.directory / f"{self.name}-{group}.records"
        if protocol != "classic":
            more["group.protocol"] = protocol
        self.wait(self.start("consume", topic=topic, group__id=group, count=count, out=out, limit=limit, **more),
                  limit + 20)
        return read_records(out)


class Tools:
    """Kafka's console tools, all in one JVM."""

    VERSION = "4.3.1"
    CLASSES = {
        "kafka-topics": "org.apache.kafka.tools.TopicCommand",
        "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        "kafka-configs": "kafka.admin.ConfigCommand",
        "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
        "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
        "kafka-reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
        "kafka-leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
        "kafka-metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
        "kafka-features": "org.apache.kafka.tools.FeatureCommand",
        "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
        "kafka-share-groups": "org.apache.kafka.tools.consumer.group.ShareGroupCommand",
        "kafka-console-share-consumer": "org.apache.kafka.tools.consumer.ConsoleShareConsumer",
        "kafka-streams-groups": "org.apache.kafka.tools.streams.StreamsGroupCommand",
        "kafka-groups": "org.apache.kafka.tools.GroupsCommand",
        "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
        "kafka-client-metrics": "org.apache.kafka.tools.ClientMetricsCommand",
        "kafka-cluster": "org.apache.kafka.tools.ClusterTool",
        "kafka-acls": "org.apache.kafka.tools.AclCommand",
        "kafka-delegation-tokens": "org.apache.kafka.tools.DelegationTokenCommand",
        "kafka-broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
        "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
        "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
        "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
        "kafka-consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
        "kafka-share-consumer-perf-test": "org.apache.kafka.tools.ShareConsumerPerformance",
        "kafka-e2e-latency": "org.apache.kafka.tools.EndToEndLatency",
        "kafka-verifiable-producer": "org.apache.kafka.tools.VerifiableProducer",
        "kafka-verifiable-consumer": "org.apache.kafka.tools.VerifiableConsumer",
        "kafka-verifiable-share-consumer": "org.apache.kafka.tools.VerifiableShareConsumer",
        "kafka-streams-application-reset": "org.apache.kafka.tools.StreamsResetter",
        "kafka-replica-verification": "org.apache.kafka.tools.ReplicaVerificationTool",
        "log-compaction-tester": "org.apache.kafka.tools.LogCompactionTester",
        "client-compatibility-test": "org.apache.kafka.tools.ClientCompatibilityTest",
        "transactional-message-copier": "org.apache.kafka.tools.TransactionalMessageCopier",
    }
    # How a tool is told of the brokers, where it is not by a first --bootstrap-server.
    OPTIONS = {"kafka-replica-verification": "--broker-list", "transactional-message-copier": "--broker-list"}
    AFTER_COMMAND = {"kafka-cluster"}

    def __init__(self, scene):
        self.jvm = Jvm(scene, "tools", "Tools", f"tools-{self.VERSION}", options=["--add-opens=java.base/java.lang=ALL-UNNAMED"])

    def close(self):
        self.jvm.close()

    def _command(self, tool, bootstrap, words):
        at = 1 if tool in self.AFTER_COMMAND else 0
        return [self.CLASSES[tool], *words[:at], self.OPTIONS.get(tool, "--bootstrap-server"), bootstrap, *words[at:]]

    def start(self, scene, tool, bootstrap, *words):
        """A process of its own, for a tool that has no end."""
        return scene.process(["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
                              jars.classpath(f"tools-{self.VERSION}"), *self._command(tool, bootstrap, words)], name=tool)

    def run(self, bootstrap, tool, *words, limit=80, fails=False, given=""):
        """limit: more than the minute after which a tool says itself that no answer came.  given: what it reads."""
        line = "\t".join([base64.b64encode(given.encode()).decode(), *self._command(tool, bootstrap, words)])
        self.jvm.say(line)
        code, _, text = self.jvm.lines.next(limit).partition("\t")
        text = base64.b64decode(text).decode()
        if (code != "0") != fails:
            raise ClientError(f"{tool} {' '.join(words)}: exit {code}\n{text}")
        return text


def venv_python():
    """An interpreter with the Python clients; made once."""
    python = jars.CACHE / "venv" / "bin" / "python"
    marker = jars.CACHE / "venv" / "anyport-ready"
    with jars.alone("venv"):
        if not marker.exists():
            subprocess.run([sys.executable, "-m", "venv", jars.CACHE / "venv"], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *PIP], check=True, timeout=600)
            marker.touch()
    return python


class Command(Client):
    """A client that is a program a call.  login: mechanism, user, password, token; none: it says nothing of itself."""
    login = ()

    def __init__(self, bootstrap, directory):
        self.bootstrap, self.directory = bootstrap, directory

    def close(self):
        pass

    def _run(self, command, limit, stdout=None):
        log = self.directory / f"{self.name}.log"
        env = {**os.environ, "CLIENT_LOGIN": " ".join(self.login)} if self.login else None
        with open(log, "ab") as err:
            done = subprocess.run(["timeout", "-k", "1", str(limit), *(str(word) for word in command)], env=env,
                                  stdin=subprocess.DEVNULL, stdout=stdout or err, stderr=err, check=False)
        if done.returncode:
            tail = log.read_text(errors="replace")[-1500:]
            raise ClientError(f"{self.name} {' '.join(map(str, command[-6:]))}: exit {done.returncode}\n{tail}")


class Python(Command):
    """confluent-kafka or kafka-python."""

    def __init__(self, name, bootstrap, directory):
        super().__init__(bootstrap, directory)
        self.name = name
        self.settings = {}  # more of the library's own

    def _call(self, limit, *words):
        command = [venv_python(), HERE / "pyclient.py", self.name, self.bootstrap, *words]
        self._run(command if not self.settings else ["env", f"CLIENT_SETTINGS={json.dumps(self.settings)}", *command], limit)

    def produce(self, topic, count, prefix, acks="all", compression="none"):
        self._call(LIMIT, "produce", topic, count, prefix, acks, compression)

    def produce_each(self, topic, count, runs):
        """In one process: much of what a run of it takes is its start."""
        self._call(LIMIT * len(runs), "produce", topic, count, *(word for run in runs for word in run))

    def consume(self, topic, group, count, limit=LIMIT, protocol="classic"):
        out = self.directory / f"{self.name}-{group}.records"
        self._call(limit + 20, "consume", topic, group, count, out, limit, protocol)
        return read_records(out)

    def topics(self):
        out = self.directory / f"{self.name}.topics"
        self._call(LIMIT, "topics", out)
        return set(out.read_text().split())

    def transactions(self, topic, count, size, identity):
        self._call(LIMIT, "transactions", topic, count, size, identity)


class Kcat(Command):
    name = "kcat"

    @staticmethod
    def _settings(more):
        return [word for key, value in more.items() for word in ("-X", f"{key.replace('__', '.')}={value}")]

    def produce(self, topic, count, prefix, acks="all", compression="none", **more):
        source = self.directory / "kcat.in"
        source.write_text("".join(f"{prefix}{i}:{'v' * 100}\n" for i in range(count)))
        self._run(["kcat", "-P", "-b", self.bootstrap, "-t", topic, "-K:", "-z", compression, "-X", f"acks={acks}",
                   "-X", "linger.ms=5", *self._settings(more), "-l", source], LIMIT)

    def consume(self, topic, group, count, limit=LIMIT, **more):
        out = self.directory / f"kcat-{group}.records"
        with open(out, "wb") as stdout:
            self._run(["kcat", "-b", self.bootstrap, "-q", "-c", count, "-f", "%p %o %k\n",
                       "-X", "auto.offset.reset=earliest", *self._settings(more), "-G", group, topic], limit, stdout=stdout)
        return read_records(out)
