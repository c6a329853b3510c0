"""Only core/sys calls the system, and only core/base/memory.c calls the allocator.

Judged by the undefined symbols of the objects, against a list of what is allowed: a call that
nobody thought of is a finding, not a gap.
"""

import fnmatch
import subprocess

from tree import Skipped, Tree

# Our own names, computation without state, and what the compiler itself puts in.
EVERYWHERE = [
    "bp_*", "bpi_*", "mem*", "str*", "__mem*_chk", "__str*_chk", "qsort", "bsearch", "frexp", "ldexp",
    "snprintf", "vsnprintf", "__snprintf_chk", "__vsnprintf_chk",
    "__assert_fail", "abort", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_",
    "__asan_*", "__ubsan_*", "__tsan_*", "__isoc23_strto*",
]
# strdup and its kin allocate; strerror and strtok keep state.
NOWHERE = ["strdup", "strndup", "strerror", "strtok", "strsignal", "strcoll", "strxfrm", "strftime"]
BY_ROOM = {
    "base/memory": ["realloc", "free", "malloc", "calloc"],
    "codec": ["json_*", "array_list_*", "printbuf_*", "lh_*",
              "__cpu_model"],  # which instructions the machine has
    "crypto": ["blake3_*", "crypto_*", "sodium_*", "libdeflate_*"],
}


def check(tree: Tree) -> list[str]:
    folder = tree.build / "CMakeFiles/batpak_objects.dir/core"
    # A source that was removed may have left its object behind.
    objects = [path for path in sorted(folder.glob("*/*.o"))
               if (tree.root / "core" / path.parent.name / path.stem).exists()]
    if not objects:
        raise Skipped("no object of core/ is built")
    listed = {path: symbols(path) for path in objects}
    ours = {name for _, defined in listed.values() for name in defined}
    problems = []
    for path, (undefined, _) in listed.items():
        room, unit = path.parent.name, path.name.split(".")[0]
        if room == "sys":
            continue
        allowed = EVERYWHERE + BY_ROOM.get(room, []) + BY_ROOM.get(f"{room}/{unit}", [])
        for name in sorted(undefined - ours):
            if matches(name, NOWHERE) or not matches(name, allowed):
                problems.append(f"core/{room}/{unit}.c calls {name}, which is not on the list of {__file__.rsplit('/', 1)[-1]}")
    return problems


def matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def symbols(path) -> tuple[set[str], set[str]]:
    """Undefined and defined names of an object."""
    lines = subprocess.run(["nm", "-P", str(path)], capture_output=True, text=True, check=True).stdout.splitlines()
    fields = [line.split()[:2] for line in lines]
    undefined = {name for name, kind in fields if kind in "Uwv"}
    return undefined, {name for name, kind in fields if kind not in "Uwv"}
