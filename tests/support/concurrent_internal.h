/* What the parts of support/concurrent.h share.  All of it is touched by whoever goes on, one at a time. */
#ifndef SUPPORT_CONCURRENT_INTERNAL_H
#define SUPPORT_CONCURRENT_INTERNAL_H

#include "store/store_internal.h"
#include "support/check.h"
#include "support/concurrent.h"
#include "support/memory_fault.h"
#include "support/model.h"
#include "support/sim_internal.h"

#define CONCURRENT_STORE "store"

enum { MANY = 3, EVENTS_MAX = CONCURRENT_THREADS_MAX * CONCURRENT_CALLS_MAX * MANY, SHARED_ENTITY = 2, EMPTY_ENTITY = 3 };

enum { ALONE, TOGETHER_UNLESS_FAILED, TOGETHER_ALWAYS };

typedef struct world world;

/* What was the case when a call began. */
typedef struct concurrent_attempt {
  size_t event, count;       /* of the model, what it tries to append */
  uint64_t floor;
  int was_poisoned;
} concurrent_attempt;

/* Who is told of a ticket, until it is taken back. */
typedef struct listener {
  bp_ticket *ticket;
  uint32_t calls;
  int is_gone;
} listener;

typedef struct caller {
  world *world;
  const char *script;
  int in_last_call;
  uint32_t inside;           /* how many of its calls the store counts, as last seen */
  int has_left;              /* for good */
  bp_ticket *kept;           /* waited for when it has left */
  concurrent_attempt attempt;
  bp_ticket *awaited;        /* likewise: of a point */
  listener dropped;          /* who was told of the latest that was dropped */
} caller;

struct world {
  const concurrent_run *run;
  sim_system *sim;
  memory_fault memory;
  bp_store *store;
  int is_closed;             /* or about to be: nobody looks at it any more */
  int is_being_released;
  int is_released;           /* bp_store_release has returned */
  int failed;                /* a write or a flush */
  int poisoned;              /* and this was told to somebody */
  model_state model;
  uint8_t wants_durable[EVENTS_MAX];
  uint8_t dropped[EVENTS_MAX];  /* submitted, and its ticket freed */
  listener listeners[EVENTS_MAX];
  uint8_t together[EVENTS_MAX]; /* this one and the next two: TOGETHER_* */
  size_t shared;             /* the event that all threads append; its draft */
  bp_draft shared_draft;
  int shared_fresh;          /* answers that were no replays */
  int empty_wins;
  uint64_t answered_end;     /* behind the highest sequence answered */
  size_t latest;             /* event answered last, SIZE_MAX: none */
  uint32_t published;        /* as last seen, likewise below */
  uint32_t users;
  uint64_t durable_seen, visible_seen;
  size_t caller_count;
  caller callers[CONCURRENT_THREADS_MAX];
};

/* The event of the model with this id, SIZE_MAX when it is none of its. */
size_t concurrent_event_of(const world *w, const uint8_t id[16]);
bp_page *concurrent_new_page(void);
int concurrent_is_failure_of_disk(bp_status status);

/* concurrent_write.c: a new event of the model, and its draft. */
size_t concurrent_add(world *w, uint32_t entity, uint32_t length, uint8_t durability, bp_draft *draft);
/* Fails where the event would not outlive the power. */
void concurrent_check_flushed(const world *w, const model_event *event);

/* concurrent_read.c: may one who waits for something to be flushed be told this? */
void concurrent_judge_wait(world *w, bp_status status, const bp_error *error, int may_be_late);
enum { CONCURRENT_SOME_MS = 5 };

concurrent_attempt concurrent_begin(const world *w, size_t event, size_t count);
/* What came of it: judges the status, notes the receipts or the refusal. */
void concurrent_end(world *w, const concurrent_attempt *attempt, bp_status status, const bp_error *error,
                    const bp_receipt *receipts);
/* Three events in one go. */
size_t concurrent_add_many(world *w, uint8_t durability, bp_draft *drafts);

/* Waits for the ticket that was kept; its store may be closed by then. */
void concurrent_keep_promises(caller *self);
/* The store is closed: what was submitted is there, whoever still holds a ticket of it. */
void concurrent_note_dropped(world *w);

/* Makes the call; 0 where the letter is none of theirs. */
int concurrent_write(world *w, char letter);
int concurrent_read(world *w, char letter);
int concurrent_submit(caller *self, char letter);

#endif
