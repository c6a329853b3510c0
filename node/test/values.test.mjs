import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import vm from "node:vm";
import fc from "fast-check";
import { BatpakError, Float64, open, payloadDecode, payloadEncode, payloadFromJson, payloadToJson } from "batpak";
import { canonical } from "./support/canonical.mjs";
import { runs } from "./support/runs.mjs";
import { refused, temporary } from "./support/store.mjs";

function same(value) {
  const payload = payloadEncode(value);
  assert.deepEqual(Buffer.from(payload), canonical(value));
  return payload;
}

/** Keys that JavaScript moves to the front of an object are left to a test of their own. */
const key = fc.string({ unit: "grapheme" }).filter((text) => !/^\d|\p{Surrogate}/u.test(text));

/** Values that come back as they went. */
const value = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 6, withCrossShrink: true }, tie("leaf"), tie("array"), tie("object"), tie("map")),
  leaf: fc.oneof(
    fc.constantFrom(null, true, false, "", -0, NaN, Infinity, -Infinity, 0, -1, 127, 128, 255, 256, 65535, 65536, -32, -33,
      -128, -129, -32768, -32769, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noInteger: true }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.string({ unit: "binary" }).filter((text) => !/\p{Surrogate}/u.test(text)),
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
  ),
  array: fc.array(tie("value"), { maxLength: 20 }),
  object: fc.dictionary(key, tie("value"), { noNullPrototype: true }),
  map: fc.array(fc.tuple(fc.oneof(fc.maxSafeInteger(), fc.boolean(), key), tie("value")), { minLength: 1 })
    .map((pairs) => new Map([[-1, null], ...pairs])),
})).value;

describe("values go and come back", () => {
  test("as they were, in bytes that another encoder makes too", () => {
    fc.assert(fc.property(value, (given) => {
      assert.deepEqual(payloadDecode(same(given)), given);
    }), runs());
  });

  test("and once more, from what was read, to the same bytes", () => {
    fc.assert(fc.property(value, (given) => {
      const payload = payloadEncode(given);
      assert.deepEqual(payloadEncode(payloadDecode(payload, { floats: "exact" })), payload);
    }), runs());
  });

  test("every JSON text as JSON says", () => {
    fc.assert(fc.property(fc.jsonValue({ noUnicodeString: false }), (given) => {
      const exact = JSON.parse(JSON.stringify(given));
      fc.pre(whole(exact));
      const text = JSON.stringify(exact);
      assert.deepEqual(JSON.parse(payloadToJson(payloadEncode(exact))), exact);
      assert.deepEqual(payloadDecode(payloadFromJson(text)), exact);
    }), runs());
  });

  test("through a store", () => {
    const directory = temporary();
    const store = open(directory, { durability: "written" });
    fc.assert(fc.property(value, (given) => {
      const receipt = store.append("thing:1", "test", { kind: 0xf001, value: given });
      assert.deepEqual(store.get(receipt.eventId).value(), given);
    }), runs());
    store.close();
  });
});

function whole(given) {
  if (typeof given === "number") return !Number.isInteger(given) || Number.isSafeInteger(given);
  if (typeof given !== "object" || given === null) return true;
  return Object.values(given).every(whole);
}

