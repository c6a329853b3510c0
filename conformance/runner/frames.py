"""Frames of single events, found in the segment files by their event id."""

from runner import segment

# encoding.md 7: where a frame as it is written holds its event id.
ID_AT = 8 + 27


def frames_by_id(store):
    """{event id in hexadecimal: frame bytes} over all segments of a store."""
    found = {}
    for path in segment.paths(store):
        part = segment.Segment.read(path)
        for offset, length in part.frames:
            frame = part.frame(offset, length)
            found.setdefault(frame[ID_AT : ID_AT + 16].hex(), frame)
    return found


def frame_answer(directory, step):
    frame = frames_by_id(directory / step["store"]).get(step["event_id"])
    return {"status": "ok", "value": frame.hex()} if frame else {"status": "not_found"}
