"""history.py - what clients did and saw, held against what Kafka promises.  Pure: lines in, violations out.

A history is lines of words with tabs between them, of many clients, in any order:

    TIME WHO acked       TOPIC PARTITION OFFSET KEY     a producer was told so; offset -1: not where
    TIME WHO failed      TOPIC KEY WHY                  the record may be in the log, or not
    TIME WHO transaction ID committed|aborted|unknown   unknown: a commit whose answer never came
    TIME WHO assigned    TOPIC PARTITION                a consumer reads it from now on
    TIME WHO revoked     TOPIC PARTITION
    TIME WHO read        TOPIC PARTITION OFFSET KEY
    TIME WHO committed   TOPIC PARTITION OFFSET         a group's offset, and the group was told so

TIME is in nanoseconds on one clock.  Keys are NAME/SESSION/NUMBER, with /TRANSACTION where there is one; a session is one
producer's life, its numbers rise.  Other words after WHO are remarks.  What the brokers say themselves in
the end, every topic read from its first record to its last, is the truth:

    TIME log TOPIC read ...         (WHO is "log"; or "log committed": what read_committed shows)

What is promised, and the name under which a breach is told:

    lost          an acknowledged record is in the log, where the acknowledgement said it is
    doubled       each record is there once at most
    order         a session's records lie in a partition in the order in which they were sent
    unread        each group and each reader has read all that it could: what was acknowledged and not aborted
    invented      what is read is in the log there
    aborted       read_committed shows nothing of what was not committed ...
    torn          ... and of a transaction everything or nothing
    went back     who reads a partition reads on: within an assignment offsets rise; a new one begins no earlier than
                  any offset that the group was told is committed before it began
    forgotten     the group's offset in the end is none that is lower than it was told

Tests: tests/integration/house/history.py, which plants each of them.
"""
import collections

__all__ = ["KINDS", "History", "Reader", "Violation", "violations"]

KINDS = ("lost", "doubled", "order", "unread", "invented", "aborted", "torn", "went back", "forgotten")
SHOWN = 5  # of each kind and place

Violation = collections.namedtuple("Violation", "kind text")
Read = collections.namedtuple("Read", "time partition offset key")
Reader = collections.namedtuple("Reader", "who topic group committed_only")  # group: None reads for itself


class Key(collections.namedtuple("Key", "session number transaction")):
    @staticmethod
    def of(text):
        name, session, number, *transaction = text.split("/")
        return Key(f"{name}/{session}", int(number), transaction[0] if transaction else None)


class History:
    def __init__(self):
        self.acked = collections.defaultdict(list)  # topic: [(partition, offset, key)]
        self.failed = 0
        self.outcome = {}  # transaction: committed, aborted, unknown
        self.steps = collections.defaultdict(list)  # (who, topic): [(time, what, partition, offset, key)]
        self.log = collections.defaultdict(dict)  # topic: {(partition, offset): key}
        self.log_committed = collections.defaultdict(dict)

    def add(self, line):
        time, who, what, *words = line.rstrip("\n").split("\t")
        if what == "acked":
            topic, partition, offset, key = words
            self.acked[topic].append((int(partition), int(offset), key))
        elif what == "failed":
            self.failed += 1
        elif what == "transaction":
            self.outcome[words[0]] = words[1]
        elif what == "read" and who.startswith("log"):
            topic, partition, offset, key = words
            (self.log if who == "log" else self.log_committed)[topic][int(partition), int(offset)] = key
        elif what in ("assigned", "revoked", "read", "committed"):
            topic, partition, *rest = words
            self.steps[who, topic].append((int(time), what, int(partition), int(rest[0]) if rest else None,
                                           rest[1] if len(rest) > 1 else None))

    def add_all(self, lines):
        for line in lines:
            self.add(line)

    def is_aborted(self, key):
        """Certainly: nobody ever asked for it to be committed, or it was told that it is aborted."""
        transaction = Key.of(key).transaction
        return transaction is not None and self.outcome.get(transaction, "aborted") == "aborted"

    def is_sure(self, key):
        """Certainly to be read by everybody."""
        transaction = Key.of(key).transaction
        return transaction is None or self.outcome.get(transaction) == "committed"

    def counts(self):
        outcomes = collections.Counter(self.outcome.values())
        return {"acknowledged": sum(map(len, self.acked.values())), "failed": self.failed,
                "committed": outcomes["committed"], "aborted": outcomes["aborted"], "unknown": outcomes["unknown"],
                "read": sum(step[1] == "read" for steps in self.steps.values() for step in steps)}


def violations(history, readers, final_offsets):
    """readers: [Reader]; final_offsets: {(group, topic, partition): offset} as the brokers have it."""
    found = []
    for topic in sorted(history.acked.keys() | history.log.keys()):
        found += in_log(history, topic)
    for what in all_reads(history, readers):
        found += what
    for reader in readers:
        found += goes_back(history, reader)
    found += between_assignments(history, readers)
    found += forgotten(history, readers, final_offsets)
    return found


def told(kind, where, items, text=str):
    """One violation an item, but only so many with a text of their own."""
    items = list(items)
    shown = [Violation(kind, f"{where}: {text(item)}") for item in items[:SHOWN]]
    return shown + [Violation(kind, f"{where}: and more")] * (len(items) - len(shown))


# --- the log