describe("numbers", () => {
  const cases = [
    [0, "00"], [1, "01"], [127, "7f"], [128, "cc80"], [255, "ccff"], [256, "cd0100"], [65536, "ce00010000"],
    [2 ** 32, "cf0000000100000000"], [-1, "ff"], [-32, "e0"], [-33, "d0df"], [-129, "d1ff7f"], [-32769, "d2ffff7fff"],
    [-(2 ** 31) - 1, "d3ffffffff7fffffff"], [2 ** 53 - 1, "cf001fffffffffffff"], [-(2 ** 53) + 1, "d3ffe0000000000001"],
    [-0, "cb8000000000000000"], [0.5, "cb3fe0000000000000"], [NaN, "cb7ff8000000000000"], [Infinity, "cb7ff0000000000000"],
    [new Float64(1), "cb3ff0000000000000"], [new Float64(2 ** 60), "cb43b0000000000000"],
    [1n, "01"], [-1n, "ff"], [2n ** 53n + 1n, "cf0020000000000001"], [-(2n ** 53n) - 1n, "d3ffdfffffffffffff"],
    [2n ** 64n - 1n, "cfffffffffffffffff"], [2n ** 63n, "cf8000000000000000"], [-(2n ** 63n), "d38000000000000000"],
  ];
  for (const [given, hex] of cases) {
    it(`${typeof given === "bigint" ? `${given}n` : Object.is(given, -0) ? "-0" : given} (${typeof given}) is ${hex}`, () => {
      assert.equal(Buffer.from(payloadEncode(given)).toString("hex"), hex);
    });
  }

  it("are bigint where number is not exact, and only there", () => {
    assert.equal(payloadDecode(payloadEncode(5n)), 5);
    assert.equal(payloadDecode(payloadEncode(2n ** 53n - 1n)), 2 ** 53 - 1);
    assert.equal(payloadDecode(payloadEncode(2n ** 53n)), 2n ** 53n);
    assert.equal(payloadDecode(payloadEncode(2n ** 53n + 1n)), 2n ** 53n + 1n);
    assert.equal(payloadDecode(payloadEncode(-(2n ** 53n) + 1n)), -(2 ** 53) + 1);
    assert.equal(payloadDecode(payloadEncode(-(2n ** 53n))), -(2n ** 53n));
    assert.equal(payloadDecode(payloadEncode(-(2n ** 53n) - 1n)), -(2n ** 53n) - 1n);
  });

  it("as floats are numbers, or with `exact` what they were", () => {
    assert.equal(payloadDecode(payloadEncode(new Float64(1))), 1);
    assert.deepEqual(payloadDecode(payloadEncode(new Float64(1)), { floats: "exact" }), new Float64(1));
    assert.equal(payloadDecode(payloadEncode(0.5), { floats: "exact" }), 0.5);
    assert.ok(Object.is(payloadDecode(payloadEncode(-0)), -0));
  });

  it("of 32 bits are widened exactly", () => {
    assert.equal(payloadDecode(Buffer.from("ca3dcccccd", "hex")), Math.fround(0.1));
    assert.equal(payloadDecode(Buffer.from("ca7f800000", "hex")), Infinity);
  });

  it("2^53 + 1 is exact through every path", () => {
    const exact = 2n ** 53n + 1n;
    const directory = temporary();
    const store = open(directory);
    const given = { a: exact, b: [exact], c: new Map([[exact, -exact]]) };
    const receipt = store.append("thing:1", "test", { kind: 0xf001, value: given });
    assert.deepEqual(store.get(receipt.eventId).value(), given);
    assert.equal(payloadToJson(payloadEncode({ a: exact })), '{"a":9007199254740993}');
    assert.equal(payloadDecode(payloadFromJson("[9007199254740993]"))[0], exact);
    store.close();
  });
});

describe("strings", () => {
  it("keep a byte order mark, a NUL and what is beyond the first plane", () => {
    for (const text of ["\ufeffmark", "a\0b", "\u{1f600}", "e\u0301", "\u{10ffff}", "\u2028"]) {
      assert.equal(payloadDecode(same(text)), text);
    }
  });

  it("of every length around the borders of their headers", () => {
    for (const length of [0, 1, 31, 32, 47, 48, 49, 255, 256, 65535, 65536, 200000]) {
      for (const unit of ["a", "é", "\u{1f600}"]) {
        const text = unit.repeat(length);
        assert.equal(payloadDecode(same(text)), text);
      }
    }
  });
});

