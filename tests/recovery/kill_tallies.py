# SPDX-License-Identifier: BSD-3-Clause
"""A program whose state is in RocksDB, killed with SIGKILL at random moments and in the middle of checkpoints, ends with
the results of an undisturbed run; also if it goes on with its state in memory now and then, and the other way round.

usage: kill_tallies.py TALLIES KILL_POINT_LIBRARY [SEED]
"""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from support import check, run

tallies, library = sys.argv[1:3]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
print("seed", seed)
dice = random.Random(seed)
little = ("--backend", "rocksdb", "--state-memory", "1MiB")


def rows(directory):
    found = {}
    for name in sorted(os.listdir(directory)):
        if not name.startswith("."):
            with open(os.path.join(directory, name), encoding="utf-8") as file:
                found[name] = sorted(file)
    return found


def command(work, name, *more):
    return (tallies, "run", "--json", "--output", os.path.join(work, name), "--checkpoints", os.path.join(work, name + "-state"),
            "--checkpoint-interval", "40ms", *more)


def newest(work, name):
    """The number of the newest checkpoint; 0 if there is none."""
    try:
        names = os.listdir(os.path.join(work, name + "-state"))
    except FileNotFoundError:
        return 0
    return max((int(n.split("-")[1]) for n in names if n.startswith("checkpoint-")), default=0)


def finish(work, name, wanted, *more):
    code, _, err = run(*command(work, name, *more))
    check(code == 0, f"{name}: the last run ends", err)
    got = rows(os.path.join(work, name))
    check(sorted(got) == sorted(wanted), f"{name}: the same files", sorted(got), sorted(wanted))
    for file, lines in wanted.items():
        check(got[file] == lines, f"{name}: {file} has the rows of an undisturbed run", len(got[file]), len(lines))
    left = [n for n in os.listdir(os.path.join(work, name + "-state")) if n.startswith(".weir")]
    check(not left, f"{name}: nothing is left of the databases", left)


with tempfile.TemporaryDirectory() as work:
    code, _, err = run(tallies, "run", "--json", "--output", os.path.join(work, "undisturbed"))
    check(code == 0, "an undisturbed run", err)
    wanted = rows(os.path.join(work, "undisturbed"))
    check(len(wanted["sums.jsonl"]) == 60000, "it has results")

    kills = restored = 0
    while kills < 6:
        more = little if dice.random() < 0.8 else ("--backend", "memory")
        before = newest(work, "random")
        process = subprocess.Popen(command(work, "random", "--rate", "20000", "--parallelism", str(dice.choice((1, 2, 2, 3))), *more),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and newest(work, "random") == before:
            time.sleep(0.005)
        time.sleep(dice.uniform(0, 0.15))
        ended = process.poll() is not None
        process.kill()
        _, err = process.communicate()
        restored += "going on from checkpoint" in err
        if ended:
            check(process.returncode == 0, "random: a run that is not killed ends", err)
            break
        kills += 1
    check(kills >= 3, "several kills before the end", kills)
    check(restored >= kills - 1, "runs go on from a checkpoint", restored, kills)
    finish(work, "random", wanted, *little)

    points = ("rename:before:/checkpoint-:3",   # its files are linked, and it is not there yet
              "rename:after:/checkpoint-:3")    # it is there, and nothing is committed
    for i, point in enumerate(points):
        name = f"point-{i}"
        code, _, err = run(*command(work, name, "--rate", "60000", *little), env={"LD_PRELOAD": library, "KILL_AT": point})
        check(code == -signal.SIGKILL, f"{point} kills", code, err)
        reading = "open:after:/checkpoint-:2"  # in the restore
        code, _, err = run(*command(work, name, "--rate", "60000", *little), env={"LD_PRELOAD": library, "KILL_AT": reading})
        check(code == -signal.SIGKILL, f"{point}, then {reading} kills", code, err)
        finish(work, name, wanted, *little)
print("killed", kills, "times at random, and at", len(points), "points: the results are those of an undisturbed run")
