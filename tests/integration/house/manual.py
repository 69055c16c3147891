#!/usr/bin/env python3
"""tools/manual/ and README.md against the programs: every option, command, path, link and table; and what man and mandoc say of the pages."""
import html.parser
import os
import pathlib
import re
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
import manual  # noqa: E402
from haproxy_version import KNOWN  # noqa: E402

REPO = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BUILD", REPO / "build")).resolve()
MADE = BUILD / "docs"
README_MAX = 15 * 1024
HTML_MAX = 512 * 1024  # all of it is carried by each node
FAULTS = []
# What must be there for HAProxy to see the key.
NEEDS = {"sni": ["--tls", "passthrough"],
         "cert": ["--tls", "terminate", "--tls-certificate", "/etc/haproxy/kafka.pem", "--tls-client-auth", "required",
                  "--tls-client-ca", "/etc/haproxy/clients.pem"]}
# What looks like an option's name and is what several begin with, a file's, or a value.
OTHERS = re.compile(r"_?\.\.\.$|^haproxy\.cfg$|^(KAFKA|GATEWAY)_MANAGED$")


def check(condition, what):
    if not condition:
        FAULTS.append(what)


def call(*words, given=None, env=None):
    done = subprocess.run([str(w) for w in words], env=env or {"PATH": os.environ["PATH"]}, input=given, capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def sources():
    """{name: text} of all that people wrote."""
    texts = {f"tools/manual/{path.name}": path.read_text() for path in sorted((REPO / "tools" / "manual").glob("*.md"))}
    return {"README.md": (REPO / "README.md").read_text(), **texts}


SOURCES = sources()


# -- options ---------------------------------------------------------------------

def options():
    """[(environment, key, meaning, default)] of anyport --help."""
    rows = []
    for line in call(BUILD / "anyport", "--help")[1].split("\n"):
        found = re.match(r"  ([A-Z_<>*]+) +([a-z_]+[.][a-z_.]+) +(.*)$", line)
        if found:
            name, key, what = found.groups()
            default = re.search(r" \(([^()]*)\)$", what)
            rows.append((name, key, what[:default.start()] if default else what, default.group(1) if default else ""))
    return rows


def options_have_their_page():
    rows = options()
    check(len(rows) > 100, f"anyport --help names {len(rows)} options")
    page = (MADE / "texts/anyport.conf.5.md").read_text()
    for env, key, _, default in rows:
        entry = re.search(rf"^`(?:.*`)?{re.escape(key)}`.*\n: (.*)$", page, re.M)
        if not entry:
            FAULTS.append(f"anyport.conf(5) lacks {key}: `anyportctl man` writes it there from its row in gateway/config/options.c")
            continue
        told = entry.group(1).replace("\\", "")
        for what in (f"`{env}`", *([f"Default: {default}."] if default else [])):
            check(what in told, f"anyport.conf(5), {key}: no {what} in: {told}")
        check(re.search(r"(Reloads|Needs a restart)\.$", told), f"anyport.conf(5), {key}: does it reload? {told}")


def options_that_are_named_exist():
    rows = options()
    known = {key for _, key, _, _ in rows} | {env for env, _, _, _ in rows}
    groups = {key.rsplit(".", n)[0] for key in known for n in (1, 2) if "." in key}
    for name, text in SOURCES.items():
        if "migrating" in name:  # what stands on the left there is another gateway's
            text = re.sub(r"^\|[^|]*\|", "|", text, flags=re.M)
        for word in re.findall(r"`((?:kafka|gateway|haproxy)\.[a-z_.]+|(?:KAFKA|GATEWAY|HAPROXY)_[A-Z_]+)(?=[` =])", text):
            check(word in known or word in groups or OTHERS.search(word),
                  f"{name} names {word}, which is no option: see gateway/config/options.c and `anyport --help`")


# -- commands and paths --------------------------------------------------------------

def shown():
    """(where, command) of each command of ours that a text shows, in a block or within a line."""
    for name, text in SOURCES.items():
        for line in re.findall(r"^ {4,}(?:\$ )?((?:FRONTS=\S+ )?(?:anyport|anyportctl|tests/\S+|make) .*)$", text, re.M):
            yield name, re.sub(r" +#.*| \|.*", "", line)
        for line in re.findall(r"`((?:FRONTS=\"[^\"]*\" )?(?:anyport|anyportctl|make|tests/e2e/run|tests/bench/bench\.py)(?: [^`]*)?)`", text):
            yield name, line


def command_fault(words, commands, helped):
    """What is wrong with anyportctl's words; None: nothing, as far as names go."""
    names = [w for w in words[1:] if not w.startswith("-")]
    command = next((" ".join(names[:n]) for n in (3, 2, 1) if " ".join(names[:n]) in commands), None)
    if command is None:
        return None if not words[1:] or any(c.startswith(" ".join(names)) for c in commands) else "no such command"
    if command not in helped:
        helped[command] = call(BUILD / "anyportctl", *command.split(), "--help")[1]
    known = set(re.findall(r"^ {2}(-\w), |(--[a-z-]+)", helped[command], re.M))
    known = {option for pair in known for option in pair}
    typed = [w.split("=")[0] for w in words[1:] if re.match(r"--?[a-z]", w, re.I)]
    unknown = [w for w in typed if w not in known]
    return f"no option {', '.join(unknown)}" if unknown else None


def commands_that_are_shown_are_ours():
    listed = set(re.findall(r"^  ([a-z][a-z ]*[a-z])  ", call(BUILD / "anyportctl", "--help")[1], re.M))
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (REPO / "Makefile").read_text(), re.M))
    gateways = set(re.findall(r"(--?[a-z-]+)", call(BUILD / "anyport", "--help")[1].split("example:")[0]))
    scenarios = {path.stem for path in (REPO / "tests/e2e/scenarios").glob("*.py")}
    helped, seen = {}, 0
    for name, line in shown():
        try:
            words = [w for w in shlex.split(line.replace("…", "")) if "=" not in w.split("/")[0] or w.startswith("-")]
        except ValueError:
            continue  # a sentence
        seen += 1
        fault = None
        if words[0] == "anyportctl":
            fault = command_fault(words, listed, helped)
        elif words[0] == "make":
            fault = None if len(words) < 2 or words[1] in targets else f"there is no make {words[1]}"
        elif words[0] == "anyport":
            unknown = [w for w in words[1:] if w.startswith("-") and w not in gateways]
            fault = f"no option {unknown}" if unknown else None
        elif words[0] == "tests/e2e/run":
            at = next((n for n, w in enumerate(words) if w == "--mode"), None)
            unknown = [w for w in words[at + 2:] if w not in scenarios] if at else []
            fault = f"no scenario {unknown}" if unknown else None
        check(fault is None, f"{name}: `{line}`: {fault}")
    check(seen > 40, f"{seen} commands are shown")


