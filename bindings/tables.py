#!/usr/bin/env python3
"""Writes the constants of ffi.h in other languages: bindings/tables.py python|node, to standard output.

The results are committed as python/batpak/_constants.py and node/src/constants.ts; the gate
`generated` holds them against the header, `script/check --update-generated` writes them anew.
"""

import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "script/gates"))

from declarations import Enum, enums  # noqa: E402

WIDTH = 118
ORIGIN = "Generated from ffi.h by bindings/tables.py; do not edit."


def split(found: list[Enum]) -> tuple[Enum, list[Enum]]:
    """The statuses, which are the enum that begins with success, and all others."""
    statuses = next(enum for enum in found if enum.constants[0][0] == "BP_OK")
    return statuses, [enum for enum in found if enum is not statuses]


def wrapped(words: str, begin: str, then: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=begin, subsequent_indent=then, break_on_hyphens=False)


def python(statuses: Enum, others: list[Enum]) -> list[str]:
    lines = ['"""The constants of the C interface.', "", f"{ORIGIN}", '"""', "", "import enum", "from typing import Final",
             "", "", "class Status(enum.IntEnum):",
             '    """What a call answered. Numbers and names are never reused."""', ""]
    for name, number, note in statuses.constants:
        lines += wrapped(note, "    #: ", "    #: ") + [f"    {name} = {number}"]
    lines.append("")
    for other in others:
        lines += ["", *wrapped(other.note, "# ", "# ")]
        for name, number, note in other.constants:
            lines += wrapped(note, "#: ", "#: ") + [f"{name}: Final = {number}"]
    return lines


def javadoc(note: str, indent: str = "") -> list[str]:
    if len(indent) + len(note) + 7 <= WIDTH:
        return [f"{indent}/** {note} */"] if note else []
    return [f"{indent}/**", *wrapped(note, f"{indent} * ", f"{indent} * "), f"{indent} */"]


def node(statuses: Enum, others: list[Enum]) -> list[str]:
    lines = [f"// The constants of the C interface. {ORIGIN}", "",
             "/** What a call answered. Numbers and names are never reused. */", "export const Status = {"]
    for name, number, note in statuses.constants:
        lines += [*javadoc(note, "  "), f"  {name}: {number},"]
    lines += ["} as const;", "", "/** The name of a status, as `BatpakError.code` gives it. */",
              "export type StatusName = keyof typeof Status;"]
    for other in others:
        lines += ["", *wrapped(other.note, "// ", "// ")]
        for name, number, note in other.constants:
            lines += [*javadoc(note), f"export const {name} = {number};"]
    return lines


LANGUAGES = {"python": python, "node": node}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in LANGUAGES:
        sys.exit("usage: bindings/tables.py python|node")
    header = (ROOT / "ffi.h").read_text(encoding="utf-8")
    sys.stdout.write("\n".join(LANGUAGES[sys.argv[1]](*split(enums(header)))) + "\n")
