# SPDX-License-Identifier: BSD-3-Clause
"""The orders example against the broker within its process: every minute's revenue and every planted card test, whatever
the delivery.

usage: orders_results.py ORDERS
"""
import json
import os
import sys
import tempfile

import redis_server
from support import check, run

orders = sys.argv[1]
minutes, shops, planted = 2, 40, 4

with tempfile.TemporaryDirectory() as work:
    exactly = ("--delivery", "exactly-once", "--checkpoints", os.path.join(work, "state"), "--checkpoint-interval", "100ms")
    for how in (), exactly, ("--parallelism", "2", "--partitions", "6"):
        code, out, err = run(orders, "run", "--json", *how)
        check(code == 0, "orders run", *how, err)
        check("embedded cluster" in err, "it says what serves it", err)
        summary = json.loads(out)
        check(summary["events"] == 20000 and summary["late_events"] == 0 and summary["dead_letters"] == 0, "all is read", out)
        check(summary["written"] == minutes * shops + planted, "revenue and alerts are written", *how, summary["written"])
    code, _, err = run(orders, "run", "--delivery", "exactly-once")
    check(code == 2 and "wants checkpoints" in err, "exactly once wants checkpoints", code, err)
    if redis_server.is_there():
        server = redis_server.Server(work)
        try:
            code, out, err = run(orders, "run", "--json", "--redis", f"redis://127.0.0.1:{server.port}")
            check(code == 0, "orders run with a view in Redis", err)
            newest = server.hash_of("revenue")
            check(len(newest) == shops and all(int(cents) > 0 for cents in newest.values()), "the newest revenue of each shop", newest)
        finally:
            server.process.kill()
            server.process.wait()
print("revenue and alerts are what the orders hold")
