#!/usr/bin/env python3
"""The look for secrets that every scene makes at its end fails when one is told, in whatever form, and only then."""
import base64
import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import Scene, check, check_equal, run  # noqa: E402
from kept_secrets import KeptSecrets  # noqa: E402

SECRET = "s3cret+of/the=node"
TOLD = {
    "as it is": SECRET,
    "in a login by PLAIN": base64.b64encode(f"\0me\0{SECRET}".encode()).decode(),
    "in base64 for URLs": base64.urlsafe_b64encode(f"a{SECRET}".encode()).decode(),
    "in hex": SECRET.encode().hex(),
    "in a URL": urllib.parse.quote(SECRET, safe=""),
}
LOOKS = {
    "a token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.",
    "a key": "-----BEGIN EC PRIVATE KEY-----",
    "a proof": "c=biws,r=abc,p=" + "A" * 43 + "=",
    "an HMAC": "hmac=" + base64.b64encode(bytes(range(64))).decode(),
}
NOT_TOLD = ["level=info user=me mechanism=SCRAM-SHA-256", "p=1", SECRET[:-1], "sha256/" + "A" * 43 + "=", "A" * 200]


def finds(kept, text):
    kept.look("a log", f"before\n{text}\nbehind")
    try:
        kept.check()
    except AssertionError as error:
        check(SECRET not in str(error), f"it tells the secret itself: {error}")
        check("line 2" in str(error), str(error))
        return True
    return False


def check_forms(scene):
    kept = KeptSecrets()
    kept.add("the password", SECRET)
    for what, text in {**TOLD, **LOOKS}.items():
        check(finds(kept, f"who=x err=\"{text}\""), what)
    check_equal([text for text in NOT_TOLD if finds(kept, text)], [], "what is no secret")
    path = scene.file("password", f"{SECRET}\n")
    for env in ({"KAFKA_SASL_PASSWORD": SECRET}, {"KAFKA_SASL_PASSWORD_FILE": path},
                {"KAFKA_SASL_JAAS_CONFIG": f'x.PlainLoginModule required username="me" password="{SECRET}";'}):
        kept = KeptSecrets()
        kept.add_env(env)
        check(finds(kept, SECRET), f"of {list(env)}")
    kept = KeptSecrets()
    kept.add_config(f'gateway: {{ http_token = "{SECRET}"; }};')
    check(finds(kept, SECRET), "of a configuration file")


def ends(outer, says):
    """Whether a scene ends well in which a node says that."""
    program = outer.file("says", f"#!/bin/sh\necho {says}\nexec sleep 60\n")
    program.chmod(0o755)
    try:
        with Scene() as scene:
            node = scene.node("x:1", ready=False, program=program, env={"KAFKA_SASL_PASSWORD": SECRET})
            while "\n" not in node.process.log():
                check(node.process.alive(), "it has ended")
    except AssertionError as error:
        check("secrets are told" in str(error) and "n1" in str(error), str(error))
        return False
    return True


def check_pages(outer):
    """A node that shows its secret to whoever asks by HTTP alone."""
    server = outer.file("server.py", "import http.server, os\n"
                        "class H(http.server.BaseHTTPRequestHandler):\n"
                        "    def do_GET(self):\n"
                        "        self.send_response(200)\n"
                        "        self.end_headers()\n"
                        "        self.wfile.write(os.environ['KAFKA_SASL_PASSWORD'].encode())\n"
                        "    def log_message(self, *_):\n"
                        "        pass\n"
                        "http.server.HTTPServer((os.environ['GATEWAY_HTTP_HOST'], 8888), H).serve_forever()\n")
    program = outer.file("serves", f"#!/bin/sh\nexec {sys.executable} {server}\n")
    program.chmod(0o755)
    try:
        with Scene() as scene:
            scene.node("x:1", program=program, env={"KAFKA_SASL_PASSWORD": SECRET})
    except AssertionError as error:
        check("/v1/config" in str(error) and "/metrics" in str(error), str(error))
        return
    raise AssertionError("nobody has seen it on the pages")


def test(scene):
    check_forms(scene)
    check(ends(scene, "level=info event=ready"), "a node that keeps its secrets")
    for text in (TOLD["in a login by PLAIN"], LOOKS["a token"]):
        check(not ends(scene, f"'{text}'"), f"a node tells it: {text}")
    check_pages(scene)


if __name__ == "__main__":
    run(test)
