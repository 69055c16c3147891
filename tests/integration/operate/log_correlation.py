#!/usr/bin/env python3
"""A request is followed from the client through the node's log to the broker's, by client id and correlation ids."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection, read_request  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

LINE = re.compile(r'level=debug conn=(\d+) client_id="([^"]*)" api=(\w+) v=(\d+) corr=(-?\d+) broker=(\d+) broker_corr=(\d+)$', re.M)


class Logging(GroupCluster):
    """Writes down of each request what a broker's request log has."""

    def __init__(self, *args):
        self.requests = []
        super().__init__(*args)

    def _answer(self, number, sock, data):
        api, _, correlation, client_id, _ = read_request(data)
        self.requests.append((api.name, client_id, number, correlation))
        super()._answer(number, sock, data)


def test(scene):
    kafka = Logging(scene, 3, {"t": 3})
    node = scene.node(kafka.bootstrap, env={"GATEWAY_LOG_LEVEL": "debug"})
    with Connection(*node.address, client_id='bill"ing\n') as client:
        for _ in range(2):
            no_errors(produce(client, {("t", p): [b"x"] for p in range(3)}), "Produce")

    def told():
        return [line for line in LINE.findall(node.process.log()) if line[2] == "Produce"]
    wait_for(lambda: len(told()) >= 6, 5, "a line for each part")
    lines = told()
    check_equal(len(lines), 6, f"lines: {lines}")
    check_equal({(conn, client_id) for conn, client_id, *_ in lines}, {(lines[0][0], "bill?ing?")}, "one connection, and one line each")
    check_equal(len({corr for *_, corr, _, _ in lines}), 2, f"two requests of the client: {lines}")
    seen = {(number, correlation) for name, client_id, number, correlation in kafka.requests
            if (name, client_id) == ("Produce", 'bill"ing\n')}
    check_equal({(int(broker), int(corr)) for *_, broker, corr in lines}, seen, "as the brokers have them")
    check(len(seen) == 6, seen)
    quiet = scene.node(kafka.bootstrap)
    with Connection(*quiet.address) as client:
        client.ask("Metadata", 1, topics=None)
    check(not LINE.findall(quiet.process.log()), "not without log_level debug")


run(test)
