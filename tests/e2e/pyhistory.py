"""Clients of librdkafka (confluent-kafka) that write down what they did and saw, until they are told to end (SIGTERM).

    pyhistory.py produce  NAME OUT BOOTSTRAP TOPIC EVERY_US
    pyhistory.py transact NAME OUT BOOTSTRAP TOPIC EVERY_US TRANSACTIONAL_ID SEED
    pyhistory.py consume  NAME OUT BOOTSTRAP TOPIC GROUP ISOLATION

The lines are those of history.py, as tests/e2e/java/History.java writes them.  Run inside the tests' virtual environment.
"""
import random
import signal
import sys
import time

import confluent_kafka
from confluent_kafka import KafkaException

COMMIT_S, TRIES = 10, 12
COMMON = {"reconnect.backoff.max.ms": 500, "log_level": 3}


class History:
    def __init__(self, name, path):
        self.name, self.ends = name, False
        self._out = open(path, "w")  # pylint: disable=consider-using-with
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, *_):
        self.ends = True

    def note(self, *words):
        said = (str(word).replace("\t", " ").replace("\n", " ") for word in (time.monotonic_ns(), self.name, *words))
        self._out.write("\t".join(said) + "\n")

    def flush(self):
        self._out.flush()

    def delivered(self, topic, key):
        def on_delivery(error, message):
            if error:
                self.note("failed", topic, key, error)
            else:
                at = message.offset()  # None: it was there already, and the broker did not tell where
                self.note("acked", topic, message.partition(), -1 if at is None else at, key)
        return on_delivery


def send(history, producer, topic, key, pause):
    while True:
        try:
            producer.produce(topic, key=key, value=key, on_delivery=history.delivered(topic, key))
            break
        except BufferError:
            producer.poll(0.1)
    producer.poll(pause)


def fatal(history):
    """A list that gets what ends a producer's life."""
    found = []

    def on_error(error):
        if error.fatal():
            found.append(error)
            history.note("gave up", error)
    return found, on_error


def produce(history, bootstrap, topic, every_us):
    number = session = 0
    while not history.ends:
        over, on_error = fatal(history)
        producer = confluent_kafka.Producer({**COMMON, "bootstrap.servers": bootstrap, "enable.idempotence": True,
                                             "linger.ms": 5, "error_cb": on_error})
        while not history.ends and not over:
            send(history, producer, topic, f"{history.name}/{session}/{number}", int(every_us) / 1e6)
            number += 1
        producer.flush(150)
        session += 1


def insist(call):
    """Again, as long as the error says that this is right."""
    for left in range(TRIES, -1, -1):
        try:
            return call(COMMIT_S)
        except KafkaException as error:
            if not error.args[0].retriable() or left == 0:
                raise
    return None


def end_transaction(history, producer, transaction, aborts):
    """Writes down how it ended; False: this producer can't go on."""
    outcome, asked = "aborted", False
    try:
        if not aborts:
            asked = True
            insist(producer.commit_transaction)
            outcome = "committed"
        else:
            insist(producer.abort_transaction)
    except KafkaException as error:
        history.note("gave up", error)
        if not error.args[0].txn_requires_abort():
            history.note("transaction", transaction, "unknown" if asked else "aborted")
            return False
        insist(producer.abort_transaction)
    history.note("transaction", transaction, outcome)
    return True


def transact(history, bootstrap, topic, every_us, identity, seed):
    chance, numbers, session = random.Random(int(seed)), [0, 0], 0  # records, transactions
    while not history.ends:
        over, on_error = fatal(history)
        producer = confluent_kafka.Producer({**COMMON, "bootstrap.servers": bootstrap, "transactional.id": identity,
                                             "transaction.timeout.ms": 20000, "linger.ms": 5, "error_cb": on_error})
        try:
            insist(producer.init_transactions)
            while not history.ends and not over and one_transaction(history, producer, topic, every_us, session, numbers, chance):
                pass
        except KafkaException as error:
            history.note("gave up", error)
        session += 1


def one_transaction(history, producer, topic, every_us, session, numbers, chance):
    transaction = f"{history.name}-{numbers[1]}"
    numbers[1] += 1
    aborts = chance.randrange(4) == 0
    try:
        producer.begin_transaction()
        for _ in range(5 + chance.randrange(20)):
            send(history, producer, topic, f"{history.name}/{session}/{numbers[0]}/{transaction}", int(every_us) / 1e6)
            numbers[0] += 1
        producer.flush(60)
    except KafkaException as error:
        history.note("gave up", error)
        aborts = True
    except SystemError as error:  # a callback ran while the producer's own error was on its way
        if not isinstance(error.__cause__, KafkaException):
            raise
        history.note("gave up", error.__cause__)
        aborts = True
    return end_transaction(history, producer, transaction, aborts)


def consume(history, bootstrap, topic, group, isolation):
    def noted(what):
        def on_change(_consumer, partitions):
            for p in partitions:
                history.note(what, p.topic, p.partition)
        return on_change
    consumer = confluent_kafka.Consumer({**COMMON, "bootstrap.servers": bootstrap, "group.id": group,
                                         "isolation.level": isolation, "auto.offset.reset": "earliest",
                                         "enable.auto.commit": False, "session.timeout.ms": 10000})
    consumer.subscribe([topic], on_assign=noted("assigned"), on_revoke=noted("revoked"), on_lost=noted("revoked"))
    while not history.ends:
        after = {}
        for message in consumer.consume(500, 0.2):
            if message.error():
                history.note("error", message.error())
                continue
            history.note("read", message.topic(), message.partition(), message.offset(), message.key().decode())
            after[message.partition()] = message.offset() + 1
        if after:
            commit(history, consumer, topic, after)
        history.flush()
    consumer.close()


def commit(history, consumer, topic, after):
    try:
        done = consumer.commit(offsets=[confluent_kafka.TopicPartition(topic, p, at) for p, at in after.items()],
                               asynchronous=False)
        for p in done:
            if p.error:
                history.note("not committed", p.error)
            else:
                history.note("committed", p.topic, p.partition, p.offset)
    except KafkaException as error:
        history.note("not committed", error)


def main(verb, name, out, *words):
    history = History(name, out)
    {"produce": produce, "transact": transact, "consume": consume}[verb](history, *words)
    history.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
