"""Lane 3, locks: a writer keeps everybody else out, whoever it is (decisions.md D34)."""

import contextlib
import itertools
import tempfile

from runner.normalise import same_status


def run(report, drivers):
    pairs = list(itertools.permutations(drivers.all, 2)) + [(driver, driver) for driver in drivers.ours]
    for holder, comer in pairs:
        with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
            first, second = (stack.enter_context(driver.talk(scratch)) for driver in (holder, comer))
            for held, asked, wanted in (
                ("writing", "writing", "store_locked"),
                ("writing", "reading", "store_locked"),
                ("reading", "writing", "store_locked"),
                ("reading", "reading", reading_beside(holder, comer)),
            ):
                found = meet(first, held, second, asked)
                differs = [] if same_status(wanted, found) else [f"{wanted} against {found}"]
                report.case(f"locks: {held} by {holder.name}, then {asked} by {comer.name}", differs)


def reading_beside(holder, comer):
    """Our readers share the lock; the reference's reader takes it for itself."""
    return "store_locked" if "reference" in (holder.name, comer.name) else "ok"


def meet(first, held, second, asked):
    path = f"{held}-{asked}"
    first.must("open", path=path)
    first.must("close")
    first.must("open", path=path, read_only=held == "reading")
    found = second.ask("open", path=path, read_only=asked == "reading")["status"]
    if found == "ok":
        second.must("close")
    first.must("close")
    return found
