#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs clang-tidy over sources, and remembers by their text which it found nothing in.

usage: tidy.py COMPILE_COMMANDS REMEMBERED JOBS < SOURCES

SOURCES are absolute paths, one a line. REMEMBERED is a directory with an empty file for each text that was clean: what
the preprocessor makes of the source, the checks, and the version of clang-tidy. Exit code 1 if anything was found.
"""
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys

TIDY, CLANG = "clang-tidy-14", "clang++-14"


def text_of(command, directory):
    """What the source consists of, with comments (NOLINT) and without paths; None if it can't be preprocessed."""
    words = [w for w in shlex.split(command) if not w.startswith("-W") and not w.endswith("ccache")]
    at = words.index("-o")
    words[at:at + 2] = []
    words[0] = CLANG
    words[words.index("-c")] = "-E"
    done = subprocess.run([*words, "-C", "-P", "-w"], cwd=directory, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def check(source, commands, database, remembered, checks):
    entry = commands[source]
    text = text_of(entry["command"], entry["directory"])
    stamp = text and os.path.join(remembered, hashlib.sha256(checks + text).hexdigest())
    if stamp and os.path.exists(stamp):
        return ""
    done = subprocess.run([TIDY, "-p", database, "--quiet", source], capture_output=True, text=True)
    if done.returncode == 0 and stamp:
        open(stamp, "w").close()
    return done.stdout + (done.stderr if done.returncode and not done.stdout else "") if done.returncode else ""


def main():
    path, remembered, jobs = sys.argv[1:]
    database = os.path.dirname(path)
    os.makedirs(remembered, exist_ok=True)
    with open(path) as f:
        commands = {c["file"]: c for c in json.load(f)}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".clang-tidy"), "rb") as f:
        checks = f.read()
    checks += subprocess.run([TIDY, "--version"], capture_output=True).stdout
    sources = [s for s in sys.stdin.read().split() if s in commands]
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        found = [said for said in pool.map(lambda s: check(s, commands, database, remembered, checks), sources) if said]
    print("\n".join(found), end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
