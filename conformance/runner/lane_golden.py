"""Lane 3, first half: the golden stores, read by ours, continued by ours, read by the reference."""

import pathlib
import tempfile

from runner.golden_case import GoldenCase, directories
from runner.msgpack import encode
from runner.stores import dump, fingerprint, same_events, wire


def run(report, drivers):
    for directory in directories():
        for ours in drivers.ours:
            name = f"golden: {directory.parent.name}/{directory.name} by {ours.name}"
            with tempfile.TemporaryDirectory() as scratch, report.guard(name):
                check(report, ours, drivers.reference, GoldenCase(directory, pathlib.Path(scratch)))


def check(report, ours, reference, case):
    if not read_only(report, ours, case):
        return
    judged(report, ours, case)
    if case.pending:
        refused(report, ours, case)
        return
    if not case.compacted:
        receipts_hold(report, ours, case)
    if continued(report, ours, case) and reference is not None:
        read_back(report, ours, reference, case)


def read_only(report, ours, case):
    before = fingerprint(case.work / "store")
    status, events = dump(ours, case.work, "store")
    difference = f"open answered {status}" if status != "ok" else case.differs(events)
    differences = [difference] if difference else []
    if fingerprint(case.work / "store") != before:
        differences.append("a read-only open changed the directory")
    report.case(f"golden: {case.name} read by {ours.name}", differences, f"({len(events)} events)")
    return not differences


def judged(report, ours, case):
    program = [{"id": 1, "op": "open", "path": "store", "read_only": True}, {"id": 2, "op": "verify"}]
    verdict = ours.run(program, case.work)[1].get("value", {})
    wrong = []
    if verdict.get("verdict") != case.verdict:
        findings = [f"{f['severity']} {f['code']}: {f['text']}" for f in verdict.get("findings", [])]
        wrong = [f"{case.verdict} against {verdict.get('verdict')}", *findings]
    report.case(f"golden: {case.name} judged by {ours.name}", wrong, f"({case.verdict})")


def receipts_hold(report, ours, case):
    """Receipts are accepted; those that were signed, by their signature."""
    receipts = case.holding_receipts()
    if not receipts:
        return
    wanted = "signed" if case.keys else "unsigned_accepted"
    program = [{"id": 1, "op": "open", "path": "store", "read_only": True, "keys": case.keys}]
    program += [{"id": n, "op": "verify_receipt", "receipt": wire(receipt)} for n, receipt in enumerate(receipts, 2)]
    answers = ours.run(program, case.work)[1:]
    wrong = [
        f"{answer} for sequence {receipt['sequence']}"
        for receipt, answer in zip(receipts, answers)
        if answer.get("value") != wanted
    ]
    report.case(f"golden: {case.name}, receipts held against it by {ours.name}", wrong, f"({len(receipts)} receipts)")


def refused(report, ours, case):
    """An interrupted compaction is interpreted read-only and refused for writing until compaction is built."""
    before = visible_files(case.work / "store")
    (answer,) = ours.run([{"id": 1, "op": "open", "path": "store"}], case.work)
    wrong = [] if answer["status"] == "BP_COMPACTION_PENDING" else [f"open answered {answer['status']}"]
    if visible_files(case.work / "store") != before:
        wrong.append("the refused open changed the store")
    report.case(f"golden: {case.name} refused by {ours.name}", wrong)


def visible_files(store):
    return {name: digest for name, digest in fingerprint(store).items() if not name.startswith(".")}


def continued(report, ours, case):
    """Opened for writing, appended to, closed: nothing that was there is lost or renumbered."""
    name = f"golden: {case.name} continued by {ours.name}"
    program = continuation(ours, case)
    answers = ours.run(program, case.work)
    wrong = [f"{step['op']} answered {said}" for step, said in zip(program, answers) if said["status"] != "ok"]
    if wrong or len(answers) < len(program):
        report.not_ok(name, *wrong)
        return False
    _, events = dump(ours, case.work, "store")
    kept = {event["sequence"]: event["event_id"] for event in events}
    lost = [e["sequence"] for e in case.expected if kept.get(e["sequence"]) != e["event_id"]]
    report.case(name, [f"lost or renumbered: {lost}"] if lost else [], f"({len(events)} events)")
    return True


def continuation(ours, case):
    clock_ms = max((event["wall_ms"] for event in case.expected), default=1_700_000_000_000) + 60_000
    steps = [{"op": "clock", "us": str(clock_ms * 1000)}, {"op": "open", "path": "store", "keys": case.keys}]
    for number, entity in enumerate(("entity:0", "fresh", "account:7")):
        options = {"key": f"{0xC0 + number:032x}", "extensions": {"acme.after": "01"}}
        draft = {"entity": entity, "scope": "continued", "kind": 0x1001, "payload": encode(number).hex()}
        steps.append({"op": "append", **draft, **options})
    return [{"id": number, **step} for number, step in enumerate([*steps, {"op": "close"}], 1)]


def read_back(report, ours, reference, case):
    _, by_us = dump(ours, case.work, "store")
    status, by_reference = dump(reference, case.work, "store")
    difference = (
        same_events(case.comparable(by_us), case.comparable(by_reference))
        if status == "ok"
        else f"open answered {status}"
    )
    detail = f"({len(by_reference)} events)"
    name = f"golden: {case.name} continued by {ours.name}, read by {reference.name}"
    report.case(name, [difference] if difference else [], detail)
