# SPDX-License-Identifier: BSD-3-Clause
"""Code that the documentation quotes from an example is the example's text, between its markers, to the letter.

usage: quotes_in_docs.py PROJECT_DIRECTORY
"""
import pathlib
import re
import sys

from support import check

root = pathlib.Path(sys.argv[1])
quoted = [
    ("examples/first/main.cpp", "first", ["README.md", "docs/guide/first-pipeline.md"]),
    ("examples/embedded/main.cpp", "embedded", ["docs/guide/embedding.md"]),
    ("examples/tested/spend.hpp", "spend", ["docs/guide/testing.md"]),
]
quoted += [
    ("examples/tested/spend_test.cpp", marker, ["docs/guide/testing.md"])
    for marker in ["ten lines", "late", "splits", "timers", "restart", "whole"]
]
for source, marker, pages in quoted:
    parts = (root / source).read_text().split(f"// [{marker}]\n")
    check(len(parts) == 3, f"{source} has its text between two [{marker}] lines")
    text = parts[1].strip()
    for page in pages:
        check(text in (root / page).read_text(), f"{page} quotes {source} to the letter")
for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
        check((page.parent / target).exists(), f"{page.relative_to(root)}: the link {target} leads somewhere")
print("quotes and links hold")
