"""Lane 6: stores with fences, left at every point by a close or a kill, and by a kill whose last frames were lost.

Nothing of an open or cancelled fence is ever seen, by ours or by the reference; what a commit has shown stays. A store of
ours that was killed behind an open fence is refused by the reference when it wants to write, with one refusal and for
one reason (decisions.md D17, deviations.md V-51): the range over numbers to come would hide its own open event. One
open of ours cures that, also where the reference has tried before. The reference's own stores are read as it reads
them: behind a kill it shows what an open fence held."""

import pathlib
import shutil
import tempfile

from runner import segment
from runner.exchange_programs import START_US, Writing, note
from runner.lane_exchange import Failed, must, numbered
from runner.stores import copy, same_events, without_lifecycle

REFUSAL = "invariant_violation:open_receipt_not_indexed"
RANGES = "visibility_ranges.fbv"
# Behind a kill the reference refuses zeros at the end of a segment for themselves (V-50).
LAYOUTS = {"one segment": {"preallocate_bytes": 0}, "small segments": {"preallocate_bytes": 0, "segment_max_bytes": "1500"}}
HIDDEN = "held"
LATER = "later"
FENCE_ENDS = ("fence_commit", "fence_cancel", "fence_drop")


def run(report, drivers):
    for driver in drivers.all:
        for layout, end in ways(driver, drivers):
            every_point(report, drivers, driver, layout, end)
    name = f"fences: frames behind an open fence lost, by {drivers.ours[0].name}"
    with report.guard(name), tempfile.TemporaryDirectory() as scratch:
        report.case(name, list(cut_off(drivers.ours[0], drivers, pathlib.Path(scratch))))


def ways(driver, drivers):
    """How its stores are laid out, and left. What lies below the packages is the same as in C."""
    yield "one segment", "abort"
    if driver in (drivers.reference, drivers.ours[0]):
        yield "small segments", "abort"
        yield "small segments", "close"


def every_point(report, drivers, driver, layout, end):
    name = f"fences: {layout}, {'killed' if end == 'abort' else 'closed'} at every point by {driver.name}"
    with report.guard(name):
        points = [Point(driver, LAYOUTS[layout], steps, end) for steps in prefixes()]
        report.case(name, list(problems(points, drivers)), told(points, drivers))


def told(points, drivers):
    refused = sum(point.is_refused for point in points)
    which = f", of which the reference refused {refused} with {REFUSAL} until ours had opened them" if refused else ""
    return f"({len(points)} stores{which if drivers.reference else ''})"


def prefixes():
    """The program up to each step of a fence."""
    steps = scene().steps
    return [steps[: at + 1] for at, step in enumerate(steps) if step["op"].startswith("fence_")]


def scene():
    """A fence of each end, appends between, and one that stays open."""
    w = Writing()
    for number in range(2):
        w.append("entity:1", note(number))
    for end, entity in (("fence_commit", "shown"), ("fence_cancel", HIDDEN), ("fence_drop", HIDDEN), (None, HIDDEN)):
        # The reference begins an entity anew behind a hidden event (V-16).
        entity = f"{entity}:{len(w.steps)}"
        w.add("fence_begin")
        w.add("fence_submit", **{**w.draft(f"{entity}:1", note(1)), "key": None})
        w.add("fence_submit_batch", items=[w.draft(f"{entity}:{n}", note(n)) for n in (2, 3)])
        w.add("fence_submit", **{**w.draft(f"{entity}:4", note(4)), "key": None})
        if end:
            w.add(end)
            w.append("entity:2", note(5))
    return w


class Point:
    """One store: how it comes about, and what must be seen in it."""

    def __init__(self, writer, config, steps, end):
        self.writer = writer
        self.config = config
        self.steps = steps
        self.end = end
        fence = open_fence(steps) if end == "abort" else []
        ours = writer.name != "reference"
        self.is_refused = ours and bool(fence)
        # What the reference writes behind a fence is not marked on the disk before the fence ends.
        self.is_published = not ours and bool(fence)
        self.seen = []

    def write(self, directory):
        steps = [clock(0), {"op": "open", "path": "store", **self.config}, *self.steps, {"op": "dump"}, {"op": self.end}]
        answers = self.writer.run(numbered(steps), directory)
        must(answers, self.writer, "writing")
        self.seen = answers[len(steps) - 2]["value"]

    def __str__(self):
        return f"after {len(self.steps)} steps, the last {self.steps[-1]['op']}"


def open_fence(steps):
    """What was submitted to the fence that is open after these steps."""
    begun = max(at for at, step in enumerate(steps) if step["op"] == "fence_begin")
    behind = steps[begun + 1 :]
    return [] if any(step["op"] in FENCE_ENDS for step in behind) else behind


def clock(seconds):
    return {"op": "clock", "us": str(START_US + (100 + seconds) * 1_000_000)}


