#!/usr/bin/env python3
"""haproxy apply on HAProxies in master-worker mode: at run time, by a reload, rolled back; no connection is lost."""
import json
import os
import pathlib
import socket
import stat
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from front import HTTP_PORT, Link, StandIn, check, run, wait_for  # noqa: E402
from pair import ANYPORTCTL, run_ctl  # noqa: E402
from haproxy_version import haproxy_version  # noqa: E402

PORT = 9092


class Balancer:
    """A HAProxy with a master, and with itself as its only peer: a reload keeps the table."""

    def __init__(self, scene, name, number, nodes):
        self.scene, self.name, self.host, self.nodes = scene, name, scene.host(number), nodes
        self.socket, self.number = scene.dir / f"{name}.sock", 0
        self.haproxy = scene.haproxy(config=self.text(nodes[:2]), name=name, host=self.host, first_port=PORT, ports=1)
        self.file = self.haproxy.config_path
        self.file.chmod(0o640)

    def text(self, nodes, weight=100, retries=3, bind=None):
        return "\n".join((
            "global", "    maxconn 1000", f"    stats socket {self.socket} mode 600 level admin expose-fd listeners",
            "    hard-stop-after 60s", f"    localpeer {self.name}",
            "peers lbs", f"    peer {self.name} {self.host}:10000",
            "defaults", "    mode tcp", "    timeout client 11m", "    timeout server 11m", "    timeout connect 3s",
            "    timeout check 2s", "    option redispatch 1", f"    retries {retries}",
            "frontend kafka", f"    bind {self.host}:{PORT}", *([f"    bind {bind}"] if bind else []),
            "    default_backend gw",
            "backend gw", "    balance roundrobin", "    stick-table type ipv6 size 1k expire 1h peers lbs",
            "    stick on src", "    option httpchk", "    http-check send meth GET uri /health/ready ver HTTP/1.1 hdr Host x",
            f"    default-server check port {HTTP_PORT} inter 300ms fall 2 rise 1 weight {weight}",
            *(f"    server {node.name} {node.host} id {n}" for n, node in enumerate(nodes, 1)), ""))

    def new(self, *nodes, **options):
        """The path of a new file."""
        self.number += 1
        return self.scene.file(f"{self.name}-{self.number}.cfg", self.text(nodes or self.nodes[:2], **options))

    @property
    def where(self):
        return [f"--stats-socket={self.name}={self.socket}", f"--master-socket={self.name}={self.haproxy.master_path}",
                f"--config={self.name}={self.file}"]

    def apply(self, path, *words):
        status, out, errors = run_ctl("haproxy", "apply", "--json", path, *self.where, *words)
        check(errors == "", errors)
        result, = json.loads(out)
        check((status == 0) == (result["outcome"] not in ("refused", "rolled-back", "failed")), f"{status}: {result}")
        return result

    def of(self, node):
        return self.haproxy.stats().get(("gw", node.name))

    def keys(self):
        return sum(line.startswith("0x") for line in self.haproxy.command("show table gw").splitlines())

    def link(self, source=None):
        return Link(self.host, PORT, source)

    def nothing_is_left(self, drafts=0):
        return sum(".draft." in path.name for path in self.scene.dir.iterdir()) == drafts


class Hammer:
    """Clients that connect, ask and go, and one that stays, all the time."""

    def __init__(self, balancer):
        self.balancer, self.asked, self.errors, self.ends = balancer, 0, [], False
        self.threads = [threading.Thread(target=self.run, args=(stays,), daemon=True) for stays in (False, False, True)]

    def run(self, stays):
        link = None
        try:
            while not self.ends:
                link = link or self.balancer.link()
                link.ask()
                self.asked += 1
                if not stays:
                    link.close()
                    link = None
        except (OSError, ValueError) as error:
            self.errors.append(repr(error))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: self.asked > 20, 10, "clients are served")
        return self

    def __exit__(self, *_):
        before = self.asked
        wait_for(lambda: self.errors or self.asked > before + 20, 10, "clients are served still")
        self.ends = True
        for thread in self.threads:
            thread.join(10)


