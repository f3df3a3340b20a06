# SPDX-License-Identifier: BSD-3-Clause
"""The flights example, killed with SIGKILL at random moments and at each step of a checkpoint, ends with the results of
an undisturbed run.

usage: kill_flights.py FLIGHTS KILL_POINT_LIBRARY [SEED]
"""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from support import check, run

flights, library = sys.argv[1:3]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
print("seed", seed)
dice = random.Random(seed)


def rows(directory):
    """Every visible file's lines, sorted."""
    found = {}
    for name in sorted(os.listdir(directory)):
        if name.startswith("."):
            continue
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            found[name] = sorted(file)
    return found


def command(work, name, *more):
    return (flights, "run", "--json", "--output", os.path.join(work, name), "--checkpoints", os.path.join(work, name + "-state"),
            "--checkpoint-interval", "60ms", *more)


def compare(work, name, wanted):
    got = rows(os.path.join(work, name))
    check(sorted(got) == sorted(wanted), f"{name}: the same files", sorted(got), sorted(wanted))
    for file, lines in wanted.items():
        check(got[file] == lines, f"{name}: {file} has the rows of an undisturbed run", f"{len(got[file])} of {len(lines)} lines")


def finish(work, name, wanted):
    code, out, err = run(*command(work, name))
    check(code == 0, f"{name}: the last run ends", err)
    compare(work, name, wanted)
    return out


with tempfile.TemporaryDirectory() as work:
    code, _, err = run(flights, "run", "--json", "--output", os.path.join(work, "undisturbed"))
    check(code == 0, "an undisturbed run", err)
    wanted = rows(os.path.join(work, "undisturbed"))
    check(len(wanted["origin-hours.csv"]) > 10000, "it has results")

    kills = 0
    restored = 0
    for attempt in range(200):
        parallelism = str(dice.choice((1, 1, 2, 3)))
        process = subprocess.Popen(command(work, "random", "--speed", "1500000", "--parallelism", parallelism),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=dice.uniform(0.05, 0.6))
            check(process.returncode == 0, "random: a run that is not killed ends", err)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            out, err = process.communicate()
            kills += 1
        restored += "going on from checkpoint" in err
        if kills == 30:
            break
    check(kills == 30, "thirty kills before the end", kills)
    check(restored >= 15, "most runs go on from a checkpoint", restored)
    finish(work, "random", wanted)

    points = ("fsync:before:/state:4",         # in the middle of a checkpoint's writing
              "rename:after:.part:5",          # between two pre-commits
              "rename:before:/checkpoint-:3",  # all have pre-committed, the checkpoint is not there yet
              "rename:after:/checkpoint-:3",   # it is there, and nothing is committed
              "remove:before:.part:9",         # rows are committed, and what held them is still there
              "remove:after:.part:12")         # between two commits
    in_restore = 0
    for i, point in enumerate(points):
        name = f"point-{i}"
        code, _, err = run(*command(work, name, "--speed", "20000000"), env={"LD_PRELOAD": library, "KILL_AT": point})
        check(code == -signal.SIGKILL, f"{point} kills", code, err)
        # ... and again in the restore: while state is read, and then before or after the first of its commits.
        if any(n.startswith("checkpoint-") for n in os.listdir(os.path.join(work, name + "-state"))):
            reading = dice.choice(("open:before:/checkpoint-:1", "open:after:/checkpoint-:2", "open:before:/checkpoint-:2"))
            code, _, err = run(*command(work, name, "--speed", "40000000"), env={"LD_PRELOAD": library, "KILL_AT": reading})
            check(code == -signal.SIGKILL, f"{point}, then {reading} kills", code, err)
            check("going on from checkpoint" not in err, f"{point}: {reading} is before the run goes on", err)
            in_restore += 1
        again = dice.choice(("remove:before:.part:2", "remove:after:.part:1", "rename:after:.csv:1"))
        code, _, err = run(*command(work, name, "--speed", "40000000"), env={"LD_PRELOAD": library, "KILL_AT": again})
        check(code in (0, -signal.SIGKILL), f"{point}, then {again}", code, err)
        finish(work, name, wanted)

    check(in_restore >= 4, "kills while state is read", in_restore)

    # A finished run that is started again changes nothing; one beside a running one is refused.
    finish(work, "random", wanted)
    process = subprocess.Popen(command(work, "random", "--fresh", "--speed", "3000000"), stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    lock = os.path.join(work, "random-state", "lock")
    while process.poll() is None and open(lock, encoding="utf-8").read().strip() != str(process.pid):
        time.sleep(0.01)
    code, _, err = run(*command(work, "random"))
    check(code == 2 and str(process.pid) in err, "a second run on a directory is refused, and names the first", code, err)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    check(process.returncode == 0, "a stop takes a last checkpoint", err)
    finish(work, "random", wanted)
print("killed", kills, "times at random, and at", len(points), "points: the results are those of an undisturbed run")
