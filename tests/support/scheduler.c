/* Who goes on: decisions, strategies, threads. */
#include "support/scheduler_internal.h"

#include "support/check.h"
#include "support/random.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 200000, CHANGES_MAX = 16 };

static struct {
  scheduler_thread threads[SCHEDULER_THREADS_MAX];
  int current;
  int is_running; /* between begin and end */
  scheduler_plan plan;
  test_random random;
  uint32_t step;
  uint32_t switches;
  size_t next_fixed;
  scheduler_choice *departures;
  size_t departure_count, departure_capacity;
  scheduler_step *trace;
  size_t trace_capacity;
  uint32_t changes[CHANGES_MAX]; /* of priorities: at these steps */
  int64_t lowest;
  uint64_t now_ns;
  size_t live_locks;
  void (*observer)(void *user);
  void *observer_user;
} s;

scheduler_thread *scheduler_thread_at(int number) { return &s.threads[number]; }
scheduler_thread *scheduler_self(void) { return &s.threads[s.current]; }
uint64_t scheduler_now_ns(void) { return s.now_ns; }
int scheduler_current(void) { return s.current; }
size_t scheduler_live_locks(void) { return s.live_locks; }
void scheduler_count_lock(int made) { s.live_locks += made ? 1 : (size_t)-1; }

void scheduler_set_observer(void (*observer)(void *user), void *user) {
  s.observer = observer;
  s.observer_user = user;
}

/* ----------------------------------------------------------------------------------------------------- who may go on -- */

static int others_have_ended(int number) {
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    int state = s.threads[i].state;
    if (i != number && state != THREAD_FREE && state != THREAD_ENDED) return 0;
  }
  return 1;
}

/* Writers first: while one waits, no reader comes in. */
static int writer_waits(const scheduler_lock *lock) {
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    const scheduler_thread *other = &s.threads[i];
    if (other->state == THREAD_BLOCKED && other->wants == lock && !other->shares) return 1;
  }
  return 0;
}

static int may_take(const scheduler_thread *thread) {
  const scheduler_lock *lock = thread->wants;
  if (lock->owner != SCHEDULER_NOBODY) return 0;
  return thread->shares ? !writer_waits(lock) : lock->readers == 0;
}

static int may_run(int number) {
  const scheduler_thread *thread = &s.threads[number];
  switch (thread->state) {
    case THREAD_READY: return 1;
    case THREAD_BLOCKED: return may_take(thread);
    case THREAD_JOINING: return s.threads[thread->joins].state == THREAD_ENDED;
    default: return 0;
  }
}

static int may_leave_wait(int number) {
  const scheduler_thread *thread = &s.threads[number];
  return thread->state == THREAD_WAITING && may_take(thread);
}

static uint8_t all_who(int (*may)(int number)) {
  uint8_t mask = 0;
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) mask = (uint8_t)(mask | (may(i) ? 1u << i : 0));
  return mask;
}

static int is_in(uint8_t mask, int number) { return number >= 0 && number < 8 && (mask >> number & 1); }

static int pick_any(uint8_t mask) {
  int left = (int)test_random_below(&s.random, (uint32_t)__builtin_popcount(mask));
  for (int i = 0;; i++) {
    if (is_in(mask, i) && left-- == 0) return i;
  }
}

/* From the one behind `number` on, round. */
static int next_in(uint8_t mask, int number) {
  for (int i = 1; i <= SCHEDULER_THREADS_MAX; i++) {
    int candidate = (number + i) % SCHEDULER_THREADS_MAX;
    if (is_in(mask, candidate)) return candidate;
  }
  return SCHEDULER_NOBODY;
}

static uint8_t timed_in(uint8_t mask) {
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    if (!s.threads[i].is_timed) mask = (uint8_t)(mask & ~(1u << i));
  }
  return mask;
}

static int earliest_in(uint8_t mask) {
  int found = SCHEDULER_NOBODY;
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    if (is_in(mask, i) && (found < 0 || s.threads[i].deadline < s.threads[found].deadline)) found = i;
  }
  return found;
}

/* -------------------------------------------------------------------------------------------------------- decisions -- */