def too_early_it_waits_for_peers(lb):
    """From 3.0 on HAProxy waits for nobody when it is its own only peer, and a reload keeps the table at once."""
    lb.haproxy.command("set table gw key ::ffff:10.9.9.9 data.server_id 1")
    result = lb.apply(lb.new(retries=4), "--patience", "300ms")
    if haproxy_version() < (3, 0):
        check(result["outcome"] == "refused" and "in sync" in result["why"], f"{result}")
        check(lb.file.read_text() == lb.text(lb.nodes[:2]), "nothing was changed")
    else:
        check(result["outcome"] == "reload" and "10.9.9.9" in lb.haproxy.command("show table gw"), f"{result}")
        check(lb.apply(lb.new())["outcome"] == "reload", "and back")
    lb.haproxy.command("clear table gw")


def a_dry_run_changes_nothing(lb):
    before, workers = lb.file.read_text(), lb.haproxy.workers()
    result = lb.apply(lb.new(weight=50), "--dry-run")
    check(result["outcome"] == "runtime" and result["dry_run"] is True and result["diff"]["class"] == "runtime", f"{result}")
    check(lb.file.read_text() == before and lb.of(lb.nodes[0])["weight"] == "100", "nothing was changed")
    check(lb.apply(lb.new(retries=4), "--dry-run")["outcome"] == "reload" and lb.haproxy.workers() == workers, "nor reloaded")


def weights_change_at_run_time(lb):
    workers, old = lb.haproxy.workers(), lb.file.read_text()
    with Hammer(lb) as hammer:
        path = lb.new(weight=50)
        check(lb.apply(path)["outcome"] == "runtime", "the stats socket does it")
    check(hammer.errors == [], f"{hammer.errors}")
    check([lb.of(node)["weight"] for node in lb.nodes[:2]] == ["50", "50"], "the weights")
    check(lb.haproxy.workers() == workers, "no new worker")
    check(lb.file.read_text() == path.read_text() and stat.S_IMODE(lb.file.stat().st_mode) == 0o640, "the file, its mode kept")
    check(pathlib.Path(f"{lb.file}.previous").read_text() == old, "the old one is kept")
    check(lb.apply(path)["outcome"] == "nothing", "twice")


def a_server_that_is_not_ready_gets_no_client(lb):
    """From 3.1 on; an older one takes it for up until its first check has failed, and apply says so."""
    third = lb.nodes[2]
    third.http("/not-ready")
    result = lb.apply(lb.new(*lb.nodes, weight=50))
    why, = {change["why"] for change in result["diff"]["changes"]}
    waits = haproxy_version() >= (3, 1)
    check(result["outcome"] == "runtime" and ("first check is good" if waits else "HAProxy 3.1 can have it wait") in why, f"{result}")
    if waits:
        answers = [ask_once(lb, n) for n in range(12)]
        check("n3" not in answers and lb.of(third)["status"].startswith("DOWN"), f"{answers}, {lb.of(third)['status']}")
    wait_for(lambda: lb.of(third)["status"] == "DOWN", 10, "its check fails")
    third.http("/ready")
    wait_for(lambda: lb.of(third)["status"] == "UP", 10, "and is good")
    check(lb.apply(lb.new(weight=50))["outcome"] == "runtime", "it goes")


def ask_once(lb, number):
    with lb.link(lb.scene.host(150 + number)) as link:
        return link.ask()["node"]


def what_is_too_new_is_refused(lb):
    before = lb.file.read_text()
    result = lb.apply(lb.scene.file("newer.cfg", before.replace("    stick on src", "    guid backend-gw\n    stick on src")))
    if haproxy_version() < (3, 0):
        check(result["outcome"] == "refused" and "does not know `guid`, which 3.0 does" in result["why"], f"{result}")
        check(lb.file.read_text() == before, "nothing was changed")
    else:
        check(result["outcome"] == "reload", f"{result}")
        check(lb.apply(lb.scene.file("older.cfg", before))["outcome"] == "reload", "and back")


def servers_come_and_go_at_run_time(lb):
    workers, third = lb.haproxy.workers(), lb.nodes[2]
    check(lb.apply(lb.new(*lb.nodes, weight=50))["outcome"] == "runtime", "a server is added")
    wait_for(lambda: lb.of(third)["check_status"] == "L7OK", 10, "its check, with default-server's port")
    check(lb.of(third)["weight"] == "50" and lb.of(third)["status"] == "UP", f"{lb.of(third)}")
    check(lb.apply(lb.new(weight=50))["outcome"] == "runtime" and lb.of(third) is None, "and taken out")
    check(lb.haproxy.workers() == workers, "no new worker")


