/* A clock that can be stopped: whoever leads then stands still until it goes on. */
#ifndef SUPPORT_HELD_H
#define SUPPORT_HELD_H

#include <stdint.h>

/* A bp_clock_now; always the same time. */
int64_t held_clock(void *user);
void held_stop(void);
void held_go_on(void);
/* Until somebody stands at the clock that was stopped. */
void held_await_leader(void);

#endif
