"""A real Kafka cluster whose clients must say who they are, and are allowed only what an ACL allows.

Each broker has two listeners: CLIENTS (SASL_PLAINTEXT, every mechanism; tokens of OAUTHBEARER are
signed, and checked by a file of keys; GSSAPI where there can be a KDC) is what it tells clients and
the gateway, PLAINTEXT is for the brokers among themselves and for the test, which is the only super
user there.  Each decision of the authorizer stands in authorizer.log.
"""
import base64
import hashlib
import hmac
import re
import secrets

import brokers
import fronts
import kerberos
import tokens
from cluster import check_equal
from process import wait_for

ADMIN_PORT = 29790
AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
LOGIN = "org.apache.kafka.common.security"
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
SCRAM = {"SCRAM-SHA-256": 1, "SCRAM-SHA-512": 2}
GATEWAY = ("gw", "gw-secret")
LIFETIME_MS = 10000  # of a login
FRONT = "haproxy.anyport.test"  # HAProxy, for who logs in by GSSAPI
RESOURCE = {"topic": 2, "group": 3, "cluster": 4, "transactional": 5, "user": 7}
OPERATION = {"all": 2, "read": 3, "write": 4, "create": 5, "describe": 8, "idempotent": 12, "create_tokens": 13}

LOG4J2 = brokers.LOG4J2 + """appender.auth.type=File
appender.auth.name=AUTH
appender.auth.fileName=${sys:anyport.authorizer}
appender.auth.layout.type=PatternLayout
appender.auth.layout.pattern=%m%n
logger.auth.name=kafka.authorizer.logger
logger.auth.level=DEBUG
logger.auth.additivity=false
logger.auth.appenderRef.auth.ref=AUTH
logger.logins.name=org.apache.kafka.common.network.Selector
logger.logins.level=INFO
"""
LOG4J1 = brokers.LOG4J1 + """log4j.logger.kafka.authorizer.logger=DEBUG, AUTH
log4j.additivity.kafka.authorizer.logger=false
log4j.logger.org.apache.kafka.common.network.Selector=INFO
log4j.appender.AUTH=org.apache.log4j.FileAppender
log4j.appender.AUTH.File=${anyport.authorizer}
log4j.appender.AUTH.layout=org.apache.log4j.PatternLayout
log4j.appender.AUTH.layout.ConversionPattern=%m%n
"""


def password(user):
    return f"{user}-secret"


def salted(mechanism, secret, salt, iterations):
    digest = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}[mechanism]
    return hashlib.pbkdf2_hmac(digest, secret.encode(), salt, iterations)


def scram_messages(user, secret, mechanism, more=""):
    """What a client says, the second as a function of the broker's answer (RFC 5802)."""
    digest = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}[mechanism]
    bare = f"n={user},r={secrets.token_hex(12)}{more}"

    def prove(answer):
        said = dict(part.split("=", 1) for part in answer.decode().split(","))
        key = hmac.digest(salted(mechanism, secret, base64.b64decode(said["s"]), int(said["i"])), b"Client Key", digest)
        last = f"c=biws,r={said['r']}"
        signed = hmac.digest(hashlib.new(digest, key).digest(), f"{bare},{answer.decode()},{last}".encode(), digest)
        proof = bytes(a ^ b for a, b in zip(key, signed))
        return f"{last},p={base64.b64encode(proof).decode()}".encode()
    return [f"n,,{bare}".encode(), prove]


