/* The frontier among threads: no observer ever sees a point where it must not be, waits converge however they are mixed,
 * a spurious wake-up changes nothing, and a close, a release or a failed flush reaches everybody who waits. */
/* P-053, P-059, P-060, P-061 */
#include "store/store_internal.h"
#include "support/plain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { WRITERS = 4, EVENTS = 120, OBSERVERS = 2, WAITERS = 6, ROUNDS = 12, SOON_MS = 30 };

typedef struct shared {
  bp_store *store;
  _Atomic uint64_t newest;  /* sequence of an event that is in the store */
  _Atomic int done;
  _Atomic uint64_t snapshots;
  _Atomic int waiting;
  _Atomic int tickets;      /* of points, that were got */
  bp_status wanted;         /* what everybody who waits must be told */
} shared;

typedef struct worker {
  shared *shared;
  uint32_t thread;
} worker;

static _Atomic int flushes_fail;
static bp_system failing;

static int sync_or_fail(void *context, int file, int data_only) {
  return atomic_load(&flushes_fail) ? EIO : bpi_system_real()->file_sync(context, file, data_only);
}

static bp_store *open_store(const char *path) {
  bp_config config;
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  config.segment_max_bytes = 1 << 16;
  config.sync_every_events = 0;
  failing = *bpi_system_real();
  failing.file_sync = sync_or_fail;
  config.system = &failing;
  return plain_open_with(path, &config);
}

static void rest(void) {
  const struct timespec moment = {.tv_nsec = 200000};
  nanosleep(&moment, NULL);
}

static bp_frontier frontier_of(const bp_store *store) {
  bp_frontier frontier = {.struct_size = sizeof frontier};
  CHECK(bp_store_frontier(store, &frontier, NULL) == BP_OK, "bp_store_frontier");
  return frontier;
}

static int is_below(bp_point a, bp_point b) { return bpi_point_after(b, a); }

/* --- observers beside writers */

static void check_order(const bp_frontier *f) {
  CHECK(!is_below(f->accepted, f->written) && !is_below(f->written, f->durable), "durable is ahead of written");
  CHECK(!is_below(f->accepted, f->visible), "visible is ahead of accepted");
  CHECK(!is_below(f->emitted, f->visible), "visible is ahead of emitted");
  CHECK(!is_below(f->visible, f->applied), "applied is ahead of visible");
  CHECK(f->visible_minus_durable == (int64_t)(f->visible.sequence - f->durable.sequence), "a torn difference");
  int pending = f->accepted.sequence != f->durable.sequence;
  CHECK(pending == (f->oldest_pending_ms != UINT64_MAX), "pending %d, %" PRIu64 " ms", pending, f->oldest_pending_ms);
}

static void *observe(void *user) {
  const worker *w = user;
  bp_frontier before = frontier_of(w->shared->store);
  while (!atomic_load(&w->shared->done)) {
    bp_frontier now = frontier_of(w->shared->store);
    check_order(&now);
    CHECK(!is_below(now.accepted, before.accepted) && !is_below(now.written, before.written) &&
              !is_below(now.durable, before.durable) && !is_below(now.visible, before.visible),
          "a point fell");
    before = now;
    atomic_fetch_add(&w->shared->snapshots, 1);
  }
  return NULL;
}

/* Durable and written events, each with one of the gates that will be passed. */
static void append_gated(const worker *w, uint64_t number) {
  static const uint32_t gates[] = {BP_GATE_NONE, BP_GATE_VISIBLE, BP_GATE_DURABLE};
  plain_draft plain;
  bp_receipt receipt;
  plain_draft_of(&plain, w->thread, number, number % 2 == 0 ? BP_DURABLE : BP_WRITTEN);
  plain.draft.gate = gates[(number + w->thread) % 3];
  plain.draft.gate_timeout_ms = BP_WAIT_FOREVER;
  CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
  bp_status status = bp_store_append(w->shared->store, &plain.draft, &receipt, NULL);
  CHECK(status == BP_OK, "append: %s", bp_status_name(status));
  CHECK(receipt.durable || plain.draft.gate != BP_GATE_DURABLE, "passed the durable gate, and is not durable");
  bp_frontier frontier = frontier_of(w->shared->store);
  CHECK(frontier.visible.sequence >= receipt.sequence, "answered before it was visible");
  CHECK(frontier.durable.sequence >= receipt.sequence || !receipt.durable, "answered before it was durable");
  atomic_store(&w->shared->newest, receipt.sequence);
}

