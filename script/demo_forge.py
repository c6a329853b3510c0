"""Damages a store on purpose, for the demonstration. It shares no code with batpak.

usage: demo_forge.py flip|cut STORE | alter STORE OLD NEW
       with one event of `batpak log --json` on standard input

flip   turns one bit in the middle of the event's frame, as a dying disk would.
alter  replaces OLD by NEW (as long) in its payload and repairs every hash and checksum that covers
       it, as somebody would who knows the format and may write the directory.
cut    removes the event and all that came after it, at a frame's border.
"""

import json
import struct
import sys
import zlib
from pathlib import Path

MASK = 0xFFFFFFFF
IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
FOOTER_ROW = 162


def blake3(data: bytes) -> bytes:
    """BLAKE3 of at most one chunk of 1,024 bytes."""
    assert len(data) <= 1024, "the demonstration alters small payloads only"
    blocks = [data[at:at + 64] for at in range(0, len(data), 64)] or [b""]
    state = list(IV)
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        flags = (1 if index == 0 else 0) | (2 | 8 if last else 0)
        state = compress(state, block, flags)
    return struct.pack("<8I", *state)


def compress(chaining: list[int], block: bytes, flags: int) -> list[int]:
    words = list(struct.unpack("<16I", block.ljust(64, b"\0")))
    v = [*chaining, *IV[:4], 0, 0, len(block), flags]

    def mix(a: int, b: int, c: int, d: int, x: int, y: int) -> None:
        for word, first, second in ((x, 16, 12), (y, 8, 7)):
            v[a] = (v[a] + v[b] + word) & MASK
            v[d] = rotate(v[d] ^ v[a], first)
            v[c] = (v[c] + v[d]) & MASK
            v[b] = rotate(v[b] ^ v[c], second)

    for _ in range(7):
        for i in range(4):
            mix(i, i + 4, i + 8, i + 12, words[2 * i], words[2 * i + 1])
        for i in range(4):
            mix(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, words[2 * i + 8], words[2 * i + 9])
        words = [words[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def rotate(word: int, by: int) -> int:
    return (word >> by | word << (32 - by)) & MASK


def integers(data: bytes) -> bytes:
    """Bytes as the frame holds them: a MessagePack array of small integers."""
    count = len(data)
    head = bytes([0x90 | count]) if count < 16 else b"\xdc" + struct.pack(">H", count)
    return head + b"".join(bytes([byte]) if byte < 128 else bytes([0xCC, byte]) for byte in data)


def text_head(length: int) -> bytes:
    if length < 32:
        return bytes([0xA0 | length])
    return bytes([0xD9, length]) if length < 256 else b"\xda" + struct.pack(">H", length)


def segments(store: Path) -> list[Path]:
    return sorted(store.glob("*.fbat"), key=lambda path: int(path.stem))


def flip(store: Path, event: dict) -> None:
    path = segment_of(store, event)
    content = bytearray(path.read_bytes())
    content[event["offset"] + event["frame_length"] // 2] ^= 0x10
    path.write_bytes(content)


def cut(store: Path, event: dict) -> None:
    path = segment_of(store, event)
    path.write_bytes(path.read_bytes()[:event["offset"]])
    for later in segments(store):
        if int(later.stem) > event["segment_id"]:
            later.unlink()


def alter(store: Path, event: dict, old: bytes, new: bytes) -> None:
    payload = bytes.fromhex(event["payload_hex"])
    assert len(old) == len(new) and payload.count(old) == 1, "OLD stands once in the payload, NEW is as long"
    changed = payload.replace(old, new)
    before, after = blake3(payload), blake3(changed)
    assert before.hex() == event["event_hash"], "this is not how the store hashed the payload"
    entity = event["entity"].encode()
    # What tells a frame of the entity, what a frame holds of the event, and the link of its successor.
    mark = b"\xa6entity" + text_head(len(entity)) + entity
    own = [(integers(payload), integers(changed)), (integers(before), integers(after))]
    link = [(b"\xa9prev_hash" + integers(before), b"\xa9prev_hash" + integers(after))]
    edits: list = [own, link]
    for path in segments(store):
        if int(path.stem) >= event["segment_id"] and edits:
            first = event["offset"] if int(path.stem) == event["segment_id"] else 0
            rewrite(path, first, mark, edits, (before, after))


def rewrite(path: Path, first: int, mark: bytes, edits: list, hashes: tuple[bytes, bytes]) -> None:
    """Applies the edits, one each, to the next frames of the entity from offset `first` on."""
    content = path.read_bytes()
    end, footer = len(content), b""
    if content.endswith(b"SDX2"):
        end = struct.unpack("<Q", content[-16:-8])[0]
        footer = content[end:]
    at = 8 + struct.unpack(">I", content[4:8])[0]
    out = bytearray(content[:at])
    places, edited = {}, set()
    while at < end:
        length = struct.unpack(">I", content[at:at + 4])[0]
        body = content[at + 8:at + 8 + length]
        if at >= first and edits and mark in body:
            edited.add(at)
            for pair in edits.pop(0):
                body = body.replace(*pair)
        places[at] = (len(out), len(body) + 8)
        out += struct.pack(">II", len(body), zlib.crc32(body)) + body
        at += 8 + length
    if footer:
        out += repaired_footer(footer, places, edited, hashes, len(out))
    path.write_bytes(out)


def repaired_footer(footer: bytes, places: dict, edited: set, hashes: tuple[bytes, bytes], begins: int) -> bytes:
    count = struct.unpack("<I", footer[-8:-4])[0]
    strings = footer[:len(footer) - 16 - FOOTER_ROW * count]
    rows = b""
    for number in range(count):
        start = len(strings) + FOOTER_ROW * number
        row = footer[start:start + FOOTER_ROW]
        offset = struct.unpack("<Q", row[110:118])[0]
        if offset in edited:
            row = row.replace(*hashes)
        rows += row[:110] + struct.pack("<QI", *places[offset]) + row[122:]
    return strings + rows + struct.pack("<QI", begins, count) + b"SDX2"


def segment_of(store: Path, event: dict) -> Path:
    return next(path for path in segments(store) if int(path.stem) == event["segment_id"])


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("flip", "cut", "alter"):
        sys.exit((__doc__ or "").strip())
    event_line = json.loads(sys.stdin.readline())
    place = Path(sys.argv[2])
    if sys.argv[1] == "alter":
        alter(place, event_line, sys.argv[3].encode(), sys.argv[4].encode())
    else:
        {"flip": flip, "cut": cut}[sys.argv[1]](place, event_line)
