#!/usr/bin/python3
"""Scenarios with something changed at random: keyid-craft makes a capture, or names a line.

    tests/golden/mutants.py [--seed S] [--count N]

Never a crash, never an error without its place. Meant for the build with sanitizers: $BUILD.
"""
import argparse
import glob
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PCAPS = os.path.join(HERE, "../../pcaps")
BUILD = os.environ.get("BUILD", "build")
ODD_WORDS = ["0", "-1", "18446744073709551615", "4294967296", "0x", "+", "+0.1", "99999", "*", ",",
             "a,b,,", "none", '""', '"x', "\\", "#", "aaaa" * 40, "ff" * 2000, "header+99999", "hmac",
             "253402300800", "9999-12-31T23:59:59Z", "/", "1/-", "k7*+*", "\x01\xff"]
TIMEOUT_S = 60


def change_line(rng, lines):
    """One change somewhere."""
    at = rng.randrange(len(lines))
    other = rng.randrange(len(lines))
    words = lines[at].split(" ")
    kind = rng.randrange(8)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(other, lines[at])
    elif kind == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 3:
        words[rng.randrange(len(words))] = rng.choice(ODD_WORDS)
        lines[at] = " ".join(words)
    elif kind == 4:
        words[rng.randrange(len(words))] = rng.choice(lines[other].split(" "))
        lines[at] = " ".join(words)
    elif kind == 5:
        lines[at] = lines[at][:rng.randrange(len(lines[at]) + 1)]
    elif kind == 6:
        lines[at] = lines[at].lstrip() if lines[at].startswith(" ") else "    " + lines[at]
    else:
        place = rng.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:place] + chr(rng.randrange(1, 256)) + lines[at][place:]
    return lines or [""]


def mutant(rng, scenarios):
    lines = rng.choice(scenarios).split("\n")
    for _ in range(rng.randrange(1, 6)):
        lines = change_line(rng, lines)
    return "\n".join(lines)


def problem_of(folder, text):
    """What is wrong with what keyid-craft made of it; None if nothing is."""
    path = os.path.join(folder, "mutant.scenario")
    with open(path, "w", encoding="latin-1") as file:
        file.write(text)
    done = subprocess.run([os.path.join(BUILD, "keyid-craft"), path, "-o",
                           os.path.join(folder, "mutant.pcap")], capture_output=True, check=False,
                          timeout=TIMEOUT_S)
    said = done.stderr.decode("latin-1")
    if done.returncode == 0 and not said:
        return None
    if done.returncode == 2 and re.fullmatch(re.escape(path) + r"(:\d+)?: [^\n]+\n", said):
        return None
    return "status %d: %s" % (done.returncode, said[:2000])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    print("# seed %d" % options.seed)
    rng = random.Random(options.seed)
    scenarios = []
    for path in sorted(glob.glob(os.path.join(PCAPS, "*.scenario"))):
        with open(path, encoding="latin-1") as file:
            scenarios.append(file.read().replace("file test-", "file %s/test-" % PCAPS))
    with tempfile.TemporaryDirectory(prefix="keyid-mutants-") as folder:
        for number in range(options.count):
            text = mutant(rng, scenarios)
            problem = problem_of(folder, text)
            if problem:
                print("not ok 1 - mutant %d of seed %d" % (number, options.seed))
                print("\n".join("# " + line for line in (problem + "\n" + text).split("\n")))
                print("1..1")
                return 1
    print("ok 1 - %d changed scenarios: a capture, or one line that names the fault" % options.count)
    print("1..1")
    return 0


if __name__ == "__main__":
    sys.exit(main())