describe("containers", () => {
  it("of every length around the borders of their headers", () => {
    for (const length of [0, 1, 15, 16, 65535, 65536]) {
      const array = Array.from({ length }, (_, index) => index % 3);
      assert.deepEqual(payloadDecode(same(array)), array);
      const object = Object.fromEntries(array.map((_, index) => [`k${index}`, index]));
      assert.deepEqual(payloadDecode(same(object)), object);
    }
  });

  it("1,023 deep go and come back", () => {
    let deep = 1;
    for (let level = 0; level < 1023; level++) deep = level % 2 === 0 ? [deep] : { a: deep };
    assert.deepEqual(payloadDecode(payloadEncode(deep)), deep);
  });

  it("may hold the same value twice side by side", () => {
    const shared = { x: [1] };
    assert.deepEqual(payloadDecode(same([shared, shared, { shared }])), [shared, shared, { shared }]);
  });

  it("a key __proto__ is a member and nothing more", () => {
    const payload = payloadFromJson('{"__proto__":{"polluted":true},"constructor":1}');
    const read = payloadDecode(payload);
    assert.deepEqual(Object.keys(read), ["__proto__", "constructor"]);
    assert.equal(read.polluted, undefined);
    assert.equal({}.polluted, undefined);
    assert.equal(Object.getPrototypeOf(read), Object.prototype);
    assert.deepEqual(payloadEncode(read), payload);
    const own = JSON.parse('{"__proto__":1}');
    assert.deepEqual(payloadDecode(payloadEncode(own)), own);
  });

  it("keys like numbers come first, as JavaScript has them", () => {
    assert.deepEqual(payloadEncode({ b: 1, 2: 2, 1: 3 }), payloadEncode(new Map([["1", 3], ["2", 2], ["b", 1]])));
  });

  it("objects without prototype and of another realm are plain", () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    assert.deepEqual(payloadEncode(bare), payloadEncode({ a: 1 }));
    const foreign = vm.runInNewContext("({ a: [1, { b: new Map([[1, 2]]) }], c: new Uint8Array([1]) })");
    assert.deepEqual(payloadDecode(payloadEncode(foreign)),
      { a: [1, { b: new Map([[1, 2]]) }], c: new Uint8Array([1]) });
  });

  it("a Map whose keys are texts is read as an object, any other as a Map in its order", () => {
    assert.deepEqual(payloadDecode(payloadEncode(new Map([["a", 1]]))), { a: 1 });
    const map = new Map([["b", 1], ["2", 2], ["1", 3], [7, 4], ["a", 5], [null, 6], [true, 7], [1.5, 8], [2n ** 60n, 9]]);
    const read = payloadDecode(same(map));
    assert.deepEqual([...read], [...map]);
  });

  it("keys that are floats stay floats", () => {
    const map = new Map([[1, "integer"], [new Float64(1), "float"], [new Float64(-0), "zero"]]);
    const payload = same(map);
    assert.deepEqual(payloadEncode(payloadDecode(payload)), payload);
  });

  it("keys that a map has twice, or that JavaScript takes for the same, are refused", () => {
    const cases = [
      ["82cb7ff800000000000001cb7ff800000000000102", "$[entry 1]: "],
      ["82a16101a16102", "$.a: "],
      ["91 81a162 93c0c0 83a16301 05c0 a163c0", "$[0].b[2].c: "],
      ["82 05c0 05c0", "$[entry 1]: "],
      ["82 05c0 cd0005c0", "$[entry 1]: "],
      ["83 a178c0 a95f5f70726f746f5f5fc0 a95f5f70726f746f5f5fc0", "$.__proto__: "],
    ];
    for (const [hex, place] of cases) {
      const error = refused(() => payloadDecode(Buffer.from(hex.replaceAll(" ", ""), "hex")), "BP_VALUE", /has already/);
      assert.ok(error.text.startsWith(place), error.text);
    }
  });
});

describe("bytes", () => {
  it("of each kind of buffer", () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => index);
    for (const given of [bytes, Buffer.from(bytes), bytes.buffer.slice(0), bytes.subarray(3, 270)]) {
      const payload = same(given instanceof Buffer ? new Uint8Array(given) : given);
      assert.deepEqual(payloadEncode(given), payload);
      const read = payloadDecode(payload);
      assert.equal(read.constructor, Uint8Array);
      assert.deepEqual(read, new Uint8Array(given));
    }
    assert.deepEqual(payloadDecode(payloadEncode(new Uint8Array(new SharedArrayBuffer(2)))), new Uint8Array(2));
  });

  it("of every length around the borders of their headers", () => {
    for (const length of [0, 1, 255, 256, 65535, 65536]) {
      assert.deepEqual(payloadDecode(same(new Uint8Array(length).fill(7))), new Uint8Array(length).fill(7));
    }
  });

  it("read are memory of their own", () => {
    const payload = payloadEncode({ a: new Uint8Array([1, 2, 3]) });
    const read = payloadDecode(payload);
    payload.fill(0xff);
    assert.deepEqual(read.a, new Uint8Array([1, 2, 3]));
    assert.equal(read.a.buffer.byteLength, 3);
  });

  it("of a payload in the middle of a buffer", () => {
    const payload = payloadEncode(["text", new Uint8Array([9])]);
    const within = new Uint8Array(payload.length + 11);
    within.set(payload, 5);
    assert.deepEqual(payloadDecode(within.subarray(5, 5 + payload.length)), ["text", new Uint8Array([9])]);
  });
});

