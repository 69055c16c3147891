"""The node's own account at brokers that ask who one is and believe it for ten seconds: with the rights that `anyportctl acls`
prints, and no other, it knows the cluster, joins the nodes' group and tells its load, by every mechanism; what is refused or
missing is told; over many logins no connection is lost."""
import os
import shlex
import subprocess
import time

import secure
from cluster import BUILD, Node
from world import check, check_equal, wait_for, wire

SECURE = True
MODES = ["ports"]
USERS = ["own", "bare"]
FIRST = 60  # of the nodes' numbers
LOGINS_S = float(os.environ.get("E2E_LOGINS_SECONDS", 60))  # how long connections are watched
TOLD = ["login refused", "event=lost", "event=disconnected", "event=no_right", "event=no_load", "event=broker_silent"]
MANY = 100000  # lines of a log


def env_of(user="own", mechanism="PLAIN", cluster="owned", **more):
    env = {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SASL_MECHANISM": mechanism,
           "GATEWAY_CLIENTS_ACT_AS_GATEWAY": "true", "GATEWAY_SECURITY_PROTOCOL": "PLAINTEXT",
           "GATEWAY_CLUSTER_ID": cluster, "GATEWAY_CLUSTER_SECRET": "of the owned ones", "GATEWAY_SESSION_TIMEOUT": "6 s",
           "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "true"}
    if mechanism != "OAUTHBEARER":
        env |= {"KAFKA_SASL_USERNAME": user, "KAFKA_SASL_PASSWORD": secure.password(user)}
    return {**env, **more}


def start(world, number, env, wait=True):
    node = Node(world.scene, FIRST + number, world.kafka.bootstrap, ports=4, env={**env, "GATEWAY_NODE_ID": f"own{number}"})
    world.more_nodes.append(node)
    if wait:
        node.wait_ready()
    return node


def reasons(node):
    return " | ".join(node.get_json("/health/ready")[1]["reasons"])


def is_well(node, since):
    """Nothing has been refused, lost or missing since so many lines of its log, and nothing is now."""
    said = [line for line in node.process.log(MANY).splitlines()[since:] if any(told in line for told in TOLD)]
    check(not said, f"{node.name} says:\n" + "\n".join(said[:10]))
    check_equal(reasons(node), "", f"complaints of {node.name}")


def rights_are_given(world):
    """What anyportctl prints is run, word for word, by Kafka's own tool."""
    env = {**os.environ, **env_of(), "KAFKA_BOOTSTRAP_SERVERS": world.kafka.bootstrap}
    text = subprocess.run([BUILD / "anyportctl", "acls"], env=env, capture_output=True, text=True, check=True).stdout
    commands = [shlex.split(line) for line in text.splitlines() if not line.startswith("#")]
    check(len(commands) == 5 and all(c[:2] == ["kafka-acls", "--bootstrap-server"] for c in commands), f"printed:\n{text}")
    broker = world.kafka.brokers[1]
    for command in commands:
        world.tool("kafka-acls", *command[3:], bootstrap=f"{broker.host}:{world.kafka.admin_port(broker)}")


def asks_a_group(client):
    """For which the node must know the coordinator; the error."""
    return client.ask("OffsetFetch", 7, {"GroupId": "anybody", "Topics": None, "RequireStable": False})["ErrorCode"]


def knows_the_cluster(world, node, topic):
    wait_for(lambda: node.get_json("/v1/cluster")[1]["state"] == "member", 30, f"{node.name} is a member of the nodes' group")
    wait_for(lambda: node.get_json(f"/v1/topics/{topic}")[0] == 200, 30, f"{node.name} knows {topic}")
    with wire.Connection(*node.address, wire.schemas(world.kafka.version)) as client:
        wait_for(lambda: asks_a_group(client) == 0, 30, "a group's coordinator is found, and answers")
    wait_for(lambda: reasons(node) == "", 30, f"{node.name} has nothing to complain of")


def every_mechanism(world, topic):
    path = world.scene.dir / "own-token"
    path.write_text(world.kafka.token("own"))
    ways = [env_of(mechanism=mechanism) for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")]
    ways.append(env_of(mechanism="OAUTHBEARER", KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL=f"file://{path}"))
    nodes = [start(world, number, env) for number, env in enumerate(ways, 1)]
    for node in nodes:
        knows_the_cluster(world, node, topic)
    wait_for(lambda: all(node.metrics().sum("anyport_cluster_nodes") == len(nodes) for node in nodes), 30,
             "nodes by four mechanisms know each other")
    wait_for(lambda: all(node.metrics().sum("anyport_cluster_nodes_measured") == len(nodes) for node in nodes), 30,
             "and each other's load")
    return nodes


def over_many_logins(world, nodes, topic):
    """A client that asks all the time, and connections of the nodes' own: none is lost while each logs in again and again."""
    since = {node.name: len(node.process.log(MANY).splitlines()) for node in nodes}
    clients = [wire.Connection(*node.address, wire.schemas(world.kafka.version)) for node in nodes]
    end, asked = time.monotonic() + LOGINS_S, 0
    while time.monotonic() < end:
        for client in clients:
            listed = client.ask("Metadata", 12, {"Topics": [{"Name": topic}]})["Topics"][0]
            check_equal(listed["ErrorCode"], 0, "error of Metadata")
            offsets = client.ask("ListOffsets", 7, {"ReplicaId": -1, "IsolationLevel": 0, "Topics": [
                {"Name": topic, "Partitions": [{"PartitionIndex": p, "Timestamp": -1} for p in range(12)]}]})["Topics"][0]
            check_equal({p["ErrorCode"] for p in offsets["Partitions"]}, {0}, "errors of ListOffsets at three brokers")
            asked += 1
        time.sleep(0.1)
    for client in clients:
        client.close()
    for node in nodes:
        lost = node.metrics().sum("anyport_broker_connections_lost_total")
        check_equal(lost, 0, f"connections of clients that {node.name} lost, in {asked} rounds")
        is_well(node, since[node.name])


def what_is_refused(world):
    for number, mechanism in enumerate(("PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"), 11):
        more = {"KAFKA_SASL_PASSWORD": "wrong"}
        if mechanism == "OAUTHBEARER":
            expired = world.scene.dir / "expired-token"
            expired.write_text(world.kafka.signer.token("own", -60))
            more = {"KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL": f"file://{expired}"}
        node = start(world, number, env_of(mechanism=mechanism, **more), wait=False)
        words = {"PLAIN": "Authentication failed: Invalid username or password",
                 "SCRAM-SHA-256": "invalid credentials with SASL mechanism SCRAM-SHA-256",
                 "OAUTHBEARER": "invalid_token"}[mechanism]
        wait_for(lambda: words in reasons(node), 30, f"health tells of {mechanism}: {words}")
        node.process.kill()


def what_is_missing(world):
    """An account without rights sees an empty cluster: it is not taken for one."""
    node = start(world, 21, env_of("bare", cluster="bare"), wait=False)
    for words in ("no topic is shown to the gateway's account", "no right to the group"):
        wait_for(lambda: words in reasons(node), 40, f"health says: {words}")
    check("event=no_right" in node.process.log(1000), "the log tells of the right")
    with wire.Connection(*node.address, wire.schemas(world.kafka.version)) as client:
        asks_a_group(client)
    wait_for(lambda: "DESCRIBE on groups" in reasons(node), 20, "and of that to groups")
    node.process.kill()


def run(world):
    topic, before = world.topic("owned"), world.kafka.decided()
    rights_are_given(world)
    nodes = every_mechanism(world, topic)
    try:
        over_many_logins(world, nodes, topic)
        denied = [d for d in world.kafka.decisions(before) if d[0] == "User:own" and d[1] == "Denied"]
        check_equal(denied, [], "what the account was denied")
    finally:
        for node in nodes:
            node.process.kill()
    what_is_refused(world)
    what_is_missing(world)
