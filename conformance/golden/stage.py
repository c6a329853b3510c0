"""Where a golden store is made: a directory, a clock and a reference that writes.

A recipe works on a stage. Every append moves the clock by a little more than a
second and carries an idempotency key, so the user's events are the same each
time; only the store's own open and close events differ between runs.
"""

import contextlib
import itertools
import shutil

START_US = 1_700_000_000_000_000
STEP_US = 1_000_417
SEED = bytes(range(32)).hex()


class Stage:
    def __init__(self, driver, root):
        self.driver = driver
        self.root = root
        self.store = root / "store"
        self.now_us = START_US
        self.numbers = itertools.count(1)
        self.live = []
        self.receipts = []
        self.notes = {}

    @contextlib.contextmanager
    def open(self, talk_options=None, **config):
        with self.driver.talk(self.root, **(talk_options or {})) as talk:
            hand = Hand(self, talk)
            hand.tick()
            talk.must("open", path="store", **config)
            yield hand

    def segment(self, number):
        return self.store / f"{number:06}.fbat"

    def reopened(self, scratch):
        """What the reference says about an untouched copy: a status, and its events."""
        copy = scratch / "store"
        shutil.copytree(self.store, copy)
        with self.driver.talk(scratch) as talk:
            answer = talk.ask("open", path="store", read_only=True)
            if answer["status"] != "ok":
                return answer["status"], []
            return "ok", talk.must("dump")


class Hand:
    """One session of the reference on the stage's store."""

    def __init__(self, stage, talk):
        self.stage = stage
        self.talk = talk

    def tick(self, by_us=STEP_US):
        self.stage.now_us += by_us
        self.talk.must("clock", us=str(self.stage.now_us))

    def draft(self, entity, payload, kind=0x1001, scope="main", **options):
        options.setdefault("key", f"{0x0C0FFEE << 64 | next(self.stage.numbers):032x}")
        return {"entity": entity, "scope": scope, "kind": kind, "payload": payload.hex(), **options}

    def append(self, entity, payload, **options):
        self.tick()
        receipt = self.talk.must("append", **self.draft(entity, payload, **options))
        self.stage.receipts.append(receipt)
        return receipt

    def batch(self, items):
        self.tick()
        receipts = self.talk.must("batch", items=items)
        self.stage.receipts += receipts
        return receipts

    def look(self):
        """Remembers every event that is visible now."""
        self.stage.live = self.talk.must("dump")

    def close(self):
        self.look()
        self.tick()
        self.talk.must("close")

    def drop(self):
        self.look()
        self.talk.must("drop")

    def kill(self):
        self.look()
        self.kill_unseen()

    def kill_unseen(self):
        if self.talk.ask("abort") is not None:
            raise RuntimeError("the reference survived its own end")
