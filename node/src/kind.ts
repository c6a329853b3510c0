import { refusal } from "./errors.js";
import { native } from "./native.js";

/**
 * What type of event: a category of 4 bits and a type id of 12 bits.
 *
 * Wherever a kind is asked for, its number does as well: `0xf001`.
 *
 * @since 0.1
 */
export class Kind {
  /** `category << 12 | typeId`. */
  readonly number: number;

  /**
   * Takes any 16 bits, the store's own categories too.
   *
   * @throws {@link BatpakError} `BP_KIND_RANGE`.
   */
  constructor(number: number) {
    this.number = kindNumber(number);
  }

  /**
   * Category 1 to 15 but 13, type id 0 to 0xFFF: what programs may append.
   *
   * @throws {@link BatpakError} `BP_KIND_RANGE`, `BP_KIND_RESERVED`.
   */
  static make(category: number, typeId: number): Kind {
    return new Kind(makeKind(category, typeId));
  }

  /**
   * Reads `F:001` (hexadecimal category and type id), `61441` or `0xF001`.
   *
   * @throws {@link BatpakError} `BP_KIND_RANGE`, `BP_ARGUMENT`.
   */
  static parse(text: string): Kind {
    return new Kind(native.kindParse(text));
  }

  /** The upper 4 bits. */
  get category(): number {
    return this.number >>> 12;
  }

  /** The lower 12 bits. */
  get typeId(): number {
    return this.number & 0xfff;
  }

  /** Kinds are equal when their numbers are. */
  equals(other: KindLike): boolean {
    return this.number === kindNumber(other);
  }

  /** `F:001`. */
  toString(): string {
    return native.kindFormat(this.number);
  }

  /** The number, so that kinds compare with `<` and `+kind` is 61441. */
  valueOf(): number {
    return this.number;
  }

  /** The number, as in the JSON lines of the command. */
  toJSON(): number {
    return this.number;
  }
}

/** A kind, or its number. */
export type KindLike = number | Kind;

/** The number of a kind, checked to be 16 bits. @internal */
export function kindNumber(kind: KindLike): number {
  const number = kind instanceof Kind ? kind.number : kind;
  if (typeof number !== "number" || (number & 0xffff) !== number) {
    throw refusal("BP_KIND_RANGE", `a kind is a number of 16 bits, not ${String(number)}`);
  }
  return number;
}

/** As `Kind.make`, the number alone. @internal */
export function makeKind(category: number, typeId: number): number {
  return native.kindMake(bits32(category), bits32(typeId));
}

/* What is no number of 32 bits becomes one that is out of range too. */
function bits32(number: number): number {
  return number >>> 0 === number ? number : 0xffffffff;
}
