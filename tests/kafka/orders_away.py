# SPDX-License-Identifier: BSD-3-Clause
"""The orders example while its broker is away, while partitions are added, and with a wrong address.

usage: orders_away.py ORDERS KAFKA_TOOL
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

from broker import Broker, skip_unless_there
from orders_support import Orders, revenue
from support import check, run

skip_unless_there()
program, tool = sys.argv[1:3]
long = bool(os.environ.get("WEIR_LONG"))
away = 30 if long else 5


class Running:
    """A run, with what it says on standard error."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []
        self.thread = threading.Thread(target=lambda: self.lines.extend(self.process.stderr))
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
    following = orders.command("process", "--delivery", "exactly-once", "--checkpoints", os.path.join(work, "state"),
                               "--checkpoint-interval", "200ms")
    follow = ("--follow", "--idle-after", "1s", "--find-interval", "200ms")
    for what in "orders", "revenue", "alerts", "failed":
        orders.ask("make", what, "4")

    # The broker goes while orders are written and read, and comes back.
    reader = Running((*following, *follow))
    writer = Running(orders.command("make", "--orders", "60000", "--rate", "20000"))
    time.sleep(1.5)
    kafka.kill()
    time.sleep(away)
    kafka.start()
    check(writer.end()["written"] == 60000, "every order is written")
    check(int(orders.ask("count", "orders")) == 60000, "and is there once")
    reader.wait_for("reached again")

    # Partitions are added; orders go to all of them.
    orders.ask("widen", "orders", "8")
    reader.wait_for("orders/7")
    orders.make(60000, "--first", "60000")
    until = time.monotonic() + 120
    while sum(int(line.split()[1]) for line in orders.ask("group", "orders-processed", "orders").splitlines()) < 120000:
        check(time.monotonic() < until and reader.process.poll() is None, "it reads all", *reader.lines)
        time.sleep(0.2)
    first = reader.stop()
    check(first["restarts"] == 0, "no stage failed", first, *reader.lines)

    # What is open is emitted by a run that ends.
    code, out, err = run(*following, timeout=300)
    check(code == 0, "the last run ends", err)
    check(first["late_events"] == 0 and json.loads(out)["late_events"] == 0, "nothing is late", first, out)
    check(int(orders.ask("count", "orders")) == 120000, "all orders are there")
    check(revenue(orders.rows("revenue")) == orders.expected_revenue("orders"), "each sum is there once, and right")
print("the broker was away for", away, "s, partitions were added, and nothing was lost")
