/* Where the members of the records that this package reads itself lie, as a C compiler of a 64-bit machine lays them out.
 * A test holds this table against what C says. */

/** `bp_receipt`. @internal */
export const RECEIPT = {
  size: 208,
  struct_size: 0,
  frame_length: 4,
  sequence: 8,
  segment_id: 16,
  offset: 24,
  extensions: 32,
  extensions_capacity: 40,
  extensions_length: 48,
  event_id: 56,
  content_hash: 72,
  key_id: 104,
  signature: 136,
  has_signature: 200,
  durable: 201,
  replayed: 202,
  same: 203,
  reserved: 204,
} as const;

/** `bp_token`. @internal */
export const TOKEN = { size: 24, type: 0, reserved: 4, number: 8, offset: 16 } as const;
