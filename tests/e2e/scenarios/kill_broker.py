"""kill -9 of a broker under an idempotent producer: no record lost, none twice, no error."""
from load import Load


def run(world):
    topic = world.topic("kill-broker", min_insync_replicas=2)
    victim = world.leaders(topic)[0]
    with Load(world, topic, limit=90) as load:
        load.more(2000)
        world.kafka.kill_broker(victim)
        load.more(4000)
        world.kafka.start_broker(victim)
        world.kafka.wait_ready()
        world.kafka.wait_in_sync()
        load.more(2000)
    load.check(or_again=world.kafka.version.startswith("3"))  # its new coordinator is a preview
