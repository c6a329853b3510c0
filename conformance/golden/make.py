#!/usr/bin/env python3
"""Makes golden stores: `conformance/golden/make.py reference|FOLDER [NAME...]`.

`reference` makes stores of the reference; any other folder (`0.1.0`) stores of this
library, written through the driver that BATPAK_DRIVER_C names. A store that exists is
left alone: golden stores are made once and opened by every later change. What lies
beside the directory `store` is told in README.md.
"""

import json
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from runner.drivers import c_driver, reference_driver  # noqa: E402

from golden import recipes_compaction, recipes_hostile  # noqa: E402, F401  (they register their recipes)
from golden.recipes import RECIPES  # noqa: E402
from golden.stage import Stage  # noqa: E402

FROM_THE_FRAME = ("extensions",)


# What this library can write so far.
OURS = (
    "clean",
    "empty",
    "killed",
    "small_segments",
    "small_segments_killed",
    "signed_singly",
    "extensions",
    "odd_kinds_killed",
    "slower_clock",
    "torn",
    "many_sessions",
)


def main(folder, names):
    driver = reference_driver() if folder == "reference" else c_driver()
    for name in names or (RECIPES if folder == "reference" else OURS):
        target = HERE / folder / name
        if not target.exists():
            make(driver, folder, name, target)


def make(driver, folder, name, target):
    recipe, clauses, expect = RECIPES[name]
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as copied:
        stage = Stage(driver, pathlib.Path(made))
        recipe(stage)
        status, reopened = stage.reopened(pathlib.Path(copied))
        lost = [event["sequence"] for event in missing(stage.live, reopened)]
        source = "reopened" if status == "ok" and (expect == "reopened" or not lost) else "acknowledged"
        events = with_live_extensions(reopened, stage.live) if source == "reopened" else stage.live
        about = {
            "name": name,
            "made_by": "batpak 0.8.2" if folder == "reference" else f"this library, {folder}",
            "what": " ".join(recipe.__doc__.split()),
            "clauses": clauses,
            "reopens": status,
            "loses": lost,
            "expected_from": source,
            **stage.notes,
        }
        shutil.copytree(stage.store, target / "store")
        write(target, events, stage, about)
    print(f"{name}: {len(events)} events, {status}, loses {lost}, expected from {source}")


def missing(live, reopened):
    """Events that were visible and are not found again as they were."""
    found = {event["sequence"]: without_extensions(event) for event in reopened}
    return [event for event in live if found.get(event["sequence"]) != without_extensions(event)]


def without_extensions(event):
    """The reference forgets extension maps on some ways of opening (journal.md 8.4)."""
    return {name: value for name, value in event.items() if name not in FROM_THE_FRAME}


def with_live_extensions(reopened, live):
    known = {event["event_id"]: event["extensions"] for event in live}
    return [{**event, "extensions": known.get(event["event_id"], event["extensions"])} for event in reopened]


def write(target, events, stage, about):
    lines(target / "expected.jsonl", events)
    lines(target / "receipts.jsonl", stage.receipts)
    if "compaction" in stage.notes or "compaction" in about["name"]:
        lines(target / "before.jsonl", stage.live)
    (target / "about.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")


def lines(path, records):
    path.write_text("".join(canonical(record) + "\n" for record in records))


def canonical(record):
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
