"""An exporter gets through HAProxy, with the file of `anyportctl haproxy generate`, the very lines that it gets from the
brokers themselves; from nodes that do not know which broker was dialled it gets none."""
import exporter
from fronts import Front, start_nodes
from kafka_wire import Connection
from world import check, check_equal, wait_for

MODES = ["ports"]
GROUPS = 12  # so that every broker coordinates some
PARTITIONS = 6


def broker_address(world):
    broker = world.kafka.brokers[world.kafka.any_broker()]
    return broker.host, broker.port


def commit(world, group, topic, number):
    """Offsets of a group without members, at its coordinator."""
    def done():
        with Connection(*broker_address(world)) as kafka:
            found = kafka.ask("FindCoordinator", 1, key=group, key_type=0)
        if found["error_code"]:
            return None
        with Connection(found["host"], found["port"]) as kafka:
            answer = kafka.ask("OffsetCommit", 2, group_id=group, generation_id_or_member_epoch=-1, member_id="", retention_time_ms=-1,
                               topics=[{"name": topic, "partitions": [
                                   {"partition_index": p, "committed_offset": number, "committed_metadata": ""}
                                   for p in range(PARTITIONS)]}])
        codes = {part["error_code"] for part in answer["topics"][0]["partitions"]}
        return found["node_id"] if codes == {0} else None
    return wait_for(done, 30, f"offsets of {group}")


def run(world):
    topic = world.topic("exported", partitions=PARTITIONS)
    coordinators = {commit(world, f"{topic}-{n}", topic, 0) for n in range(GROUPS)}
    check_equal(coordinators, set(world.kafka.brokers), "brokers that coordinate some of the groups")
    direct = exporter.scrape(broker_address(world), only=topic)
    check(len([line for line in direct if line.startswith("kafka_consumergroup_members{")]) == GROUPS, f"{direct}")
    knowing = start_nodes(world, (31, 32), env={"GATEWAY_PORT_IS_HINT": "true"})
    for node in knowing:
        node.wait_ready()
    with Front(world, knowing) as front:
        for _ in range(10):  # whichever node it reaches
            check_equal(exporter.scrape((front.host, 9092), only=topic), direct, "the exporter's lines")
    print(f"    {len(direct)} lines, {GROUPS} groups at {len(coordinators)} brokers: 10 scrapes through the generated file, as from the brokers")
    for node in knowing:
        node.kill()
    unknowing = start_nodes(world, (33,))
    unknowing[0].wait_ready()
    with Front(world, unknowing) as front:
        try:
            lines = exporter.scrape((front.host, 9092), only=topic)
        except exporter.CollectedTwice as error:
            print(f"    without gateway.port_is_hint: {error}")
        else:
            check(False, f"without a hint it is told of every group once: {lines}")
    unknowing[0].kill()
