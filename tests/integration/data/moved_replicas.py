#!/usr/bin/env python3
"""AlterReplicaLogDirs for a partition that several brokers have, where nothing tells which one is meant: a broker says whether the
client may, and is asked in a way that moves nothing; who may hears that no broker is meant, of a topic that is there and of one
that is not, and the others nothing of either."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402

TOPICS = {"t": 3, "own": 3}
HAVE = {"t": [1, 2, 3], "own": [2]}  # whose replicas there are, of each partition
DENIED, NO_SUCH_PLACE, NOT_AVAILABLE, NOT_LEADER = 31, 57, 9, 6
MAY = "admin"


class Brokers:
    def __init__(self, scene):
        self.moves = []  # (broker, path, topic, partition)
        self.stand_ins = StandIns(scene, self.answer, topics=TOPICS)

    def answer(self, broker, ask):
        usual = broker.usual(ask)
        if ask.api == "Metadata":
            for topic in usual["topics"]:
                for partition in topic["partitions"]:
                    partition["leader_id"] = HAVE[topic["name"]][0]
                    partition["replica_nodes"] = partition["isr_nodes"] = HAVE[topic["name"]]
        return self.moved(broker, ask) if ask.api == "AlterReplicaLogDirs" else usual

    def moved(self, broker, ask):
        results = []
        for place in ask.values["dirs"]:
            for topic in place["topics"]:
                results.append({"topic_name": topic["name"], "partitions": [
                    {"partition_index": p, "error_code": self.code(broker, ask, place["path"], topic["name"])} for p in topic["partitions"]]})
                self.moves += [(broker.number, place["path"], topic["name"], p) for p in topic["partitions"]]
        return {"results": results}

    @staticmethod
    def code(broker, ask, path, topic):
        if ask.client != MAY:
            return DENIED
        if not path.startswith("/disk"):
            return NO_SUCH_PLACE
        return 0 if broker.number in HAVE.get(topic, []) else NOT_LEADER


def move(node, client, version, *topics):
    dirs = [{"path": f"/disk{n}", "topics": [{"name": topic, "partitions": [n, 2]} for topic in topics]} for n in range(2)]
    with Connection(*node.address, client_id=client) as kafka:
        answer = kafka.ask("AlterReplicaLogDirs", version, dirs=dirs)
    return {topic: {p["error_code"] for r in answer["results"] if r["topic_name"] == topic for p in r["partitions"]} for topic in topics}


def check_alone(node, brokers, version):
    """By itself: nobody has anything moved."""
    brokers.moves.clear()
    check_equal(move(node, MAY, version, "t"), {"t": {NOT_AVAILABLE}}, f"v{version}: codes for who may")
    for topic in ("t", "none"):
        check_equal(move(node, "eve", version, topic), {topic: {DENIED}}, f"v{version}: codes for who may not, of {topic}")
    check_equal({path for _, path, topic, _ in brokers.moves if topic == "t"}, {""}, f"v{version}: where to")
    check_equal(len([m for m in brokers.moves if m[2] == "t"]), 8, f"v{version}: what brokers were asked for")


def check_among_others(node, brokers, version):
    """What one broker alone has is moved, and there."""
    brokers.moves.clear()
    check_equal(move(node, MAY, version, "own", "t"), {"own": {0}, "t": {NOT_AVAILABLE}}, f"v{version}: codes for both")
    check_equal({move[:2] for move in brokers.moves if move[2] == "own"}, {(2, "/disk0"), (2, "/disk1")}, f"v{version}: the broker's own")
    check_equal({path for _, path, topic, _ in brokers.moves if topic == "t"}, {""}, f"v{version}: where to, of the others")
    check_equal(move(node, "eve", version, "own", "t"), {"own": {DENIED}, "t": {DENIED}}, f"v{version}: codes for both for who may not")


def test(scene):
    brokers = Brokers(scene)
    node = scene.node(brokers.stand_ins.bootstrap)
    for version in (1, 2):
        check_alone(node, brokers, version)
        check_among_others(node, brokers, version)
    log = node.process.log(1000)
    check("contradicts" not in log, log)


run(test)
