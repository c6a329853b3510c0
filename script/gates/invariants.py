"""docs/invariants.md and the tests name the same invariants.

A line of the document that begins with a number (`I-042 ...`, also as a list item, heading or table
row) states one. A test names what it holds by the number in a comment, or in a name as I_042.
"""

import re

from tree import Tree, text

STATED = re.compile(r"^[\s|*#-]*(I-\d{3})\b", re.M)
NAMED = re.compile(r"\bI-(\d{3})\b|(?:\b|_)I_(\d{3})(?!\d)")


def check(tree: Tree) -> list[str]:
    stated = STATED.findall(text(tree.need("docs/invariants.md")))
    problems = [f"docs/invariants.md states {number} twice"
                for number in sorted(set(stated)) if stated.count(number) > 1]
    tested: dict[str, str] = {}
    for path in tree.files("tests/*", "conformance/*", "fuzz/*", "bench/*"):
        if path.suffix in (".c", ".h", ".py", ".rs", ".sh", ".md", ".txt", ".jsonl", ""):
            for first, second in NAMED.findall(text(path)):
                tested.setdefault(f"I-{first or second}", tree.name(path))
    problems += [f"{number} of docs/invariants.md has no test" for number in sorted(set(stated) - tested.keys())]
    problems += [f"{tested[number]} names {number}, which docs/invariants.md does not state"
                 for number in sorted(tested.keys() - set(stated))]
    return problems