def paths_and_links_lead_somewhere():
    for name, text in SOURCES.items():
        for path in re.findall(r"`((?:gateway|haproxy|tools|tests|examples)/[^` ]*)`", text):
            check((REPO / path).exists(), f"{name}: there is no {path}")
        folder = (REPO / name).parent
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            check((folder / target).exists() or (MADE / "texts" / target).exists(), f"{name} points to {target}, which is not there")
        for page, anchor in re.findall(r"\]\((?:tools/manual/)?([^)#:]*)\.md#([^)]*)\)", text):
            check(f'id="{anchor}"' in (MADE / "html" / page).read_text(), f"{name} points to {page}#{anchor}, which has no such heading")


# -- what README and pages claim -------------------------------------------------------

def its_configuration_is_good():
    lines = SOURCES["README.md"].split("\n")
    first = next(n for n, line in enumerate(lines) if line.strip().startswith("kafka: {"))
    block = []
    for line in lines[first:]:
        if line and not line.startswith("    "):
            break
        block.append(line)
    for text in ("\n".join(block), re.search(r"^# EXAMPLE\n\n((?:    .*\n|\n)+)", SOURCES["tools/manual/anyport.conf.5.md"], re.M).group(1)):
        conf = BUILD / "manual-test.conf"
        conf.write_text(text)
        status, _, errors = call(BUILD / "anyport", "-t", "-c", conf)
        check(status == 0 and errors == "", f"a configuration that is shown: anyport: {status}, {errors}")
        if "nodes" in text:
            status, _, errors = call(BUILD / "anyportctl", "haproxy", "generate", "-c", conf)
            check(status == 0 and errors == "", f"README.md's configuration: anyportctl: {status}, {errors}")
        conf.unlink()


def its_frame_decodes():
    found = re.search(r"^    \$ echo ([0-9a-f ]+) \| anyportctl decode --request\n((?:    .*\n)+)", SOURCES["README.md"], re.M)
    check(found is not None, "README.md: no example of anyportctl decode")
    if found:
        status, tree, _ = call(BUILD / "anyportctl", "decode", "--request", given=found.group(1))
        check(status == 0 and tree == re.sub("^    ", "", found.group(2), flags=re.M), f"README.md: its frame decodes to: {tree}")


