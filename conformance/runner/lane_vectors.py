"""The committed vectors against a driver: needs no reference, only what it once said."""

import json
import pathlib
import shutil
import tempfile

from runner.capability import RUNNER, needed
from runner.drivers import CONFORMANCE
from runner.frames import frame_answer
from runner.limits import UNSAYABLE, differs
from runner.normalise import first_difference, stable

NOT_ASKED = ("expect", "clause", "as", "note", "allow", "says")
VECTORS = CONFORMANCE / "vectors"


def run(report, drivers):
    for path in sorted(VECTORS.glob("*.jsonl")):
        by_c = {}
        for driver in drivers.all:
            if driver is not drivers.reference or not path.stem.startswith("ours_"):
                with report.guard(f"vectors: {path.stem} by {driver.name}"):
                    check(report, driver, path, by_c)


def check(report, driver, path, by_c):
    header, *steps = (json.loads(line) for line in path.read_text().split("\n") if line)
    name = f"vectors: {path.stem} by {driver.name}"
    if header["count"] != len(steps):
        return report.not_ok(name, f"{len(steps)} instructions where the header counts {header['count']}")
    runnable = [step for step in steps if needed(step) == RUNNER or needed(step) in driver.capabilities]
    # A program with a store is one piece: without one of its instructions the others mean something else.
    whole = any(step["op"] == "open" for step in steps)
    if not runnable or (whole and len(runnable) < len(steps)):
        return report.ok(
            name, f"# SKIP the driver lacks {', '.join(sorted(set(header['needs']) - driver.capabilities))}"
        )
    differences = list(compare(driver, runnable, by_c))
    return report.case(name, differences, f"({len(runnable)} of {len(steps)} instructions)")


def compare(driver, steps, by_c):
    """Each answer with what the vector expects, and word for word with what the C driver said."""
    for step, answer in zip(steps, answers(driver, steps), strict=True):
        text = differs(driver.name, step, step["expect"], answer)
        if not text and step.get("says", "") not in answer.get("text", ""):
            text = f"{answer.get('text')!r} does not say {step['says']!r}"
        if driver.name == "c":
            by_c[step["id"]] = answer
        elif not text and step["id"] in by_c:
            text = unlike(driver.name, step, by_c[step["id"]], answer)
        if text and answer["status"] not in step.get("allow", ()):
            yield f"instruction {step['id']} {shown(step)}: {text}"


def unlike(language, step, by_c, answer):
    """None, or how an answer differs from that of the C driver, which has the same core."""
    if language == "reference" or answer["status"] == UNSAYABLE or step["op"] in ("encode", "decode"):
        return None
    left, right = ({**said, "value": stable(step, said.get("value"))} for said in (by_c, answer))
    return None if left == right else f"beside c, {first_difference(left, right, 'answer')}"


def answers(driver, steps):
    asked = [{name: part for name, part in step.items() if name not in NOT_ASKED} for step in steps]
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        for step in asked:
            if step["op"] == "copy":
                shutil.copytree(CONFORMANCE / step["from"], directory / step["to"])
        said = iter(driver.run([step for step in asked if needed(step) != RUNNER], directory))
        for step in asked:
            if needed(step) == RUNNER:
                yield frame_answer(directory, step) if step["op"] == "frame" else {"status": "ok", "value": None}
            else:
                yield next(said, {"status": "no answer"})


def shown(step):
    text = json.dumps({name: part for name, part in step.items() if name not in ("id", "expect", "clause", "as")})
    return text if len(text) < 300 else text[:300] + "..."
