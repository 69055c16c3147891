"""asking_cluster.py - a cluster whose brokers ask who one is, by PLAIN or OAUTHBEARER.

    kafka = AskingCluster(scene, 3, {"t": 6}, passwords={"gw": "secret"})
    kafka.tokens.add("a.b.c"); kafka.lifetime_ms = 2000
    kafka.logins                      # (broker, name, was it the connection's first, was it good) of each

What a broker holds against a client is held against it here: a request before the login, after its time is over or in
the midst of a later one ends the connection, and is told in `wronged`.
"""
import struct
import threading
import time

from group_cluster import GroupCluster

HANDSHAKE, API_VERSIONS, AUTHENTICATE = 17, 18, 36
MECHANISMS = ["PLAIN", "OAUTHBEARER"]
REFUSED = b"Authentication failed: Invalid username or password"


class Login:
    """Of one connection."""

    def __init__(self):
        self.mechanism = self.who = self.is_refused = None
        self.ends = None

    def is_over(self):
        return self.ends is not None and time.monotonic() > self.ends


class AskingCluster(GroupCluster):
    def __init__(self, *args, passwords=None, **more):
        self.passwords, self.tokens, self.lifetime_ms = passwords or {}, set(), 0
        self.logins, self.wronged, self.by_socket = [], [], {}
        self.lock = threading.Lock()
        super().__init__(*args, **more)

    def _answer(self, number, sock, data):
        key, _, correlation = struct.unpack(">hhi", data[:8])
        login = self.by_socket.setdefault(id(sock), Login()) if key in (HANDSHAKE, AUTHENTICATE) else \
            self.by_socket.get(id(sock), Login())
        if key == HANDSHAKE:
            answer = self._handshake(login, data[10 + struct.unpack(">h", data[8:10])[0]:])
        elif key == AUTHENTICATE:
            answer = self._authenticate(number, login, data)
        elif key == API_VERSIONS and login.who is None and login.mechanism is None:
            super()._answer(number, sock, data)
            return
        else:
            if login.who is None or login.mechanism is not None or login.is_over():
                self.wronged.append((number, key, login.who))
                raise OSError("a request of nobody")
            super()._answer(number, sock, data)
            return
        sock.sendall(struct.pack(">ii", 4 + len(answer), correlation) + answer)
        if login.is_refused:
            raise OSError("refused")

    def _apiversions(self, number, values):
        answer = super()._apiversions(number, values)
        answer["api_keys"] += [{"api_key": HANDSHAKE, "min_version": 0, "max_version": 1},
                               {"api_key": AUTHENTICATE, "min_version": 0, "max_version": 2}]
        return answer

    def _serve(self, number, sock):
        try:
            super()._serve(number, sock)
        finally:
            self.by_socket.pop(id(sock), None)

    def _handshake(self, login, body):
        mechanism = body[2:].decode()
        is_known = mechanism in MECHANISMS
        login.mechanism = mechanism if is_known else None
        login.is_refused = not is_known
        listed = b"".join(struct.pack(">h", len(name)) + name.encode() for name in MECHANISMS)
        return struct.pack(">hi", 0 if is_known else 33, len(MECHANISMS)) + listed

    def _authenticate(self, number, login, data):
        at = 10 + max(struct.unpack(">h", data[8:10])[0], 0) + 1
        size = shift = 0
        while True:
            size |= (data[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if not data[at - 1] & 128:
                break
        token = data[at:at + size - 1]
        if login.mechanism == "OAUTHBEARER":
            return self._bearer(number, login, token)
        _, user, password = token.decode().split("\0")
        return self._judge(number, login, user, self.passwords.get(user) == password, REFUSED)

    def _bearer(self, number, login, token):
        said = token.decode().split("\x01")
        if token == b"\x01":
            return self._judge(number, login, "bearer", False, b'{"status":"invalid_token"}')
        if said[1].removeprefix("auth=Bearer ") not in self.tokens:
            return self._said(0, b"", b'{"status":"invalid_token"}', 0)
        return self._judge(number, login, said[1].removeprefix("auth=Bearer "), True, b"")

    def _judge(self, number, login, who, is_good, message):
        with self.lock:
            self.logins.append((number, who, login.who is None, is_good))
        login.mechanism, login.is_refused = None, not is_good
        if not is_good:
            return self._said(58, message, b"", 0)
        login.who = who
        login.ends = time.monotonic() + self.lifetime_ms / 1000 if self.lifetime_ms else None
        return self._said(0, b"", b"", self.lifetime_ms)

    @staticmethod
    def _said(error, message, token, lifetime_ms):
        def compact(text):
            return bytes([len(text) + 1]) + text
        return b"\0" + struct.pack(">h", error) + compact(message) + compact(token) + struct.pack(">q", lifetime_ms) + b"\0"
