"""A program of Kafka Streams counts words as a streams group (KIP-1071), exactly once: while a node is killed, and with another
topology after it was stopped.  What it counts is what was written, each record once, as at the brokers."""
import clients
from compared import same_as_direct
from scenarios.admin_tools import anyone
from world import check, check_equal, check_exactly_once, wait_for

MODES = ["ports"]
VERSIONS = ["4.4.0"]
RECORDS, WORDS = 210, 7
PARTITIONS = 3


class Program:
    """One process of the application."""

    def __init__(self, world, number, topic, ways):
        self.out = world.full_name("counted")
        folder = world.scene.dir / f"streams-{number}"
        self.process = world.scene.process(
            ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp",
             clients.java_classes("Streams", "streams-4.4.0"), "Streams", world.bootstrap, application(world), folder, topic, self.out, ways],
            name=f"streams-{number}", pipes=True)
        self.lines = clients.Lines(self.process.popen.stdout)

    def wait_runs(self):
        while self.lines.next(clients.LIMIT) != "state RUNNING":
            continue

    def stop(self):
        self.process.popen.stdin.close()
        check_equal(self.process.wait(clients.LIMIT), 0, f"exit of {self.process.name}: {self.process.log(20)}")


def application(world):
    return world.full_name("words")


def counts(way, records):
    """The keys that come out of so many records."""
    return [f"{way}:{word}={count}" for word in range(way) for count in range(1, records // way + 1)]


def written(world, topic, expected, name):
    """All that is committed to the topic."""
    read = world.java().consume(topic, world.full_name(f"counted-{name}"), len(expected), isolation__level="read_committed")
    check_exactly_once(read, expected, f"what was counted {name}")


def run(world):
    topic, out = world.topic("spoken", PARTITIONS), world.topic("counted", PARTITIONS)
    before = world.counts()
    world.java().produce(topic, RECORDS, "k")
    programs = [Program(world, number, topic, str(WORDS)) for number in (1, 2)]
    for program in programs:
        program.wait_runs()
    written(world, out, counts(WORDS, RECORDS), "at first")
    text = same_as_direct(world, "kafka-streams-groups", "--describe", "--group", application(world), "--members")
    check_equal(len(text.strip().splitlines()), 1 + len(programs), f"members of the group:\n{text}")

    kill(world)
    world.java().produce(topic, RECORDS, "m")
    written(world, out, counts(WORDS, 2 * RECORDS), "with a node killed")
    for program in programs:
        program.stop()
    wait_for(lambda: "Empty" in world.tool("kafka-streams-groups", "--describe", "--group", application(world), "--state"), 30,
             "the group is empty")

    forget(world)
    changed = Program(world, 3, topic, f"{WORDS},2")
    changed.wait_runs()
    world.java().produce(topic, RECORDS, "n")
    written(world, out, [*counts(WORDS, 5 * RECORDS), *counts(2, 3 * RECORDS)], "with another topology")
    changed.stop()
    world.check_went_through(before, produced=9, fetched=9, payload=3 * RECORDS, every_node=False)


def forget(world):
    """Kafka 4.4 takes no other topology for a group that it knows: so with the group its offsets go, and what was on its way
    within the application.  What was counted stays, in a topic of its own, and all that was written is read once more."""
    with anyone(world, application(world)) as client:
        answer = client.ask("DeleteGroups", 2, {"GroupsNames": [application(world)]})
    check_equal([row["ErrorCode"] for row in answer["Results"]], [0], f"answer to DeleteGroups: {answer}")
    between = f"{application(world)}-words{WORDS}-repartition"
    world.tool("kafka-topics", "--delete", "--topic", between)
    wait_for(lambda: all(world.kafka.metadata(node, [between])["Topics"][0]["ErrorCode"] == 3 for node in world.kafka.brokers), 20,
             f"{between} is gone")


def kill(world):
    if world.through_gateway:
        node = world.nodes[1]
        node.kill()
        world.restart(node)
        world.wait_all_up()
        check(node.process.alive(), f"{node.name} runs again")
