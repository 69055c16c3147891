#!/usr/bin/env python3
"""The files for Kubernetes, its Gateway API, helm and compose: they agree with themselves, the configuration and a real node."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, REPO, Node, check, check_equal, http_get, run, wait_for  # noqa: E402
from machine import release, skip_part  # noqa: E402

KUBERNETES = REPO / "examples/kubernetes"
COMPOSE = REPO / "examples/compose"
ROUTES = REPO / "examples/kubernetes-gateway"
CHART = REPO / "examples/helm"


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


class Template:
    """As much of Go's templates as the chart has: helm itself is not in Debian."""
    TOKEN = re.compile(r"\{\{(-?) *(.*?) *(-?)\}\}", re.S)

    def __init__(self, values, release):
        self.names = {"Values": values, "Release": {"Name": release}}

    def value(self, words, local):
        first = words[0]
        if first.startswith("$") and "." not in first:
            return local[first]
        if first == "add":
            return sum(int(self.value([word], local)) for word in words[1:])
        if first == "include":
            return "of the other template"
        found = self.names
        for name in first.lstrip("$").lstrip(".").split("."):
            found = found[name]  # what values.yaml does not have is a KeyError
        return found

    def piped(self, text, local):
        first, *pipes = (part.split() for part in text.split(" | "))
        value = self.value(first, local)
        for name, *words in pipes:
            if name == "nindent":
                value = "\n" + "\n".join(" " * int(words[0]) + line for line in str(value).split("\n"))
            elif name in ("quote", "toJson"):
                value = json.dumps(value)
            else:
                check_equal(name, "sha256sum", "a function")
        return str(value)

    def render(self, text, local=None):
        out, _ = self._block(re.split(r"(\{\{.*?\}\})", re.sub(r"\s*\{\{- ", "{{ ", text), flags=re.S), 0, local or {})
        return out

    def _block(self, parts, at, local):
        out = ""
        while at < len(parts):
            code = self.TOKEN.fullmatch(parts[at])
            at += 1
            if code is None:
                out += parts[at - 1]
            elif code[2] == "end":
                return out, at
            elif code[2].startswith("range "):
                name, count = re.fullmatch(r"range (\$\w+) := until \(int (\S+)\)", code[2]).groups()
                begin = at
                for number in range(self.value([count], local)):
                    inside, at = self._block(parts, begin, {**local, name: number})
                    out += inside
            elif code[2].startswith("if "):
                inside, at = self._block(parts, at, local)
                out += inside if self.value([code[2][3:]], local) else ""
            else:
                out += self.piped(code[2], local)
        return out, at


def rendered(**changed):
    values = {**yaml.safe_load((CHART / "values.yaml").read_text()), **changed}
    texts = [Template(values, "anyport").render(path.read_text()) for path in sorted((CHART / "templates").glob("*.yaml"))]
    return [manifest for text in texts for manifest in yaml.safe_load_all(text)]


def check_chart(scene):
    """It makes what examples/kubernetes has, but for what the image of Debian packages wants otherwise."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    check_equal("anyport " + chart["appVersion"], call(BUILD / "anyport", "--version")[1].strip(), "the chart's version of it")
    manifests = rendered(tlsSecret="tls", envFromSecret="login")
    by_name = {(m["kind"], m["metadata"]["name"]): m for m in manifests}
    plain = {(m["kind"], m["metadata"]["name"]): m for m in Manifests().all if m["kind"] != "ServiceMonitor"}
    check_equal(set(by_name), set(plain), "kinds and names")
    for key in plain:
        if key[0] == "Service":
            check_equal(by_name[key]["spec"]["ports"], plain[key]["spec"]["ports"], f"ports of {key}")
    pod, other = (m[("StatefulSet", "anyport")]["spec"]["template"]["spec"] for m in (by_name, plain))
    for name in ("ports", "env", "args", "livenessProbe", "readinessProbe", "securityContext", "resources"):
        check_equal(pod["containers"][0][name], other["containers"][0][name], f"{name} of the container")
    check_equal(pod["securityContext"], other["securityContext"], "security of the pod")
    volumes = {volume["name"] for volume in pod["volumes"]}
    check_equal({mount["name"] for mount in pod["containers"][0]["volumeMounts"]}, volumes, "volumes")
    check_equal(volumes, {"config", "tls"}, "volumes")
    check_equal(len(rendered()[-1]["spec"]["template"]["spec"]["volumes"]), 1, "volumes without a Secret")
    texts = [m[("ConfigMap", "anyport")]["data"]["anyport.conf"] for m in (by_name, plain)]
    env = {"GATEWAY_ADVERTISED_LISTENER": "a:9092", "GATEWAY_NODE_ID": "a"}
    check_equal(*(effective(scene.file("anyport.conf", text), env) for text in texts), "the configuration")
    helm = shutil.which("helm")
    if helm is None:
        skip_part("the chart by helm itself", "it is not here, and Debian has none")
        return
    status, text, errors = call(helm, "template", "anyport", CHART, env={"PATH": os.environ["PATH"], "HOME": str(scene.dir)})
    check_equal(status, 0, errors)
    check_equal(len([m for m in yaml.safe_load_all(text) if m]), len(manifests), "manifests by helm")


def check_routes(scene):
    """What a Gateway hands on arrives at a port that the nodes have, and clients are told what it takes."""
    for kind in ("TCPRoute", "TLSRoute"):
        manifests = {m["kind"]: m for m in yaml.safe_load_all((ROUTES / f"{kind.lower()}.yaml").read_text())}
        (listener,), route = manifests["Gateway"]["spec"]["listeners"], manifests[kind]["spec"]
        check_equal(listener["allowedRoutes"]["kinds"], [{"kind": kind}], "routes of the listener")
        check_equal(route["parentRefs"], [{"name": manifests["Gateway"]["metadata"]["name"], "sectionName": listener["name"]}], "its parent")
        service = manifests["Service"]
        check_equal(route["rules"], [{"backendRefs": [{"name": service["metadata"]["name"], "port": service["spec"]["ports"][0]["port"]}]}],
                    "where it leads")
        nodes = Manifests()
        check(selects(service["spec"]["selector"], nodes.pods["metadata"]["labels"]), "the Service selects the nodes")
        check_equal(nodes.ports[service["spec"]["ports"][0]["targetPort"]], 9092, "their port")
        config = effective(scene.file("route.conf", manifests["ConfigMap"]["data"]["anyport.conf"]), {})
        check_equal((config["advertised_host"], config["advertised_port"]) if "advertised_port" in config else config["advertised_host"],
                    '"kafka.example.com:9092"', "what clients are told")
        if kind == "TLSRoute":
            pattern = config["advertised_host_pattern"].strip('"')
            check_equal(route["hostnames"], ["kafka.example.com", "*" + pattern[pattern.index("."):]], "names that are passed on")
            check_equal((listener["tls"], config["security_protocol"]), ({"mode": "Passthrough"}, '"SSL"'), "who ends TLS")
        else:
            check_equal(config["advertised_mode"], '"single"', "one port for all brokers")


def test(scene):
    check_kubernetes(scene)
    check_chart(scene)
    check_routes(scene)
    check_compose()
    check_dockerfile()


run(test)
