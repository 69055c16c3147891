"""confluent-kafka and kafka-python, run inside the tests' virtual environment.

    pyclient.py LIBRARY BOOTSTRAP produce TOPIC COUNT PREFIX ACKS COMPRESSION [PREFIX ACKS COMPRESSION ...]
    pyclient.py LIBRARY BOOTSTRAP consume TOPIC GROUP COUNT OUT LIMIT PROTOCOL
    pyclient.py confluent-kafka BOOTSTRAP transactions TOPIC TRANSACTIONS SIZE ID
    pyclient.py confluent-kafka BOOTSTRAP topics OUT

$CLIENT_SETTINGS has more of the library's settings, as JSON; $CLIENT_LOGIN says who logs in: MECHANISM USER PASSWORD TOKEN.
"""
import json
import os
import sys
import time

SETTINGS = json.loads(os.environ.get("CLIENT_SETTINGS", "{}"))

VALUE = b"v" * 100
LOGIN = os.environ.get("CLIENT_LOGIN", "").split()


def confluent_login():
    if not LOGIN:
        return {}
    mechanism, user, password, token = LOGIN
    settings = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism}
    if mechanism == "OAUTHBEARER":
        return {**settings, "oauth_cb": lambda _: (token, time.time() + 3600)}
    return {**settings, "sasl.username": user, "sasl.password": password}


def python_login():
    if not LOGIN:
        return {}
    mechanism, user, password, token = LOGIN
    settings = {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": mechanism}
    if mechanism == "OAUTHBEARER":
        from kafka.net.sasl.oauth import AbstractTokenProvider
        provider = type("Provider", (AbstractTokenProvider,), {"token": lambda self: token})
        return {**settings, "sasl_oauth_token_provider": provider()}
    return {**settings, "sasl_plain_username": user, "sasl_plain_password": password}


def confluent_produce(bootstrap, topic, count, prefix, acks, compression):
    import confluent_kafka
    failed = []
    producer = confluent_kafka.Producer({**confluent_login(), **SETTINGS, "bootstrap.servers": bootstrap, "acks": acks, "linger.ms": 5,
                                         "compression.type": compression})
    for i in range(int(count)):
        producer.produce(topic, key=f"{prefix}{i}", value=VALUE,
                         on_delivery=lambda error, message: failed.append(error) if error else None)
        producer.poll(0)
    left = producer.flush(60)
    if left or failed:
        sys.exit(f"{left} not sent, {len(failed)} failed: {failed[:3]}")


def confluent_transactions(bootstrap, topic, count, size, identity):
    """Every second transaction is aborted; keys are tc<n> and ta<n>."""
    import confluent_kafka
    producer = confluent_kafka.Producer({**confluent_login(), **SETTINGS, "bootstrap.servers": bootstrap, "transactional.id": identity, "linger.ms": 5})
    producer.init_transactions(30)
    numbers = {"c": 0, "a": 0}
    for i in range(int(count)):
        kind = "ca"[i % 2]
        producer.begin_transaction()
        for _ in range(int(size)):
            producer.produce(topic, key=f"t{kind}{numbers[kind]}", value=VALUE)
            numbers[kind] += 1
        if kind == "c":
            producer.commit_transaction(30)
        else:
            producer.flush(30)
            producer.abort_transaction(30)


def confluent_consume(bootstrap, topic, group, count, out, limit, protocol="classic"):
    import confluent_kafka
    consumer = confluent_kafka.Consumer({**confluent_login(), **SETTINGS, "bootstrap.servers": bootstrap, "group.id": group, "group.protocol": protocol,
                                         "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([topic])
    end, read = time.monotonic() + float(limit), 0
    with open(out, "w") as lines:
        while read < int(count) and time.monotonic() < end:
            for message in consumer.consume(1000, 0.2):
                if message.error():
                    sys.exit(str(message.error()))
                lines.write(f"{message.partition()} {message.offset()} {message.key().decode()}\n")
                read += 1
    consumer.commit(asynchronous=False)
    consumer.close()


def confluent_topics(bootstrap, out):
    import confluent_kafka.admin
    admin = confluent_kafka.admin.AdminClient({**confluent_login(), **SETTINGS, "bootstrap.servers": bootstrap})
    with open(out, "w") as lines:
        lines.writelines(f"{name}\n" for name in admin.list_topics(timeout=30).topics)


def python_produce(bootstrap, topic, count, prefix, acks, compression):
    import kafka
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap.split(","), acks=acks if acks == "all" else int(acks),
                                   compression_type=None if compression == "none" else compression, linger_ms=5,
                                   enable_idempotence=acks == "all", **{**python_login(), **SETTINGS})
    sent = [producer.send(topic, key=f"{prefix}{i}".encode(), value=VALUE) for i in range(int(count))]
    producer.flush(60)
    for one in sent:
        one.get(30)
    producer.close()


def python_consume(bootstrap, topic, group, count, out, limit, _protocol="classic"):
    import kafka
    consumer = kafka.KafkaConsumer(topic, bootstrap_servers=bootstrap.split(","), group_id=group,
                                   auto_offset_reset="earliest", enable_auto_commit=False, **{**python_login(), **SETTINGS})
    end, read = time.monotonic() + float(limit), 0
    with open(out, "w") as lines:
        while read < int(count) and time.monotonic() < end:
            # all the time there is, as it returns with the first records: kafka-python 3.0.12 loses its assignment for
            # good when a poll ends while the group is joined (straight at a broker too: 3 of 4 times with 200 ms)
            for records in consumer.poll(int((end - time.monotonic()) * 1000) + 1, max_records=5000).values():
                for record in records:
                    lines.write(f"{record.partition} {record.offset} {record.key.decode()}\n")
                    read += 1
    consumer.commit()
    consumer.close()


VERBS = {"confluent-kafka": {"produce": confluent_produce, "consume": confluent_consume,
                            "transactions": confluent_transactions, "topics": confluent_topics},
         "kafka-python": {"produce": python_produce, "consume": python_consume}}


def main(library, bootstrap, verb, *words):
    runs = [words]
    if verb == "produce":  # once for each three that follow the topic and the count
        runs = [words[:2] + words[i:i + 3] for i in range(2, len(words), 3)]
    for run in runs:
        VERBS[library][verb](bootstrap, *run)


if __name__ == "__main__":
    main(*sys.argv[1:])
