// Instructions about claims and key files.
import batpak from "./package.mjs";
import { bytesOf, extensionsOut, hex, keysOf, receiptOf } from "./wire.mjs";

const { Claim } = batpak;

function read(_session, step) {
  const claim = new Claim(bytesOf(step.bytes));
  return {
    version: claim.version,
    event_id: hex(claim.eventId),
    sequence: claim.sequence,
    entity: claim.entity,
    scope: claim.scope,
    kind: claim.kind.number,
    prev_hash: hex(claim.prevHash),
    content_hash: hex(claim.contentHash),
    extensions: extensionsOut(claim.extensions),
    key_id: hex(claim.keyId),
    signature: hex(claim.signature),
  };
}

function check(_session, step) {
  const payload = step.payload == null ? undefined : bytesOf(step.payload);
  return new Claim(bytesOf(step.bytes)).check({ trust: keysOf(step, "trust"), payload }).outcome;
}

export const operations = {
  claim_read: read,
  claim_write: (_session, step) => hex(Claim.fromJSON({ format: "batpak.claim", ...step.claim }).bytes),
  claim_check: check,
  key_file_write: (_session, step) => batpak.keyFileWrite(step.path, bytesOf(step.seed, 32)),
  key_file_read: (_session, step) => hex(batpak.keyFileRead(step.path).seed),
};

export const ofAStore = {
  claim_export: (session, step) => hex(session.store.claim(receiptOf(step.receipt)).bytes),
};
