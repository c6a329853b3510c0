"""Every status of ffi.h is reached by a test: its name stands in tests/ or in a vector of conformance/."""

import re

import declarations
from tree import Skipped, Tree, text


def check(tree: Tree) -> list[str]:
    declared = declarations.read(text(tree.need("ffi.h")))
    # A table of names in a driver or a helper reaches nothing.
    files = tree.files("tests/*.c", "tests/*.py", "tests/*.sh", "conformance/*.jsonl")
    files = [path for path in files if "support" not in path.relative_to(tree.root).parts]
    if not files:
        raise Skipped("there are no tests")
    reached: set[str] = set()
    for path in files:
        reached.update(re.findall(r"\bBP_[A-Z0-9_]+\b", text(path)))
    return [f"{status} is reached by no test" for status in declared.statuses if status not in reached]

