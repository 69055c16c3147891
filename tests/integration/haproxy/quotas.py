#!/usr/bin/env python3
"""Limits by address and by client.id: one too many is refused at once, others are not touched, and it heals."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, request, run, wait_for  # noqa: E402

MOST, RATE = 4, 12


def is_served(front, source, client_id="app"):
    """The connection, or None when it is refused."""
    try:
        link = front.link(source=source)
    except ConnectionError:
        return None
    try:
        link.ask(request(client_id))
        return link
    except ConnectionError:
        link.close()
        return None


def fills(front, ask):
    """MOST connections are served, one more is not; when one goes there is room again."""
    links = [ask() for _ in range(MOST)]
    check(all(links), "as many as may")
    check(ask() is None, "and not one more")
    links.pop().close()
    wait_for(lambda: links.append(ask()) or links[-1], 5, "there is room again")
    return links


def by_address(scene):
    front = Front(scene, arguments=["--limit-source", MOST], warns="--limit-source")
    links = fills(front, lambda: is_served(front, scene.host(200)))
    check(is_served(front, scene.host(201)), "another address is not touched")
    refused = int(front.haproxy.stats()[("kafka_clients", "FRONTEND")]["dcon"])
    check(refused >= 1, "refused ones are counted as dcon")
    for link in filter(None, links):
        link.close()
    return front


def by_rate(scene):
    front = Front(scene, arguments=["--limit-source-rate", RATE])
    served = 0
    for _ in range(RATE + 8):
        link = is_served(front, scene.host(202))
        served += link is not None
        if link:
            link.close()
    check(served == RATE, f"{served} of {RATE + 8} in 10 s")
    check(is_served(front, scene.host(203)), "another address is not touched")
    return front


def by_client_id(scene):
    front = Front(scene, arguments=["--limit-client-id", MOST], warns="--limit-client-id")
    sources = iter(range(100, 250))
    links = fills(front, lambda: is_served(front, scene.host(next(sources))))
    check(is_served(front, scene.host(99), "other"), "another client is not touched")
    check(is_served(front, scene.host(99), None), "nor one without an id")
    for link in filter(None, links):
        link.close()
    return front


def test(scene):
    for show in (by_address, by_rate, by_client_id):
        front = show(scene)
        for process in [front.haproxy.process, *(node.process for node in front.nodes)]:
            process.stop()


run(test)
