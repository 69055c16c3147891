#!/usr/bin/env python3
"""After kill -9 of a node the next connections succeed at once, before any check has noticed; when it is back it is not flooded."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, at_once, check, run  # noqa: E402


def test(scene):
    front = Front(scene, nodes=3)
    victim = front.nodes[0]
    victim.process.kill()
    check(front.status(victim).startswith("UP"), "HAProxy has not noticed yet")
    for number in range(30):
        answer = at_once(f"connection {number}", front.nodes[1].seen,
                         lambda: front.ask(front.ports[number % len(front.ports)]))
        check(answer["node"] != victim.name, f"{answer} from a dead node")
    tried = int(front.of(victim)["wredis"])
    check(tried > 0, "no connection was tried on the dead node: nothing was shown")

    front.wait_status(victim, "DOWN")
    busy = [front.link() for _ in range(40)]
    for link in busy:
        link.ask()
    victim.start()
    front.wait_status(victim, "UP")
    # it has no connection, the others have 20: without slowstart it would get all
    links = [front.link() for _ in range(15)]
    flood = [link.ask()["node"] for link in links].count(victim.name)
    check(flood <= 5, f"{flood} of 15 went to the node that just came back")
    for link in busy + links:
        link.close()


run(test)
