#!/usr/bin/env python3
"""The tests' own Kafka client reads what it writes, in every version; its checksums and batches are Kafka's."""
import pathlib
import sys
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from kafka_wire import (  # noqa: E402
    APIS, WireError, batch, crc32c, encode, proxy_v2, read_request, read_response, records_of,
    request_bytes, response_bytes)


def sample(fields, version):
    """A value for every field of the version, one entry an array."""
    values = {}
    for field in fields:
        if not field.in_version(version):
            continue
        if field.type == "[]":
            values[field.name] = [sample(field.fields, version)]
        elif field.type in ("{}", "{}?"):
            values[field.name] = sample(field.fields, version)
        elif field.type.startswith("[]"):
            one = {"[]string": "x", "[]uuid": uuid.UUID(int=5)}.get(field.type, 7)
            values[field.name] = [one]
        else:
            values[field.name] = field.default_value()
    return values


def main():
    messages = 0
    for api in APIS.values():
        for version in api.versions():
            values = sample(api.response, version)
            data = response_bytes(api.name, version, 5, values)
            assert read_response(api.name, version, data) == (5, values), (api.name, version)
            try:
                read_response(api.name, version, data + b"x")
                raise AssertionError(f"{api.name} v{version}: a surplus byte is not noticed")
            except WireError:
                pass
            values = sample(api.request, version)
            got = read_request(request_bytes(api.name, version, 9, "me", **values))
            assert got == (api, version, 9, "me", values), (api.name, version)
            messages += 2
    assert crc32c(b"123456789") == 0xE3069283
    records = [(b"k", b"v"), (None, b"w" * 300), (b"", b"")]
    assert records_of(batch(records, base_offset=7)) == [(7 + n, k, v) for n, (k, v) in enumerate(records)]
    # Metadata v1 by hand: one topic "t"; ApiVersions v3 by hand: "n", "v", no tags.
    assert encode(APIS["Metadata"].request, {"topics": [{"name": "t"}]}, 1, False) == b"\0\0\0\1\0\1t"
    named = {"client_software_name": "n", "client_software_version": "v"}
    assert encode(APIS["ApiVersions"].request, named, 3, True) == b"\2n\2v\0"
    assert len(proxy_v2("1.2.3.4", "5.6.7.8")) == 28
    print(f"PASS wire_library ({messages} messages)")


main()
