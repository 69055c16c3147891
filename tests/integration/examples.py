#!/usr/bin/env python3
"""What people copy is right: every folder of examples/, and README.md's table of options.

`examples.py --update` writes the examples' haproxy.cfg and README.md's table anew.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", REPO / "build")).resolve()
HAPROXY = os.environ.get("HAPROXY", shutil.which("haproxy") or "/usr/sbin/haproxy")
README = REPO / "README.md"
TABLE = re.compile(r"(?<=<!-- options: from anyport --help -->\n)[^<]*(?=<!-- end -->)")


def call(*words, cwd=REPO):
    done = subprocess.run([str(w) for w in words], cwd=cwd, env={}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def generated(folder):
    status, text, errors = call(BUILD / "anyportctl", "haproxy", "generate", "-c", "anyport.conf", cwd=folder)
    return text if status == 0 else f"refused: {errors}"


def example_faults(folder):
    status, _, errors = call(BUILD / "anyport", "-t", "-c", "anyport.conf", cwd=folder)
    if status:
        yield f"anyport -t refuses it: {errors}"
    if generated(folder) != (folder / "haproxy.cfg").read_text():
        yield "haproxy.cfg is not what anyportctl writes: see --update"
    status, _, errors = call(HAPROXY, "-c", "-dW", "-f", "haproxy.cfg", cwd=folder)
    if status:
        yield f"HAProxy refuses it: {errors}"
    if not (folder / "README.md").read_text().startswith(f"# {folder.name}\n"):
        yield "README.md is not about it"


def option_rows():
    """What --help says, as a table; options that are not built have no default."""
    _, text, _ = call(BUILD / "anyport", "--help")
    rows = []
    for line in text.split("\n"):
        found = re.match(r"  ([A-Z_]+) +([a-z_.]+) +(.*)$", line)
        if found:
            name, key, what = found.groups()
            default = re.search(r" \(([^()]*)\)$", what)
            rows.append((name, key, what[:default.start()] if default else what, default.group(1) if default else ""))
    return rows


def table():
    lines = ["| in the file | in the environment | default | meaning |", "|---|---|---|---|"]
    for name, key, what, default in option_rows():
        lines.append(f"| `{key}` | `{name}` | {default} | {what} |")
    return "\n".join(lines) + "\n"


def readme_faults():
    text = README.read_text()
    found = TABLE.search(text)
    if len(option_rows()) < 20:
        yield "anyport --help names few options"
    if found is None or found.group(0) != table():
        yield "the table of options is not that of anyport --help: see --update"
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        if not (REPO / target).exists():
            yield f"it points to {target}, which is not there"
    for target in re.findall(r"make ([a-z][a-z-]+)", text):
        if not re.search(rf"^{target}:", (REPO / "Makefile").read_text(), re.M):
            yield f"there is no make {target}"


def update(folders):
    for folder in folders:
        (folder / "haproxy.cfg").write_text(generated(folder))
    README.write_text(TABLE.sub(lambda _: table(), README.read_text()))


def main():
    folders = sorted(p.parent for p in (REPO / "examples").glob("*/anyport.conf"))
    if "--update" in sys.argv[1:]:
        update(folders)
    faults = [f"{folder.name}: {fault}" for folder in folders for fault in example_faults(folder)]
    faults += [f"README.md: {fault}" for fault in readme_faults()]
    if len(folders) < 3:
        faults.append("examples are missing")
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


main()
