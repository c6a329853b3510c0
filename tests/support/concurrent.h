/* Threads over one store on the simulated system, under the scheduler, a letter for each call; and what must hold whatever
 * the schedule:
 *
 *   - At every step: what is published stays so, and of what asked to be durable nothing is published that is not flushed.
 *   - At every answer: a receipt's sequence is new and above all that were answered before its call began; an event that is
 *     called durable would outlive the power; after a failed flush every write is refused.
 *   - In every page: all that was answered before, nothing that was refused, of a batch, and of three durable events of
 *     one call, none or all, and no gap.
 *   - At the end: everybody got an answer, nobody is inside, the store closes, nothing leaks, and the next open finds what
 *     was promised; so it does after a crash instead of the close. */
#ifndef SUPPORT_CONCURRENT_H
#define SUPPORT_CONCURRENT_H

#include "support/scheduler.h"

enum { CONCURRENT_THREADS_MAX = 5, CONCURRENT_CALLS_MAX = 8 };

/* d append durable, w append written, M three durable with one call, m three written, b a batch of three, s sync;
 * i append with a key that all threads share, x append that expects its entity to be empty;
 * p page, g get the latest that was answered, k walk from it, t stat, f fold that gets each event again;
 * F frontier, W wait for ever until the first event is durable (which somebody must make it), D and V wait a while until the
 * latest is durable or visible, G append written with a gate for durable;
 * a await the first event's being durable (which somebody must bring about), A await in vain and drop it, q await in vain until
 * the store is closed (which somebody must do);
 * u submit and wait, v submit and wait a while again and again, T submit two and wait for the second first, B submit a batch and
 * wait, U submit and drop the ticket, z submit and wait when the thread has left the store, e submit and poll
 * the descriptor, n submit and be told, N the same and take it back, y the same and drop the ticket, P pressure;
 * c close strictly, again and again until the others have left, r release while the others are inside their last calls. */
typedef struct concurrent_program {
  const char *name;
  const char *threads[CONCURRENT_THREADS_MAX]; /* NULL: no further one */
  uint64_t segment_max_bytes;  /* 0: the default, likewise below */
  uint32_t group_max_events;
  uint32_t sync_every_events;
  uint32_t queue_capacity;
  int fault_kind;              /* SIM_*: one of the first `fault_within` such calls fails; 0: none */
  int fault_errno;
  uint32_t fault_within;
} concurrent_program;

typedef struct concurrent_run {
  const concurrent_program *program;
  scheduler_plan plan;
  uint32_t fault_at;     /* which call of the fault's kind, from 1 on */
  int crashes;           /* afterwards the power fails too, before the close */
  scheduler_outcome outcome;
} concurrent_run;

/* Ends the process where something does not hold. */
void concurrent_execute(concurrent_run *run);
/* A program from text like "dw,dp,M" for the threads; it is overwritten.  0, or -1 where it is none. */
int concurrent_parse(char *text, concurrent_program *program);

#endif
