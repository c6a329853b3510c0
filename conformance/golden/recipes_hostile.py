"""Golden stores made against resistance: a full disk, and frames made by hand."""

import resource
import signal

from runner import segment
from runner.msgpack import Raw, encode, octets

from golden.recipes import fill, note, recipe
from golden.stage import START_US


def ignore_size_signal():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def fill_the_disk(stage, end):
    """A write fails in its middle, space comes back, and writing goes on.

    The limit on the size of a file stands in for the full disk: the system
    writes what still fits and then refuses, exactly as a full disk does."""
    with stage.open(talk_options={"preexec_fn": ignore_size_signal, "restore_signals": False}) as hand:
        fill(hand, 4)
        process = hand.talk.process.pid
        whole = segment.Segment.read(stage.segment(1))
        limit = whole.frames_end + 68
        resource.prlimit(process, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        hand.tick()
        refused = hand.talk.ask("append", **hand.draft("entity:0", note(99, "x" * 3000)))
        stage.notes["refused_append"] = refused["status"]
        resource.prlimit(process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        fill(hand, 3)
        end(hand)


@recipe(["journal.md 9.6", "decisions.md D2"])
def full_disk_killed(stage):
    """68 bytes of a refused frame, three acknowledged appends behind it, killed."""
    fill_the_disk(stage, lambda hand: hand.kill())


@recipe(["journal.md 9.6", "decisions.md D2"])
def full_disk_closed(stage):
    """The same, closed: the footer's offsets do not fit the file, and the
    reference cannot open the store any more without its index."""
    fill_the_disk(stage, lambda hand: hand.close())
    (stage.store / "index.fbati").unlink()


EVENT_HEADER = [
    "event_id",
    "correlation_id",
    "causation_id",
    "timestamp_us",
    "position",
    "payload_size",
    "event_kind",
    "flags",
    "content_hash",
]
POSITION = ["wall_ms", "counter", "depth", "lane", "sequence"]


class Body:
    """A frame body whose every part can be replaced by another accepted form."""

    def __init__(self, number, payload, digest):
        self.payload = octets(payload)
        event_id = (0xABC0 + number).to_bytes(16, "big")
        time_us = START_US + number * 1_000_000
        self.position = dict(zip(POSITION, [time_us // 1000, 0, 0, 0, 0]))
        self.header = dict(
            zip(
                EVENT_HEADER,
                [event_id, event_id, None, time_us, self.position, len(payload), 0x1001, 0, octets(digest)],
            )
        )
        self.chain = {"prev_hash": octets(bytes(32)), "event_hash": octets(digest)}
        self.rest = {"entity": f"lenient:{number}", "scope": "main", "receipt_extensions": {}}

    def event(self):
        return {"header": self.header, "payload": self.payload, "hash_chain": self.chain}

    def whole(self):
        return {"event": self.event(), **self.rest}


def plain(body):
    return encode(body.whole())


def payload_as_bin(body):
    body.payload = bytes(body.payload)
    return encode(body.whole())


def hashes_as_bin(body):
    body.chain = {name: bytes(value) for name, value in body.chain.items()}
    body.header["content_hash"] = bytes(body.header["content_hash"])
    return encode(body.whole())


def ids_as_arrays(body):
    for name in ("event_id", "correlation_id"):
        body.header[name] = octets(body.header[name])
    return encode(body.whole())


def header_by_position(body):
    body.header["position"] = list(body.position.values())
    body.header = list(body.header.values())
    return encode(body.whole())


def body_by_position(body):
    return encode([[body.header, body.payload, body.chain], *body.rest.values()])


def unknown_keys(body):
    body.header["later"] = {"a": [1, b"x", None, 2.5]}
    body.rest["zz"] = "unknown"
    return encode(body.whole())


def absent_defaults(body):
    del body.header["content_hash"], body.header["causation_id"], body.rest["receipt_extensions"]
    return encode(body.whole())


def keys_in_another_order(body):
    body.header = dict(reversed(body.header.items()))
    return encode({**dict(reversed(body.rest.items())), "event": dict(reversed(body.event().items()))})


def keys_by_index(body):
    body.header = dict(enumerate(body.header.values()))
    return encode(dict(enumerate(body.whole().values())))


def keys_as_bin(body):
    return encode({name.encode(): value for name, value in body.whole().items()})


def bytes_behind_the_body(body):
    return encode(body.whole()) + b"\xc1 anything"


def extensions_as_bin(body):
    body.rest["receipt_extensions"] = {"acme.trace": b"\x01\xff", "no namespace": octets(b"\x02")}
    return encode(body.whole())


def names_as_bin(body):
    body.rest["entity"] = body.rest["entity"].encode()
    return encode(body.whole())


def wide_integers(body):

    body.header["flags"] = Raw(b"\xcf" + (5).to_bytes(8, "big"))
    body.header["payload_size"] = Raw(b"\xd3" + len(body.payload).to_bytes(8, "big"))
    body.payload = [Raw(b"\xcd" + value.to_bytes(2, "big")) for value in body.payload]
    return encode(body.whole())


LENIENT = [
    plain,
    payload_as_bin,
    hashes_as_bin,
    ids_as_arrays,
    header_by_position,
    body_by_position,
    unknown_keys,
    absent_defaults,
    keys_in_another_order,
    keys_by_index,
    keys_as_bin,
    bytes_behind_the_body,
    extensions_as_bin,
    names_as_bin,
    wide_integers,
]


@recipe(["encoding.md 1.4", "journal.md 0"], expect="reopened")
def lenient_frames(stage):
    """Frames made by hand in every form that the reference's reader takes."""
    stage.store.mkdir()
    header = {"version": 1, "flags": 0, "created_ns": START_US * 1000, "segment_id": 1}
    data = segment.make_prologue(encode(header))
    with stage.driver.talk(stage.root) as talk:
        for number, form in enumerate(LENIENT):
            payload = note(number, form.__name__)
            digest = bytes.fromhex(talk.must("hash", bytes=payload.hex()))
            data += segment.make_frame(form(Body(number, payload, digest)))
    stage.segment(1).write_bytes(data)
    stage.notes["forms"] = [form.__name__ for form in LENIENT]
