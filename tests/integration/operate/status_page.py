#!/usr/bin/env python3
"""The status page in a real browser: true figures, live, on a phone, in the dark, nothing from outside; who has how
much of the load, and what was warned of."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from browser import Browser  # noqa: E402
from cluster import check, check_equal, run, wait_for  # noqa: E402
from group_cluster import GroupCluster  # noqa: E402
from kafka_wire import Connection  # noqa: E402
from traffic import no_errors, produce  # noqa: E402

NASTY = "<img src=x onerror=document.title='hacked'>"


def rows(page, table):
    return page.value(f"[...document.querySelectorAll('#{table} tr')].map(r => [...r.cells].map(c => c.innerText))")


def check_content(page, told, cluster):
    page.wait("document.getElementById('status').textContent === 'ready'", 15)
    page.wait("document.querySelectorAll('#nodes tr').length === 2", 30)
    names = [row[0] for row in rows(page, "nodes")]
    check(any("(this one)" in name for name in names), f"{names}")
    brokers = rows(page, "brokers")
    check_equal([row[1] for row in brokers], ["up"] * 3, "their states")
    check_equal([row[2] for row in brokers], [f"{h}:{p}" for h, p in cluster.brokers.values()], "brokers")
    check(all(row[4].startswith(told) for row in brokers), f"what clients are told: {brokers}")


def check_live(page, nodes):
    """Clients that come and go are seen without anybody touching the page."""
    page.wait("document.querySelectorAll('#connections tr').length === 0", 10)
    with Connection(*nodes[0].address, client_id=NASTY) as kafka, Connection(*nodes[0].address) as other:
        kafka.ask("ApiVersions", 0)
        other.ask("ApiVersions", 0)
        page.wait("document.querySelectorAll('#connections tr').length === 2", 10)
        check(NASTY in [row[1] for row in rows(page, "connections")], "a client id is text, whatever it says")
        page.wait("[...document.querySelectorAll('#nodes tr')].some(r => r.cells[3].innerText === '2')", 10)
        check("hacked" not in page.value("document.title"), "nothing of it was run")
        check(page.value("document.querySelector('#connections img')") is None, "it is no element")
    page.wait("document.querySelectorAll('#connections tr').length === 0", 10)


def check_uses(page, nodes):
    """Who uses the node that is chosen, with names as text, of the kind and in the order chosen."""
    with Connection(*nodes[0].address, client_id=NASTY) as kafka:
        no_errors(produce(kafka, {("t", 1): [b"x" * 40000]}), "Produce")
        page.wait(f"[...document.querySelectorAll('#uses tr')].some(r => r.cells[0].innerText.endsWith({NASTY!r}))", 10)
        check("hacked" not in page.value("document.title"), "nothing of it was run")
        page.value("(s => { s.value = 'topics'; s.dispatchEvent(new Event('change')); return 1; })(document.getElementById('kind'))")
        page.wait("[...document.querySelectorAll('#uses tr')].some(r => r.cells[0].innerText === 't' && r.cells[5].innerText.endsWith('kB'))", 10)
        page.wait("[...document.querySelectorAll('#uses tr')].some(r => r.cells[2].innerText !== '–')", 10)


def check_balance(page, nodes):
    """Three connections here and one there: bars of three quarters and one, and the skew; and what is sent."""
    kafkas = [Connection(*node.address) for node in (nodes[0], nodes[0], nodes[0], nodes[1])]
    for kafka in kafkas:
        kafka.ask("ApiVersions", 0)
    widths = "[...document.querySelectorAll('#nodes .bar i')].map(i => Math.round(parseFloat(i.style.width)))"
    page.wait(f"JSON.stringify({widths}.sort()) === '[25,75]'", 15)
    page.wait("document.body.innerText.includes('busiest to mean: connections 1.50')", 10)
    wait_for(lambda: no_errors(produce(kafkas[0], {("t", 0): [b"x" * 100000]}), "Produce") or any(
        row[5].endswith(("kB", "MB")) for row in rows(page, "nodes")), 10, "bytes a second of a node")
    for kafka in kafkas:
        kafka.close()


def check_warnings(page, cluster):
    """A node that does not fit comes: the page says so, in words and in its state."""
    cluster.add_peer("odd", port_count=7)
    page.wait("document.getElementById('status').textContent === 'degraded'", 15)
    page.wait("document.getElementById('warnings').textContent.includes('odd has 7')", 10)


def check_other_node(page, nodes):
    with Connection(*nodes[1].address, client_id="over-there") as kafka:
        kafka.ask("ApiVersions", 0)
        page.value("{ const w = document.getElementById('which'); w.selectedIndex = 1 - w.selectedIndex;"
                   " w.dispatchEvent(new Event('change')); 0 }")
        page.wait("document.getElementById('connections').innerText.includes('over-there')", 10)


def check_phone(page):
    page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    page.wait("innerWidth === 360", 5)
    check(page.value("document.documentElement.scrollWidth <= 360"), "a phone need not scroll sideways")
    check(page.value("parseFloat(getComputedStyle(document.body).fontSize) >= 14"), "and can read it")


def brightness(page):
    colours = page.value("['backgroundColor', 'color'].map(n => getComputedStyle(document.body)[n])")
    return [sum(int(part) for part in c[c.index("(") + 1:-1].split(",")[:3]) for c in colours]


def check_dark(page):
    for scheme in ("light", "dark"):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        ground, ink = brightness(page)
        check((ground > ink + 300) == (scheme == "light") and abs(ground - ink) > 300, f"{scheme}: {ground} {ink}")


def check_loss(page, nodes):
    """A node that goes is told, not hidden."""
    nodes[0].kill()
    page.wait("document.getElementById('lost').textContent !== ''", 15)


def check_lost_broker(page, scene):
    """One that the cluster lists and that refuses connections."""
    cluster = scene.mock_cluster(topics={"t": 3})
    cluster.command("down", 3)
    node = scene.node(cluster.bootstrap)
    page.open(node.http + "/")
    page.wait("document.querySelector('#brokers tr:nth-child(3) td.bad')?.innerText.includes('refused')", 15)
    check_equal([row[1] for row in rows(page, "brokers")][:2], ["up"] * 2, "the others")
    page.wait("document.getElementById('reasons').textContent.startsWith('1 of 3 brokers do not answer: 3 for ')", 10)
    cluster.command("up", 3)
    page.wait("document.querySelector('#brokers tr:nth-child(3) td.good')?.innerText === 'up'", 15)
    page.wait("document.getElementById('status').textContent === 'ready'", 15)


def test(scene):
    cluster = GroupCluster(scene, 3, {"t": 3, "_anyport_together": 1})
    nodes = [scene.node(cluster.bootstrap, advertise=f"{scene.host(1)}:9092",
                        env={"GATEWAY_CLUSTER_ID": "together", "GATEWAY_HEARTBEAT_INTERVAL": "200 ms"})
             for _ in range(2)]
    with Browser(scene) as page:
        page.open(nodes[0].http + "/")
        check_content(page, scene.host(1), cluster)
        check_live(page, nodes)
        check_uses(page, nodes)
        check_balance(page, nodes)
        check_other_node(page, nodes)
        check_phone(page)
        check_dark(page)
        check_equal(page.complaints(), [], "complaints of the browser")
        outside = [url for url in page.requested() if not url.startswith(nodes[0].http)]
        check_equal(outside, [], "everything comes from the node")
        check_warnings(page, cluster)
        check_loss(page, nodes)
        check_lost_broker(page, scene)


run(test)