static void *write_all(void *user) {
  for (uint64_t number = 0; number < EVENTS; number++) append_gated(user, number);
  return NULL;
}

static bp_status wait_by_ticket(shared *s, uint32_t watermark, bp_point point) {
  bp_ticket *ticket;
  CHECK(bp_store_await(s->store, watermark, &point, &ticket, NULL) == BP_OK, "bp_store_await");
  atomic_fetch_add(&s->tickets, 1);
  bp_status status = bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL);
  bp_ticket_free(ticket);
  return status;
}

static void drop_at_once(bp_store *store, uint32_t watermark, uint64_t sequence) {
  const bp_point point = {0, sequence};
  bp_ticket *ticket;
  CHECK(bp_store_await(store, watermark, &point, &ticket, NULL) == BP_OK, "bp_store_await");
  bp_ticket_free(ticket);
}

/* Waits for what others append, by turns for durable and visible, with and without an end, woken for nothing in between. */
static void *wait_along(void *user) {
  const worker *w = user;
  for (uint32_t turn = w->thread; !atomic_load(&w->shared->done); turn++) {
    const bp_point point = {0, atomic_load(&w->shared->newest)};
    uint32_t timeout_ms = turn % 3 == 0 ? BP_WAIT_FOREVER : 60000;
    uint32_t watermark = turn % 2 == 0 ? BP_WATERMARK_DURABLE : BP_WATERMARK_VISIBLE;
    bp_status status = turn % 4 > 1 ? wait_by_ticket(w->shared, watermark, point)
                                    : bp_store_wait(w->shared->store, watermark, &point, timeout_ms, NULL);
    drop_at_once(w->shared->store, watermark, point.sequence + turn % 3);
    CHECK(status == BP_OK, "wait: %s", bp_status_name(status));
    bpi_watermarks_wake(w->shared->store);
  }
  return NULL;
}

/* Somebody must flush what is only written. */
static void *sync_along(void *user) {
  const worker *w = user;
  while (!atomic_load(&w->shared->done)) {
    CHECK(bp_store_sync(w->shared->store, NULL) == BP_OK, "sync");
    rest();
  }
  return NULL;
}

static uint64_t mix(const char *path) {
  static shared s;
  static worker writers[WRITERS], others[OBSERVERS + WAITERS + 1];
  pthread_t threads[OBSERVERS + WAITERS + 1];
  s.store = open_store(path);
  for (uint32_t i = 0; i < WRITERS; i++) writers[i] = (worker){&s, i};
  for (uint32_t i = 0; i < OBSERVERS + WAITERS + 1; i++) others[i] = (worker){&s, i};
  plain_start(threads, OBSERVERS, observe, others, sizeof others[0]);
  plain_start(threads + OBSERVERS, WAITERS, wait_along, others + OBSERVERS, sizeof others[0]);
  plain_start(threads + OBSERVERS + WAITERS, 1, sync_along, others + OBSERVERS + WAITERS, sizeof others[0]);
  plain_run(WRITERS, write_all, writers, sizeof writers[0]);
  atomic_store(&s.done, 1);
  CHECK(bp_store_sync(s.store, NULL) == BP_OK, "sync");
  plain_join(threads, OBSERVERS + WAITERS + 1);
  plain_close(s.store);
  return atomic_load(&s.snapshots);
}

/* --- the end of waits that nothing serves */

enum { IN_VAIN = 2 };

static const bp_point never = {0, UINT64_MAX};

/* Half of them wait, IN_VAIN of these by tickets, half append with a gate: these have their receipt in any case. */
static void *wait_in_vain(void *user) {
  const worker *w = user;
  plain_draft plain;
  bp_receipt receipt;
  bp_status status;
  atomic_fetch_add(&w->shared->waiting, 1);
  if (w->thread % 2 == 0) {
    uint32_t watermark = w->thread % 4 == 0 ? BP_WATERMARK_DURABLE : BP_WATERMARK_APPLIED;
    status = w->thread >= WAITERS - 2 * IN_VAIN ? wait_by_ticket(w->shared, watermark, never)
                           : bp_store_wait(w->shared->store, watermark, &never, BP_WAIT_FOREVER, NULL);
  } else {
    plain_draft_of(&plain, w->thread, 1, BP_WRITTEN);
    plain.draft.gate = w->thread % 4 == 1 ? BP_GATE_DURABLE : BP_GATE_APPLIED;
    plain.draft.gate_timeout_ms = BP_WAIT_FOREVER;
    CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
    status = bp_store_append(w->shared->store, &plain.draft, &receipt, NULL);
    CHECK(receipt.frame_length > 0, "no receipt of an event that is in the store");
  }
  CHECK(status == w->shared->wanted, "told %s instead of %s", bp_status_name(status), bp_status_name(w->shared->wanted));
  return NULL;
}