def problems(points, drivers):
    for number, point in enumerate(points):
        with tempfile.TemporaryDirectory() as scratch:
            try:
                visit(point, drivers, pathlib.Path(scratch), drivers.ours[number % len(drivers.ours)])
            except Failed as failure:
                yield f"{point}: {failure}"


def visit(point, drivers, directory, ours):
    point.write(directory)
    for driver in drivers.all:
        look(driver, directory, "store", point)
    if drivers.reference and point.writer is not drivers.reference:
        for_one_reason(drivers.reference, directory, "store", point)
    if point.is_refused and drivers.reference:
        cured(ours, drivers.reference, directory, "tried", point)
    cured(ours, drivers.reference, directory, "store", point)
    look(drivers.oracle(), directory, "store", point)


def for_one_reason(reference, directory, path, point):
    """The reference writes to no store with a range over numbers to come, and to the same store without its ranges."""
    tried, bare = copy(directory / path, directory / "tried"), copy(directory / path, directory / "bare")
    (bare / RANGES).unlink(missing_ok=True)
    steps = [clock(1), opened("bare"), {"op": "close"}, opened("tried")]
    *without, answer = reference.run(numbered(steps), directory)
    must(without, reference, f"without {RANGES}")
    wanted = REFUSAL if point.is_refused else "ok"
    if answer["status"] != wanted:
        raise Failed(f"the reference answers {answer} where {wanted} was to come")
    shutil.rmtree(bare)
    if not point.is_refused:
        shutil.rmtree(tried)


def look(driver, directory, path, point):
    """Read-only: what was seen is there, every field of it, and nothing came to light."""
    keys = [item["key"] for step in point.steps for item in step.get("items", ()) if item["entity"].startswith(HIDDEN)]
    gets = [{"op": "get", "event_id": key} for key in keys]
    steps = [{"op": "open", "path": path, "read_only": True}, {"op": "dump"}, {"op": "page", "under": HIDDEN}, *gets]
    opened, dumped, page, *found = driver.run(numbered([*steps, {"op": "close"}]), directory)
    if opened["status"] != "ok":
        raise Failed(f"{driver.name} answers {opened} where it only reads")
    if point.is_published:
        return
    if page["value"] or any(answer["status"] not in ("not_found", "BP_NOT_FOUND") for answer in found[:-1]):
        raise Failed(f"{driver.name} finds what is hidden: {page['value']}, {[answer['status'] for answer in found]}")
    shown(driver, dumped["value"], point)


def shown(driver, events, point):
    """All fields but extensions, which the reference forgets on some ways of opening (journal.md 8.4)."""
    before, found = ([{**event, "extensions": {}} for event in side] for side in (point.seen, events))
    difference = same_events(before, found[: len(before)])
    if difference:
        raise Failed(f"as {driver.name} reads it: {difference}")
    more = [event["entity"] for event in without_lifecycle(found[len(before) :]) if event["entity"] != LATER]
    if more and not point.is_published:
        raise Failed(f"{driver.name} sees {more}")


def cured(ours, reference, directory, path, point):
    """One open of ours; then both write on, the reference first."""
    must(ours.run(numbered([clock(2), opened(path), {"op": "close"}]), directory), ours, "its open")
    for number, writer in enumerate([reference, ours] if reference else [ours]):
        later = Writing(first_key=900 + number).draft(LATER, note(number))
        steps = [clock(3 + number), opened(path), {"op": "append", **later}, {"op": "dump"}, {"op": "close"}]
        answers = must(writer.run(numbered(steps), directory), writer, "writing on")
        shown(writer, answers[-2]["value"], point)


def opened(path):
    return {"op": "open", "path": path}


def cut_off(writer, drivers, directory):
    """The range was on the disk before the first frame behind it: any of these may be lost, and part of one."""
    point = Point(writer, LAYOUTS["one segment"], prefixes()[-1], "abort")
    point.write(directory)
    whole = segment.Segment.read(directory / "store" / "000001.fbat")
    behind = max(event["offset"] + event["frame_length"] for event in point.seen)
    frames = [(offset, length) for offset, length in whole.frames if offset >= behind]
    cuts = sorted({cut for offset, length in frames for cut in (offset, offset + length // 2)})
    for cut in cuts:
        path = f"cut{cut}"
        copy(directory / "store", directory / path)
        (directory / path / "000001.fbat").write_bytes(whole.data[:cut])
        try:
            for driver in (writer, drivers.oracle()):
                look(driver, directory, path, point)
            if drivers.reference:
                for_one_reason(drivers.reference, directory, path, point)
                cured(writer, drivers.reference, directory, "tried", point)
                shutil.rmtree(directory / "tried")
            cured(writer, drivers.reference, directory, path, point)
        except Failed as failure:
            yield f"cut at {cut}: {failure}"
