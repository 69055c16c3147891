#!/usr/bin/env python3
"""PROXY headers of both versions, from those who are trusted, and from HAProxy itself."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run  # noqa: E402
from kafka_wire import Connection, crc32c, proxy_v1, proxy_v2  # noqa: E402

CLIENT = "203.0.113.9"


def works(node, preamble, source=None):
    with Connection(*node.address, preamble=preamble, source=source) as kafka:
        return bool(kafka.ask("ApiVersions", 0)["api_keys"])


def closed(node, preamble, source=None):
    with Connection(*node.address, preamble=preamble, source=source) as kafka:
        try:
            kafka.send("ApiVersions", 0)
        except ConnectionError:
            return True
        return kafka.is_closed(5)


def with_crc(header):
    """A version 2 header with a right CRC32C TLV at its end."""
    length = int.from_bytes(header[14:16], "big") + 7
    header = header[:14] + length.to_bytes(2, "big") + header[16:] + b"\x03\0\4\0\0\0\0"
    return header[:-4] + crc32c(header).to_bytes(4, "big")


def headers(node):
    return {
        "v1": proxy_v1(CLIENT, node.host),
        "v1 of IPv6": b"PROXY TCP6 2001:db8::1 2001:db8::2 4000 9092\r\n",
        "v1 UNKNOWN": b"PROXY UNKNOWN\r\n",
        "v2": proxy_v2(CLIENT, node.host),
        "v2 of IPv6": proxy_v2("2001:db8::1", "2001:db8::2"),
        "v2 LOCAL": proxy_v2(),
        "v2 with TLVs": proxy_v2(CLIENT, node.host, tlvs=b"\x05\0\4abcd" + b"\x02\0\3a.b"),
        "v2 with a CRC": with_crc(proxy_v2(CLIENT, node.host)),
    }


def bad_headers(node):
    crc = bytearray(with_crc(proxy_v2(CLIENT, node.host)))
    crc[-1] ^= 1
    return {
        "v1 without an end": b"PROXY TCP4 " + b"1" * 200,
        "v1 with a wrong address": b"PROXY TCP4 999.1.1.1 127.0.0.1 1 2\r\n",
        "v1 with a port too many": b"PROXY TCP4 1.1.1.1 127.0.0.1 1 70000\r\n",
        "v2 of version 3": proxy_v2(CLIENT, node.host)[:12] + b"\x31" + proxy_v2(CLIENT, node.host)[13:],
        "v2 with addresses cut short": proxy_v2(CLIENT, node.host)[:14] + b"\0\4" + b"\1\2\3\4",
        "v2 with a wrong CRC": bytes(crc),
    }


def check_allow(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"GATEWAY_PROXY_PROTOCOL": "allow"})
    check(works(node, b""), "allow: no header")
    for name, header in headers(node).items():
        check(works(node, header), f"allow: {name}")
        with Connection(*node.address) as kafka:
            kafka.send_slowly(header, 1)
            check(kafka.ask("ApiVersions", 0)["api_keys"], f"allow: {name}, byte by byte")
    for name, header in bad_headers(node).items():
        check(closed(node, header), f"allow: {name} closes")
    refused = node.metrics().sum("anyport_client_connections_refused_total", reason="proxy")
    check_equal(refused, len(bad_headers(node)), "refusals are counted")


def check_one_write(scene, cluster):
    """The header and the first request in one segment."""
    node = scene.nodes[0]
    with Connection(*node.address) as kafka:
        kafka.send_raw(proxy_v2(CLIENT, node.host) + kafka.make("ApiVersions", 0))
        check(kafka.receive()["api_keys"], "header and request at once")


def check_require(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"GATEWAY_PROXY_PROTOCOL": "require"})
    check(works(node, proxy_v1(CLIENT, node.host)) and works(node, proxy_v2(CLIENT, node.host)), "require: header")
    check(works(node, proxy_v2()), "require: LOCAL")
    check(closed(node, b""), "require: no header closes")


def check_untrusted(scene, cluster):
    trusted, other = scene.host(201), scene.host(202)
    for mode in ("allow", "require"):
        node = scene.node(cluster.bootstrap, env={"GATEWAY_PROXY_PROTOCOL": mode,
                                                  "GATEWAY_PROXY_TRUSTED": f"10.0.0.0/8,{trusted}/32"})
        for name, header in headers(node).items():
            check(works(node, header, trusted), f"{mode}: {name} from a trusted address")
            check(closed(node, header, other), f"{mode}: {name} from elsewhere closes")
    check(works(scene.nodes[-2], b"", other), "allow: no header from elsewhere")


def check_off(scene, cluster):
    node = scene.node(cluster.bootstrap)
    check(closed(node, proxy_v1(CLIENT, node.host)), "off: v1 closes")
    check(closed(node, proxy_v2(CLIENT, node.host)), "off: v2 closes")


def check_limit_by_client(scene, cluster):
    """The limit by address counts the clients, not the load balancer."""
    node = scene.node(cluster.bootstrap, env={"GATEWAY_PROXY_PROTOCOL": "require",
                                              "GATEWAY_MAX_CONNECTIONS_PER_ADDRESS": 1})
    with Connection(*node.address, preamble=proxy_v2("198.51.100.1", node.host)) as kafka:
        check(kafka.ask("ApiVersions", 0)["api_keys"], "the first of an address")
        check(closed(node, proxy_v2("198.51.100.1", node.host)), "the second of an address")
        check(works(node, proxy_v2("198.51.100.2", node.host)), "the first of another address")


def check_haproxy(scene, cluster):
    node = scene.node(cluster.bootstrap, env={"GATEWAY_PROXY_PROTOCOL": "require"})
    for number, option in ((11, "send-proxy"), (12, "send-proxy-v2"),
                           (13, "send-proxy-v2 proxy-v2-options crc32c,unique-id")):
        haproxy = scene.haproxy([node], name=f"haproxy{number}", host=scene.host(number), proxy=option)
        haproxy.wait_up(node.name)
        with Connection(*haproxy.address) as kafka:
            check(kafka.ask("Metadata", 1, topics=[{"name": "t"}])["brokers"], f"HAProxy with {option}")


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3})
    for part in (check_allow, check_one_write, check_require, check_untrusted, check_off, check_limit_by_client,
                 check_haproxy):
        part(scene, cluster)


run(test)
