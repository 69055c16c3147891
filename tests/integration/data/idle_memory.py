#!/usr/bin/env python3
"""5,000 idle connections cost less than 16 KiB each."""
# alone
# not with sanitizers
import pathlib
import resource
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, run, wait_for  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

COUNT, EACH = 5000, 16 << 10
WARM = 200


def used(node, request):
    """A connection that has done something and is idle now."""
    kafka = Connection(*node.address)
    kafka.ask("ApiVersions", 0)
    request(kafka)
    return kafka


def cost(node, count, request):
    """Bytes a connection, of as many idle ones."""
    warm = [used(node, request) for _ in range(WARM)]  # what a first connection brings into being
    before = node.memory()
    idle = [used(node, request) for _ in range(count)]
    after = node.memory()
    each = (after.total - before.total) / count
    for kafka in idle + warm:
        kafka.close()
    wait_for(lambda: clients(node) == 0, 10, "the node has noticed that they left")
    return each


def clients(node):
    metrics = node.metrics()
    return metrics.sum("anyport_client_connections_total") - metrics.sum("anyport_client_connections_closed_total")


def test(scene):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    check(hard >= COUNT * 2 + 500, f"this test needs {COUNT * 2 + 500} descriptors, not {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cluster = scene.sink()
    node = scene.node(cluster.bootstrap, env={"GATEWAY_MAX_CONNECTIONS": 20000})
    each = cost(node, COUNT, lambda kafka: kafka.ask("Metadata", 1, topics=[{"name": "bench"}]))
    print(f"an idle connection: {each / 1024:.1f} KiB")
    check(each < EACH, f"an idle connection costs {each / 1024:.1f} KiB")

    # A node of its own: the first one would use again what it has just freed.
    node = scene.node(cluster.bootstrap)
    each = cost(node, COUNT // 10, lambda kafka: no_errors(produce(kafka, {("bench", 0): [b"x" * 20000]}), "Produce"))
    print(f"one with a broker connection: {each / 1024:.1f} KiB")
    check(each < 2 * EACH, f"an idle connection with a broker connection costs {each / 1024:.1f} KiB")


run(test)
