"""session_cluster.py - a cluster whose brokers keep fetch sessions (KIP-227), as librdkafka's mock does not.

    kafka = SessionCluster(scene, 30, {"t": 3000})
    kafka.fetches[3], kafka.bytes["in"]           # requests to broker 3; bytes of all Fetches, as brokers see them
    kafka.forget_sessions(3)                      # as after a restart
    kafka.move(("t", 0), 2)                       # to another leader

A full Fetch begins a session; one that goes on has what is new: records, another high watermark, an error.
"""
import collections
import itertools
import struct
import threading

from group_cluster import GroupCluster
from kafka_wire import read_request, response_bytes

FETCH = 1
UNKNOWN_SESSION, WRONG_EPOCH = 70, 71
LAST, FIRST = -1, 0


class Session:
    def __init__(self, offsets):
        self.epoch, self.offsets, self.told = 1, offsets, {}  # told: {(topic, partition): high watermark}


class SessionCluster(GroupCluster):
    def __init__(self, *args, **more):
        self.sessions = collections.defaultdict(dict)  # {broker: {id: Session}}
        self.session_ids = itertools.count(1)
        self.fetches, self.bytes = collections.Counter(), collections.Counter()
        self.full = collections.Counter()  # of those, such as name what is read
        self.counting = threading.Lock()
        super().__init__(*args, **more)

    def forget_sessions(self, number):
        with self.changed:
            self.sessions[number].clear()

    def move(self, part, leader):
        with self.changed:
            self.leaders[part] = leader
            self.changed.notify_all()

    def _name(self, topic):
        return topic.get("topic") or super()._name(topic)  # which looks at every partition there is

    def _answer(self, number, sock, data):
        api, version, correlation, _, values = read_request(data)
        if api.key != FETCH:
            super()._answer(number, sock, data)
            return
        answer = response_bytes(api.name, version, correlation, self._fetch(number, values))
        with self.counting:
            self.fetches[number] += 1
            self.bytes["in"] += 4 + len(data)
            self.bytes["out"] += 4 + len(answer)
        sock.sendall(struct.pack(">i", len(answer)) + answer)

    def _fetch(self, number, values):
        known, epoch = values.get("session_id", 0), values.get("session_epoch", LAST)
        if epoch > FIRST:
            return self._goes_on(number, values, known, epoch)
        answer = super()._fetch(number, values)
        with self.changed:
            self.sessions[number].pop(known, None)
            if epoch == FIRST:
                with self.counting:
                    self.full[number] += 1
                answer["session_id"] = next(self.session_ids)
                session = self.sessions[number][answer["session_id"]] = Session(self._offsets(values))
                session.told = {part: one["high_watermark"] for part, one in self._parts(answer)}
        return answer

    def _goes_on(self, number, values, known, epoch):
        with self.changed:
            session = self.sessions[number].get(known)
            if session is None or session.epoch != epoch:
                return {"error_code": WRONG_EPOCH if session else UNKNOWN_SESSION, "responses": []}
            session.epoch += 1
            session.offsets.update(self._offsets(values))
            for topic in values.get("forgotten_topics_data", []):
                for p in topic["partitions"]:
                    session.offsets.pop((self._name(topic), p), None)
            topics = collections.defaultdict(list)
            for (topic, p), offset in session.offsets.items():
                topics[topic].append({"partition": p, "fetch_offset": offset})
        answer = super()._fetch(number, {**values, "topics": [{"topic": t, "partitions": p} for t, p in topics.items()]})
        with self.changed:
            if session.epoch != epoch + 1:  # it has been asked more meanwhile
                return {"error_code": WRONG_EPOCH, "responses": []}
            for topic in answer["responses"]:
                topic["partitions"] = [one for one in topic["partitions"] if self._is_new(
                    session, (topic["topic"], one["partition_index"]), one)]
        answer["responses"] = [topic for topic in answer["responses"] if topic["partitions"]]
        answer["session_id"] = known
        return answer

    def _offsets(self, values):
        return {(self._name(topic), p["partition"]): p["fetch_offset"] for topic in values["topics"]
                for p in topic["partitions"]}

    @staticmethod
    def _parts(answer):
        return [((topic["topic"], one["partition_index"]), one) for topic in answer["responses"]
                for one in topic["partitions"]]

    @staticmethod
    def _is_new(session, part, one):
        is_new = one["records"] or one["error_code"] or session.told.get(part) != one["high_watermark"]
        session.told[part] = one["high_watermark"]
        return bool(is_new)
