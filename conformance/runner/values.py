"""Tagged values: edges by the clauses of encoding.md, random ones from a seed, and
their readings as bytes (by our own encoder) and as JSON text."""

import json
import struct

from runner.msgpack import Raw, encode

LENGTH_EDGES = (0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536)
UNSIGNED_EDGES = sorted(
    {0, 1, 2**64 - 1, *(2**bits + step for bits in (7, 8, 15, 16, 31, 32, 63) for step in (-1, 0, 1))}
)
SIGNED_EDGES = sorted(
    {-1, -32, -33, -(2**63), *(-(2**bits) + step for bits in (7, 8, 15, 16, 31, 32) for step in (-1, 0, 1))}
)
FLOAT64_EDGES = (
    "0000000000000000",
    "8000000000000000",
    "3ff0000000000000",
    "bff0000000000000",
    "4000000000000000",
    "7ff0000000000000",
    "fff0000000000000",
    "7ff8000000000000",
    "7ff4000000000001",
    "fff8000000000123",
    "0000000000000001",
    "000fffffffffffff",
    "7fefffffffffffff",
    "3fb999999999999a",
    "c3e0000000000000",
)
FLOAT32_EDGES = ("00000000", "80000000", "3f800000", "7f800000", "ff800000", "7fc00000", "7fa00001", "00000001")


def edges():
    """(clause, tagged value), every row of encoding.md 1.1 that a value can show."""
    yield "encoding.md 1.1 unit", ["null"]
    for flag in (False, True):
        yield "encoding.md 1.1 bool", ["bool", flag]
    for number in UNSIGNED_EDGES:
        yield "encoding.md 1.1 unsigned", ["u64", str(number)]
    for number in UNSIGNED_EDGES:
        if number < 2**63:
            yield "encoding.md 1.1 signed >= 0", ["i64", str(number)]
    for number in SIGNED_EDGES:
        yield "encoding.md 1.1 signed < 0", ["i64", str(number)]
    for number in (0, 1, 2**64, 2**127, 2**128 - 1):
        yield "encoding.md 1.1 bare u128", ["u128", str(number)]
    for bits in FLOAT64_EDGES:
        yield "encoding.md 1.1 f64", ["f64", bits]
    for bits in FLOAT32_EDGES:
        yield "encoding.md 1.1 f32", ["f32", bits]
    yield from _length_edges()
    yield from _text_edges()
    for depth in (1, 31, 32, 33, 500, 1023):
        yield "encoding.md 1.4 nesting", ["nest", str(depth), ["null"]]


def _length_edges():
    for length in LENGTH_EDGES:
        yield "encoding.md 1.1 string", ["repeat_text", "a", length]
        yield "encoding.md 1.1 bytes", ["repeat_bytes", "ff", length]
        yield "encoding.md 1.1 sequence", ["repeat_array", ["u64", "7"], length]
        yield "encoding.md 1.1 map", ["counting_map", length]


def _text_edges():
    for text in (
        "",
        "\x00",
        "\x1f\x7f",
        '"\\/\b\f\n\r\t',
        "ä",
        "名前",
        "\U0001f600",
        "\u2028\ufeff",
        "e\u0301",
        "\U0010ffff",
    ):
        yield "encoding.md 1.1 string", ["text", text]


def random_value(random, depth=0):
    """Any value; containers thin out with the depth."""
    makers = (
        _random_null,
        _random_bool,
        _random_unsigned,
        _random_signed,
        _random_float64,
        _random_float32,
        _random_text,
        _random_bytes,
        _random_array,
        _random_map,
    )
    last = len(makers) if depth < 5 else len(makers) - 2
    return makers[random.randrange(last)](random, depth)


def random_json_value(random, depth=0):
    """A value that JSON can say: string keys in ascending order, finite doubles."""
    makers = (
        _random_null,
        _random_bool,
        _random_unsigned,
        _random_signed,
        _random_finite,
        _random_text,
        _random_json_array,
        _random_json_map,
    )
    last = len(makers) if depth < 4 else len(makers) - 2
    return makers[random.randrange(last)](random, depth)


def _random_null(_random, _depth):
    return ["null"]


def _random_bool(random, _depth):
    return ["bool", random.random() < 0.5]


def _near_a_power(random, top_bits):
    return max(0, min(2**top_bits - 1, 2 ** random.randrange(top_bits + 1) + random.randrange(-2, 3)))


def _random_unsigned(random, _depth):
    return [
        "u64",
        str(_near_a_power(random, 64) if random.random() < 0.5 else random.getrandbits(random.randrange(1, 65))),
    ]


