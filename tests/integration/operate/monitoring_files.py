#!/usr/bin/env python3
"""Alert rules and dashboard: well formed, and every metric and label is one that a node or HAProxy has."""
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import HTTP_PORT, REPO, Metrics, check, check_equal, http_get, run, wait_for  # noqa: E402
from haproxy.certs import Certs  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from machine import skip_part  # noqa: E402
from promql import PromqlError, uses  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

FOLDER = REPO / "examples/monitoring"
PROMETHEUS_OWN = {"job", "instance"}  # labels that a scrape adds
DURATION = re.compile(r"\d+[smhd]")


class Known:
    """What there is to ask for."""

    def __init__(self, *pages):
        self.labels, self.values = {"up": set()}, {}
        for page in pages:
            for family in page.families:
                self.labels.setdefault(family, set())
            for name, labels, _ in page.samples:
                self.labels.setdefault(name, set()).update(labels)
                for label, value in labels.items():
                    self.values.setdefault((name, label), set()).add(value)

    def faults(self, expression):
        try:
            found = uses(expression)
        except PromqlError as error:
            yield str(error)
            return
        if not found:
            yield f"{expression!r} asks for nothing"
        for use in found:
            yield from self.use_faults(use, expression)

    def use_faults(self, use, expression):
        if use.metric not in self.labels:
            yield f"{expression!r}: there is no {use.metric}"
            return
        have = self.labels[use.metric] | PROMETHEUS_OWN
        for label in {label for label, _, _ in use.selected} | use.grouped:
            if label not in have:
                yield f"{expression!r}: {use.metric} has no label {label}"
        for label, operator, value in use.selected:
            values = self.values.get((use.metric, label), set())
            if operator == "=" and label not in PROMETHEUS_OWN and value not in values:
                yield f"{expression!r}: {label} of {use.metric} is never {value!r}"


def rule_faults(rule, known):
    yield from known.faults(rule["expr"])
    if not DURATION.fullmatch(rule.get("for", "0s")):
        yield f"{rule['alert']}: for: {rule['for']}"
    if rule["labels"]["severity"] not in ("critical", "warning", "info"):
        yield f"{rule['alert']}: severity {rule['labels']['severity']}"
    if set(rule) - {"alert", "expr", "for", "labels", "annotations"}:
        yield f"{rule['alert']}: {set(rule)}"
    summary = rule["annotations"]["summary"]
    if re.sub(r"\{\{ \$(labels\.\w+|value)( \| humanizeDuration)? \}\}", "", summary).count("{"):
        yield f"{rule['alert']}: template in {summary!r}"
    # a label that the expression drops is empty in the text
    grouped = set.intersection(*(use.grouped for use in uses(rule["expr"]))) if " by (" in rule["expr"] else None
    metric = uses(rule["expr"])[0].metric
    for label in re.findall(r"\$labels\.(\w+)", summary):
        if label not in (grouped if grouped is not None else known.labels[metric] | PROMETHEUS_OWN):
            yield f"{rule['alert']}: the text uses {label}, which the expression drops"


