# SPDX-License-Identifier: BSD-3-Clause
"""The clicks example takes prices from a Redis server and serves the campaigns' totals in it.

usage: clicks_redis.py CLICKS
"""
import csv
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from support import check, run

clicks = sys.argv[1]
if shutil.which("redis-server") is None:
    print("there is no redis-server here")
    sys.exit(77)


class Server:
    """A redis-server of our own on a free port of this machine."""

    def __init__(self, directory):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", directory, "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while True:
            try:
                self.file = socket.create_connection(("127.0.0.1", self.port), timeout=30).makefile("rwb")
                return
            except OSError:
                check(time.monotonic() < until and self.process.poll() is None, "redis-server starts")
                time.sleep(0.02)

    def ask(self, *words):
        """Sends a command and answers its reply: a string, a number or a list."""
        texts = [str(w).encode() for w in words]
        self.file.write(b"*%d\r\n" % len(texts) + b"".join(b"$%d\r\n%s\r\n" % (len(t), t) for t in texts))
        self.file.flush()
        return self.reply()

    def reply(self):
        line = self.file.readline().strip().decode()
        if line[0] == "$":
            return self.file.read(int(line[1:]) + 2)[:-2].decode()
        if line[0] == "*":
            return [self.reply() for _ in range(int(line[1:]))]
        check(line[0] in "+:", "the server takes the command", line)
        return line[1:]

    def hash_of(self, key):
        flat = self.ask("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


with tempfile.TemporaryDirectory() as work:
    server = Server(work)
    try:
        prices = {f"campaign-{n}": (f"advertiser {n % 7}", 0.25 * (n + 1)) for n in range(19)}  # none for campaign-19
        for campaign, (advertiser, price) in prices.items():
            server.ask("HSET", "campaign:" + campaign, "advertiser", advertiser, "price", price)
        out = os.path.join(work, "results")
        code, _, stderr = run(clicks, "run", "--output", out, "--parallelism", "2", "--redis", f"redis://127.0.0.1:{server.port}")
        check(code == 0, "clicks run", stderr)

        totals, costs = {}, {}
        for row in rows(os.path.join(out, "click-through.csv")):
            impressions, n = totals.get(row["campaign"], (0, 0))
            totals[row["campaign"]] = impressions + int(row["impressions"]), n + int(row["clicks"])
            advertiser, price = prices.get(row["campaign"], ("", 0))
            costs[row["campaign"], row["minute"]] = advertiser, int(row["clicks"]) * price
        check(len(totals) == 20 and all(n > 0 for _, n in totals.values()), "all campaigns have clicks", totals)

        found = rows(os.path.join(out, "costs.csv"))
        check(len(found) == len(costs), "each minute has a cost", len(found), len(costs))
        for row in found:
            advertiser, cost = costs[row["campaign"], row["minute"]]
            check(row["advertiser"] == advertiser and float(row["cost"]) == cost, "the cost is clicks times price", row, cost)
        for campaign, (impressions, n) in totals.items():
            served = server.hash_of("total:" + campaign)
            check(served == {"campaign": campaign, "impressions": str(impressions), "clicks": str(n)},
                  "the totals are those of the minutes", served, impressions, n)
    finally:
        server.process.terminate()
        server.process.wait()
print("the results agree")
