"""A Kerberos realm on loopback: a KDC of MIT Kerberos, and principals with the keytabs by which Java logs in.

    realm = Realm(scene, {"haproxy.anyport.test": "127.1.2.3"}); realm.start()
    realm.keytab("eve", "eve")                       # a file with eve's key
    realm.java_options(is_client=True)               # what a JVM that lives in the realm is started with

A client asks for a ticket of the host that it has dialled, which is HAProxy: all brokers have the key of that host.  It
must have a name, which is known to the JVMs of clients only.
"""
import shutil
import subprocess

from process import Process, free_ports, wait_for

REALM = "ANYPORT.TEST"
PROGRAMS = {"krb5kdc": "krb5-kdc", "kdb5_util": "krb5-kdc", "kadmin.local": "krb5-admin-server"}
SERVICE = "kafka"
LIFE = "1h"  # of a ticket


def program(name):
    return shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")


def missing():
    """The Debian packages that a realm would need."""
    return sorted({package for name, package in PROGRAMS.items() if not program(name)})


class Realm:
    def __init__(self, scene, names):
        """names: hosts' addresses."""
        self.scene, self.names, self.folder = scene, names, scene.dir / "kerberos"
        self.folder.mkdir()
        self.host = scene.host(200)
        self.port = free_ports(self.host)
        self.file = self.folder / "krb5.conf"
        self.process = None

    def start(self):
        self._write()
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "of-the-database")
        self.process = self.scene.adopt(Process([program("krb5kdc"), "-n", "-r", REALM], self.folder / "out.log", env=self._env(),
                                                name="kdc", guard=self.scene.guard))
        log = self.folder / "kdc.log"
        wait_for(lambda: log.exists() and "commencing operation" in log.read_text(), 10, "the KDC runs")

    def _write(self):
        self.file.write_text(f"""[libdefaults]
    default_realm = {REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
    ticket_lifetime = {LIFE}
[realms]
    {REALM} = {{
        kdc = {self.host}:{self.port}
    }}
""")
        (self.folder / "kdc.conf").write_text(f"""[kdcdefaults]
    kdc_listen = {self.host}:{self.port}
    kdc_tcp_listen = {self.host}:{self.port}
[realms]
    {REALM} = {{
        database_name = {self.folder}/principals
        key_stash_file = {self.folder}/stash
        acl_file = {self.folder}/acl
        supported_enctypes = aes256-cts-hmac-sha1-96:normal
        max_life = {LIFE}
    }}
[logging]
    kdc = FILE:{self.folder}/kdc.log
""")
        (self.folder / "hosts").write_text("".join(f"{address} {name}\n" for name, address in self.names.items()))

    def _env(self):
        return {"KRB5_CONFIG": str(self.file), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

    def _run(self, name, *words):
        done = subprocess.run([program(name), *words], env=self._env(), capture_output=True, text=True, timeout=30, check=False)
        if done.returncode:
            raise RuntimeError(f"{name} {' '.join(words)}: {done.stdout}{done.stderr}")

    def keytab(self, name, *principals):
        """The path of a file with the keys of these, which are made."""
        path = self.folder / f"{name}.keytab"
        for principal in principals:
            self._run("kadmin.local", "-r", REALM, "add_principal", "-randkey", principal)
            self._run("kadmin.local", "-r", REALM, "ktadd", "-k", str(path), principal)
        return path

    def java_options(self, is_client=False):
        return [f"-Djava.security.krb5.conf={self.file}", *([f"-Djdk.net.hosts.file={self.folder / 'hosts'}"] if is_client else [])]

    @staticmethod
    def jaas(principal, keytab, is_server=False):
        return (f"com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true doNotPrompt=true "
                f'{"storeKey=true isInitiator=false" if is_server else "storeKey=true"} keyTab="{keytab}" principal="{principal}@{REALM}";')
