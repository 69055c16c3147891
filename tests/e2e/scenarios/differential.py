"""Every API in every version that a client may send gets through HAProxy at every (node, port) the answer of the right broker.

What raw_apis has not is told here, as the stories of stories.py: to the brokers first, then to the gateway, each step of a story to the
next (node, port), each through a HAProxy's port that leads there alone.  Addresses put back, the answers are equal but for what unstable.py
names.  What a broker offers and neither asks is an error.
"""
import itertools
import os

import stories
import unstable
import wire
from brokers import LOG_DIRS
from reference import Brokers, Gateway, at
from scenarios import raw_apis
from scenarios.raw_apis import Failures, difference
from world import check, topic_id, wait_for
from world import until as clock

WHOLE = "DIFFERENTIAL_WHOLE" in os.environ  # each step to every (node, port), which takes minutes; else to the next one
MODES = ["ports"] if not WHOLE else ["ports", "single"]
FIRST_DOOR = 9300
RETRIABLE = {14, 15, 16, 51}  # loading, not available, not the coordinator, concurrent transactions
RENAMED = {"ListClientMetricsResources": "ListConfigResources"}
IN_PORTS = ("ShareFetch", "ShareAcknowledge")  # not in `single`


class Doors:
    """A HAProxy with a port for each (node, port), which leads there alone."""

    def __init__(self, world):
        self.behind = [(node.host, port) for node in world.nodes for port in node.ports]
        host, socket = world.scene.host(1), world.scene.dir / "doors.sock"
        lines = ["global", f"    stats socket {socket} mode 600 level admin", "defaults", "    mode tcp", "    timeout connect 3s",
                 "    timeout client 11m", "    timeout server 11m"]
        for number, (node, port) in enumerate(self.behind):
            lines += [f"listen door{number}", f"    bind {host}:{FIRST_DOOR + number}", f"    server node {node}:{port}"]
        self.haproxy = world.scene.haproxy(config="\n".join(lines) + "\n", name="doors", first_port=FIRST_DOOR)
        self.endpoints = [(host, FIRST_DOOR + number) for number in range(len(self.behind))]

    def close(self):
        self.haproxy.process.stop(5)


class Context:
    """What the stories of one run share."""

    def __init__(self, world):
        self.world, self.failures = world, Failures()
        self.known = wire.schemas(world.kafka.version)
        with world.kafka.connect(world.kafka.any_broker()) as connection:
            self.offered = offered(self.known, connection.ask("ApiVersions", 0, {})["ApiKeys"])
        self.topic = world.topic("differential", 6)
        self.topic_id = topic_id(world, self.topic)
        raw_apis.fill(world, self.topic)
        for kind in (0, 1):  # the first question makes the internal topics
            world.coordinator("differential-first", kind)
        self.brokers = Brokers(world)
        self.brokers.ask(stories.ANY, "ElectLeaders", self.offered["ElectLeaders"][-1], {  # no story is the first to
            "ElectionType": 0, "TimeoutMs": 10000, "TopicPartitions": [{"Topic": self.topic, "Partitions": list(range(6))}]})


def offered(known, keys):
    """{API: its versions}: what is for clients, as far as the schemas know it."""
    found = {}
    for row in keys:
        api = known.names.get(row["ApiKey"])
        if api and row["ApiKey"] not in raw_apis.HIDDEN:
            versions = known.requests[api].versions
            found[api] = range(max(row["MinVersion"], versions[0]), min(row["MaxVersion"], versions[-1]) + 1)
    return found


class It:
    """What a story may name, in one telling."""

    def __init__(self, context, story, number, who):
        self.context, self.world, self.number = context, context.world, number
        self.tag = f"{self.world.mode}-{story}-{number}-{who}"
        self.topic, self.topic_id, self.member = context.topic, context.topic_id, "A" * 22
        is_single = self.world.mode == "single"  # where one broker stands for all, and no share session is to be had
        self.dialled, self.has_sessions = [] if is_single else sorted(self.world.kafka.brokers), not is_single

    def name(self, what):
        return f"{self.tag}-{what}"

    def version(self, api):
        versions = self.context.offered[api]
        return versions[min(self.number, len(versions) - 1)]

    def has(self, api):
        """Whether this Kafka has it."""
        return api in self.context.offered

    # -- what is asked of the brokers, and not compared

    def prepare(self, route, api, version, message):
        answer = self.context.brokers.ask(route, api, version, message)
        again = clock(20)
        while raw_apis.codes(answer) & RETRIABLE and again():
            answer = self.context.brokers.ask(route, api, version, message)
        check(not raw_apis.codes(answer) - {0}, f"{api} of {self.tag}: {answer}")
        return answer

    def everywhere(self, api, message, is_so):
        """Whether every broker's answer is like that."""
        return all(is_so(self.context.brokers.ask(at(node), api, self.context.offered[api][-1], message)) for node in self.world.kafka.brokers)

    @staticmethod
    def wait_for(is_so):
        wait_for(is_so, 20, "the brokers know what was changed")

    def set_group(self, group, key, value):
        row = {"ResourceType": stories.CLIENT_GROUP, "ResourceName": group}
        self.prepare(stories.ANY, "IncrementalAlterConfigs", 1, {"Resources": [{**row, "Configs": [
            {"Name": key, "ConfigOperation": stories.SET, "Value": value}]}]})
        self.wait_for(lambda: self.everywhere("DescribeConfigs", {"Resources": [{**row, "ConfigurationKeys": [key]}]}, lambda said: any(
            config["Value"] == value for result in said["Results"] for config in result["Configs"])))

    def leader(self, partition):
        node = self.context.brokers.leader(self.topic, partition)
        return stories.broker(node) if self.dialled else at(node)

    def coordinator_first(self, transaction):
        """The brokers that a client may dial: which of them coordinates is another one in each telling."""
        own = self.context.brokers.coordinator(transaction, 1)
        return sorted(self.dialled, key=lambda node: (node != own, node))

    def directory(self, node, partition):
        """Where that broker has the topic's partition."""
        directory = self.world.kafka.brokers[node].directory
        return next(str(path) for path in (directory / name for name in LOG_DIRS) if (path / f"{self.topic}-{partition}").exists())


