"""TLS all the way, with certificates on every side: clients to nodes through an HAProxy that passes it on, nodes to
brokers.  Java, kcat, confluent-kafka, kafka-python, franz-go, sarama and KafkaJS verify whom they were told and lose
nothing; a node that is renewed under them keeps them."""
import signal

from world import check, check_equal, check_exactly_once, wait_for

COUNT = 3000


def node_env(world):
    certs = world.kafka.certs
    for number in range(1, 4):
        certs.issue(f"node{number}", sans=f"IP:{world.scene.host(1)},IP:{world.scene.host(100 + number)}")
    for name in ("gateway", "app"):
        certs.issue(name)
    return {"KAFKA_BOOTSTRAP_SERVERS": world.kafka.ssl_bootstrap, "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CA_LOCATION": certs.authority, "KAFKA_SSL_CERTIFICATE_LOCATION": certs.folder / "gateway.pem",
            "GATEWAY_CLIENTS_ACT_AS_GATEWAY": "true",
            "GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_SSL_CERTIFICATE_LOCATION": certs.folder / "node1.pem",
            "GATEWAY_SSL_CA_LOCATION": certs.authority, "GATEWAY_SSL_CLIENT_AUTH": "required"}


def java_settings(certs):
    return {"security__protocol": "SSL", "ssl__truststore__type": "PEM", "ssl__truststore__location": certs.authority,
            "ssl__keystore__type": "PEM", "ssl__keystore__location": certs.folder / "app.pem"}


def librdkafka_settings(certs):
    return {"security.protocol": "ssl", "ssl.ca.location": str(certs.authority),
            "ssl.certificate.location": str(certs.folder / "app.crt"), "ssl.key.location": str(certs.folder / "app.key"),
            "ssl.endpoint.identification.algorithm": "https"}


def python_settings(certs):
    return {"security_protocol": "SSL", "ssl_cafile": str(certs.authority), "ssl_certfile": str(certs.folder / "app.crt"),
            "ssl_keyfile": str(certs.folder / "app.key")}


def subjects(world):
    return [c["tls"] and c["tls"]["certificate"] for node in world.nodes for c in node.get_json("/v1/connections")[1]["connections"]]


def one_client(world, client, **more):
    topic = world.topic(f"tls-{client.name}")
    client.produce(topic, COUNT, "k", **more)
    check_equal(sum(world.offsets(topic).values()), COUNT, f"records of {client.name} in the log")
    read = client.consume(topic, f"{topic}-group", COUNT, **more)
    check_exactly_once(read, [f"k{i}" for i in range(COUNT)], f"what {client.name} reads")
    print(f"  {client.name}: {COUNT} records both ways")


def check_clients(world):
    certs = world.kafka.certs
    one_client(world, world.java("4.4.0"), **java_settings(certs))
    check(set(subjects(world)) <= {"CN=app"}, f"whose certificates came: {subjects(world)}")
    one_client(world, world.java("3.9.2"), **java_settings(certs))
    one_client(world, world.kcat(), **librdkafka_settings(certs))
    for name, settings in (("confluent-kafka", librdkafka_settings(certs)), ("kafka-python", python_settings(certs))):
        client = world.python(name)
        client.settings = settings
        try:
            one_client(world, client)
        finally:
            client.settings = {}
    for client in world.programs():
        client.tls = {"ca": certs.authority, "cert": certs.folder / "app.crt", "key": certs.folder / "app.key"}
        one_client(world, client)


def check_renewed(world):
    """Java writes on while all nodes take another certificate."""
    certs, java = world.kafka.certs, world.java("4.4.0")
    topic = world.topic("tls-renewed")
    (certs.folder / "node1.pem").write_bytes((certs.folder / "node2.pem").read_bytes())
    for node in world.nodes:
        node.process.signal(signal.SIGHUP)
        wait_for(lambda: "event=certificates " in node.process.log(1000), 10, f"{node.name} has new certificates")
    java.produce(topic, COUNT, "r", **java_settings(certs))
    read = java.consume(topic, f"{topic}-group", COUNT, **java_settings(certs))
    check_exactly_once(read, [f"r{i}" for i in range(COUNT)], "what Java reads")


def run(world):
    if not world.through_gateway:
        return
    world.close()
    world.node_env = node_env(world)
    try:
        world.reopen()
        check_clients(world)
        check_renewed(world)
    finally:
        world.close()
        world.node_env = {}
        world.reopen()
