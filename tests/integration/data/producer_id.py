#!/usr/bin/env python3
"""Who asks for a producer id and loses the broker is told to ask again; to look for a coordinator only if it has one."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check_equal, run  # noqa: E402
from kafka_wire import APIS, Connection  # noqa: E402
from stand_in import StandIns  # noqa: E402

LOADING, NO_COORDINATOR = 14, 15
VERSIONS = range(APIS["InitProducerId"].first, 6)


class Script:
    """The brokers die of as many InitProducerIds as the test likes."""

    def __init__(self):
        self.deaths = 0

    def answer(self, broker, ask):
        if ask.api != "InitProducerId":
            return broker.usual(ask)
        if self.deaths > 0:
            self.deaths -= 1
            raise OSError("the broker dies")
        return {"producer_id": 1000}


def init(kafka, version, transactional_id):
    answer = kafka.ask("InitProducerId", version, transactional_id=transactional_id, transaction_timeout_ms=60000)
    return answer["error_code"], answer["producer_id"]


def check_lost(kafka, script, version, transactional_id, code):
    what = f"InitProducerId v{version} of {transactional_id}"
    script.deaths = 1
    check_equal(init(kafka, version, transactional_id), (code, -1), f"{what}, its broker lost")
    check_equal(init(kafka, version, transactional_id), (0, 1000), f"{what}, asked again")


def check_unreachable(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    node = scene.node(cluster.bootstrap)
    with Connection(*node.address, timeout=20) as kafka:
        for number in cluster.brokers:
            cluster.command("down", number)
        check_equal(init(kafka, 4, None), (LOADING, -1), "no broker can be reached")


def test(scene):
    check_unreachable(scene)
    script = Script()
    brokers = StandIns(scene, script.answer, topics={"t": 3})
    node = scene.node(brokers.bootstrap)
    with Connection(*node.address, timeout=20) as kafka:
        for version in VERSIONS:
            check_lost(kafka, script, version, None, LOADING)
            check_lost(kafka, script, version, "mine", NO_COORDINATOR)


run(test)