describe("what cannot be said is refused with its place", () => {
  class Point {
    x = 1;
  }
  class Special extends Array {}
  const cycle = { list: [1] };
  cycle.list.push(cycle);
  const mapCycle = new Map();
  mapCycle.set("me", mapCycle);
  const transferred = new ArrayBuffer(4);
  structuredClone(transferred, { transfer: [transferred] });
  const cases = [
    ["undefined", undefined, "$: "],
    ["undefined in an array", { a: [0, 1, 2, undefined] }, "$.a[3]: "],
    ["undefined as a member", { a: { b: undefined } }, "$.a.b: "],
    ["a function", { f: () => 1 }, "$.f: "],
    ["a class", { f: Point }, "$.f: "],
    ["a symbol", [Symbol("s")], "$[0]: "],
    ["a symbol as a key", { a: { [Symbol("s")]: 1 } }, '$.a["Symbol(s)"]: '],
    ["a Date", { when: new Date(0) }, "$.when: Date "],
    ["a Set", [[new Set([1])]], "$[0][0]: Set "],
    ["a WeakMap", [new WeakMap()], "$[0]: WeakMap "],
    ["a regular expression", { "a b": /x/ }, '$["a b"]: RegExp '],
    ["an Error", [new Error("x")], "$[0]: Error "],
    ["a promise", [Promise.resolve(1)], "$[0]: Promise "],
    ["a boxed number", [new Number(1)], "$[0]: Number "],
    ["a boxed text", [new String("x")], "$[0]: String "],
    ["a boxed boolean", [new Boolean(true)], "$[0]: Boolean "],
    ["a boxed bigint", [Object(1n)], "$[0]: BigInt "],
    ["an instance of a class", { p: new Point() }, "$.p: Point "],
    ["an array of a class", [Special.of(1)], "$[0]: Special"],
    ["an object made from another", [Object.create({ a: 1 })], "$[0]: "],
    ["a typed array but of bytes", [new Uint16Array(1)], "$[0]: Uint16Array "],
    ["a DataView", [new DataView(new ArrayBuffer(1))], "$[0]: DataView "],
    ["a hole", { a: [1, , 3] }, "$.a[1]: "],
    ["a lone surrogate", { t: "a\ud800b" }, "$.t: "],
    ["a lone surrogate in a long text", { t: `${"x".repeat(500)}\udc00` }, "$.t: "],
    ["a lone surrogate in a key", { a: { "\ud800": 1 } }, '$.a["\\ud800"]: '],
    ["an integral number beyond 2^53 - 1", [0, 2 ** 53], "$[1]: "],
    ["one far beyond", [1e300], "$[0]: "],
    ["a negative one beyond", [-(2 ** 53)], "$[0]: "],
    ["a bigint beyond 64 bits", { n: 2n ** 64n }, "$.n: "],
    ["a negative bigint beyond 64 bits", { n: -(2n ** 63n) - 1n }, "$.n: "],
    ["1 and 1n as keys", { m: new Map([[1, 0], [1n, 0]]) }, "$.m[entry 1]: "],
    ["equal bytes as keys", new Map([[new Uint8Array([1]), 0], [new Uint8Array([1]), 0]]), "$[entry 1]: "],
    ["equal containers as keys", new Map([[[1, ["a"]], 0], [[1, ["a"]], 0]]), "$[entry 1]: "],
    ["equal floats as keys", new Map([[new Float64(1), 0], [new Float64(1), 0]]), "$[entry 1]: "],
    ["a key that cannot be said", new Map([["a", 1], [new Date(0), 0]]), "$[entry 1]: Date "],
    ["a value that contains itself", cycle, "$.list[1]: "],
    ["a Map that contains itself", mapCycle, "$.me: "],
    ["a buffer that was transferred away", { b: transferred }, "$.b: "],
    ["a proxy that answers undefined", new Proxy({ a: 1 }, { get: () => undefined }), "$.a: "],
    ["a key that is long", { [`${"k".repeat(100)}`]: undefined }, `$["${"k".repeat(64)}"...]: `],
  ];
  for (const [what, given, place] of cases) {
    it(what, () => {
      const error = refused(() => payloadEncode(given), "BP_VALUE");
      assert.ok(error.text.startsWith(place), error.text);
    });
    it(`${what}, in an append`, () => {
      const directory = temporary();
      const store = open(directory);
      const before = store.stat().events;
      const error = refused(() => store.append("thing:1", "test", { kind: 0xf001, value: given }), "BP_VALUE");
      assert.ok(error.text.startsWith(place), error.text);
      assert.equal(store.stat().events, before);
      store.close();
    });
  }

  it("1,024 containers deep", () => {
    let deep = [];
    for (let level = 0; level < 1023; level++) deep = [deep];
    refused(() => payloadEncode(deep), "BP_DEPTH");
    assert.ok(refused(() => payloadEncode(deep), "BP_DEPTH").message.length < 400);
  });

  it("what throws while it is read throws unchanged, and the next value is right", () => {
    const thrown = new RangeError("mine");
    const given = { a: [1, { get b() { throw thrown; } }] };
    assert.throws(() => payloadEncode(given), (error) => error === thrown);
    same({ a: 1 });
  });

  it("a getter that encodes while it is read does not disturb", () => {
    const given = { a: "before", get b() { return payloadDecode(payloadEncode({ inner: [1, 2, 3] })).inner; }, c: "after" };
    assert.deepEqual(payloadDecode(payloadEncode(given)), { a: "before", b: [1, 2, 3], c: "after" });
  });

  it("a container that changes while it is read", () => {
    const map = new Map([["a", 1]]);
    const given = new Map([["x", { get grow() { given.set("y", 1); return 1; } }]]);
    refused(() => payloadEncode(given), "BP_VALUE");
    const list = [{ get shrink() { list.length = 1; return 1; } }, 2];
    refused(() => payloadEncode(list), "BP_VALUE");
    same(map);
  });
});

