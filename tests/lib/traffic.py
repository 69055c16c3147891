"""traffic.py - what most tests do over a connection: produce, fetch, ask who leads.

Versions are those that librdkafka's mock cluster knows.
"""
from cluster import check_equal
from kafka_wire import batch, fetch_topics, parts_of, produce_data, records_of

PRODUCE_VERSION, FETCH_VERSION, METADATA_VERSION = 7, 11, 2


def produce_request(values, acks=-1, timeout_ms=10000):
    """{(topic, partition): [value]} as the fields of a Produce."""
    data = {part: batch(records) for part, records in values.items()}
    return {"acks": acks, "timeout_ms": timeout_ms, "topic_data": produce_data(data)}


def fetch_request(offsets, max_wait_ms=500, min_bytes=1, max_bytes=1 << 20):
    """{(topic, partition): offset} as the fields of a Fetch."""
    return {"max_wait_ms": max_wait_ms, "min_bytes": min_bytes, "max_bytes": max_bytes, "session_epoch": -1,
            "topics": fetch_topics(offsets)}


def errors_of(api, answer):
    """{(topic, partition): error code}, every partition once."""
    parts = parts_of(api, answer)
    errors = {part: values["error_code"] for part, values in parts}
    check_equal(len(errors), len(parts), f"each partition once in {[p for p, _ in parts]}")
    return errors


def produce(kafka, values, version=PRODUCE_VERSION, **options):
    """{(topic, partition): error code}"""
    return errors_of("Produce", kafka.ask("Produce", version, **produce_request(values, **options)))


def fetch(kafka, offsets, version=FETCH_VERSION, **options):
    """({(topic, partition): [value]}, {(topic, partition): error code})"""
    answer = kafka.ask("Fetch", version, **fetch_request(offsets, **options))
    errors = errors_of("Fetch", answer)
    values = {part: [value for _, _, value in records_of(got["records"])] for part, got in parts_of("Fetch", answer)}
    return values, errors


def read_all(kafka, part, version=FETCH_VERSION):
    """The values of a partition from offset 0 to its high watermark; the mock gives one batch a Fetch."""
    values, offset = [], 0
    while True:
        answer = kafka.ask("Fetch", version, **fetch_request({part: offset}, max_wait_ms=0))
        got = parts_of("Fetch", answer)[0][1]
        check_equal(got["error_code"], 0, f"Fetch of {part} at {offset}")
        records = [r for r in records_of(got["records"]) if r[0] >= offset]
        values += [value for _, _, value in records]
        if not records:
            check_equal(offset, got["high_watermark"], f"end of {part}")
            return values
        offset = records[-1][0] + 1


def no_errors(errors, what):
    check_equal({part: code for part, code in errors.items() if code}, {}, what)
