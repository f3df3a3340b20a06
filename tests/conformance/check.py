# SPDX-License-Identifier: BSD-3-Clause
"""Runs the cases of a file through the conformance program and compares what they come to.

usage: check.py CONFORMANCE KIND CASES.jsonl
"""
import json
import subprocess
import sys

program, kind, path = sys.argv[1:4]
with open(path) as file:
    text = file.read()
cases = [json.loads(line) for line in text.splitlines()]
done = subprocess.run([program, kind], input=text + "not a case\n", capture_output=True, text=True)
results = [json.loads(line) for line in done.stdout.splitlines()]


def same(found, expected, ordered):
    """Whether two lists hold the same; of objects only the fields that are expected count."""
    fields = {key for one in expected if isinstance(one, dict) for key in one}
    if fields:
        found = [{key: one.get(key) for key in fields} for one in found]
    found, expected = ([json.dumps(one, sort_keys=True) for one in many] for many in (found, expected))
    return found == expected if ordered else sorted(found) == sorted(expected)


def differences(case, result):
    expected = case.get("expected_intended") or case["expected"]
    if result["error"] != expected.get("error"):
        return [f"error {result['error']}, {result.get('message')}"]
    if expected.get("error"):
        return []
    wrong = []
    if "matches" in expected:
        pairs = [list(pair) for pair in zip(result["matches"], result["emitted_at"])]
        if not same(pairs, [list(p) for p in zip(expected["matches"], expected["emitted_at"])], case["order_matters"]):
            wrong.append(f"matches {pairs}")
    for field in "output", "late":
        if field in expected and not same(result[field], expected[field], case["order_matters"] or field == "late"):
            wrong.append(f"{field} {result[field]}")
    if "timeouts" in expected and not same(result.get("timeouts", []), expected["timeouts"], False):
        wrong.append(f"timeouts {result.get('timeouts')}")
    return wrong


failed = 0
if done.returncode != 0 or len(results) != len(cases) + 1:
    sys.exit(f"the program answered {len(results)} of {len(cases) + 1} lines, exit code {done.returncode}")
if results.pop()["error"] != "malformed_case":
    sys.exit("a line that is no case is not answered as such")
for case, result in zip(cases, results):
    wrong = differences(case, result) if result["id"] == case["id"] else [f"id {result['id']}"]
    for line in wrong:
        print(f"{case['id']}: {line}")
    failed += bool(wrong)
print(f"{len(cases) - failed} of {len(cases)} cases pass")
sys.exit(1 if failed else 0)
