"""A store of ours, killed behind an open fence (docs/deviations.md, V-51).

Nothing of the fence may be seen: not by the reference, which refuses to write the store until
it was opened here once, and not by us. After that the reference reads and continues it."""

import pathlib
import tempfile

from runner.exchange_programs import START_US, Writing, note
from runner.stores import dump, same_events


class Failed(Exception):
    """What is not as it should be, as text."""


def run(report, drivers):
    for driver in drivers.ours:
        if "fence" not in driver.capabilities:
            continue
        name = f"fences: killed behind an open fence by {driver.name}"
        with tempfile.TemporaryDirectory() as scratch, report.guard(name):
            try:
                report.ok(name, kill_and_cure(driver, drivers.reference, pathlib.Path(scratch)))
            except Failed as failure:
                report.not_ok(name, failure)


def kill_and_cure(driver, reference, directory):
    seen = killed(driver, directory)
    if reference is None:
        shown(driver, directory, seen)
        return "# SKIP without the reference"
    shown(reference, directory, seen)
    refused = reference.run(opened_at(3), directory)[1]["status"]
    if refused == "ok":
        raise Failed("the reference opens the store to write as it is: its own open event would be hidden")
    must(driver.run([*opened_at(4), {"id": 3, "op": "close"}], directory), "our open")
    cured = shown(driver, directory, seen)
    step = Writing(first_key=900, now_us=START_US + 5_000_000)
    step.append("entity:1", note(99))
    program = [*opened_at(5), *({"id": 3 + number, **more} for number, more in enumerate(step.steps))]
    must(reference.run([*program, {"id": 99, "op": "close"}], directory), "the reference continues")
    shown(driver, directory, cured)
    return f"(refused before with {refused})"


def killed(driver, directory):
    """Three events, and six behind a fence that is open when the process dies; answers the three."""
    w = Writing()
    for number in range(3):
        w.append("entity:1", note(number))
    w.add("fence_begin")
    for number in range(2):
        w.add("fence_submit", **w.draft("entity:1", note(10 + number)))
        w.add("fence_submit_batch", items=[w.draft(f"entity:{n}", note(20 + n)) for n in range(2)])
    w.add("sync")
    # Without the zeros at the end of a segment, which the reference would refuse for themselves (V-50).
    steps = [{"op": "clock", "us": str(START_US)}, {"op": "open", "path": "store", "preallocate_bytes": 0}]
    steps += [*w.steps, {"op": "dump"}, {"op": "abort"}]
    answers = driver.run([{"id": number, **step} for number, step in enumerate(steps, 1)], directory)
    must(answers, "writing")
    return answers[-1]["value"]


def opened_at(seconds):
    return [
        {"id": 1, "op": "clock", "us": str(START_US + seconds * 1_000_000)},
        {"id": 2, "op": "open", "path": "store"},
    ]


def shown(driver, directory, seen):
    """The events that were seen come first; nothing of the fence follows."""
    status, events = dump(driver, directory, "store")
    if status != "ok":
        raise Failed(f"{driver.name} answers {status}")
    difference = same_events(seen, events[: len(seen)])
    fenced = [event for event in events[len(seen) :] if event["entity"].startswith("entity:") and event["sequence"] < 10]
    if difference or fenced:
        raise Failed(f"as {driver.name} reads it: {difference or fenced}")
    return events


def must(answers, what):
    wrong = [answer for answer in answers if answer["status"] != "ok"]
    if wrong:
        raise Failed(f"{what}: {wrong[0]}")
    return answers
