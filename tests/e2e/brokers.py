"""A real Kafka cluster on loopback: three combined brokers and controllers (KRaft).

    cluster = Cluster("4.4.0", scene); cluster.start(); ...; cluster.stop()

Every broker has an address and a port of its own that appear nowhere else: a
capture of what clients were sent can be searched for them.
"""
import base64
import os
import shutil
import signal
import uuid

import jars
import wire
from haproxy.certs import Certs
from process import Process, wait_for

JAVA = "java"
FIRST_HOST = 76
FIRST_PORT = 29770
CONTROLLER_PORT = 29780
SSL_PORT = 29790
LOG_DIRS = ("data", "more")
CLUSTER_ID = "YW55cG9ydC1lMmUtdGVzdA"
BROKER_JAVA = ["-Xms96m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=64m"]
IN_A_HURRY = "-XX:TieredStopAtLevel=1"  # a broker that lives for a minute is not worth better code

LOG4J2 = """rootLogger.level=WARN
rootLogger.appenderRef.out.ref=OUT
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %m (%c{1})%n
"""
LOG4J1 = """log4j.rootLogger=WARN, OUT
log4j.appender.OUT=org.apache.log4j.ConsoleAppender
log4j.appender.OUT.layout=org.apache.log4j.PatternLayout
log4j.appender.OUT.layout.ConversionPattern=%d %p %m (%c{1})%n
"""

COMMON = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL",
    "auto.create.topics.enable": "false",
    "auto.leader.rebalance.enable": "false",
    "num.partitions": 6,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "offsets.topic.num.partitions": 6,
    "offsets.topic.replication.factor": 3,
    "transaction.state.log.num.partitions": 6,
    "transaction.state.log.replication.factor": 3,
    "transaction.state.log.min.isr": 1,
    "group.initial.rebalance.delay.ms": 0,
    "log.cleaner.dedupe.buffer.size": 16 << 20,
    "broker.heartbeat.interval.ms": 500,
    "broker.session.timeout.ms": 4000,
    "replica.lag.time.max.ms": 5000,
    "controlled.shutdown.enable": "true",
    "replica.selector.class": "org.apache.kafka.common.replica.RackAwareReplicaSelector",
    "log.retention.ms": -1,  # the raw records carry a time of long ago
}
BY_VERSION = {
    "3": {"group.coordinator.rebalance.protocols": "classic,consumer"},
    "4": {"share.coordinator.state.topic.num.partitions": 3,
          "share.coordinator.state.topic.replication.factor": 3,
          "share.coordinator.state.topic.min.isr": 1,
          "group.streams.initial.rebalance.delay.ms": 0,
          **{f"group.{kind}{setting}.interval.ms": 500  # how soon a member is told what it has
             for kind in ("share", "streams", "consumer") for setting in (".heartbeat", ".min.heartbeat")}},
}


class Broker:
    def __init__(self, node, host, port, controller_port, directory):
        self.id = node
        self.host, self.port, self.controller_port = host, port, controller_port
        self.directory = directory
        self.rack = f"r{node}"
        self.process = None

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def ssl_address(self):
        return f"{self.host}:{SSL_PORT + self.id}"


