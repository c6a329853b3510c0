"""The bindings and the vectors hold all of ffi.h: functions, statuses, constants, the compiled parts' types.

A function is called by the package of each language and by an instruction of the conformance suite
(conformance/functions.txt), which stands in a vector and in every driver. A status is raised in a
suite of each language or by a vector that it runs. What is left out stands in in_step.txt with its
reason; a line there that is no longer needed is wrong too.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path

import declarations
from tree import Tree, text

GAPS = "script/gates/in_step.txt"
TABLE = "conformance/functions.txt"
PACKAGES = {
    "python": (("python/batpak/*.py", r"\blib\.({})\b"), ("bindings/python/*.c", r"\b({})\(")),
    "node": (("node/src/*.ts", r"\braw\.({})\b"), ("bindings/node/*.c", r"\b({})\(")),
}
SUITES = {"python": "python/tests/*.py", "node": "node/test/*.mjs"}
# How a driver lists an instruction that it knows.
DRIVERS = {
    "c": ("conformance/driver_c/*.c", r'\{{"{}", '),
    "python": ("conformance/driver_python/*.py", r'^    "{}": |\{{"{}": |, "{}": '),
    "node": ("conformance/driver_node/*.mjs", r"^  {}(?:,|: )|^  {}\(|^  (?:async )?{}\("),
}
CONSTANTS = {
    "python/batpak/_constants.py": r"^ *(BP_\w+)(?:: Final)? = (\d+)$",
    "node/src/constants.ts": r"^(?:  |export const )(BP_\w+)(?:: | = )(\d+)[,;]$",
}


def check(tree: Tree) -> list[str]:
    declared = declarations.read(text(tree.need("ffi.h")))
    gaps = Gaps(tree)
    vectors = read_vectors(tree)
    problems = [*functions(tree, declared, gaps), *statuses(tree, declared, gaps, vectors),
                *instructions(tree, declared, gaps, vectors), *constants(tree, declared), *compiled(tree)]
    return [*problems, *gaps.unused()]


class Gaps:
    """The lines of in_step.txt whose names are of a form, and which of them were asked for."""

    def __init__(self, tree: Tree, form: str = r"\w+") -> None:
        path = tree.root / GAPS
        rows = re.findall(rf"^({form}) ([\w, ]+): \S.*$", text(path), re.M) if path.exists() else []
        self.left = {(name, where.strip()) for name, places in rows for where in places.split(",")}
        self.used: set[tuple[str, str]] = set()

    def excuse(self, name: str, where: str) -> bool:
        self.used.add((name, where))
        return (name, where) in self.left

    def unused(self) -> list[str]:
        return [f"{GAPS}: {name} is not missing in {where}" for name, where in sorted(self.left - self.used)]

    def report(self, missing: Iterable[str], where: str, words: str) -> list[str]:
        return [f"{name} {words}" for name in missing if not self.excuse(name, where)]


def functions(tree: Tree, declared: declarations.Declarations, gaps: Gaps) -> list[str]:
    problems = []
    for language, places in PACKAGES.items():
        called: set[str] = set()
        for pattern, call in places:
            for path in tree.files(pattern):
                called.update(re.findall(call.format(r"bp_\w+"), text(path)))
        problems += gaps.report((name for name in declared.functions if name not in called), language,
                                f"is called by nothing in the package for {language}")
    return problems


def read_vectors(tree: Tree) -> list[tuple[str, list[dict]]]:
    """(the language that a file is for, or none; its instructions)"""
    found = []
    for path in tree.files("conformance/vectors/*.jsonl"):
        header, *steps = (json.loads(line) for line in text(path).splitlines() if line)
        only = [need.removeprefix("native_") for need in header["needs"] if need.startswith("native_")]
        found.append((only[0] if only else "", steps))
    return found


def statuses(tree: Tree, declared: declarations.Declarations, gaps: Gaps,
             vectors: list[tuple[str, list[dict]]]) -> list[str]:
    problems = []
    for language, suite in SUITES.items():
        raised: set[str] = {"BP_OK"}
        for only, steps in vectors:
            if only in ("", language):
                raised.update(status for step in steps for status in expected(step))
        for path in tree.files(suite):
            # `BP_NAME: "why it cannot be raised"` reaches nothing.
            raised.update(re.findall(r"\bBP_[A-Z0-9_]+\b(?!: \")", text(path)))
        problems += gaps.report((name for name in declared.statuses if name not in raised), language,
                                f"is raised by no vector and no test of {language}")
    return problems


def expected(step: dict) -> list[str]:
    return [status for status in (step["expect"]["status"], step["expect"].get("ours")) if status]


def instructions(tree: Tree, declared: declarations.Declarations, gaps: Gaps,
                 vectors: list[tuple[str, list[dict]]]) -> list[str]:
    table = {row[0]: row[1:] for row in (line.split() for line in text(tree.root / TABLE).splitlines()
                                         if line and line[0] != "#")} if (tree.root / TABLE).exists() else {}
    problems = gaps.report((name for name in declared.functions if name not in table), "vectors",
                           f"has no instruction in {TABLE}")
    problems += [f"{TABLE} names {name}, which ffi.h does not declare" for name in table if name not in declared.functions]
    in_vectors = {step["op"] for _, steps in vectors for step in steps}
    sources = {driver: "\n".join(text(path) for path in tree.files(pattern)) for driver, (pattern, _) in DRIVERS.items()}
    problems += [f"the C driver does not call {name}" for name in table if f"{name}(" not in sources["c"]]
    for instruction in sorted({word for row in table.values() for word in row}):
        if instruction not in in_vectors | {"reset"}:
            problems.append(f"the instruction {instruction} is in no vector")
        problems += [f"the driver {driver} does not know {instruction}" for driver, (_, form) in DRIVERS.items()
                     if not re.search(form.replace("{}", instruction).replace("{{", "{"), sources[driver], re.M)]
    return problems


def constants(tree: Tree, declared: declarations.Declarations) -> list[str]:
    """The numbers of the bindings are those that a compiler gave."""
    listing = tree.root / f"abi/batpak-{tree.abi()}.txt"
    compiler = dict(re.findall(r"^constant (\w+) (\d+)$", text(listing), re.M)) if listing.exists() else {}
    problems = []
    for name, form in CONSTANTS.items():
        path = tree.root / name
        if path.exists():
            found = dict(re.findall(form, text(path), re.M))
            problems += [f"{name}: {constant} is {found.get(constant, 'missing')}, not {compiler.get(constant)}"
                         for constant in declared.constants if found.get(constant) != compiler.get(constant)]
    return problems


def compiled(tree: Tree) -> list[str]:
    """What is written down of the types of the compiled parts is what these export."""
    return [
        *differ(tree, "python/batpak/_batpak.pyi", r"^(?:    )?def (\w+)\(", "bindings/python/*.c", r'^    (?:\{"|[A-Z]+\()(\w+)"?, '),
        *differ(tree, "node/src/native.ts", r"^  (\w+)(?:<\w+>)?\(.*\): .*;$", "bindings/node/*.c", r'^    \{"(\w+)", \w+\},'),
    ]


def differ(tree: Tree, typings: str, declaration: str, sources: str, export: str) -> list[str]:
    path = tree.root / typings
    if not path.exists():
        return []
    # Those of the language itself (__enter__) and what SWIG makes of ffi.h stand in neither table.
    said = {name for name in re.findall(declaration, text(path), re.M) if not name.startswith("__")}
    made = {name for file in tree.files(sources) for name in re.findall(export, text(file), re.M)
            if not name.startswith("__")}
    swig = set(declarations.read(text(tree.root / "ffi.h")).functions)
    return [f"{typings} lacks {name}, which {sources} exports" for name in sorted(made - said)] + [
        f"{typings} names {name}, which {sources} does not export" for name in sorted(said - made - swig)]
