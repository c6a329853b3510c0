"""What lasts from one instruction to the next: one store, and the clock that the program holds."""

import contextlib
import gc
import warnings

import batpak

CLOCK_START = 1_700_000_000_000_000


class Session:
    def __init__(self):
        self.store = None
        self.clock_us = CLOCK_START
        # By number; None where one was freed.
        self.tickets = []
        # Those that are not known to be written, and whether they lie behind a fence.
        self.unsettled = []
        self.fence = None

    def now(self):
        return self.clock_us

    def keep(self, ticket, is_fenced=False):
        """The number of the ticket."""
        self.tickets.append(ticket)
        self.unsettled.append((ticket, is_fenced))
        return len(self.tickets) - 1

    def settle(self):
        """Waits until what was submitted is decided, or is written behind a fence."""
        unsettled, self.unsettled = self.unsettled, []
        for ticket, is_fenced in unsettled:
            if not is_fenced:
                with contextlib.suppress(batpak.Error):
                    ticket.wait()
        if any(is_fenced for _, is_fenced in unsettled):
            self.await_written()

    def await_written(self):
        """A fenced ticket is not decided before the end of its fence, but what comes behind it in the queue is answered."""
        if self.store is not None:
            with contextlib.suppress(batpak.Error):
                self.store.sync()

    def forget(self):
        """The session as it was in the beginning."""
        self.tickets = []
        self.leave()
        self.clock_us = CLOCK_START

    def leave(self):
        """Lets go of the store and its fence without closing it, as a program does that forgets it."""
        self.fence = None
        if self.store is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                self.store = None
                gc.collect()
