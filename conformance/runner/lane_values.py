"""Lanes 1 and 2: values and their canonical bytes, JSON, names, over freshly generated inputs.

The C driver is held against the reference; the others against the C driver, answer for answer,
but for what their language cannot hold (limits.py)."""

import random

from vectors.naming import random_coordinates

from runner import values
from runner.driver import Program
from runner.limits import differs
from runner.normalise import difference, first_difference

GENERATED_VALUES = 2500
GENERATED_JSON = 1000
GENERATED_NAMES = 1000
GENERATED_DAMAGE = 4000


def run(report, seed, drivers):
    encoding(report, seed, drivers)
    decoding(report, seed, drivers)
    json_both_ways(report, seed, drivers)
    damaged_payloads(report, seed, drivers)
    names(report, seed, drivers)


def some_values(seed):
    source = random.Random(f"values {seed}")
    return [value for _, value in values.edges()] + [values.random_value(source) for _ in range(GENERATED_VALUES)]


def able(drivers):
    return [driver for driver in drivers if "encode" in driver.capabilities]


def encoding(report, seed, drivers):
    """Every driver gives the bytes that our own encoder in the runner gives."""
    program, wanted = Program(), []
    for value in some_values(seed):
        program.add("encode", value=value)
        wanted.append({"status": "ok", "value": values.to_bytes(value).hex()})
    for driver in able(drivers.all):
        answers = driver.run(program, "/")
        wrong = list(differences(program, wanted, answers, driver.name))
        refused = sum(answer["status"] != "ok" for answer in answers)
        detail = f"({len(program)} values, {refused} of them refused)"
        report.case(f"values: canonical encoding by {driver.name}", wrong, detail)


def decoding(report, seed, drivers):
    """Whole and damaged bytes read as values."""
    source = random.Random(f"decoding {seed}")
    inputs = [values.to_bytes(value) for value in some_values(seed)]
    short = [data for data in inputs if len(data) < 1000]
    inputs += [damaged(source, source.choice(short)) for _ in range(GENERATED_DAMAGE)]
    program = Program()
    for data in inputs:
        program.add("decode", bytes=data.hex())
    oracle = drivers.oracle()
    said = oracle.run(program, "/")
    for driver in able(drivers.compared()):
        wrong = list(differences(program, said, driver.run(program, "/"), driver.name))
        report.case(f"values: decoding by {driver.name} as by {oracle.name}", wrong, f"({len(inputs)} payloads)")


def json_both_ways(report, seed, drivers):
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
    said = drivers.oracle().run(backward, "/")
    for ours in drivers.ours:
        wrong = list(differences(forward, wanted, ours.run(forward, "/")))
        report.case(f"values: JSON text to canonical bytes by {ours.name}", wrong, f"({len(inputs)} values)")
        wrong = list(differences(backward, said, ours.run(backward, "/")))
        report.case(f"values: canonical bytes to JSON text by {ours.name}", wrong, f"({len(inputs)} values)")


def damaged_payloads(report, seed, drivers):
    """Bytes that were altered or cut: both read the same value, or both refuse. Ours may also
    refuse bytes behind a value: then the reference reads as much from one byte less."""
    source = random.Random(f"damage {seed}")
    inputs = [damaged(source, values.to_bytes(values.random_json_value(source))) for _ in range(GENERATED_DAMAGE)]
    program = Program()
    for data in inputs:
        program.add("to_json", payload=data.hex())
    by_c = drivers.ours[0].run(program, "/")
    accepted = sum(answer["status"] == "ok" for answer in by_c)
    detail = f"({len(inputs)} payloads, {accepted} of them still values)"
    if drivers.reference:
        wrong = list(damage_differences(drivers.reference, inputs, program, by_c))
        report.case("values: altered and cut payloads as JSON by c", wrong, detail)
    for other in drivers.ours[1:]:
        wrong = list(unequal(program, by_c, other.run(program, "/")))
        report.case(f"values: altered and cut payloads as JSON by {other.name}", wrong, detail)


def damage_differences(reference, inputs, program, by_c):
    shorter = Program()
    for data in inputs:
        shorter.add("to_json", payload=data[:-1].hex())
    said, said_of_less = reference.run(program, "/"), reference.run(shorter, "/")
    for step, expected, less, actual in zip(program, said, said_of_less, by_c, strict=True):
        text = difference(step, expected, actual)
        cut = expected == {**less, "id": step["id"]} and actual["status"] == "BP_MESSAGEPACK"
        if text and not cut:
            yield f"{step}: {text}"


def damaged(source, data):
    data = bytearray(data)
    for _ in range(source.randrange(1, 4)):
        place = source.randrange(len(data))
        data[place] = source.choice((source.randrange(256), data[place] ^ 1 << source.randrange(8)))
    return bytes(data[: source.randrange(1, len(data) + 1)] if source.random() < 0.3 else data)


def names(report, seed, drivers):
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
    by_c = drivers.ours[0].run(program, "/")
    detail = f"({len(program)} names)"
    if drivers.reference:
        wrong = list(differences(program, drivers.reference.run(program, "/"), by_c))
        report.case("names: coordinates, kinds, extension keys by c", wrong, detail)
    for other in drivers.ours[1:]:
        wrong = list(unequal(program, by_c, other.run(program, "/")))
        report.case(f"names: coordinates, kinds, extension keys by {other.name}", wrong, detail)


def differences(program, wanted, found, language=None):
    if len(wanted) != len(found):
        yield f"{len(wanted)} answers against {len(found)}"
    for step, expected, actual in zip(program, wanted, found):
        text = differs(language, step, expected, actual)
        if text:
            yield f"{str(step)[:300]}: {text}"


def unequal(program, wanted, found):
    """Two of ours answer alike to the last word."""
    for step, expected, actual in zip(program, wanted, found, strict=True):
        if expected != actual:
            yield f"{str(step)[:300]}: {first_difference(expected, actual, 'answer')}"
