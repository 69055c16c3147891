"""JSON Web Tokens that are signed (RFC 7519, RS256), and the key set that a broker checks them by (RFC 7517).

    signer = Signer(folder)
    signer.keys                     # the file with the key set: sasl.oauthbearer.jwks.endpoint.url=file://…
    signer.token("alice")           # good for an hour
"""
import base64
import json
import subprocess
import time

AUDIENCE, ISSUER = "kafka", "https://anyport.test"
KEY_ID = "the-key"


def letters(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Signer:
    def __init__(self, folder, name="jwks"):
        self._key = folder / f"{name}.key"
        self.keys = folder / f"{name}.json"
        self._openssl("genrsa", "-out", self._key, "2048")
        modulus = bytes.fromhex(self._openssl("rsa", "-in", self._key, "-noout", "-modulus").decode().strip().partition("=")[2])
        self.keys.write_text(json.dumps({"keys": [{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, "e": "AQAB",
                                                   "n": letters(modulus)}]}))

    @staticmethod
    def _openssl(*words, said=None):
        return subprocess.run(["openssl", *words], input=said, check=True, capture_output=True).stdout

    def token(self, user, seconds=3600, **claims):
        now = int(time.time())
        said = {"sub": user, "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + seconds, **claims}
        text = ".".join(letters(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": KEY_ID}, said))
        return f"{text}.{letters(self._openssl('dgst', '-sha256', '-sign', self._key, said=text.encode()))}"
