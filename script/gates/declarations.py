"""Reads the declarations of ffi.h: enum constants, structs with their fields, functions."""

import re
from dataclasses import dataclass, field

from tree import without_comments


@dataclass
class Enum:
    """An enum with its comment; each constant as (name, number, comment)."""

    note: str
    constants: list[tuple[str, int, str]]


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


CONSTANT = re.compile(r"([A-Z]\w*)\s*=\s*(0x[0-9A-Fa-f]+|\d+)\s*(?:,|(?=[\s}]))[ \t]*(?:/\*(.*?)\*/)?", re.S)


def enums(header: str) -> list[Enum]:
    """The enums of the header in its order, with what it says of them. Every constant has its number there."""
    found = []
    for match in re.finditer(r"^(?:typedef )?enum(?: \w+)? \{[ \t]*(?:/\*(.*?)\*/)?(.*?)\}", header, re.S | re.M):
        body = match.group(2)
        constants = [(name, int(number, 0), sentence(note)) for name, number, note in CONSTANT.findall(body)]
        names = re.findall(r"\b[A-Z]\w*(?=\s*(?:=|,|$))", without_comments(body))
        if [name for name, _, _ in constants] != names:
            raise ValueError(f"an enum of ffi.h has a constant without a number: {', '.join(names)}")
        found.append(Enum(sentence(match.group(1)), constants))
    return found


def sentence(comment: str | None) -> str:
    return re.sub(r"\s+", " ", comment or "").strip()


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