def in_log(history, topic):
    log = history.log[topic]
    anywhere = set(log.values())
    lost = [(p, at, key) for p, at, key in history.acked[topic]
            if (key not in anywhere if at < 0 else log.get((p, at)) != key)]
    found = told("lost", topic, lost, lambda one: f"{one[2]} was acknowledged as {one[0]}@{one[1]}, where "
                 f"{log.get(one[:2], 'nothing')} is")
    times = collections.Counter(log.values())
    found += told("doubled", topic, (key for key, n in times.items() if n > 1), lambda key: f"{key} is there {times[key]} times")
    return found + order(topic, log)


def order(topic, log):
    last, wrong = {}, []
    for (partition, offset), text in sorted(log.items()):
        key = Key.of(text)
        before = last.get((partition, key.session), -1)
        if key.number < before:
            wrong.append(f"{text} at {partition}@{offset} comes after number {before}")
        last[partition, key.session] = max(before, key.number)
    return told("order", topic, wrong)


# --- what was read


def read_by(history, whos, topic):
    """{(partition, offset): key}, and what was no longer the same the second time."""
    seen, changed = {}, []
    for who in whos:
        for _, what, partition, offset, key in history.steps[who, topic]:
            if what == "read" and seen.setdefault((partition, offset), key) != key:
                changed.append((partition, offset, key))
    return seen, changed


def parties(readers):
    """Who must have read everything: each group, and each who reads for himself."""
    found = collections.defaultdict(list)
    for reader in readers:
        found[reader.group or reader.who, reader.topic, reader.committed_only].append(reader.who)
    return found


def all_reads(history, readers):
    for (party, topic, committed_only), whos in parties(readers).items():
        seen, changed = read_by(history, whos, topic)
        yield invented(history, party, topic, seen, changed)
        yield unread(history, party, topic, seen)
        if committed_only:
            yield told("aborted", f"{party} of {topic}", (key for key in seen.values() if history.is_aborted(key)))
            yield torn(history, party, topic, seen)
    for topic, log in history.log_committed.items():
        yield told("aborted", f"the log of {topic}", (key for key in log.values() if history.is_aborted(key)))
        yield torn(history, "the log", topic, log)


def invented(history, party, topic, seen, changed):
    log = history.log[topic]
    wrong = changed + [(p, at, key) for (p, at), key in seen.items() if log.get((p, at)) != key]
    return told("invented", f"{party} of {topic}", wrong,
                lambda one: f"{one[2]} at {one[0]}@{one[1]}, where {log.get(one[:2], 'nothing')} is")


def unread(history, party, topic, seen):
    keys = set(seen.values())
    left = [key for _, _, key in history.acked[topic] if history.is_sure(key) and key not in keys]
    return told("unread", f"{party} of {topic}", left)


def torn(history, party, topic, seen):
    """Of each transaction all that was acknowledged, or nothing."""
    whole, part = collections.Counter(), collections.Counter()
    keys = set(seen.values())
    for _, _, text in history.acked[topic]:
        transaction = Key.of(text).transaction
        if transaction is not None:
            whole[transaction] += 1
            part[transaction] += text in keys
    wrong = (t for t, n in part.items() if 0 < n < whole[t])
    return told("torn", f"{party} of {topic}", wrong, lambda t: f"{part[t]} of {whole[t]} records of {t}")


# --- offsets


def goes_back(history, reader):
    at, wrong = {}, []
    for _, what, partition, offset, _ in history.steps[reader.who, reader.topic]:
        if what in ("assigned", "revoked"):
            at.pop(partition, None)
        elif what == "read":
            if offset <= at.get(partition, -1):
                wrong.append(f"{partition}@{offset} after {at[partition]}")
            at[partition] = offset
    return told("went back", f"{reader.who} of {reader.topic}", wrong)


def between_assignments(history, readers):
    """By the group's own clock: what was told as committed before an assignment began is not read again in it."""
    groups = collections.defaultdict(list)
    for reader in readers:
        if reader.group:
            groups[reader.group, reader.topic] += [(time, reader.who, *rest) for time, *rest in history.steps[reader.who, reader.topic]]
    found = []
    for (group, topic), steps in groups.items():
        committed, floor, wrong = {}, {}, []
        for _, who, what, partition, offset, _ in sorted(steps, key=lambda step: step[0]):
            if what == "committed":
                committed[partition] = max(offset, committed.get(partition, 0))
            elif what == "assigned":
                floor[who, partition] = committed.get(partition, 0)
            elif what == "read" and offset < floor.pop((who, partition), 0):
                wrong.append(f"{who} begins {partition} at {offset}, though {committed[partition]} was committed")
        found += told("went back", f"{group} of {topic}", wrong)
    return found


def forgotten(history, readers, final_offsets):
    highest = collections.Counter()
    for reader in readers:
        for _, what, partition, offset, _ in history.steps[reader.who, reader.topic] if reader.group else ():
            if what == "committed":
                place = reader.group, reader.topic, partition
                highest[place] = max(highest[place], offset)
    wrong = ((*place, at) for place, at in highest.items() if final_offsets.get(place, -1) < at)
    return told("forgotten", "offsets", wrong, lambda one: f"{one[0]} was told {one[3]} for {one[1]}-{one[2]}, which has "
                f"{final_offsets.get(one[:3], 'none')}")
