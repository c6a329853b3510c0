"""ffi.h compiles as C99, C11 and C++, alone and twice, without a warning, and keeps to what binding tools parse."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tree import Skipped, Tree, text, without_comments

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-fsyntax-only"]
COMPILERS = [
    ["gcc", "-xc", "-std=c99", "-Wstrict-prototypes"],
    ["gcc", "-xc", "-std=c11", "-Wc++-compat"],
    ["g++", "-xc++", "-std=c++11"],
    ["clang", "-xc", "-std=c99", "-Wstrict-prototypes"],
    ["clang", "-xc++", "-std=c++17"],
]
ALONE = "#include <batpak/ffi.h>\n"
FORBIDDEN = {
    r"\binline\b": "an inline function",
    r"\bunion\b": "a union",
    r"__attribute__|__declspec": "an attribute",
    r"\.\.\.": "a variadic function",
    r"^\s*(?:unsigned\s+)?\w+\s+\w+\s*:\s*\d+\s*;": "a bit-field",
    r"\bbool\b|\blong\b|\bunsigned\b": "a type whose width or spelling varies",
}


def check(tree: Tree) -> list[str]:
    header = tree.need("ffi.h")
    problems = []
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "batpak").mkdir()
        shutil.copy(header, Path(scratch) / "batpak/ffi.h")
        for command in COMPILERS:
            if shutil.which(command[0]) is None:
                raise Skipped(f"{command[0]} is not here")
            for what, source in (("alone", ALONE), ("twice", ALONE * 2)):
                run = subprocess.run([*command, *WARNINGS, "-I", scratch, "-"], input=source,
                                     capture_output=True, text=True, check=False)
                if run.returncode != 0:
                    first = run.stderr.replace(scratch + "/", "").strip().splitlines()[0]
                    problems.append(f"ffi.h, {' '.join(command)}, {what}: {first}")
    source = without_comments(text(header))
    for pattern, what in FORBIDDEN.items():
        for match in re.finditer(pattern, source, re.M):
            line = source.count("\n", 0, match.start()) + 1
            problems.append(f"ffi.h:{line}: {what}, which binding tools do not all parse")
    return problems
