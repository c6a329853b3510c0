"""Writes to standard output what ffi.h declares, with what its comments say: reference_c.py interface|statuses."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GROUPS = {0: "How the call was made", 100: "What was to be written", 200: "The store as a whole", 300: "Damaged bytes",
          400: "The system"}
SECTION = re.compile(r"^/\* -{3,} ([a-z ]+) -- \*/$", re.M)


def interface() -> str:
    header = read("ffi.h")
    opening = re.match(r"/\*(.*?)\*/", header, re.S)
    assert opening is not None, "ffi.h begins with a comment"
    first, *rest = SECTION.split(header)
    sections = list(zip(rest[::2], rest[1::2]))
    blocks = [(title, blocks_of(body)) for title, body in sections]
    out = ["# The C interface", "",
           "Generated from `ffi.h` by `docs/reference_c.py`; do not edit.", "",
           "```", *prose_lines(opening.group(1)), "```", "",
           "| Function | |", "|---|---|"]
    for _, found in blocks:
        for comment, code in found:
            out += [f"| [`{name}`](#{anchor(code)}) | {first_sentence(comment)} |" for name in functions(code)]
    for title, found in blocks:
        out += ["", f"## {title.capitalize()}"]
        for comment, code in found:
            out += ["", f"### {heading(code)}", "", "```c", code, "```"]
            if comment:
                out += ["", paragraphs(comment)]
    return "\n".join(out) + "\n"


def statuses() -> str:
    """Number, name, when it is answered, what to do next."""
    enum = re.search(r"enum \{\n  BP_OK = 0,(.*?)\n\};", read("ffi.h"), re.S)
    assert enum is not None, "ffi.h: the statuses are missing"
    advice = {name: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', words)).replace('\\"', '"')
              for name, words in re.findall(r"ROW\((BP_\w+),\s*((?:\"(?:[^\"\\]|\\.)*\"\s*)+)\)",
                                            read("core/base/status_names.c"))}
    out = ["# Statuses", "",
           "Generated from `ffi.h` and `core/base/status_names.c` by `docs/reference_c.py`; do not edit.", "",
           "What a call can answer beside `BP_OK` (0). In Python it is `error.code`, a `batpak.Status` whose `.name` stands "
           "here; in Node `error.code` is the name and `error.status` the number. The advice is `bp_status_advice`, "
           "`error.advice`."]
    for group in enum.group(1).strip("\n").split("\n\n"):
        rows = re.findall(r"^  (BP_\w+) = (\d+),?[ \t]*(?:/\*(.*?)\*/)?", group, re.M | re.S)
        hundred = int(rows[0][1]) // 100 * 100
        out += ["", f"## {GROUPS[hundred]}", "", "| | Name | When | What to do |", "|---:|---|---|---|"]
        for name, number, comment in rows:
            if name not in advice:
                sys.exit(f"core/base/status_names.c: no advice for {name}")
            meaning = " ".join(comment.split())
            out.append(f"| {number} | `{name}` | {meaning} | {advice[name]} |")
    return "\n".join(out) + "\n"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks_of(body: str) -> list[tuple[str, str]]:
    """(comment, code) of what stands between blank lines outside of braces."""
    body = re.split(r"^#ifdef __cplusplus", body, flags=re.M)[0]
    found: list[tuple[str, str]] = []
    for block in re.findall(r"(?:^(?!\s*$).*\n(?:(?<=\{\n)(?:.*\n)*?^\}.*\n)?)+", body, re.M):
        for part in re.split(r"(?m)^(?=/\*)", block):
            comment = re.match(r"/\*(.*?)\*/\n?", part, re.S)
            code = (part[comment.end():] if comment else part).strip()
            if code:
                found.append((comment.group(1) if comment else "", code.replace("BP_API ", "")))
    return [(comment, code) for comment, code in found if names(code)]


def functions(code: str) -> list[str]:
    return re.findall(r"^[^\s/(][^;{}()]*?\b(bp_\w+)\(", code, re.M) if "typedef" not in code else []


def names(code: str) -> list[str]:
    if functions(code):
        return functions(code)
    opaque = re.findall(r"^typedef struct \w+ (\w+);", code, re.M)
    callback = re.findall(r"^typedef [^;{}]*?\(\*(\w+)\)", code, re.M)
    struct = re.findall(r"^\} (\w+);", code, re.M)
    plain = re.findall(r"^typedef \w+ (\w+);", code, re.M)
    constants = re.findall(r"^\s*(BP_\w+) = ", code, re.M)
    return struct or opaque or callback or plain or constants[:1]


def heading(code: str) -> str:
    """Constants stand under the field that takes them, where the header says it."""
    taken_by = re.match(r"(?:typedef )?enum \{ /\* ((?:bp_\w+\.\w+(?:, )?)+)", code)
    if taken_by:
        return "Constants of " + ", ".join(f"`{name}`" for name in taken_by.group(1).split(", "))
    return ", ".join(f"`{name}`" for name in names(code))


def anchor(code: str) -> str:
    """As the heading becomes one where documents are shown: lower case, without what is not a word."""
    return re.sub(r"[^\w -]", "", ", ".join(names(code)).lower()).replace(" ", "-")


def prose_lines(comment: str) -> list[str]:
    lines = [re.sub(r"^ \* ?", "", line) for line in comment.splitlines()]
    return [line.rstrip() for line in "\n".join(lines).strip("\n ").splitlines()]


def paragraphs(comment: str) -> str:
    """Its lines joined; a list of errors stands in a line of its own."""
    text = "\n".join(prose_lines(comment)).strip()
    joined = [re.sub(r"\s*\n\s*", " ", part) for part in re.split(r"\n\s*\n", text)]
    return re.sub(r" (Errors: )", r"\n\n\1", linked("\n\n".join(joined)))


def linked(text: str) -> str:
    return re.sub(r"(?<![`\w])((?:bp_\w+|BP_[A-Z_0-9]+\*?)(?:\.\w+)?)", r"`\1`", text.replace("`", ""))


def first_sentence(comment: str) -> str:
    text = re.sub(r"\s+", " ", " ".join(prose_lines(comment))).strip()
    text = re.sub(r" ?Since \d+\.\d+\.?$", "", text)
    return re.split(r"(?<=[^A-Z]\.)\s", text)[0].replace("|", "\\|") if text else ""


if __name__ == "__main__":
    made = {"interface": interface, "statuses": statuses}
    if len(sys.argv) != 2 or sys.argv[1] not in made:
        sys.exit("usage: docs/reference_c.py interface|statuses")
    sys.stdout.write(made[sys.argv[1]]())