def check_alerts(known):
    rules = [rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
    faults = [fault for rule in rules for fault in rule_faults(rule, known)]
    check(not faults, "\n".join(faults))
    names = [rule["alert"] for rule in rules]
    check(len(rules) >= 20 and len(set(names)) == len(names), f"rules: {names}")


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
            and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def panel_faults(panel, known, variables):
    if panel["gridPos"]["x"] + panel["gridPos"]["w"] > 24:
        yield f"{panel['title']}: wider than the page"
    if panel["type"] == "row":
        return
    if panel["datasource"]["uid"] != "${datasource}":
        yield f"{panel['title']}: {panel['datasource']}"
    references = [target["refId"] for target in panel["targets"]]
    if not references or len(set(references)) != len(references):
        yield f"{panel['title']}: targets {references}"
    for target in panel["targets"]:
        yield from known.faults(target["expr"])
        for name in re.findall(r"\$(\w+)", target["expr"]):
            if name not in variables:
                yield f"{panel['title']}: variable {name}"
        have = set().union(*(use.grouped or known.labels.get(use.metric, set()) | PROMETHEUS_OWN
                             for use in uses(target["expr"])))
        for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
            if label not in have:
                yield f"{panel['title']}: the legend's {label}"


def check_dashboard(known):
    board = json.loads((FOLDER / "dashboard.json").read_text())
    listed = board["templating"]["list"]
    variables = {variable["name"] for variable in listed} | {"__rate_interval"}
    panels = board["panels"]
    faults = [fault for panel in panels for fault in panel_faults(panel, known, variables)]
    for one, other in itertools.combinations(panels, 2):
        if overlap(one["gridPos"], other["gridPos"]):
            faults.append(f"{one['title']} lies on {other['title']}")
    for variable in listed:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            faults += known.faults(metric)
            check(label in PROMETHEUS_OWN, label)
    check(not faults, "\n".join(faults))
    check_equal(len({panel["id"] for panel in panels}), len(panels), "ids of panels")


ON_NO_BOARD = {  # how long a node runs: `anyportctl haproxy status` says it
    "anyport_start_time_seconds",
}


def check_all_shown(page):
    """Whatever a node has to tell is on the board or in a rule."""
    board = json.loads((FOLDER / "dashboard.json").read_text())
    text = (FOLDER / "alerts.yml").read_text() + "".join(t["expr"] for panel in board["panels"] for t in panel.get("targets", []))
    unseen = {family for family in page.families if family.startswith("anyport_")} - set(re.findall(r"anyport_[a-z_]+", text))
    histograms = {family for family in unseen if f"{family}_bucket" in text}
    check_equal(unseen - histograms, ON_NO_BOARD, "metrics that neither the board nor a rule has")


def check_collector(scrapes=("anyport", "haproxy")):
    """The example for OpenTelemetry is whole: what is piped is there, and scraped is what the rules expect."""
    collector = yaml.safe_load((FOLDER / "otel-collector.yaml").read_text())
    for pipeline in collector["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            check(set(names) <= set(collector[kind]), f"{kind}: {names}")
    jobs = collector["receivers"]["prometheus"]["config"]["scrape_configs"]
    check_equal([job["job_name"] for job in jobs], list(scrapes), "jobs")
    check(all(re.fullmatch(r"[\d.]+:\d+", target) for job in jobs for target in job["static_configs"][0]["targets"]), jobs)
    program = shutil.which("otelcol-contrib") or shutil.which("otelcol")
    if program is None:
        skip_part("the collector itself", "no otelcol here: Debian has none")
        return
    done = subprocess.run([program, "validate", f"--config={FOLDER / 'otel-collector.yaml'}"], capture_output=True, text=True, check=False)
    check_equal(done.returncode, 0, done.stderr)


def check_the_check(known):
    """What it would find."""
    for wrong in ("anyport_redy == 0", 'rate(anyport_requests_total{apy="x"}[5m])', "rate(anyport_ready)", "sum(up",
                  'anyport_client_bytes_total{direction="up"}', "sum by (server) (anyport_ready)", "anyport_ready[5m]"):
        check(list(known.faults(wrong)), f"{wrong} is found good")


def use_all(scene, cluster, node, certs):
    """So that what has labels has samples: requests, and an error."""
    with Connection(*node.address, tls=certs.client()) as kafka:
        no_errors(produce(kafka, {("t", p): [b"x"] for p in range(3)}), "Produce")
        produce(kafka, {("t", 99): [b"there is no such partition"]})
        check(node.metrics().rows("anyport_errors_total"), "an error is counted")
    wait_for(lambda: "anyport_cluster_share" in node.metrics().names(), 15, "the node knows its share")
    exporter = (f"frontend metrics\n    bind {scene.host(1)}:{HTTP_PORT}\n    mode http\n"
                "    http-request use-service prometheus-exporter if { path /metrics }\n")
    scene.haproxy([node], options=exporter).wait_up(node.name)
    status, page = http_get(f"http://{scene.host(1)}:{HTTP_PORT}/metrics")
    check_equal(status, 200, "HAProxy's exporter")
    return Metrics(page)


def named_listener(scene, cluster):
    """Metrics by listener are there when listeners have names."""
    one = ("GATEWAY_PORT_START", "GATEWAY_PORT_COUNT", "GATEWAY_ADVERTISED_LISTENER", "GATEWAY_ADVERTISED_MODE")
    host = scene.host(102)
    node = scene.node(cluster.bootstrap, number=2, env={**dict.fromkeys(one), "GATEWAY_LISTENER_INSIDE_PORTS": "9092-9096",
                                                        "GATEWAY_LISTENER_INSIDE_BIND_ADDRESS": host,
                                                        "GATEWAY_LISTENER_INSIDE_ADVERTISED_HOST": host})
    return node.metrics()


def test(scene):
    cluster = scene.mock_cluster(topics={"t": 3, "_anyport_gateway": 3})
    cluster.spread("t", 3)
    certs = Certs(scene.dir)
    certs.issue("node", sans=f"IP:{scene.host(101)}")
    node = scene.node(cluster.bootstrap, env={"GATEWAY_SECURITY_PROTOCOL": "SSL",
                                              "GATEWAY_SSL_CERTIFICATE_LOCATION": scene.dir / "node.pem"})
    haproxy = use_all(scene, cluster, node, certs)
    page = node.metrics()
    known = Known(page, haproxy, named_listener(scene, cluster))
    check_all_shown(page)
    check_collector()
    check_alerts(known)
    check_dashboard(known)
    check_the_check(known)


run(test)
