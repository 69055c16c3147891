#!/usr/bin/env python3
"""The name in a client's certificate, as HAProxy tells it in the PROXY header: when it is there, who vouches for it, and where
it is lost or is somebody else's: what the rules K73 to K77 and K79 say."""
import pathlib
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from certs import Certs  # noqa: E402
from front import FIRST_PORT, Link, StandIn, check, request, run  # noqa: E402
from cluster import check_equal  # noqa: E402
from haproxy_version import haproxy_version  # noqa: E402

OURS, THEIRS, OPEN, PLAIN, LAX, MAYBE, CHAIN, V1, RAW = range(FIRST_PORT, FIRST_PORT + 9)
CROSSES = [(2, 6, 12), (3, 0, 11)]  # seen; rule K77 tells of them
NO_NAME = {"flags": 0x01, "cn": None, "why": 0}
UNVERIFIED = 21  # X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
# a client's own header: 198.51.100.9:4411, and TLS by which it is "admin"
FORGED = bytes.fromhex("0d0a0d0a000d0a515549540a 2111 001c c6336409 7f000001 113b 2384 20 000d 07 00000000 22 0005 61646d696e")


def config(host, node, ours, theirs, kafka, size):
    told = "send-proxy-v2 proxy-v2-options ssl,cert-cn"
    ways = {OURS: (f"ssl crt {kafka} ca-file {ours} verify required", told), THEIRS: (f"ssl crt {kafka} ca-file {theirs} verify required", told),
            OPEN: (f"ssl crt {kafka}", told), PLAIN: ("", told), MAYBE: (f"ssl crt {kafka} ca-file {ours} verify optional", told),
            LAX: (f"ssl crt {kafka} ca-file {ours} verify optional crt-ignore-err all ca-ignore-err all", told),
            CHAIN: ("accept-proxy", told), V1: (f"ssl crt {kafka} ca-file {ours} verify required", "send-proxy-v2"), RAW: ("", "")}
    lines = ["global", f"    tune.ssl.cachesize {size}", "    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
             "defaults", "    mode tcp", "    timeout connect 3s", "    timeout client 1m", "    timeout server 1m"]
    for port, (bind, server) in ways.items():
        lines += [f"listen p{port}", f"    bind {host}:{port} {bind}", f"    server n1 {node.host}:{FIRST_PORT} {server}"]
    return "\n".join(lines) + "\n"


def client(certs, name=None, version=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if name:
        context.load_cert_chain(certs.folder / f"{name}.pem")
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def told(host, port, tls=None, preamble=b"", session=None):
    """(what the node was told, the TLS session, whether it was taken up); None: the client was refused."""
    try:
        with Link(host, port, tls=tls, preamble=preamble, session=session) as link:
            header = link.ask(request("app"))["proxy"]
            found = {key: header.get(key) for key in ("flags", "cn", "why")}
            return found, getattr(link.sock, "session", None), getattr(link.sock, "session_reused", False)
    except (ssl.SSLError, ConnectionError):
        return None, None, False


def who_is_told(host, ours, theirs):
    rows = [("a certificate", OURS, client(ours, "admin"), {"flags": 0x07, "cn": "admin", "why": 0}),
            ("none where none is asked for", OPEN, client(ours), NO_NAME),
            ("one where none is asked for", OPEN, client(ours, "admin"), NO_NAME),
            ("none where it may be left out", MAYBE, client(ours), NO_NAME),
            ("no TLS", PLAIN, None, {"flags": 0, "cn": None, "why": 0}),
            ("another authority's, with errors ignored", LAX, client(theirs, "admin"),
             {"flags": 0x07, "cn": "admin", "why": UNVERIFIED}),
            ("a header without the name", V1, client(ours, "admin"), {"flags": None, "cn": None, "why": None})]
    for what, port, tls, expected in rows:
        check_equal(told(host, port, tls)[0], expected, f"what the node is told of {what}")
    check_equal(told(host, OURS, client(theirs, "admin"))[0], None, "another authority's certificate is refused")
    check_equal(told(host, OURS, client(ours))[0], None, "no certificate is refused")


def whose_word_it_is(host):
    """A name in a header that HAProxy takes goes no further; one in what a client sends goes where HAProxy puts none."""
    check_equal(told(host, CHAIN, preamble=FORGED)[0], {"flags": 0, "cn": None, "why": 0}, "what a load balancer before has seen")
    check_equal(told(host, RAW, preamble=FORGED)[0]["cn"], "admin", "what a client says of itself, by a way without a header")


def sessions(host, ours, theirs, is_cached):
    """A session keeps the name of its own bind; whose it is at another one."""
    crossing = is_cached and haproxy_version() in CROSSES
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for certs, name, first, then in ((ours, "admin", OURS, OURS), (theirs, "admin", THEIRS, OURS), (ours, None, OPEN, OURS)):
            tls = client(certs, name, version)
            _, session, _ = told(host, first, tls)
            found, _, is_reused = told(host, then, tls, session=session)
            what = f"{version.name}: a session of {first} at {then}"
            if first == then:
                check_equal((found["cn"], found["flags"] & 0x05, is_reused), ("admin", 0x05, is_cached), what)
            elif crossing:
                check_equal((found and found["cn"], is_reused), (name, True), f"{what}: rule K77 tells of it")
            elif not is_cached:
                check_equal(found, None, what)
            elif found:
                print(f"HAProxy {haproxy_version()} takes up {what}: tell of it in rule K77")


def test(scene):
    for folder in ("ours", "theirs"):
        (scene.dir / folder).mkdir()
    ours, theirs = Certs(scene.dir / "ours"), Certs(scene.dir / "theirs")
    kafka = ours.issue("kafka")
    for certs in (ours, theirs):
        certs.issue("admin")
    node = StandIn(scene, 1, FIRST_PORT, 1, ["--proxy"])
    for number, size in ((5, 20000), (6, 0)):
        host = scene.host(number)
        text = config(host, node, ours.authority, theirs.authority, kafka, size)
        haproxy = scene.haproxy(config=text, host=host, name=f"cache{size}")
        if size:
            who_is_told(host, ours, theirs)
            whose_word_it_is(host)
        sessions(host, ours, theirs, size > 0)
        haproxy.process.stop(5)


run(test)
