"""Vectors written by hand: values as programmers of a language write them, and what becomes of them.

`write` is an expression of the language. It has canonical bytes, or is refused with the place (`says`); with `bytes`
these read back as the value."""

from runner.msgpack import Raw, encode


def canonical(language, expression, value):
    return {"op": "native", "language": language, "write": expression, "clause": "encoding.md 1.1",
            "expect": {"status": "ok", "value": encode(value).hex()}}


def reads_back(language, expression, data):
    return {"op": "native", "language": language, "write": expression, "bytes": data.hex(), "clause": "encoding.md 1.4",
            "expect": {"status": "ok", "value": True}}


def refused(language, expression, place="$", status="BP_VALUE"):
    return {"op": "native", "language": language, "write": expression, "says": place, "expect": {"status": status}}


def f64(bits):
    return Raw(b"\xcb" + bytes.fromhex(bits))


PYTHON = {
    "None": None,
    "True": True,
    "0": 0,
    "-1": -1,
    "2**64 - 1": 2**64 - 1,
    "-2**63": -(2**63),
    "1.0": 1.0,
    "-0.0": f64("8000000000000000"),
    "math.inf": f64("7ff0000000000000"),
    "math.nan": f64("7ff8000000000000"),
    "5e-324": f64("0000000000000001"),
    "''": "",
    "'名前\\x00'": "名前\x00",
    "b'\\x00\\xff'": b"\x00\xff",
    "bytearray(b'ab')": b"ab",
    "memoryview(b'abcd')[::2]": b"ac",
    "[]": [],
    "(1, [2, ()])": [1, [2, []]],
    "{}": {},
    "{'b': 1, 'a': 2}": {"b": 1, "a": 2},
    "{1: 'x', None: 'y', b'k': 'z', (1, 2): 'w', 1.5: 'v'}":
        Raw(b"\x85\x01\xa1x\xc0\xa1y\xc4\x01k\xa1z\x92\x01\x02\xa1w\xcb\x3f\xf8" + bytes(6) + b"\xa1v"),
    "OrderedDict(z=1, a=2)": {"z": 1, "a": 2},
    "Colour.RED": "red",
    "Point(1, [Point(2, None)])": {"x": 1, "y": [{"x": 2, "y": None}]},
}
PYTHON_REFUSED = {
    "2**64": "$",
    "-2**63 - 1": "$",
    "{'a': [0, 1, 2, 2**64]}": "$.a[3]",
    "'\\ud800'": "$",
    "{'a': '\\udcff'}": "$.a",
    "{1, 2}": "$",
    "frozenset()": "$",
    "[datetime.datetime(2020, 1, 1)]": "$[0]",
    "datetime.date(2020, 1, 1)": "$",
    "decimal.Decimal('1')": "$",
    "1j": "$",
    "object()": "$",
    "print": "$",
    "range(3)": "$",
    "iter([])": "$",
    "{'a': {'b': object()}}": "$.a.b",
    "cycle()": "$[1].a",
    "Point(1, {2})": "$.y",
}
PYTHON_READ = {
    "None": None,
    "[True, False]": [True, False],
    "2**64 - 1": 2**64 - 1,
    "-2**63": -(2**63),
    "1.0": 1.0,
    "1": 1,
    "b'\\xff'": b"\xff",
    "'\\u2028'": "\u2028",
    "{'b': 1, 'a': []}": {"b": 1, "a": []},
    "{1: 2, None: 3}": {1: 2, None: 3},
    "{(1, 2): 3}": Raw(b"\x81\x92\x01\x02\x03"),
}


def python():
    yield from (canonical("python", expression, value) for expression, value in PYTHON.items())
    yield from (refused("python", expression, place) for expression, place in PYTHON_REFUSED.items())
    yield from (reads_back("python", expression, encode(value)) for expression, value in PYTHON_READ.items())


NODE = {
    "null": None,
    "true": True,
    "0": 0,
    "-1": -1,
    "2**53 - 1": 2**53 - 1,
    "-(2**53 - 1)": -(2**53 - 1),
    "2n**64n - 1n": 2**64 - 1,
    "-(2n**63n)": -(2**63),
    "1n": 1,
    "1.5": 1.5,
    "-0": f64("8000000000000000"),
    "NaN": f64("7ff8000000000000"),
    "Infinity": f64("7ff0000000000000"),
    "new Float64(1)": 1.0,
    "new Float64(2**60)": float(2**60),
    "''": "",
    "'名前\\0'": "名前\x00",
    "new Uint8Array([0, 255])": b"\x00\xff",
    "Buffer.from('ab')": b"ab",
    "new Uint8Array([1, 2, 3]).buffer": b"\x01\x02\x03",
    "new Uint8Array([1, 2, 3, 4]).subarray(1, 3)": b"\x02\x03",
    "[]": [],
    "[1, [2, []]]": [1, [2, []]],
    "({})": {},
    "({ b: 1, a: 2 })": {"b": 1, "a": 2},
    "({ b: 1, 7: 2 })": {"7": 2, "b": 1},
    "Object.create(null)": {},
    "JSON.parse('{\"__proto__\":1}')": {"__proto__": 1},
    "new Map([['b', 1], ['7', 2]])": {"b": 1, "7": 2},
    "new Map([[1, 'x'], [null, 'y'], [new Uint8Array([1]), 'z'], [[1, 2], 'w']])":
        Raw(b"\x84\x01\xa1x\xc0\xa1y\xc4\x01\x01\xa1z\x92\x01\x02\xa1w"),
}
NODE_REFUSED = {
    "undefined": "$",
    "[undefined]": "$[0]",
    "({ a: undefined })": "$.a",
    "[,1]": "$[0]",
    "2**53": "$",
    "({ a: [0, 1, 2, 2**53] })": "$.a[3]",
    "2n**64n": "$",
    "-(2n**63n) - 1n": "$",
    "'\\ud800'": "$",
    "({ '\\udc00': 1 })": "$",
    "() => 1": "$",
    "Symbol('a')": "$",
    "({ [Symbol('a')]: 1 })": "$",
    "new Date(0)": "$",
    "({ at: new Date(0) })": "$.at",
    "new Set()": "$",
    "new Number(1)": "$",
    "new String('a')": "$",
    "new Point()": "$",
    "/a/": "$",
    "new Float32Array(1)": "$",
    "new Error('a')": "$",
    "Promise.resolve(1)": "$",
    "new Map([[1, 'x'], [1n, 'y']])": "$",
    "new Map([[[1], 'x'], [[1], 'y']])": "$",
    "cycle()": "$[1].a",
}
NODE_READ = {
    "null": None,
    "[true, false]": [True, False],
    "9007199254740991": 2**53 - 1,
    "9007199254740992n": 2**53,
    "-9007199254740992n": -(2**53),
    "2n**64n - 1n": 2**64 - 1,
    "1": 1,
    "1.5": 1.5,
    "new Uint8Array([255])": b"\xff",
    "'\\u2028\\ufeff'": "\u2028\ufeff",
    "({ b: 1, a: [] })": {"b": 1, "a": []},
    "JSON.parse('{\"__proto__\":1}')": {"__proto__": 1},
    "new Map([[1, 2], [null, 3]])": {1: 2, None: 3},
    "new Map([['a', 2], [null, 3]])": {"a": 2, None: 3},
}


def node():
    yield from (canonical("node", expression, value) for expression, value in NODE.items())
    yield from (refused("node", expression, place) for expression, place in NODE_REFUSED.items())
    yield from (reads_back("node", expression, encode(value)) for expression, value in NODE_READ.items())


PROGRAMS = {"ours_native_python": [python], "ours_native_node": [node]}
