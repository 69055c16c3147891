"""Where clients come in, and as whom: a client of each make that logs in by a mechanism, or shows a certificate.

    client = Entrance(world).client("franz-go", "alice", "SCRAM-SHA-256")
    client.produce(topic, 100, "k"); client.consume(topic, group, 100); client.topics()
"""
import clients
import kerberos
import programs
import secure

LOGIN = "org.apache.kafka.common.security"
JAVA = ["java-3.9.2", "java-4.4.0"]
PYTHON = ["confluent-kafka", "kafka-python"]
CERTIFICATE = None  # the mechanism of who shows one


def java_login(world, user, mechanism):
    if mechanism == "GSSAPI":
        return {"sasl.mechanism": mechanism, "sasl.kerberos.service.name": kerberos.SERVICE,
                "sasl.jaas.config": world.kafka.realm.jaas(user, world.kafka.keytabs[user])}
    by_password = f'required username="{user}" password="{secure.password(user)}";'
    if mechanism != "OAUTHBEARER":
        module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
        return {"sasl.mechanism": mechanism, "sasl.jaas.config": f"{LOGIN}.{module} {by_password}"}
    return {"sasl.mechanism": mechanism, "sasl.jaas.config": f"{LOGIN}.oauthbearer.OAuthBearerLoginModule required;",
            "sasl.login.callback.handler.class": f"{LOGIN}.oauthbearer.OAuthBearerLoginCallbackHandler",
            "sasl.oauthbearer.token.endpoint.url": f"file://{world.kafka.token_files[user]}"}


class Java(clients.Client):
    """As one user, in a JVM that is also others'."""

    def __init__(self, world, version, settings):
        self.world, self.java, self.settings = world, world.java(version, "jwt"), settings
        self.name = self.java.name

    def produce(self, *words):
        self.java.produce(*words, **self.settings)

    def consume(self, *words):
        return self.java.consume(*words, **self.settings)

    def topics(self):
        path = self.world.scene.dir / f"{self.name}-tool.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in self.settings.items() if key != "bootstrap.servers"))
        return set(self.world.tools().run(self.settings["bootstrap.servers"], "kafka-topics", "--list", "--command-config",
                                          str(path)).split())


class Entrance:
    def __init__(self, world, bootstrap=None, certs=None):
        """certs: it is by TLS, and this is who signed."""
        self.world, self.bootstrap, self.certs = world, bootstrap or world.bootstrap, certs

    def start_jvms(self, names):
        """On the main thread: a process ends with the thread that has started it."""
        for name in set(names) & set(JAVA):
            self.world.java(name.removeprefix("java-"), "jwt")
        self.world.tools()

    def protocol(self, mechanism):
        return f"{'SASL_' if mechanism else ''}{'SSL' if self.certs else 'PLAINTEXT'}"

    def client(self, name, user, mechanism):
        if name in JAVA:
            return Java(self.world, name.removeprefix("java-"), self._java(user, mechanism))
        if name in PYTHON:
            client = clients.Python(name, self.bootstrap, self.world.scene.dir)
            client.settings = (self._confluent if name == "confluent-kafka" else self._kafka_python)(user, mechanism)
        else:
            client = programs.Program(name, self.bootstrap, self.world.scene.dir)
            client.tls = self._files(user, mechanism)
        if mechanism:
            client.login = (mechanism, user, secure.password(user), self.world.kafka.token(user))
        return client

    def _files(self, user, mechanism):
        if not self.certs:
            return None
        own = {} if mechanism else {"cert": self.certs.folder / f"{user}.crt", "key": self.certs.folder / f"{user}.key"}
        return {"ca": self.certs.authority, **own}

    def _java(self, user, mechanism):
        settings = {"bootstrap.servers": self.bootstrap, "security.protocol": self.protocol(mechanism)}
        if self.certs:
            settings |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": self.certs.authority}
        if mechanism:
            return {**settings, **java_login(self.world, user, mechanism)}
        return {**settings, "ssl.keystore.type": "PEM", "ssl.keystore.location": self.certs.folder / f"{user}.pem"}

    def _confluent(self, user, mechanism):
        files, names = self._files(user, mechanism) or {}, {"ca": "ssl.ca.location", "cert": "ssl.certificate.location",
                                                           "key": "ssl.key.location"}
        return {"security.protocol": self.protocol(mechanism), **{names[what]: str(path) for what, path in files.items()}}

    def _kafka_python(self, user, mechanism):
        files, names = self._files(user, mechanism) or {}, {"ca": "ssl_cafile", "cert": "ssl_certfile", "key": "ssl_keyfile"}
        return {"security_protocol": self.protocol(mechanism), **{names[what]: str(path) for what, path in files.items()}}
