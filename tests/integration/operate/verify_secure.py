#!/usr/bin/env python3
"""anyportctl verify logs in and talks TLS as its properties say, by the names that kcat and Java have for them."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib" / "haproxy"))
from asking_cluster import AskingCluster  # noqa: E402
from certs import Certs  # noqa: E402
from cluster import check, check_equal, run  # noqa: E402
from pair import run_ctl  # noqa: E402

USAGE = 2


def verify(kafka, *words):
    return run_ctl("verify", kafka.bootstrap.split(",")[0], "-n", "3", *words)


def properties(**named):
    return [word for name, value in named.items() for word in ("-X", f"{name.replace('_', '.')}={value}")]


def check_good(kafka, what, *words):
    del kafka.logins[:]
    status, out, errors = verify(kafka, *words)
    check(status == 0 and "nothing is wrong" in out, f"{what}: {status} {out} {errors}")
    check({number for number, who, _, good in kafka.logins if who == "me" and good} == {1, 2, 3}, f"{what}: logged in at all")


def check_bad(kafka, what, words, status, says):
    got, out, errors = verify(kafka, *words)
    check_equal(got, status, f"{what}: exit status of {out} {errors}")
    check(says in out + errors, f"{what}: says {says!r}: {out} {errors}")
    check("my-secret" not in out + errors, f"{what}: shows the password")


def test(scene):
    kafka = AskingCluster(scene, 3, {"t": 6}, passwords={"me": "my-secret"})
    plain = properties(security_protocol="SASL_PLAINTEXT", sasl_mechanism="PLAIN", sasl_username="me")
    check_good(kafka, "kcat's names", *plain, "-X", "sasl.password=my-secret")
    check_good(kafka, "librdkafka's", *properties(security_protocol="SASL_PLAINTEXT", sasl_mechanisms="PLAIN",
                                                  sasl_username="me", sasl_password="my-secret"))
    path = scene.dir / "client.properties"
    path.write_text("# as for Java's tools\ngroup.id=mine\nsecurity.protocol = SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
                    "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"me\" "
                    "password=\"my-secret\";\n")
    check_good(kafka, "Java's file", "-F", str(path))
    check_bad(kafka, "nobody", [], 1, "closed")
    check_bad(kafka, "a wrong password", [*plain, "-X", "sasl.password=other"], 1,
              "Authentication failed: Invalid username or password")
    check_bad(kafka, "no password", plain, USAGE, "sasl.password")
    check_bad(kafka, "a mechanism that they do not have", [*plain[:2], *properties(
        sasl_mechanism="SCRAM-SHA-512", sasl_username="me", sasl_password="my-secret")], 1, "it has PLAIN,OAUTHBEARER")
    check_bad(kafka, "an unknown property", ["-X", "sasl.kerberos.service.name=kafka"], USAGE, "sasl.kerberos.service.name")
    check_bad(kafka, "a broken one", ["-X", "security.protocol"], USAGE, "NAME=VALUE")
    check_bad(kafka, "a strange protocol", ["-X", "security.protocol=TLS"], USAGE, "SASL_SSL")
    check_bad(kafka, "no file", ["-F", "/nowhere"], USAGE, "/nowhere")

    folder = scene.dir / "certs"
    folder.mkdir()
    certs = Certs(folder)
    for number, host in kafka.hosts.items():
        certs.issue(f"b{number}", sans=f"IP:{host}")
        kafka.tls[number] = certs.server(f"b{number}")
    secure = [*properties(security_protocol="SASL_SSL", sasl_mechanism="PLAIN", sasl_username="me", sasl_password="my-secret")]
    check_good(kafka, "TLS", *secure, "-X", f"ssl.ca.location={certs.authority}")
    check_bad(kafka, "TLS of strangers", secure, 1, "not trusted")
    check_bad(kafka, "no such file", [*secure, "-X", "ssl.ca.location=/nowhere"], USAGE, "/nowhere")


if __name__ == "__main__":
    run(test)
