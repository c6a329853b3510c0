"""Each gate catches what it is there to catch: it is fed one bad sample after another, and a good one."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import abi
import alone
import documents
import generated
import header
import in_step
import invariants
import layers
import lines
import package_names
import paths
import properties
import seam
import statuses
from tree import Tree

CMAKE = "set(BATPAK_ROOMS base sys journal)\n"
VERSION = "#include <batpak/ffi.h>\nuint32_t bp_abi_version(void) { return 1; }\n"
HEADER = """#ifndef H
#define H
#include <stdint.h>
#ifndef BP_API
#define BP_API
#endif
#ifdef __cplusplus
extern "C" {
#endif
enum { BP_OK = 0, BP_BAD = 1 };
typedef struct bp_x { uint32_t struct_size; uint8_t id[16]; } bp_x;
BP_API int32_t bp_do(const bp_x *x);
#ifdef __cplusplus
}
#endif
#endif
"""
BASE = {"CMakeLists.txt": CMAKE, "core/base/version.c": VERSION, "ffi.h": HEADER, "core/base/a.h": "", "core/base/b_internal.h": "",
        "core/journal/j.h": "", "core/journal/j.c": '#include "base/a.h"\n#include "journal/j.h"\n',
        "tests/base/t.c": "/* BP_OK BP_BAD; I-001 */\n", "docs/invariants.md": "I-001 Something holds.\n",
        "core/journal/f.c": 'void f(void) {\n  bpi_find(findings, BP_SEVERITY_NOTE, "torn_tail", 1, 2, "%u bytes", 3);\n}\n',
        "docs/verdicts.md": "## Findings\n\n| `torn_tail` | open | it is torn |\n",
        "tests/store/deviations.c": "/* V-01 */\n",
        "docs/deviations.md": "| V-01 | there | here | `deviations.c` |\n",
        "docs/properties.md": "| P-001 | it holds | `base/holds`, `test_p.py::test_it` |\n| Refusal | status | `base/holds` |\n",
        "tests/base/p.c": "/* Of the base. */\n#include <x>\n/* V-01 */\n/* P-001 */\nTest(base, holds) {}\n",
        "python/tests/test_p.py": "def test_it() -> None:\n    # P-001\n    pass\n"}
# Where a language calls and raises what, for the header above.
BASE |= {
    "abi/batpak-1.txt": "constant BP_OK 0\nconstant BP_BAD 1\n",
    "python/batpak/_constants.py": "class Status:\n    BP_OK = 0\n    BP_BAD = 1\n",
    "python/batpak/_batpak.pyi": "class Handle:\n    def at(self): ...\n",
    "python/batpak/a.py": "lib.bp_do(x)\n",
    "python/tests/test_a.py": "BP_BAD\n",
    "bindings/python/a.c": '    {"at", at, 1},\n',
    "node/src/native.ts": "  at(x: number): void;\n  bp_do(x: number): void;\n",
    "node/src/a.ts": "raw.bp_do(x)\n",
    "node/test/a.test.mjs": "BP_BAD\n",
    "bindings/node/a.c": '    {"at", at},\n',
    "python/batpak/__init__.py": '__all__ = ["Event", "open"]\n',
    "python/batpak/b.py": "class Event:\n    sequence: int\n    def view(self): ...\ndef open(path, mode): ...\n",
    "node/src/index.ts": 'export { Event, open } from "./b.js";\n',
    "node/src/b.ts": "export class Event {\n  readonly wallMs: number;\n}\n",
    "docs/names.md": "| C | Python | Node |\n|---|---|---|\n| `bp_do` | `open`, `Event`, `Event.view`, `Event.sequence` "
                     "| `open`, `Event`, `Event.wallMs` |\n",
    "conformance/functions.txt": "bp_do do\n",
    "conformance/driver_c/a.c": '    {"do", run_do, false},\n bp_do(&x);\n',
    "conformance/driver_python/a.py": '    "do": run_do,\n',
    "conformance/driver_node/a.mjs": "  do: run,\n",
    "conformance/vectors/v.jsonl": '{"needs":[]}\n{"op":"do","expect":{"status":"ok"}}\n',
}
LONG_LINE_COUNT = lines.LIMIT + 1

# Gate, what is changed in the good tree, words that its finding must hold.
SAMPLES = [
    (layers, {"core/base/c.c": '#include "journal/j.h"\n'}, "lies above"),
    (layers, {"core/journal/k.c": '#include "base/b_internal.h"\n'}, "past the door"),
    (layers, {"core/journal/k.c": '#include "../base/a.h"\n'}, "climbs"),
    (layers, {"core/journal/k.c": "#include <ffi.h>\n"}, "another library's"),
    (layers, {"core/attic/k.c": "\n"}, "not among BATPAK_ROOMS"),
    (layers, {"programs/p/p.c": '#include "base/a.h"\n'}, "is not <batpak/ffi.h>"),
    (lines, {"core/base/long.c": "\n" * LONG_LINE_COUNT}, "are the limit"),
    (header, {"ffi.h": HEADER.replace("int32_t bp_do", "inline int32_t bp_do")}, "inline"),
    (header, {"ffi.h": HEADER.replace("#include <stdint.h>", "")}, "alone"),
    (header, {"ffi.h": HEADER.replace("#ifndef H\n#define H", "#if 1")}, "twice"),
    (header, {"ffi.h": HEADER.replace("const bp_x *x", "const bp_x *class")}, "g++"),
    (abi, {"ffi.h": HEADER.replace("BP_BAD = 1", "BP_BAD = 2")}, "constant BP_BAD 2"),
    (abi, {"ffi.h": HEADER.replace("uint32_t struct_size", "uint64_t struct_size")}, "field bp_x.id offset 8"),
    (abi, {"ffi.h": HEADER.replace("bp_do(const bp_x *x", "bp_do(bp_x *x")}, "function"),
    (statuses, {"tests/base/t.c": "/* BP_OK */\n"}, "BP_BAD is reached by no test"),
    (invariants, {"docs/invariants.md": "I-001 One.\nI-002 Two.\n"}, "I-002 of docs/invariants.md has no test"),
    (invariants, {"tests/base/u.c": "Test(base, I_003_x)\n"}, "names I-003"),
    (invariants, {"docs/invariants.md": "I-001 One.\nI-001 Again.\n"}, "twice"),
    (paths, {"build-dev/bin/batpak": "\0/root/secret/x.c\0"}, "holds the path"),
    (documents, {"docs/verdicts.md": "## Findings\n"}, "lacks the finding `torn_tail`"),
    (documents, {"core/journal/f.c": ""}, "which no finding has"),
    (documents, {"tests/store/deviations.c": ""}, "does not name V-01"),
    (documents, {"docs/deviations.md": "| V-01 | there | here | - |\n"}, "V-01 names no test"),
    (documents, {"tests/base/t.c": "/* V-02 */"}, "which docs/deviations.md does not state"),
    (documents, {"docs/deviations.md": "| V-01 | there | here | `golden lost` |\n"}, "golden store lost"),
    (documents, {"README.md": "[gone](docs/gone.md)\n"}, "docs/gone.md, which is not there"),
    (properties, {"docs/properties.md": "| P-001 | it holds | `base/gone` |\n"}, "the test base/gone, which is not there"),
    (properties, {"tests/base/p.c": "Test(base, holds) {}\n"}, "base/holds does not name P-001"),
    (properties, {"python/tests/test_p.py": "def test_it():\n    pass\n"}, "test_p.py::test_it does not name P-001"),
    (properties, {"tests/base/q.c": "/* P-002 */\n"}, "names P-002, which docs/properties.md does not state"),
    (properties, {"docs/properties.md": "| P-001 | a | `base/holds` |\n| P-001 | b | `base/holds` |\n"}, "P-001 twice"),
    (in_step, {"python/batpak/a.py": ""}, "bp_do is called by nothing in the package for python"),
    (in_step, {"node/src/a.ts": "// bp_do"}, "bp_do is called by nothing in the package for node"),
    (in_step, {"python/tests/test_a.py": 'BP_BAD: "why not"'}, "BP_BAD is raised by no vector and no test of python"),
    (in_step, {"node/test/a.test.mjs": ""}, "BP_BAD is raised by no vector and no test of node"),
    (in_step, {"conformance/functions.txt": ""}, "bp_do has no instruction"),
    (in_step, {"conformance/functions.txt": "bp_do do\nbp_gone do\n"}, "bp_gone, which ffi.h does not declare"),
    (in_step, {"conformance/vectors/v.jsonl": '{"needs":[]}\n'}, "the instruction do is in no vector"),
    (in_step, {"conformance/driver_c/a.c": '    {"do", run_do, false},\n'}, "the C driver does not call bp_do"),
    (in_step, {"conformance/driver_node/a.mjs": ""}, "the driver node does not know do"),
    (in_step, {"conformance/driver_python/a.py": ""}, "the driver python does not know do"),
    (in_step, {"script/gates/in_step.txt": "bp_do node: no reason is left\n"}, "bp_do is not missing in node"),
    (in_step, {"python/batpak/_constants.py": "class Status:\n    BP_OK = 0\n    BP_BAD = 2\n"}, "BP_BAD is 2, not 1"),
    (in_step, {"python/batpak/_batpak.pyi": ""}, "_batpak.pyi lacks at"),
    (in_step, {"bindings/node/a.c": ""}, "native.ts names at, which"),
    (package_names, {"docs/names.md": "| C | Python | Node |\n|---|---|---|\n| `bp_gone` | | |\n"}, "no row for bp_do"),
    (package_names, {"python/batpak/b.py": "class Event:\n    sequence: int\ndef open(path): ...\n"}, "says `Event.view` of python"),
    (package_names, {"node/src/index.ts": 'export { Event } from "./b.js";\n'}, "says `open` of node"),
    (package_names, {"node/src/b.ts": "export class Event {\n  readonly wallMs: number;\n  more(): void {\n  }\n}\n"},
     "lacks `Event.more` of node"),
    (package_names, {"python/batpak/__init__.py": '__all__ = ["Event", "open", "extra"]\n'}, "lacks `extra` of python"),
    (package_names, {"ffi.h": HEADER.replace("enum {", "typedef struct bp_config { uint32_t extra; } bp_config;\nenum {")},
     "bp_config.extra is no argument of open in python"),
    (package_names, {"script/gates/in_step.txt": "bp_config.gone node: no reason is left\n"}, "bp_config.gone is not missing"),
    (alone, {"README.md": "see /wo" "rk/main\n"}, "README.md:1"),
    (alone, {"README.md": "\nfrom static.crat" "es.io\n"}, "README.md:2"),
]
# System calls outside core/sys, an allocation outside core/base/memory.c.
CALLS = {"write": "long write(int, const void *, unsigned long);\nlong f(void); long f(void) { return write(1, 0, 0); }\n",
         "malloc": "void *malloc(unsigned long);\nvoid *f(void); void *f(void) { return malloc(8); }\n",
         "strdup": "char *strdup(const char *);\nchar *f(void); char *f(void) { return strdup(\"\"); }\n"}


def check(_: Tree) -> list[str]:
    problems = []
    for gate in (layers, lines, header, statuses, invariants, properties, documents, in_step, package_names, alone):
        problems += [f"{gate.__name__} finds in a good tree: {found}" for found in run(gate, {})]
    for gate, change, words in SAMPLES:
        found = run(gate, change)
        if not any(words in problem for problem in found):
            problems.append(f"{gate.__name__} does not say \"{words}\" of {', '.join(change)}: {found}")
    for name, source in CALLS.items():
        if not any(f"calls {name}" in problem for problem in run(seam, {"core/journal/j.c": source})):
            problems.append(f"seam does not see a call of {name}")
    if run(seam, {"core/journal/j.c": "int f(void); int f(void) { return 1; }\n"}):
        problems.append("seam finds something in a good object")
    with_tree({"out.txt": "old\n"}, lambda tree: problems.extend(
        [] if generated.check(tree, [("out.txt", ["echo", "new"])]) else ["generated does not see a stale file"]))
    return problems


def run(gate, change: dict[str, str]) -> list[str]:
    def judge(tree: Tree) -> list[str]:
        if gate is abi:
            # The listing is that of the good header; the sample comes after it.
            (tree.root / "ffi.h").write_text(HEADER)
            abi.update(tree)
            lay(tree.root, change)
        if gate is seam:
            compile_objects(tree)
        return gate.check(tree)
    return with_tree(change, judge)


def with_tree(change: dict[str, str], use):
    scratch = Path(tempfile.mkdtemp())
    try:
        lay(scratch, BASE | change)
        subprocess.run(["git", "init", "-q", "--template=", str(scratch)], check=True)
        return use(Tree(scratch, scratch / "build-dev"))
    finally:
        shutil.rmtree(scratch)


def lay(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def compile_objects(tree: Tree) -> None:
    folder = tree.build / "CMakeFiles/batpak_objects.dir/core/journal"
    folder.mkdir(parents=True)
    subprocess.run(["gcc", "-c", "-o", str(folder / "j.c.o"), str(tree.root / "core/journal/j.c")], check=True)
