# SPDX-License-Identifier: BSD-3-Clause
"""What the example tests share."""
import os
import subprocess
import sys


def run(*command, env=None, cwd=None, timeout=240):
    """Runs a program to its end; answers exit code, standard output and standard error."""
    full = {**os.environ, **(env or {})}
    done = subprocess.run(command, capture_output=True, text=True, env=full, cwd=cwd, timeout=timeout)
    return done.returncode, done.stdout, done.stderr


def check(holds, what, *shown):
    if holds:
        return
    print("FAILED:", what)
    for text in shown:
        print("  ", text)
    sys.exit(1)
