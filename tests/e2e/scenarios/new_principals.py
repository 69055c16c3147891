"""A thousand principals that nobody has seen before, twenty a second: each gets one delegation token, no broker refuses a
login, and what else is new in the cluster is known to all brokers as soon as ever.

The brokers are compiled in full (COMPILED), as production has them, and have made a few tokens before: each works out the keys of
every token, which takes five times as long in code that is compiled in a hurry, 120 ms for the three of them, and longer still
in code that is not compiled yet.  What they are slow with is no reason to refuse anybody, but makes everything that is new wait.

E2E_PRINCIPALS is how many; `make soak` runs it, for it takes two minutes.
"""
import collections
import concurrent.futures
import contextlib
import os
import threading
import time

import secure
from cluster import PATIENCE
from machine import skip_part
from scenarios import identity
from world import check, check_equal, wire

SECURE = COMPILED = True
MODES = ["ports"]
VERSIONS = ["4.4.0"]
COUNT = int(os.environ.get("E2E_PRINCIPALS", "1000"))
A_SECOND = 20
USERS = ["alice"]
NAMES = [f"new-{n}" for n in range(COUNT)]
FIRST = [f"first-{n}" for n in range(100)]  # at most; while the brokers' code is compiled
FAST_S = 0.15  # until all know one of those
MECHANISM = "SCRAM-SHA-256"
AGAIN = {6}  # the client tries again
AT_ONCE = 200  # users in a request
LAG_S = 1.0
BUSY = 4  # programs a core that want to run: what is measured then is others' work
KNOWN_S = 120


class Lag:
    """How long each new topic takes until the last broker knows it."""

    def __init__(self, world, name):
        self.world, self.name, self.all, self._ends = world, name, [], threading.Event()
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._run_to_end = self._pool.submit(self._run)

    def _run(self):
        brokers = [self.world.kafka.connect(number) for number in self.world.kafka.brokers]
        while not self._ends.wait(0.5):
            name = f"{self.world.mode}-{self.name}-{len(self.all)}"
            answer = brokers[0].ask("CreateTopics", 7, {"timeoutMs": 20000, "Topics": [
                {"Name": name, "NumPartitions": 1, "ReplicationFactor": 1, "Configs": []}]})
            check_equal(answer["Topics"][0]["ErrorCode"], 0, f"error of {name}")
            began = time.monotonic()
            for broker in brokers:
                while broker.ask("Metadata", 12, {"Topics": [{"Name": name}], "AllowAutoTopicCreation": False})["Topics"][0]["ErrorCode"]:
                    time.sleep(0.005)
            self.all.append(time.monotonic() - began)
        for broker in brokers:
            broker.close()

    def stop(self):
        """In order, shortest first."""
        self._ends.set()
        self._run_to_end.result()
        return sorted(self.all)


def run(world):
    if not world.through_gateway:
        return
    topic = world.topic("for-all")
    world.kafka.allow("*", "topic", topic, "describe")
    for at in range(0, COUNT, AT_ONCE):
        world.kafka.set_scram(NAMES[at:at + AT_ONCE], MECHANISM)
    world.kafka.set_scram(FIRST, MECHANISM)
    failed, first = world.kafka.failed_logins(), the_first(world, topic)
    quiet = lag_for(world, 5)
    lag, began = Lag(world, "busy"), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4 * A_SECOND) as pool:
        waits = sorted(pool.map(lambda n: in_its_turn(world, topic, n, began), range(COUNT)))
    took, lags = time.monotonic() - began, lag.stop()
    counted = {outcome: sum(node.metrics().sum("anyport_delegation_tokens_total", outcome=outcome) for node in world.nodes)
               for outcome in ("made", "queued", "refused", "failed")}
    print(f"  {COUNT} principals in {took:.0f} s at a load of {os.getloadavg()[0]:.1f}: tokens {counted}; known to all brokers after "
          f"{1000 * waits[COUNT // 2]:.0f} ms (median), {1000 * waits[COUNT * 99 // 100]:.0f} ms (p99), {1000 * waits[-1]:.0f} ms (most); "
          f"a new topic known to all after {1000 * lags[len(lags) // 2]:.0f} ms (median), {1000 * lags[-1]:.0f} ms (most), "
          f"before that {1000 * quiet[-1]:.0f} ms (most)", flush=True)
    check_equal(world.kafka.failed_logins(), failed, "logins that brokers refused")
    check_equal((counted["made"], counted["refused"], counted["failed"]), (COUNT + first, 0, 0), "tokens made, refused, not made")
    check_equal(tokens_by_owner(world), dict.fromkeys([*NAMES, *FIRST[:first]], 1), "tokens of each, as the brokers list them")
    if os.getloadavg()[0] > BUSY * os.cpu_count():
        skip_part("how soon a new topic is known", f"with a load of {os.getloadavg()[0]:.0f} it is others' work that brokers wait for")
    else:
        check(lags[-1] < LAG_S * PATIENCE, f"a new topic took {lags[-1]:.2f} s to be known")


