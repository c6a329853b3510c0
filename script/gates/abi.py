"""What the library promises in binary, against the listing that is committed.

The listing holds every constant with its number, every struct with its size and offsets, every
function and callback with its types. `script/check --update-abi` writes it anew; a line that went
away or changed is a new ABI, so bp_abi_version must rise with it once a version is out.
"""

import difflib
import subprocess
import tempfile
from pathlib import Path

import declarations
from tree import Skipped, Tree, text


def listing_path(tree: Tree) -> Path:
    return tree.root / f"abi/batpak-{tree.abi()}.txt"


def check(tree: Tree) -> list[str]:
    header = tree.need("ffi.h")
    declared = declarations.read(text(header))
    problems = []
    committed = listing_path(tree)
    name = tree.name(committed)
    if not committed.exists():
        problems.append(f"{name} is missing: script/check --update-abi")
    else:
        old, new = text(committed).splitlines(), listing(tree).splitlines()
        for line in difflib.unified_diff(old, new, lineterm="", n=0):
            if line[:1] in "+-" and line[:3] not in ("+++", "---"):
                problems.append(f"{name} {'lacks' if line[0] == '+' else 'says, no longer true'}: {line[1:]}")
    library = tree.build / "lib/libbatpak.so"
    if not library.exists():
        if problems:
            return problems
        raise Skipped("the shared library is not built; the header agrees with the listing")
    exported = exports(library)
    problems += [f"libbatpak.so exports {extra}, which ffi.h does not declare"
                 for extra in sorted(exported - declared.functions.keys())]
    problems += [f"ffi.h declares {absent}, which libbatpak.so does not export"
                 for absent in sorted(declared.functions.keys() - exported)]
    return problems


def exports(library: Path) -> set[str]:
    lines = subprocess.run(["nm", "-D", "-P", "--defined-only", str(library)],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.split()[0].split("@")[0] for line in lines if line.split()[1] != "A"}


def update(tree: Tree) -> None:
    path = listing_path(tree)
    path.parent.mkdir(exist_ok=True)
    path.write_text(listing(tree))


def listing(tree: Tree) -> str:
    """Numbers and offsets come from a compiler, not from our reading of the header."""
    declared = declarations.read(text(tree.root / "ffi.h"))
    lines = ["#include <batpak/ffi.h>", "#include <stddef.h>", "#include <stdio.h>", "int main(void) {"]
    for name in declared.constants:
        lines.append(f'printf("constant {name} %lld\\n", (long long){name});')
    for struct, fields in declared.structs.items():
        lines.append(f'printf("struct {struct} size %zu align %zu\\n", sizeof({struct}), _Alignof({struct}));')
        for field in fields:
            lines.append(f'printf("field {struct}.{field} offset %zu size %zu\\n", '
                         f"offsetof({struct}, {field}), sizeof((({struct} *)0)->{field}));")
    lines.append("return 0; }")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "batpak").mkdir()
        (folder / "batpak/ffi.h").write_text(text(tree.root / "ffi.h"))
        (folder / "listing.c").write_text("\n".join(lines))
        subprocess.run(["gcc", "-std=c11", "-I", scratch, "-o", str(folder / "listing"), str(folder / "listing.c")],
                       check=True)
        measured = subprocess.run([str(folder / "listing")], capture_output=True, text=True, check=True).stdout
    types = [f"callback {declared.callbacks[name]}" for name in declared.callbacks]
    types += [f"function {declared.functions[name]}" for name in declared.functions]
    return f"abi {tree.abi()}\n{measured}" + "\n".join(types) + "\n"
