"""What lasts from one instruction to the next: one store, and the clock that the program holds."""

import gc
import warnings

CLOCK_START = 1_700_000_000_000_000


class Session:
    def __init__(self):
        self.store = None
        self.clock_us = CLOCK_START

    def now(self):
        return self.clock_us

    def leave(self):
        """Lets go of the store without closing it, as a program does that forgets it."""
        if self.store is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                self.store = None
                gc.collect()
