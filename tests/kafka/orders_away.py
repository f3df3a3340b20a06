# SPDX-License-Identifier: BSD-3-Clause
"""The orders example while its broker is away, while partitions are added, and with a wrong address.

usage: orders_away.py ORDERS KAFKA_TOOL
"""
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

from broker import Broker, die_with_parent, skip_unless_there
from orders_support import Orders, revenue
from support import check, run

skip_unless_there()
program, tool = sys.argv[1:3]
long = bool(os.environ.get("WEIR_LONG"))
away = 30 if long else 5


class Running:
    """A run, with what it says on standard error."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent)
        self.lines = []
        # A daemon: a check that fails must end the script, and with it the process.
        self.thread = threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True)
        self.thread.start()

    def wait_for(self, text, seconds=60):
        until = time.monotonic() + seconds
        while not any(text in line for line in list(self.lines)):
            check(time.monotonic() < until and self.process.poll() is None, f"it says '{text}'", *self.lines)
            time.sleep(0.05)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self):
        out = self.process.stdout.read()
        code = self.process.wait(timeout=300)
        self.thread.join()
        check(code == 0, "it ends in order", code, *self.lines)
        return json.loads(out.splitlines()[-1])


def wrong_address():
    began = time.monotonic()
    code, _, err = run(program, "run", "--brokers", "127.0.0.1:9", "--role", "process")
    took = time.monotonic() - began
    check(code == 2 and took < 10, "a wrong address ends with exit code 2 within ten seconds", code, took, err)
    lines = err.strip().splitlines()
    check(len(lines) == 1 and "no broker answers" in lines[0] and "127.0.0.1:9" in lines[0], "in one line", err)


wrong_address()
with tempfile.TemporaryDirectory() as work, Broker() as kafka:
    orders = Orders(program, tool, kafka.address, 4)

    def following(prefix):
        return orders.command("process", "--prefix", prefix, "--delivery", "exactly-once", "--checkpoints",
                              os.path.join(work, prefix + "state"), "--checkpoint-interval", "200ms")

    def begin(prefix, *more):
        for what in "orders", "revenue", "alerts", "failed":
            orders.ask("make", prefix + what, "4")
        reader = Running((*following(prefix), "--follow", "--find-interval", "200ms", *more))
        until = time.monotonic() + 120
        while not glob.glob(os.path.join(work, prefix + "state", "checkpoint-*")):
            check(time.monotonic() < until and reader.process.poll() is None, "it begins", *reader.lines)
            time.sleep(0.1)
        return reader

    def finish(prefix, reader, n):
        """Stops the run when it has read all, and has another one emit what is open."""
        until = time.monotonic() + 120
        while sum(max(0, int(line.split()[1])) for line in
                  orders.ask("group", prefix + "orders-processed", prefix + "orders").splitlines()) < n:
            check(time.monotonic() < until and reader.process.poll() is None, "it reads all", *reader.lines)
            time.sleep(0.2)
        first = reader.stop()
        check(first["restarts"] == 0 and first["events"] == n, "no stage failed, and all is read once", first, *reader.lines)
        code, out, err = run(*following(prefix), timeout=300)
        check(code == 0, "the last run ends", err)
        check(first["late_events"] == 0 and json.loads(out)["late_events"] == 0, "nothing is late", first, out)
        check(revenue(orders.rows(prefix + "revenue")) == orders.expected_revenue(prefix + "orders"),
              "each sum is there once, and right")

    # The broker goes while orders are written and read, and comes back.
    reader = begin("away.", "--idle-after", "1h")
    writer = Running(orders.command("make", "--prefix", "away.", "--orders", "60000", "--rate", "20000",
                                    "--queue", "64KiB"))  # full at once: the source has to stop
    time.sleep(1.5)
    kafka.kill()
    time.sleep(away)
    kafka.start()
    check(writer.end()["written"] == 60000, "every order is written")
    check(int(orders.ask("count", "away.orders")) == 60000, "and is there once")
    reader.wait_for("reached again")
    finish("away.", reader, 60000)

    # Partitions are added; orders then go to all of them, as fast as their times say.
    reader = begin("wider.", "--idle-after", "3s")
    orders.make(1000, "--prefix", "wider.", "--rate", "200")
    orders.ask("widen", "wider.orders", "8")
    for number in range(4, 8):
        reader.wait_for(f"wider.orders/{number}")
    orders.make(2000, "--prefix", "wider.", "--first", "1000", "--rate", "200")
    finish("wider.", reader, 3000)
print("the broker was away for", away, "s, partitions were added, and nothing was lost")
