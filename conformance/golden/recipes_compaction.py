"""Golden stores that were compacted, or were to be."""

from runner import segment
from runner.msgpack import encode

from golden.recipes import fill, note, recipe


@recipe(["journal.md 10.1", "journal.md 10.2"], expect="reopened")
def merged(stage):
    """Merge compaction, then closed: a segment without footer, renumbered."""
    compacted(stage, "merge")


@recipe(["journal.md 10.2", "encoding.md 3.8", "decisions.md D8a"], expect="reopened")
def retention(stage):
    """Retention compaction: kind 0x2002 removed, payloads in value form."""
    compacted(stage, "retention")


@recipe(["journal.md 10.2", "encoding.md 3.8", "decisions.md D8a"], expect="reopened")
def tombstones(stage):
    """Tombstone compaction: kind 0x2002 turned into 0x0FFE, payloads in value form."""
    compacted(stage, "tombstone")


def several_segments(hand):
    """Payloads that JSON can say; one is an array of small integers (encoding.md 3.8)."""
    for number in range(18):
        payload = encode([1, 2, 255]) if number == 4 else note(number)
        hand.append(f"entity:{number % 3}", payload, kind=0x2001 + number % 2)


def compacted(stage, strategy):
    with stage.open(segment_max_bytes="2048") as hand:
        several_segments(hand)
        hand.look()
        before = stage.live
        result = hand.talk.must("compact", strategy=strategy, drop_kinds=[0x2002])
        stage.notes["compaction"] = result
        fill(hand, 2)
        hand.close()
    stage.live = before


@recipe(["journal.md 10.1", "decisions.md D6"], expect="reopened")
def compaction_killed(stage):
    """Killed inside a Retention run: marker, kept source, merged file half full."""
    half_compaction(stage, 5)


@recipe(["journal.md 10.1", "decisions.md D6"], expect="reopened")
def compaction_killed_early(stage):
    """Killed when the merged file had only its header."""
    half_compaction(stage, 0)


def half_compaction(stage, judged):
    with stage.open(segment_max_bytes="2048") as hand:
        several_segments(hand)
        hand.look()
        if hand.talk.ask("compact", strategy="retention", drop_kinds=[0x2002], abort_after=judged) is not None:
            raise RuntimeError("the compaction was not killed")


@recipe(["journal.md 10.1", "decisions.md D6"], expect="reopened")
def compaction_marker_only(stage):
    """Killed between the marker and the first rename: all sources still there.
    The marker is written by hand, as step 2 of the compaction writes it."""
    with stage.open(segment_max_bytes="2048") as hand:
        several_segments(hand)
        hand.kill()
    sources = ",".join(str(int(path.stem)) for path in segment.paths(stage.store)[:-1])
    (stage.store / "compaction.pending.json").write_text(f'{{"merged_id":1,"source_segment_ids":[{sources}]}}')
