"""stand_in.py - brokers of a test's own, which answer what and when the test likes.

    def answer(broker, ask):
        if ask.api == "ListOffsets":
            may_answer.wait(10)
            return {"topics": [...]}
        return None if ask.api == "Produce" else broker.usual(ask)

    brokers = StandIns(scene, answer, topics={"t": 6})
    node = scene.node(brokers.bootstrap)

An answer is a dict, the bytes of a body, a Frame, or None: there is none; an OSError closes the connection.
Brokers 1, 2 and 3 lead the partitions in turn.
Each connection is served by a thread; what was asked by one that the node shut down is in its broker's list `ended`, as API keys.
"""
import collections
import socket
import struct
import threading

from kafka_wire import APIS, KEYS, WireError, frame, read_request, response_bytes

BROKERS = 3
Ask = collections.namedtuple("Ask", "api version correlation client values")


class Frame(bytes):
    """Sent as it is."""


class Broker:
    def __init__(self, number, host, owner):
        self.number, self.owner = number, owner
        self.ended = []
        self.listener = socket.create_server((host, 0), backlog=200)
        self.host, self.port = self.listener.getsockname()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return  # it was closed
            self.owner.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        asked = set()
        try:
            while data := self._frame_of(connection):
                asked.add(struct.unpack_from(">h", data)[0])
                self._answer(connection, data)
            self.ended.append(asked)
        except (OSError, WireError, ValueError):
            connection.close()
        if not self.owner.holds:
            connection.close()

    @staticmethod
    def _frame_of(connection):
        head = connection.recv(4, socket.MSG_WAITALL)
        return b"" if len(head) < 4 else connection.recv(struct.unpack(">i", head)[0], socket.MSG_WAITALL)

    def _answer(self, connection, data):
        api, version, correlation, client, values = read_request(data)
        answer = self.owner.answer(self, Ask(api.name, version, correlation, client, values))
        if isinstance(answer, dict):
            connection.sendall(frame(response_bytes(api.name, version, correlation, answer)))
        elif isinstance(answer, Frame):
            connection.sendall(answer)
        elif answer is not None:
            head = struct.pack(">i", correlation) + (b"\0" if api.response_header_flexible(version) else b"")
            connection.sendall(frame(head + answer))

    def usual(self, ask):
        """What a broker says of itself and its cluster; else all defaults."""
        if ask.api == "ApiVersions":
            return {"api_keys": [{"api_key": api.key, "min_version": api.first, "max_version": api.last}
                                 for api in KEYS.values()]}
        if ask.api == "Metadata":
            return self._metadata(ask.version)
        if ask.api == "FindCoordinator":
            return self._coordinators(ask)
        return {}

    def _metadata(self, version):
        brokers = [{"node_id": b.number, "host": b.host, "port": b.port} for b in self.owner.brokers]
        topics = [{"name": name, "partitions": [
            {"partition_index": p, "leader_id": 1 + p % BROKERS, "leader_epoch": 1} for p in range(count)]}
            for name, count in self.owner.topics.items()]
        values = {"brokers": brokers, "topics": topics, "controller_id": 1, "cluster_id": "stand-in"}
        has = {field.name for field in APIS["Metadata"].response if field.in_version(version)}
        return {name: value for name, value in values.items() if name in has}

    def _coordinators(self, ask):
        here = {"node_id": self.number, "host": self.host, "port": self.port}
        if ask.version < 4:
            return here
        return {"coordinators": [dict(here, key=key) for key in ask.values["coordinator_keys"]]}


class StandIns:
    def __init__(self, scene, answer, topics, holds=False, broker=Broker):
        """holds: a connection that the node shut down stays open until the test ends.
        broker: what stands in for each of them, a class made of Broker."""
        self.answer, self.topics, self.holds, self.connections = answer, topics, holds, []
        self.brokers = [broker(n, scene.host(40 + n), self) for n in range(1, BROKERS + 1)]
        self.bootstrap = f"{self.brokers[0].host}:{self.brokers[0].port}"
