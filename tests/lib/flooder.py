"""flooder.py - a client that asks without end and takes the answers as fast as they come; what others feel of it.

    with Flooder(scene, node.address):
        latencies(node.address, 200)
"""
import socket
import subprocess
import sys
import time

from kafka_wire import Connection

# A process of its own: the test's own thread is to be one of those who feel it.
PROGRAM = """
import socket, struct, sys, threading
ask = struct.pack(">ihhih", 10, 18, 0, 1, -1) * 4000
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def read():
    buffer = bytearray(1 << 20)
    while s.recv_into(buffer):
        pass
threading.Thread(target=read, daemon=True).start()
print("floods", flush=True)
while True:
    s.sendall(ask)
"""


class Flooder:
    def __init__(self, scene, address):
        self.scene, self.address = scene, address

    def __enter__(self):
        host, port = self.address
        self.process = self.scene.popen([sys.executable, "-c", PROGRAM, host, port], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.process.stdout.readline()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def latencies(address, count):
    """Seconds, sorted, that a small request of a client takes which is connected already."""
    taken = []
    with Connection(*address, timeout=60) as kafka:
        kafka.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            began = time.perf_counter()
            kafka.ask("ApiVersions", 0)
            taken.append(time.perf_counter() - began)
    return sorted(taken)


def median(taken):
    return taken[len(taken) // 2]