def a_server_with_clients_goes_by_a_reload(lb):
    lb.apply(lb.new(*lb.nodes, weight=50))
    wait_for(lambda: lb.of(lb.nodes[2])["status"] == "UP", 10, "n3 is there")
    links = [lb.link(lb.scene.host(200 + n)) for n in range(6)]
    on_third = [link for link in links if link.ask()["node"] == "n3"]
    check(on_third, "some client is on n3")
    keys, old = lb.keys(), set(lb.haproxy.workers())
    result = lb.apply(lb.new(weight=50))
    check(result["outcome"] == "reload" and result["new_worker"] not in old and result["old_worker"] in old, f"{result}")
    check(all(link.ask()["node"] == "n3" for link in on_third), "its clients stay where they are")
    check(lb.of(lb.nodes[2]) is None, "nobody else comes to it")
    check(keys >= 6, f"{keys} keys")
    wait_for(lambda: lb.keys() >= keys, 5, "the table lives on: the old worker tells it to the new one")
    for link in links:
        link.close()


def a_reload_loses_no_connection(lb):
    with Hammer(lb) as hammer:
        result = lb.apply(lb.new(weight=50, retries=5))
        check(result["outcome"] == "reload", f"{result}")
    check(hammer.errors == [], f"{hammer.errors}")


def a_failed_reload_is_rolled_back(lb):
    """A port that is taken: -c accepts the file, the worker does not start."""
    before = lb.file.read_text()
    current = max(lb.haproxy.workers())
    with lb.link() as link, socket.create_server((lb.host, 9999)):
        link.ask()
        result = lb.apply(lb.new(weight=50, bind=f"{lb.host}:9999"))
        check(result["outcome"] == "rolled-back" and "did not start" in result["why"], f"{result}")
        check("\n" not in result["why"] and (haproxy_version() < (3, 0) or "9999" in result["why"]), f"from 3.0 on it says why: {result}")
        check(lb.file.read_text() == before, "the old file is in place")
        link.ask()
        with lb.link() as other:
            other.ask()
    check(current in lb.haproxy.workers(), "the old worker serves on")
    check(lb.apply(lb.new(weight=50, retries=6))["outcome"] == "reload", "and the next reload works")


def what_haproxy_refuses_is_refused(lb):
    before = lb.file.read_text()
    broken = lb.scene.file("broken.cfg", before.replace("balance roundrobin", "balance nosuch"))
    result = lb.apply(broken)
    check(result["outcome"] == "refused" and "HAProxy refuses it" in result["why"], f"{result}")
    check(lb.file.read_text() == before and lb.nothing_is_left(), "nothing was changed, no draft is left")


def clients_are_not_disconnected_unasked(lb):
    moved = lb.scene.file("moved.cfg", lb.file.read_text().replace(f":{PORT}", f":{PORT + 1}"))
    result = lb.apply(moved)
    check(result["outcome"] == "refused" and "--disconnect" in result["why"], f"{result}")
    back = lb.scene.file("back.cfg", lb.file.read_text())
    check(lb.apply(moved, "--disconnect")["outcome"] == "reload", "when it is meant")
    with Link(lb.host, PORT + 1) as link:
        link.ask()
    lb.apply(back, "--disconnect")


def what_runs_may_differ_from_the_file(lb):
    """The server that is to be taken out is not there: a command fails, a reload sets it right."""
    lb.apply(lb.new(*lb.nodes, weight=50))
    for command in ("set server gw/n3 state maint", "del server gw/n3"):
        lb.haproxy.command(command)
    check(lb.of(lb.nodes[2]) is None, "somebody else took it out")
    result = lb.apply(lb.new(weight=50))
    check(result["outcome"] == "reload", f"{result}")
    lb.apply(lb.new(*lb.nodes, weight=50))
    for command in ("set server gw/n3 state maint", "del server gw/n3"):
        lb.haproxy.command(command)
    status, out, _ = run_ctl("haproxy", "apply", "--json", lb.new(weight=50), *lb.where[::2])
    result, = json.loads(out)
    check(status == 1 and result["outcome"] == "failed" and "--master-socket" in result["why"] and "n3" in result["why"],
          f"without a master: {result}")


