#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs all Nexmark queries as pipelines and as loops, prints a table, and writes it as JSON.

usage: bench_nexmark.py NEXMARK [--json FILE] [--events N] [--rounds N] [--latency] [QUERY …]

Each round runs each query as a loop, at parallelism 1 and at parallelism 2, each twice and in a process of its own;
figures are those of the run that took the least CPU time, since what else happens on a machine only adds to it. Twice in
a row, since a virtual machine's host takes memory back that is free, and fresh pages are dear: the second run finds what
the first gave back. Ratios are of CPU time without the generator's, which every run measures by itself, and of which
the least counts, too.

With --latency each round finds the highest rate of a query (q1, q5 and q11 unless told otherwise), with a checkpoint
each second, then runs it at half of that for five seconds and tells how long rows took. Figures are of the round with
the median p99.9.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

# Thousand events per second and core, as published: Flink by the suite's guide, V1 (RocksDB, a checkpoint in three
# minutes) and V2 (Flink 2.0, a checkpoint in 30 s), cores as it measured; DBSP (in memory, no checkpoint), by workers.
PUBLISHED = {
    "q0": (155, 378, 573), "q1": (158, 396, 568), "q2": (175, 414, 571), "q3": (152, 219, 580), "q4": (34, 28, 460),
    "q5": (22, 75, 572), "q6": (None, None, 452), "q7": (12, 23, 318), "q8": (146, 162, 557), "q9": (14, 14, 106),
    "q10": (58, 133, None), "q11": (40, 46, None), "q12": (76, 194, 524), "q13": (131, 188, 291), "q14": (161, 259, 583),
    "q15": (72, 168, 395), "q16": (19, 45, 137), "q17": (117, 161, 316), "q18": (54, 65, 173), "q19": (44, 43, 175),
    "q20": (19, 18, 232), "q21": (99, 147, 518), "q22": (130, 211, 575),
}


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def measure(program, query, *options):
    done = subprocess.run([program, "run", query, "--json", *options], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"nexmark run {query} {' '.join(options)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def least_of(reports, generator):
    """The report with the least CPU time, and what that is without the generator's."""
    least = min(reports, key=lambda r: r["cpu_seconds"])
    least["net_cpu_seconds"] = max(least["cpu_seconds"] - generator, 1e-9)
    return least


def case_of(query, loop, one, two):
    ratio = loop["net_cpu_seconds"] / one["net_cpu_seconds"]
    thousand = one["events_per_core_second"] / 1000
    published = PUBLISHED.get(query, (None, None, None))
    return {
        "bench": "nexmark", "case": query, "value": thousand, "unit": "thousand events/core s",
        "baseline": loop["events_per_core_second"] / 1000, "ratio": ratio,
        "note": "value and baseline with the generator, ratio without",
        "generator": one["generator_events_per_core_second"] / 1000,
        "parallelism_2_ratio": one["net_cpu_seconds"] / two["net_cpu_seconds"],
        "published": dict(zip(("flink_v1", "flink_v2", "dbsp"), published)),
        "times": {name: thousand / x if x else None for name, x in zip(("flink_v1", "flink_v2", "dbsp"), published)},
        "runs": {"loop": loop, "parallelism_1": one, "parallelism_2": two},
    }


def line_of(c):
    def times(name):
        x = c["times"][name]
        return f"{x:8.1f}×" if x else f"{'–':>9}"
    one = c["runs"]["parallelism_1"]
    return (f"{c['case']:7} {c['value']:9.0f} {c['baseline']:9.0f} {c['ratio']:7.2f} {c['parallelism_2_ratio']:7.2f} "
            f"{times('flink_v1')} {times('flink_v2')} {times('dbsp')} {one['peak_rss_bytes'] / 2**20:9.0f} "
            f"{one['rows_written']:11d}")


def latency_of(program, query, events):
    """Of a run at half of the rate that the query reached just before."""
    highest = measure(program, query, "--checkpoint", "1s", "--events", str(events))["events_per_second"]
    rate = round(highest / 2, -4)
    r = measure(program, query, "--checkpoint", "1s", "--rate", f"{rate:.0f}", "--events", f"{5 * rate:.0f}")
    return {"bench": "nexmark", "case": f"latency_{query}", "value": r["latency_ms"]["p999"], "unit": "ms", "baseline": None, "ratio": None,
            "note": f"p99.9 at {rate:.0f} events/s, half of the highest rate, a checkpoint each second",
            "rate": rate, "load": os.getloadavg()[0], "latency_ms": r["latency_ms"], "run": r}


def latencies(program, queries, events, rounds):
    print("ms from the time an event was due to its row, at half of the highest rate, a checkpoint each second")
    print(f"{'query':7} {'events/s':>10} {'p50':>8} {'p99':>8} {'p99.9':>8} {'max':>8} {'rows':>10} {'checkpoints':>11} "
          f"{'load':>5}", flush=True)
    cases = []
    for query in queries:
        tried = [latency_of(program, query, events) for _ in range(rounds)]
        middle = statistics.median_low([c["value"] for c in tried])
        c = next(c for c in tried if c["value"] == middle)
        ms = c["latency_ms"]
        print(f"{query:7} {c['rate']:10.0f} {ms['p50']:8.2f} {ms['p99']:8.2f} {ms['p999']:8.2f} {ms['max']:8.2f} "
              f"{c['run']['rows_written']:10d} {c['run']['checkpoints']:11d} {c['load']:5.1f}", flush=True)
        cases.append(c)
    return cases


def write_json(path, cases):
    if not path:
        return
    with open(path, "w") as file:
        json.dump(cases, file, indent=1)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench nexmark")
    parser.add_argument("program")
    parser.add_argument("queries", nargs="*")
    parser.add_argument("--json")
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", action="store_true")
    args = parser.parse_intermixed_args()
    listed = subprocess.run([args.program, "run", "--list"], capture_output=True, text=True, check=True).stdout
    names = [line.split()[0] for line in listed.splitlines()]
    unknown = [q for q in args.queries if q not in names]
    if unknown:
        sys.exit(f"bench nexmark: no query {unknown[0]}; there are {' '.join(names)}")
    if args.latency:
        write_json(args.json, latencies(args.program, args.queries or ["q1", "q5", "q11"], args.events, args.rounds))
        return
    events = ["--events", str(args.events)]
    cases = []
    print(f"{machine()}; {time.strftime('%Y-%m-%d')}; {args.events} events, best of {2 * args.rounds}; "
          f"load {os.getloadavg()[0]:.1f}")
    print("thousand events per core and second, generator included; ratio to the loop and of two instances to one without it")
    print(f"{'query':7} {'weir':>9} {'loop':>9} {'ratio':>7} {'at 2':>7} {'Flink V1':>9} {'Flink V2':>9} {'DBSP':>9} "
          f"{'peak MiB':>9} {'rows':>11}", flush=True)
    for query in args.queries or names:
        candidates = [["--baseline"], ["--parallelism", "1"], ["--parallelism", "2"]]
        reports = [[] for _ in candidates]
        for _ in range(args.rounds):
            for options, of in zip(candidates, reports):
                of += [measure(args.program, query, *options, *events) for _ in range(2)]
        hashes = {r["output_hash"] for of in reports for r in of}
        if len(hashes) != 1:
            sys.exit(f"bench nexmark: {query} has several answers: {' '.join(sorted(hashes))}")
        generator = min(r["generator_cpu_seconds"] for of in reports for r in of)
        cases.append(case_of(query, *(least_of(of, generator) for of in reports)))
        print(line_of(cases[-1]), flush=True)
    write_json(args.json, cases)


if __name__ == "__main__":
    main()
