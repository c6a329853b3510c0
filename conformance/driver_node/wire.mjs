// The forms of values in instructions and answers (spec.md, "Values").
import batpak from "./package.mjs";

// The instruction is not of its form; the message is the driver's word for it.
export class BadInstruction extends Error {}

// JSON with integers of 64 bits.
export function text(value) {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(text).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${text(member)}`).join(",")}}`;
}

export function hex(bytes) {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

export function bytesOf(digits, length) {
  if (typeof digits !== "string" || !/^(?:[0-9a-f]{2})*$/.test(digits)) throw new BadInstruction("bad_instruction");
  if (length !== undefined && digits.length !== 2 * length) throw new BadInstruction("bad_instruction");
  return new Uint8Array(Buffer.from(digits, "hex"));
}

export function idOf(step, name) {
  return step[name] == null ? undefined : bytesOf(step[name], 16);
}

export function numberOf(step, name) {
  return step[name] == null ? undefined : Number(step[name]);
}

export function bigOf(step, name) {
  return step[name] == null ? undefined : BigInt(step[name]);
}

// `NAME`, or the bytes `NAME_hex`; no string is bytes that are no UTF-8, so these become a lone surrogate.
export function textOf(step, name) {
  const given = step[`${name}_hex`];
  const said = given == null ? (step[name] ?? "") : utf8(bytesOf(given));
  return said.repeat(Number(step[`${name}_repeat`] ?? 1));
}

function utf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return "\udcff";
  }
}

export function keysOf(step, name) {
  return (step[name] ?? []).map((key) => bytesOf(key, 32));
}

export function extensionsOf(step) {
  return Object.fromEntries(Object.entries(step.extensions ?? {}).map(([name, value]) => [name, bytesOf(value)]));
}

export function extensionsOut(extensions) {
  return Object.fromEntries(Object.entries(extensions).map(([name, value]) => [name, hex(value)]));
}

export function receiptOut(receipt) {
  return {
    event_id: hex(receipt.eventId),
    sequence: receipt.sequence,
    content_hash: hex(receipt.contentHash),
    key_id: hex(receipt.keyId ?? new Uint8Array(32)),
    signature: hex(receipt.signature),
    extensions: extensionsOut(receipt.extensions),
    segment_id: receipt.segmentId,
    offset: receipt.offset,
    frame_length: receipt.frameLength,
    durable: receipt.durable,
    replayed: receipt.replayed,
    same: receipt.same ?? false,
  };
}

// A receipt that came from outside, by the way that the package has for these.
export function receiptOf(given) {
  const { event_id, sequence, content_hash, key_id, signature = null, extensions = {} } = given;
  const members = { event_id, sequence, content_hash, key_id, signature, extensions };
  return batpak.Receipt.fromJSON({ ...members, durable: false, replayed: false, same: null });
}

export function eventOut(event) {
  const record = {
    sequence: event.sequence,
    event_id: hex(event.eventId),
    entity: event.entity,
    scope: event.scope,
    kind: Number(event.kind),
    clock: event.clock,
    segment_id: event.segmentId,
    offset: event.offset,
    frame_length: event.frameLength,
  };
  if (event.error != null) return { ...record, error: event.error.code, payload_hex: null };
  return {
    ...record,
    correlation_id: hex(event.correlationId),
    causation_id: hex(event.causationId),
    wall_ms: event.wallMs,
    timestamp_us: event.timestampUs,
    prev_hash: hex(event.prevHash),
    event_hash: hex(event.eventHash),
    lane: event.lane,
    depth: event.depth,
    flags: event.flags,
    extensions: extensionsOut(event.extensions),
    payload_hex: hex(event.payloadBytes),
  };
}
