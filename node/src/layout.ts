/* Where the members of the records that this package reads itself lie, as a C compiler of a 64-bit machine lays them out.
 * The addon tells its own
 * when it is loaded, and a difference is refused. */

/** `bp_token`. @internal */
export const TOKEN = { size: 24, type: 0, reserved: 4, number: 8, offset: 16 } as const;

/** `bp_draft`. @internal */
export const DRAFT = {
  size: 176,
  struct_size: 0,
  kind: 4,
  flags: 6,
  durability: 7,
  entity: 8,
  entity_length: 16,
  scope: 24,
  scope_length: 32,
  payload: 40,
  payload_length: 48,
  extensions: 56,
  extension_count: 64,
  given: 72,
  expect: 76,
  expect_clock: 80,
  lane: 84,
  depth: 88,
  allow_reserved: 92,
  expect_event_id: 96,
  key: 112,
  correlation_id: 128,
  causation_id: 144,
  cause_item: 160,
  gate: 164,
  gate_timeout_ms: 168,
  reserved: 172,
} as const;

/** `bp_extension`. @internal */
export const EXTENSION = { size: 32, name: 0, name_length: 8, value: 16, value_length: 24 } as const;

/** `bp_event`. @internal */
export const EVENT = {
  size: 224,
  sequence: 0,
  wall_ms: 8,
  timestamp_us: 16,
  segment_id: 24,
  offset: 32,
  entity: 40,
  scope: 48,
  payload: 56,
  extensions: 64,
  entity_length: 72,
  scope_length: 76,
  payload_length: 80,
  extension_count: 84,
  frame_length: 88,
  clock: 92,
  lane: 96,
  depth: 100,
  status: 104,
  kind: 108,
  flags: 110,
  payload_form: 111,
  event_id: 112,
  correlation_id: 128,
  causation_id: 144,
  prev_hash: 160,
  event_hash: 192,
} as const;

/** `bp_query`. @internal */
export const QUERY = {
  size: 80,
  struct_size: 0,
  flags: 4,
  after: 8,
  entity: 16,
  entity_length: 24,
  scope: 32,
  scope_length: 40,
  limit: 48,
  max_bytes: 56,
  kind_filter: 64,
  kind: 68,
  clock_min: 72,
  clock_max: 76,
} as const;
