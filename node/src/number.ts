import { refusal } from "./errors.js";

/** A number that C takes in so many bits: never cut down. @internal */
export function whole(what: string, value: unknown, highest: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > highest) {
    throw refusal("BP_ARGUMENT", `${what} is no whole number from 0 to ${highest}`);
  }
  return value;
}

/** A count of 64 bits. @internal */
export function wide(what: string, value: unknown): bigint {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "bigint" && BigInt.asUintN(64, value) === value) return value;
  throw refusal("BP_ARGUMENT", `${what} is no count of 64 bits`);
}
