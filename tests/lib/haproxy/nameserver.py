"""nameserver.py - a name server that answers what the test wants, by UDP."""
import socket
import struct
import threading

ADDRESS, NO_ERROR, SERVER_FAILURE = 1, 0, 2


def name_of(query):
    """The name that is asked for, in small letters."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    return ".".join(labels)


class Dns:
    """Answers what it is asked by UDP; `fails`: every question is answered by an error."""

    def __init__(self, host, port=0):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, port))
        self.addresses, self.by_name = [], {}  # by_name: where a name has others
        self.fails, self.failed = False, 0
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def place(self):
        return "{}:{}".format(*self.sock.getsockname())

    def serve(self):
        while True:
            query, client = self.sock.recvfrom(4096)
            end = query.index(b"\0", 12) + 5  # the name, its end, type and class
            kind = struct.unpack(">H", query[end - 4:end - 2])[0]
            self.failed += self.fails
            self.sock.sendto(self.answer(query, end, kind), client)

    def answer(self, query, end, kind):
        found = self.by_name.get(name_of(query), self.addresses) if kind == ADDRESS and not self.fails else []
        flags = 0x8180 | (SERVER_FAILURE if self.fails else NO_ERROR)
        records = b"".join(struct.pack(">HHHIH", 0xC00C, ADDRESS, 1, 1, 4) + socket.inet_aton(a) for a in found)
        return query[:2] + struct.pack(">HHHHH", flags, 1, len(found), 0, 0) + query[12:end] + records
