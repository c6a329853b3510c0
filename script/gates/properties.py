"""docs/properties.md and the tests name the same properties, and every test that the document names is there.

A row begins with a number (`P-042`); its last cell names tests, each of which says the number in the lines above it, or at its
head. Rows without a number name tests alone.
"""

import re
from pathlib import Path

from tree import Tree, text

ROW = re.compile(r"^\| ([^|]+) \|.*\| ([^|]*`[^|]*) \|$", re.M)
NUMBER = re.compile(r"\bP-\d{3}\b")
C_TEST = re.compile(r"((?:^/\*[^\n]*\n(?: \*[^\n]*\n)*)*)^(?:Test\(|ParameterizedTest\([^,]*, )(\w+), (\w+)", re.M)


def check(tree: Tree) -> list[str]:
    rows = ROW.findall(text(tree.need("docs/properties.md")))
    said = tests(tree)
    problems, stated = [], [first for first, _ in rows if NUMBER.fullmatch(first)]
    for first, cell in rows:
        for name in re.findall(r"`([^`]+)`", cell):
            if name not in said:
                problems.append(f"docs/properties.md names the test {name}, which is not there")
            elif NUMBER.fullmatch(first) and first not in said[name]:
                problems.append(f"{name} does not name {first}")
    problems += [f"docs/properties.md states {number} twice" for number in sorted(set(stated)) if stated.count(number) > 1]
    for path in tree.files("tests/*", "python/tests/*"):
        problems += [f"{tree.name(path)} names {number}, which docs/properties.md does not state"
                     for number in sorted(set(NUMBER.findall(text(path))) - set(stated))]
    return problems


def tests(tree: Tree) -> dict[str, set[str]]:
    """The numbers that each test names, by the test's name as the document writes it."""
    said: dict[str, set[str]] = {}
    for path in tree.files("tests/*.c"):
        source, room = text(path), path.parent.name
        head = set(NUMBER.findall(source.split("#include", 1)[0]))
        said[f"{room}/{path.stem}"] = said[tree.name(path)] = head
        for comments, suite, name in C_TEST.findall(source):
            said[f"{suite}/{name}"] = set(NUMBER.findall(comments))
    for path in tree.files("python/tests/test_*.py"):
        said.update((f"{path.name}::{name}", numbers) for name, numbers in python_tests(path))
    return said


def python_tests(path: Path) -> list[tuple[str, set[str]]]:
    found = []
    for part in re.split(r"^(?=def )", text(path), flags=re.M)[1:]:
        name = re.match(r"def (\w+)", part)
        assert name is not None
        found.append((name.group(1), set(NUMBER.findall(part))))
    return found
