#!/usr/bin/env python3
"""anyportctl decode: every golden frame of tests/golden/kafka, as hex and as bytes, and what it refuses."""
import os
import pathlib
import subprocess
import sys

REPO = pathlib.Path(__file__).resolve().parents[3]
ANYPORTCTL = pathlib.Path(os.environ.get("BUILD", REPO / "build")).resolve() / "anyportctl"
FAULTS = []


def decode(words, given):
    done = subprocess.run([ANYPORTCTL, "decode", *words], input=given, capture_output=True, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def check(condition, what):
    if not condition:
        FAULTS.append(what)


def goldens():
    for path in sorted((REPO / "tests/golden/kafka").glob("*.txt")):
        head, tree = path.read_text().split("\n---\n", 1)
        lines = [line for line in head.split("\n") if not line.startswith("#")]
        kind, *words = lines[0].split()
        yield path.stem, [f"--{kind}", *words], "\n".join(lines[1:]), tree


def golden_frames():
    cases = list(goldens())
    check(len(cases) >= 10, "the golden frames are there")
    for name, words, hex_digits, tree in cases:
        status = 1 if "\n! " in tree else 0
        for given in (hex_digits.encode(), hex_digits.upper().encode(), bytes.fromhex("".join(hex_digits.split()))):
            check(decode(words, given) == (status, tree, ""), f"{name}: {decode(words, given)}")


def names_and_numbers():
    frame = next(case for case in goldens() if case[0] == "metadata_answer_9")
    by_name = decode(["--answer", "metadata", "9"], frame[2].encode())
    check(by_name == (0, frame[3], ""), f"by name: {by_name}")


def refusals():
    for words, part in ((["--answer", "Nosuch", "1"], "Nosuch"), (["--answer", "3", "99"], "Metadata has versions"),
                        (["--answer", "3", "x"], "not \"x\""), (["--answer", "-1", "0"], "See anyportctl decode"), (["--answer", "3"], "See anyportctl decode"),
                        (["--request", "3"], "See anyportctl decode"), ([], "See anyportctl decode"), (["-r", "-a", "3", "9"], "See anyportctl decode")):
        status, out, errors = decode(words, b"")
        check(status == 2 and out == "" and part in errors, f"{words}: {status}, {out!r}, {errors!r}")
    for given in (b"", b"zz", bytes(3), b"00000010 0003 0009 00000007 0000 00 00 01 00 00"):
        status, out, errors = decode(["--request"], given)
        check(status == 1 and out.startswith("! ") and errors == "", f"{given}: {status}, {out!r}, {errors!r}")
    status, out, errors = decode(["--request"], b"0000001")
    check(status == 1 and out == "" and "odd number" in errors, f"odd: {status}, {out!r}, {errors!r}")


golden_frames()
names_and_numbers()
refusals()
print("\n".join(FAULTS))
sys.exit(1 if FAULTS else 0)
