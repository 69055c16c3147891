#!/usr/bin/env python3
"""The files for Kubernetes and compose: what they say agrees with itself, with the configuration and with a real node."""
import os
import pathlib
import re
import signal
import subprocess
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, REPO, Node, check, check_equal, http_get, run, wait_for  # noqa: E402
from machine import release, skip_part  # noqa: E402

KUBERNETES = REPO / "examples/kubernetes"
COMPOSE = REPO / "examples/compose"


def call(*words, env=None):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, check=False, env=env)
    return done.returncode, done.stdout, done.stderr


def effective(path, env):
    """{key: value} of --print-config."""
    status, text, errors = call(BUILD / "anyport", "-c", path, "--print-config", env=env)
    check_equal((status, errors), (0, ""), f"anyport -c {path}")
    return dict(re.findall(r"^\s*(\w+) = (.*); #", text, re.M))


class Manifests:
    def __init__(self):
        self.all = [m for path in KUBERNETES.glob("*.yaml") for m in yaml.safe_load_all(path.read_text())]
        self.pods = self.one("StatefulSet")["spec"]["template"]
        self.pod = self.pods["spec"]
        self.container = self.pod["containers"][0]
        self.ports = {port["name"]: port["containerPort"] for port in self.container["ports"]}

    def of(self, kind):
        return [m for m in self.all if m["kind"] == kind]

    def one(self, kind, name="anyport"):
        found = [m for m in self.of(kind) if m["metadata"]["name"] == name]
        check_equal(len(found), 1, f"{kind} {name}")
        return found[0]

    def env(self, **known):
        """As the kubelet makes it: $(NAME) is a variable that came before."""
        values = dict(known)
        for entry in self.container["env"]:
            if "value" in entry:
                values[entry["name"]] = re.sub(r"\$\((\w+)\)", lambda m: values[m[1]], entry["value"])
            else:
                check(entry["name"] in values, f"{entry['name']} is from the pod")
        return values


def selects(selector, labels):
    return bool(selector) and selector.items() <= labels.items()


def check_selectors(manifests):
    labels = manifests.pods["metadata"]["labels"]
    for kind in ("StatefulSet", "PodDisruptionBudget"):
        check(selects(manifests.one(kind)["spec"]["selector"]["matchLabels"], labels), f"the {kind} selects its pods")
    for spread in manifests.pod["topologySpreadConstraints"]:
        check(selects(spread["labelSelector"]["matchLabels"], labels), "pods are spread among themselves")
    for service in manifests.of("Service"):
        name = service["metadata"]["name"]
        check(selects(service["spec"]["selector"], labels), f"Service {name} selects the pods")
        for port in service["spec"]["ports"]:
            check_equal(manifests.ports.get(port["targetPort"]), port["port"], f"port {port['name']} of Service {name}")
    monitor = manifests.one("ServiceMonitor")["spec"]
    monitored = [s for s in manifests.of("Service") if selects(monitor["selector"]["matchLabels"], s["metadata"]["labels"])
                 and monitor["endpoints"][0]["port"] in [port["name"] for port in s["spec"]["ports"]]]
    check_equal(len(monitored), 1, "Services that are monitored: each node once")
    check_equal(monitored[0]["metadata"]["labels"][monitor["jobLabel"]], "anyport", "the job of examples/monitoring")


def check_pod(manifests, conf, config):
    """The pod against the configuration that it runs with."""
    nodes = manifests.one("Service", manifests.one("StatefulSet")["spec"]["serviceName"])
    check_equal(nodes["spec"]["clusterIP"], "None", "the nodes' Service is headless")
    first, count = int(config["port_start"]), int(config["port_count"])
    expected = {"http": int(config["http_port"]), **{f"kafka-{n}": first + n for n in range(count)}}
    check_equal(manifests.ports, expected, "ports of the container")
    check_equal({port["name"]: port["port"] for port in nodes["spec"]["ports"]}, expected, "ports of the nodes' Service")
    check_equal(config["advertised_host"], f'"anyport-1.{nodes["metadata"]["name"]}.prod.svc.cluster.local:{first}"',
                "what clients are told")
    check_equal(config["node_id"], '"anyport-1"', "the node's name")
    sleeps = manifests.container["lifecycle"]["preStop"]["exec"]["command"]
    drain = int(re.fullmatch(r'"(\d+) s"', config["drain"])[1])
    check(manifests.pod["terminationGracePeriodSeconds"] > int(sleeps[1]) + drain, "a drain has the time it needs")
    mount = manifests.container["volumeMounts"][0]
    check_equal(manifests.container["args"], ["-c", f"{mount['mountPath']}/{conf}"], "the arguments")
    memory = int(re.fullmatch(r'"(\d+) MiB"', config["memory"])[1])
    check(int(manifests.container["resources"]["limits"]["memory"].removesuffix("Mi")) > 2 * memory, "memory")


