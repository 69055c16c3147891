"""readme.py - README.md's tables that tests write: between a line that names the writer and `<!-- end -->`."""
import pathlib
import re
import sys

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def update(name, text):
    """Puts the text under `<!-- NAME -->`."""
    place = re.compile(rf"(?<=<!-- {re.escape(name)} -->\n)[^<]*(?=<!-- end -->)")
    old = README.read_text()
    if not place.search(old):
        sys.exit(f"README.md has no place for {name}")
    README.write_text(place.sub(lambda _: text, old))
