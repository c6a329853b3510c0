"""Instructions that judge: receipts, the verdict over a whole store, what an open found, how much there is."""

from wire import hexadecimal, keys_of, receipt_of


def run_verify_receipt(session, step):
    return session.store.verify_receipt(receipt_of(step["receipt"]), trust=keys_of(step, "trust")).outcome


def findings_out(report):
    return [
        {
            "severity": finding.severity,
            "code": finding.code,
            "text": finding.text,
            "segment_id": finding.segment_id,
            "offset": finding.offset,
            "sequence": finding.sequence,
            "event_id": hexadecimal(finding.event_id),
        }
        for finding in report
    ]


def run_verify(session, step):
    receipts = [receipt_of(given) for given in step.get("receipts") or ()]
    report = session.store.verify(trust=keys_of(step, "trust"), receipts=receipts)
    return {
        "verdict": report.verdict,
        "events": report.events,
        "attested": report.attested,
        "first_unproven": report.first_unproven,
        "findings": findings_out(report),
    }


STAT = ("events", "entities", "scopes", "segments", "first_sequence", "last_sequence", "durable_sequence",
        "clean_close", "poisoned")


def run_stat(session, _step):
    """Of the counts those that two runs of one program share."""
    stat = session.store.stat()
    return {name: getattr(stat, name) for name in STAT}


OPERATIONS = {
    "verify_receipt": run_verify_receipt,
    "verify": run_verify,
    "open_report": lambda session, _step: findings_out(session.store.open_report()),
    "stat": run_stat,
}
