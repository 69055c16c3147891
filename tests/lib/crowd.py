"""crowd.py - many clients at once, each by a TLS handshake of its own, and how long that took.

    with Crowd(address, 2000) as crowd:
        crowd.took          # seconds until the last one had its first answer
"""
import select
import socket
import ssl
import struct
import time

# ApiVersions 0 without a client id: who has its answer is served.
ASK = struct.pack(">ihhih", 10, 18, 0, 1, -1)
LIMIT_S = 120


class Member:
    def __init__(self, address, context):
        raw = socket.socket()
        raw.setblocking(False)
        raw.connect_ex(address)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.sock, self.has_asked, self.is_served = raw, False, False

    def hear(self):
        """What has come goes in; b"" is the end."""
        try:
            got = self.sock.recv(65536)
        except BlockingIOError:
            return
        if not got:
            raise AssertionError("a client was closed instead of served")
        self.incoming.write(got)

    def step(self):
        try:
            if not self.has_asked:
                self.tls.do_handshake()
                self.tls.write(ASK)
                self.has_asked = True
            self.is_served = self.is_served or bool(self.tls.read(4096))
        except ssl.SSLWantReadError:
            pass
        if self.outgoing.pending:
            self.sock.sendall(self.outgoing.read())  # a flight fits what a new socket holds


class Crowd:
    def __init__(self, address, count):
        self.address, self.count = address, count

    def __enter__(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        began = time.monotonic()
        self.members = [Member(self.address, context) for _ in range(self.count)]
        poll, waiting = select.epoll(), {m.sock.fileno(): m for m in self.members}
        for fd in waiting:
            poll.register(fd, select.EPOLLOUT)
        while waiting and time.monotonic() < began + LIMIT_S:
            self._turn(poll, waiting)
        self.took = time.monotonic() - began
        poll.close()
        if waiting:
            raise AssertionError(f"{len(waiting)} of {self.count} clients were not served in {LIMIT_S} s")
        return self

    @staticmethod
    def _turn(poll, waiting):
        for fd, event in poll.poll(5):
            member = waiting[fd]
            if event & select.EPOLLOUT:
                poll.modify(fd, select.EPOLLIN)  # it is connected
            else:
                member.hear()
            member.step()
            if member.is_served:
                poll.unregister(fd)
                del waiting[fd]

    def __exit__(self, *_):
        for member in self.members:
            member.sock.close()
