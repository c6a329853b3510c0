"""Segment files taken apart: prologue, frames, footer (journal.md 2 and 3)."""

import struct
import zlib

FOOTER_MAGIC = b"SDX2"
FOOTER_TRAILER = 16


class Segment:
    def __init__(self, data):
        self.data = data
        (header_length,) = struct.unpack_from(">I", data, 4)
        self.first_frame = 8 + header_length
        self.frames_end = self._frames_end()
        self.frames = list(self._frames())

    @classmethod
    def read(cls, path):
        return cls(path.read_bytes())

    @property
    def has_footer(self):
        return self.frames_end < len(self.data)

    def frame(self, offset, length):
        return self.data[offset : offset + length]

    def _frames_end(self):
        if len(self.data) >= FOOTER_TRAILER and self.data.endswith(FOOTER_MAGIC):
            return struct.unpack_from("<Q", self.data, len(self.data) - FOOTER_TRAILER)[0]
        return len(self.data)

    def _frames(self):
        at = self.first_frame
        while at + 8 <= self.frames_end:
            (length,) = struct.unpack_from(">I", self.data, at)
            if at + 8 + length > self.frames_end:
                return
            yield at, 8 + length
            at += 8 + length


def paths(store):
    """The segment files of a store in the order of their ids."""
    return sorted((p for p in store.iterdir() if p.suffix == ".fbat" and p.stem.isdigit()), key=lambda p: int(p.stem))


def make_frame(body):
    return struct.pack(">II", len(body), zlib.crc32(body)) + body


def make_prologue(header):
    return b"FBAT" + struct.pack(">I", len(header)) + header