/* Returns when the gated appends are in the store; others may not be in their call yet, which is as well. */
static void begin_waiting(shared *s, pthread_t *threads, worker *workers) {
  atomic_store(&s->waiting, 0);
  uint64_t first = frontier_of(s->store).visible.sequence;
  for (uint32_t i = 0; i < WAITERS; i++) workers[i] = (worker){s, i};
  plain_start(threads, WAITERS, wait_in_vain, workers, sizeof workers[0]);
  while (atomic_load(&s->waiting) < WAITERS || frontier_of(s->store).visible.sequence < first + WAITERS / 2) rest();
}

static void release_on(const char *path) {
  static shared s;
  static worker workers[WAITERS];
  pthread_t threads[WAITERS];
  s = (shared){.store = open_store(path), .wanted = BP_CLOSED};
  begin_waiting(&s, threads, workers);
  bp_error error = {.struct_size = sizeof error};
  while (atomic_load(&s.tickets) < IN_VAIN) rest();
  do {  /* nobody may come to a store that the last one out has closed */
    rest();
    CHECK(bp_store_close(s.store, &error) == BP_BUSY && error.actual > 0 && error.actual <= WAITERS,
          "a strict close with %" PRIu64 " inside", error.actual);
  } while (error.actual < WAITERS - IN_VAIN);
  bp_store_release(s.store);
  plain_join(threads, WAITERS);
}

static void *lead_into_failure(void *user) {
  const worker *w = user;
  CHECK(bp_store_sync(w->shared->store, NULL) == BP_SYNC_FAILED, "a failed flush");
  return NULL;
}

static void poison(const char *path) {
  static shared s;
  static worker workers[WAITERS];
  pthread_t threads[WAITERS], leader;
  worker leading = {&s, 0};
  s = (shared){.store = open_store(path), .wanted = BP_POISONED};
  begin_waiting(&s, threads, workers);
  bp_frontier before = frontier_of(s.store);
  atomic_store(&flushes_fail, 1);
  plain_start(&leader, 1, lead_into_failure, &leading, sizeof leading);
  plain_join(threads, WAITERS);
  plain_join(&leader, 1);
  bp_frontier after = frontier_of(s.store);
  check_order(&after);
  CHECK(!is_below(after.durable, before.durable) && !is_below(after.visible, before.visible), "a failed flush took back what was seen");
  const bp_point seen = {0, before.visible.sequence};
  CHECK(bp_store_wait(s.store, BP_WATERMARK_VISIBLE, &seen, 0, NULL) == BP_OK, "what is reached is reached");
  bp_store_release(s.store);
  atomic_store(&flushes_fail, 0);
}

/* A wake-up for nothing neither ends a wait nor makes it longer. */
static void *wait_its_time(void *user) {
  const worker *w = user;
  uint64_t deadline = bpi_deadline_after_ms(SOON_MS);
  CHECK(bp_store_wait(w->shared->store, BP_WATERMARK_DURABLE, &never, SOON_MS, NULL) == BP_WAIT_TIMEOUT, "wait");
  CHECK(bpi_deadline_after_ms(0) >= deadline, "a wake-up ended the wait");
  atomic_fetch_sub(&w->shared->waiting, 1);
  return NULL;
}

static void wake_for_nothing(const char *path) {
  static shared s;
  static worker workers[WAITERS];
  pthread_t threads[WAITERS];
  s = (shared){.store = open_store(path), .waiting = WAITERS};
  for (uint32_t i = 0; i < WAITERS; i++) workers[i] = (worker){&s, i};
  plain_start(threads, WAITERS, wait_its_time, workers, sizeof workers[0]);
  while (atomic_load(&s.waiting) > 0) {
    bpi_watermarks_wake(s.store);
    rest();
  }
  plain_join(threads, WAITERS);
  plain_close(s.store);
}

int main(void) {
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  uint64_t snapshots = mix(path);
  for (size_t round = 0; round < ROUNDS; round++) {
    release_on(path);
    bp_store *store = plain_open(path, BP_MODE_READ_ONLY, 1 << 16);
    CHECK(plain_stat(store).clean_close, "the last one out did not close the store");
    plain_close(store);
    poison(path);
  }
  wake_for_nothing(path);
  temporary_remove(path);
  printf("%" PRIu64 " snapshots, %d rounds\n", snapshots, ROUNDS);
  return 0;
}