class Telling:
    """A story told to one who answers: [(what was asked, what was said)]."""

    def __init__(self, it, answerer):
        self.it, self.answerer, self.said, self.step = it, answerer, [], ""
        self.direct = isinstance(answerer, Brokers)

    def ask(self, route, api, message, stay=False, at=None, until=None):
        """at: the broker that has it whomever the client has dialled; until: asks again until the answer is like that."""
        context, name = self.it.context, of_kafka(self.it.context, api)
        version = self.it.version(name)
        self.step = f"{api} v{version} of {raw_apis.brief(message)}"
        if at and self.direct:
            route = stories.broker(at)
        answer = self.answer(route, name, version, message, stay)
        if answer is None:
            self.said.append((self.step, "closed"))
            return {}
        if until or raw_apis.codes(answer) & RETRIABLE:
            answer = self.again(until, route, name, version, message, answer)
        self.said.append((self.step, unstable.stable(name, self.plain(answer), self.direct)))
        return answer

    def again(self, until, route, api, version, message, answer):
        """The first answer that is none of a coordinator that is not ready, and is like that."""
        def enough():
            nonlocal answer
            if raw_apis.codes(answer) & RETRIABLE or not (until is None or until(answer)):
                answer = self.answerer.ask(route, api, version, message, stay=True)
                return False
            return True
        wait_for(enough, 15, f"an answer to {self.step}", 0.05)
        return answer

    def answer(self, route, api, version, message, stay):
        """None: the connection is closed instead, a new one too (an idle one is closed by nodes that spread their clients)."""
        for _ in range(2):
            try:
                return self.answerer.ask(route, api, version, message, stay=stay)
            except (EOFError, ConnectionError):
                self.answerer.drop()
                stay = True
        return None

    def plain(self, value):
        """Without the names of this telling."""
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        return value.replace(self.it.tag, "~") if isinstance(value, str) else value


def of_kafka(context, api):
    """An API as this Kafka calls it."""
    return next((old for old, new in RENAMED.items() if new == api and old in context.offered), api)


def tell(context, answerer, story, number, who, wrong):
    telling = Telling(It(context, story.__name__, number, who), answerer)
    try:
        story(telling.ask, telling.it)
    except (AssertionError, ValueError, OSError, EOFError, KeyError, IndexError, TypeError) as error:
        wrong[f"at {getattr(answerer, 'last', 'the brokers')}, {telling.step}"] = f"{type(error).__name__}: {error}"
        answerer.drop()
    return telling.said


def compare(context, gateway, story, number, who):
    """What differs: {step: how}."""
    wrong = {}
    expected = tell(context, context.brokers, story, number, f"{who}r", wrong)
    got = tell(context, gateway, story, number, f"{who}g", wrong)
    for (step, one), (_, other) in zip(expected, got):
        if one != other:
            wrong[step] = difference(one, other)
    return wrong


def compare_twice(context, gateway, story, number, who):
    """A difference counts that is there again when all is told anew: a cluster that loses a broker for a moment, as it may on
    a machine that has other things to do, answers otherwise too."""
    wrong = compare(context, gateway, story, number, who)
    if wrong:
        print(f"told again: {story.__name__} {number}, for {list(wrong.items())[0]}", flush=True)
        context.world.kafka.wait_ready()
        wait_for(lambda: all(node.metrics().sum("anyport_brokers") == len(context.world.kafka.brokers) for node in context.world.nodes), 60,
                 "the nodes know all brokers")
        again = compare(context, gateway, story, number, f"{who}again-")
        for step, how in again.items():
            context.failures.add(f"{story.__name__} {number}: {step}", AssertionError(how))


def versions_of(context, story):
    """How many tellings a story needs, for each version of each of its APIs; 0: this Kafka has none of them."""
    apis = [of_kafka(context, api) for api in stories.STORIES[story]]
    there = [context.offered[api] for api in apis if api in context.offered]
    return max(map(len, there), default=0)


def check_complete(context):
    """Nothing is offered that neither a story nor raw_apis asks; of what raw_apis asks it looks itself."""
    for api, versions in context.offered.items():
        left = [version for version in versions if (api, version) not in context.world.asked]
        if left and api not in raw_apis.LIST and not (context.world.mode == "single" and api in IN_PORTS):
            context.failures.add(f"{api} v{left}", AssertionError("is offered to clients, and no story asks it"))


def run(world):
    if not world.through_gateway:
        return
    context, doors = Context(world), Doors(world)
    gateways = [Gateway(world, first, doors.endpoints) for first in range(len(doors.endpoints))]
    turn = itertools.cycle(enumerate(gateways))
    before = world.counts()
    for story in stories.STORIES:
        for number in range(versions_of(context, story)):
            for first, gateway in enumerate(gateways) if WHOLE else [next(turn)]:  # (a share group that had its offsets deleted reads nothing)
                compare_twice(context, gateway, story, number, f"{first}-")
    world.check_went_through(before)
    check_complete(context)
    for answerer in [context.brokers, *gateways]:
        answerer.close()
    doors.close()
    shown = "\n".join(context.failures[:60])
    check(not context.failures, f"{len(context.failures)} wrong answers:\n{shown}")
    print(f"{len(world.asked)} versions of {len({api for api, _ in world.asked})} APIs asked so far")
