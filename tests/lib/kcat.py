"""kcat.py - a real client (librdkafka's) that produces and consumes while a test breaks things.

-E: that all brokers are down for a moment is no reason to end.  Messages are
numbered; `message-N` is the key, so that what was delivered twice
or not at all is seen.
"""
import re
import threading
import time


class Producer:
    """kcat -P, fed at an even pace until `count` messages are written."""

    def __init__(self, scene, bootstrap, topic, count, a_second, *options):
        settings = ["acks=all", "linger.ms=20", "message.timeout.ms=60000", "reconnect.backoff.max.ms=1000", *options]
        argv = ["kcat", "-E", "-P", "-b", bootstrap, "-t", topic, "-K", ":"]
        for setting in settings:
            argv += ["-X", setting]
        self.process = scene.process(argv, name="producer", pipes=True)
        self.count, self.a_second = count, a_second
        self.written = 0
        self.thread = threading.Thread(target=self._feed, daemon=True)
        self.thread.start()

    def _feed(self):
        begin = time.monotonic()
        out = self.process.popen.stdin
        try:
            while self.written < self.count:
                due = min(self.count, int((time.monotonic() - begin) * self.a_second) + 1)
                for number in range(self.written, due):
                    out.write(f"message-{number}:the value of message {number}\n")
                self.written = due
                out.flush()
                time.sleep(0.05)
            out.close()
        except OSError:
            pass  # kcat has ended: its status says so

    def feeding(self):
        return self.thread.is_alive()

    def finish(self, seconds):
        """Waits until the brokers have acknowledged everything; kcat's exit status."""
        self.thread.join(self.count / self.a_second + seconds)
        return self.process.wait(seconds)


class Consumer:
    """Reads from the earliest offset on, all partitions or as a member of a group; one line a message in its log.

    librdkafka's mock aborts when a member comes back while its JoinGroup is
    pending: break nothing while a group forms there.
    """

    LINE = re.compile(r"^got message-(\d+)$", re.M)

    def __init__(self, scene, bootstrap, topic, group=None):
        settings = ["auto.offset.reset=earliest", "session.timeout.ms=6000", "reconnect.backoff.max.ms=1000"]
        argv = ["kcat", "-E", "-b", bootstrap, "-q", "-u", "-f", "got %k\n"]
        for setting in settings:
            argv += ["-X", setting]
        argv += ["-G", group, topic] if group else ["-C", "-t", topic, "-o", "beginning"]
        self.process = scene.process(argv, name="consumer")

    def received(self):
        return [int(number) for number in self.LINE.findall(self.process.log())]


def received(consumers):
    return [number for consumer in consumers for number in consumer.received()]
