"""promql.py - enough of PromQL to know which metrics and labels an expression uses, and that it is one.

    for use in uses('sum by (api) (rate(anyport_requests_total{job="x"}[5m])) > 1'):
        use.metric, use.selected, use.grouped

Expressions with arithmetic, comparison and set operators, functions, aggregations and ranges; no subqueries.
"""
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<name>[a-zA-Z_:][\w:]*) | (?P<number>\d+(?:\.\d+)?) | (?P<text>"(?:[^"\\]|\\.)*") |
    (?P<range>\[(?:\d+(?:ms|[smhdwy])|\$__rate_interval)\]) | (?P<sign>=~|!~|==|!=|<=|>=|[-+*/%^<>={}(),])
    )""", re.X)
FUNCTIONS = {"rate": 1, "increase": 1, "histogram_quantile": 2, "clamp_min": 2, "absent": 1, "time": 0}
NEED_RANGE = {"rate", "increase"}
AGGREGATIONS = {"sum", "min", "max", "avg", "count"}
OPERATORS = {"+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">=", "and", "or", "unless"}


class PromqlError(Exception):
    pass


class Use:
    """A metric: its selectors as (label, operator, value), and the labels by which it is grouped."""

    def __init__(self, metric, selected):
        self.metric, self.selected, self.grouped = metric, selected, set()


def _tokens(text):
    at, found = 0, []
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            raise PromqlError(f"{text!r}: not understood from {text[at:]!r} on")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, text):
        self.text, self.tokens, self.at, self.uses = text, _tokens(text), 0, []

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else (None, None)

    def take(self, expected=None, kind=None):
        have_kind, value = self.peek()
        if value is None or (expected and value != expected) or (kind and have_kind != kind):
            raise PromqlError(f"{self.text!r}: {expected or kind or 'more'} expected, not {value!r}")
        self.at += 1
        return value

    def expression(self):
        """Whether it is a range."""
        is_range = self.operand()
        while self.peek()[1] in OPERATORS:
            self.take()
            if is_range or self.operand():
                raise PromqlError(f"{self.text!r}: a range can't be reckoned with")
        return is_range

    def operand(self):
        kind, value = self.peek()
        if value == "(":
            self.take()
            is_range = self.expression()
            self.take(")")
            return is_range
        if kind == "number":
            self.take()
            return False
        name = self.take(kind="name")
        if name in AGGREGATIONS:
            return self.aggregation()
        if self.peek()[1] == "(":
            return self.call(name)
        return self.metric(name)

    def aggregation(self):
        first, labels = len(self.uses), []
        if self.peek()[1] == "by":
            self.take()
            labels = self.labels()
        self.take("(")
        if self.expression():
            raise PromqlError(f"{self.text!r}: a range is aggregated")
        self.take(")")
        for use in self.uses[first:]:
            use.grouped.update(labels)
        return False

    def labels(self):
        self.take("(")
        found = [self.take(kind="name")]
        while self.peek()[1] == ",":
            self.take()
            found.append(self.take(kind="name"))
        self.take(")")
        return found

    def call(self, name):
        if name not in FUNCTIONS:
            raise PromqlError(f"{self.text!r}: function {name} is not known here")
        self.take("(")
        ranges = [self.expression()] if self.peek()[1] != ")" else []
        while self.peek()[1] == ",":
            self.take()
            ranges.append(self.expression())
        self.take(")")
        if len(ranges) != FUNCTIONS[name] or (name in NEED_RANGE) != any(ranges):
            raise PromqlError(f"{self.text!r}: arguments of {name}")
        return False

    def metric(self, name):
        selected = []
        if self.peek()[1] == "{":
            self.take()
            while self.peek()[1] != "}":
                label, operator = self.take(kind="name"), self.take(kind="sign")
                if operator not in ("=", "!=", "=~", "!~"):
                    raise PromqlError(f"{self.text!r}: {operator} in a selector")
                selected.append((label, operator, self.take(kind="text")[1:-1]))
                if self.peek()[1] == ",":
                    self.take()
            self.take()
        self.uses.append(Use(name, selected))
        if self.peek()[0] != "range":
            return False
        self.take()
        return True


def uses(text):
    """Every metric of the expression; PromqlError: it is none."""
    parser = _Parser(text)
    if parser.expression():
        raise PromqlError(f"{text!r}: a range is no answer")
    if parser.peek()[1] is not None:
        raise PromqlError(f"{text!r}: {parser.peek()[1]!r} is left over")
    return parser.uses
