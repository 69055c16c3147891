"""browser.py - a headless Chromium, spoken to through two pipes (DevTools protocol).

    with Browser(scene) as page:
        page.open(node.http + "/")
        page.wait("document.title.includes('ready')", 10)
"""
import json
import os
import select
import subprocess
import time

from process import PATIENCE


class Browser:
    def __init__(self, scene):
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()

        def before():
            scene.guard.entering("process")
            # 3 and 4 is where it looks; the pair may overlap them, so by way of others
            a, b = os.dup(to_read), os.dup(to_write)
            high_a, high_b = os.dup2(a, 100), os.dup2(b, 101)
            os.dup2(high_a, 3)
            os.dup2(high_b, 4)

        self._log = open(scene.dir / "chromium.log", "wb")  # pylint: disable=consider-using-with
        self._process = subprocess.Popen(  # pylint: disable=subprocess-popen-preexec-fn,consider-using-with
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--no-proxy-server",
             f"--user-data-dir={scene.dir / 'chromium'}", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=before, close_fds=False, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        os.close(to_read)
        os.close(to_write)
        self._buffer, self._number, self._session = b"", 0, None
        self.events = []

    def __enter__(self):
        targets = self.call("Target.getTargets", seconds=30)["targetInfos"]
        page = next(t for t in targets if t["type"] == "page")
        self._session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)
        os.close(self._write)
        self._log.close()

    def _receive(self, deadline):
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._read], [], [], left)[0]:
                raise AssertionError("the browser does not answer")
            piece = os.read(self._read, 1 << 20)
            if not piece:
                raise AssertionError("the browser has gone")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, seconds=10, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + seconds * PATIENCE
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'", 15)

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression, seconds):
        deadline = time.monotonic() + seconds * PATIENCE
        while not self.value(expression):
            if time.monotonic() > deadline:
                raise AssertionError(f"not in {seconds} s: {expression}; the page says: "
                                     f"{self.value('document.body.innerText')}")
            time.sleep(0.05)

    def complaints(self):
        """What the page's scripts and the browser complained of."""
        self.value("1")
        return [e["params"] for e in self.events
                if e["method"] == "Runtime.exceptionThrown"
                or (e["method"] == "Log.entryAdded" and e["params"]["entry"]["level"] == "error")]

    def requested(self):
        return [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
