# SPDX-License-Identifier: BSD-3-Clause
"""Savepoints and stops by another process, going on from a savepoint, and looking at state.

usage: flights_savepoints.py FLIGHTS
"""
import json
import os
import subprocess
import sys
import tempfile

from support import check, run

flights = sys.argv[1]


def refused(*command, saying):
    code, out, err = run(flights, *command)
    check(code == 2, f"{command} ends with 2", code, err)
    check(saying in err and err.strip().count("\n") == 0, f"{command} says '{saying}' in one line", err)


def rows(directory):
    return {name: sorted(open(os.path.join(directory, name), encoding="utf-8"))
            for name in os.listdir(directory) if not name.startswith(".")}


with tempfile.TemporaryDirectory() as work:
    state = os.path.join(work, "state")
    out_dir = os.path.join(work, "out")

    def command(*more):
        return ("run", "--json", "--output", out_dir, "--checkpoints", state, "--checkpoint-interval", "100ms", *more)

    def start(*more):
        process = subprocess.Popen((flights, *command("--speed", "2000000", *more)), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        while not os.path.isdir(state) or not any(name.startswith("checkpoint-") for name in os.listdir(state)):
            check(process.poll() is None, "the run takes checkpoints", process.returncode)
        return process

    refused("savepoint", "--checkpoints", state, saying="is no checkpoint directory")
    refused("stop", saying="--checkpoints")
    process = start("--parallelism", "2")
    code, place, err = run(flights, "savepoint", "--checkpoints", state)
    check(code == 0 and "savepoint-" in place, "a savepoint is taken while the run goes on", place, err)
    place = place.strip()
    check(os.path.isdir(place) and process.poll() is None, "it is where it is said to be", place)
    code, out, err = run(flights, "stop", "--savepoint", "--checkpoints", state)
    check(code == 0 and out.startswith("stopped, with ") and "savepoint-" in out, "a stop with a savepoint", out, err)
    last = out.strip()[len("stopped, with "):]
    summary, err = process.communicate(timeout=60)
    check(process.returncode == 0 and json.loads(summary)["result"] == "stopped", "the run has stopped", err)
    refused("savepoint", "--checkpoints", state, saying="no run uses")

    code, out, _ = run(flights, "state", "--checkpoints", state)
    check(code == 0 and place in out and last in out and "savepoint" in out, "state lists them", out)
    code, out, _ = run(flights, "state", "--show", last)
    check(code == 0 and "delays by airport and hour" in out and "key groups" in out, "state shows one", out)
    code, out, _ = run(flights, "state", "--compare", last, "--with", last)
    check(code == 0 and "the same" in out, "a state is the same as itself", out)
    code, out, _ = run(flights, "state", "--compare", place, "--with", last)
    check(code == 0 and " differ" in out, "two states differ", out)
    code, out, _ = run(flights, "state", "--export", last)
    lines = [json.loads(line) for line in out.splitlines()]
    check(code == 0 and any(l["operator_id"] == "delays by airport and hour" for l in lines), "state is exported")
    keyed = [l for l in lines if l["kind"] == "keyed"]
    windows = [l for l in keyed if l["state"] in ("pane", "@panes", "@windows")]
    check(windows and all("key" in l and "value" in l for l in windows), "state of windows is read by its schemas",
          [l for l in windows if "value" not in l][:1])
    refused("state", saying="--show")
    refused("state", "--show", os.path.join(work, "nothing"), saying="nothing")
    refused("run", "--fresh", saying="--checkpoints DIR")

    # From the savepoint in the middle, at other parallelisms, the results are those of an undisturbed run.
    code, _, err = run(flights, "run", "--json", "--output", os.path.join(work, "undisturbed"))
    check(code == 0, "an undisturbed run", err)
    wanted = rows(os.path.join(work, "undisturbed"))
    code, summary, err = run(flights, *command("--parallelism", "1"))
    check(code == 0 and "going on from checkpoint" in err, "a run goes on from the last savepoint", err)
    check(rows(out_dir) == wanted, "with the results of an undisturbed run")
    for parallelism in "3", "4":
        code, summary, err = run(flights, *command("--from-savepoint", place, "--parallelism", parallelism))
        check(code == 0, "a run from the earlier savepoint", err)
        check(json.loads(summary)["restored_from"] == int(place.rsplit("-", 1)[1]), "is restored from it", summary)
        check(rows(out_dir) == wanted, f"gives the same results at parallelism {parallelism}")
        code, summary, err = run(flights, *command())
        check(code == 0 and json.loads(summary)["events"] == 0, "and is what the next run goes on from", summary, err)
        check(rows(out_dir) == wanted, "which changes nothing")
print("savepoints are taken, shown and gone on from")
