"""waking.py - a cluster whose brokers hold a Fetch until a record comes, as real ones do and the mock doesn't.

A thread a connection, requests one after the other; records are kept in
memory, one batch each.  It knows ApiVersions, Metadata, Produce and Fetch;
group_cluster.py makes more of it.
"""
import socket
import struct
import threading
import time

from kafka_wire import api_of, read_request, response_bytes

PORT = 9092


class WakingCluster:
    """Partition p of each topic is led by broker 1 + p % brokers."""

    VERSIONS = {"Produce": (3, 7), "Fetch": (4, 11), "Metadata": (0, 2), "ApiVersions": (0, 2)}

    def __init__(self, scene, brokers, topics, first_host=61):
        self.hosts = {n: scene.host(first_host + n - 1) for n in range(1, brokers + 1)}
        self.brokers = {n: (host, PORT) for n, host in self.hosts.items()}
        self.logs = {(topic, p): [] for topic, count in topics.items() for p in range(count)}
        self.changed = threading.Condition()
        self.tls, self.handshakes = {}, []  # {number: its ssl context}; (number, was it resumed, the peer's name) of each
        self.waiting = []  # of each Fetch that waits: [((topic, partition), offset), ...]
        for number in self.hosts:
            self._listen(number)
        self.bootstrap = ",".join(f"{host}:{PORT}" for host in self.hosts.values())

    def _listen(self, number):
        listener = socket.create_server((self.hosts[number], PORT))
        threading.Thread(target=self._accept, args=(number, listener), daemon=True).start()

    def _accept(self, number, listener):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self._serve, args=(number, sock), daemon=True).start()

    def _serve(self, number, sock):
        try:
            sock = self._secured(number, sock)
            with sock, sock.makefile("rb") as stream:
                while len(size := stream.read(4)) == 4:
                    self._answer(number, sock, stream.read(struct.unpack(">i", size)[0]))
        except (OSError, KeyError):
            pass  # the peer has gone, or does not speak Kafka: nobody to tell

    def _secured(self, number, sock):
        if number not in self.tls:
            return sock
        sock = self.tls[number].wrap_socket(sock, server_side=True)
        shown = dict(rdn[0] for rdn in (sock.getpeercert() or {}).get("subject", ()))
        self.handshakes.append((number, sock.session_reused, shown.get("commonName")))
        return sock

    def _answer(self, number, sock, data):
        api, version, correlation, _, values = read_request(data)
        made = getattr(self, "_" + api.name.lower())(number, values)
        if made is not None:
            answer = response_bytes(api.name, version, correlation, made)
            sock.sendall(struct.pack(">i", len(answer)) + answer)

    def waits_for(self, offsets):
        """Whether a Fetch waits for each of them, {(topic, partition): offset}."""
        with self.changed:
            return set(offsets.items()) <= {wanted for asked in self.waiting for wanted in asked}

    def _leads(self, number, part):
        return part in self.logs and 1 + part[1] % len(self.hosts) == number

    def _has(self, number, part):
        """Whether the broker answers who reads the partition."""
        return self._leads(number, part)

    def _log(self, _number, part):
        """What of the partition the broker has."""
        return self.logs[part]

    def _apiversions(self, _number, _values):
        return {"api_keys": [{"api_key": api_of(name).key, "min_version": low, "max_version": high}
                             for name, (low, high) in self.VERSIONS.items()]}

    def _metadata(self, _number, _values):
        topics = {}
        for topic, p in self.logs:
            leader = 1 + p % len(self.hosts)
            topics.setdefault(topic, []).append({"partition_index": p, "leader_id": leader, "replica_nodes": [leader],
                                                 "isr_nodes": [leader]})
        return {"brokers": [{"node_id": n, "host": host, "port": PORT} for n, host in self.hosts.items()],
                "controller_id": 1, "cluster_id": "waking",
                "topics": [{"name": name, "partitions": parts} for name, parts in topics.items()]}

    def _produce(self, number, values):
        answer = []
        for topic in values["topic_data"]:
            parts = []
            for part in topic["partition_data"]:
                key = topic["name"], part["index"]
                leads = self._leads(number, key)
                if leads:
                    with self.changed:
                        log = self.logs[key]
                        log.append(struct.pack(">q", len(log)) + part["records"][8:])
                        self.changed.notify_all()
                parts.append({"index": part["index"], "error_code": 0 if leads else 6})
            answer.append({"name": topic["name"], "partition_responses": parts})
        return None if values["acks"] == 0 else {"responses": answer}

    def _fetch(self, number, values):
        asked = [((t["topic"], p["partition"]), p["fetch_offset"]) for t in values["topics"] for p in t["partitions"]]
        until = time.monotonic() + values["max_wait_ms"] / 1000

        def ready():
            return any(not self._has(number, part) or len(self._log(number, part)) > offset for part, offset in asked)
        with self.changed:
            if not ready() and (left := until - time.monotonic()) > 0:
                self.waiting.append(asked)
                self.changed.wait_for(ready, left)
                self.waiting.remove(asked)
            return {"responses": [{"topic": t["topic"], "partitions": [
                self._fetched(number, (t["topic"], p["partition"]), p["fetch_offset"]) for p in t["partitions"]]}
                for t in values["topics"]]}

    def _fetched(self, number, part, offset):
        has = self._has(number, part)
        log = self._log(number, part) if has else []
        return {"partition_index": part[1], "error_code": 0 if has else 6, "high_watermark": len(log),
                "last_stable_offset": len(log), "log_start_offset": 0, "preferred_read_replica": -1,
                "records": b"".join(log[offset:])}
