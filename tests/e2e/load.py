"""An idempotent producer that must not notice what happens meanwhile, and a group that reads all the while.

    with Load(world, topic) as load:
        load.more(2000)         # until so many further records are acknowledged
        ...kill something...
        load.more(2000)
    load.check()
"""
from clients import read_records
from world import check_equal, check_exactly_once


class Load:
    def __init__(self, world, topic, limit=60, **settings):
        self.world, self.topic, self.limit = world, topic, limit
        self.java = world.java("4.4.0")
        self.before = world.counts()
        self.reader = self.java.start("consume", topic=topic, group__id=f"{topic}-live", count=10 ** 9,
                                      limit=300, out=self._path("live"), max__poll__records=2000)
        self.producer = self.java.start("load", topic=topic, prefix="k", acks="all", enable__idempotence="true",
                                        every__us=300, **settings)
        self.counts = None

    def _path(self, name):
        return self.world.scene.dir / f"{self.topic}-{name}.records"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """The load ends in any case; when the scenario has failed, that is what is reported."""
        try:
            self.counts = self.java.stop(self.producer, self.limit)
            if kind is None:
                self.java.wait_progress(self.reader, self.counts["sent"], self.limit)
        finally:
            self.java.run("stop", which=self.reader)
        if kind is None:
            self.java.wait(self.reader, self.limit)

    def more(self, records):
        goal = self.java.progress.get(self.producer, 0) + records
        self.java.wait_progress(self.producer, goal, self.limit)

    def check(self, or_again=False):
        """Each record was acknowledged, is in the log once, and is read once; or_again: by the group that reads
        meanwhile at least once, for its coordinator may have forgotten it."""
        sent = self.counts["sent"]
        check_equal((self.counts["acknowledged"], self.counts["failed"], self.counts["errors"]), (sent, 0, "{}"),
                    "acknowledged, failed, errors")
        written = [f"k{i}" for i in range(sent)]
        check_equal(sum(self.world.offsets(self.topic).values()), sent, "records in the log")
        read = self.java.consume(self.topic, f"{self.topic}-after", sent, extra=300)
        check_exactly_once(read, written, "the group that reads afterwards")
        check_exactly_once(read_records(self._path("live")), written, "the group that reads meanwhile", or_again)
        self.world.check_went_through(self.before, produced=10, fetched=10, every_node=False)
