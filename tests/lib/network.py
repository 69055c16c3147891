"""network.py - a network of the test's own: hosts in namespaces of theirs behind a bridge, each of which can be cut off.

    if network.enter():             # this process is in a namespace of its own
        scene.network = Network(scene, [host, ...])
        scene.network.cut(host); ...; scene.network.join(host)
        scene.network.destroy(host)     # it is gone, and nobody was told

A host that is cut off hears nothing and is heard by nobody, but for itself: what was sent to it is lost in silence, as
by a pulled cable.  All other addresses of the scene are this process's own, on the bridge.
"""
import os
import subprocess

from machine import in_namespaces
from process import wait_for

__all__ = ["Network", "enter"]

BRIDGE, BLOCK = "anyport0", "10.213.7"


def enter():
    """Runs this program again in a namespace of its own, where such can be made; whether it is in one."""
    return in_namespaces("-n", f"ip link add {BRIDGE} type bridge && ip link add v1 type veth peer name v2")


def ip(*lines):
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)


class Network:
    def __init__(self, scene, hosts):
        """hosts: their numbers, as scene.host() takes them; the scene is here from now on."""
        scene.block = BLOCK
        self.scene, self.links, self.holders = scene, {}, {}
        numbers = set(hosts)
        ip("link set lo up", f"link add {BRIDGE} type bridge", f"link set {BRIDGE} up",
           *(f"address add {BLOCK}.{n}/24 dev {BRIDGE}" for n in range(1, 255) if n not in numbers))
        for number in numbers:
            self._add(number)

    def _add(self, number):
        """Whoever sleeps there keeps the namespace."""
        host = self.scene.host(number)
        holder = self.scene.process(["unshare", "-n", "sleep", "infinity"], name=f"net{number}")
        ours = os.readlink("/proc/self/ns/net")
        wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != ours, 10, f"a namespace for {host}")
        ip(f"link add out{number} type veth peer name in{number}", f"link set in{number} netns {holder.pid}",
           f"link set out{number} master {BRIDGE}", f"link set out{number} up")
        self.holders[host], self.links[host] = holder, f"out{number}"
        subprocess.run([*self.within(host), "ip", "-batch", "-"], text=True, check=True, input=
                       f"link set lo up\naddress add {host}/24 dev in{number}\nlink set in{number} up\n")

    def within(self, host):
        """What stands before a command that is to run there."""
        holder = self.holders.get(host)
        return ["nsenter", f"--net=/proc/{holder.pid}/ns/net"] if holder else []

    def cut(self, host):
        ip(f"link set {self.links[host]} down")

    def join(self, host):
        ip(f"link set {self.links[host]} up")

    def destroy(self, host):
        """All that runs there must have ended; its connections end with it, in silence."""
        ip(f"link delete {self.links.pop(host)}")
        self.holders.pop(host).kill()
