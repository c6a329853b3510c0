"""Random programs from a seed (spec.md, "Random programs").

A program is a list of parts; each part is run by a process of its own, opens the one
store and ends by closing it or by being killed. Each program switches features off at
random, so that few programs do everything and most do some things often."""

import dataclasses
import random

from runner import values
from runner.limits import holds_a_key_twice

ENTITIES = ("a", "a:b", "a:b:c", "ab", "entity:1", "名前", "x" * 200)
SCOPES = ("main", "other", "main:sub")
KINDS = (0x1000, 0x1001, 0x1FFF, 0x2001, 0xC123, 0xE001, 0xFFFF)
BAD_NAMES = ("", "a/b", "a..b", "a|b", "a=b", "a\x00", "a\x1f", "a\x7f/", "x" * 1025)
BAD_EXTENSIONS = ("", "x", ".x", "x.", "a.b.c", "batpak.x", "ä.x", "x." + "y" * 255)
SEGMENT_SIZES = (None, "1", "700", "2000", "6000")
START_US = 1_720_000_000_000_000

# What may be switched off, and how often it stays on.
FEATURES = {
    "rotation": 0.6,
    "signing": 0.4,
    "extensions": 0.5,
    "kills": 0.5,
    "replays": 0.5,
    "expectations": 0.5,
    "refusals": 0.4,
    "clock_runs_back": 0.3,
    "many": 0.5,
    "batches": 0.5,
    "options": 0.6,
    "large_payloads": 0.2,
    "equal_payloads": 0.3,
    "unkeyed": 0.2,
    "wide_payloads": 0.5,
    "values": 0.5,
    "tickets": 0.5,
    "fences": 0.4,
}

# instruction: weight
WEIGHTS = {
    "append": 50,
    "append_many": 8,
    "batch": 8,
    "submit": 8,
    "submit_batch": 4,
    "try": 4,
    "told": 4,
    "fence": 6,
    "replay": 8,
    "refused": 6,
    "clock": 14,
    "sync": 3,
    "page": 8,
    "get": 6,
    "walk": 5,
    "dump": 1,
}


# What the reference does in a way of its own; its stores are read and continued by ours.
FOREIGN_WEIGHTS = {"batch": 12, "refused_batch": 3, "fence": 0, "foreign_fence": 6}
# Behind a fence; an append is refused there, a look sees nothing of it.
FENCED_WEIGHTS = {
    "fenced": 8,
    "fenced_batch": 5,
    "fenced_told": 3,
    "append": 1,
    "append_many": 1,
    "batch": 1,
    "replay": 1,
    "try": 1,
    "clock": 2,
    "sync": 1,
    "page": 2,
    "get": 2,
    "walk": 1,
    "dump": 1,
}
ENDS = ("fence_commit", "fence_cancel", "fence_drop")
# What a submission of one draft to the reference takes no account of.
NOT_SUBMITTED = ("key", "flags", "lane", "depth", "extensions")


