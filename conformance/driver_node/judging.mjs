// Instructions that judge: receipts, the verdict over a whole store, what an open found, how much there is.
import { hex, keysOf, receiptOf } from "./wire.mjs";

function findingsOut(report) {
  return Array.from(report, (finding) => ({
    severity: finding.severity,
    code: finding.code,
    text: finding.text,
    segment_id: finding.segmentId,
    offset: finding.offset,
    sequence: finding.sequence,
    event_id: hex(finding.eventId),
  }));
}

function verify(session, step) {
  const receipts = (step.receipts ?? []).map(receiptOf);
  const report = session.store.verify({ trust: keysOf(step, "trust"), receipts });
  return {
    verdict: report.verdict,
    events: report.events,
    attested: report.attested,
    first_unproven: report.firstUnproven,
    findings: findingsOut(report),
  };
}

// Of the counts those that two runs of one program share.
function stat(session) {
  const found = session.store.stat();
  return {
    events: found.events,
    entities: found.entities,
    scopes: found.scopes,
    segments: found.segments,
    first_sequence: found.firstSequence,
    last_sequence: found.lastSequence,
    durable_sequence: found.durableSequence,
    clean_close: found.cleanClose,
    poisoned: found.poisoned,
  };
}

export const operations = {
  verify_receipt: (session, step) =>
    session.store.verifyReceipt(receiptOf(step.receipt), { trust: keysOf(step, "trust") }).outcome,
  verify,
  open_report: (session) => findingsOut(session.store.openReport()),
  stat,
};