static void begin_step(void) {
  s.step++;
  CHECK(s.step < STEPS_MAX, "the run does not end");
  if (s.step >= s.trace_capacity) {
    s.trace_capacity = s.trace_capacity == 0 ? 1024 : s.trace_capacity * 2;
    s.trace = (scheduler_step *)realloc(s.trace, s.trace_capacity * sizeof *s.trace);
    CHECK(s.trace != NULL, "no memory");
  }
  s.trace[s.step] = (scheduler_step){0};
}

static void note_departure(scheduler_choice choice) {
  if (s.departure_count == s.departure_capacity) {
    s.departure_capacity = s.departure_capacity == 0 ? 64 : s.departure_capacity * 2;
    s.departures = (scheduler_choice *)realloc(s.departures, s.departure_capacity * sizeof *s.departures);
    CHECK(s.departures != NULL, "no memory");
  }
  s.departures[s.departure_count++] = choice;
}

static const scheduler_choice *fixed_choice(void) {
  const scheduler_plan *plan = &s.plan;
  if (s.next_fixed == plan->departure_count || plan->departures[s.next_fixed].step != s.step) return NULL;
  return &plan->departures[s.next_fixed++];
}

static int one_in(uint32_t every) { return every > 0 && test_random_below(&s.random, every) == 0; }

static int highest_in(uint8_t mask) {
  int found = SCHEDULER_NOBODY;
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    if (is_in(mask, i) && (found < 0 || s.threads[i].priority > s.threads[found].priority)) found = i;
  }
  return found;
}

static void change_priorities(void) {
  for (uint32_t i = 0; i + 1 < s.plan.depth && i < CHANGES_MAX; i++) {
    if (s.changes[i] == s.step) s.threads[s.current].priority = --s.lowest;
  }
}

static scheduler_choice decide_by_strategy(uint8_t runnable, uint8_t waiting, int plain) {
  uint8_t timed = timed_in(waiting);
  if (waiting != 0 && one_in(s.plan.spurious_every)) {
    return (scheduler_choice){s.step, SCHEDULER_SPURIOUS, (uint8_t)pick_any(waiting)};
  }
  if (timed != 0 && one_in(s.plan.timeout_every)) {
    return (scheduler_choice){s.step, SCHEDULER_TIMEOUT, (uint8_t)earliest_in(timed)};
  }
  int chosen = plain;
  if (s.plan.strategy == SCHEDULER_PRIORITIES) {
    change_priorities();
    if (runnable != 0) chosen = highest_in(runnable);
  } else if (s.plan.strategy == SCHEDULER_RANDOM && runnable != 0) {
    if (!is_in(runnable, s.current) || one_in(s.plan.every)) chosen = pick_any(runnable);
  }
  return (scheduler_choice){s.step, SCHEDULER_RUN, (uint8_t)chosen};
}

static void fail_stuck(void) {
  check_failed(__FILE__, __LINE__, "nobody can go on");
}

/* With nobody else, the one whose time comes first. */
static scheduler_choice plain_choice(uint8_t runnable, uint8_t waiting, int yields) {
  uint8_t timed = timed_in(waiting);
  int nobody_else = runnable == 0 || (yields && runnable == 1u << s.current);
  if (runnable == 0 && timed == 0) fail_stuck();
  if (nobody_else && timed != 0) {
    return (scheduler_choice){s.step, SCHEDULER_TIMEOUT, (uint8_t)earliest_in(timed)};
  }
  int plain = !yields && is_in(runnable, s.current) ? s.current : next_in(runnable, s.current);
  return (scheduler_choice){s.step, SCHEDULER_RUN, (uint8_t)plain};
}

static void check_fixed(const scheduler_choice *fixed, uint8_t runnable, uint8_t waiting) {
  uint8_t candidates = fixed->kind == SCHEDULER_RUN ? runnable
                       : fixed->kind == SCHEDULER_TIMEOUT ? timed_in(waiting)
                                                          : waiting;
  CHECK(fixed->kind != SCHEDULER_WAKE && is_in(candidates, fixed->thread), "the schedule is of another program: step %" PRIu32,
        fixed->step);
}

