"""The end of script/demo, from Python: demo_open.py STORE RECEIPTS. Reads the store's events and verifies it."""

import sys
from pathlib import Path

import batpak

path, receipts_path = sys.argv[1:3]
receipts = [batpak.Receipt.from_json(line) for line in Path(receipts_path).read_text(encoding="utf-8").splitlines()]
with batpak.open(path, mode="read_only") as store:
    count, members = 0, set[str]()
    for event in store.events(category=0xF):
        count += 1
        members.update(event.value())
    report = store.verify(receipts=receipts)
print(f"Python: {count} events with {len(members)} different members; {report.verdict} {report.attested} of {report.events}")
sys.exit(0 if report.verdict == "ATTESTED" else 1)
