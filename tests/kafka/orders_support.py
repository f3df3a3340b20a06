# SPDX-License-Identifier: BSD-3-Clause
"""What the scripts that run the orders example share."""
import collections
import json
from datetime import datetime, timezone

from support import check, run


class Orders:
    """The example and the tool, against one broker and one topic of orders."""

    def __init__(self, program, tool, address, partitions):
        self.program, self.tool, self.address, self.partitions = program, tool, address, partitions

    def command(self, role, *more):
        return (self.program, "run", "--json", "--brokers", self.address, "--partitions", str(self.partitions), "--role", role,
                *more)

    def ask(self, *arguments):
        code, out, err = run(self.tool, self.address, *arguments, timeout=900)
        check(code == 0, " ".join(arguments), err)
        return out

    def make(self, n, *more):
        code, out, err = run(*self.command("make", "--orders", str(n), *more), timeout=900)
        check(code == 0 and json.loads(out)["written"] == n, "orders are made", out, err)

    def rows(self, topic):
        """Every committed record of a topic, sorted."""
        return sorted(self.ask("read", topic).splitlines())

    def expected_revenue(self, *topics):
        """What a plain loop over the orders comes to, as the rows of the revenue topic."""
        sums = collections.defaultdict(lambda: [0, 0])
        for topic in topics:
            for line in self.ask("read", topic).splitlines():
                order = json.loads(line)
                at = datetime.fromisoformat(order["at"].replace("Z", "+00:00"))
                entry = sums[order["shop"], at.replace(second=0, microsecond=0)]
                entry[0] += 1
                entry[1] += order["cents"]
        return sorted((shop, minute, n, cents) for (shop, minute), (n, cents) in sums.items())


def revenue(rows):
    """The rows of the revenue topic, as `expected_revenue` has them."""
    parsed = (json.loads(row) for row in rows)
    return sorted((r["shop"], datetime.fromisoformat(r["minute"].replace("Z", "+00:00")).astimezone(timezone.utc), r["orders"],
                   r["cents"]) for r in parsed)