describe("payloads that are none", () => {
  const cases = [
    ["nothing", "", "BP_MESSAGEPACK"],
    ["cut short", "93ffff", "BP_MESSAGEPACK"],
    ["the byte that means nothing", "c1", "BP_MESSAGEPACK"],
    ["an extension type", "d40100", "BP_MESSAGEPACK"],
    ["a timestamp", "d6ff00000000", "BP_MESSAGEPACK"],
    ["a string that is not UTF-8", "a2c328", "BP_UTF8"],
    ["a surrogate in UTF-8", "a3eda080", "BP_UTF8"],
    ["a length without bytes", "dbffffffff", "BP_MESSAGEPACK"],
    ["an array without elements", "ddffffffff", "BP_MESSAGEPACK"],
    ["a map without pairs", "dfffffffff", "BP_MESSAGEPACK"],
    ["a bin without bytes", "c6ffffffff", "BP_MESSAGEPACK"],
    ["1,024 deep", "91".repeat(1024) + "c0", "BP_DEPTH"],
  ];
  for (const [what, hex, code] of cases) {
    it(`${what}: ${code}`, () => {
      refused(() => payloadDecode(Buffer.from(hex, "hex")), code);
    });
  }

  it("any bytes at all: a value or an error of ours", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        payloadDecode(bytes);
      } catch (error) {
        assert.ok(error instanceof BatpakError, String(error));
      }
    }), runs(10));
  });

  it("bytes behind the first value are passed over", () => {
    assert.equal(payloadDecode(Buffer.from("01ff", "hex")), 1);
  });
});
