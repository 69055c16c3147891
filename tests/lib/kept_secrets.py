"""kept_secrets.py - what a test used as a secret stands in nothing that a node or a tool has told.

    kept = KeptSecrets()
    kept.add("KAFKA_SASL_PASSWORD", "gw-secret")   # and with add_env(), add_config() what a node is given
    kept.look("n1's log", text)                    # remembers where one was found
    kept.check()                                   # AssertionError: which, and where; never the secret itself

A secret is found as it is, in base64 wherever it begins in what was encoded, in hex, and as a URL has it.  What is a secret
whatever it says is found by its look: a JSON Web Token, a private key, a proof of SCRAM, the HMAC of a delegation token.
A Scene has one and looks at all of its nodes' logs and pages.  Tests: tests/integration/house/kept_secrets.py
"""
import base64
import pathlib
import re
import urllib.parse

__all__ = ["KeptSecrets"]

LEAST = 6  # a shorter one may stand anywhere
VARIABLE = re.compile(r"_(PASSWORD|SECRET|TOKEN|JAAS_CONFIG)(_FILE)?$")
OPTION = re.compile(r'\b\w*(?:password|secret|token|jaas_config)\s*[=:]\s*"((?:[^"\\]|\\.)*)"')
QUOTED = re.compile(r'password="([^"]*)"')
LOOKS = {
    "a JSON Web Token": re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\."),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a proof of SCRAM": re.compile(r"\bp=[A-Za-z0-9+/]{43}="),
    "an HMAC of 64 bytes": re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}=="),
}


def in_base64(secret):
    """The letters that are the same whatever stands before and behind it, for each place that it may begin at."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret)
        first = (before * 8 + 5) // 6
        last = (before + len(secret)) * 8 // 6
        yield whole[first:last].decode()


def forms_of(secret):
    data = secret.encode()
    encoded = list(in_base64(data))
    return {secret, data.hex(), urllib.parse.quote(secret, safe=""), *encoded, *(e.translate(str.maketrans("+/", "-_")) for e in encoded)}


class KeptSecrets:
    def __init__(self):
        self._forms, self._found = {}, []

    def add(self, name, secret):
        if len(secret) >= LEAST:
            self._forms.update({form: name for form in forms_of(secret)})

    def add_env(self, env):
        """Variables of a node."""
        for name, value in env.items():
            match = VARIABLE.search(name)
            if not match:
                continue
            path = pathlib.Path(str(value))
            value = path.read_text(errors="replace").strip() if match[2] and path.is_file() else "" if match[2] else str(value)
            for secret in QUOTED.findall(value) if match[1] == "JAAS_CONFIG" else [value]:
                self.add(name, secret)

    def add_config(self, text):
        """A node's configuration file."""
        for secret in OPTION.findall(text):
            self.add("the configuration file", secret)

    def __bool__(self):
        return bool(self._forms)

    def look(self, where, text):
        for number, line in enumerate(text.splitlines(), 1):
            for form, name in self._forms.items():
                if form in line:
                    self._found.append(f"{where}, line {number}: {name}, behind {line[:line.index(form)][-60:]!r}")
            for name, look in LOOKS.items():
                match = look.search(line)
                if match:
                    self._found.append(f"{where}, line {number}: {name}, behind {line[:match.start()][-60:]!r}")

    def check(self):
        if self._found:
            found, self._found = self._found, []
            raise AssertionError("secrets are told: " + "; ".join(found[:10]))
