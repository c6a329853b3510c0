import { refusal } from "./errors.js";
import { kindNumber, makeKind, type KindLike } from "./kind.js";
import { setMember } from "./text.js";
import { decode, encode, encodeMembers, type Value } from "./values.js";

/** Names of the members of `T` whose type satisfies `bigint`. */
type BigintNames<T> = T extends object ? { [K in keyof T]-?: bigint extends T[K] ? K : never }[keyof T] & string : never;

/** Names of the members of `T`. */
type Names<T> = T extends object ? keyof T & string : never;

/** What {@link defineEvent} binds. */
export interface EventDefinition<T> {
  /** 1 to 15 but 13. */
  readonly category: number;
  /** 0 to 0xFFF. */
  readonly typeId: number;
  /** Which shape of this kind; 0 if not given. It is part of the binding, not of the stored event. */
  readonly schemaVersion?: number | undefined;
  /**
   * The members in the order in which they are written. With it a value with other members is refused, and one that lacks
   * a member without a default; on reading, members are taken whatever their order, and others are passed over.
   */
  readonly fields?: readonly Names<T>[] | undefined;
  /** With `fields`: members that may be absent, and then stay so. */
  readonly optional?: readonly Names<T>[] | undefined;
  /** With `fields`: what an absent member takes, writing and reading. */
  readonly defaults?: Partial<T> | undefined;
  /** With `fields`: number members that are written as floats even where they are integral. */
  readonly floats?: readonly Names<T>[] | undefined;
  /** With `fields`: integer members that are read as `bigint` whatever their size. */
  readonly bigints?: readonly BigintNames<T>[] | undefined;
  /** Called with what was read; what it answers is the payload. What it throws comes out unchanged. */
  readonly parse?: ((value: Value) => T) | undefined;
}

/**
 * A typed event, ready to be appended: its value was encoded when it was made.
 *
 * @since 0.1
 */
export interface TypedEvent<T> {
  readonly type: EventType<T>;
  readonly kind: number;
  readonly value: T;
  readonly payload: Uint8Array;
}

/**
 * A type of event: called with a value it makes an event to append; given as `type` it selects and types events that are
 * read.
 *
 * @since 0.1
 */
export interface EventType<T> {
  /** @throws {@link BatpakError} `BP_VALUE` with the place of what cannot be said. */
  (value: T): TypedEvent<T>;
  /** `category << 12 | typeId`. */
  readonly kind: number;
  readonly category: number;
  readonly typeId: number;
  readonly schemaVersion: number;
  /** The order in which members are written; undefined where each value has its own. */
  readonly fields: readonly string[] | undefined;
  /** The canonical payload of a value. */
  encode(value: T): Uint8Array;
  /**
   * The value of a payload.
   *
   * @throws {@link BatpakError} as `payloadDecode`; `BP_VALUE` where a member of `fields` is missing.
   */
  decode(payload: Uint8Array): T;
  /** Whether an event, or a kind, is of this type. */
  is(event: KindLike | { readonly kind: KindLike }): boolean;
}

const bound = new Set<string>();

/**
 * Binds a type to a kind. A binding is made once: the same category, type id and schema version again are refused.
 *
 * ```ts
 * const Moved = defineEvent<{ x: number; y: number }>({ category: 0xf, typeId: 1, fields: ["x", "y"] });
 * store.append("player:alice", "room:dungeon", Moved({ x: 10, y: 20 }));
 * for (const event of store.events({ type: Moved })) console.log(event.payload.x);
 * ```
 *
 * The value is any that `payloadEncode` can say. Without `fields` it is written as it is, and read without a look at
 * its members.
 *
 * @throws {@link BatpakError} `BP_KIND_RANGE`, `BP_KIND_RESERVED`; `BP_ARGUMENT` for a second binding, or for `optional`,
 * `defaults`, `floats` or `bigints` that `fields` does not name.
 * @since 0.1
 */
export function defineEvent<T>(definition: EventDefinition<T>): EventType<T> {
  const kind = makeKind(definition.category, definition.typeId);
  const schemaVersion = definition.schemaVersion ?? 0;
  if (!Number.isSafeInteger(schemaVersion) || schemaVersion < 0) {
    throw refusal("BP_ARGUMENT", `a schema version is a count, not ${String(schemaVersion)}`);
  }
  const shape = definition.fields === undefined ? anyShape(definition) : new Shape(definition.fields, definition);
  bind(kind, schemaVersion);

  const type = (value: T): TypedEvent<T> => ({ type: type as EventType<T>, kind, value, payload: shape.encode(value) });
  return Object.freeze(Object.assign(type, {
    kind,
    category: kind >>> 12,
    typeId: kind & 0xfff,
    schemaVersion,
    fields: definition.fields === undefined ? undefined : Object.freeze([...definition.fields]),
    encode: (value: T): Uint8Array => shape.encode(value),
    decode: (payload: Uint8Array): T => decodeWith(payload, shape, definition.parse),
    is: (event: KindLike | { readonly kind: KindLike }): boolean =>
      kindNumber(typeof event === "object" && event !== null && "kind" in event ? event.kind : event) === kind,
  }));
}

