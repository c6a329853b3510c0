"""The documents and the code say the same: finding codes, deviations with their tests, links between documents.

Every code that a finding can have stands in docs/verdicts.md, and the reverse. A row of
docs/deviations.md names a test file that says the row's number, or a golden store that is there.
"""

import re

from tree import Tree, text

CALL = re.compile(r"\bbpi_(?:verify_)?find\((.*?);", re.S)
CODE = re.compile(r'"([a-z]+(?:_[a-z]+)*)"')
OUTCOME = re.compile(r'case BP_RECEIPT_(\w+): return "([a-z_]+)"')
HOLDS = {"SIGNED", "UNSIGNED_ACCEPTED", "UNVOUCHED"}
ROW = re.compile(r"^\| (V-\d{2}) \|.*\| ([^|]*) \|$", re.M)
LINK = re.compile(r"\]\(([^)#:]+)\)")


def check(tree: Tree) -> list[str]:
    return [*codes(tree), *deviations(tree), *links(tree)]


def codes(tree: Tree) -> list[str]:
    told: set[str] = set()
    for path in tree.files("core/journal/*.c", "core/store/*.c"):
        source = text(path)
        for call in CALL.findall(source):
            told.update(CODE.findall(call))
        for choice in re.findall(r"\bcode = ([^;]*);", source):
            told.update(CODE.findall(choice))
    for path in tree.files("core/model/receipt*.c"):
        told.update(word for name, word in OUTCOME.findall(text(path)) if name not in HOLDS)
    findings = text(tree.need("docs/verdicts.md")).split("## Findings", 1)[-1].split("## Outcomes", 1)[0]
    written = {code for cell in re.findall(r"^\| (`[^|]*) \|", findings, re.M) for code in re.findall(r"`([a-z_]+)`", cell)}
    return [f"docs/verdicts.md lacks the finding `{code}`" for code in sorted(told - written)] + [
        f"docs/verdicts.md explains `{code}`, which no finding has" for code in sorted(written - told)]


def deviations(tree: Tree) -> list[str]:
    problems, stated = [], []
    for number, tests in ROW.findall(text(tree.need("docs/deviations.md"))):
        stated.append(number)
        names = re.findall(r"`(?:golden )?([\w./]+)`", tests)
        if not names:
            problems.append(f"docs/deviations.md: {number} names no test")
        for name in names:
            if "." not in name:
                if not (tree.root / "conformance/golden/reference" / name / "about.json").exists():
                    problems.append(f"docs/deviations.md: {number} names the golden store {name}, which is not there")
                continue
            path = tree.root / ("tests/store/deviations.c" if name == "deviations.c" else name)
            if not path.exists():
                problems.append(f"docs/deviations.md: {number} names {name}, which is not there")
            elif number not in text(path):
                problems.append(f"{tree.name(path)} does not name {number}")
    problems += [f"docs/deviations.md states {number} twice" for number in sorted(set(stated))
                 if stated.count(number) > 1]
    for path in tree.files("tests/*.c", "tests/*.py", "conformance/*.py"):
        for number in sorted(set(re.findall(r"\bV-\d{2}\b", text(path))) - set(stated)):
            problems.append(f"{tree.name(path)} names {number}, which docs/deviations.md does not state")
    return problems


def links(tree: Tree) -> list[str]:
    return [f"{tree.name(path)} points to {target}, which is not there"
            for path in tree.files("*.md", "docs/*.md")
            for target in LINK.findall(text(path)) if not (path.parent / target).exists()]