class Generator:
    def __init__(self, seed, number, foreign=False):
        self.foreign = foreign
        self.random = random.Random(f"program {seed} {number} {foreign}")
        self.weights = {**WEIGHTS, **FOREIGN_WEIGHTS} if foreign else WEIGHTS
        self.on = {name for name, share in FEATURES.items() if self.random.random() < share}
        self._settle_features()
        self.now_us = START_US
        self.clock_was_read = False
        self.keys = []
        self.count = 0
        self.fence_count = 0
        # How many tickets this part has given; of its open fence the first one, the names that are left, and its keys.
        self.tickets = 0
        self.fence = None
        self.config = self._config()

    def _settle_features(self):
        """What the reference does not keep apart is not asked for together."""
        if "kills" in self.on:
            # After a kill it forgets the extension maps of footered segments (journal.md 8.4).
            self.on.discard("extensions")
        if "unkeyed" in self.on:
            # Generated ids are covered by the signature.
            self.on.discard("signing")

    def _config(self):
        config = {"path": "store"}
        if "rotation" in self.on and (size := self.random.choice(SEGMENT_SIZES)):
            config["segment_max_bytes"] = size
        if "signing" in self.on:
            config["keys"] = [self.random.randbytes(32).hex() for _ in range(self.random.randrange(1, 3))]
        if self.random.random() < 0.3:
            config["sync_every"] = self.random.choice((0, 1, 3))
        return config

    def program(self):
        parts = [self._part() for _ in range(self.random.randrange(1, 4))]
        last = parts[-1]
        last[-1] = {"op": "close"}
        last[-1:-1] = [{"op": "dump"}]
        return [[{"id": number, **step} for number, step in enumerate(part, 1)] for part in parts]

    def _part(self):
        self.now_us += self.random.randrange(1, 5_000_000)
        # A session never begins before the last one ended: a slower clock is held back for the whole
        # store here, for each entity there (decisions.md D9).
        steps = [{"op": "clock", "us": str(self.now_us)}, {"op": "open", **self.config}]
        self.clock_was_read = False
        self.tickets = 0
        for _ in range(self.random.randrange(3, 25)):
            steps += self._drawn(self.weights)
        kill = "kills" in self.on and self.random.random() < 0.7
        # Killed behind an open fence the reference shows what it held (decisions.md D17); a close cancels it in both.
        if "fences" in self.on and not (kill or self.foreign) and self.random.random() < 0.3:
            steps += self._behind_fence(shown=False)
        return [*steps, {"op": "abort"} if kill else {"op": "close"}]

    def _drawn(self, weights):
        (op,) = self.random.choices(list(weights), list(weights.values()))
        step = getattr(self, f"_{op}")()
        return step if isinstance(step, list) else [step] if step else []

    def _clock(self):
        # It runs back only from a time that was certainly looked at: whether a sync, say, looks
        # at the clock is nobody's business.
        back = self.fence is None and self.clock_was_read and "clock_runs_back" in self.on and self.random.random() < 0.5
        self.clock_was_read = self.clock_was_read and back
        if not back:
            self.now_us += self.random.choice((0, 1, 999, 1000, self.random.randrange(10_000_000)))
        return {"op": "clock", "us": str(self.now_us - (self.random.randrange(5_000_000) if back else 0))}

    def _draft(self):
        self.count += 1
        draft = {
            "entity": self.random.choice(ENTITIES),
            "scope": self.random.choice(SCOPES),
            "kind": self.random.choice(KINDS),
            **self._content(),
        }
        if not ("unkeyed" in self.on and self.random.random() < 0.5):
            self.keys.append(f"{self.random.getrandbits(128):032x}")
            draft["key"] = self.keys[-1]
        self._add_options(draft)
        return draft

    def _content(self):
        """A payload, and often what it says: languages with values of their own append that (spec.md)."""
        value = self._value()
        content = {"payload": values.to_bytes(value).hex()}
        if "values" in self.on and not holds_a_key_twice(value):
            content["value"] = value
        return content

    def _value(self):
        if "equal_payloads" in self.on:
            return ["u64", str(self.random.randrange(3))]
        maker = values.random_value if "wide_payloads" in self.on else values.random_json_value
        body = maker(self.random)
        if "large_payloads" in self.on and self.random.random() < 0.2:
            body = ["bytes", self.random.randbytes(self.random.choice((300, 5000, 70000))).hex()]
        # The number makes each payload, and with it each link of a chain, its own.
        return ["array", [["u64", str(self.count)], body]]

    def _add_options(self, draft):
        if "extensions" in self.on and self.random.random() < 0.4:
            names = self.random.sample(
                ("a.b", "B.a", "acme.trace", "z.\x01", "a." + "y" * 200), self.random.randrange(1, 4)
            )
            draft["extensions"] = {name: self.random.randbytes(self.random.randrange(20)).hex() for name in names}
        if "options" not in self.on:
            return
        for name, bits in (("flags", 8), ("lane", 32), ("depth", 32)):
            if self.random.random() < 0.2:
                draft[name] = self.random.getrandbits(bits)
        for name in ("correlation", "causation"):
            if self.random.random() < 0.2:
                draft[name] = f"{self.random.choice((0, 1, self.random.getrandbits(128))):032x}"

    def _append(self):
        draft = self._draft()
        self.clock_was_read = True
        if "expectations" in self.on and self.random.random() < 0.4:
            self.clock_was_read = False
            draft["expected_sequence"] = self.random.choice((0, 0, 1, 2, 3, 2**32 - 1))
            # A refused key must not be taken for one that is known.
            if draft.get("key"):
                self.keys.remove(draft["key"])
        return {"op": "append", **draft}

    def _append_many(self):
        if "many" in self.on:
            return {"op": "append_many", "items": [self._draft() for _ in range(self.random.randrange(1, 9))]}
        return None

    def _replay(self):
        """A known key with other contents: the first receipt again, nothing written."""
        if "replays" not in self.on or not self.keys:
            return None
        key = self.random.choice(self.keys)
        draft = {"entity": self.random.choice(ENTITIES), "scope": "main", "kind": 0x1001, "payload": "c0", "key": key}
        return {"op": "append", **draft}

    def _refused(self):
        if "refusals" not in self.on:
            return None
        draft = {**self._draft(), "key": f"{0xBAD:032x}"}
        if self.random.random() < 0.6:
            draft[self.random.choice(("entity", "scope"))] = self.random.choice(BAD_NAMES)
        else:
            draft["extensions"] = {self.random.choice(BAD_EXTENSIONS): "00"}
        return {"op": "append", **draft}

    def _sync(self):
        return {"op": "sync"}

    def _dump(self):
        return {"op": "dump"}

    def _page(self):
        step = {"op": "page"}
        choice = self.random.random()
        if choice < 0.5:
            step["entity" if choice < 0.25 else "under"] = self.random.choice(ENTITIES)
        for name, options in (
            ("in_scope", SCOPES),
            ("kind", KINDS),
            ("limit", (0, 1, 3, 100)),
            ("after", (0, 1, 5, 1000)),
        ):
            if self.random.random() < 0.3:
                step[name] = self.random.choice(options)
        return step

    def _get(self):
        return {"op": "get", "event_id": self.random.choice([*self.keys[-20:], f"{0xBAD:032x}"])}

    def _walk(self):
        # Equal payloads: the reference walks to the earliest match, ours to the nearest (decisions.md D21).
        # Payloads that JSON cannot say end its walk, not ours (D26).
        if self.on & {"equal_payloads", "wide_payloads", "large_payloads"} or not self.keys:
            return None
        return {"op": "walk", "event_id": self.random.choice(self.keys), "limit": self.random.choice((0, 1, 3, 1000))}

    def _batch(self):
        if not self.foreign and "batches" not in self.on:
            return None
        return {"op": "batch", "items": self._items(self.random.randrange(1, 6))}

    def _items(self, count):
        items = [self._draft() for _ in range(count)]
        if not self.foreign:
            # The reference does not write flags of a batch's items (decisions.md D9).
            items = [{**item, "flags": None} for item in items]
        if any("key" not in item for item in items):
            # The reference wants keys for all items or for none.
            items = [{**item, "key": None} for item in items]
        for index in range(1, len(items)):
            if self.random.random() < 0.2:
                items[index]["prior_item"] = self.random.randrange(index)
        return items

    def _refused_batch(self):
        """A cause that does not come earlier: refused after its sequences were reserved, so a gap
        stays. A kill would close the gap (journal.md 6.3) and make receipts and store differ."""
        if "kills" in self.on:
            return None
        batch = self._batch()
        batch["items"][0]["prior_item"] = 3
        return batch

    def _foreign_fence(self):
        steps = [self._clock(), {"op": "fence_begin"}]
        for _ in range(self.random.randrange(4)):
            draft = {**self._draft(), "key": None}
            steps.append({"op": "fence_submit", **draft})
            if self.random.random() < 0.3:
                steps.append({**self._batch(), "op": "fence_submit_batch"})
        return [*steps, {"op": self.random.choice(ENDS)}]

    def _single(self):
        draft = self._draft()
        if draft.get("key"):
            self.keys.remove(draft["key"])
        caused = {"correlation", "causation"} <= set(draft)
        left_out = NOT_SUBMITTED if caused else (*NOT_SUBMITTED, "correlation", "causation")
        return {name: part for name, part in draft.items() if name not in left_out}

    def _submit(self):
        if "tickets" not in self.on:
            return None
        self.tickets += 1
        return {"op": "submit", **self._single()}

    def _submit_batch(self):
        if "tickets" not in self.on:
            return None
        self.tickets += 1
        return {"op": "submit_batch", "items": self._items(self.random.randrange(4))}

    def _try(self):
        """While a fence is open it is cancelled, and there is no ticket."""
        if "tickets" not in self.on:
            return None
        self.tickets += self.fence is None
        if self.random.random() < 0.5:
            return {"op": "try_submit_batch", "items": self._items(self.random.randrange(4))}
        draft = {name: part for name, part in self._single().items() if name not in ("correlation", "causation")}
        return {"op": "try_submit", **draft}

    def _told(self):
        return told(self.random.randrange(self.tickets)) if self.tickets else None

    def _fence(self):
        if "fences" not in self.on:
            return None
        end, first = self.random.choice(ENDS), self.tickets
        steps = self._behind_fence(shown=end == "fence_commit")
        asked = [told(number) for number in range(first, self.tickets) if self.random.random() < 0.6]
        return [*steps, {"op": end}, *asked]

    def _behind_fence(self, shown):
        """From the begin to before the end. The reference begins an entity anew behind a hidden event (V-16): each comes
        once, and what is never shown is of entities that do not come again. Keys of hidden events are not replayed (V-54)."""
        self.fence_count += 1
        names = ENTITIES if shown else [f"held:{self.fence_count}:{number}" for number in range(9)]
        self.fence = Fence(self.tickets, self.random.sample(names, len(names)), [])
        # Of what is refused meanwhile no key is known afterwards.
        known, self.keys = self.keys, list(self.keys)
        steps = [{"op": "fence_begin"}]
        for _ in range(self.random.randrange(9)):
            steps += self._drawn(FENCED_WEIGHTS)
        self.keys = known + self.fence.keys if shown else known
        self.fence = None
        self.clock_was_read = False
        return steps

    def _fenced(self):
        if not self.fence.names:
            return None
        self.tickets += 1
        return {"op": "fence_submit", **self._single(), "entity": self.fence.names.pop()}

    def _fenced_batch(self):
        count = min(self.random.randrange(1, 4), len(self.fence.names))
        items = [{**item, "entity": self.fence.names.pop()} for item in self._items(count)]
        if not items:
            return None
        self.tickets += 1
        self.fence.keys += [item["key"] for item in items if item.get("key")]
        return {"op": "fence_submit_batch", "items": items}

    def _fenced_told(self):
        first = self.fence.first_ticket
        return {**told(self.random.randrange(first, self.tickets)), "timeout_ms": 0} if first < self.tickets else None


@dataclasses.dataclass
class Fence:
    first_ticket: int
    names: list
    keys: list


def told(ticket):
    return {"op": "ticket_wait", "ticket": ticket, "drawn": True}
