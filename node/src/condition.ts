import { refusal } from "./errors.js";
import { ownBytes, ownId, ownList } from "./failure.js";
import { wide, whole } from "./number.js";

/** Until a moment, in milliseconds since 1970. @since 0.2 */
export class WaitForTime {
  readonly type: "Timeout" = "Timeout";
  readonly resumeAtMs: bigint;

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(resumeAtMs: bigint | number) {
    this.resumeAtMs = wide("resumeAtMs", resumeAtMs);
    Object.freeze(this);
  }
}

/** Until there is an event of this id (16 bytes). @since 0.2 */
export class WaitForEvent {
  readonly type: "Event" = "Event";
  readonly eventId: Uint8Array;

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(eventId: Uint8Array) {
    this.eventId = ownId("eventId", eventId);
    Object.freeze(this);
  }
}

/** Until all of these hold. @since 0.2 */
export class WaitForAll {
  readonly type: "All" = "All";
  readonly items: readonly WaitCondition[];

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(items: Iterable<WaitCondition>) {
    this.items = ownList("items", items, conditionOf);
    Object.freeze(this);
  }
}

/** Until one of these holds. @since 0.2 */
export class WaitForAny {
  readonly type: "Any" = "Any";
  readonly items: readonly WaitCondition[];

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(items: Iterable<WaitCondition>) {
    this.items = ownList("items", items, conditionOf);
    Object.freeze(this);
  }
}

/** Until something of your own: a tag of 16 bits, and data. @since 0.2 */
export class WaitForCustom {
  readonly type: "Custom" = "Custom";
  readonly tag: number;
  readonly data: Uint8Array;

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(tag: number, data: Uint8Array) {
    this.tag = whole("tag", tag, 0xffff);
    this.data = ownBytes("data", data);
    Object.freeze(this);
  }
}

/** What a pending outcome waits for. `type` tells them apart. */
export type WaitCondition = WaitForTime | WaitForEvent | WaitForAll | WaitForAny | WaitForCustom;

const CONDITIONS = [WaitForTime, WaitForEvent, WaitForAll, WaitForAny, WaitForCustom];

/** Looks that it is one. @internal */
export function conditionOf(condition: WaitCondition): WaitCondition {
  if (CONDITIONS.some((kind) => condition instanceof kind)) return condition;
  throw refusal("BP_ARGUMENT", "a condition is a WaitForTime, WaitForEvent, WaitForAll, WaitForAny or WaitForCustom");
}
