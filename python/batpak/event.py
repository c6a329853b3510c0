"""Events as they were read. Since 0.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._batpak import EventBase, ffi
from .errors import Error
from .kind import Kind
from .values import payload_decode

T = TypeVar("T")


class Event(EventBase, Generic[T]):
    """An event as read. Its fields are made when they are asked for.

    It keeps the bytes of the page in which it was read alive, for as long as it lives; it outlives the store. Any thread
    may use it. Of an event that could not be read (`error` says why) only `sequence`, `event_id`, `entity`, `scope`,
    `kind`, `clock`, `segment_id`, `offset` and `frame_length` are there; the rest raises that error.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        @property
        def payload(self) -> T:
            """The object of the class that was asked for; without one the payload as stored, in bytes."""

    @property
    def kind(self) -> Kind:
        """What type of event."""
        return Kind(self._kind)

    @property
    def error(self) -> Error | None:
        """Why the event could not be read, or None."""
        try:
            self._check()
        except Error as error:
            return error.with_traceback(None)
        return None

    @property
    def payload_view(self) -> memoryview:
        """The payload as stored, without a copy: read-only, and valid as long as it lives itself."""
        self._check()
        page = self._page
        # The pointer's end is what the page waits for.
        pointer = ffi.gc(ffi.cast("uint8_t *", self._payload_address), lambda _: page)
        return memoryview(ffi.buffer(pointer, self._payload_length)).toreadonly()

    def value(self) -> Any:
        """The payload as a native value. Raises PayloadError where it is not one MessagePack value."""
        return payload_decode(self.payload_bytes)

    def _key(self) -> tuple[Any, ...]:
        if self._status:
            return self.sequence, self.event_id, self._status
        return self.sequence, self.event_id, self.prev_hash, self.event_hash, self.wall_ms, self.timestamp_us

    def __eq__(self, other: object) -> bool:
        """The same event, as far as its ids, hashes and times say."""
        return self._key() == other._key() if isinstance(other, Event) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.event_id)

    def __repr__(self) -> str:
        state = f", {self.error.name}" if self.error else ""
        return f"<batpak.Event {self.sequence} {self.kind} {self.entity!r} in {self.scope!r}{state}>"
