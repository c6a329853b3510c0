#!/usr/bin/env python3
"""Writes the C source of batpak_layouts, which prints how a compiler lays out the structs of ffi.h as one JSON object:

    {"bp_token": {"size": 24, "fields": {"type": {"offset": 0, "size": 4}, ...}}, ...}

The bindings hold their own tables of offsets against what it prints.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "script/gates"))

from declarations import read  # noqa: E402

BEGIN = """\
/* Generated from ffi.h by bindings/layouts.py; do not edit. */
#include <batpak/ffi.h>
#include <stddef.h>
#include <stdio.h>

static const char *before_struct = "{";
static const char *before_field;

static void begin(const char *name, size_t size) {
  printf("%s\\n\\"%s\\": {\\"size\\": %zu, \\"fields\\": {", before_struct, name, size);
  before_struct = "}},";
  before_field = "";
}

static void field(const char *name, size_t offset, size_t size) {
  printf("%s\\n  \\"%s\\": {\\"offset\\": %zu, \\"size\\": %zu}", before_field, name, offset, size);
  before_field = ",";
}

int main(void) {"""

END = """\
  puts("}}\\n}");
  return fflush(stdout) == 0 ? 0 : 1;
}
"""


def source(header: str) -> str:
    lines = [BEGIN]
    for name, fields in read(header).structs.items():
        lines.append(f'  begin("{name}", sizeof({name}));')
        lines += [f'  field("{field}", offsetof({name}, {field}), sizeof(((const {name} *)0)->{field}));'
                  for field in fields]
    return "\n".join([*lines, END])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the C source of batpak_layouts.")
    parser.add_argument("output", type=Path, help="the C file to write")
    output = parser.parse_args().output
    output.write_text(source((ROOT / "ffi.h").read_text(encoding="utf-8")), encoding="utf-8")
