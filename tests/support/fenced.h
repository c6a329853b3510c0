/* A store on the simulated system with a fence: what the suites of fences share.  One world at a time. */
#ifndef SUPPORT_FENCED_H
#define SUPPORT_FENCED_H

#include "journal/hidden.h"
#include "support/memory_fault.h"
#include "support/sim.h"
#include "support/store_fixture.h"

typedef struct fenced_world {
  sim_system *sim;
  bp_store *store;
  bp_fence *fence;     /* NULL: none */
  bp_config config;    /* of the store; changed by tests before they open it anew */
  memory_fault fault;
} fenced_world;

extern fenced_world fenced;

/* For a suite's init and fini. */
void fenced_set_up(void);
void fenced_tear_down(void);
/* Another, empty disk. */
void fenced_anew(void);
/* Closes and opens with the configuration as it is now; the fence is dropped before. */
void fenced_reopen(void);

/* Begins; what is not BP_OK aborts. */
void fenced_begin(void);
/* Frees the fence. */
void fenced_forget(void);
bp_ticket *fenced_submit(const bp_draft *draft);
bp_ticket *fenced_submit_text(const char *entity, const char *payload);
/* Until all that was submitted is written. */
void fenced_await_written(void);
/* Submits, drops the ticket, waits until it is written. */
void fenced_write(const char *entity, const char *payload);
/* Waits, and frees the ticket. */
bp_status fenced_redeem(bp_ticket *ticket);

/* How many events of the entity are seen: in this store; by another machine with this disk, read-only, after a mutable open
 * and a further event, and after its close, which must agree, and verify must find nothing. */
size_t fenced_seen(const char *entity);
size_t fenced_seen_in(const bp_store *store, const char *entity);
size_t fenced_seen_after(sim_system *after, const char *entity);
size_t fenced_seen_after_kill(const char *entity);
uint32_t fenced_verdict(void);

/* The ranges of the file as they are now; `ranges` has room for 8. */
size_t fenced_ranges(bpi_range *ranges);
int fenced_has_file(void);

#endif
