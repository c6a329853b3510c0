"""Lane 4: a killed store of the reference, cut at every byte of its last three frames.

Ours must open each, keep every frame that is whole, and leave a store that the
reference reads the same way."""

import pathlib
import shutil
import tempfile

from runner import segment
from runner.exchange_programs import Writing, note
from runner.lane_exchange import numbered
from runner.stores import same_events, without_lifecycle

FRAMES_CUT = 3
# Stores that one driver process goes through; a process for each cut would cost more than the cut.
PORTION = 200


def run(report, drivers):
    for ours in drivers.ours:
        torn(report, ours, drivers.reference)


def torn(report, ours, reference):
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        shown = killed_store(reference, directory)
        whole = segment.Segment.read(directory / "whole" / "000001.fbat")
        cuts = list(range(whole.frames[-FRAMES_CUT][0], len(whole.data)))
        failures = []
        for first in range(0, len(cuts), PORTION):
            failures += list(cut_and_open(ours, reference, directory, whole, cuts[first : first + PORTION], shown))
        report.case(
            f"torn: every cut of the last {FRAMES_CUT} frames opened by {ours.name}, then by {reference.name}",
            failures,
            f"({len(cuts)} cuts)",
        )


def killed_store(reference, directory):
    w = Writing()
    for number in range(7):
        w.append(
            f"entity:{number % 2}", note(number), extensions={"acme.n": f"{number:02x}"} if number % 3 == 0 else {}
        )
    answers = reference.run(
        numbered([{"op": "open", "path": "whole"}, *w.steps, {"op": "dump"}, {"op": "abort"}]), directory
    )
    return answers[-1]["value"]


def cut_and_open(ours, reference, directory, whole, cuts, shown):
    for cut in cuts:
        store = directory / f"cut{cut}"
        store.mkdir()
        (store / "000001.fbat").write_bytes(whole.data[:cut])
    by_us = in_turn(ours, directory, cuts, {})
    by_reference = in_turn(reference, directory, cuts, {"read_only": True})
    for cut in cuts:
        wanted = [event for event in shown if event["offset"] + event["frame_length"] <= cut]
        problem = judge(wanted, by_us[cut], by_reference[cut])
        if problem:
            yield f"cut at {cut}: {problem}"
        shutil.rmtree(directory / f"cut{cut}")


def in_turn(driver, directory, cuts, config):
    """{cut: dump or the first refusal} of every store, by one process."""
    steps = []
    for cut in cuts:
        steps += [{"op": "open", "path": f"cut{cut}", **config}, {"op": "dump"}, {"op": "close"}]
    answers = driver.run(numbered(steps), directory)
    triples = zip(answers[0::3], answers[1::3], answers[2::3])
    return {cut: next((a for a in triple if a["status"] != "ok"), triple[1]) for cut, triple in zip(cuts, triples)}


def judge(wanted, by_us, by_reference):
    for name, answer in (("ours", by_us), ("the reference", by_reference)):
        if answer["status"] != "ok":
            return f"{name} answered {answer}"
    ours = by_us["value"]
    lost = same_events(wanted, ours[: len(wanted)])
    if lost:
        return f"lost: {lost}"
    if len(without_lifecycle(ours)) != len(without_lifecycle(wanted)):
        return "events came to light that the cut had removed"
    return same_events(ours, by_reference["value"][: len(ours)])
