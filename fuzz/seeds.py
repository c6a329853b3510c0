#!/usr/bin/env python3
"""Makes the seeds of the corpora frame, prologue, footer, segment, hidden and store from the golden stores.

Run by hand when a format or a golden store is added; what it writes is committed.  Inputs that a fuzzer found stand beside
them under other names and are left alone.
"""

import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "conformance" / "golden"
NAMES = ["000001.fbat", "000002.fbat", "000003.fbat", "visibility_ranges.fbv", "000001.fbat.compact-src",
         "compaction.pending.json", "index.ckpt", "0000001.fbat"]
LARGEST = 12 * 1024
SEGMENTS = ["batches_killed", "torn", "half_batch", "half_batch_continued", "full_disk_killed", "full_disk_closed",
            "extensions", "tombstones", "retention", "odd_payloads", "odd_kinds_killed", "marker_kinds_killed",
            "zero_tail", "duplicate_ids", "empty", "lenient_frames", "fence_killed"]
STORES = ["compaction_killed", "compaction_killed_early", "compaction_marker_only", "fence_cancelled",
          "fence_cancelled_killed", "headless_last", "torn_continued", "half_batch", "dropped"]


def write(target, name, data):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"golden_{name}").write_bytes(data)


def first_frame(data):
    return 8 + struct.unpack(">I", data[4:8])[0]


def frames(data):
    at = first_frame(data)
    while at + 8 <= len(data):
        length = 8 + struct.unpack(">I", data[at:at + 4])[0]
        if at + length > len(data):
            return
        yield data[at:at + length]
        at += length


def seed_segment(store, data):
    write("segment", store, data)
    write("prologue", store, data[:first_frame(data)])
    shortest = min(frames(data), key=len, default=b"")
    if shortest:
        write("frame", store, shortest)
    if data[-4:] == b"SDX2":
        footer = struct.unpack("<Q", data[-16:-8])[0]
        last = list(frames(data[:footer]))[-1:]
        kept = b"".join(last)
        tail = data[footer:-16] + struct.pack("<Q", len(kept)) + data[-8:]
        write("footer", store, struct.pack("<H", 0) + kept + tail)


def main():
    reference = GOLDEN / "reference"
    for store in SEGMENTS:
        data = (reference / store / "store" / "000001.fbat").read_bytes()
        if len(data) <= LARGEST:
            seed_segment(store, data)
    for store in STORES:
        whole = b""
        for number, name in enumerate(NAMES):
            path = reference / store / "store" / name
            if path.exists():
                data = path.read_bytes()
                whole += struct.pack("<BI", number, len(data)) + data
                if name.endswith(".fbv"):
                    write("hidden", store, data)
        if len(whole) <= 2 * LARGEST:
            write("store", store, whole)


main()
