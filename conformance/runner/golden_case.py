"""One golden store: what must be found in it, and what may be told otherwise."""

import collections
import json
import shutil

from runner.drivers import CONFORMANCE
from runner.stores import LIFECYCLE, read_events, same_events

GOLDEN = CONFORMANCE / "golden"
MARKER_KINDS = (0x0006, 0x0007)
# Every other store agrees with itself (decisions.md D37).
VERDICTS = {
    "full_disk_closed": "DAMAGED",
    "full_disk_killed": "DAMAGED",
    "torn_continued": "DAMAGED",
    "retention": "INCOMPLETE",
    "tombstones": "INCOMPLETE",
}


class GoldenCase:
    def __init__(self, directory, work):
        self.name = f"{directory.parent.name}/{directory.name}"
        self.work = work
        self.verdict = VERDICTS.get(directory.name, "CONSISTENT")
        self.about = json.loads((directory / "about.json").read_text())
        self.expected = read_events(directory / "expected.jsonl")
        self.receipts = read_events(directory / "receipts.jsonl")
        before = directory / "before.jsonl"
        self.before = {event["event_id"]: event for event in read_events(before)} if before.exists() else {}
        self.keys = self.about.get("keys", [])
        shutil.copytree(directory / "store", work / "store")

    @property
    def compacted(self):
        return "compaction" in self.about

    @property
    def pending(self):
        return (self.work / "store" / "compaction.pending.json").exists()

    def differs(self, events):
        """None, or how what was read differs from what must be found."""
        if self.pending:
            # The sources are all still there: nothing that was acknowledged is missing (decisions.md 2).
            return same_events(list(self.before.values()), events)
        wanted = [self._as_readable(event, found) for event, found in zip(self.expected, events)]
        wanted += self.expected[len(events) :]
        return same_events(wanted, self._without_late_lifecycle(events))

    def _as_readable(self, event, found):
        """Payloads in value form, which the reference cannot read back or misreads (encoding.md 3.8), may be
        read as what they were before the compaction; every other field is as the reference says."""
        before = self.before.get(event["event_id"], event)
        if self.compacted and found.get("payload_hex") == before["payload_hex"] != event["payload_hex"]:
            named = {name: value for name, value in event.items() if name not in ("error", "payload_hex")}
            return {**found, **named}
        return event

    def _without_late_lifecycle(self, events):
        """The last look before the end came before the close event."""
        last = self.expected[-1]["sequence"] if self.expected else -1
        if self.about["expected_from"] != "acknowledged":
            return events
        return [event for event in events if event["sequence"] <= last or event["entity"] != LIFECYCLE]

    def comparable(self, events):
        """What the reference can be asked for: not both events of one id, not events of a marker's kind,
        not payloads in value form. A frame with such a payload sends it to the path of opening on which it
        forgets extension maps (journal.md 8.4), whatever we leave behind."""
        counts = collections.Counter(event["event_id"] for event in events)
        events = [e for e in events if counts[e["event_id"]] == 1 and e["kind"] not in MARKER_KINDS]
        if not self.compacted:
            return events
        return [
            {name: value for name, value in event.items() if name not in ("payload_hex", "extensions")}
            for event in events
        ]

    def holding_receipts(self):
        """Receipts of events that are still there, and there once, under the number that was given out."""
        ids = collections.Counter(event["event_id"] for event in self.expected)
        lost = self.about["loses"] if self.about["expected_from"] == "reopened" else []
        return [r for r in self.receipts if ids[r["event_id"]] == 1 and r["sequence"] not in lost]


def directories():
    return sorted(path.parent for path in GOLDEN.glob("*/*/about.json"))
