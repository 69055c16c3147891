"""Kafka's command-line tools through the gateway and at the brokers: the same comes out.

Which tools there are that speak to brokers is asked of the jar itself, so that a new one is missed by name.
What is no two times the same is made alike by a function that says what, and why.
"""
import re
import struct
import zipfile

import clients
import jars
from cluster import FIRST_PORT
from world import check, check_equal, until

JARS = ("kafka-tools", "kafka_2.13")  # kafka-configs lives in the second
OPTIONS = {b"bootstrap-server", b"--bootstrap-server", b"broker-list", b"--broker-list"}
MAIN = {b"main", b"([Ljava/lang/String;)V"}
ENTRY_SIZES = {3: 5, 4: 5, 5: 9, 6: 9, 7: 3, 8: 3, 9: 5, 10: 5, 11: 5, 12: 5, 15: 4, 16: 3, 17: 5, 18: 5, 19: 3, 20: 3}


# -- what a jar has ------------------------------------------------------------

def texts_of(code):
    """All texts of a class file: names it has and uses, and its constants."""
    count, at, number, texts = struct.unpack_from(">H", code, 8)[0], 10, 1, set()
    while number < count:
        tag = code[at]
        if tag == 1:
            size = struct.unpack_from(">H", code, at + 1)[0]
            texts.add(code[at + 3:at + 3 + size])
            at += 3 + size
        else:
            at += ENTRY_SIZES[tag]
        number += 2 if tag in (5, 6) else 1
    return texts


def used_by(name, classes):
    """The class, and those of its jar that it is made of."""
    found, left = {name}, [name]
    while left:
        texts = classes[left.pop()]
        new = {other for other in classes if other.encode() in texts} - found
        found |= new
        left += new
    return found


def tools_that_ask_brokers():
    """The classes of Kafka's tools with a main() and an option that names brokers."""
    version, tools = clients.Tools.VERSION, set()
    for jar in JARS:
        with zipfile.ZipFile(jars.directory(f"tools-{version}") / f"{jar}-{version}.jar") as archive:
            classes = {name[:-6]: texts_of(archive.read(name)) for name in archive.namelist() if name.endswith(".class")}
        tools |= {name.replace("/", ".") for name, texts in classes.items() if "$" not in name and MAIN <= texts and
                  any(OPTIONS & classes[part] for part in used_by(name, classes))}
    return tools


def mark(world, tool):
    """What the tool says and does through the gateway has been held against what it does at the brokers."""
    world.scene.__dict__.setdefault("compared", set()).add(clients.Tools.CLASSES[tool])


def check_all_are_compared(world, elsewhere, skipped=()):
    """elsewhere: {tool: scenario that compares it}; such a scenario may not be one of this run.  skipped: tools that this
    machine gives no ground for, as the scenario has told."""
    names = {name: tool for tool, name in clients.Tools.CLASSES.items()}
    known, ran = world.scene.__dict__.get("compared", set()), world.scene.__dict__.get("ran", set())
    wanted = tools_that_ask_brokers()
    check(len(wanted) > 30, f"only {len(wanted)} tools were found in the jars")
    known = known | {clients.Tools.CLASSES[tool] for tool in skipped}
    missed = sorted(name for name in wanted - known if elsewhere.get(names.get(name)) in (None, *ran))
    check(not missed, f"tools of Kafka {clients.Tools.VERSION} that ask brokers and are not compared: {missed}")
    stale = sorted(tool for name, tool in names.items() if name not in wanted)
    check(not stale, f"not tools of Kafka {clients.Tools.VERSION} that ask brokers: {stale}")


# -- the comparison --------------------------------------------------------------

def same_as_direct(world, tool, *words, hidden=(), plain=str, **options):
    """Runs a tool through the gateway and at the brokers: the same lines come, in whatever order, but for the hidden ones,
    which only the brokers show.  plain: makes alike what is no two times the same.

    Brokers learn of a change one after the other, so a difference counts only when it stays.
    """
    done = until(5)
    while True:
        got = plain(world.tool(tool, *words, **options))
        direct = plain(world.tool(tool, *words, bootstrap=world.kafka.bootstrap, **options)).splitlines()
        shown = sorted(line for line in direct if line not in hidden)
        if sorted(got.splitlines()) == shown or not done():
            break
    check_equal(sorted(got.splitlines()), shown, f"output of {tool} {' '.join(words)}")
    check_equal([line for line in hidden if line not in direct], [], f"what {tool} shows at the brokers")
    check(got.strip(), f"{tool} {' '.join(words)} printed nothing")
    mark(world, tool)
    return got


SIDES = ("through", "direct")


def each_side(world, tool, *words, plain=str, **options):
    """Runs a tool that changes things once through the gateway and once at the brokers: "{side}" among the words and in what
    it prints is of which of both.  The same comes out, in the same order; returned is what came through the gateway."""
    said = {}
    for side, bootstrap in zip(SIDES, (None, world.kafka.bootstrap)):
        text = world.tool(tool, *(word.replace("{side}", side) for word in words), bootstrap=bootstrap, **options)
        said[side] = plain(re.sub(rf"\b(every-[a-z-]*){side}\b", r"\1{side}", text))
    check_equal(said["through"], said["direct"], f"output of {tool} {' '.join(words)}")
    mark(world, tool)
    return said["through"]


def with_broker_names(world):
    """A broker is at one address for who comes through the gateway, and at another one for who does not; columns are as wide
    as what stands in them, and brokers come in whatever order."""
    host = world.scene.host(1)
    rows = [(f"{host}:{FIRST_PORT + n - 1}", broker.address, f"BROKER{n}") for n, broker in world.kafka.brokers.items()]

    def plain(text):
        text = re.sub(r"[ \t]+", " ", text)
        for ours, theirs, name in rows:
            for address in (ours, theirs):
                text = text.replace(address, name).replace(address.replace(":", " "), name)
        return text
    return plain
