"""How each golden store of the reference is made: one function, one store."""

from runner import segment
from runner.msgpack import encode

from golden.stage import SEED, START_US

RECIPES = {}


def recipe(clauses, expect="acknowledged"):
    """`expect`: `acknowledged` when everything that was answered must be found
    again, `reopened` when only the reference's own next open says what is left."""

    def register(function):
        RECIPES[function.__name__] = (function, clauses, expect)
        return function

    return register


def note(number, text="a note"):
    return encode({"number": number, "text": text})


def fill(hand, count, entities=3, text="a note", **options):
    for number in range(count):
        hand.append(f"entity:{number % entities}", note(number, text), **options)


def varied(hand):
    """One event for each option of an append and each form of a payload."""
    hand.append("account:7", encode({"amount": 1200, "memo": "paid"}), kind=0x1005, scope="ledger")
    hand.append("account:7", encode(-5), kind=0x1FFF, scope="ledger", expected_sequence=0)
    hand.append("account:7", encode([1, "zwei", None, True, 2.5]), scope="other scope", flags=0x0B)
    hand.append("ä:名前", encode("text: äöü 名前"), kind=0xF001, lane=7, depth=2)
    hand.append("bank:1", encode(b"\x00\xff bytes"), correlation=f"{17:032x}", causation=f"{18:032x}")
    hand.append("bank:1", encode({}), extensions={"acme.trace": "01ff", "acme.empty": ""}, flags=0xFF)
    hand.append("bank:1", encode(None), key="ff" * 16)
    hand.append("bank:1", encode(2**64 - 1), key="00" * 16)
    hand.append("account:7", encode([1, 2, 255]))


@recipe(["journal.md 2", "journal.md 3", "journal.md 5", "journal.md 7.2", "encoding.md 3.7"])
def clean(stage):
    """Two sessions, both closed: segments with footers and the mapped index."""
    with stage.open() as hand:
        varied(hand)
        hand.close()
    with stage.open() as hand:
        fill(hand, 5)
        hand.close()


@recipe(["journal.md 1.5", "journal.md 5.1"])
def empty(stage):
    """Opened and closed, with no event of a user."""
    with stage.open() as hand:
        hand.close()


@recipe(["journal.md 9.4"])
def dropped(stage):
    """Dropped without close: footer, but no close event and no index."""
    with stage.open() as hand:
        varied(hand)
        hand.drop()


@recipe(["journal.md 8.4", "journal.md 8.5", "decisions.md D2"])
def killed(stage):
    """Killed: no footer, no index, whole frames to the end."""
    with stage.open() as hand:
        varied(hand)
        hand.kill()


@recipe(["journal.md 7.1"])
def checkpoint(stage):
    """Closed with the mapped index switched off: `index.ckpt` in its place."""
    with stage.open(mmap_index=False) as hand:
        varied(hand)
        hand.close()


@recipe(["journal.md 8.4"])
def no_index(stage):
    """Closed with both index files switched off."""
    with stage.open(mmap_index=False, checkpoint=False) as hand:
        varied(hand)
        hand.close()


@recipe(["journal.md 2.2", "journal.md 3"])
def small_segments(stage):
    """Rotation at 2,048 bytes, many entities, closed."""
    with stage.open(segment_max_bytes="2048") as hand:
        fill(hand, 30, entities=11)
        hand.close()


@recipe(["journal.md 2.2", "journal.md 8.4", "decisions.md D2"])
def small_segments_killed(stage):
    """Rotation at 2,048 bytes, then killed: footers but for the last segment."""
    with stage.open(segment_max_bytes="2048") as hand:
        fill(hand, 30, entities=11, extensions={"acme.trace": "01ff"})
        hand.kill()


def items(hand, count, entities=2, **options):
    return [hand.draft(f"batch:{n % entities}", note(n), **options) for n in range(count)]


@recipe(["journal.md 4"])
def batches(stage):
    """Batches between single appends, closed; causes named by position."""
    with stage.open() as hand:
        fill(hand, 2)
        hand.batch(items(hand, 3))
        hand.batch(items(hand, 1, flags=9, extensions={"acme.trace": "00"}))
        batch = items(hand, 3)
        batch[2]["prior_item"] = 0
        hand.batch(batch)
        fill(hand, 2)
        hand.close()


