"""Batches: drafts that are gathered and appended together, all of them or none. Since 0.2."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, cast

from .draft import NOTHING_MORE, Accepted, Draft, DraftOptions, Packed
from .errors import Error

if TYPE_CHECKING:
    from typing_extensions import Unpack

# Places in what a packed draft carries beside its content (`draft.rest`).
_CORRELATION: Final = 3
_CAUSATION: Final = 4
_CAUSE_ITEM: Final = 11


class Batch:
    """A batch that is being gathered, as `Store.batch` answers it: the reference calls it an outbox.

        with store.batch() as batch:
            first = batch.append("order:1", "shop", Placed(...))
            batch.append("stock:7", "shop", Taken(...), cause_item=first)

    Leaving `with` appends it; an exception inside drops it, and so does forgetting it. What a failed flush did not append
    stays in the batch. One thread at a time.
    """

    __slots__ = ("_append", "_causation_id", "_correlation_id", "_drafts", "_receipts")

    _append: Callable[[list[Draft]], Accepted]
    _correlation_id: bytes | None
    _causation_id: bytes | None
    _drafts: list[Draft]
    _receipts: Accepted | None

    def __init__(self) -> None:
        raise TypeError("a batch comes from Store.batch")

    @classmethod
    def _of(cls, append: Callable[[list[Draft]], Accepted], correlation_id: bytes | None,
            causation_id: bytes | None) -> Batch:
        batch: Batch = object.__new__(cls)
        batch._append = append
        batch._correlation_id = correlation_id
        batch._causation_id = causation_id
        batch._drafts = []
        batch._receipts = None
        return batch

    def append(self, entity: str, scope: str, event: object = None, **options: Unpack[DraftOptions]) -> int:
        """Gathers one event; the arguments are those of `Draft`. Answers its index, which can be a later one's `cause_item`."""
        return self.add(Draft(entity, scope, event, **options))

    def add(self, draft: Draft) -> int:
        """Gathers a draft and answers its index."""
        if not isinstance(draft, Draft):
            raise TypeError(f"a Draft is wanted, not {type(draft).__name__}")
        self._drafts.append(self._reacting(draft))
        return len(self._drafts) - 1

    def _reacting(self, draft: Draft) -> Draft:
        if self._correlation_id is None:
            return draft
        *content, rest = draft._packed
        carried = list(NOTHING_MORE if rest is None else rest)
        carried[_CORRELATION] = self._correlation_id
        if carried[_CAUSATION] is None and carried[_CAUSE_ITEM] is None:
            carried[_CAUSATION] = self._causation_id
        packed: Packed = (*content, tuple(carried))  # type: ignore[assignment]
        return Draft._from_packed(packed)

    def __len__(self) -> int:
        return len(self._drafts)

    def clear(self) -> None:
        """Forgets what was gathered."""
        self._drafts.clear()

    def flush(self) -> Accepted:
        """Appends what was gathered as one batch, and is empty then. Raises as `Store.append_batch`."""
        try:
            self._receipts = self._append(self._drafts)
        except Error as error:
            if error.accepted:  # it is in the store, and only its gate was not passed
                self._receipts, self._drafts = cast(Accepted, error.accepted), []
            raise
        self._drafts = []
        return self._receipts

    @property
    def receipts(self) -> Accepted | None:
        """The receipts of the last flush."""
        return self._receipts

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        if error is None:
            self.flush()
        else:
            self.clear()

    def __repr__(self) -> str:
        return f"<batpak.Batch of {len(self._drafts)} drafts>"
