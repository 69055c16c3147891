"""spread.py - many clients through a real HAProxy, and what `sticky simulate` says of the same ones.

A population is a list of connections, as `anyportctl haproxy sticky simulate` reads them.
"""
import json
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from front import ANYPORTCTL, check  # noqa: E402

NODE_PORT = 9092
API_VERSIONS = 18


class Namer:
    """Servers that say their name to whom connects, and keep the connection until it is closed."""

    def __init__(self, hosts):
        self.hosts = hosts  # {name: address}
        for name, host in hosts.items():
            listener = socket.create_server((host, NODE_PORT), backlog=1024)
            threading.Thread(target=self._accept, args=(name.encode(), listener), daemon=True).start()

    def _accept(self, name, listener):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self._serve, args=(name, sock), daemon=True).start()

    @staticmethod
    def _serve(name, sock):
        try:
            with sock:
                sock.sendall(name + b"\n")
                while sock.recv(4096):
                    pass
        except OSError:
            pass  # the client has gone


def first_request(client_id):
    """ApiVersions, whole, with its length in front."""
    text = client_id.encode() if client_id else b""
    size = struct.pack(">h", len(text)) if client_id else struct.pack(">h", -1)
    body = struct.pack(">hhi", API_VERSIONS, 0, 7) + size + text
    return struct.pack(">i", len(body)) + body


def connect(address, source=None, data=b"", wrap=None):
    """(the connection, the name of the node that it reached)."""
    sock = socket.create_connection(address, 10, source_address=(source, 0) if source else None)
    if wrap:
        sock = wrap(sock)
    if data:
        sock.sendall(data)
    name = b""
    while not name.endswith(b"\n"):
        part = sock.recv(64)
        check(part, f"closed before a node answered, at {address} from {source}")
        name += part
    return sock, name.decode().strip()


def finish(sock):
    """Closes and waits until HAProxy has done so too, so that it counts one connection less."""
    if not isinstance(sock, ssl.SSLSocket):
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4096):
            pass
    sock.close()


def line(client, source, client_id="-", port=NODE_PORT, sni="-", cert="-", begins=0, ends="-", size=1):
    """One connection of a population."""
    return "\t".join(map(str, (client, source, client_id or "-", port, sni, cert, begins, ends, size)))


def simulate(arguments, lines=None):
    """What the command prints; `lines` are its population."""
    text = "".join(f"{row}\n" for row in lines) if lines is not None else None
    argv = [ANYPORTCTL, "haproxy", "sticky", "simulate", *map(str, arguments), *(["-"] if lines is not None else [])]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    check(done.returncode == 0 and done.stderr == "", f"{argv}: {done.returncode}: {done.stderr}")
    return done.stdout


def placements(arguments, lines):
    """The node of each connection, as it is simulated."""
    rows = simulate(["--placements", *arguments], lines).splitlines()
    return [row.split("\t")[9] for row in rows if not row.startswith("#")]


def compare(arguments, lines):
    return json.loads(simulate(["--json", *arguments], lines))
