#!/usr/bin/env python3
"""What is wrong with a configuration is told at once, all of it, with file and line."""
import os
import pathlib
import re
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, patient, run, wait_for  # noqa: E402

ANYPORT = os.environ.get("ANYPORT", str(BUILD / "anyport"))
GOOD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "GATEWAY_FEATURE_FLAGS_INTERNAL_LOAD_BALANCING": "false",
    "GATEWAY_ADVERTISED_LISTENER": "kafka.example:9092",
}


def anyport(*arguments, env=None, good=True):
    """(exit status, standard output, standard error)"""
    values = {"PATH": os.environ["PATH"], **(GOOD if good else {}), **(env or {})}
    values = {key: value for key, value in values.items() if value is not None}
    done = subprocess.run([ANYPORT, *map(str, arguments)], env=values, capture_output=True, text=True, timeout=patient(20),
                          check=False)
    return done.returncode, done.stdout, done.stderr


def refused(what, *arguments, says, **options):
    status, _, complaints = anyport("-t", *arguments, **options)
    check_equal(status, 1, f"{what}: exit status ({complaints})")
    for text in [says] if isinstance(says, str) else says:
        check(text in complaints, f"{what}: says {text!r}, not {complaints!r}")
    return complaints


def check_good(scene):
    status, _, complaints = anyport("-t")
    check_equal(status, 0, f"-t of a right configuration ({complaints})")
    for option in ("--help", "--version"):
        status, text, _ = anyport(option, good=False)
        check(status == 0 and text.strip(), f"{option} prints and succeeds")
    help_text = anyport("--help")[1]
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "GATEWAY_PORT_START", "GATEWAY_MAX_FRAME"):
        check(name in help_text, f"--help names {name}")


def check_print(scene):
    """What --print-config prints is a file that means the same."""
    env = {"GATEWAY_MAX_FRAME": "64 MiB", "GATEWAY_IDLE_TIMEOUT": "9 min", "GATEWAY_PORT_COUNT": "7",
           "GATEWAY_PROXY_TRUSTED": "10.0.0.0/8,::1"}
    status, first, complaints = anyport("--print-config", env=env)
    check_equal(status, 0, f"--print-config ({complaints})")
    path = scene.file("printed.conf", first)
    status, second, complaints = anyport("-c", path, "--print-config", good=False)
    check_equal(status, 0, f"the printed file is read back ({complaints})")

    def values(text):
        return [re.sub(r"\s*(#|//).*", "", line) for line in text.splitlines() if "=" in line.split("#")[0]]
    check_equal(values(second), values(first), "and means the same")
    check("67108864" in first or "64 MiB" in first, "a size is printed")


def check_environment(scene):
    refused("no brokers", good=False, says="KAFKA_BOOTSTRAP_SERVERS")
    complaints = refused("many mistakes", env={
        "KAFKA_BOOTSTRAP_SERVERS": "nonsense:port", "GATEWAY_PORT_START": "70000",
        "GATEWAY_PROXY_PROTOCOL": "maybe",
        "GATEWAY_MAX_FRAME": "much", "GATEWAY_HTTP_PORT": "http", "GATEWAY_DOWNSTREAM_THREAD": "0",
        "GATEWAY_PROXY_TRUSTED": "10.0.0.0/99", "GATEWAY_IDLE_TIMEOUT": "-1 s",
    }, says=["KAFKA_BOOTSTRAP_SERVERS", "GATEWAY_PORT_START", "GATEWAY_PROXY_PROTOCOL", "off, allow",
             "GATEWAY_MAX_FRAME", "GATEWAY_HTTP_PORT", "GATEWAY_DOWNSTREAM_THREAD", "GATEWAY_PROXY_TRUSTED",
             "GATEWAY_IDLE_TIMEOUT"])
    check(len(complaints.strip().splitlines()) >= 8, f"a line a mistake: {complaints}")
    for name in ("GATEWAY_PORT_IS_HINT", "GATEWAY_SECURITY_MODE"):
        refused(f"{name}, no such value", env={name: "x"}, says=name)
    refused("SSL to clients without a certificate", env={"GATEWAY_SECURITY_PROTOCOL": "SSL"},
            says="GATEWAY_SSL_CERTIFICATE_LOCATION")
    refused("mode host without names", env={"GATEWAY_ADVERTISED_MODE": "host"}, says="GATEWAY_ADVERTISED_HOST_PATTERN")
    refused("external load balancing without its address", env={"GATEWAY_ADVERTISED_LISTENER": None},
            says="GATEWAY_ADVERTISED_HOST")


FILE = """\
kafka: { bootstrap_servers = "127.0.0.1:9092"; };
gateway: {
  port_start = 70000;
  nonsense = 3;
  limits: {
    frame = "12 parsecs";
  };
};
"""


def check_file(scene):
    path = scene.file("bad.conf", FILE)
    complaints = refused("a file", "-c", path, says=[f"{path}:3:", f"{path}:4:", f"{path}:6:", "port_start", "nonsense",
                                                     "frame"])
    check_equal(len([line for line in complaints.splitlines() if str(path) in line]), 3, "one line a mistake")
    path = scene.file("syntax.conf", "kafka: { bootstrap_servers = \n};\n")
    refused("a syntax error", "-c", path, says=f"{path}:2")
    refused("no such file", "-c", scene.dir / "missing.conf", says="missing.conf")
    path = scene.file("good.conf", 'kafka: { bootstrap_servers = "127.0.0.1:1"; };\n')
    env = dict(GOOD, KAFKA_BOOTSTRAP_SERVERS=None)
    check_equal(anyport("-t", "-c", path, env=env)[0], 0, "a right file")
    status, text, _ = anyport("-c", path, "--print-config", env=dict(GOOD, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:2"))
    check(status == 0 and "127.0.0.1:2" in text and "127.0.0.1:1\"" not in text, "the environment wins over the file")


def check_command_line(scene):
    for arguments in (("--nonsense",), ("-c",), ("surplus",)):
        status, _, complaints = anyport(*arguments)
        check(status != 0 and complaints.strip(), f"{arguments} is refused")


def check_port_taken(scene):
    """SO_REUSEPORT would hide it: a port that another process holds is an error."""
    cluster = scene.mock_cluster()
    with socket.socket() as holder:
        host = scene.host(101)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((host, 9094))
        holder.listen()
        node = scene.node(cluster.bootstrap, number=1, ready=False)
        check(node.process.wait(15) != 0, "a taken port ends the node")
        wait_for(lambda: "9094" in node.process.log(), 5, f"and names it: {node.process.log(5)}")


def test(scene):
    for part in (check_good, check_print, check_environment, check_file, check_command_line, check_port_taken):
        part(scene)


run(test)
