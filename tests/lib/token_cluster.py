"""token_cluster.py - stand-ins that ask who one is, by PLAIN and SCRAM, and make delegation tokens (KIP-48).

    kafka = TokenCluster(scene, {"t": 6}, passwords={"gw": "gw-secret"})
    client = log_in(Connection(*node.address), "alice")
    kafka.made                        # (when, broker, owner) of each token, in order
    kafka.logins                      # (broker, who, by a token?, was it good) of each
    kafka.expire("alice"); kafka.deleted.add("alice"); kafka.lifetime_ms = 5000
    kafka.may_make["gw"] = {"app"}; kafka.super_users.add("root")
    kafka.wronged                     # (broker, request, who) of each that came before a login or after its time
    kafka.connected("alice")          # (broker, by a token?) of each connection
    kafka.brokers[0].die(); kafka.brokers[0].rise(); kafka.brokers[1].pause()
    kafka.brokers[0].is_behind = True  # it has heard of no token
    kafka.brokers[0].refuses = 1       # logins by tokens, though it lists those

PLAIN is by the passwords; a user of SCRAM is believed whatever it proves, a token only when the proof is right.
"""
import base64
import hashlib
import hmac
import itertools
import secrets
import socket
import threading
import time

from kafka_wire import frame, read_request, response_bytes
from stand_in import Ask, Broker, StandIns

HANDSHAKE, AUTHENTICATE, API_VERSIONS = "SaslHandshake", "SaslAuthenticate", "ApiVersions"
REFUSED = 58
NOT_FOUND, NOT_OWNER, NOT_WITH_A_TOKEN, NO_RIGHT = 62, 63, 64, 65
LIFE_MS = 24 * 3600 * 1000
ITERATIONS = 4096
ALL, SOME = 0b1111110100000, 1 << 8  # what one may do at the cluster, a bit each
IDS = itertools.count(1)


def list_offsets_at(leaders):
    """What brokers answer: ListOffsets for the partitions that each leads, {partition: broker}; else as usual."""
    def answer(broker, ask):
        def told(p):
            return {"partition_index": p, "error_code": 0 if leaders[p] == broker.number else 6}
        if ask.api == "ListOffsets":
            return {"topics": [{"name": t["name"], "partitions": [told(p["partition_index"]) for p in t["partitions"]]}
                               for t in ask.values["topics"]]}
        return broker.usual(ask)
    return answer


def said(message):
    return dict(part.split("=", 1) for part in message.decode().split(","))


class Token:
    def __init__(self, owner, maker, renewers, life_ms):
        self.owner, self.maker, self.renewers = owner, maker, renewers
        self.id, self.hmac = f"token-{next(IDS)}-{owner}", secrets.token_bytes(32)
        self.issued = int(time.time() * 1000)
        self.expires = self.issued + (min(life_ms, LIFE_MS) if life_ms > 0 else LIFE_MS)

    def told(self, suffix=""):
        return {"principal_type": "User", "principal_name": self.owner, "token_requester_principal_type": "User",
                "token_requester_principal_name": self.maker, f"issue_timestamp{suffix}": self.issued,
                f"expiry_timestamp{suffix}": self.expires, f"max_timestamp{suffix}": self.expires,
                "token_id": self.id, "hmac": self.hmac}


