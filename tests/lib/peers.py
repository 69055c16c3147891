"""peers.py - gateway nodes that are only told of, so that one real node has company on the mock cluster.

    with Peers(kafka, "g-balance", "_anyport_gateway", {"p1": 10, "p2": 10}) as peers:
        node = scene.node(kafka.bootstrap, env={"GATEWAY_GROUP_ID": "g-balance"})
        peers.connections["p1"] = 20

One member of the group stands for all of them.  It joins before the real node and so leads the group: the mock's
groups lose members that sync after their leader, so it waits a moment before it does.
"""
import struct
import threading
import time

from kafka_wire import Connection, WireError
from traffic import no_errors, produce

PAUSE = 0.2
INTERNAL, RACK = 7, 8  # tags of an identity
JOIN_VERSION, SYNC_VERSION, BEAT_VERSION = 2, 1, 1


def field(tag, value):
    data = value.encode() if isinstance(value, str) else struct.pack(">q", value)
    return struct.pack(">bh", tag, len(data)) + data


def identity(name, host, like=None):
    """What a node says of itself: see gateway/cluster/identity.c."""
    told = {1: name, 2: host, 3: 9092, 4: 5, 5: 1, 6: 0, 7: 0, 9: f"{host}:8888", 10: "0.1.0", 12: 0, 13: 1, 14: 0}
    told.update(like or {})
    return struct.pack(">h", 1) + b"".join(field(tag, value) for tag, value in told.items())


def user_data(subscription):
    topics, at = struct.unpack_from(">i", subscription, 2)[0], 6
    for _ in range(topics):
        at += 2 + struct.unpack_from(">h", subscription, at)[0]
    size = struct.unpack_from(">i", subscription, at)[0]
    return subscription[at + 4:at + 4 + size]


class Peers(threading.Thread):
    def __init__(self, kafka, group, topic, connections, like=None):
        """like: {name: {tag: value}}, what a peer says of itself beyond the usual."""
        super().__init__(daemon=True)
        self.kafka, self.group, self.topic = kafka, group, topic
        self.connections = dict(connections)
        self.identities = {name: identity(name, f"10.9.9.{n}", (like or {}).get(name))
                           for n, name in enumerate(connections, 1)}
        self.ends, self.leads, self.trouble = threading.Event(), threading.Event(), None
        self.member, self.generation = "", -1

    def __enter__(self):
        self.start()
        if not self.leads.wait(15):
            raise AssertionError(f"no group for the peers: {self.trouble}")
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.join(10)

    def run(self):
        with Connection(*self.kafka.brokers[1]) as connection:
            host, port = self._coordinator(connection)
            with Connection(host, port, timeout=30) as group:
                while not self.ends.is_set():
                    if self._beat(group):
                        self._tell_loads(connection)
                    self.ends.wait(PAUSE)

    def _coordinator(self, connection):
        found = connection.ask("FindCoordinator", 1, key=self.group, key_type=0)
        return found["host"], found["port"]

    def _beat(self, group):
        try:
            if self.generation < 0:
                self._join(group)
            error = group.ask("Heartbeat", BEAT_VERSION, group_id=self.group, generation_id=self.generation,
                              member_id=self.member)["error_code"]
            if error:
                self.generation = -1
            return not error
        except WireError as error:
            self.trouble = error
            self.generation = -1
            return False

    def _join(self, group):
        subscription = struct.pack(">hih", 0, 1, len(self.topic)) + self.topic.encode() + struct.pack(">i", 0)
        joined = group.ask("JoinGroup", JOIN_VERSION, group_id=self.group, session_timeout_ms=6000,
                           rebalance_timeout_ms=6000, member_id=self.member, protocol_type="consumer",
                           protocols=[{"name": "anyport", "metadata": subscription}])
        if joined["error_code"]:
            self.member = ""
            raise WireError(f"JoinGroup: {joined['error_code']}")
        self.member = joined["member_id"]
        if joined["leader"] != self.member:
            raise WireError("somebody else leads the group")
        identities = [*self.identities.values(), *filter(None, (user_data(m["metadata"]) for m in joined["members"]))]
        known = struct.pack(">hh", 1, len(identities)) + b"".join(struct.pack(">h", len(i)) + i for i in identities)
        assignment = struct.pack(">hii", 0, 0, len(known)) + known
        time.sleep(PAUSE)  # the others sync first
        synced = group.ask("SyncGroup", SYNC_VERSION, group_id=self.group, generation_id=joined["generation_id"],
                           member_id=self.member, assignments=[{"member_id": m["member_id"], "assignment": assignment}
                                                               for m in joined["members"]])
        if synced["error_code"]:
            raise WireError(f"SyncGroup: {synced['error_code']}")
        self.generation = joined["generation_id"]
        self.leads.set()

    def _tell_loads(self, connection):
        records = []
        for name, connections in self.connections.items():
            value = struct.pack(">hh", 1, len(name)) + name.encode() + struct.pack(">qqq", 1, connections, 0)
            records.append((name.encode(), value))
        no_errors(produce(connection, {(self.topic, 0): records}), "load records of the peers")