static scheduler_choice decide(int yields) {
  begin_step();
  uint8_t runnable = all_who(may_run), waiting = all_who(may_leave_wait);
  scheduler_choice plain = plain_choice(runnable, waiting, yields), chosen;
  s.trace[s.step] = (scheduler_step){runnable, waiting, plain.thread, 1};
  const scheduler_choice *fixed = fixed_choice();
  if (fixed != NULL) {
    check_fixed(fixed, runnable, waiting);
    chosen = *fixed;
  } else if (plain.kind != SCHEDULER_RUN) {
    chosen = plain;
  } else {
    chosen = decide_by_strategy(runnable, waiting, plain.thread);
  }
  if (chosen.kind != plain.kind || chosen.thread != plain.thread) note_departure(chosen);
  return chosen;
}

/* The chosen one has what it waited for. */
static void let_go_on(scheduler_choice choice) {
  scheduler_thread *thread = &s.threads[choice.thread];
  if (thread->state == THREAD_WAITING) thread->timed_out = choice.kind == SCHEDULER_TIMEOUT;
  if (choice.kind == SCHEDULER_TIMEOUT && thread->deadline > s.now_ns) s.now_ns = thread->deadline;
  if (thread->state == THREAD_BLOCKED || thread->state == THREAD_WAITING) {
    if (thread->shares) {
      thread->wants->readers |= 1u << choice.thread;
    } else {
      thread->wants->owner = choice.thread;
    }
  }
  thread->state = THREAD_READY;
  thread->wants = NULL;
  thread->waits = NULL;
}

static void go_on_with(scheduler_choice choice) {
  int before = s.current, chosen = choice.thread;
  let_go_on(choice);
  if (chosen == before) return;
  s.current = chosen;
  s.switches++;
  fiber_switch(&s.threads[before].fiber, &s.threads[chosen].fiber);
}

static int is_alone(void) { return !s.is_running || others_have_ended(s.current); }

void scheduler_point(void) {
  if (is_alone()) return;
  if (s.observer != NULL) s.observer(s.observer_user);
  go_on_with(decide(0));
}

void scheduler_yield(void) {
  if (is_alone()) return;
  if (s.observer != NULL) s.observer(s.observer_user);
  s.threads[s.current].priority = --s.lowest;
  go_on_with(decide(1));
}

void scheduler_wait(void) {
  if (!s.is_running) { /* there is nobody else, and nothing to write down */
    if (!may_run(s.current)) fail_stuck();
    let_go_on((scheduler_choice){0, SCHEDULER_RUN, (uint8_t)s.current});
    return;
  }
  if (s.observer != NULL) s.observer(s.observer_user);
  go_on_with(decide(0));
}

int scheduler_choose_waiter(const scheduler_condition *condition) {
  uint8_t waiters = 0;
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    if (s.threads[i].state == THREAD_WAITING && s.threads[i].waits == condition) waiters = (uint8_t)(waiters | 1u << i);
  }
  if (waiters == 0) return SCHEDULER_NOBODY;
  begin_step();
  int plain = next_in(waiters, s.current), chosen = plain;
  const scheduler_choice *fixed = fixed_choice();
  if (fixed != NULL) {
    CHECK(fixed->kind == SCHEDULER_WAKE && is_in(waiters, fixed->thread), "the schedule is of another program: step %" PRIu32,
          fixed->step);
    chosen = fixed->thread;
  } else if (s.plan.strategy != SCHEDULER_PLAIN) {
    chosen = pick_any(waiters);
  }
  if (chosen != plain) note_departure((scheduler_choice){s.step, SCHEDULER_WAKE, (uint8_t)chosen});
  return chosen;
}

/* ---------------------------------------------------------------------------------------------------------- threads -- */

static void thread_body(void) {
  fiber_entered();
  for (;;) {
    scheduler_thread *self = scheduler_self();
    fiber_acquire(self);
    self->run(self->user);
    fiber_release(self);
    self->state = THREAD_ENDED;
    scheduler_wait(); /* until the place is used again */
  }
}

static void draw_priority(scheduler_thread *thread) {
  thread->priority = (int64_t)(test_random_next(&s.random) >> 2) + 1;
}