class Login:
    """Of one connection."""

    def __init__(self, cluster, broker):
        self.cluster, self.broker = cluster, broker
        self.mechanism, self.who, self.is_token, self.first, self.ends = None, None, False, None, None
        self.said = None  # the name, or the token, that was said last

    def step(self, data):
        """(error, what is said); sets who it is."""
        if self.mechanism == "PLAIN":
            _, user, password = data.decode().split("\0")
            self.said = user
            return self._in(user, False) if self.cluster.passwords.get(user) == password else (REFUSED, b"")
        return self._prove(data) if self.first else self._begin(data)

    def _begin(self, data):
        self.first = data.decode().removeprefix("n,,")
        self.said = said(self.first.encode())["n"]
        nonce = said(self.first.encode())["r"] + secrets.token_hex(8)
        self.salt = secrets.token_bytes(12)
        self.second = f"r={nonce},s={base64.b64encode(self.salt).decode()},i={ITERATIONS}"
        return 0, self.second.encode()

    def _prove(self, data):
        first, last = said(self.first.encode()), said(data)
        self.first, asked = None, self.first
        if "tokenauth" not in first and first["n"] in self.cluster.deleted:
            return REFUSED, b""
        if "tokenauth" not in first:
            return self._in(first["n"], False, b"v=" + base64.b64encode(b"believed"))
        token = None if self.broker.is_behind else self.cluster.tokens.get(first["n"])
        if token is None:
            return REFUSED, b""
        if self.broker.refuses > 0:
            self.broker.refuses -= 1
            return REFUSED, b""
        salted = hashlib.pbkdf2_hmac("sha256", base64.b64encode(token.hmac), self.salt, ITERATIONS)
        about = ",".join([asked, self.second, data.decode().rsplit(",p=", 1)[0]]).encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        proof = bytes(a ^ b for a, b in zip(key, hmac.digest(hashlib.sha256(key).digest(), about, "sha256")))
        if proof != base64.b64decode(last["p"]):
            return REFUSED, b""
        mine = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), about, "sha256")
        return self._in(token.owner, True, b"v=" + base64.b64encode(mine))

    def _in(self, who, is_token, answer=b""):
        self.who, self.is_token = who, is_token
        return 0, answer


class TokenBroker(Broker):
    def __init__(self, *args):
        self.by_socket, self.held, self.is_behind, self.refuses = {}, threading.Event(), False, 0
        self.held.set()
        super().__init__(*args)

    def pause(self):
        """As SIGSTOP does it: it takes bytes, and answers nobody until resume()."""
        self.held.clear()

    def resume(self):
        self.held.set()

    def cut(self):
        """Who is connected is not any more."""
        for connection in list(self.by_socket):
            connection.shutdown(socket.SHUT_RDWR)

    def die(self):
        """Nobody can connect any more, either."""
        self.listener.shutdown(socket.SHUT_RDWR)  # who waits in accept() hears of it
        self.listener.close()
        self.cut()

    def rise(self):
        self.listener = socket.create_server((self.host, self.port), backlog=200)
        threading.Thread(target=self._accept, daemon=True).start()

    def _answer(self, connection, data):
        self.held.wait()
        login = self.by_socket.setdefault(connection, Login(self.owner, self))
        api, version, correlation, client, values = read_request(data)
        ask = Ask(api.name, version, correlation, client, values)
        answer = self._ask(login, ask)
        if answer is None:
            super()._answer(connection, data)
            return
        connection.sendall(frame(response_bytes(api.name, version, correlation, answer)))
        if answer.get("error_code") == REFUSED:
            raise OSError("refused")

    def _serve(self, connection):
        try:
            super()._serve(connection)
        finally:
            self.by_socket.pop(connection, None)

    def _ask(self, login, ask):
        cluster = self.owner
        if ask.api == HANDSHAKE:
            login.mechanism = ask.values["mechanism"]
            return {"mechanisms": ["PLAIN", "SCRAM-SHA-256"]}
        if ask.api == AUTHENTICATE:
            return self._authenticate(login, ask)
        if ask.api == API_VERSIONS:
            return None
        if login.who is None or (login.ends is not None and time.monotonic() > login.ends):
            cluster.wronged.append((self.number, ask.api, login.who))
            raise OSError("a request of nobody")
        if ask.api == "DescribeCluster":
            return {"cluster_id": "stand-in", "cluster_authorized_operations": ALL if login.who in cluster.super_users else SOME}
        return self._token(login, ask) if "DelegationToken" in ask.api else None

    def _authenticate(self, login, ask):
        cluster = self.owner
        error, answer = login.step(ask.values["auth_bytes"])
        is_over = error or login.first is None
        if is_over:
            cluster.logins.append((self.number, login.said if error else login.who, login.is_token, not error))
            login.ends = time.monotonic() + cluster.lifetime_ms / 1000 if cluster.lifetime_ms else None
        if error:
            return {"error_code": error, "error_message": "Authentication failed"}
        lifetime = (cluster.lifetime_ms or (LIFE_MS if login.is_token else 0)) if is_over else 0
        return {"error_code": 0, "auth_bytes": answer, **({"session_lifetime_ms": lifetime} if ask.version > 0 else {})}

    def _token(self, login, ask):
        cluster = self.owner
        if login.is_token:
            return {"error_code": NOT_WITH_A_TOKEN}
        if ask.api == "DescribeDelegationToken":
            asked = {owner["principal_name"] for owner in ask.values["owners"] or []}
            shown = [t for t in list(cluster.tokens.values())
                     if t.owner in asked and login.who in (t.owner, *t.renewers) and not self.is_behind]
            return {"tokens": [dict(t.told(), renewers=[{"principal_type": "User", "principal_name": r} for r in t.renewers])
                               for t in shown]}
        if ask.api == "ExpireDelegationToken":
            return {"error_code": cluster.end(ask.values["hmac"], login.who)}
        owner = ask.values["owner_principal_name"] or login.who
        if owner != login.who and owner not in cluster.may_make.get(login.who, ()):
            return {"error_code": NO_RIGHT}
        token = Token(owner, login.who, [r["principal_name"] for r in ask.values["renewers"]], ask.values["max_lifetime_ms"])
        with cluster.lock:
            cluster.tokens[token.id] = token
            cluster.made.append((time.monotonic(), self.number, token.owner))
        return token.told("_ms")


