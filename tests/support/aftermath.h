/* Steps of a program while something fails under it, and what its store must be afterwards. */
#ifndef SUPPORT_AFTERMATH_H
#define SUPPORT_AFTERMATH_H

#include "support/program.h"

/* Takes the steps, and releases the store.  A step may fail, with a status that says so: memory, or the system.  On a poisoned
 * store none that writes succeeds. */
void aftermath_run(program *run, const char *steps, int memory);

/* Takes the steps on a disk that is full, or nearly: each succeeds or answers BP_DISK_FULL, and the store shows what it was told.
 * How many were refused. */
uint64_t aftermath_full(program *run, const char *steps);

/* Opens a store as that of `like` with nothing failing any more: it holds what was promised, and verifies; a mutable one takes
 * one more event and closes. */
void aftermath_reopen(const program *like, const model_state *promised, uint32_t mode);

#endif
