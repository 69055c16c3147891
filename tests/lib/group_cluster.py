"""group_cluster.py - a cluster with a group coordinator that does what it is told, right or wrong.

    kafka = GroupCluster(scene, 3, {"t": 6})
    kafka.add_peer("p1", port_count=7)            # a node that is only told of: the group's leader hears of it
    kafka.refuse["JoinGroup"] = 30                # until it is taken out again
    kafka.move_coordinator(2)
    kafka.stop_broker(2); kafka.start_broker(2)
    kafka.joins[-1].identity["incarnation"]       # what a node said of itself

The classic protocol as brokers have it: members wait for each other at JoinGroup, a static member that comes back gets
what its group was told before, a session ends.  librdkafka's mock has none of these.
"""
import collections
import hmac
import itertools
import socket
import struct
import threading
import time
import uuid

from kafka_wire import batch, parts_of
from peers import user_data
from waking import PORT, WakingCluster

TAGS = {1: "node_id", 2: "host", 3: "port", 4: "port_count", 5: "min_broker_id", 6: "mode", 7: "internal", 8: "rack",
        9: "http", 10: "version", 11: "kafka", 12: "settings", 13: "incarnation", 14: "draining", 16: "port_hint"}
SEAL_TAG = 15
PLACE_TAG = 17
TEXTS = ("node_id", "host", "rack", "http", "version", "kafka")
UNKNOWN_TOPIC, NOT_LEADER, NOT_COORDINATOR, ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCE = 3, 6, 16, 22, 25, 27
TOPIC_EXISTS, FENCED = 36, 82
LONGEST_JOIN = 3  # seconds that members are waited for, unless a test says otherwise
Join = collections.namedtuple("Join", "member instance identity")


def write_identity(**values):
    """What a node says of itself: see gateway/cluster/identity.c."""
    out = struct.pack(">h", 1)
    for tag, name in TAGS.items():
        if values.get(name) is not None:
            data = values[name].encode() if name in TEXTS else struct.pack(">q", values[name])
            out += struct.pack(">bh", tag, len(data)) + data
    return out


def seal(kind, secret, group, node_id, incarnation, content, counter=None):
    """By which nodes of one secret know each other's word: see gateway/cluster/seal.h."""
    def sized(data):
        return struct.pack(">i", len(data)) + data
    counter = counter or time.time_ns() // 1_000_000
    said = (bytes([kind]) + sized(group.encode()) + sized(node_id.encode()) + struct.pack(">qq", incarnation, counter) +
            sized(content))
    return struct.pack(">q", counter) + hmac.new(secret.encode(), said, "sha256").digest()


def seal_identity(data, secret, group="anyport_gateway", counter=None):
    said = read_identity(data)
    return data + struct.pack(">bh", SEAL_TAG, 40) + seal(0, secret, group, said["node_id"], said["incarnation"], data, counter)


def read_identity(data):
    found, at = {}, 2
    while at < len(data):
        tag, size = struct.unpack_from(">bh", data, at)
        value = data[at + 3:at + 3 + size]
        if tag == SEAL_TAG:
            break
        if tag == PLACE_TAG:  # of a listener; several
            at += 3 + size
            continue
        found[TAGS[tag]] = value.decode() if TAGS[tag] in TEXTS else struct.unpack(">q", value)[0]
        at += 3 + size
    return found


def subscription(topic, identity):
    return struct.pack(">hih", 0, 1, len(topic)) + topic.encode() + struct.pack(">i", len(identity)) + identity


def partitions_of(assignment):
    """{topic: partitions}"""
    found, at = {}, 6
    for _ in range(struct.unpack_from(">i", assignment, 2)[0]):
        size = struct.unpack_from(">h", assignment, at)[0]
        count = struct.unpack_from(">i", assignment, at + 2 + size)[0]
        found[assignment[at + 2:at + 2 + size].decode()] = list(
            struct.unpack_from(f">{count}i", assignment, at + 6 + size))
        at += 6 + size + 4 * count
    return found


