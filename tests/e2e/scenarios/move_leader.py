"""Leaders moved under load, by reassignments, then by preferred elections: no error reaches the application."""
from load import Load
from world import check, wait_for

ROUNDS = 2


def run(world):
    topic = world.topic("move-leader", min_insync_replicas=1)
    single = world.topic("move-single", partitions=3, replicas=1)
    with Load(world, topic) as load:
        load.more(1500)
        for _ in range(ROUNDS):
            reassign(world, topic)
            load.more(1000)
            elect(world, topic)
            load.more(1500)
    load.check()
    with Load(world, single) as load:  # the only replica moves, its data with it
        load.more(1000)
        for _ in range(2):
            move(world, single)
            load.more(1000)
    load.check()


def replicas(world, topic):
    found = world.kafka.metadata(topics=[topic])["Topics"][0]["Partitions"]
    return {p["PartitionIndex"]: p["ReplicaNodes"] for p in found}


def reassign(world, topic):
    """Every partition gets its replicas in another order: the preferred leader is another one now."""
    wanted = {p: nodes[1:] + nodes[:1] for p, nodes in replicas(world, topic).items()}
    alter(world, topic, wanted)


def alter(world, topic, wanted):
    with world.kafka.connect(world.kafka.any_broker()) as broker:
        answer = broker.ask("AlterPartitionReassignments", 0, {"TimeoutMs": 20000, "Topics": [
            {"Name": topic, "Partitions": [{"PartitionIndex": p, "Replicas": nodes}
                                           for p, nodes in wanted.items()]}]})
    check(answer["ErrorCode"] == 0 and all(p["ErrorCode"] == 0 for p in answer["Responses"][0]["Partitions"]),
          f"reassignment: {answer}")
    wait_for(lambda: replicas(world, topic) == wanted, 30, "the reassignment done")


def elect(world, topic):
    with world.kafka.connect(world.kafka.any_broker()) as broker:
        answer = broker.ask("ElectLeaders", 2, {"ElectionType": 0, "TimeoutMs": 20000, "TopicPartitions": [
            {"Topic": topic, "Partitions": list(replicas(world, topic))}]})
    check(answer["ErrorCode"] == 0, f"election: {answer}")
    wait_for(lambda: world.leaders(topic) == {p: nodes[0] for p, nodes in replicas(world, topic).items()}, 30,
             "the preferred leaders lead")


def move(world, topic):
    """The only replica of every partition goes to the next broker."""
    brokers = sorted(world.kafka.brokers)
    alter(world, topic, {p: [brokers[brokers.index(nodes[0]) + 1 - len(brokers)]]
                         for p, nodes in replicas(world, topic).items()})
