#!/usr/bin/env python3
"""Certificates are renewed under clients: by SIGHUP, by POST, or by a file that has become another one; what can't be used is
not taken, and is told; so is an end that is near, and a name that is missing."""
import os
import pathlib
import shutil
import signal
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import check, check_equal, run, wait_for  # noqa: E402
from haproxy.certs import Certs  # noqa: E402
from kafka_wire import Connection  # noqa: E402

LOOK_S = 10  # how often the node looks at its files


class Scenery:
    """The certificate is behind links, as Kubernetes mounts a secret: folder/tls.crt -> ..data/tls.crt, ..data -> a folder."""

    def __init__(self, scene):
        self.folder, self.made = scene.dir / "mounted", 0
        self.folder.mkdir()
        self.certs = Certs(scene.dir)
        self.context = self.certs.client()
        self.scene = scene
        self.swap(self.issue())
        for name in ("tls.crt", "tls.key"):
            (self.folder / name).symlink_to(f"..data/{name}")

    def issue(self, **how):
        """A new certificate and key in a folder of their own."""
        self.made += 1
        name = f"node{self.made}"
        self.certs.issue(name, **{"subject": name, "sans": f"IP:{self.scene.host(101)}", "days": 30, **how})
        folder = self.folder / name
        folder.mkdir()
        for end, to in ((".crt", "tls.crt"), (".key", "tls.key")):
            shutil.copy(self.certs.folder / f"{name}{end}", folder / to)
        return folder

    def swap(self, folder):
        link = self.folder / "..new"
        link.symlink_to(folder.name)
        os.replace(link, self.folder / "..data")
        self.at = folder

    def start(self):
        kafka = self.scene.mock_cluster(topics={"t": 1})
        return self.scene.node(kafka.bootstrap, env={
            "GATEWAY_SECURITY_PROTOCOL": "SSL", "GATEWAY_SSL_CERTIFICATE_LOCATION": self.folder / "tls.crt",
            "GATEWAY_SSL_KEY_LOCATION": self.folder / "tls.key"})

    def connect(self, node):
        return Connection(*node.address, tls=self.context, timeout=20)

    def shown(self, node):
        """Whose certificate a new client is shown."""
        with self.connect(node) as kafka:
            kafka.ask("ApiVersions", 0)
            return subject_of(kafka)


def subject_of(kafka):
    return dict(rdn[0] for rdn in kafka.sock.getpeercert()["subject"])["commonName"]


def reasons(node):
    return node.get_json("/health")[1]["reasons"]


def check_swapped(scenery, node):
    with scenery.connect(node) as old:
        check_equal(subject_of(old), "node1", "the first certificate")
        scenery.swap(scenery.issue())
        wait_for(lambda: scenery.shown(node) == "node2", 3 * LOOK_S, "a link that leads elsewhere is followed")
        check(old.ask("ApiVersions", 0)["api_keys"], "who was there stays there")
    folder = scenery.issue()
    for name in ("tls.crt", "tls.key"):
        shutil.copy(folder / name, scenery.at / name)  # in place, one after the other
    wait_for(lambda: scenery.shown(node) == "node3", 3 * LOOK_S, "files with other bytes are taken")


def check_asked(scenery, node):
    scenery.swap(scenery.issue())
    node.process.signal(signal.SIGHUP)
    wait_for(lambda: scenery.shown(node) == "node4", 5, "SIGHUP reads the files")
    scenery.swap(scenery.issue(days=3))
    check_equal(node.post("/v1/reload"), 200, "POST /v1/reload")
    wait_for(lambda: scenery.shown(node) == "node5", 5, "and so does a reload by HTTP")
    with scenery.connect(node) as kafka:
        ends = ssl.cert_time_to_seconds(kafka.sock.getpeercert()["notAfter"])
    check_equal(node.metrics().sum("anyport_certificate_expiry_timestamp_seconds", to="clients"), ends, "the metric of its end")
    check(any("the certificate for clients expires in" in reason for reason in reasons(node)), f"health: {reasons(node)}")


def check_kept(scenery, node):
    """A key of another certificate: the old one stays, until the files fit."""
    broken, good = scenery.issue(), scenery.issue()
    shutil.copy(good / "tls.key", broken / "tls.key")
    scenery.swap(broken)
    wait_for(lambda: any("newer certificates are not taken" in reason and "not the key" in reason for reason in reasons(node)),
             3 * LOOK_S, "health says what is not taken")
    wait_for(lambda: "event=certificates_kept" in node.process.log(1000), 5, "the log warns")
    check_equal(scenery.shown(node), "node5", "the certificate that is shown")
    node.process.signal(signal.SIGHUP)
    check_equal(scenery.shown(node), "node5", "and after a SIGHUP")
    scenery.swap(good)
    wait_for(lambda: scenery.shown(node) == "node7", 3 * LOOK_S, "files that fit are taken")
    wait_for(lambda: not reasons(node), 5, "nothing to complain of")


def check_misnamed(scenery, node):
    scenery.swap(scenery.issue(sans="DNS:other.test"))
    node.process.signal(signal.SIGHUP)
    wait_for(lambda: any(f"is not for {node.host}" in reason for reason in reasons(node)), 5, "health says whose it is not")
    wait_for(lambda: "event=misnamed_certificate" in node.process.log(1000), 5, "the log warns")


def test(scene):
    scenery = Scenery(scene)
    node = scenery.start()
    check_equal(reasons(node), [], "nothing to complain of")
    check_swapped(scenery, node)
    check_asked(scenery, node)
    check_kept(scenery, node)
    check_misnamed(scenery, node)


if __name__ == "__main__":
    run(test)
