"""What a language cannot hold, and what it reads as something else (spec.md, "Values of a language")."""

import struct

from runner.normalise import difference, without

# A driver whose language has no value for a tagged one says so.
UNSAYABLE = "unsayable"
NODE_SAFE = 2**53 - 1
QUIET_NAN = "7ff8000000000000"


def cannot_say(language, tagged):
    """Whether a tagged value has no native form in which nothing of it is lost."""
    limit = LIMITS.get(language)
    return limit is not None and any(limit(value) for value in walk(tagged))


def walk(tagged):
    """A value and all that are in it."""
    yield tagged
    tag, *rest = tagged
    if tag == "array":
        for item in rest[0]:
            yield from walk(item)
    elif tag == "map":
        for pair in rest[0]:
            yield from walk(pair[0])
            yield from walk(pair[1])
    elif tag in ("repeat_array", "nest"):
        yield from walk(rest[0 if tag == "repeat_array" else 1])


def holds_a_key_twice(tagged):
    """Such a map has no canonical form: BP_VALUE, in every language that can say it."""
    return any(value[0] == "map" and twice(key_of(key) for key, _ in value[1]) for value in walk(tagged))


def twice(keys):
    seen = set()
    for key in keys:
        if key in seen:
            return True
        seen.add(key)
    return False


def key_of(tagged):
    """Equal for values with the same canonical bytes."""
    tag, *rest = tagged
    if tag in ("u64", "i64"):
        return ("integer", int(rest[0]))
    if tag in ("array", "map"):
        return (tag, tuple(key_of(item) if tag == "array" else tuple(map(key_of, item)) for item in rest[0]))
    return (tag, *rest)


def python_limit(value):
    """No 32-bit floats; a dict takes 1, 1.0 and True for one key, and no map for a key."""
    if value[0] == "map":
        keys = [key for key, _ in value[1]]
        return any("map" in (inner[0] for inner in walk(key)) for key in keys) or twice(map(python_key, keys))
    return value[0] == "f32"


def python_key(tagged):
    tag, *rest = tagged
    if tag in ("u64", "i64"):
        return int(rest[0])
    if tag == "f64":
        # Two NaNs are two keys.
        number = from_bits(rest[0])
        return number if number == number else object()
    if tag == "bool":
        return rest[0]
    if tag == "array":
        return tuple(map(python_key, rest[0]))
    return (tag, *rest)


def node_limit(value):
    """No 32-bit floats, one NaN; a Map takes equal null, booleans, integers and strings for one key."""
    if value[0] == "map":
        return twice(key_of(key) for key, _ in value[1] if key[0] in ("null", "bool", "u64", "i64", "text"))
    return value[0] == "f32" or (value[0] == "f64" and is_nan(value[1]) and value[1] != QUIET_NAN)


LIMITS = {"python": python_limit, "node": node_limit}


def from_bits(bits):
    return struct.unpack(">d" if len(bits) == 16 else ">f", bytes.fromhex(bits))[0]


def is_nan(bits):
    number = from_bits(bits)
    return number != number


def differs(language, step, expected, actual):
    """None, or what differs between what a language should answer and what it did, as text."""
    if step["op"] == "decode" and actual["status"] == "BP_UTF8" and read_as_bytes(expected.get("value")):
        return None
    return difference(step, adapted(language, step, expected), held(language, step, actual))


def read_as_bytes(tagged):
    """Whether the reference took a string that is no UTF-8 for bytes; ours refuses it."""
    if isinstance(tagged, dict):
        return tagged.get("not_utf8", False)
    return isinstance(tagged, list) and any(value[0] == "bytes" and not is_utf8(value[1]) for value in walk(tagged))


def is_utf8(digits):
    try:
        bytes.fromhex(digits).decode()
    except UnicodeDecodeError:
        return False
    return True


def adapted(language, step, expected):
    """What an expectation means for one language: what it cannot hold is refused, and said to be."""
    if language == "reference" or expected["status"] != "ok":
        return expected
    if step["op"] == "encode":
        if cannot_say(language, step["value"]):
            return {"status": UNSAYABLE}
        return {"status": "BP_VALUE"} if holds_a_key_twice(step["value"]) else expected
    if step["op"] == "decode" and isinstance(expected["value"], dict):
        return {**expected, "value": without(expected["value"], ("not_utf8",))}
    if step["op"] == "decode" and isinstance(expected["value"], list):
        value = expected["value"]
        if cannot_be_read(language, value):
            return {"status": "BP_VALUE"}
        return {**expected, "value": as_read(language, value)}
    return expected


def held(language, step, answer):
    """An answer with its value as the language holds it."""
    if step["op"] == "decode" and isinstance(answer.get("value"), list):
        return {**answer, "value": as_read(language, answer["value"])}
    return answer


def cannot_be_read(language, tagged):
    """Whether the bytes of a value make none in this language: refused with BP_VALUE."""
    limit = LIMITS.get(language)
    return limit is not None and any(limit(value) for value in walk(tagged) if value[0] == "map")


def as_read(language, tagged):
    """A value that was decoded, as this language holds it."""
    if language not in LIMITS or not isinstance(tagged, list):
        return tagged
    tag, *rest = tagged
    if tag == "array":
        return [tag, [as_read(language, item) for item in rest[0]]]
    if tag == "map":
        return [tag, [[as_read(language, part) for part in pair] for pair in rest[0]]]
    return number_as_read(language, tagged) if tag in ("f32", "f64") else tagged


def number_as_read(language, tagged):
    """Both have doubles only, and do not promise the bits of a NaN. In Node 1.0 is 1."""
    number = from_bits(tagged[1])
    if number != number:
        return ["f64", "nan"]
    bits = struct.pack(">d", number).hex()
    if language == "node" and number == int_or_none(number) and bits != "8000000000000000":
        return ["u64" if number >= 0 else "i64", str(int(number))]
    return ["f64", bits]


def int_or_none(number):
    return int(number) if abs(number) <= NODE_SAFE else None
