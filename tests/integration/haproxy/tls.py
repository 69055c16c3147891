#!/usr/bin/env python3
"""Each way with TLS: what is encrypted where, who is who on both sides, what keeps clients on a node, what is refused."""
import pathlib
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from certs import Certs  # noqa: E402
from front import Front, check, refused_at_once, request, run  # noqa: E402

NAMES = [f"b{n}.example.com" for n in range(9)]  # an odd number: two nodes in turn would not serve each alike
PLAIN = b"\0\0\0\x10" + bytes(16)
TIMES = 3


def stop(front):
    for process in [front.haproxy.process, *(node.process for node in front.nodes)]:
        process.stop()


def ask(front, tls, name, source=None, client_id="app", port=None):
    with front.link(port, source, tls, name) as link:
        return link.ask(request(client_id))


def stays(what, node_of, keys):
    nodes = {key: node_of(key) for key in keys}
    for _ in range(TIMES - 1):
        for key in keys:
            check(node_of(key) == nodes[key], f"{what} {key} stays on {nodes[key]}")
    check(len(set(nodes.values())) > 1, f"all went to one node: {nodes}")


def passthrough(scene, certs):
    """Nothing is ended: the node's own certificate reaches the client, and its name keeps the node."""
    front = Front(scene, ports=3, arguments=["--tls", "passthrough", "--stickiness", "sni", "--balance", "roundrobin"],
                  node_options=["--tls", certs.issue("node"), certs.authority])
    tls = certs.client("app")
    count = iter(range(1000))

    def node_of(name):
        seen = ask(front, tls, name, scene.host(200 + next(count) % 50), port=front.ports[next(count) % 3])
        check(seen["sni"] == name and seen["cert"] == "app", f"the node itself ends TLS: {seen}")
        return seen["node"]
    stays("server name", node_of, NAMES)
    check({ask(front, tls, None)["node"] for _ in range(2)} == {"n1", "n2"}, "who asks for no name is balanced")
    for head in (PLAIN, b"GET / HTTP/1.1\r\n\r\n"):
        check(refused_at_once((front.host, front.ports[0]), head), f"{head[:4]} is no TLS and refused at once")
    stop(front)


def routes(scene, certs):
    """A server name is a port of the nodes."""
    front = Front(scene, ports=1, node_ports=3, arguments=["--tls", "passthrough", "--sni-route", "b1.example.com=9093",
                                                           "--sni-route", "b2.example.com=9094"],
                  node_options=["--tls", certs.issue("node"), certs.authority])
    tls = certs.client("app")
    for name, port in (("b1.example.com", 9093), ("B2.Example.com", 9094), ("other.example.com", 9092), (None, 9092)):
        check(ask(front, tls, name)["port"] == port, f"{name} is port {port}")
    stop(front)


def terminate(scene, certs):
    """A client is who its certificate says, wherever it comes from; the nodes are told."""
    env = {"KAFKA_BOOTSTRAP_SERVERS": "b:1", "GATEWAY_PORT_START": "9092", "GATEWAY_PORT_COUNT": "3",
           "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "false", "GATEWAY_ADVERTISED_LISTENER": f"{scene.host(1)}:9092",
           "GATEWAY_PROXY_PROTOCOL": "require", "GATEWAY_PROXY_TRUSTED": "127.0.0.0/8"}
    front = Front(scene, ports=3, proxy=True, env=env, arguments=[
        "--tls", "terminate", "--tls-certificate", certs.issue("kafka"), "--tls-client-auth", "required", "--tls-client-ca",
        certs.authority, "--stickiness", "cert", "--balance", "roundrobin"])
    users = {name: certs.client(name) for name in (f"user{n}" for n in range(5))}
    count = iter(range(1000))

    def node_of(name):
        seen = ask(front, users[name], NAMES[0], scene.host(200 + next(count) % 50))
        told = seen["proxy"]
        check(told["cn"] == name and told["authority"] == NAMES[0], f"the node is told who it is: {told}")
        check(seen["cert"] is None, "and gets it plain")
        return seen["node"]
    stays("certificate", node_of, users)
    try:
        ask(front, certs.client(), NAMES[0])
        check(False, "a client without a certificate was served")
    except (ssl.SSLError, ConnectionError):
        pass
    with ssl.create_default_context(cafile=certs.authority).wrap_socket(
            front.link().sock, server_hostname="kafka", do_handshake_on_connect=False) as sock:
        try:
            sock.do_handshake()
        except (ssl.SSLError, OSError):
            pass
        check(not sock.selected_alpn_protocol(), "no ALPN")
    for head in (PLAIN, b"GET / HTTP/1.1\r\n\r\n"):
        check(refused_at_once((front.host, front.ports[0]), head), f"{head[:4]} is no TLS and refused at once")
    with front.link(tls=users["user0"], name="kafka") as link:
        link.sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        try:
            check(link.sock.recv(1) == b"", "what is not Kafka inside TLS is refused")
        except ConnectionError:
            pass
    stop(front)


def reencrypt(scene, certs, strangers):
    """HAProxy shows the nodes its own certificate, and believes only theirs."""
    front = Front(scene, ports=3, node_options=["--tls", certs.issue("node", "gw.example.com"), certs.authority], arguments=[
        "--tls", "reencrypt", "--tls-certificate", certs.issue("kafka"), "--node-tls-ca", certs.authority, "--node-tls-name",
        "gw.example.com", "--node-tls-certificate", certs.issue("haproxy"), "--stickiness", "client-id", "--balance", "roundrobin"])
    tls = certs.client()
    count = iter(range(1000))

    def node_of(client_id):
        seen = ask(front, tls, "b1.example.com", scene.host(200 + next(count) % 50), client_id)
        check(seen["cert"] == "haproxy" and seen["sni"] == "gw.example.com", f"{seen}")
        return seen["node"]
    stays("client", node_of, [f"app-{n}" for n in range(9)])
    check(front.haproxy.command("show table anyport_nodes").count("key=app-") == 9, "by client.id, that is inside the encryption")

    impostor = front.nodes[0]  # lives, and has a certificate that another authority signed
    impostor.process.kill()
    impostor.argv[impostor.argv.index("--tls") + 1] = strangers.issue("node", "gw.example.com")
    impostor.start()
    front.wait_status(impostor, "UP")
    for number in range(4):
        seen = ask(front, tls, "b1.example.com", client_id=f"new-{number}")
        check(seen["node"] == "n2", "who can't prove to be a node gets no client")
    check(impostor.seen()["bad_starts"] == [], "nor a byte")
    stop(front)


def test(scene):
    folders = [scene.dir / "ours", scene.dir / "theirs"]
    for folder in folders:
        folder.mkdir()
    certs, strangers = map(Certs, folders)
    passthrough(scene, certs)
    routes(scene, certs)
    terminate(scene, certs)
    reencrypt(scene, certs, strangers)


run(test)
