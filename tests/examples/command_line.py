# SPDX-License-Identifier: BSD-3-Clause
"""What a new user tries: help, wrong flags, missing files, configuration by file and environment.

usage: command_line.py FLIGHTS FIRST
"""
import json
import os
import sys
import tempfile

from support import check, run

flights, first = sys.argv[1:3]


def refused(*command, saying, env=None):
    """The command fails with exit code 2 and one line that says what is wrong."""
    code, out, err = run(*command, env=env)
    check(code == 2, f"{command[1:]} ends with 2", code, err)
    check(saying in err, f"{command[1:]} says '{saying}'", err)
    check(err.strip().count("\n") == 0 or " mistake" in err, f"{command[1:]} says it in one line", err)


code, out, err = run(flights, "--help")
check(code == 0 and "run" in out and "graph" in out, "--help lists the commands", out, err)
code, out, err = run(flights, "run", "--help")
check(code == 0 and "--out-of-orderness" in out and "--parallelism" in out, "run --help lists the arguments", out)
code, out, err = run(flights, "graph")
check(code == 0 and out.startswith("flowchart LR"), "graph draws Mermaid", out, err)
check("delays by airport and hour" in out, "with the stages' names", out)
code, out, err = run(flights, "graph", "--format", "dot")
check(code == 0 and out.startswith('digraph "flights"'), "graph --format dot", out)
code, out, err = run(flights, "graph", "--format", "json")
plan = json.loads(out)
check(plan["name"] == "flights" and plan["stages"], "graph --format json is the plan", out)
check(run(flights, "graph", "--format", "json")[1] == out, "the same program gives the same plan")

refused(flights, saying="subcommand")
refused(flights, "fly", saying="fly")
refused(flights, "run", "--bogus", saying="--bogus")
refused(flights, "run", "--speed", "fast", saying="--speed 'fast'")
refused(flights, "run", "--out-of-orderness", "12 parsecs", saying="--out-of-orderness '12 parsecs'")
refused(flights, "run", "--parallelism", "0", saying="parallelism is 0")
refused(flights, "run", "--parallelism", "1000", saying="parallelism 1000 ")
refused(flights, "run", "--data", "/no/such/file.csv", saying="/no/such/file.csv")
refused(flights, "run", "--output", "/proc/nowhere", saying="/proc/nowhere")
refused(flights, "run", "--backend", "disk", saying="--backend 'disk'")
refused(flights, "run", "--memory-limit", "much", saying="--memory-limit 'much'")
refused(flights, "run", "--at-memory-limit", "panic", saying="--at-memory-limit 'panic'")
refused(flights, "run", "--backend", "rocksdb", "--state-dir", "/proc/nowhere", saying="/proc/nowhere")
refused(flights, "graph", "--format", "crayon", saying="crayon")
refused(flights, "run", "--config", "/no/such.json", saying="/no/such.json")
refused(first, "run", saying="--input")
refused(first, "run", "stray", saying="stray")

with tempfile.TemporaryDirectory() as work:
    config = os.path.join(work, "config.json")

    def write(text):
        with open(config, "w") as file:
            file.write(text)

    write('{"out-of-orderness": "2h", "output": %s}' % json.dumps(os.path.join(work, "out")))
    late = json.loads(run(flights, "run", "--config", config, "--json")[1])["late_events"]
    check(late > 0, "--config sets an argument", late)
    code, out, err = run(flights, "run", "--config", config, "--json", env={"FLIGHTS_OUT_OF_ORDERNESS": "12h"})
    check(json.loads(out)["late_events"] == 0, "the environment wins over the file", out)
    code, out, err = run(flights, "run", "--config", config, "--json", "--out-of-orderness", "2h",
                         env={"FLIGHTS_OUT_OF_ORDERNESS": "12h"})
    check(json.loads(out)["late_events"] > 0, "a flag wins over the environment", out)
    write('{"sped": "max"}')
    refused(flights, "run", "--config", config, saying="'sped'")
    write("speed = max")
    refused(flights, "run", "--config", config, saying="JSON object")
print("the command line answers")
