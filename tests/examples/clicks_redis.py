# SPDX-License-Identifier: BSD-3-Clause
"""The clicks example takes prices from a Redis server and serves the campaigns' totals in it.

usage: clicks_redis.py CLICKS
"""
import csv
import os
import sys
import tempfile

from redis_server import Server, skip_unless_there
from support import check, run

clicks = sys.argv[1]
skip_unless_there()


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
