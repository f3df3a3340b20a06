# SPDX-License-Identifier: BSD-3-Clause
"""Code that the documentation quotes from an example is the example's text, between its markers, to the letter.

usage: quotes_in_docs.py PROJECT_DIRECTORY
"""
import pathlib
import re
import sys

from support import check

root = pathlib.Path(sys.argv[1])
quoted = {
    "examples/first/main.cpp": ("first", ["README.md", "docs/guide/first-pipeline.md"]),
    "examples/embedded/main.cpp": ("embedded", ["docs/guide/embedding.md"]),
}
for source, (marker, pages) in quoted.items():
    text = (root / source).read_text().split(f"// [{marker}]\n")[1].strip()
    check("int main" in text, f"{source} has its text between two [{marker}] lines")
    for page in pages:
        check(text in (root / page).read_text(), f"{page} quotes {source} to the letter")
for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
        check((page.parent / target).exists(), f"{page.relative_to(root)}: the link {target} leads somewhere")
print("quotes and links hold")
