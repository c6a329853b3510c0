"""Reads the declarations of ffi.h: enum constants, structs with their fields, functions."""

import re
from dataclasses import dataclass, field

from tree import without_comments


@dataclass
class Declarations:
    constants: list[str] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    structs: dict[str, list[str]] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    callbacks: dict[str, str] = field(default_factory=dict)


def read(header: str) -> Declarations:
    source = without_comments(header)
    source = re.sub(r"^[ \t]*#.*(?:\\\n.*)*$", "", source, flags=re.M)
    found = Declarations()
    for match in re.finditer(r"\benum\b\s*\w*\s*\{(.*?)\}", source, re.S):
        names = re.findall(r"^\s*([A-Z]\w*)\s*(?:=[^,}]*)?,?", match.group(1).replace(",", ",\n"), re.M)
        found.constants += names
        # The statuses are the enum that begins with success.
        if names and names[0] == "BP_OK":
            found.statuses = names
    for match in re.finditer(r"\bstruct\s+(\w+)\s*\{(.*?)\}", source, re.S):
        fields = [declarator(part) for part in match.group(2).split(";") if part.strip()]
        found.structs[match.group(1)] = fields
    for match in re.finditer(r"typedef\s+([^;{}]*\(\s*\*\s*(\w+)\s*\)\s*\([^;]*\))\s*;", source):
        found.callbacks[match.group(2)] = squeeze(match.group(1))
    for match in re.finditer(r"\bBP_API\s+([^;{}]*?\b(bp_\w+)\s*\([^;{}]*\))\s*;", source):
        found.functions[match.group(2)] = squeeze(match.group(1))
    return found


def declarator(part: str) -> str:
    """The name in `uint8_t text[192]`, `bp_step *step`, `void (*destroy)(void *)`."""
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", part)
    if pointer:
        return pointer.group(1)
    return re.findall(r"(\w+)\s*(?:\[[^\]]*\]\s*)*$", part.strip())[0]


def squeeze(words: str) -> str:
    """One spelling, however the header breaks its lines."""
    words = re.sub(r"\s+", " ", words).strip()
    words = re.sub(r" ?, ?", ", ", words)
    return re.sub(r" (?=\))|(?<=\() |(?<=\*) ", "", words)
