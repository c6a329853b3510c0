"""Writes the generated documents: usage: generate.py configuration|readme (to standard output).

configuration  docs/configuration.md: the options of ffi.h with their defaults, as the sources have them.
readme         README.md as it is, with the counts of the evidence made anew.

Names and meanings come from the comments of ffi.h, defaults from core/store/options.c. What neither
says (unit, range, cost) stands in the tables below; an option without a row is an error.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# option: (unit, range, cost or risk)
CONFIG = {
    "mode": ("", "one of three", "`BP_MODE_READ_ONLY` repairs in memory at every open, since it may not write."),
    "durability": ("", "one of two", "`BP_DURABLE` costs a flush for each group, `BP_WRITTEN` none; what that puts at risk: "
                   "[durability](durability.md)."),
    "sync_mode": ("", "one of two", "`BP_SYNC_ALL` also flushes times and other metadata: one more journal write on most "
                  "file systems, no more safety for the events."),
    "segment_max_bytes": ("bytes", "1 to 2^64-1", "Small segments cost a footer and up to four flushes each; large ones a longer "
                          "pass after a kill, since only the last is without a footer. Judged before a frame is "
                          "written, so a file may exceed it by one frame and its footer."),
    "single_append_max_bytes": ("bytes", "1 to 67,108,864", "Memory: a group holds the frames of all its events, and a frame "
                                "may take twice its payload."),
    "sync_every_events": ("events", "0 to 2^32-1", "Only for written events: how many of them a power cut may take, beside "
                          "those in flight. Durable events flush what was written before them as well."),
    "group_max_events": ("events", "1 to 4,096", "Larger groups share a flush among more callers, and each caller may wait "
                         "for more of the others' bytes."),
    "flags": ("", "0", "None defined."),
    "signing_seeds": ("32 bytes each", "", "Each receipt that is asked for is signed, in the caller's own time: "
                      "tens of microseconds. Whoever has a seed can sign."),
    "signing_seed_count": ("keys", "0 to 1,024", ""),
    "verify_keys": ("32 bytes each", "", "With any key known, a receipt without signature is no longer accepted."),
    "verify_key_count": ("keys", "0 to 1,024", ""),
    "clock": ("us since 1970", "", "A clock that runs ahead drags `wall_ms` of all later events with it."),
    "clock_user": ("", "", ""),
    "progress": ("", "", "Called on the thread that opens or verifies."),
    "progress_user": ("", "", ""),
    "log": ("", "", "Called on the thread on which something went wrong."),
    "log_user": ("", "", ""),
    "reallocate": ("", "", "Not used for pages, which belong to no store."),
    "reallocate_user": ("", "", ""),
    "system": ("", "", "For tests."),
    "batch_max_events": ("events", "1 to 4,096", "A batch lies in one segment and is judged as a whole: while it is, nobody "
                         "else appends."),
    "batch_max_bytes": ("bytes", "1 to 16,777,216", "Payloads and extensions. The frames of a batch are held in memory, at "
                        "up to twice that."),
    "queue_capacity": ("submissions", "1 to 2^32-1", "A submission holds a copy of its drafts. A full queue makes `submit` "
                       "wait."),
    "pressure_percent": ("percent", "1 to 100", "Of `queue_capacity`: `try_submit` is refused from there on."),
    "drain_limit": ("submissions", "any", "Without effect: a close commits all that was submitted."),
    "restart_max": ("times", "any", "Without effect: no thread is started again; a failure that is final poisons the "
                    "writer."),
    "restart_within_ms": ("ms", "any", "Without effect."),
    "preallocate_bytes": ("bytes", "0 to 16,777,216", "A flush that need not tell the file system of a longer file is faster "
                          "by a third or more. Rooms are of 64 KiB in a small segment, then of 256 KiB, or of 16 groups as "
                          "large as the one that brings them; none for a group above an eighth of this. Durable events are "
                          "written twice that way. The reference refuses a killed store with such room until this library "
                          "has opened it once."),
    "fault": ("", "", "For the tests of applications: [faults](faults.md)."),
    "fault_user": ("", "", ""),
}

QUERY = {
    "flags": ("", "bits of `BP_QUERY_*`", "Says which of the conditions below count."),
    "after": ("sequence", "any", "Found by bisection, whatever the size of the store."),
    "entity": ("bytes of UTF-8", "any", "`BP_QUERY_ENTITY` reads the list of that entity; `BP_QUERY_UNDER` looks at every "
               "event."),
    "scope": ("bytes of UTF-8", "any", "Reads the list of that scope."),
    "limit": ("events", "0 to 2^64-1", ""),
    "max_bytes": ("bytes", "any; one event is always given", "Measured by the frames, of which the payload is a half or more."),
    "kind_filter": ("", "one of three", ""),
    "kind": ("", "16 bits, or a category up to 15", ""),
    "clock_min": ("events of the entity", "any", ""),
    "clock_max": ("events of the entity", "any", ""),
}

# What the reference calls it, and what stands for it here.
REFERENCE = [
    ("`sync.every_n_events`", "`sync_every_events`", "There it counts commands and its receipts come before the flush even "
     "at 1. Here it matters for written events only; durable is the default."),
    ("`sync.mode` (`SyncAll`)", "`sync_mode`", "The default here is `BP_SYNC_DATA`."),
    ("`segment_max_bytes`", "`segment_max_bytes`", "The same."),
    ("`single_append_max_bytes`", "`single_append_max_bytes`", "The same measure: payload, and the encoded extensions if "
     "there are any."),
    ("`batch.group_commit_max_batch`", "`group_max_events`", "There at most so many commands between two looks at the "
     "counter; here one write and one flush for all of them, and no key is demanded."),
    ("`batch.max_size`, `batch.max_bytes`", "`batch_max_events`, `batch_max_bytes`", "The same."),
    ("`writer.channel_capacity`", "`queue_capacity`", "There the queue of everything, here of what is submitted; who appends "
     "directly waits for its turn in any case."),
    ("`writer.pressure_retry_threshold_pct`", "`pressure_percent`", "The same."),
    ("`writer.shutdown_drain_limit`", "`drain_limit`", "Accepted, without effect."),
    ("`writer.restart_policy`", "`restart_max`, `restart_within_ms`", "Accepted, without effect."),
    ("`index.enable_mmap_index`, `index.enable_checkpoint`", "-", "Its two index files are neither read nor written; a "
     "mutable open removes them."),
]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def struct_fields(header: str, name: str) -> list[tuple[str, str, str]]:
    """(type, field, comment) of a struct, the comments joined over their lines."""
    body = re.search(rf"typedef struct {name} \{{\n(.*?)\n\}} {name};", header, re.S)
    if body is None:
        sys.exit(f"ffi.h: struct {name} is missing")
    fields = []
    for match in re.finditer(r"^  ([\w ]+?[ *]+)(\w+)(?:\[\d+\])?;[ \t]*(?:/\*(.*?)\*/)?", body.group(1), re.M | re.S):
        comment = re.sub(r"\s+", " ", match.group(3) or "").strip()
        fields.append((match.group(1).strip(), match.group(2), comment))
    return fields


def constants(source: str) -> dict[str, int]:
    found = {}
    for name, value in re.findall(r"\b([A-Z][A-Z0-9_]+) = (0x[0-9A-Fa-f]+|\d+)\b", source):
        found[name] = int(value, 0)
    return found


def defaults(source: str, variable: str) -> dict[str, str]:
    body = re.search(rf"{variable} = \{{(.*?)\}};", source, re.S)
    if body is None:
        sys.exit(f"core/store/options.c: {variable} is missing")
    return dict(re.findall(r"\.(\w+) = ([^,}]+)", body.group(1)))


def shown_default(raw: str | None, kind: str) -> str:
    if raw is None:
        return "NULL" if "*" in kind or kind.startswith("bp_") else "0"
    raw = raw.strip()
    if raw.startswith("BP_"):
        return f"`{raw}`"
    shift = re.fullmatch(r"(\d+) << (\d+)", raw)
    value = int(shift.group(1)) << int(shift.group(2)) if shift else int(raw, 0)
    return f"{value:,}"


def check_ranges(source: str) -> None:
    """The ranges above are those of the code."""
    limits = constants(source)
    for name, text in (("SINGLE_APPEND_MOST", "single_append_max_bytes"), ("GROUP_MOST", "group_max_events"),
                       ("KEYS_MOST", "signing_seed_count"), ("KEYS_MOST", "verify_key_count")):
        if f"{limits[name]:,}" not in CONFIG[text][1]:
            sys.exit(f"docs/generate.py: the range of {text} is not {limits[name]:,}")


def rows(header: str, struct: str, table: dict[str, tuple[str, str, str]], set_to: dict[str, str],
         folded: dict[str, str]) -> list[str]:
    lines = ["| Option | Unit | Default | Range | Meaning | Cost, risk |", "|---|---|---|---|---|---|"]
    fields = [field for field in struct_fields(header, struct) if field[1] != "struct_size" and field[1] not in folded]
    unknown = {name for _, name, _ in fields} ^ set(table)
    if unknown:
        sys.exit(f"docs/generate.py: {struct} and the table differ in {', '.join(sorted(unknown))}")
    for kind, name, comment in fields:
        unit, allowed, cost = table[name]
        default = shown_default(set_to.get(name), kind)
        meaning = without_default(comment, set_to.get(name))
        lines.append(f"| `{name}` | {unit} | {default} | {allowed} | {meaning} | {cost} |")
    return lines


def without_default(comment: str, raw: str | None) -> str:
    """The comment of ffi.h begins with the default, which has its own column."""
    text = re.sub(r"^(?:BP_[A-Z_]+|[\d,]+|NULL)(?:[;:] |$)", "", comment)
    text = re.sub(r"^BP_\w*\*$", "", text)
    text = re.sub(r"^(?:at least 1|\d+\.\.[\d,]+)[;:] ", "", text)
    return text[:1].upper() + text[1:] if text else ""


def enum_of(header: str, first: str) -> list[str]:
    """The values of the enum that begins with `first`, as a list."""
    body = re.search(r"enum \{[^}]*?\b" + first + r"\b[^}]*\}", header, re.S)
    if body is None:
        sys.exit(f"ffi.h: the enum of {first} is missing")
    lines = []
    for name, value, comment in re.findall(r"^  (BP_\w+) = (\w+),?[ \t]*(?:/\*(.*?)\*/)?", body.group(0), re.M | re.S):
        meaning = re.sub(r"\s+", " ", comment).strip()
        lines.append(f"- `{name}` ({value})" + (f": {meaning}" if meaning else ""))
    return lines


def configuration() -> str:
    header, source = read("ffi.h"), read("core/store/options.c")
    check_ranges(source)
    out = [
        "# Configuration", "",
        "Generated from `ffi.h` and `core/store/options.c` by `docs/generate.py`; do not edit.", "",
        "Fill `bp_config` with `bp_config_init`, change what you need, pass it to `bp_store_open`. NULL means the "
        "defaults. A value outside its range is refused with `BP_CONFIGURATION` before the directory is touched.", "",
        "## A store: `bp_config`", "",
        *rows(header, "bp_config", CONFIG, defaults(source, "default_config"), {}), "",
        "`mode`:", "", *enum_of(header, "BP_MODE_CREATE"), "",
        "`durability`, here and in a draft:", "", *enum_of(header, "BP_DURABILITY_DEFAULT"), "",
        "`sync_mode`:", "", *enum_of(header, "BP_SYNC_DATA"), "",
        "## A query: `bp_query`", "",
        "Fill it with `bp_query_init`. NULL means every visible event from the start.", "",
        *rows(header, "bp_query", QUERY, defaults(source, "static const bp_query defaults"),
              {"entity_length": "entity", "scope_length": "scope"}), "",
        "## The command", "",
        "`batpak` opens for reading with `BP_MODE_READ_ONLY`. `append` writes durable events. `import` writes events "
        "and flushes them itself, after 1,000 lines, after 100 ms, when its input pauses and at the end; it sets "
        "`sync_every_events` to 0. Everything else is at its default.", "",
        "## Settings of the reference", "",
        "| Reference | Here | Difference |", "|---|---|---|",
        *(f"| {theirs} | {ours} | {text} |" for theirs, ours, text in REFERENCE), "",
    ]
    return "\n".join(out)


# ---------------------------------------------------------------------------------------------------------- evidence

def files(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z", "--", *patterns], cwd=ROOT,
                            capture_output=True, check=True).stdout.decode()
    return sorted({ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()})


def matches(pattern: str, paths: list[Path]) -> int:
    return sum(len(re.findall(pattern, path.read_text(encoding="utf-8", errors="replace"), re.M)) for path in paths)


def golden(folder: str) -> int:
    return len({path.parent for path in files(f"conformance/golden/{folder}/*") if path.name == "about.json"})


def evidence() -> list[str]:
    rooms = [path for path in files("tests/*.c")
             if path.parent.parent.name == "tests" and path.parent.name not in ("support", "threads", "harness", "consumer")]
    explorers = [path for path in files("tests/harness/*.c") if path.name != "warm.c"]
    threads = files("tests/threads/*.c")
    targets = [path for path in files("fuzz/*.c") if path.name != "driver.c"]
    vectors = files("conformance/vectors/*.jsonl")
    by_hand = [path for path in vectors if path.name.startswith("ours_")]
    by_reference = [path for path in vectors if path not in by_hand]
    reference_stores = golden("reference")
    all_stores = golden("*")
    counted = [
        (matches(r"^(?:Test|ParameterizedTest|Theory)\s*\(", rooms), "test cases of the rooms (Criterion)", "`tests/`"),
        (matches(r"^    def test_", files("tests/programs/*.py")), "test cases of the command, from outside",
         "`tests/programs/`"),
        (matches(r"^(?:async )?def test_|^    (?:async )?def test_", files("python/tests/*.py")),
         "tests of the package for Python (pytest)", "`python/tests/`"),
        (matches(r"^\s*(?:test|it)\(", files("node/test/*.js", "node/test/*.mjs", "node/test/*.ts")),
         "tests of the package for Node (node:test)", "`node/test/`"),
        (len(threads), "programs under the thread sanitizer", "`tests/threads/`"),
        (len(explorers), "explorers: crashes, failing calls, kills, flipped bits", "`tests/harness/`"),
        (len(targets), "fuzz targets", "`fuzz/`"),
        (matches(r"^.", by_reference) - len(by_reference), "instructions whose answers were made by the reference",
         "`conformance/vectors/`"),
        (matches(r"^.", by_hand) - len(by_hand), "instructions with answers written by hand, the same in C, Python and Node",
         "`conformance/vectors/`"),
        (reference_stores, "stores left by the reference, opened and continued here", "`conformance/golden/reference/`"),
        (all_stores - reference_stores, "stores left by this library, opened by every later version",
         "`conformance/golden/`"),
        (matches(r"^\| I-\d{3}\b", [ROOT / "docs/invariants.md"]), "invariants, each named by a test",
         "[invariants](docs/invariants.md)"),
        (matches(r'^    "\w+": \w+\.check,', [ROOT / "script/gates/__main__.py"]), "gates of `script/check`",
         "`script/gates/`"),
    ]
    lines = ["| Count | What | Where |", "|---:|---|---|"]
    return lines + [f"| {count:,} | {what} | {where} |" for count, what, where in counted if count > 0]


def readme() -> str:
    text = read("README.md")
    begin, end = "<!-- generated: evidence -->\n", "<!-- end -->\n"
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    return before + begin + "\n".join(evidence()) + "\n" + end + after


if __name__ == "__main__":
    made = {"configuration": configuration, "readme": readme}
    if len(sys.argv) != 2 or sys.argv[1] not in made:
        sys.exit("usage: docs/generate.py configuration|readme")
    sys.stdout.write(made[sys.argv[1]]())
