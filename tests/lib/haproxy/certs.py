"""certs.py - certificates for a test, made with openssl.

    certs = Certs(folder)                # an authority: folder/ca.pem
    certs.issue("kafka")                 # folder/kafka.pem, certificate and key in one file

A haproxy.cfg of a golden file names them in FOLDER, a node's configuration in NODE_FOLDER; certs.at(text) has them where
they are.
"""
import pathlib
import ssl
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from process import wait_for  # noqa: E402

FOLDER, NODE_FOLDER = "/etc/haproxy/tls", "/etc/anyport/tls"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


class Certs:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._openssl("req", "-x509", *KEY, "-days", "2", "-subj", "/CN=ca", "-addext", "keyUsage=critical,keyCertSign",
                      "-keyout", "ca.key", "-out", "ca.pem")

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, subject=None, sans=None, days=2):
        """The path of NAME.pem; the subject may be another name, and it may be for others: "DNS:a,IP:10.0.0.1"."""
        subject = subject or name
        (self.folder / "names").write_text(f"subjectAltName={sans or f'DNS:{subject}'}\n")
        self._openssl("req", *KEY, "-subj", f"/CN={subject}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days),
                      "-extfile", "names", "-out", f"{name}.crt")
        path = self.folder / f"{name}.pem"
        path.write_text((self.folder / f"{name}.crt").read_text() + (self.folder / f"{name}.key").read_text())
        return path

    def issue_past(self, name, subject=None, sans=None):
        """The same of one that has run out: its end is its beginning, for openssl makes none of yesterday everywhere."""
        path = self.issue(name, subject, sans, days=0)
        wait_for(lambda: subprocess.run(["openssl", "x509", "-in", path, "-noout", "-checkend", "0"], capture_output=True,
                                        check=False).returncode, 5, "the certificate has run out")
        return path

    @property
    def authority(self):
        return self.folder / "ca.pem"

    def client(self, name=None):
        """How a client speaks TLS; with a certificate of that name, if one is given."""
        context = ssl.create_default_context(cafile=self.authority)
        context.check_hostname = False  # what clients check is not what is tested
        if name:
            context.load_cert_chain(self.folder / f"{name}.pem" if (self.folder / f"{name}.pem").exists() else self.issue(name))
        return context

    def server(self, name, asks=False):
        """How a server speaks TLS that has this certificate; asks: clients must show one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem")
        if asks:
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def at(self, text):
        return text.replace(FOLDER, str(self.folder)).replace(NODE_FOLDER, str(self.folder))


class GoldenCerts(Certs):
    """Those that golden files and examples name."""

    def __init__(self, folder):
        super().__init__(folder)
        for name in ("kafka", "haproxy"):
            self.issue(name)
        self.issue("node", sans="DNS:kafka.example.com,DNS:gw.example.com")
