#!/usr/bin/env python3
"""anyportctl verify adds up what each broker tells, as exporters do: it sees from outside whether the nodes know which
broker was dialled, and whether the load balancer keeps the ports that they take for it."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from cluster import FIRST_PORT, check, check_equal, run  # noqa: E402
from listing_cluster import ListingCluster  # noqa: E402
from pair import run_ctl  # noqa: E402


def verify(front):
    status, out, errors = run_ctl("verify", front, "-n", 3, "--json")
    check_equal(errors, "", "standard error")
    report = json.loads(out)
    return status, report["findings"], {e["broker"]: e["groups"] for e in report["endpoints"]}


def behind(scene, kafka, number, env, **options):
    """What verify says of two nodes behind an HAProxy of their own."""
    front = f"{scene.host(number)}:{FIRST_PORT}"
    mode = options.pop("mode", "ports")
    nodes = [scene.node(kafka.bootstrap, advertise=front, mode=mode, env={"GATEWAY_CLUSTER_ID": "off", **env}) for _ in range(2)]
    scene.haproxy(nodes, name=f"haproxy{number}", host=scene.host(number), **options).wait_up(*(n.name for n in nodes))
    return verify(front)


HINT = {"GATEWAY_PORT_IS_HINT": "true"}
ONE_EACH = {1: 1, 2: 1, 3: 1}


def test(scene):
    kafka = ListingCluster(scene, 3, {"t": 3})
    check_equal(behind(scene, kafka, 1, HINT), (0, [], ONE_EACH), "ports are kept, and the nodes know it")
    check_equal(behind(scene, kafka, 2, {"GATEWAY_PROXY_PROTOCOL": "require"}, proxy="send-proxy-v2", to_port=FIRST_PORT),
                (0, [], ONE_EACH), "PROXY headers say it")
    check_equal(behind(scene, kafka, 3, {}, mode="single"), (0, [], {1: None}), "one broker: there is nothing to add up")
    status, found, groups = behind(scene, kafka, 4, {})
    check_equal((status, len(found), groups), (1, 1, {n: 3 for n in ONE_EACH}), "nothing says it")
    check(found[0].startswith("groups that several brokers tell: 3 (group-1 by brokers "), found)
    status, found, groups = behind(scene, kafka, 5, HINT, to_port=FIRST_PORT)
    check_equal((status, len(found), groups), (1, 1, ONE_EACH), "all come by one port")
    check(found[0].startswith("groups that several brokers tell: 1 (group-1 by brokers "), found)
    status, found, groups = behind(scene, kafka, 6, HINT, to_port="+1", ports=2)
    wrong = [f for f in found if "the load balancer does not keep the port" in f]
    check(status == 1 and len(wrong) == 1 and "tells the group group-" in wrong[0], f"each port is another broker's: {found}")


run(test)