class Group:
    """One classic group; everything with the cluster's lock."""

    def __init__(self):
        self.members, self.waiting, self.assignments = {}, set(), {}  # members: {id: (instance, metadata)}
        self.heard, self.sessions = {}, {}
        self.generation, self.leader, self.phase, self.until = 0, "", "empty", 0
        self.longest_join = LONGEST_JOIN

    def drop(self, member):
        for known in (self.members, self.heard, self.sessions):
            known.pop(member, None)

    def rebalance(self):
        if self.phase != "joining":
            self.phase, self.until, self.waiting = "joining", time.monotonic() + self.longest_join, set()

    def expire(self):
        now = time.monotonic()
        for member in [m for m, at in self.heard.items() if m not in self.waiting and now > at + self.sessions[m]]:
            self.drop(member)
            self.rebalance()
        if self.phase == "joining" and self.waiting and (self.waiting >= set(self.members) or now > self.until):
            for member in set(self.members) - self.waiting:
                self.drop(member)
            self.generation += 1
            self.phase, self.assignments, self.waiting = "syncing", {}, set()
            if self.leader not in self.members:
                self.leader = next(iter(self.members))
            self.heard = dict.fromkeys(self.members, now)

    def instance_of(self, instance):
        return next((m for m, (i, _) in self.members.items() if instance and i == instance), None)


