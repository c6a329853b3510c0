import { Arena } from "./arena.js";
import { raw } from "./native.js";

/** The scratch buffer: the arena that the addon knows. There is one; the calls that use it take what they need before they
 * return. @internal */
export const scratch = new Arena((size) => raw.scratch(size), false);

/** What the clock of the store says from now on. @internal */
export function putClock(now: bigint): void {
  scratch.longs[0] = now;
}
