"""Whom a certificate is for: the gateway's text beside that of Java's X500Principal, which Kafka's principals are made of."""
import subprocess

COUNT = 2000
BMP, OF_BYTES = 0x1e, (0x13, 0x14, 0x16, 0x1b)  # tags: PrintableString, T61String, IA5String, GeneralString
CONSTRUCTED = 0x20
PROBE = "300d310b300906035504031e020061"  # CN=a, as a BMPString


def values(der):
    """(tag, bytes) of all that is not made of others."""
    while der:
        tag, n, at = der[0], der[1], 2
        if n >= 0x80:
            at += n - 0x80
            n = int.from_bytes(der[2:at])
        yield from values(der[at:at + n]) if tag & CONSTRUCTED else [(tag, der[at:at + n])]
        der = der[at + n:]


def is_read_alike(der):
    """By any Java: older ones (17.0.15) take the bytes of all kinds of text for UTF-8, newer ones (21.0.13) go by the kind."""
    return not any(tag == BMP or (tag in OF_BYTES and not value.isascii()) for tag, value in values(bytes.fromhex(der)))


def read_by_java(java_class_path, names):
    return subprocess.run(["java", "-cp", java_class_path, "Names"], input="".join(f"{der}\n" for der in names), check=True,
                          capture_output=True, text=True).stdout.splitlines()


def check(program, java_class_path, seed):
    """(how many, [what is wrong]); without the names that this Java reads otherwise than older ones, as the gateway does."""
    number = sum(seed.encode())
    made = [line.split("\t") for line in subprocess.run([program, str(number), str(COUNT)], check=True, capture_output=True,
                                                        text=True).stdout.splitlines()]
    goes_by_kind, *told = read_by_java(java_class_path, [PROBE, *(der for der, _ in made)])
    is_newer = bytes.fromhex(goes_by_kind) == b"CN=a"
    pairs = [(der, ours, java) for (der, ours), java in zip(made, told, strict=True)
             if java != "refused" and not (is_newer and not is_read_alike(der))]
    if len(pairs) < COUNT / 4:
        raise ValueError(f"Java took only {len(pairs)} of {COUNT} names")
    problems = [f"{der}: {bytes.fromhex(ours)!r}, and Java says {bytes.fromhex(java)!r}" for der, ours, java in pairs
                if ours != java]
    return len(pairs), problems
