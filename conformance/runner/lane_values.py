"""Lanes 1 and 2: the encoding of values, and names, over freshly generated inputs."""

import random

from vectors.naming import random_coordinates

from runner import values
from runner.driver import Program
from runner.normalise import difference

GENERATED_VALUES = 2500
GENERATED_JSON = 1000
GENERATED_NAMES = 1000
GENERATED_DAMAGE = 4000


def run(report, seed, ours, reference):
    encoding_by_reference(report, seed, reference)
    json_both_ways(report, seed, ours, reference)
    damaged_payloads(report, seed, ours, reference)
    names(report, seed, ours, reference)


def encoding_by_reference(report, seed, reference):
    """Our own encoder in the runner says what the reference says: the oracle of the other lanes is sound."""
    source = random.Random(f"values {seed}")
    inputs = [value for _, value in values.edges()] + [values.random_value(source) for _ in range(GENERATED_VALUES)]
    program = Program()
    for value in inputs:
        program.add("encode", value=value)
    answers = reference.run(program, "/")
    wrong = [
        f"{str(value)[:200]}: {answer}"
        for value, answer in zip(inputs, answers)
        if answer.get("value") != values.to_bytes(value).hex()
    ]
    report.case("values: canonical encoding by the reference and by the runner", wrong, f"({len(inputs)} values)")


def json_both_ways(report, seed, ours, reference):
    """JSON text to bytes and back. The bytes must be those of the value encoded directly."""
    source = random.Random(f"json {seed}")
    inputs = [
        value for value in (values.random_json_value(source) for _ in range(GENERATED_JSON)) if values.to_json(value)
    ]
    inputs += [value for _, value in values.edges() if values.to_json(value) and not isinstance(value[-1], int)]
    forward, backward = Program(), Program()
    for value in inputs:
        forward.add("from_json", json=values.to_json(value))
        backward.add("to_json", payload=values.to_bytes(value).hex())
    wanted = [{"status": "ok", "value": values.to_bytes(value).hex()} for value in inputs]
    report.case(
        "values: JSON text to canonical bytes",
        list(differences(forward, wanted, ours.run(forward, "/"))),
        f"({len(inputs)} values)",
    )
    said = reference.run(backward, "/")
    report.case(
        "values: canonical bytes to JSON text",
        list(differences(backward, said, ours.run(backward, "/"))),
        f"({len(inputs)} values)",
    )


def damaged_payloads(report, seed, ours, reference):
    """Bytes that were altered or cut: both read the same value, or both refuse. Ours may also
    refuse bytes behind a value: then the reference reads as much from one byte less."""
    source = random.Random(f"damage {seed}")
    inputs = [damaged(source, values.to_bytes(values.random_json_value(source))) for _ in range(GENERATED_DAMAGE)]
    program, shorter = Program(), Program()
    for data in inputs:
        program.add("to_json", payload=data.hex())
        shorter.add("to_json", payload=data[:-1].hex())
    said, said_of_less = reference.run(program, "/"), reference.run(shorter, "/")
    wrong = [
        f"{step}: {text}"
        for step, expected, less, actual in zip(program, said, said_of_less, ours.run(program, "/"))
        if (text := difference(step, expected, actual))
        and not (expected == {**less, "id": step["id"]} and actual["status"] == "BP_MESSAGEPACK")
    ]
    accepted = sum(answer["status"] == "ok" for answer in said)
    report.case("values: altered and cut payloads", wrong, f"({len(inputs)} payloads, {accepted} of them still values)")


def damaged(source, data):
    data = bytearray(data)
    for _ in range(source.randrange(1, 4)):
        place = source.randrange(len(data))
        data[place] = source.choice((source.randrange(256), data[place] ^ 1 << source.randrange(8)))
    return bytes(data[: source.randrange(1, len(data) + 1)] if source.random() < 0.3 else data)


def names(report, seed, ours, reference):
    program = Program()
    source = random.Random(f"names {seed}")
    for step in random_coordinates(source, GENERATED_NAMES):
        program.add(step["op"], entity=step["entity"], scope=step["scope"])
    for _ in range(GENERATED_NAMES):
        program.add(
            "kind",
            category=source.randrange(20),
            type_id=source.choice((source.randrange(0x1100), source.randrange(0x10000))),
        )
        program.add("extension_key", key="".join(source.choices(".abBä_ \x01", k=source.randrange(8))))
    said = reference.run(program, "/")
    report.case(
        "names: coordinates, kinds, extension keys",
        list(differences(program, said, ours.run(program, "/"))),
        f"({len(program)} names)",
    )


def differences(program, wanted, found):
    if len(wanted) != len(found):
        yield f"{len(wanted)} answers against {len(found)}"
    for step, expected, actual in zip(program, wanted, found):
        text = difference(step, expected, actual)
        if text:
            yield f"{str(step)[:300]}: {text}"
