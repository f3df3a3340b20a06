#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Measures pipelines from topic to topic beside a bare librdkafka loop, on a broker that it starts, and latency.

usage: bench_kafka.py KAFKA_BENCH KAFKA_TOOL [--json FILE] [--events N] [--rounds N] [--seconds S] [CASE …]

The bare loop reads each record and writes it again, in one thread. Runs take turns; figures are medians. A run is timed
from before its clients are made until all is answered for and they are gone.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "kafka"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "examples"))
from broker import Broker, skip_unless_there

CASES = ("copy", "window", "latency", "latency_exactly_once")
PARTITIONS = 4


class Bench:
    def __init__(self, program, tool, address):
        self.program, self.tool, self.address = program, tool, address
        self.topics = 0

    def ask(self, program, *arguments):
        done = subprocess.run([program, self.address, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{os.path.basename(program)} {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def topic(self):
        self.topics += 1
        name = f"bench-{self.topics}"
        self.ask(self.tool, "make", name, PARTITIONS)
        return name

    def run(self, *arguments):
        return json.loads(self.ask(self.program, *arguments))

    def throughput(self, cases, events, rounds):
        source = self.topic()
        size = self.run("fill", source, events)["bytes"] / 1e6
        times = {case: [] for case in ("bare", *cases)}
        cores = {case: [] for case in times}
        for number in range(rounds + 1):
            for case, seen in times.items():
                done = self.run(case, source, self.topic())
                if done["events"] != events:
                    sys.exit(f"{case}: {done['events']} of {events} events")
                if number != 0:  # the first round warms up
                    seen.append(done["seconds"])
                    cores[case].append(done["core_seconds"])
        bare = statistics.median(times.pop("bare"))
        for case, seen in times.items():
            took = statistics.median(seen)
            yield {"bench": "kafka", "case": case, "value": round(events / took / 1e6, 4), "unit": "million events/s",
                   "baseline": round(events / bare / 1e6, 4), "ratio": round(bare / took, 3),
                   "note": f"{size / took:.0f} MB/s; the bare loop {size / bare:.0f} MB/s; core seconds "
                           f"{statistics.median(cores[case]):.2f} and {statistics.median(cores['bare']):.2f}"}

    def latency(self, case, rate, seconds, rounds):
        seen, bare = [], []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as work:
                more = (os.path.join(work, "checkpoints"), 100) if case == "latency_exactly_once" else ()
                seen.append(self.run("latency", self.topic(), self.topic(), rate, seconds, *more))
            bare.append(self.run("latency_bare", self.topic(), self.topic(), rate, seconds))
        for name in "p50", "p99", "p999":
            ours, theirs = (statistics.median(run[name] for run in runs) for runs in (seen, bare))
            yield {"bench": "kafka", "case": f"{case}_{name}", "value": ours, "unit": "ms", "baseline": theirs,
                   "ratio": round(ours / theirs, 3),
                   "note": f"{rate} events/s by two topics" + (", a checkpoint every 100 ms" if more else "")}


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("program")
    parse.add_argument("tool")
    parse.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parse.add_argument("--json")
    parse.add_argument("--events", type=int, default=2_000_000)
    parse.add_argument("--rounds", type=int, default=3)
    parse.add_argument("--seconds", type=int, default=20)
    parse.add_argument("--rate", type=int, default=50_000)
    given = parse.parse_intermixed_args()
    cases = given.cases or CASES
    if unknown := set(cases) - set(CASES):
        parse.error(f"no case {', '.join(unknown)}: choose from {', '.join(CASES)}")
    skip_unless_there()
    all_seen = []
    with Broker(measured=True) as kafka:
        bench = Bench(given.program, given.tool, kafka.address)
        fast = [c for c in cases if not c.startswith("latency")]
        for case in (bench.throughput(fast, given.events, given.rounds) if fast else ()):
            all_seen.append(case)
        for case in cases:
            if case.startswith("latency"):
                all_seen.extend(bench.latency(case, given.rate, given.seconds, given.rounds))
    for m in all_seen:
        against = f"  {m['ratio']:.2f} of {m['baseline']:.3f}" if m["ratio"] else ""
        print(f"{m['case']:28} {m['value']:10.3f} {m['unit']}{against}  ({m['note']})")
    if given.json:
        with open(given.json, "w") as file:
            json.dump(all_seen, file, indent=1)


main()