function bind(kind: number, schemaVersion: number): void {
  const name = `${kind}.${schemaVersion}`;
  if (bound.has(name)) {
    const text = `kind 0x${kind.toString(16)}, schema version ${schemaVersion}, is bound already`;
    throw refusal("BP_ARGUMENT", text);
  }
  bound.add(name);
}

/* The lists of a definition, whatever its type. */
interface Lists {
  readonly optional?: readonly string[] | undefined;
  readonly floats?: readonly string[] | undefined;
  readonly bigints?: readonly string[] | undefined;
  readonly defaults?: object | undefined;
}

interface AnyShape {
  encode(value: unknown): Uint8Array;
  decode(value: Value): unknown;
}

function decodeWith<T>(payload: Uint8Array, shape: AnyShape, parse: ((value: Value) => T) | undefined): T {
  const value = shape.decode(decode(payload));
  return parse === undefined ? (value as T) : parse(value as Value);
}

function anyShape(definition: Lists): AnyShape {
  for (const name of ["optional", "defaults", "floats", "bigints"] as const) {
    if (definition[name] !== undefined) throw refusal("BP_ARGUMENT", `${name} goes with fields`);
  }
  return { encode, decode: (value) => value };
}

/* What `fields` and its kin say of an object. */
class Shape implements AnyShape {
  readonly #fields: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #optional: ReadonlySet<string>;
  readonly #floats: ReadonlySet<string>;
  readonly #bigints: ReadonlySet<string>;
  readonly #defaults: Readonly<Record<string, unknown>>;

  constructor(fields: readonly string[], definition: Lists) {
    this.#fields = [...fields];
    this.#known = new Set(fields);
    if (this.#known.size !== fields.length) throw refusal("BP_ARGUMENT", "fields names a member twice");
    this.#optional = this.#named("optional", definition.optional);
    this.#floats = this.#named("floats", definition.floats);
    this.#bigints = this.#named("bigints", definition.bigints);
    this.#named("defaults", Object.keys(definition.defaults ?? {}));
    this.#defaults = { ...(definition.defaults as Record<string, unknown> | undefined) };
  }

  encode(value: unknown): Uint8Array {
    if (typeof value !== "object" || value === null) throw refusal("BP_VALUE", "$: an object is wanted here");
    const record = value as Record<string, unknown>;
    let names = 0;
    for (const name of Object.keys(record)) {
      if (!this.#known.has(name)) throw refusal("BP_VALUE", `$: ${JSON.stringify(name)} is not among the fields`);
      if (record[name] !== undefined) names++;
    }
    for (const symbol of Object.getOwnPropertySymbols(record)) {
      if (Object.prototype.propertyIsEnumerable.call(record, symbol)) throw refusal("BP_VALUE", `$: ${String(symbol)} is not among the fields`);
    }
    if (names === this.#fields.length) return encodeMembers(record, this.#fields, this.#floats);
    const full = this.#complete(record);
    return encodeMembers(full, this.#fields.filter((name) => Object.hasOwn(full, name)), this.#floats);
  }

  decode(value: Value): unknown {
    if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
      throw refusal("BP_VALUE", "$: a map with strings as keys is wanted here");
    }
    const full = this.#complete(value as Record<string, unknown>);
    for (const name of this.#bigints) {
      if (typeof full[name] === "number") full[name] = this.#bigint(name, full[name]);
    }
    return full;
  }

  /* The fields, in their order, with defaults for those that are absent. */
  #complete(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const full: Record<string, unknown> = {};
    for (const name of this.#fields) {
      const own = Object.hasOwn(record, name) ? record[name] : undefined;
      if (own !== undefined) setMember(full, name, own);
      else if (Object.hasOwn(this.#defaults, name)) setMember(full, name, this.#defaults[name]);
      else if (!this.#optional.has(name)) throw refusal("BP_VALUE", `$: ${JSON.stringify(name)} is missing`);
    }
    return full;
  }

  #bigint(name: string, value: number): bigint {
    if (!Number.isSafeInteger(value)) throw refusal("BP_VALUE", `$.${name}: ${value} is no integer`);
    return BigInt(value);
  }

  #named(what: string, names: readonly string[] | undefined): ReadonlySet<string> {
    for (const name of names ?? []) {
      if (!this.#known.has(name)) throw refusal("BP_ARGUMENT", `${what} names ${name}, which fields does not`);
    }
    return new Set(names);
  }
}
