"""manual.py - the manual's tables that tests write: between a line that names the writer and `<!-- end -->`."""
import pathlib
import re
import sys

DOCS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "manual"


def place_of(name):
    return re.compile(rf"(?<=<!-- {re.escape(name)} -->\n)[^<]*(?=<!-- end -->)")


def update(page, name, text):
    """Puts the text under `<!-- NAME -->` in tools/manual/PAGE.md."""
    path = DOCS / f"{page}.md"
    old = path.read_text()
    if not place_of(name).search(old):
        sys.exit(f"tools/manual/{page}.md has no place for {name}")
    path.write_text(place_of(name).sub(lambda _: text, old))


def table(page, name):
    """What stands there; None: no such place."""
    found = place_of(name).search((DOCS / f"{page}.md").read_text())
    return found and found.group(0)