@recipe(["journal.md 4.4"])
def batches_killed(stage):
    """The same, killed: the batch markers have to be read from the frames."""
    with stage.open(segment_max_bytes="2048") as hand:
        fill(hand, 2)
        hand.batch(items(hand, 6))
        fill(hand, 2)
        hand.batch(items(hand, 2))
        hand.kill()


def cut_before_last_frames(path, count):
    """Cuts a segment at a frame boundary: what a kill between two writes leaves."""
    whole = segment.Segment.read(path)
    offset, _ = whole.frames[-count]
    path.write_bytes(whole.data[:offset])


@recipe(["journal.md 4.4", "decisions.md D2"])
def half_batch(stage):
    """Killed in the middle of a batch: BEGIN, two of three items, no COMMIT."""
    with stage.open() as hand:
        fill(hand, 3)
        hand.look()
        before = stage.live
        hand.batch(items(hand, 3))
        hand.kill()
    cut_before_last_frames(stage.segment(1), 2)
    stage.live = before


@recipe(["journal.md 4.4", "journal.md 13.2 J4", "decisions.md D2"])
def half_batch_continued(stage):
    """A half batch, then a session of five acknowledged appends, killed again.
    The reference takes those appends for items of the old batch and loses them."""
    half_batch(stage)
    with stage.open() as hand:
        fill(hand, 5)
        hand.kill()


@recipe(["journal.md 7.3", "journal.md 9.5", "encoding.md 4", "decisions.md D10"])
def fence_cancelled(stage):
    """Two cancelled fences, one committed, chain restarts; closed."""
    with stage.open() as hand:
        fill(hand, 4)
        for number, end in enumerate(("fence_cancel", "fence_commit", "fence_cancel")):
            fenced(hand, number, end)
            fill(hand, 2)
        hand.close()


def fenced(hand, number, end):
    hand.tick()
    hand.talk.must("fence_begin")
    for step in range(3):
        draft = hand.draft(f"entity:{step % 2}", note(100 * number + step))
        hand.talk.must("fence_submit", **{**draft, "correlation": f"{step + 1:032x}", "causation": f"{9:032x}"})
    hand.talk.must("fence_submit_batch", items=items(hand, 2))
    hand.talk.must(end)


@recipe(["journal.md 7.3", "journal.md 9.5"])
def fence_cancelled_killed(stage):
    """A cancelled fence, then killed: hidden ranges over unfooted frames."""
    with stage.open() as hand:
        fill(hand, 4)
        fenced(hand, 0, "fence_cancel")
        fill(hand, 2)
        hand.kill()


@recipe(["journal.md 9.5"], expect="reopened")
def fence_killed(stage):
    """Killed inside a fence: nothing marks its events, so they become visible."""
    with stage.open() as hand:
        fill(hand, 2)
        hand.talk.must("fence_begin")
        for number in range(2):
            hand.talk.must("fence_submit", **hand.draft("entity:0", note(50 + number)))
        hand.talk.must("fence_submit_batch", items=items(hand, 2))
        hand.kill()


@recipe(["encoding.md 5"])
def signed(stage):
    """Written with one key, then with a second one; the receipts lie beside."""
    with stage.open(keys=[SEED]) as hand:
        varied(hand)
        hand.close()
    with stage.open(keys=[SEED, "11" * 32]) as hand:
        fill(hand, 3, extensions={"acme.trace": "01ff"})
        hand.batch(items(hand, 2))
        hand.close()
    stage.notes["keys"] = [SEED, "11" * 32]


@recipe(["encoding.md 5"])
def signed_singly(stage):
    """Written with one key, then with a second one, by single appends."""
    with stage.open(keys=[SEED]) as hand:
        varied(hand)
        hand.close()
    with stage.open(keys=[SEED, "11" * 32]) as hand:
        fill(hand, 5, extensions={"acme.trace": "01ff"})
        hand.close()
    stage.notes["keys"] = [SEED, "11" * 32]


@recipe(["journal.md 6.3"])
def many_sessions(stage):
    """Five sessions, closed and killed in turn."""
    for number in range(5):
        with stage.open(segment_max_bytes="3000") as hand:
            fill(hand, 4, entities=2)
            hand.kill() if number % 2 else hand.close()


@recipe(["encoding.md 3.10", "journal.md 8.4"])
def extensions(stage):
    """Extension maps of 0 to 20 entries, closed."""
    with stage.open() as hand:
        for count in (0, 1, 2, 15, 16, 20):
            named = {f"acme.{n:02}": bytes(range(n)).hex() for n in range(count)}
            hand.append("entity:0", note(count), extensions=named)
        hand.append("entity:1", note(0), extensions={"a b." + "x" * 252: "ff"})
        hand.close()