def _random_signed(random, _depth):
    return ["i64", str(-1 - min(_near_a_power(random, 63), 2**63 - 1))]


def _random_float64(random, _depth):
    return ["f64", f"{random.getrandbits(64):016x}"]


def _random_finite(random, _depth):
    number = random.choice(
        (
            random.random(),
            random.uniform(-1e9, 1e9),
            float(random.randrange(-1000, 1000)),
            random.uniform(-1, 1) * 10.0 ** random.randrange(-300, 300),
        )
    )
    return ["f64", struct.pack(">d", number).hex()]


def _random_float32(random, _depth):
    return ["f32", f"{random.getrandbits(32):08x}"]


ALPHABET = 'abcXYZ019 .:-_"\\/\n\t\x00\x7fäöß名前\U0001f600\u2028'


def random_text(random, longest=40):
    return "".join(random.choice(ALPHABET) for _ in range(random.randrange(longest)))


def _random_text(random, _depth):
    return ["text", random_text(random, 300 if random.random() < 0.05 else 40)]


def _random_bytes(random, _depth):
    return ["bytes", random.randbytes(random.randrange(40)).hex()]


def _random_array(random, depth):
    return ["array", [random_value(random, depth + 1) for _ in range(random.randrange(20) // (depth + 1))]]


def _random_map(random, depth):
    count = random.randrange(20) // (depth + 1)
    return ["map", [[random_value(random, 5), random_value(random, depth + 1)] for _ in range(count)]]


def _random_json_array(random, depth):
    return ["array", [random_json_value(random, depth + 1) for _ in range(random.randrange(20) // (depth + 1))]]


def _random_json_map(random, depth):
    keys = sorted({random_text(random, 12) for _ in range(random.randrange(20) // (depth + 1))}, key=str.encode)
    return ["map", [[["text", key], random_json_value(random, depth + 1)] for key in keys]]


def to_bytes(tagged):
    """What our own encoder makes of a tagged value."""
    return encode(_plain(tagged))


def _plain(tagged):
    tag, *rest = tagged
    if tag in ("u64", "i64"):
        return int(rest[0])
    if tag == "u128":
        return int(rest[0]).to_bytes(16, "big")
    if tag == "f64":
        return Raw(b"\xcb" + bytes.fromhex(rest[0]))
    if tag == "f32":
        return Raw(b"\xca" + bytes.fromhex(rest[0]))
    if tag == "bytes":
        return bytes.fromhex(rest[0])
    if tag == "array":
        return [_plain(item) for item in rest[0]]
    if tag == "map":
        return Raw(_map(rest[0]))
    if tag in ("text", "bool"):
        return rest[0]
    return _plain_compact(tag, rest)


def _map(pairs):
    """A map may hold one key twice, or a list as a key; a dict may not."""
    count = len(pairs)
    head = encode({n: None for n in range(count)})[: 1 if count < 16 else 3 if count < 65536 else 5]
    return head + b"".join(encode(_plain(key)) + encode(_plain(value)) for key, value in pairs)


def _plain_compact(tag, rest):
    if tag == "null":
        return None
    if tag == "repeat_text":
        return rest[0] * int(rest[1])
    if tag == "repeat_bytes":
        return bytes.fromhex(rest[0]) * int(rest[1])
    if tag == "repeat_array":
        return [_plain(rest[0])] * int(rest[1])
    if tag == "counting_map":
        return {number: None for number in range(int(rest[0]))}
    if tag == "nest":
        return Raw(b"\x91" * int(rest[0]) + to_bytes(rest[1]))
    raise ValueError(tag)


def to_json(tagged):
    """JSON text for a tagged value, or None where JSON cannot say it."""
    try:
        return json.dumps(_jsonable(tagged), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


def _jsonable(tagged):
    tag, *rest = tagged
    if tag == "f64":
        return struct.unpack(">d", bytes.fromhex(rest[0]))[0]
    if tag == "array":
        return [_jsonable(item) for item in rest[0]]
    if tag == "map":
        return {_json_key(key): _jsonable(value) for key, value in rest[0]}
    if tag in ("f32", "bytes", "u128", "repeat_bytes", "counting_map"):
        raise TypeError(tag)
    if tag == "nest" and int(rest[0]) > 100:
        raise TypeError("too deep for JSON text")
    if tag == "repeat_array":
        return [_jsonable(rest[0])] * int(rest[1])
    if tag == "nest":
        return json.loads("[" * int(rest[0]) + json.dumps(_jsonable(rest[1])) + "]" * int(rest[0]))
    return _plain(tagged)


def _json_key(key):
    if key[0] != "text":
        raise TypeError("a key of JSON is a string")
    return key[1]