class Cluster:
    def __init__(self, version, scene, brokers=3, settings=None, first_host=FIRST_HOST, compiled=False):
        """first_host: another one for a second cluster of the scene.  compiled: in full, as production has it; else in a hurry."""
        self.version = version
        self.java = [JAVA, *BROKER_JAVA, *([] if compiled else [IN_A_HURRY])]
        self.scene = scene
        self.settings = settings or {}
        self.node_env = {}  # what a node is told beside the bootstrap servers
        self.brokers = {node: Broker(node, scene.host(first_host + node), FIRST_PORT + node, CONTROLLER_PORT + node,
                                     scene.dir / f"kafka{node + first_host - FIRST_HOST}") for node in range(1, brokers + 1)}

    @property
    def bootstrap(self):
        return ",".join(broker.address for broker in self.brokers.values())

    @property
    def ssl_bootstrap(self):
        return ",".join(broker.ssl_address for broker in self.brokers.values())

    # -- start and stop ----------------------------------------------------

    def start(self, limit=90):
        formatted = self._formatted()
        folder = self.scene.dir / "certs"
        folder.mkdir(exist_ok=True)
        self.certs = Certs(folder)
        for broker in self.brokers.values():
            broker.directory.mkdir(parents=True)
            self.certs.issue(f"kafka{broker.id}", sans=f"IP:{broker.host}")
            self.write_settings(broker)
            self._copy_format(broker, formatted)
        for node in self.brokers:
            self.start_broker(node)
        self.wait_ready(limit)

    def start_broker(self, node):
        broker = self.brokers[node]
        archive = self._archive()
        cds = []
        if archive.exists():
            cds = [f"-XX:SharedArchiveFile={archive}", "-Xshare:auto"]
        elif node == 1:
            cds = [f"-XX:ArchiveClassesAtExit={self.fresh_archive()}"]
        command = [*self.scene.within(broker.host), *self.java, *cds, *self._log_options(broker), "-cp", jars.classpath(f"broker-{self.version}"),
                   "kafka.Kafka", broker.directory / "server.properties"]
        broker.process = self.scene.adopt(Process(command, broker.directory / "broker.log", name=f"kafka{node}",
                                                  guard=self.scene.guard))

    def stop(self):
        """The data is thrown away, so the brokers are killed, except where the class archive is still to be written.
        Fine after a start that failed."""
        started = [broker.process for broker in self.brokers.values() if broker.process]
        if started and started[0].alive() and not self._archive().exists():
            started[0].stop(30)
        for process in started:
            process.kill()
        if started:
            jars.keep_archive(self.fresh_archive(), self._archive())

    def kill_broker(self, node):
        self.brokers[node].process.kill()

    def stop_broker(self, node, limit=60):
        """An orderly stop: leadership moves before the broker goes."""
        self.brokers[node].process.stop(limit)

    def pause_broker(self, node):
        self.brokers[node].process.signal(signal.SIGSTOP)

    def resume_broker(self, node):
        self.brokers[node].process.signal(signal.SIGCONT)

    def wait_ready(self, limit=90):
        for broker in self.brokers.values():
            wait_for(lambda: self.lists_all(broker), limit, f"broker {broker.id} lists every broker", 0.1)

    def wait_in_sync(self, limit=60):
        """Until every partition has all its replicas in sync and a leader."""
        wait_for(self.in_sync, limit, "all replicas in sync", 0.1)

    def any_broker(self):
        """The id of a broker that runs."""
        return next(node for node, broker in self.brokers.items() if broker.process.alive())

    def metadata(self, node=None, topics=None):
        """What one broker (any, without a number) says about topics (all of them, without names)."""
        with self.connect(node or self.any_broker()) as connection:
            wanted = None if topics is None else [{"Name": name} for name in topics]
            return connection.ask("Metadata", 12, {"Topics": wanted, "AllowAutoTopicCreation": False})

    def connect(self, node, **options):
        broker = self.brokers[node]
        return wire.Connection(broker.host, broker.port, wire.schemas(self.version), **options)

    def lists_all(self, broker):
        if not broker.process.alive():
            raise RuntimeError(f"broker {broker.id} ended:\n{broker.process.log(30)}")
        return len(self.metadata(broker.id, [])["Brokers"]) == len(self.brokers)

    def in_sync(self):
        topics = self.metadata()["Topics"]
        return all(len(p["IsrNodes"]) == len(p["ReplicaNodes"]) and p["LeaderId"] >= 0
                   for topic in topics for p in topic["Partitions"])

    # -- files -------------------------------------------------------------

    def _archive(self):
        return jars.archive(f"broker-{self.version}", [f"broker-{self.version}"])

    def fresh_archive(self):
        """Of this cluster: others, of other runs too, may be writing theirs."""
        return self._archive().with_suffix(f".{os.getpid()}.{id(self)}.new")

    def java_options(self):
        """What its clients in Java are to be started with."""
        return []

    def _log_options(self, _broker=None):
        path = self.scene.dir / "log4j.properties"
        text, option = (LOG4J1, "-Dlog4j.configuration=file:") if self.version.startswith("3.") else \
            (LOG4J2, "-Dlog4j2.configurationFile=")
        path.write_text(text)
        return [f"{option}{path}"]

    def write_settings(self, broker):
        voters = ",".join(f"{b.id}@{b.host}:{b.controller_port}" for b in self.brokers.values())
        listeners, advertised = self._listeners(broker)
        settings = {**COMMON, **BY_VERSION[self.version[0]],
                    "node.id": broker.id,
                    "broker.rack": broker.rack,
                    "controller.quorum.voters": voters,
                    "listeners": f"{listeners},CONTROLLER://{broker.host}:{broker.controller_port}",
                    "advertised.listeners": advertised,
                    **self._ssl_settings(broker),
                    "log.dirs": ",".join(str(broker.directory / name) for name in LOG_DIRS),
                    **self.settings}
        text = "".join(f"{key}={value}\n" for key, value in settings.items())
        (broker.directory / "server.properties").write_text(text)

    def _listeners(self, broker):
        """Those of clients, and as these are told of them."""
        own = f"PLAINTEXT://{broker.address},SSL://{broker.ssl_address}"
        return own, own

    def _ssl_settings(self, broker):
        """Of the listener SSL, which wants certificates of clients."""
        folder = self.scene.dir / "certs"
        return {"ssl.keystore.type": "PEM", "ssl.keystore.location": folder / f"kafka{broker.id}.pem",
                "ssl.truststore.type": "PEM", "ssl.truststore.location": folder / "ca.pem", "ssl.client.auth": "required"}

    def _formatted(self):
        """One formatted log directory a version, made by Kafka's own tool; a node's copy differs in its ids only."""
        target = jars.CACHE / f"formatted-{self.version}"
        if target.is_dir():
            return target
        work = self.scene.dir / "format"
        work.mkdir()
        self.write_settings(Broker(1, "127.0.0.1", FIRST_PORT, CONTROLLER_PORT, work))
        tool = Process([JAVA, "-Xmx256m", "-XX:TieredStopAtLevel=1", *self._log_options(), "-cp",
                        jars.classpath(f"broker-{self.version}"), "kafka.tools.StorageTool", "format",
                        "-t", CLUSTER_ID, "-c", work / "server.properties"], work / "format.log", name="format")
        if tool.wait(60):
            raise RuntimeError(f"format failed:\n{tool.log(30)}")
        whole = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copytree(work / "data", whole)
        try:
            whole.rename(target)
        except OSError:  # another run was faster
            shutil.rmtree(whole)
        return target

    def _copy_format(self, broker, formatted):
        """The first directory has the cluster's metadata too."""
        first, second = (broker.directory / name for name in LOG_DIRS)
        shutil.copytree(formatted, first)
        second.mkdir()
        shutil.copy(first / "meta.properties", second)
        for directory in (first, second):
            self._sign(broker, directory / "meta.properties")

    @staticmethod
    def _sign(broker, meta):
        ours = {"node.id": str(broker.id),
                "directory.id": base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")}
        lines = []
        for line in meta.read_text().splitlines():
            key = line.split("=", 1)[0]
            lines.append(f"{key}={ours[key]}" if key in ours else line)
        meta.write_text("\n".join(lines) + "\n")