@recipe(["encoding.md 3.6", "decisions.md D28"])
def odd_kinds_killed(stage):
    """Reserved and unknown kinds, killed: a frame scan keeps their raw values."""
    with stage.open() as hand:
        for kind in (0x0001, 0x0005, 0x000F, 0x0FFE, 0x0FFF, 0x0000, 0xD000, 0xD003, 0xD008, 0xFFFF, 0x1000):
            hand.append("entity:0", note(kind), kind=kind, allow_reserved=True)
        hand.kill()


@recipe(["encoding.md 3.6", "journal.md 3", "decisions.md 2"])
def marker_kinds_killed(stage):
    """The kinds of batch markers appended as ordinary events, and acknowledged. The reference takes
    them for markers at its next scan; here a frame with a hash chain is an event."""
    with stage.open() as hand:
        fill(hand, 2)
        hand.append("entity:0", note(6), kind=0x0007)
        fill(hand, 2)
        hand.kill()


@recipe(["encoding.md 3.9", "decisions.md D26"])
def odd_payloads(stage):
    """Payloads that are not MessagePack, or that JSON cannot say; closed."""
    payloads = [b"", b"\xc1", b"\xff", b"text", encode({1: 2}), encode(b"\x01" * 16), b"\x01\x02", b"\x91" * 40]
    payloads += [encode("x" * 300), encode([0] * 20), encode({str(n): n for n in range(20)})]
    with stage.open() as hand:
        hand.batch([hand.draft("entity:0", payload) for payload in payloads])
        hand.close()


@recipe(["decisions.md D8a", "journal.md 6.3"])
def duplicate_ids(stage):
    """One batch with the same key twice: two events, one id. The reference shows the later one
    twice; what it hides is put together from its receipt and its draft."""
    with stage.open() as hand:
        fill(hand, 1)
        hand.look()
        (before,) = [event for event in stage.live if event["entity"] == "entity:0"]
        batch = [hand.draft("entity:0", note(1), key="ab" * 16), hand.draft("entity:1", note(2), key="ab" * 16)]
        hidden, _ = hand.batch(batch)
        fill(hand, 1)
        hand.kill()
    shown = next(event for event in stage.live if event["event_id"] == "ab" * 16)
    stage.live[hidden["sequence"]] = {
        **shown,
        **{name: hidden[name] for name in ("sequence", "segment_id", "offset", "frame_length")},
        "entity": batch[0]["entity"],
        "payload_hex": batch[0]["payload"],
        "event_hash": hidden["content_hash"],
        "prev_hash": before["event_hash"],
        "clock": before["clock"] + 1,
    }


@recipe(["journal.md 5.1", "journal.md 6.4"])
def slower_clock(stage):
    """A second session whose clock lies behind the first one's."""
    with stage.open() as hand:
        fill(hand, 3)
        hand.close()
    stage.now_us = START_US - 3_600_000_000
    with stage.open() as hand:
        fill(hand, 3)
        hand.close()


@recipe(["journal.md 8.5", "decisions.md D2"])
def torn(stage):
    """Killed, the last frame cut in its middle."""
    with stage.open() as hand:
        fill(hand, 4)
        hand.look()
        before = stage.live
        fill(hand, 1)
        hand.kill()
    data = stage.segment(1).read_bytes()
    stage.segment(1).write_bytes(data[:-100])
    stage.live = before


@recipe(["journal.md 8.5", "decisions.md D2"])
def torn_continued(stage):
    """A torn tail, continued by the reference and killed again. It cannot open
    this store any more, since the torn segment is no longer the last one."""
    torn(stage)
    with stage.open() as hand:
        fill(hand, 2)
        hand.kill()


@recipe(["journal.md 8.5", "decisions.md D2"])
def zero_tail(stage):
    """Killed, with zeros behind the last frame, as some file systems leave."""
    with stage.open() as hand:
        fill(hand, 4)
        hand.kill()
    with stage.segment(1).open("ab") as tail:
        tail.write(bytes(4096))


@recipe(["decisions.md D2"])
def headless_last(stage):
    """Killed while the last segment had only a part of its prologue."""
    with stage.open() as hand:
        fill(hand, 4)
        hand.kill()
    stage.segment(2).write_bytes(stage.segment(1).read_bytes()[:20])
