"""Branch coverage and mutants of the rooms that judge bytes from the disk (script/strength)."""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOOR = pathlib.Path(__file__).with_name("floor.json")
JOBS = os.environ.get("BATPAK_JOBS", str(os.cpu_count()))

# Room of the report: its files, and the suites that must notice.
ROOMS = {
    "codec": (["core/codec/*.c"], ["codec", "journal"]),
    "recovery": (
        ["core/journal/scan*.c", "core/journal/batches.c", "core/journal/frames.c", "core/journal/frame_read.c",
         "core/journal/footer.c", "core/journal/hidden.c", "core/journal/segment.c", "core/store/recover.c",
         "core/store/repair.c"],
        ["journal", "store"],
    ),
    "verify": (["core/store/verify*.c", "core/store/report.c", "core/model/receipt.c"], ["model", "store"]),
}
# A suite takes ten; a change that makes one wait for ever has been noticed.
SUITE_SECONDS = 90


def files_of(room, tree=ROOT):
    return sorted(path for pattern in ROOMS[room][0] for path in tree.glob(pattern))


def run(*command, cwd=ROOT, **options):
    return subprocess.run(list(map(str, command)), cwd=cwd, check=True, **options)


def configure(tree, build, flags=""):
    run("cmake", "--preset", "dev", "-B", build, f"-DCMAKE_C_FLAGS={flags}", cwd=tree, stdout=subprocess.DEVNULL)


def suites(rooms):
    return sorted({suite for room in rooms for suite in ROOMS[room][1]})


# --- coverage


def coverage():
    """{room: [branches taken, branches]}"""
    build = ROOT / "build-coverage"
    configure(ROOT, build, "--coverage")
    wanted = suites(ROOMS)
    run("cmake", "--build", build, "-j", JOBS, "--target", *(f"test_{suite}" for suite in wanted),
        stdout=subprocess.DEVNULL)
    for counts in build.rglob("*.gcda"):
        counts.unlink()
    for suite in wanted:
        run(build / "bin" / f"test_{suite}", "-j1", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {room: branches_of(build, files_of(room)) for room in ROOMS}


def branches_of(build, sources):
    taken = branches = 0
    for source in sources:
        notes = list(build.rglob(f"{source.parent.name}/{source.name}.gcda"))
        if not notes:
            continue
        told = run("gcov", "--branch-probabilities", "--json-format", "--stdout", notes[0], stdout=subprocess.PIPE).stdout
        for file in (file for line in told.splitlines() for file in json.loads(line)["files"]):
            if pathlib.Path(file["file"]).name != source.name:
                continue
            counts = [branch["count"] for line in file["lines"] for branch in line["branches"]]
            found = sum(count > 0 for count in counts)
            print(f"  {source.relative_to(ROOT)}: {found} of {len(counts)} branches")
            taken, branches = taken + found, branches + len(counts)
    return [taken, branches]


# --- mutants

TURNED = [("<=", "<"), (">=", ">"), ("==", "!="), ("!=", "=="), ("&&", "||"), ("||", "&&"), (" < ", " <= "), (" > ", " >= "),
          (" + 1", ""), (" - 1", ""), ("++", "--"), (" + ", " - "), (" | ", " & ")]
# Text in which a change means nothing, or nothing that a test could see.
DEAF = re.compile(r'^\s*(#|//|/?\*|static const|enum|typedef)|\*/|"|prefetch|for \(|_Static_assert')


def mutants_of(path):
    """Every (line, what, by what, column) that can be turned."""
    inside_comment = False
    for number, line in enumerate(path.read_text().splitlines()):
        begins, inside_comment = inside_comment, (inside_comment or "/*" in line) and "*/" not in line
        if begins or inside_comment or DEAF.search(line):
            continue
        for what, by in TURNED:
            for found in re.finditer(re.escape(what), line):
                around = line[max(0, found.start() - 1):found.end() + 1]
                if not any(longer in around for longer in ("->", "<<", ">>", "<=", ">=") if longer != what):
                    yield number, what, by, found.start()


def is_noticed(tree, build, room):
    """Whether the change does not compile, or a suite fails."""
    targets = [f"test_{suite}" for suite in ROOMS[room][1]]
    if subprocess.run(["cmake", "--build", build, "-j", JOBS, "--target", *targets], capture_output=True).returncode != 0:
        return True
    for target in targets:
        try:
            ended = subprocess.run([build / "bin" / target, "-j1"], cwd=tree, capture_output=True, timeout=SUITE_SECONDS)
        except subprocess.TimeoutExpired:
            return True
        if ended.returncode != 0:
            return True
    return False


def copy_of_tree():
    """With new times, so that nothing is left in the build of the last run's changes."""
    tree = ROOT / "out" / "mutants" / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name in run("git", "ls-files", stdout=subprocess.PIPE, text=True).stdout.splitlines():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    return tree


def mutants(count, seed):
    """{room: [noticed, made]}"""
    tree, build = copy_of_tree(), ROOT / "out" / "mutants" / "build"
    configure(tree, build)
    source = random.Random(seed)
    tally = {room: [0, 0] for room in ROOMS}
    for room in ROOMS:
        if is_noticed(tree, build, room):
            sys.exit(f"the suites of {room} fail without any change")
        chances = [(path, *change) for path in files_of(room, tree) for change in mutants_of(path)]
        for path, number, what, by, at in source.sample(chances, min(count, len(chances))):
            before = path.read_text()
            lines = before.splitlines(keepends=True)
            lines[number] = lines[number][:at] + by + lines[number][at + len(what):]
            path.write_text("".join(lines))
            noticed = is_noticed(tree, build, room)
            path.write_text(before)
            tally[room] = [tally[room][0] + noticed, tally[room][1] + 1]
            if not noticed:
                print(f"  not noticed: {path.relative_to(tree)}:{number + 1}: `{what}` to `{by}`: "
                      f"{lines[number].strip()}", flush=True)
    return tally


# --- the floor


def judge(kind, tally, update):
    floor = json.loads(FLOOR.read_text())
    failed = False
    for room, (good, whole) in tally.items():
        share, least = round(100 * good / whole, 1), floor[kind].get(room, 0)
        print(f"{kind} of {room}: {good} of {whole}, {share} % (at least {least} %)")
        failed = failed or share < least
        floor[kind][room] = max(share, least)
    if update:
        FLOOR.write_text(json.dumps(floor, indent=2) + "\n")
    return 1 if failed else 0


def main():
    words = argparse.ArgumentParser(prog="script/strength")
    words.add_argument("kind", choices=["coverage", "mutants"])
    words.add_argument("--count", type=int, default=12, help="mutants of each room (12, of which the floors are)")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--update", action="store_true")
    asked = words.parse_args()
    tally = coverage() if asked.kind == "coverage" else mutants(asked.count, asked.seed)
    return judge(asked.kind, tally, asked.update)


if __name__ == "__main__":
    sys.exit(main())
