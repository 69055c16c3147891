"""What goes wrong while clients work: brokers, nodes and HAProxy are killed, stopped, cut off and started again, by chance.

    faults = Faults(world, seed); faults.run(60)

The chance is that of the seed: the same victims and the same times each time.  Brokers, nodes and HAProxy are three lanes
that know nothing of each other; in each only one is down at a time, so that a topic with three replicas, of which two must
be in sync, loses nothing.  When the time is over each lane comes to its end: all is up again then.

A lane is a generator.  It yields how many seconds, or until what holds, nothing is to be done; in this thread, since a
child dies with the thread that started it.
"""
import os
import random
import signal
import time

from cluster import check
from process import PATIENCE

__all__ = ["Faults"]

LIMIT = 240 * PATIENCE  # of a wait for something to be well again
HOLD = (2, 9)  # seconds that something is down
CALM = {"broker": (1, 4), "node": (0.5, 4), "haproxy": (3, 9)}


class Faults:
    def __init__(self, world, seed):
        self.world, self.done, self.began = world, [], time.monotonic()
        self.ends = False
        names = ["broker"] + (["node", "haproxy"] if world.through_gateway else [])
        makers = {"broker": self._brokers, "node": self._nodes, "haproxy": self._haproxy}
        self.lanes = {name: makers[name](random.Random(f"{seed} {name}")) for name in names}
        self.until = {name: 0.0 for name in names}  # a time, or what must hold by a time

    def run(self, seconds):
        self.began = time.monotonic()
        while self.lanes:
            self.ends = time.monotonic() >= self.began + seconds
            for name in list(self.lanes):
                if self._is_due(name):
                    self._step(name)
            time.sleep(0.05)

    def counts(self):
        """{what: how often}"""
        return {what: sum(1 for _, said in self.done if said.startswith(what)) for what in
                sorted({said.rpartition(" ")[0] for _, said in self.done})}

    def _note(self, what, victim):
        self.done.append((time.monotonic() - self.began, f"{what} {victim}"))
        print(f"  {self.done[-1][0]:6.1f} s  {what} {victim}", flush=True)

    def _is_due(self, name):
        until = self.until[name]
        if not isinstance(until, tuple):
            return time.monotonic() >= until
        condition, limit = until
        check(time.monotonic() < limit, f"{name}: not well again after {LIMIT:g} s: {self.done[-1][1]}")
        try:
            return condition()
        except (OSError, EOFError, KeyError, IndexError, StopIteration, AssertionError):
            return False  # not yet

    def _step(self, name):
        try:
            wanted = next(self.lanes[name])
        except StopIteration:
            del self.lanes[name]
            return
        now = time.monotonic()
        self.until[name] = (wanted, now + LIMIT) if callable(wanted) else now + wanted

    def _calm(self, chance, name):
        """Seconds until the next fault; None: there is none any more."""
        return None if self.ends else chance.uniform(*CALM[name])

    def _ways(self, *ways):
        return [*ways, "cut off"] if self.world.scene.network else list(ways)

    # -- the lanes -----------------------------------------------------------

    def _brokers(self, chance):
        kafka = self.world.kafka
        while (calm := self._calm(chance, "broker")) is not None:
            yield calm
            victim, how, hold = chance.choice(sorted(kafka.brokers)), chance.choice(self._ways("kill", "stop", "leave")), \
                chance.uniform(*HOLD)
            self._note(f"{how} broker", victim)
            yield from self._down(kafka.brokers[victim].process, kafka.brokers[victim].host, how, hold)
            if how in ("kill", "leave"):
                kafka.start_broker(victim)
            yield lambda b=kafka.brokers[victim]: b.process.alive() and kafka.lists_all(b)
            yield kafka.in_sync

    def _nodes(self, chance):
        world = self.world
        while (calm := self._calm(chance, "node")) is not None:
            yield calm
            victim, how, hold = chance.choice(world.nodes), chance.choice(self._ways("kill", "stop", "leave")), \
                chance.uniform(*HOLD)
            self._note(f"{how} node", victim.name)
            yield from self._down(victim.process, victim.host, how, hold)
            if how in ("kill", "leave"):
                victim.start()
                world.pids[victim.name] = victim.pid
            yield victim.ready
            yield lambda v=victim: world.haproxy.stats()["health", v.name]["status"].startswith("UP")

    def _haproxy(self, chance):
        world = self.world
        while (calm := self._calm(chance, "haproxy")) is not None:
            yield calm
            how, hold = chance.choice(["kill", "reload", "stop"]), chance.uniform(*HOLD) / 2
            self._note(f"{how} HAProxy", "")
            workers = world.haproxy.workers()
            if how == "reload":
                world.haproxy.reload()
            elif how == "stop":
                for worker in workers:
                    os.kill(worker, signal.SIGSTOP)
                yield hold
                for worker in workers:
                    os.kill(worker, signal.SIGCONT)
            else:
                world.haproxy.process.kill()
                yield lambda gone=workers: not any(map(runs, gone))
                world.start_haproxy()
            yield world.all_up

    def _down(self, process, host, how, hold):
        """Until it may be started again, or is there again."""
        if how == "kill":
            process.kill()
            yield hold
        elif how == "leave":
            process.signal(signal.SIGTERM)
            yield lambda: not process.alive()
        elif how == "stop":
            process.signal(signal.SIGSTOP)
            yield hold
            process.signal(signal.SIGCONT)
        else:
            self.world.scene.network.cut(host)
            yield hold
            self.world.scene.network.join(host)


def runs(pid):
    return os.path.exists(f"/proc/{pid}")
