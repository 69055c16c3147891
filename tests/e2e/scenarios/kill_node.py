"""kill -9 of one gateway node after the other under an idempotent producer: no record lost, none twice, no error."""
from load import Load


def run(world):
    topic = world.topic("kill-node", min_insync_replicas=2)
    with Load(world, topic) as load:
        load.more(2000)
        for node in world.nodes[:2]:
            node.kill()
            load.more(3000)
            world.restart(node)
            world.wait_all_up()
            load.more(1500)
    load.check()