def the_first(world, topic):
    """One after the other, until the brokers are as fast as they become; how many there were."""
    last = collections.deque(maxlen=10)
    for number, user in enumerate(FIRST, 1):
        last.append(comes(world, topic, user, number))
        if len(last) == last.maxlen and sorted(last)[len(last) // 2] < FAST_S:
            break
    print(f"  {number} principals before, until all brokers knew one after {1000 * sorted(last)[len(last) // 2]:.0f} ms", flush=True)
    return number


def lag_for(world, seconds):
    lag = Lag(world, "quiet")
    time.sleep(seconds)
    return lag.stop()


def in_its_turn(world, topic, number, began):
    time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
    return comes(world, topic, NAMES[number], number)


def comes(world, topic, user, number):
    """To one of the nodes, by one of its ports, and again when it is cut off there, as every client does it: a broker that
    is slow is not told in time that somebody logs in again.  Seconds from its login until all leaders have answered it."""
    node, start = world.nodes[number % len(world.nodes)], time.monotonic()
    while time.monotonic() - start < KNOWN_S:
        with wire.Connection(node.host, node.first_port + number // len(world.nodes) % 3, wire.schemas(world.kafka.version),
                             limit=60) as connection:
            with contextlib.suppress(EOFError, ConnectionError):
                if is_known(connection, topic, user, start + KNOWN_S):
                    return time.monotonic() - start
    raise AssertionError(f"{user} is not known to all brokers after {KNOWN_S} s")


def is_known(connection, topic, user, until):
    asked = [{"Name": topic, "Partitions": [{"PartitionIndex": p, "Timestamp": -1} for p in range(12)]}]
    codes, again_at = None, 0.0
    while codes != {0} and time.monotonic() < until:
        if time.monotonic() > again_at:
            check_equal(identity.login(connection, user, MECHANISM)["ErrorCode"], 0, f"error of the login of {user}")
            again_at = time.monotonic() + secure.LIFETIME_MS / 2000
        codes = identity.codes_of(connection, asked)[topic]
        check(codes <= {0} | AGAIN, f"errors for {user}: {codes}")
        time.sleep(0.1 if codes != {0} else 0)
    return codes == {0}


def tokens_by_owner(world):
    """As the gateway's account sees them, which may renew all."""
    broker = world.kafka.brokers[1]
    with wire.Connection(broker.host, broker.port, wire.schemas(world.kafka.version), limit=30) as connection:
        check_equal(identity.login(connection, secure.GATEWAY[0], "PLAIN", secure.GATEWAY[1])["ErrorCode"], 0, "error of the gateway's login")
        answer = connection.ask("DescribeDelegationToken", 3, {"Owners": None})
    return dict(collections.Counter(t["PrincipalName"] for t in answer["Tokens"] if t["PrincipalName"].startswith(("new-", "first-"))))