class SecureCluster(brokers.Cluster):
    """users: names; each can log in by every mechanism."""

    def __init__(self, version, scene, users=(), token_key="a-key-of-tokens", settings=None, compiled=False):
        super().__init__(version, scene, settings=settings, compiled=compiled)
        self.users, self.token_key = users, token_key
        for user in users:
            scene.secrets.add(f"the password of {user}", password(user))
        scene.secrets.add("the key of tokens", token_key or "")
        self.mechanisms = MECHANISMS
        self.signer, self._tokens = tokens.Signer(scene.dir), {}
        self.token_files = {user: scene.dir / f"{user}.jwt" for user in users}  # for clients that read them
        for user, path in self.token_files.items():
            path.write_text(self.token(user))
        self.realm = self._realm()
        self.node_env = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": "PLAIN",
                         "KAFKA_SASL_USERNAME": GATEWAY[0], "KAFKA_SASL_PASSWORD": GATEWAY[1],
                         "GATEWAY_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}

    def token(self, user):
        """Signed, and good for an hour."""
        if user not in self._tokens:
            self._tokens[user] = self.signer.token(user)
        return self._tokens[user]

    def _realm(self):
        """Whoever logs in by GSSAPI lives there; None: it can't be had here."""
        absent = kerberos.missing()
        if absent:
            print(f"SKIP GSSAPI: {' and '.join(absent)} not installed", flush=True)
            return None
        return kerberos.Realm(self.scene, {FRONT: self.scene.host(fronts.HOST)})

    def _allowed_files(self):
        """Java reads no file of tokens or keys that it is not allowed to."""
        files = ",".join(f"file://{path}" for path in (self.signer.keys, *self.token_files.values()))
        return [f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={files}"]

    def java_options(self):
        return [*self._allowed_files(), *(self.realm.java_options(is_client=True) if self.realm else [])]

    def start(self, limit=90):
        if self.realm:
            self.realm.start()
            self.keytabs = {user: self.realm.keytab(user, user) for user in self.users}
            self.service_keytab = self.realm.keytab(kerberos.SERVICE, f"{kerberos.SERVICE}/{FRONT}")
        super().start(limit)
        for user in self.users:
            for mechanism in SCRAM:
                self._set_scram(user, mechanism)
        self._allow_the_gateway()

    # -- what the brokers are told --------------------------------------------

    def admin_port(self, broker):
        return ADMIN_PORT + broker.id

    def write_settings(self, broker):
        mine = {
            "listeners": f"CLIENTS://{broker.address},PLAINTEXT://{broker.host}:{self.admin_port(broker)},"
                         f"CONTROLLER://{broker.host}:{broker.controller_port}",
            "advertised.listeners": f"CLIENTS://{broker.address},PLAINTEXT://{broker.host}:{self.admin_port(broker)}",
            "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": ",".join([*MECHANISMS, *(["GSSAPI"] if self.realm else [])]),
            "authorizer.class.name": AUTHORIZER,
            "super.users": "User:ANONYMOUS;User:root",
            "connections.max.reauth.ms": LIFETIME_MS,
            "listener.name.clients.plain.sasl.jaas.config":
                f"{LOGIN}.plain.PlainLoginModule required " +
                " ".join(f'user_{user}="{secret}"' for user, secret in
                         [GATEWAY, *((user, password(user)) for user in self.users)]) + ";",
            "listener.name.clients.oauthbearer.sasl.jaas.config":
                f"{LOGIN}.oauthbearer.OAuthBearerLoginModule required;",
            "listener.name.clients.oauthbearer.sasl.server.callback.handler.class":
                f"{LOGIN}.oauthbearer.OAuthBearerValidatorCallbackHandler",
            "listener.name.clients.sasl.oauthbearer.jwks.endpoint.url": f"file://{self.signer.keys}",
            "listener.name.clients.sasl.oauthbearer.expected.audience": tokens.AUDIENCE,
            "listener.name.clients.sasl.oauthbearer.expected.issuer": tokens.ISSUER,
            **{f"listener.name.clients.{mechanism.lower()}.sasl.jaas.config":
               f"{LOGIN}.scram.ScramLoginModule required;" for mechanism in SCRAM},
        }
        if self.realm:
            mine["sasl.kerberos.service.name"] = kerberos.SERVICE
            mine["listener.name.clients.gssapi.sasl.jaas.config"] = self.realm.jaas(
                f"{kerberos.SERVICE}/{FRONT}", self.service_keytab, is_server=True)
        if self.token_key:
            mine["delegation.token.secret.key"] = self.token_key
        given, self.settings = self.settings, {**mine, **self.settings}
        super().write_settings(broker)
        self.settings = given

    def _log_options(self, broker=None):
        path = self.scene.dir / "log4j-secure.properties"
        text, option = (LOG4J1, "-Dlog4j.configuration=file:") if self.version.startswith("3.") else \
            (LOG4J2, "-Dlog4j2.configurationFile=")
        path.write_text(text)
        directory = broker.directory if broker else self.scene.dir
        return [f"{option}{path}", *self._allowed_files(), *(self.realm.java_options() if self.realm else []),
                f"-Danyport.authorizer={directory / 'authorizer.log'}"]

    def connect(self, node, **options):
        """As the super user."""
        broker = self.brokers[node]
        return brokers.wire.Connection(broker.host, self.admin_port(broker), brokers.wire.schemas(self.version),
                                       **options)

    # -- what they are told when they run ------------------------------------

    def _ask(self, api, version, message):
        with self.connect(self.any_broker()) as broker:
            return broker.ask(api, version, message)

    def _set_scram(self, user, mechanism):
        self.set_scram([user], mechanism)

    def set_scram(self, users, mechanism, secret=password):
        """secret: of a user."""
        def row(user):
            salt = f"salt-of-{user}".encode()
            return {"Name": user, "Mechanism": SCRAM[mechanism], "Iterations": 4096, "Salt": salt,
                    "SaltedPassword": salted(mechanism, secret(user), salt, 4096)}
        answer = self._ask("AlterUserScramCredentials", 0, {"Deletions": [], "Upsertions": [row(user) for user in users]})
        check_equal({r["ErrorCode"] for r in answer["Results"]}, {0}, f"errors of {mechanism} for {users[:3]}")

    def delete_scram(self, user, mechanism):
        answer = self._ask("AlterUserScramCredentials", 0, {"Deletions": [{"Name": user, "Mechanism": SCRAM[mechanism]}],
                                                            "Upsertions": []})
        check_equal(answer["Results"][0]["ErrorCode"], 0, f"error of deleting {user}'s {mechanism}")

    def allow(self, user, kind, name, *operations):
        """An ACL for each operation; a name that ends with * is a prefix, * alone is any."""
        is_prefix = name.endswith("*") and name != "*"
        answer = self._ask("CreateAcls", 3, {"Creations": [
            {"ResourceType": RESOURCE[kind], "ResourceName": name.rstrip("*") if is_prefix else name,
             "ResourcePatternType": 4 if is_prefix else 3, "Principal": f"User:{user}", "Host": "*",
             "Operation": OPERATION[operation], "PermissionType": 3} for operation in operations]})
        for result in answer["Results"]:
            check_equal(result["ErrorCode"], 0, f"error of an ACL for {user}: {result['ErrorMessage']}")

    def _allow_the_gateway(self):
        self.allow(GATEWAY[0], "topic", "*", "describe")
        self.allow(GATEWAY[0], "group", "*", "describe", "read")
        self.allow(GATEWAY[0], "transactional", "*", "describe")
        self.allow(GATEWAY[0], "topic", "_anyport_*", "create", "read", "write")
        wait_for(lambda: len(self._ask("DescribeAcls", 3, {
            "ResourceTypeFilter": 1, "ResourceNameFilter": None, "PatternTypeFilter": 1, "PrincipalFilter": None,
            "HostFilter": None, "Operation": 1, "PermissionType": 1})["Resources"]) >= 4, 30, "the ACLs are known")

    # -- what they have seen ---------------------------------------------------

    def failed_logins(self):
        """How many logins each broker has refused so far, by its own log."""
        return {number: (broker.directory / "broker.log").read_text(errors="replace").count("Failed authentication with")
                for number, broker in self.brokers.items()}

    def decided(self):
        """How many bytes of each broker's decisions there are: those that come after are told by decisions(since)."""
        logs = {number: broker.directory / "authorizer.log" for number, broker in self.brokers.items()}
        return {number: log.stat().st_size if log.exists() else 0 for number, log in logs.items()}

    def decisions(self, since):
        """[(principal, "Allowed" or "Denied", what)] of all brokers' authorizers, super user left out."""
        found = []
        for number, broker in self.brokers.items():
            log = broker.directory / "authorizer.log"
            text = log.read_bytes()[since[number]:].decode(errors="replace") if log.exists() else ""
            for line in text.splitlines():
                match = re.match(r"Principal = (\S+) is (Allowed|Denied) (.*)", line)
                if match and match[1] != "User:ANONYMOUS":
                    found.append(match.groups())
        return found
