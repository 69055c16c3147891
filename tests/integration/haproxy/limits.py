#!/usr/bin/env python3
"""More clients than --maxconn are refused at once, and the statistics page still answers then; without splice no pipe is used."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import Front, check, http_get, refused_at_once, run, wait_for  # noqa: E402

PAGE_PORT = 9000


def clients(front):
    return int(front.haproxy.stats()[("kafka_clients", "FRONTEND")]["scur"])


def served(front):
    """A client that is served; while HAProxy sees whether another one waits it counts one more than there are, so near
    --maxconn it may be refused, but not for long."""
    def tries():
        link = front.link()
        link.ask()
        return link
    return wait_for(tries, 5, "a client below --maxconn is served")


def test(scene):
    page = f"{scene.host(1)}:{PAGE_PORT}"
    front = Front(scene, arguments=["--maxconn", 5, "--stats-page", page, "--no-splice"])
    wait_for(lambda: clients(front) == 0, 5, "the connection that tried whether HAProxy listens has ended")
    links = [served(front) for _ in range(5)]
    for _ in range(3):
        check(refused_at_once((front.host, front.ports[0])), "the sixth client is refused at once")
    status, text = http_get(f"http://{page}/")
    check(status == 200 and "anyport_nodes" in text, f"the statistics page: {status}")
    check(all(link.ask()["node"] for link in links), "the five are served on")
    links.pop().close()
    wait_for(lambda: clients(front) == 4, 5, "HAProxy noticed the end")
    check(len(links[0].ask(b"give 1000000")) == 1000000, "a large answer arrives whole")
    served(front).close()  # there is room again
    check(front.info()["PipesFree"] == "0", "--no-splice uses no pipe")


run(test)