class TokenCluster(StandIns):
    def __init__(self, scene, topics, passwords, answer=None):
        self.passwords, self.lifetime_ms, self.lock = passwords, 0, threading.Lock()
        self.tokens, self.made, self.logins, self.wronged, self.deleted = {}, [], [], [], set()
        self.may_make, self.super_users = {}, set()
        super().__init__(scene, answer or (lambda broker, ask: broker.usual(ask)), topics, broker=TokenBroker)

    def connected(self, who):
        return sorted((broker.number, login.is_token) for broker in self.brokers
                      for connection, login in list(broker.by_socket.items()) if login.who == who and connection.fileno() >= 0)

    def ends(self, number, who):
        """When the login by a token is over there, by the monotonic clock; None: there is none."""
        return next((login.ends for login in list(self.brokers[number - 1].by_socket.values())
                     if login.who == who and login.is_token), None)

    def end(self, key, who):
        """ExpireDelegationToken with -1; the error."""
        with self.lock:
            token = next((t for t in self.tokens.values() if t.hmac == key), None)
            if token is None:
                return NOT_FOUND
            if who not in (token.owner, *token.renewers):
                return NOT_OWNER
            del self.tokens[token.id]
            return 0

    def expire(self, owner):
        """As ExpireDelegationToken with -1 does it: connections that have logged in go on."""
        with self.lock:
            for token in [t for t in self.tokens.values() if t.owner == owner]:
                del self.tokens[token.id]


def begin_login(connection, user):
    """Until the broker is to judge; what the connection then receives is its word."""
    connection.ask(HANDSHAKE, 1, mechanism="SCRAM-SHA-256")
    answer = connection.ask(AUTHENTICATE, 2, auth_bytes=f"n,,n={user},r=abc".encode())
    nonce = said(answer["auth_bytes"])["r"]
    connection.send(AUTHENTICATE, 2, auth_bytes=f"c=biws,r={nonce},p=cHJvb2Y=".encode())


def log_in(connection, user):
    begin_login(connection, user)
    answer = connection.receive()
    if answer["error_code"]:
        raise AssertionError(f"the login of {user}: {answer}")
    return connection