void scheduler_begin(const scheduler_plan *plan) {
  CHECK(!s.is_running && plan->depth <= CHANGES_MAX, "scheduler_begin");
  if (!s.threads[0].made) fiber_adopt(&s.threads[0].fiber);
  s.threads[0].made = 1;
  s.threads[0].state = THREAD_READY;
  s.plan = *plan;
  s.random.state = plan->seed;
  s.is_running = 1;
  s.current = 0;
  s.step = s.switches = 0;
  s.next_fixed = s.departure_count = 0;
  s.lowest = 0;
  draw_priority(&s.threads[0]);
  for (uint32_t i = 0; i + 1 < plan->depth; i++) {
    s.changes[i] = 1 + test_random_below(&s.random, plan->expected_steps > 0 ? plan->expected_steps : 1);
  }
}

int scheduler_spawn(void (*run)(void *user), void *user) {
  int number = 1;
  while (number < SCHEDULER_THREADS_MAX && s.threads[number].state != THREAD_FREE) number++;
  CHECK(s.is_running && number < SCHEDULER_THREADS_MAX, "at most %d threads", SCHEDULER_THREADS_MAX - 1);
  scheduler_thread *thread = &s.threads[number];
  thread->run = run;
  thread->user = user;
  thread->is_timed = 0;
  draw_priority(thread);
  if (!thread->made) fiber_make(&thread->fiber, thread_body);
  thread->made = 1;
  fiber_release(thread);
  thread->state = THREAD_READY;
  return number;
}

void scheduler_join(int number) {
  scheduler_thread *joined = &s.threads[number];
  CHECK(joined->state != THREAD_FREE && number != s.current, "thread %d cannot be joined", number);
  if (joined->state != THREAD_ENDED) {
    scheduler_self()->state = THREAD_JOINING;
    scheduler_self()->joins = number;
    scheduler_wait();
  }
  fiber_acquire(joined);
  joined->state = THREAD_FREE;
}

void scheduler_end(scheduler_outcome *outcome) {
  CHECK(s.is_running && s.current == 0, "scheduler_end");
  for (int i = 1; i < SCHEDULER_THREADS_MAX; i++) CHECK(s.threads[i].state == THREAD_FREE, "a thread is left behind");
  CHECK(s.next_fixed == s.plan.departure_count, "the schedule is of another program: it ends at step %" PRIu32, s.step);
  s.is_running = 0;
  *outcome = (scheduler_outcome){s.step, s.switches, s.departures, s.departure_count, s.trace};
}

/* ------------------------------------------------------------------------------------------------------------- text -- */

static void describe_thread(FILE *out, int number) {
  const scheduler_thread *thread = &s.threads[number];
  switch (thread->state) {
    case THREAD_READY: fprintf(out, "  thread %d: ready\n", number); break;
    case THREAD_BLOCKED:
      fprintf(out, "  thread %d: wants a lock that thread %d holds (readers: %x)\n", number, thread->wants->owner,
              thread->wants->readers);
      break;
    case THREAD_WAITING: fprintf(out, "  thread %d: waits to be woken\n", number); break;
    case THREAD_JOINING: fprintf(out, "  thread %d: waits for the end of thread %d\n", number, thread->joins); break;
    default: break;
  }
}

void scheduler_describe(FILE *out) {
  fprintf(out, "  --schedule \"");
  for (size_t i = 0; i < s.departure_count; i++) {
    const scheduler_choice *choice = &s.departures[i];
    fprintf(out, "%s%" PRIu32 "%c%d", i > 0 ? " " : "", choice->step, choice->kind, choice->thread);
  }
  fprintf(out, "\"\n");
  if (!s.is_running) return;
  fprintf(out, "  step %" PRIu32 " of thread %d\n", s.step, s.current);
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) describe_thread(out, i);
}

size_t scheduler_parse(const char *text, scheduler_choice *departures, size_t capacity) {
  size_t count = 0;
  while (*text != '\0') {
    char *end;
    unsigned long step = strtoul(text, &end, 10);
    if (end == text || *end == '\0' || strchr("rstw", *end) == NULL || count == capacity) return SIZE_MAX;
    if (end[1] < '0' || end[1] >= '0' + SCHEDULER_THREADS_MAX || step > STEPS_MAX) return SIZE_MAX;
    departures[count++] = (scheduler_choice){(uint32_t)step, (uint8_t)*end, (uint8_t)(end[1] - '0')};
    text = end + 2;
    while (*text == ' ') text++;
  }
  return count;
}
