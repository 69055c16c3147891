"""Whom a certificate is for: the gateway's text beside that of Java's X500Principal, which Kafka's principals are made of."""
import subprocess

COUNT = 2000


def check(program, java_class_path, seed):
    """(how many, [what is wrong])"""
    number = sum(seed.encode())
    made = [line.split("\t") for line in subprocess.run([program, str(number), str(COUNT)], check=True, capture_output=True,
                                                        text=True).stdout.splitlines()]
    told = subprocess.run(["java", "-cp", java_class_path, "Names"], input="".join(f"{der}\n" for der, _ in made), check=True,
                          capture_output=True, text=True).stdout.splitlines()
    pairs = [(der, ours, java) for (der, ours), java in zip(made, told, strict=True) if java != "refused"]
    problems = [f"{der}: {bytes.fromhex(ours)!r}, and Java says {bytes.fromhex(java)!r}" for der, ours, java in pairs
                if ours != java]
    return len(pairs), problems
