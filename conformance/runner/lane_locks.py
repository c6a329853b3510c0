"""Lane 3, locks: a writer keeps everybody else out, whoever it is (decisions.md D34)."""

import contextlib
import pathlib
import tempfile

from runner.normalise import same_status


def run(report, ours, reference):
    for holder, comer in ((ours, reference), (reference, ours), (ours, ours)):
        for held, asked, wanted in (
            ("writing", "writing", "store_locked"),
            ("writing", "reading", "store_locked"),
            ("reading", "writing", "store_locked"),
            ("reading", "reading", reading_beside(holder, comer)),
        ):
            found = meet(holder, held, comer, asked)
            differs = [] if same_status(wanted, found) else [f"{wanted} against {found}"]
            report.case(f"locks: {held} by {holder.name}, then {asked} by {comer.name}", differs)


def reading_beside(holder, comer):
    """Our readers share the lock; the reference's reader takes it for itself."""
    return "store_locked" if "reference" in (holder.name, comer.name) else "ok"


def meet(holder, held, comer, asked):
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        directory = pathlib.Path(scratch)
        with holder.talk(directory) as maker:
            maker.must("open", path="store")
            maker.must("close")
        first = stack.enter_context(holder.talk(directory))
        first.must("open", path="store", read_only=held == "reading")
        second = stack.enter_context(comer.talk(directory))
        return second.ask("open", path="store", read_only=asked == "reading")["status"]
