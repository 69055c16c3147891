#!/usr/bin/env python3
"""The checker of histories (tests/e2e/history.py): a good history has no violation, and each kind is found where it is planted."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
from history import KINDS, History, Reader, violations  # noqa: E402

# Two producers, of which t0 is transactional; a group of two, and a reader of what is committed.
GOOD = """
1 i0 acked a 0 0 i0/0/0
2 i0 acked a 1 0 i0/0/1
3 i0 acked a 0 1 i0/0/2
4 i0 failed a i0/0/3 timed out
5 i0 gave up: the first session ends
6 i0 acked a 0 3 i0/1/4
20 t0 acked b 0 0 t0/0/0/t0-0
21 t0 acked b 1 0 t0/0/1/t0-0
22 t0 transaction t0-0 committed
23 t0 acked b 0 2 t0/0/2/t0-1
24 t0 transaction t0-1 aborted
25 t0 acked b 0 4 t0/0/3/t0-2
26 t0 acked b 1 2 t0/0/4/t0-2
27 t0 transaction t0-2 unknown
28 t0 acked b 0 6 t0/1/5/t0-3
30 c0 assigned a 0
31 c0 assigned a 1
32 c0 read a 0 0 i0/0/0
33 c0 read a 0 1 i0/0/2
34 c0 read a 1 0 i0/0/1
35 c0 committed a 0 2
36 c0 read a 0 2 i0/0/3
37 c0 revoked a 0
38 c1 assigned a 0
39 c1 read a 0 2 i0/0/3
40 c1 read a 0 3 i0/1/4
41 c1 committed a 0 4
42 c0 committed a 1 1
50 r assigned b 0
51 r assigned b 1
52 r read b 0 0 t0/0/0/t0-0
53 r read b 1 0 t0/0/1/t0-0
54 r read b 0 4 t0/0/3/t0-2
55 r read b 1 2 t0/0/4/t0-2
90 log read a 0 0 i0/0/0
90 log read a 0 1 i0/0/2
90 log read a 0 2 i0/0/3
90 log read a 0 3 i0/1/4
90 log read a 1 0 i0/0/1
90 log read b 0 0 t0/0/0/t0-0
90 log read b 1 0 t0/0/1/t0-0
90 log read b 0 2 t0/0/2/t0-1
90 log read b 0 4 t0/0/3/t0-2
90 log read b 1 2 t0/0/4/t0-2
90 log read b 0 6 t0/1/5/t0-3
91 log~committed read b 0 0 t0/0/0/t0-0
91 log~committed read b 1 0 t0/0/1/t0-0
91 log~committed read b 0 4 t0/0/3/t0-2
91 log~committed read b 1 2 t0/0/4/t0-2
"""
READERS = [Reader("c0", "a", "g", False), Reader("c1", "a", "g", False), Reader("r", "b", None, True)]
OFFSETS = {("g", "a", 0): 4, ("g", "a", 1): 1}

# What is planted: the kind, a line of the good history, and what stands there instead (nothing: it is left out).
PLANTED = [
    ("lost", "90 log read a 0 3 i0/1/4", ""),
    ("lost", "90 log read a 0 3 i0/1/4", "90 log read a 0 4 i0/1/4"),  # it is there, but where nobody was told
    ("lost", "90 log read a 0 3 i0/1/4", "90 log read a 0 3 i0/1/5"),
    ("doubled", "90 log read a 1 0 i0/0/1", "90 log read a 1 0 i0/0/1\n90 log read a 1 1 i0/0/1"),
    ("doubled", "90 log read a 0 2 i0/0/3", "90 log read a 0 2 i0/0/3\n90 log read a 0 4 i0/0/3"),  # that nobody was told of
    ("doubled", "90 log read a 1 0 i0/0/1", "90 log read a 1 0 i0/0/1\n90 log read a 0 9 i0/0/1"),  # in another partition
    ("order", "90 log read a 0 2 i0/0/3", "90 log read a 0 9 i0/0/3\n90 log read a 0 8 i0/0/5"),
    ("unread", "34 c0 read a 1 0 i0/0/1", ""),
    ("unread", "40 c1 read a 0 3 i0/1/4", ""),
    ("unread", "53 r read b 1 0 t0/0/1/t0-0", ""),
    ("invented", "40 c1 read a 0 3 i0/1/4", "40 c1 read a 0 3 i0/1/4\n40 c1 read a 0 4 i0/1/5"),
    ("invented", "39 c1 read a 0 2 i0/0/3", "39 c1 read a 0 2 i0/0/7"),
    ("aborted", "54 r read b 0 4 t0/0/3/t0-2", "53 r read b 0 2 t0/0/2/t0-1\n54 r read b 0 4 t0/0/3/t0-2"),
    ("aborted", "55 r read b 1 2 t0/0/4/t0-2", "55 r read b 1 2 t0/0/4/t0-2\n55 r read b 0 6 t0/1/5/t0-3"),  # no end at all
    ("aborted", "91 log~committed read b 0 0 t0/0/0/t0-0",
     "91 log~committed read b 0 0 t0/0/0/t0-0\n91 log~committed read b 0 2 t0/0/2/t0-1"),
    ("torn", "55 r read b 1 2 t0/0/4/t0-2", ""),
    ("torn", "91 log~committed read b 1 2 t0/0/4/t0-2", ""),
    ("went back", "34 c0 read a 1 0 i0/0/1", "34 c0 read a 1 0 i0/0/1\n34 c0 read a 0 0 i0/0/0"),
    ("went back", "40 c1 read a 0 3 i0/1/4", "40 c1 read a 0 3 i0/1/4\n40 c1 read a 0 3 i0/1/4"),
    ("went back", "39 c1 read a 0 2 i0/0/3", "39 c1 read a 0 1 i0/0/2\n39 c1 read a 0 2 i0/0/3"),
    ("went back", "55 r read b 1 2 t0/0/4/t0-2", "55 r read b 1 2 t0/0/4/t0-2\n56 r read b 0 0 t0/0/0/t0-0"),
    ("forgotten", "42 c0 committed a 1 1", "42 c0 committed a 1 2"),
]


def found(text, offsets=None):
    history = History()
    for line in filter(None, text.split("\n")):
        time, who, what, *rest = line.split(" ")
        history.add("\t".join([time, who.replace("~", " "), what, *rest]) + "\n")
    return violations(history, READERS, OFFSETS if offsets is None else offsets), history


def main():
    faults = []
    good, history = found(GOOD)
    if good:
        faults.append(f"a good history: {good}")
    counts = {"acknowledged": 10, "failed": 1, "committed": 1, "aborted": 1, "unknown": 1, "read": 10}
    if history.counts() != counts:
        faults.append(f"it counts {history.counts()}")
    for kind, line, instead in PLANTED:
        if GOOD.count(f"\n{line}\n") != 1:
            faults.append(f"the good history has no \"{line}\"")
        kinds = {v.kind for v in found(GOOD.replace(f"\n{line}\n", f"\n{instead}\n"))[0]}
        if kind not in kinds:
            faults.append(f"{kind}: \"{line}\" as \"{instead}\": found {kinds or 'nothing'}")
    if "forgotten" not in {v.kind for v in found(GOOD, {("g", "a", 0): 3})[0]}:
        faults.append("an offset that has gone")
    missing = set(KINDS) - {kind for kind, _, _ in PLANTED}
    if missing:
        faults.append(f"nobody plants {missing}")
    many = "\n".join(f"60 i9 acked a 0 {n} i9/0/{n}" for n in range(1000, 2000))
    if len([v for v in found(GOOD + many)[0] if v.kind == "lost"]) != 1000:
        faults.append("each of many is counted")
    print("\n".join(faults) or f"PASS house/history ({len(PLANTED)} planted)")
    sys.exit(1 if faults else 0)


main()
