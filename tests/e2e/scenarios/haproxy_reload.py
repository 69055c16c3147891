"""HAProxy reloaded under load, its old connections cut a second later: no record lost, none twice, no error."""
from load import Load
from world import check, wait_for


def run(world):
    if not world.through_gateway:
        return
    topic = world.topic("haproxy-reload", min_insync_replicas=2)
    with Load(world, topic) as load:
        load.more(2000)
        for _ in range(3):
            old = set(world.haproxy.workers())
            world.haproxy.reload()
            wait_for(lambda: not old & set(world.haproxy.workers()), 10, "the old worker gone, its connections with it")
            load.more(2000)
        check(len(world.haproxy.workers()) == 1, "one worker is left")
    load.check()
