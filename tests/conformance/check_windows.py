# SPDX-License-Identifier: BSD-3-Clause
"""Runs window cases through the conformance program and compares what it answers with what each expects.

usage: check_windows.py PROGRAM CASES...
"""
import json
import subprocess
import sys
from collections import Counter


def frozen(x):
    if isinstance(x, dict):
        return tuple(sorted((k, frozen(v)) for k, v in x.items()))
    if isinstance(x, list):
        return tuple(frozen(v) for v in x)
    return x


def multiset(rows):
    return Counter(frozen(r) for r in rows)


def sorted_lists(rows, name):
    return [{**r, name: sorted(r[name])} for r in rows]


def differences(case, answer):
    """Says what is wrong with an answer; nothing if it is right."""
    kind = case["kind"]
    if kind == "invalid":
        return [] if answer.get("rejected") == [True] * len(case["assigners"]) else ["not all are refused"]
    if answer.get("error") is not None:
        return [f"error {answer['error']}: {answer.get('message')}"]
    if kind == "interval_join":
        expected = case["expected"]
        got, wanted = multiset(answer["pairs"]), multiset(expected["pairs"])
        wrong = [] if got == wanted else [
            f"missing {list((wanted - got).elements())}, too many {list((got - wanted).elements())}"]
        if answer["late"] != expected.get("late", []):
            wrong.append(f"late {answer['late']}, expected {expected.get('late', [])}")
        return wrong
    if kind == "window":
        expected = case["expected"]
        fields = {"key", "value", "ts", "window", "emitted_at"}
        wrong = []
        for rows in [expected["output"]]:
            fields = fields & set.intersection(*[set(r) for r in rows]) if rows else fields
        got = multiset({k: r[k] for k in fields} for r in answer["output"])
        wanted = multiset({k: r[k] for k in fields} for r in expected["output"])
        if got != wanted:
            wrong.append(f"missing {list((wanted - got).elements())}, too many {list((got - wanted).elements())}")
        if answer["late"] != expected.get("late", []):
            wrong.append(f"late {answer['late']}, expected {expected.get('late', [])}")
        return wrong
    if kind == "assign":
        same = multiset(sorted_lists(answer["checks"], "windows")) == multiset(
            {"ts": c["ts"], "windows": sorted(c["windows"])} for c in case["checks"])
    elif kind in ("window_start", "intersects"):
        same = answer["checks"] == case["checks"]
    elif kind == "merge":
        same = multiset(sorted_lists(answer["merges"], "sources")) == multiset(sorted_lists(case["merges"], "sources"))
    elif kind == "merge_incremental":
        same = all(w.get(k) == g.get(k) if k != "merged_from" else sorted(w[k]) == sorted(g.get(k, []))
                   for w, g in zip(case["steps"], answer["steps"], strict=True) for k in w)
    elif kind == "window_contents":
        same = multiset(sorted_lists(answer["contents"], "records")) == multiset(
            sorted_lists(case["expected"], "records"))
    else:
        return [f"a case of unknown kind {kind}"]
    return [] if same else [f"answered {answer}"]


def main():
    program, files = sys.argv[1], sys.argv[2:]
    lines = [line for f in files for line in open(f, encoding="utf-8") if line.strip()]
    ran = subprocess.run([program, "windows"], input="".join(lines), capture_output=True, text=True, check=True)
    answers = ran.stdout.splitlines()
    assert len(answers) == len(lines), f"{len(answers)} answers to {len(lines)} cases"
    passed = failed = 0
    for line, text in zip(lines, answers):
        case, answer = json.loads(line), json.loads(text)
        assert answer["id"] == case["id"], f"the answer to {case['id']} is for {answer['id']}"
        wrong = differences(case, answer)
        passed, failed = passed + (not wrong), failed + bool(wrong)
        for w in wrong:
            print(f"{case['id']}: {w}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
