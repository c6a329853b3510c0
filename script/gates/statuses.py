"""Every status of ffi.h is reached by a test: its name stands in tests/ or conformance/."""

import re

import declarations
from tree import Skipped, Tree, text


def check(tree: Tree) -> list[str]:
    declared = declarations.read(text(tree.need("ffi.h")))
    files = tree.files("tests/*", "conformance/*")
    files = [path for path in files if path.suffix in (".c", ".h", ".py", ".rs", ".jsonl", ".json", ".txt", ".sh", "")]
    if not any(path.suffix in (".c", ".py", ".jsonl") for path in files):
        raise Skipped("there are no tests")
    reached: set[str] = set()
    for path in files:
        reached.update(re.findall(r"\bBP_[A-Z0-9_]+\b", text(path)))
    return [f"{status} is reached by no test" for status in declared.statuses if status not in reached]
