/* A deterministic scheduler, and over it a double of core/sys/thread.c.
 *
 * Threads of the program under test take turns on one thread of the system.  At every lock, unlock, wait and wake, at every
 * call of the simulated system and, where the code is compiled with support/scheduled_atomics.h, before every atomic
 * operation, the scheduler decides who goes on.  All that follows from the plan: the same plan is the same run.
 *
 *   scheduler_begin(&plan);
 *   scheduler_spawn(run, user); ...     the caller is thread 0
 *   scheduler_join(number); ...         until they have ended
 *   scheduler_end(&outcome);
 *
 * The plain schedule lets a thread run until it must wait, then the next one.  Whatever else a strategy decides is a
 * departure, and a run is repeated by the list of its departures alone.
 *
 * It ends the process (support/check.h) when nobody can go on, when a run does not end, and when a lock is misused:
 * unlocked by another, taken twice, freed while it is held or waited for. */
#ifndef SUPPORT_SCHEDULER_H
#define SUPPORT_SCHEDULER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SCHEDULER_THREADS_MAX = 8 };

enum {
  SCHEDULER_PLAIN = 0,
  /* At one step in `every` anybody may go on. */
  SCHEDULER_RANDOM = 1,
  /* Each thread has a priority of its own, the highest that can go on does; at depth - 1 random steps the running thread
   * falls below all.  Finds a bug that takes `depth` ordered steps with a probability of at least
   * 1 / (threads * steps ^ (depth - 1)) (Burckhardt and others, "A Randomized Scheduler with Probabilistic Guarantees of
   * Finding Bugs", 2010). */
  SCHEDULER_PRIORITIES = 2
};

enum {
  SCHEDULER_RUN = 'r',      /* `thread` goes on */
  SCHEDULER_SPURIOUS = 's', /* `thread` returns from its wait, woken by nobody */
  SCHEDULER_TIMEOUT = 't',  /* `thread` returns from its timed wait: its time has come */
  SCHEDULER_WAKE = 'w'      /* of those who wait, `thread` is the one that is woken */
};

typedef struct scheduler_choice {
  uint32_t step;
  uint8_t kind;
  uint8_t thread;
} scheduler_choice;

typedef struct scheduler_plan {
  int strategy;
  uint64_t seed;
  uint32_t every;          /* of SCHEDULER_RANDOM */
  uint32_t depth;          /* of SCHEDULER_PRIORITIES */
  uint32_t expected_steps; /* likewise: how long runs are, about */
  uint32_t spurious_every; /* one step in so many wakes somebody for nothing; 0: never */
  uint32_t timeout_every;  /* one step in so many lets a time come early; 0: only when nobody else can go on */
  const scheduler_choice *departures; /* at these steps, whatever the strategy says; ascending */
  size_t departure_count;
} scheduler_plan;

/* What could have been decided at one step. */
typedef struct scheduler_step {
  uint8_t runnable; /* a bit for each thread */
  uint8_t waiting;  /* those that a spurious wake-up would let go on */
  uint8_t plain;    /* whom the plain schedule lets go on */
  uint8_t decided;  /* 0: not a decision about who goes on */
} scheduler_step;

/* Valid until the next scheduler_begin. */
typedef struct scheduler_outcome {
  uint32_t steps;
  uint32_t switches;
  const scheduler_choice *departures;
  size_t departure_count;
  const scheduler_step *trace; /* of each step, from 1 on */
} scheduler_outcome;

void scheduler_begin(const scheduler_plan *plan);
/* The number of the thread, from 1 on. */
int scheduler_spawn(void (*run)(void *user), void *user);
/* Waits for its end; its number may then be another thread's. */
void scheduler_join(int number);
void scheduler_end(scheduler_outcome *outcome);

/* Called at every step, while nobody runs; takes no lock. */
void scheduler_set_observer(void (*observer)(void *user), void *user);
/* Others may go on here. */
void scheduler_point(void);
/* The caller waits for something that only others can bring about: they go first. */
void scheduler_yield(void);
int scheduler_current(void);
/* Locks and conditions that were made and not freed. */
size_t scheduler_live_locks(void);

/* A lock of the test's own (a bpi_mutex) must not make up for one that the library lacks: for the thread sanitizer it orders
 * nothing, and what is done under it is not looked at. */
void scheduler_let_order_nothing(void *mutex);

/* The departures of the run under way, or of the last one, as --schedule takes them; then what each thread waits for. */
void scheduler_describe(FILE *out);
/* Reads such a list; its length, or SIZE_MAX where it is none. */
size_t scheduler_parse(const char *text, scheduler_choice *departures, size_t capacity);

#endif
