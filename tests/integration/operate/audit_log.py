#!/usr/bin/env python3
"""The audit log: a line of each administrative request and of no other, with who asked, from where, what, and the answer: of
several brokers, refused by one or by the node, or never answered; no secrets, as text and as JSON, and none without the option."""
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection, frame, proxy_v2, request_bytes  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

GROUP, PASSWORD = "anyport_audited", b"salted password"
PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')
EXISTS, NO_GROUP, NO_CLUSTER = 36, 30, 31


class Kafka(GroupCluster):
    VERSIONS = {**GroupCluster.VERSIONS, "DeleteGroups": (0, 2), "AlterUserScramCredentials": (0, 0)}
    lost = False

    def _deletegroups(self, _number, values):
        return {"results": [{"group_id": g} for g in values["groups_names"]]}

    def _alteruserscramcredentials(self, _number, values):
        if self.lost:
            raise OSError("the connection is gone")
        return {"results": [{"user": u["name"], "error_code": NO_CLUSTER, "error_message": "at kafka1:9092"}
                            for u in values["deletions"] + values["upsertions"]]}


def pairs(line):
    if line.startswith("{"):
        return json.loads(line)
    return {key: re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value for key, value in PAIR.findall(line)}


def all_audited(node):
    return [line for line in map(pairs, node.process.log(10 ** 6).splitlines()) if line.get("who") == "audit"]


def audited(node):
    return [line for line in all_audited(node) if line["event"] == "request"]


def names_of(node, line):
    """Of all the lines of the request, each of which says who asked."""
    lines = [one for one in all_audited(node) if (one["conn"], one["corr"]) == (line["conn"], line["corr"])]
    check_equal([int(one["part"]) for one in lines], list(range(1, len(lines) + 1)), "parts")
    for one in lines:
        check_line(one, client=line["client"], principal=line["principal"], api=line["api"])
    return ",".join(one["names"] for one in lines).replace("%...,", "").split(",")


def line_of(node, count):
    """The last of so many lines."""
    wait_for(lambda: len(audited(node)) >= count, 5, f"line {count} of the audit log")
    check_equal(len(audited(node)), count, "lines of the audit log")
    return audited(node)[-1]


def check_line(line, **wanted):
    check_equal({key: str(line[key]) for key in wanted}, wanted, f"{line}")


def connect(node, client_id='too"l\n'):
    return Connection(*node.address, client_id=client_id, preamble=proxy_v2("203.0.113.7", "10.0.0.1", 40007))


def create(client, *names, count=1):
    return client.ask("CreateTopics", 2, timeout_ms=1000, validate_only=len(names) > 1, topics=[
        {"name": n, "num_partitions": count, "replication_factor": 1, "assignments": [], "configs": []} for n in names])


def check_names(node, count):
    """No name hides another, or passes for two; one longer than a line goes on in the next."""
    with connect(node) as client:
        client.ask("DeleteGroups", 1, groups_names=["j" * 249, "victim", '"' * 100, "a,topic:b%\t"])
        line = line_of(node, count)
        check_equal(names_of(node, line), ["j" * 249, "victim", '"' * 100, "a%2Ctopic:b%25%09"], f"{line}")
        client.ask("DeleteGroups", 1, groups_names=["g" * 1000, "\\" * 400])
        line = line_of(node, count + 1)
        check_equal(names_of(node, line), ["g" * 1000, "\\" * 400], f"{line}")


def check_requests(kafka, node):
    kafka.coordinators.update({"a": 1, "b": 2, "c": 3})
    with connect(node) as client:
        no_errors(produce(client, {("t", p): [b"x"] for p in range(3)}), "Produce")
        create(client, "orders")
        check_line(line_of(node, 1), level="info", event="request", client="203.0.113.7:40007", principal="User:ANONYMOUS",
                   client_id='too"l?', api="CreateTopics", v="2", validate_only="false", outcome="ok", errors="", named="1",
                   names="orders", why="", listener="")
        create(client, "orders", "more")
        check_line(line_of(node, 2), validate_only="true", outcome="errors", errors=f"{EXISTS}*1", named="2", names="orders,more")
        corr = client.ask("DeleteGroups", 1, groups_names=["a", "b", "c", GROUP]) and audited(node)
        line = line_of(node, 3)
        check_line(line, outcome="errors", errors=f"{NO_GROUP}*1", named="4", names=f"a,b,c,{GROUP}")
        check_equal(sorted(line["brokers"].split(",")), ["1", "2", "3"], f"brokers of {corr}")
        client.ask("DeleteGroups", 1, groups_names=[GROUP])
        check_line(line_of(node, 4), outcome="errors", errors=f"{NO_GROUP}*1", brokers="", names=GROUP)
        change = {"name": "alice", "mechanism": 1, "iterations": 4096, "salt": b"salt and more", "salted_password": PASSWORD}
        client.ask("AlterUserScramCredentials", 0, deletions=[{"name": "bob", "mechanism": 1}], upsertions=[change])
        check_line(line_of(node, 5), outcome="errors", errors=f"{NO_CLUSTER}*2", names="bob,alice")
        names = [f"topic-{n}-{'x' * 80}" for n in range(1000)]
        create(client, *names, count=0)
        line = line_of(node, 6)
        check_line(line, named="1000", outcome="ok", client_id='too"l?')
        check_equal(names_of(node, line), names, "names in all lines")
        kafka.lost = True
        client.send("AlterUserScramCredentials", 0, deletions=[{"name": "bob", "mechanism": 1}], upsertions=[])
        line = line_of(node, 7)
        check_line(line, outcome="unanswered", names="bob")
        check(line["why"], f"why: {line}")
        kafka.lost = False
    check_names(node, 8)
    text = node.process.log(10000)
    check(PASSWORD.decode() not in text and "salt and more" not in text, "no secrets")


def check_dribbled(node, count):
    """A client that sends its request byte by byte is told of as any other."""
    with connect(node) as client:
        client.send_slowly(frame(request_bytes("DeleteGroups", 1, 9, groups_names=["slow", "slower"])))
        client.receive_frame()
    check_line(line_of(node, count), corr="9", names="slow,slower", outcome="ok")


def test(scene):
    kafka = Kafka(scene, 3, {"t": 3})
    env = {"GATEWAY_CLUSTER_ID": "audited", "GATEWAY_AUDIT_LOG": "true", "GATEWAY_PROXY_PROTOCOL": "require",
           "GATEWAY_PROXY_TRUSTED": "127.0.0.0/8", "GATEWAY_LOG_LEVEL": "error"}
    for log_format in ("text", "json"):
        kafka.logs.pop(("orders", 0), None)
        node = scene.node(kafka.bootstrap, env={**env, "GATEWAY_LOG_FORMAT": log_format})
        check_requests(kafka, node)
        check_dribbled(node, 10)
        check_equal(node.get_json("/v1/node")[1]["audit_log"], True, "the node says that it is on")
        lines = {labels["outcome"]: value for labels, value in node.metrics().rows("anyport_audit_lines_total")}
        check_equal(lines, {"taken": len(all_audited(node)), "left_out": 0}, "lines that are counted")
        node.stop()
    quiet = scene.node(kafka.bootstrap, env={**env, "GATEWAY_AUDIT_LOG": None, "GATEWAY_LOG_LEVEL": "info"})
    with connect(quiet) as client:
        create(client, "others")
    check_equal(quiet.get_json("/v1/node")[1]["audit_log"], False, "it is off")
    quiet.stop()
    check_equal(audited(quiet), [], "lines without the option")


run(test)