def check_probes(scene, manifests, path, env):
    """A node with that very file, on addresses of the test's: the probes see it live, become ready, and drain."""
    cluster = scene.mock_cluster(topics={"t": 3})
    of_the_file = ("FEATURE_FLAGS_INTERNAL_LOAD_BALANCING", "PORT_START", "PORT_COUNT", "MIN_BROKERID", "HTTP_PORT",
                   "ADVERTISED_MODE", "DOWNSTREAM_THREAD")
    env = {**env, "GATEWAY_ADVERTISED_LISTENER": f"{scene.host(101)}:9092"}
    node = Node(scene, 1, cluster.bootstrap, config=path.read_text(),
                env={**env, **{f"GATEWAY_{name}": None for name in of_the_file}})
    scene.nodes.append(node)

    def probe(name):
        get = manifests.container[name]["httpGet"]
        return http_get(f"http://{node.host}:{manifests.ports[get['port']]}{get['path']}")[0]
    wait_for(lambda: probe("livenessProbe") == 200, 10, "alive")
    wait_for(lambda: probe("readinessProbe") == 200, 10, "ready")
    node.process.signal(signal.SIGTERM)
    check_equal(node.process.wait(20), 0, "exit status")


def check_kubernetes(scene):
    manifests = Manifests()
    check_selectors(manifests)
    [(name, text)] = manifests.one("ConfigMap")["data"].items()
    path = scene.file(name, text)
    env = manifests.env(POD_NAME="anyport-1", POD_NAMESPACE="prod")
    check_pod(manifests, name, effective(path, env))
    check_probes(scene, manifests, path, env)


def address(service):
    return service["networks"]["anyport"].get("ipv4_address")


def published(service):
    return [port for port in service.get("ports", [])]


def check_compose():
    compose = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    services = compose["services"]
    nodes = {name: s for name, s in services.items() if s["image"].startswith("anyport")}
    brokers = {name: s for name, s in services.items() if "kafka" in s["image"]}
    for name, node in nodes.items():
        config = effective(COMPOSE / "anyport.conf", node["environment"])
        check_equal(config["node_id"], f'"{name}"', "the node's name")
        check_equal(config["bootstrap_servers"], '"%s"' % ",".join(f"{address(b)}:9092" for b in brokers.values()),
                    "where Kafka is")
        check(int(node["stop_grace_period"][:-1]) > int(re.fullmatch(r'"(\d+) s"', config["drain"])[1]), "time to drain")
        check(published(node)[0].endswith(f":{config['http_port']}"), "the HTTP port")
        check_equal(node["command"], ["-c", node["volumes"][0].split(":")[1]], "its file")
        dockerfile = COMPOSE / node["build"]["context"] / node["build"]["dockerfile"]
        check(dockerfile.is_file(), f"{dockerfile}")
    listed = dict(re.findall(r"^    server (\S+) (\S+) ", (COMPOSE / "haproxy.cfg").read_text(), re.M))
    check_equal(listed, {name: address(node) for name, node in nodes.items()}, "HAProxy's servers")
    for broker in brokers.values():
        env = broker["environment"]
        check_equal(env["KAFKA_ADVERTISED_LISTENERS"], f"PLAINTEXT://{address(broker)}:9092", "a broker's listener")
        check(f"{env['KAFKA_NODE_ID']}@{address(broker)}:9093" in env["KAFKA_CONTROLLER_QUORUM_VOTERS"], "a voter")
    config = effective(COMPOSE / "anyport.conf", {})
    first, count = int(config["port_start"]), int(config["port_count"])
    check_equal(published(services["haproxy"]), [f"127.0.0.1:{first}-{first + count - 1}:{first}-{first + count - 1}"],
                "HAProxy's ports")
    check_equal(config["advertised_host"], f'"localhost:{first}"', "where clients find HAProxy")
    for service in services.values():
        for volume in service.get("volumes", []):
            check((COMPOSE / volume.split(":")[0]).is_file(), f"{volume} is there")


def needed_packages():
    """Those of the libraries that the programs are linked with."""
    found = set()
    for program in ("anyport", "anyportctl"):
        _, text, _ = call("readelf", "-d", BUILD / program)
        for library in re.findall(r"\(NEEDED\).*\[(.*)\]", text):
            _, owners, _ = call("dpkg-query", "-S", f"*/{library}")
            found |= {line.split(":")[0] for line in owners.splitlines()}
    return {name for name in found if not name.startswith("libc6")}


def check_dockerfile():
    text = (COMPOSE / "Dockerfile").read_text()
    base = re.search(r"^FROM (debian):(\d+)-slim$", text, re.M)
    build, runs = text.split(base[0])
    setup = re.findall(r"^build\t(\S+)", (REPO / "tests/setup.sh").read_text(), re.M)
    check(set(setup) <= set(build.split()), f"what the build needs: {setup}")
    if release() != f"{base[1]} {base[2]}":
        skip_part("the packages of the Dockerfile", f"this is {release()}, where libraries' packages have other names")
    elif "sanitize" not in os.environ.get("CFLAGS", ""):
        check(needed_packages() <= set(runs.split()), f"what the programs need: {needed_packages()}")


def test(scene):
    check_kubernetes(scene)
    check_compose()
    check_dockerfile()


run(test)
