# SPDX-License-Identifier: BSD-3-Clause
"""The fraud example finds what a plain Python script over the same charges finds, and obeys rules that change.

usage: fraud_results.py FRAUD EXAMPLE_DIRECTORY
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime

from support import check, run

fraud, example = sys.argv[1:3]


def alerts(directory):
    with open(os.path.join(directory, "alerts.jsonl")) as file:
        return [json.loads(line) for line in file]


def charges_of(directory):
    with open(os.path.join(directory, "charges.csv")) as file:
        return {int(row["number"]): row for row in csv.DictReader(file)}


def is_card_testing(alert, charges, least):
    """Whether an alert's charges are three small ones of its card and then one above `least`, within 30 s."""
    four = [charges[n] for n in alert["charges"]]
    times = [datetime.fromisoformat(c["at"].replace("Z", "+00:00")) for c in four]
    amounts = [float(c["amount"]) for c in four]
    return (len(four) == 4 and {c["card"] for c in four} == {alert["card"]} and times == sorted(times)
            and (times[3] - times[0]).total_seconds() < 30 and max(amounts[:3]) < 1
            and amounts[3] > least and amounts[3] > 100 * max(amounts[:3]))


with tempfile.TemporaryDirectory() as work:
    for parallelism in "1", "3":
        out = os.path.join(work, "results-" + parallelism)
        code, stdout, stderr = run(fraud, "run", "--output", out, "--json", "--parallelism", parallelism)
        check(code == 0, "fraud run", stderr)
        summary = json.loads(stdout)
        check(summary["dead_letters"] == 0 and summary["late_events"] == 0, "nothing is lost", summary)
        with open(os.path.join(out, "charges.csv")) as charges:
            reference = subprocess.run([sys.executable, os.path.join(example, "reference", "card_testing.py")],
                                       stdin=charges, capture_output=True, check=True, text=True).stdout
        expected = sorted(reference.split())
        found = sorted(",".join([a["card"], *map(str, a["charges"])]) for a in alerts(out))
        check(len(expected) >= 100, "the generator plants what is looked for", len(expected))
        check(found == expected, f"the alerts at parallelism {parallelism} are the script's", len(found), len(expected))

    # A rule that changes while it runs, then one that is wrong, then its removal.
    rules = os.path.join(work, "rules.jsonl")
    with open(os.path.join(example, "rules.jsonl")) as file:
        first = file.read()

    def write(text):
        with open(rules + ".new", "w") as new:
            new.write(text)
        os.replace(rules + ".new", rules)

    write(first)
    out = os.path.join(work, "changed")
    process = subprocess.Popen([fraud, "run", "--output", out, "--json", "--rules", rules, "--events", "60000", "--rate", "10000"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    write(first.replace('"version": 1', '"version": 2').replace("amount > 500", "amount > 800"))
    time.sleep(1)
    write('{"id": "card-testing", "version": 3, "steps": [{"step": "probe", "where": "amuont < 1"}]}\n')
    time.sleep(1)
    write('{"id": "card-testing", "version": 4, "removed": true}\n')
    stdout, stderr = process.communicate(timeout=60)
    check(process.returncode == 0, "the run ends when the charges do", stdout, stderr)
    for alert in alerts(out):
        check(is_card_testing(alert, charges_of(out), {1: 500, 2: 800}[alert["version"]]), "an alert is what its rule says", alert)
    versions = [a["version"] for a in sorted(alerts(out), key=lambda a: a["at"])]
    check(versions == sorted(versions) and set(versions) == {1, 2}, "each version had its time", versions)
    check(json.loads(stdout)["dead_letters"] == 1, "the wrong rule is a dead letter", stdout)

    write('{"id": "wrong", "version": 1, "steps": [{"step": "a", "times": 0}]}\n')
    code, stdout, stderr = run(fraud, "run", "--output", out, "--rules", rules)
    check(code != 0 and "step 'a': times(0) wants a positive number" in stderr, "a wrong rules file is refused at the start", stderr)
print("the alerts agree")
