# SPDX-License-Identifier: BSD-3-Clause
"""A run is recorded in a journal and repeated; also one that was killed.

usage: flights_journal.py FLIGHTS
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

from support import check, run

flights = sys.argv[1]


def repeat(journal, *more, code=0, parallelism="2"):
    got, out, err = run(flights, "repeat", "--journal", journal, "--parallelism", parallelism, *more)
    check(got == code, f"repeat {more} ends with {code}", got, out, err)
    return out + err


def entries(text):
    found = re.search(r"(\d+) entries repeated, all as they were recorded", text)
    check(found is not None, "all is as it was recorded", text)
    return int(found.group(1))


with tempfile.TemporaryDirectory() as work:
    journal = os.path.join(work, "journal")

    def command(*more):
        return (flights, "run", "--json", "--output", os.path.join(work, "out"), "--parallelism", "2",
                "--checkpoints", os.path.join(work, "state"), "--checkpoint-interval", "50ms",
                "--journal", journal, *more)

    process = subprocess.Popen(command("--speed", "10000000"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first = os.path.join(journal, "recording-1", "entries-000001")
    until = time.monotonic() + 60
    while not os.path.exists(first) or os.path.getsize(first) < 200_000:
        check(process.poll() is None and time.monotonic() < until, "the run is recorded", process.returncode)
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    text = repeat(journal)
    check("recording of 'flights', attempt 0" in text and "with no checkpoint" in text, "it says of what", text)
    killed = entries(text)
    check(killed > 20, "what was recorded before the kill is repeated", text)
    text = repeat(journal, "--until", "10")
    check(entries(text) == 11 and "entry 10: stage '" in text, "it stops where it is told", text)

    code, out, err = run(*command("--speed", "max"))
    check(code == 0, "the next run goes on", err)
    text = repeat(journal)
    check(" from checkpoint " in text or "with no checkpoint" in text, "and is the newest recording", text)
    check(entries(text) > 20, "which is whole", text)
    check(entries(repeat(journal, "--recording", "1")) == killed, "an older one is still there", text)

    check("there are 1, 2" in repeat(journal, "--recording", "7", code=2), "one that is not there")
    check("is of another graph" in repeat(journal, code=2, parallelism="3"), "another graph")
    code, out, err = run(flights, "repeat")
    check(code == 2 and "give --journal DIR" in err, "without a journal", err)
    code, out, err = run(flights, "repeat", "--journal", os.path.join(work, "nowhere"))
    check(code == 2 and "nowhere" in err and err.strip().count("\n") == 0, "a directory that is not there", err)
print("journals are repeated")
