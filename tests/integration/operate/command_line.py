#!/usr/bin/env python3
"""anyportctl's commands as rows: help, mistakes, manual pages and completion of every one."""
import os
import pathlib
import re
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from cluster import BUILD, check, check_equal, run  # noqa: E402

ANYPORTCTL = str(BUILD / "anyportctl")


def call(*words):
    done = subprocess.run([ANYPORTCTL, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def commands():
    """The words of each, from --help."""
    found = re.findall(r"^  ([a-z][a-z ]*[a-z])  ", call("--help")[1], re.M)
    check(len(found) >= 4, f"commands: {found}")
    return [name.split() for name in found]


def check_help(names):
    for words in names:
        status, text, errors = call(*words, "--help")
        check(status == 0 and errors == "", f"{words} --help: {status} {errors}")
        check(text.startswith(f"usage: anyportctl {' '.join(words)} "), f"{words}: {text[:80]}")
        check(re.search(r"\nExamples:\n  .*anyportctl " + " ".join(words), text), f"{words} has an example of its own")
        check(all(len(line) <= 120 and line == line.rstrip() for line in text.splitlines()), f"{words}: lines")


def check_mistakes(names):
    for words in names:
        status, out, errors = call(*words, "--nosuchoption")
        check(status == 2 and out == "" and "nosuchoption" in errors, f"{words}: {errors}")
        typo = " ".join(words)[:-1] + "x"
        status, out, errors = call(*typo.split())
        check(status == 2 and f'is "{" ".join(words)}" meant?' in errors, f"{typo}: {errors}")
    status, _, errors = call("decode", "--requst")
    check(status == 2 and "is --request meant?" in errors, errors)
    for typed, said in ((["route", "-n", "3"], "route has no option -n\n"), (["route", "-nz"], "route has no option -n\n"),
                        (["route", "--nop"], "route has no option --nop\n"), (["route", "t", "-g"], "-g needs a value\n"),
                        (["route", "t", "--group"], "--group needs a value\n"), (["route", "t", "--json=3"], "--json takes no value\n")):
        status, _, errors = call(*typed)  # as it was typed, and no other one is guessed at
        check(status == 2 and errors.startswith(f"anyportctl: {said}"), f"{typed}: {errors}")


def check_manual(scene, names):
    folder = scene.dir / "man"
    check_equal(call("man", str(folder))[0], 0, "man")
    pages = {path.name for path in folder.iterdir()}
    expected = {"anyportctl.1", "anyport.8", "anyport.conf.5"} | {f"anyportctl-{'-'.join(n)}.1" for n in names}
    check_equal(pages, expected, "a page a command")
    for page in sorted(folder.iterdir()):
        done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", page], capture_output=True, text=True, check=False)
        check(done.returncode == 0 and done.stderr == "" and len(done.stdout) > 200, f"{page.name}: {done.stderr}")
    text = subprocess.run(["man", "-l", folder / "anyport.conf.5"], capture_output=True, text=True, check=True,
                          env={**os.environ, "MANWIDTH": "100"}).stdout
    check("gateway.port_start" in text and "GATEWAY_PORT_START" in text, "an option in the manual")


def bash_completes(line):
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    script = (f'. <("{ANYPORTCTL}" completion bash); COMP_WORDS=({" ".join(map(shlex.quote, words))}); '
              f'COMP_CWORD={len(words) - 1}; _anyportctl; printf "%s\\n" "${{COMPREPLY[@]}}"')
    return subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True).stdout.split()


def check_completion(scene, names):
    for words in names:
        known = re.findall(r"^ {2}(?:-\w, |    )(--[a-z-]+)", call(*words, "--help")[1], re.M)
        check_equal(sorted(bash_completes(f"anyportctl {' '.join(words)} --")), sorted(known), f"options of {words}")
        for n in range(len(words)):
            before = " ".join(["anyportctl", *words[:n]])
            check(words[n] in bash_completes(before + " "), f"after {before!r}")
    check_equal(bash_completes("anyportctl hap"), ["haproxy"], "a word begun")
    for shell, option in (("zsh", "-n"), ("fish", "--no-execute")):
        script = scene.file(f"completion.{shell}", call("completion", shell)[1])
        done = subprocess.run([shell, option, script], capture_output=True, text=True, check=False)
        check(done.returncode == 0 and done.stderr == "", f"{shell}: {done.stderr}")
    script = f"source {scene.dir}/completion.fish; complete -C 'anyportctl haproxy generate --li'"
    done = subprocess.run(["fish", "-c", script], capture_output=True, text=True, check=True)
    check("--listen" in done.stdout, f"fish: {done.stdout}")
    check_equal(call("completion", "tcsh")[0], 2, "an unknown shell")


def test(scene):
    names = commands()
    check_help(names)
    check_mistakes(names)
    check_manual(scene, names)
    check_completion(scene, names)


run(test)
