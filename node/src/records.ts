/* Where the members of the records lie that this package and its addon have between them: bindings/node/addon.h says what they
 * mean. The addon tells its own when it is loaded, and a difference is refused. */

/** `bpn_draft`; the payload lies behind it. @internal */
export const NEW_DRAFT = { size: 24, next: 0, kind: 4, entity: 8, scope: 12, rest: 16, payload_length: 20 } as const;

/** `bpn_receipt`, and behind its end what a `bpn_signed_receipt` has more. @internal */
export const RECEIPT = {
  size: 88,
  sequence: 0,
  segment_id: 8,
  offset: 16,
  frame_length: 24,
  flags: 28,
  extensions: 32,
  extensions_length: 36,
  event_id: 40,
  content_hash: 56,
  key_id: 88,
  signature: 120,
} as const;

/** Bytes of a `bpn_signed_receipt`. @internal */
export const LONG_RECEIPT = 184;

/** What `flags` of a receipt says: that it is long, and more. @internal */
export const LONG = 1;
/** @internal */
export const HAS_SIGNATURE = 2;
/** @internal */
export const DURABLE = 4;
/** @internal */
export const REPLAYED = 8;
/** @internal */
export const SAME = 16;
