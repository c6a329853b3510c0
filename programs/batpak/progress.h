/* One progress bar on standard error, where that is a terminal.  It appears once something takes longer than a
 * moment. */
#ifndef BATPAK_PROGRAM_PROGRESS_H
#define BATPAK_PROGRAM_PROGRESS_H

#include <stdint.h>

/* `done` of `total` (0: unknown) of the work called `label`; `events` of them handled, 0: not counted. */
void progress_show(const char *label, uint64_t done, uint64_t total, uint64_t events);
/* Wipes the bar, so that a line can be written in its place. */
void progress_clear(void);

/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

#endif