def several_go_in_turn(one, other):
    where = [*one.where, *other.where]
    good = [f"{lb.name}={lb.new(weight=40)}" for lb in (one, other)]
    status, out, errors = run_ctl("haproxy", "apply", *good, *where)
    check(status == 0 and errors == "" and "lb1: put in place, and reloaded" in out and "lb2: done at run time" in out,
          f"{status}: {out}{errors}")
    bad = one.new(weight=40, bind=f"{one.host}:9999")
    before = other.file.read_text()
    with socket.create_server((one.host, 9999)):
        status, out, errors = run_ctl("haproxy", "apply", f"{one.name}={bad}", f"{other.name}={other.new(weight=30)}", *where)
    check(status == 1 and "lb1: rolled back" in out and "lb2: not touched" in out, f"{status}: {out}{errors}")
    check(other.file.read_text() == before, "the second is as it was")


class Held:
    """An apply that waits in HAProxy's verdict, holding the lock, until it is let go."""

    def __init__(self, lb, path):
        self.fifo = lb.scene.dir / "go"
        if not self.fifo.exists():
            os.mkfifo(self.fifo)
        waits = lb.scene.file("waits", f'#!/bin/sh\n[ "$1" = -v ] || read go <{self.fifo}\nexec haproxy "$@"\n')
        waits.chmod(0o755)
        self.process = lb.scene.process([ANYPORTCTL, "haproxy", "apply", path, *lb.where, "--haproxy", waits], name="held")
        self.go = wait_for(lambda: os.fdopen(os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK), "w"), 10, "it asks HAProxy")

    def let_go(self):
        self.go.close()
        return self.process.wait(20)


def one_at_a_time(lb, other):
    before, link = lb.file.read_text(), lb.scene.dir / "link.cfg"
    link.symlink_to(lb.file)
    held = Held(lb, lb.new(weight=60))
    for words in ((), ("--config", f"{lb.name}={link}")):
        status, out, errors = run_ctl("haproxy", "apply", lb.new(weight=70), *lb.where[:2], *(words or lb.where[2:]))
        check(status == 1 and errors == "" and "refused, nothing was changed" in out, f"{status}: {out}{errors}")
        check(f"process {held.process.pid} is at work on" in out, out)
    check(lb.file.read_text() == before and lb.nothing_is_left(1), "nothing was changed, no draft but the first one's")
    check(lb.apply(lb.new(weight=70), "--dry-run")["outcome"] == "runtime", "a dry run changes nothing")
    check(other.apply(other.new(weight=80))["outcome"] == "runtime", "another file, in the same folder")
    check(held.let_go() == 0 and lb.of(lb.nodes[0])["weight"] == "60", f"the first goes on: {held.process.log()}")
    check(not list(lb.scene.dir.glob("*.lock")), "no lock is left")


def the_lock_of_a_killed_one_is_free(lb):
    held = Held(lb, lb.new(weight=90))
    held.process.kill()
    check(lb.apply(lb.new(weight=70))["outcome"] == "runtime", "the next one works")
    held.go.close()
    check(not list(lb.scene.dir.glob("*.lock")), "no lock is left")


def wrong_command_lines_are_2(lb):
    for words in ([], [lb.file], ["--nosuch", lb.file, *lb.where], [lb.file, *lb.where[:2]]):
        status, out, errors = run_ctl("haproxy", "apply", *words)
        check(status == 2 and out == "" and errors != "", f"{words}: {status}, {out!r}, {errors!r}")


def test(scene):
    nodes = [StandIn(scene, n, PORT, 2, []) for n in (1, 2, 3)]
    one = Balancer(scene, "lb1", 1, nodes)
    too_early_it_waits_for_peers(one)
    other = Balancer(scene, "lb2", 2, nodes)
    a_dry_run_changes_nothing(one)
    weights_change_at_run_time(one)
    servers_come_and_go_at_run_time(one)
    a_server_that_is_not_ready_gets_no_client(one)
    what_is_too_new_is_refused(one)
    a_server_with_clients_goes_by_a_reload(one)
    a_reload_loses_no_connection(one)
    a_failed_reload_is_rolled_back(one)
    what_haproxy_refuses_is_refused(one)
    clients_are_not_disconnected_unasked(one)
    what_runs_may_differ_from_the_file(one)
    several_go_in_turn(one, other)
    one_at_a_time(one, other)
    the_lock_of_a_killed_one_is_free(one)
    wrong_command_lines_are_2(one)


run(test)
