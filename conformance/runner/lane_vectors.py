"""The committed vectors against a driver: needs no reference, only what it once said."""

import json
import pathlib
import tempfile

from runner.capability import RUNNER, needed
from runner.drivers import CONFORMANCE
from runner.frames import frame_answer
from runner.normalise import difference

VECTORS = CONFORMANCE / "vectors"


def run(report, driver):
    for path in sorted(VECTORS.glob("*.jsonl")):
        if driver.name != "reference" or not path.stem.startswith("ours_"):
            with report.guard(f"vectors: {path.stem} by {driver.name}"):
                check(report, driver, path)


def check(report, driver, path):
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
    differences = list(compare(driver, runnable))
    return report.case(name, differences, f"({len(runnable)} of {len(steps)} instructions)")


def compare(driver, steps):
    asked = [
        {name: part for name, part in step.items() if name not in ("expect", "clause", "as", "note", "allow")}
        for step in steps
    ]
    with tempfile.TemporaryDirectory() as directory:
        said = iter(driver.run([step for step in asked if needed(step) != RUNNER], directory))
        for step in steps:
            own = needed(step) == RUNNER
            answer = frame_answer(pathlib.Path(directory), step) if own else next(said, {"status": "no answer"})
            differs = difference(step, step["expect"], answer)
            if differs and answer["status"] not in step.get("allow", ()):
                yield f"instruction {step['id']} {shown(step)}: {differs}"


def shown(step):
    text = json.dumps({name: part for name, part in step.items() if name not in ("id", "expect", "clause", "as")})
    return text if len(text) < 300 else text[:300] + "..."
