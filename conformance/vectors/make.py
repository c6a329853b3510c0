#!/usr/bin/env python3
"""Makes the vectors by running the reference: `conformance/vectors/make.py [--check]`.

With --check nothing is written; the exit status tells whether the files agree with
what the reference answers now. The answers depend on no clock and no random number."""

import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from runner.capability import RUNNER, needed, needs  # noqa: E402
from runner.driver import Program, header  # noqa: E402
from runner.drivers import reference_driver  # noqa: E402
from runner.frames import frame_answer  # noqa: E402
from runner.normalise import exact_status, long_text, stable  # noqa: E402

from vectors import encoding, guarding, naming, ours, ours_claims, ours_library, ours_native, ours_stores  # noqa: E402
from vectors import outcomes, stores  # noqa: E402

STATELESS = {
    "encoding": [encoding.encoding],
    "decoding": [encoding.decoding],
    "json": [encoding.json_lane],
    "from_json": [encoding.from_json],
    "names": [naming.coordinates, naming.kinds, naming.extension_keys, naming.extension_maps],
    "outcomes": [outcomes.recoded],
    "outcomes_combined": [outcomes.combined],
    "ids_and_hashes": [naming.ids, naming.encoded_coordinates, naming.hashes],
}
LONG = 4096


def answers_of(driver, program):
    """The answers to a program, `frame` steps included, in the order of its steps."""
    with tempfile.TemporaryDirectory() as directory:
        said = iter(driver.run([step for step in program if needed(step) != RUNNER], directory))
        return [
            frame_answer(pathlib.Path(directory), step) if needed(step) == RUNNER else next(said) for step in program
        ]


def numbered(steps):
    program = Program()
    for step in steps:
        program.add(**step)
    return program


def vector(driver, name, what, steps):
    program = numbered(steps)
    asked = [as_asked(step) for step in program]
    lines = [header(program, name=name, what=what, made_by="batpak 0.8.2", needs=needs(program))]
    for step, answer in zip(program, answers_of(driver, asked)):
        lines.append({**step, "expect": expectation(step, answer)})
    return lines


def as_asked(step):
    """The reference has no reader of JSON text: it encodes the value that the text stands for."""
    return {"id": step["id"], "op": "encode", "value": step["as"]} if step["op"] == "from_json" else step


def expectation(step, answer):
    expect = {name: part for name, part in answer.items() if name != "id"}
    exact = exact_status(step, answer["status"])
    if exact:
        expect["ours"] = exact
    if "value" in expect and step["op"] != "to_json":
        expect["value"] = stable(step, expect["value"])
    if isinstance(expect.get("value"), str) and len(expect["value"]) > LONG:
        expect["value"] = long_text(expect["value"])
    return expect


def by_hand(name, makers):
    program = numbered([step for maker in makers for step in maker()])
    return [header(program, name=name, what="what is ours alone", made_by="hand", needs=needs(program)), *program]


def all_vectors(driver):
    for chapter in (ours, ours_claims, ours_library, ours_native, ours_stores):
        for name, makers in chapter.PROGRAMS.items():
            yield name, by_hand(name, makers)
    for name, makers in STATELESS.items():
        what = " ".join(" ".join(maker.__doc__.split()) for maker in makers if maker.__doc__)
        yield name, vector(driver, name, what, [step for maker in makers for step in maker()])
    for name, makers in guarding.OURS.items():
        yield name, by_hand(name, makers)
    for program in (*stores.PROGRAMS, *guarding.PROGRAMS):
        yield program.__name__, vector(driver, program.__name__, " ".join(program.__doc__.split()), program())
    receipts = [answer["value"] for answer in answers_of(driver, numbered(stores.signed_pair()))[2:]]
    yield "ours_judged", by_hand("ours_judged", [lambda: ours_stores.judged(receipts)])
    yield "verified", vector(driver, "verified", " ".join(stores.verified.__doc__.split()), stores.verified(receipts))


def text_of(lines):
    return "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=True) + "\n" for line in lines)


def main(check):
    stale = []
    for name, lines in all_vectors(reference_driver()):
        path, text = HERE / f"{name}.jsonl", text_of(lines)
        if check and (not path.exists() or path.read_text() != text):
            stale.append(name)
        elif not check:
            path.write_text(text)
    if stale:
        sys.exit(f"stale vectors: {', '.join(stale)}")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
