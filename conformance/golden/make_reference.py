#!/usr/bin/env python3
"""Makes the golden stores of the reference: `conformance/golden/make_reference.py [NAME...]`.

A store that exists is left alone: golden stores are made once and opened by every
later change. Beside the directory `store` stand `expected.jsonl`, one event a line;
`about.json`, what it is and what the reference says when it opens it; `receipts.jsonl`,
every receipt given; `before.jsonl`, the events before a compaction.
"""

import json
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from golden import recipes_hostile  # noqa: E402, F401  (registers its recipes)
from golden.recipes import RECIPES  # noqa: E402
from golden.stage import Stage  # noqa: E402
from runner.drivers import reference_driver  # noqa: E402

FROM_THE_FRAME = ("extensions",)


def main(names):
    driver = reference_driver()
    for name in names or RECIPES:
        target = HERE / "reference" / name
        if not target.exists():
            make(driver, name, target)


def make(driver, name, target):
    recipe, clauses, expect = RECIPES[name]
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as copied:
        stage = Stage(driver, pathlib.Path(made))
        recipe(stage)
        status, reopened = stage.reopened(pathlib.Path(copied))
        lost = [event["sequence"] for event in missing(stage.live, reopened)]
        source = "reopened" if status == "ok" and (expect == "reopened" or not lost) else "acknowledged"
        events = with_live_extensions(reopened, stage.live) if source == "reopened" else stage.live
        about = {
            "name": name, "made_by": "batpak 0.8.2", "what": " ".join(recipe.__doc__.split()), "clauses": clauses,
            "reference_reopens": status, "reference_loses": lost, "expected_from": source, **stage.notes}
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
    main(sys.argv[1:])