class GroupCluster(WakingCluster):
    VERSIONS = {"Produce": (3, 10), "Fetch": (4, 16), "ListOffsets": (0, 3), "Metadata": (0, 12), "ApiVersions": (0, 2),
                "FindCoordinator": (0, 4), "JoinGroup": (0, 8), "Heartbeat": (0, 4), "LeaveGroup": (0, 5),
                "SyncGroup": (0, 5), "CreateTopics": (0, 4), "DescribeCluster": (0, 1)}

    def __init__(self, scene, brokers, topics, racks=None, first_host=61):
        self.racks, self.cluster_id = racks or {}, "grouped"
        self.coordinator, self.refuse, self.counts = 1, {}, collections.Counter()
        self.group, self.joins, self.peers = Group(), [], {}
        self.may_produce = threading.Event()  # cleared: a Produce is answered when it is set again
        self.may_produce.set()
        self.may_sync = threading.Event()  # the same for a SyncGroup
        self.may_sync.set()
        self.coordinators = {}  # {group: broker}: those that are not where all others are
        self.leaders = {}  # {(topic, partition): broker}: who leads though its turn is another's
        self.ids = itertools.count(1)
        self.listeners, self.open = {}, collections.defaultdict(set)
        super().__init__(scene, brokers, topics, first_host)
        threading.Thread(target=self._tick, daemon=True).start()

    # --- what a test does to it

    def add_peer(self, name, secret=None, counter=None, **values):
        """A node that is only told of; again for one that has changed.  secret: it seals what it says."""
        number = len(self.peers) + 1
        values = {"node_id": name, "host": f"10.9.9.{number}", "port": PORT, "port_count": 5, "min_broker_id": 1,
                  "mode": 0, "internal": 1, "http": f"10.9.9.{number}:8888", "version": "0.1.0", "settings": 0,
                  "incarnation": 1, "draining": 0, **values}
        with self.changed:
            said = write_identity(**values)
            self.peers[name] = seal_identity(said, secret, counter=counter) if secret else said
            self.group.rebalance()
            self.changed.notify_all()

    def remove_peer(self, name):
        with self.changed:
            del self.peers[name]
            self.group.rebalance()
            self.changed.notify_all()

    def rebalance(self):
        with self.changed:
            self.group.rebalance()
            self.changed.notify_all()

    def tell_load(self, topic, name, connections, bytes_per_second=0, declines=None, secret=None, counter=None):
        """A load record of a peer; declines: in thousandths, None: as of a node that does not tell it."""
        value = struct.pack(">hh", 1, len(name)) + name.encode() + struct.pack(">qqq", 1, connections, bytes_per_second)
        value += b"" if declines is None and not secret else struct.pack(">h", declines or 0)
        if secret:
            value += struct.pack(">hi", 0, 0)
            value += seal(1, secret, "anyport_gateway", name, 1, value, counter)
        with self.changed:
            log = self.logs[(topic, 0)]
            log.append(batch([(name.encode(), value)], base_offset=len(log)))
            self.changed.notify_all()

    def keep_telling(self, topic, loads, bytes_per_second=0, declines=None):
        """{name: connections}: the peers' records, again and again, as each node writes them."""
        def tell():
            while True:
                for name, connections in loads.items():
                    self.tell_load(topic, name, connections, bytes_per_second, declines)
                time.sleep(0.5)
        threading.Thread(target=tell, daemon=True).start()

    def move_coordinator(self, broker):
        with self.changed:
            self.coordinator = broker
            self.changed.notify_all()

    def stop_broker(self, number):
        listener = self.listeners.pop(number)
        listener.shutdown(socket.SHUT_RDWR)  # ends who waits in accept
        listener.close()
        for sock in list(self.open[number]):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has gone

    def start_broker(self, number):
        self._listen(number)

    # --- connections

    def _accept(self, number, listener):
        self.listeners[number] = listener
        try:
            while True:
                sock, _ = listener.accept()
                if number not in self.listeners:
                    sock.close()
                    return
                threading.Thread(target=self._serve, args=(number, sock), daemon=True).start()
        except OSError:
            pass  # closed

    def _serve(self, number, sock):
        self.open[number].add(sock)
        super()._serve(number, sock)
        self.open[number].discard(sock)

    def _tick(self):
        while True:
            with self.changed:
                self.group.expire()
                self.changed.notify_all()
            time.sleep(0.05)

    # --- topics

    def topic_id(self, name):
        return uuid.uuid5(uuid.NAMESPACE_DNS, name)

    def _name(self, topic):
        names = {self.topic_id(name): name for name, _ in self.logs}
        return topic.get("topic") or topic.get("name") or names.get(topic.get("topic_id"))

    def _leader(self, part):
        return self.leaders.get(part, 1 + part[1] % len(self.hosts))

    def _leads(self, number, part):
        return part in self.logs and self._leader(part) == number

    def _metadata(self, _number, values):
        asked, parts = values["topics"], collections.defaultdict(list)
        for topic, p in sorted(self.logs):
            leader = self._leader((topic, p))
            parts[topic].append({"partition_index": p, "leader_id": leader, "leader_epoch": 1,
                                 "replica_nodes": [leader], "isr_nodes": [leader], "offline_replicas": []})
        names = list(parts) if not asked else [self._name(topic) for topic in asked]
        return {"brokers": [{"node_id": n, "host": host, "port": PORT, "rack": self.racks.get(n)}
                            for n, host in self.hosts.items() if n in self.listeners],
                "controller_id": 1, "cluster_id": self.cluster_id,
                "topics": [{"error_code": 0 if name in parts else UNKNOWN_TOPIC, "name": name,
                            "topic_id": self.topic_id(name or ""), "partitions": parts.get(name, [])}
                           for name in names]}

    def _describecluster(self, _number, _values):
        return {"cluster_id": self.cluster_id, "controller_id": 1, "brokers": [
            {"broker_id": n, "host": host, "port": PORT, "rack": self.racks.get(n)} for n, host in self.hosts.items()]}

    def _hints(self, api, answer):
        """The new leaders' own addresses, as real brokers send them with error 6."""
        moved = {}
        for (topic, p), part in parts_of(api, answer):
            if part["error_code"] == NOT_LEADER:
                name = topic if isinstance(topic, str) else self._name({"topic_id": topic})
                moved[self._leader((name, p))] = True
                part["current_leader"] = {"leader_id": self._leader((name, p)), "leader_epoch": 1}
        if moved:
            answer["node_endpoints"] = [{"node_id": n, "host": self.hosts[n], "port": PORT} for n in moved]
        return answer

    def _produce(self, number, values):
        self.counts["Produce"] += 1
        self.may_produce.wait(60)
        answer = super()._produce(number, values)
        return answer and self._hints("Produce", answer)

    def _fetch(self, number, values):
        ids = {}
        for topic in values["topics"]:
            name = self._name(topic)
            ids[name] = topic.get("topic_id")
            topic["topic"] = name
        answer = super()._fetch(number, values)
        for topic in answer["responses"]:
            if ids[topic["topic"]]:
                topic["topic_id"] = ids[topic["topic"]]
        return self._hints("Fetch", answer)

    def _listoffsets(self, number, values):
        return {"topics": [{"name": t["name"], "partitions": [
            {"partition_index": p["partition_index"], "timestamp": -1,
             "error_code": 0 if self._leads(number, (t["name"], p["partition_index"])) else NOT_LEADER,
             "offset": len(self.logs.get((t["name"], p["partition_index"]), []))} for p in t["partitions"]]}
            for t in values["topics"]]}

    def _createtopics(self, _number, values):
        topic = values["topics"][0]
        error = self._refused("CreateTopics")
        with self.changed:
            if not error and (topic["name"], 0) in self.logs:
                error = TOPIC_EXISTS
            for p in range(0 if error else topic["num_partitions"]):
                self.logs[(topic["name"], p)] = []
        return {"topics": [{"name": topic["name"], "error_code": error, "error_message": None}]}

    # --- the group

    def _refused(self, api):
        self.counts[api] += 1
        return self.refuse.get(api, 0)

    def _findcoordinator(self, _number, values):
        error = self._refused("FindCoordinator")

        def node(key):
            found = {"error_code": error, "error_message": None, "node_id": -1, "host": "", "port": -1}
            if not error:
                broker = self.coordinators.get(key, self.coordinator)
                found.update(node_id=broker, host=self.hosts[broker], port=PORT)
            return found
        return {**node(values.get("key")),
                "coordinators": [{"key": key, **node(key)} for key in values.get("coordinator_keys", [])]}

    def _joingroup(self, number, values):
        error = self._refused("JoinGroup") or (NOT_COORDINATOR if number != self.coordinator else 0)
        member, instance = values["member_id"], values.get("group_instance_id")
        metadata = values["protocols"][0]["metadata"]
        group = self.group
        with self.changed:
            self.joins.append(Join(member, instance, read_identity(user_data(metadata))))
            if not error and member and member not in group.members:
                error = FENCED if group.instance_of(instance) else UNKNOWN_MEMBER
            if error:
                return {"error_code": error, "member_id": member, "protocol_name": "", "leader": "", "members": []}
            before = group.instance_of(instance)
            if not member and before and group.phase == "stable":
                return self._comes_back(before, instance, metadata, values)
            if not member and before:
                group.drop(before)
            member = self._enter(member, instance, metadata, values)
            group.rebalance()
            group.waiting.add(member)
            generation = group.generation
            self.changed.notify_all()
            self.changed.wait_for(lambda: group.generation > generation or member not in group.members, 30)
            return self._joined(member)

    def _enter(self, member, instance, metadata, values):
        member = member or f"{instance or 'dynamic'}-{next(self.ids)}"
        self.group.members[member] = (instance, metadata)
        self.group.heard[member], self.group.sessions[member] = time.monotonic(), values["session_timeout_ms"] / 1000
        return member

    def _comes_back(self, before, instance, metadata, values):
        """No rebalance: the others don't hear of what it says of itself now."""
        group = self.group
        assignment = group.assignments.pop(before)
        group.drop(before)
        member = self._enter("", instance, metadata, values)
        group.assignments[member] = assignment
        answer = {**self._joined(member), "leader": before if group.leader == before else group.leader, "members": []}
        if group.leader == before:
            group.leader = member
        return answer

    def _joined(self, member):
        group = self.group
        members = [{"member_id": m, "group_instance_id": i, "metadata": data} for m, (i, data) in group.members.items()]
        members += [{"member_id": f"peer-{name}", "group_instance_id": name, "metadata": subscription("x", identity)}
                    for name, identity in self.peers.items()]
        return {"error_code": 0, "generation_id": group.generation, "protocol_type": "consumer",
                "protocol_name": "anyport", "leader": group.leader, "member_id": member,
                "members": members if member == group.leader else []}

    def _member_error(self, number, values):
        group, member = self.group, values["member_id"]
        if number != self.coordinator:
            return NOT_COORDINATOR
        if member not in group.members:
            return FENCED if group.instance_of(values.get("group_instance_id")) else UNKNOWN_MEMBER
        group.heard[member] = time.monotonic()
        return ILLEGAL_GENERATION if values["generation_id"] != group.generation else 0

    def _syncgroup(self, number, values):
        group, member = self.group, values["member_id"]
        self.counts["SyncGroup asked"] += 1
        self.may_sync.wait(60)
        with self.changed:
            error = self._refused("SyncGroup") or self._member_error(number, values)
            if not error and values["assignments"] and group.phase == "syncing":
                group.assignments = {a["member_id"]: a["assignment"] for a in values["assignments"]}
                group.phase = "stable"
                self.changed.notify_all()
            if not error:
                self.changed.wait_for(lambda: group.phase != "syncing", 30)
                error = REBALANCE if group.phase == "joining" else 0
            return {"error_code": error, "protocol_type": "consumer", "protocol_name": "anyport",
                    "assignment": b"" if error else group.assignments.get(member, b"")}

    def _heartbeat(self, number, values):
        with self.changed:
            error = self._refused("Heartbeat") or self._member_error(number, values)
            if not error and self.group.phase == "joining":
                error = REBALANCE
            return {"error_code": error}

    def _leavegroup(self, _number, values):
        with self.changed:
            for gone in values.get("members", []):
                self.group.drop(gone["member_id"])
            self.group.rebalance()
        return {"error_code": 0, "members": []}
