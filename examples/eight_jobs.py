"""The eight jobs of a journal, with typed events: open, append, page, get, walk, verify, fold, close.

    python eight_jobs.py game
"""

import sys
from dataclasses import dataclass

import batpak


@batpak.event(category=0xF, type_id=0x001)
@dataclass
class Moved:
    x: int
    y: int = 0


def add_steps(total: int, event: batpak.Event[Moved]) -> int:
    return total + event.payload.x + event.payload.y


def main(path: str) -> bool:
    with batpak.open(path) as store:                                                # 1: open
        store.append("player:alice", "room:dungeon", Moved(10, 20))                 # 2: append, durable
        store.append("player:bob", "room:dungeon", Moved(3))
        receipt = store.append("player:alice", "room:dungeon", Moved(11, 20))

        for event in store.events(Moved, entity="player:alice"):                    # 3: page by page, in commit order
            print(f"page  event {event.sequence} of {event.entity}: {event.payload}")
        event = store.get(receipt.event_id, Moved)                                  # 4: one event by its id
        print(f"get   event {event.sequence} of {event.entity}: {event.payload}")
        for ancestor in store.walk(receipt.event_id, limit=10):                     # 5: it and its ancestors
            print(f"walk  event {ancestor.sequence} of {ancestor.entity}")

        judgement = store.verify_receipt(receipt)                                   # 6: does the store agree?
        print(f"receipt of event {receipt.sequence}: {judgement.outcome}")
        total = store.fold(0, add_steps, Moved, entity="player:alice")            # 7: fold into a state
        print(f"{total} in all")
    return judgement.valid                                                          # 8: closed by `with`


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1] if len(sys.argv) > 1 else "game") else 1)
