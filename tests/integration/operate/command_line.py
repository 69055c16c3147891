#!/usr/bin/env python3
"""anyportctl's commands as rows: help, mistakes, manual pages and completion of every one."""
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
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    check_equal(set(texts), {"commands.md", "options.md"} | {f"anyportctl-{'-'.join(n)}.1.md" for n in names}, "a text a command")
    for words in names:
        text = texts[f"anyportctl-{'-'.join(words)}.1.md"]
        for option in re.findall(r"^ {2}(?:-\w, |    )(--[a-z-]+)", call(*words, "--help")[1], re.M):
            check(re.search(rf"^(`-\w`, )?`{option}[ `].*\n: \S", text, re.M), f"{words}: its page lacks {option}")
    status, _, errors = call("man", str(folder / "commands.md"))
    check(status == 1 and "commands.md" in errors, f"no folder: {errors}")


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


def node_completes(*words):
    script = (f'. <("{ANYPORTCTL}" completion bash anyport); COMP_WORDS=({" ".join(map(shlex.quote, words))}); '
              f'COMP_CWORD={len(words) - 1}; _anyport; printf "%s\\n" "${{COMPREPLY[@]}}"')
    return subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=True).stdout.split()


def check_completion_of_the_node(scene):
    usage = subprocess.run([BUILD / "anyport", "--help"], capture_output=True, text=True, check=True).stdout.split("example:")[0]
    known = re.findall(r"^ {2}(?:-\w, |    )(--[a-z-]+)", usage, re.M)
    check(len(known) >= 5, f"options of anyport: {known}")
    check_equal(sorted(node_completes("anyport", "--")), sorted(known), "options of anyport")
    config = scene.file("some.conf", "")
    check_equal(node_completes("anyport", "-c", str(config)[:-3]), [str(config)], "a file behind -c")
    script = scene.file("node.zsh", call("completion", "zsh", "anyport")[1])
    check_equal(subprocess.run(["zsh", "-n", script], capture_output=True, text=True, check=False).stderr, "", "zsh")
    script = scene.file("node.fish", call("completion", "fish", "anyport")[1])
    done = subprocess.run(["fish", "-c", f"source {script}; complete -C 'anyport --'"], capture_output=True, text=True, check=True)
    check_equal(sorted(line.split("\t")[0] for line in done.stdout.splitlines()), sorted(known), "fish")
    check_equal(call("completion", "bash", "kafka")[0], 2, "an unknown program")


def test(scene):
    names = commands()
    check_help(names)
    check_mistakes(names)
    check_manual(scene, names)
    check_completion(scene, names)
    check_completion_of_the_node(scene)


run(test)
