"""Whom a certificate's name stands for: random rules and names, the gateway's principal beside that of Kafka's SslPrincipalMapper.

The gateway may refuse rules that Kafka takes, and may leave a name to nobody where it can't tell; what it does say must be the same,
and most of what is made here it must say."""
import random
import subprocess

COUNT = 3000
PARTS = ["CN=adminUser", "CN=a.b", "CN=J\u00fcrgen", "OU=ServiceUsers", "OU=team a", "O=x\\, y", "O=\u20ac", "L=", "C=DE", "ST=Z\u00dcRICH",
         "2.5.4.5=#13023432", "CN=\u212a", "OU=a\\=b", "CN=stra\u00dfe", "DC=\U0001f600"]
ATOMS = ["a", "CN=", "OU=", ",", ".", ".*?", ".*", "(.*?)", "(.*)", "([a-zA-Z0-9.]*)", "[^,]", "[^,=]+", "(\\w+)", "\\d", "\\s?", "\\W",
         "\\.", "\\=", "(?:CN|OU)=", "(a|b)*", "(a?)*", "(?=C)", "(?!O)", "(?<=N)=", "x{0,2}", "[\\w.-]*+", "\\/", "(a)|(b)", "(?>.+)", "()",
         "|", "#", "\\x41", "(?i)cn", "(?i:ou)", "\\\\", "(,.*)?", "}", "]", "(?s).", "\\Z", "\\A"]
ODD = ["(?<n>\\w)", "\u00fc", "\\1", "[\\u00fc]", "\\b", "[a-z&&[b]]", "a{", "\\p{L}", "++", "\\Q.\\E", "[]a]", "(?x) a", "\\R", "(?U)a"]
WHOLE = ["^CN=(.*?),OU=ServiceUsers.*$", "^CN=(.*?),OU=(.*?),.*$", "^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$", "CN=(.*)", "(?i)^cn=([^,]+).*$", ".*", "(.*?)",
         "^(?:[^,]*,)*?CN=([^,]+)(?:,.*)?$", "([^=]+)=([^,]+),?(.*)"]
INSTEAD = ["$1", "$1", "$1", "$0", "$1@$2", "x", "", "$12", "\\$", "\\/", " ", "@", "\\\\", "\u00fc", "User"]


def make_rule(chance):
    if chance.random() < 0.1:
        return "DEFAULT"
    pattern = chance.choice(WHOLE) if chance.random() < 0.5 else "".join(
        chance.choice(ODD if chance.random() < 0.03 else ATOMS) for _ in range(chance.randint(1, 5)))
    if chance.random() < 0.3:
        pattern = f"^.*?{pattern}.*$"
    instead = "".join(chance.choices(INSTEAD, k=chance.randint(1, 3)))
    return f"RULE:{pattern}/{instead}/{chance.choice(['', '', 'L', 'U', 'X'] if chance.random() < 0.3 else ['', 'L', 'U'])}"


def make_case(chance):
    rules = chance.choice([",", ", ", " , "]).join(make_rule(chance) for _ in range(chance.randint(1, 3)))
    return rules, ",".join(chance.choices(PARTS, k=chance.randint(1, 5)))


def ask(command, said):
    return subprocess.run(command, input=said, check=True, capture_output=True, text=True).stdout.splitlines()


def check(program, java_class_path, seed):
    """(how many, [what is wrong])"""
    chance = random.Random(seed)
    cases = [make_case(chance) for _ in range(COUNT)]
    said = "".join(f"{rules.encode().hex()}\t{name.encode().hex()}\n" for rules, name in cases)
    ours = ask([program], said)
    kafkas = ask(["java", "-cp", java_class_path, "Rules"], said)
    told = [(case, our, java) for case, our, java in zip(cases, ours, kafkas, strict=True) if our not in ("refused", "untold")]
    problems = [f"{case}: {our}, and Kafka says {java}" for case, our, java in told if our != java]
    takes = sum(java == "nobody" or java[0] == "=" for java in kafkas)
    if len(told) < takes * 0.6:
        problems.append(f"of {takes} cases that Kafka tells only {len(told)} are told here")
    return len(told), problems
