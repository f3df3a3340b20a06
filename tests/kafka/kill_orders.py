# SPDX-License-Identifier: BSD-3-Clause
"""The orders example, killed with SIGKILL at random moments and at each step of a checkpoint, its broker killed, too, writes
each result once: what a reader of committed records sees is what an undisturbed run writes.

usage: kill_orders.py ORDERS KAFKA_TOOL KILL_POINT_LIBRARY [SEED]
"""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from broker import Broker, die_with_parent, skip_unless_there
from orders_support import Orders, revenue
from support import check, run

skip_unless_there()
program, tool, library = sys.argv[1:4]
seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 30)
print("seed", seed, flush=True)
dice = random.Random(seed)
long = bool(os.environ.get("WEIR_LONG"))
made, wanted_kills, wanted_restarts = (5_000_000, 15, 3) if long else (200_000, 5, 1)


def command(work, name, *more):
    return orders.command("process", "--results", name + ".", "--delivery", "exactly-once", "--checkpoints",
                          os.path.join(work, name + "-state"), "--checkpoint-interval", "50ms", *more)


def make_results(name):
    for what in "revenue", "alerts", "failed":
        orders.ask("make", f"{name}.{what}", "2")


def compare(name):
    for what, rows in wanted.items():
        got = orders.rows(f"{name}.{what}")
        check(got == rows, f"{name}: the {what} of an undisturbed run", f"{len(got)} of {len(rows)} rows, {len(set(got))} different")


def finish(work, name):
    code, out, err = run(*command(work, name), timeout=900)
    check(code == 0, f"{name}: the last run ends", err)
    check(json.loads(out)["late_events"] == 0, f"{name}: nothing is late", out)
    compare(name)


class Pace:
    """How long a run takes that nobody disturbs: the first, which meets a cold broker, takes longer than others."""

    def __init__(self, seconds):
        self.seconds = seconds

    def ended(self, seconds):
        self.seconds = max(0.2, min(self.seconds, seconds))

    def moment(self):
        return dice.uniform(0.2, 0.95) * self.seconds


def disturbed(work, name, pace):
    """Runs until it ends, killed again and again; answers how often, and how often the broker was."""
    kills = restarts = 0
    make_results(name)
    while True:
        away = False
        began = time.monotonic()
        process = subprocess.Popen(command(work, name), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=die_with_parent)
        try:
            if restarts < wanted_restarts - restarts_before and dice.random() < 0.4:
                time.sleep(pace.moment())
                kafka.kill()
                kafka.start()
                restarts += 1
                away = True
            _, err = process.communicate(timeout=pace.moment())
            if away and process.returncode == 2:
                continue  # it had not begun yet
            check(process.returncode == 0, f"{name}: a run that is not killed ends", err)
            if kills == 0 and not away:
                pace.ended(time.monotonic() - began)
            return kills, restarts
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            if kills >= wanted_kills:
                return kills, restarts


with tempfile.TemporaryDirectory() as work, Broker() as kafka:
    orders = Orders(program, tool, kafka.address, 8)
    orders.make(made)
    make_results("undisturbed")
    began = time.monotonic()
    code, out, err = run(*orders.command("process", "--results", "undisturbed."), timeout=900)
    pace = Pace(max(1.0, time.monotonic() - began))
    check(code == 0, "an undisturbed run", err)
    summary = json.loads(out)
    check(summary["events"] == made and summary["late_events"] == 0, "it reads all orders", summary)
    wanted = {what: orders.rows("undisturbed." + what) for what in ("revenue", "alerts")}
    check(revenue(wanted["revenue"]) == orders.expected_revenue("orders"), "its revenue is that of a plain loop")
    check(len(wanted["alerts"]) >= made // 5000 - 1, "it finds what was planted", len(wanted["alerts"]))
    print(f"{made} orders in {pace.seconds:.1f} s undisturbed", flush=True)

    kills = restarts_before = rounds = 0
    while (kills < wanted_kills or restarts_before < wanted_restarts) and rounds < 30:
        name = f"random-{rounds}"
        more, restarts = disturbed(work, name, pace)
        kills += more
        restarts_before += restarts
        finish(work, name)
        rounds += 1
        print(f"{name}: {more} kills, {restarts} restarts of the broker", flush=True)
    check(kills >= wanted_kills and restarts_before >= wanted_restarts, "as many kills as wanted", kills, restarts_before)

    points = ("fsync:before:/point-0-state:4",   # in the middle of a checkpoint's writing
              "rename:before:/checkpoint-:1",    # all have pre-committed, the checkpoint is not there yet
              "rename:after:/checkpoint-:2",     # it is there, and nothing is committed
              "rename:before:/checkpoint-:2",    # the one before has been committed
              "rename:before:/checkpoint-:3")
    for i, point in enumerate(points):
        name = f"point-{i}"
        make_results(name)
        code, _, err = run(*command(work, name), env={"LD_PRELOAD": library, "KILL_AT": point})
        check(code == -signal.SIGKILL, f"{point} kills", code, err)
        finish(work, name)
    # A finished run that is started again changes nothing.
    finish(work, "random-0")
print("killed", kills, "times at random, and at", len(points), "points, the broker", restarts_before,
      "times: each result is there once")
