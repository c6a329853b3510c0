"""Lane 3, first half: the golden stores of the reference, read, continued, read by it again."""

import json
import pathlib
import shutil
import tempfile

from runner.drivers import CONFORMANCE
from runner.msgpack import encode
from runner.stores import dump, fingerprint, read_events, same_events

GOLDEN = CONFORMANCE / "golden" / "reference"


def run(report, ours, reference):
    for directory in sorted(path for path in GOLDEN.iterdir() if path.is_dir()):
        with tempfile.TemporaryDirectory() as scratch:
            work = pathlib.Path(scratch)
            shutil.copytree(directory / "store", work / "store")
            about = json.loads((directory / "about.json").read_text())
            expected = wanted_events(directory, about)
            readable = read_only(report, ours, work, directory.name, expected)
            if readable and "compaction" not in about:
                receipts_hold(report, ours, work, directory, about, expected)
            if readable and pending(work):
                refused(report, ours, work, directory.name)
            elif readable and about.get("continue", True):
                continued(report, ours, reference, work, directory.name, expected)


def pending(work):
    return (work / "store" / "compaction.pending.json").exists()


def wanted_events(directory, about):
    """What the reference cannot read back after a compaction may be read here: the payload before it."""
    expected = read_events(directory / "expected.jsonl")
    if "compaction" not in about:
        return expected
    before = {event["event_id"]: event for event in read_events(directory / "before.jsonl")}
    return [{**event, "payload_before": before.get(event["event_id"], event).get("payload_hex")} for event in expected]


def read_only(report, ours, work, name, expected):
    before = fingerprint(work / "store")
    status, events = dump(ours, work, "store")
    differences = [f"open answered {status}"] if status != "ok" else compared(expected, events)
    if fingerprint(work / "store") != before:
        differences.append("a read-only open changed the directory")
    report.case(f"golden: {name} read by {ours.name}", differences, f"({len(events)} events)")
    return not differences


def compared(expected, events):
    """Value-form payloads: every other field as the reference says, the payload as it was before."""
    found = {event["sequence"]: event for event in events}
    wanted = []
    for event in expected:
        payload_before = event.pop("payload_before", None)
        ours = found.get(event["sequence"], {})
        if (
            payload_before is not None
            and event["payload_hex"] != payload_before
            and ours.get("payload_hex") == payload_before
        ):
            event = {**ours, **{key: value for key, value in event.items() if key not in ("error", "payload_hex")}}
        wanted.append(event)
    difference = same_events(wanted, events)
    return [difference] if difference else []


def receipts_hold(report, ours, work, directory, about, expected):
    """Every receipt given for an event that is there, and there once, is accepted; signed ones by their signature."""
    ids = [event["event_id"] for event in expected]
    lost = about["loses"] if about["expected_from"] == "reopened" else []
    receipts = [
        receipt
        for receipt in read_events(directory / "receipts.jsonl")
        if ids.count(receipt["event_id"]) == 1 and receipt["sequence"] not in lost
    ]
    if not receipts:
        return
    wanted = "signed" if "keys" in about else "unsigned_accepted"
    program = [{"id": 1, "op": "open", "path": "store", "read_only": True, "keys": about.get("keys", [])}]
    program += [{"id": n, "op": "verify_receipt", "receipt": receipt} for n, receipt in enumerate(receipts, 2)]
    wrong = [
        f"{answer} for sequence {receipt['sequence']}"
        for receipt, answer in zip(receipts, ours.run(program, work)[1:])
        if answer.get("value") != wanted
    ]
    report.case(
        f"golden: receipts of {directory.name} held against it by {ours.name}", wrong, f"({len(receipts)} receipts)"
    )


def refused(report, ours, work, name):
    """An interrupted compaction is interpreted read-only and refused for writing until compaction is built."""
    before = segments(work / "store")
    (answer,) = ours.run([{"id": 1, "op": "open", "path": "store"}], work)
    wrong = [] if answer["status"] == "BP_COMPACTION_PENDING" else [f"open answered {answer['status']}"]
    if segments(work / "store") != before:
        wrong.append("the refused open changed the store")
    report.case(f"golden: {name} refused by {ours.name}", wrong)


def segments(store):
    return {name: digest for name, digest in fingerprint(store).items() if not name.startswith(".")}


def continued(report, ours, reference, work, name, expected):
    """Ours opens it for writing, appends, closes; then the reference must read all of it as ours does."""
    clock = max((event["wall_ms"] for event in expected), default=1_700_000_000_000) + 60_000
    append = [
        {
            "id": 10 + n,
            "op": "append",
            "entity": entity,
            "scope": "continued",
            "kind": 0x1001,
            "payload": encode(n).hex(),
            "key": f"{0xC0 + n:032x}",
            "extensions": {"acme.after": "01"},
        }
        for n, entity in enumerate(("entity:0", "fresh", "account:7"))
    ]
    verify = [{"id": 20, "op": "verify"}] if "verify" in ours.capabilities else []
    program = [
        {"id": 1, "op": "clock", "us": str(clock * 1000)},
        {"id": 2, "op": "open", "path": "store"},
        *append,
        *verify,
        {"id": 21, "op": "close"},
    ]
    answers = ours.run(program, work)
    wrong = [f"{step['op']} answered {answer}" for step, answer in zip(program, answers) if answer["status"] != "ok"]
    if wrong or len(answers) < len(program):
        return report.not_ok(f"golden: {name} continued by {ours.name}", *wrong)
    _, by_us = dump(ours, work, "store")
    kept = {event["sequence"]: event["event_id"] for event in by_us}
    lost = [
        f"sequence {event['sequence']} is lost"
        for event in expected
        if kept.get(event["sequence"]) != event["event_id"]
    ]
    report.case(f"golden: {name} continued by {ours.name}", lost, f"({len(by_us)} events)")
    if reference is not None:
        read_back(report, reference, work, name, by_us)


def read_back(report, reference, work, name, by_us):
    status, by_reference = dump(reference, work, "store")
    difference = same_events(by_us, by_reference) if status == "ok" else f"open answered {status}"
    report.case(
        f"golden: {name} continued by ours, read by {reference.name}",
        [difference] if difference else [],
        f"({len(by_reference)} events)",
    )