def kinds_of_stickiness_exist():
    part = SOURCES["tools/manual/anyport-balancing.7.md"].split("\n# STICKINESS\n", 1)[1].split("\n# ", 1)[0]
    kinds = [line.strip("| ").split()[0] for line in part.split("\n") if line.startswith("| ")][1:]
    check(len(kinds) >= 7, f"anyport-balancing(7): kinds of stickiness: {kinds}")
    for kind in kinds:
        status, _, errors = call(BUILD / "anyportctl", "haproxy", "generate", "-c", REPO / "examples/plain/anyport.conf",
                                 "--stickiness", kind, *NEEDS.get(kind, []))
        check(status == 0, f"--stickiness {kind}: {errors}")


def untested(table):
    """Without the last column, which changes with every new test."""
    return [line.rsplit("|", 2)[0] for line in table.split("\n")]


def tables_are_those_of_the_tests():
    table = manual.table("anyport-haproxy.7", "tested: from tests/versions/table").split("\n", 1)[0]
    heads = [".".join(head.split(".")[:2]) for head in table.strip("| ").split(" | ")[1:]]
    check(heads == list(KNOWN), f"tested with {heads}, the tests know {KNOWN}: make check-versions, tests/versions/table --update")
    for name in ("bench: from tests/bench/figures", "latency: from tests/bench/figures", "histories: from tests/e2e/figures"):
        check(manual.table("anyport-figures.7", name) is not None, f"anyport-figures(7) has no place for {name}")
    status, text, errors = call(REPO / "tests/conformance/apis", env={**os.environ, "BUILD": str(BUILD)})
    check(status == 0 and untested(text) == untested(manual.table("anyport-routing.7", "apis: from tests/conformance/apis")),
          f"anyport-routing(7): its table of APIs is not today's, write it anew by `tests/conformance/apis --update`: {errors}")


def the_readme_is_short():
    size = len(SOURCES["README.md"].encode())
    check(size <= README_MAX, f"README.md has {size} bytes, more than {README_MAX}: what is only looked up belongs to a page in tools/manual/")


# -- the pages as they are made -----------------------------------------------------------

class Reader(html.parser.HTMLParser):
    """Finds elements that are not closed, and words that would be loaded from elsewhere."""
    def __init__(self):
        super().__init__()
        self.open, self.faults = [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href") and re.match(r"\w+:|//", value or "") and value != "data:," and tag != "a":
                self.faults.append(f"loads {value}")
        if tag not in ("meta", "link", "br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")


def man_shows(page):
    status, text, errors = call("man", "--warnings", "-E", "UTF-8", "-l", page, env={**os.environ, "MANWIDTH": "140", "MANPAGER": "cat"})
    errors = re.sub(r".*: (can't|cannot) (break|adjust) line\n", "", errors + "\n").strip()  # a long name in a cell
    check(status == 0 and errors == "" and len(text) > 300, f"{page.name}: man: {status} {errors}")


def pages_are_sound():
    pages = sorted((MADE / "man").iterdir())
    check(len(pages) > 20, f"pages: {pages}")
    _, said, errors = call("mandoc", "-Tlint", "-W", "warning", *pages)
    check(said + errors == "", f"mandoc: {said}{errors}")
    for page in pages:
        name = page.name
        first = page.read_text().split("\n.SH NAME\n", 1)[1].split("\n", 1)[0]
        check(re.match(rf"{re.escape(name[:-2])} \\?- \w", first), f"{name}: its NAME is {first}")
        if f"tools/manual/{name}.md" in SOURCES or name == "anyportctl-haproxy-generate.1":  # those of commands are all made alike
            man_shows(page)
        shown_html = (MADE / "html" / name).read_text()
        reader = Reader()
        reader.feed(shown_html)
        check(not reader.faults and reader.open == [], f"{name}, HTML: {reader.faults} {reader.open}")
        check(not re.search(r"<!-- |\]\(", page.read_text() + shown_html), f"{name}: Markdown that was not read")
    size = sum(page.stat().st_size for page in (MADE / "html").iterdir())
    check(size < HTML_MAX, f"the pages as HTML have {size} bytes")


for look in (options_have_their_page, options_that_are_named_exist, commands_that_are_shown_are_ours, paths_and_links_lead_somewhere,
             its_configuration_is_good, its_frame_decodes, kinds_of_stickiness_exist, tables_are_those_of_the_tests, the_readme_is_short,
             pages_are_sound):
    look()
print("\n".join(FAULTS))
sys.exit(1 if FAULTS else 0)
