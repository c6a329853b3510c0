#include "batpak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bp_error *batpak_failure(void) {
  static _Thread_local bp_error failure;
  failure.struct_size = sizeof failure;
  return &failure;
}

void batpak_must(bp_status status) {
  if (status == BP_OK) return;
  fprintf(stderr, "bench: %s: %s\n", bp_status_name(status), batpak_failure()->text);
  exit(1);
}

bp_store *batpak_open(const bench_task *task, uint32_t durability, const uint8_t *seed) {
  bp_config config;
  bp_store *store;
  batpak_must(bp_config_init(&config, sizeof config));
  config.durability = durability;
  config.sync_every_events = 0;
  config.signing_seeds = seed;
  config.signing_seed_count = seed != NULL;
  if (task->batch > config.batch_max_events) config.batch_max_events = (uint32_t)task->batch;
  batpak_must(bp_store_open(task->directory, &config, &store, batpak_failure()));
  return store;
}

void batpak_close(bp_store *store) { batpak_must(bp_store_close(store, batpak_failure())); }

static bp_draft draft_of(const bench_event *event) {
  bp_draft draft;
  batpak_must(bp_draft_init(&draft, sizeof draft));
  draft.payload = event->payload;
  draft.payload_length = sizeof event->payload;
  draft.entity = (const uint8_t *)event->entity;
  draft.entity_length = event->entity_length;
  draft.scope = (const uint8_t *)"bench";
  draft.scope_length = 5;
  draft.kind = 0xF001;
  return draft;
}

void batpak_writer_begin(batpak_writer *w, const bench_task *task, uint32_t durability, const uint8_t *seed) {
  size_t receipts = task->callers * task->batch;
  *w = (batpak_writer){.durability = durability,
                       .events = bench_events_make(task->events),
                       .drafts = calloc(task->events, sizeof *w->drafts),
                       .receipts = calloc(receipts, sizeof *w->receipts),
                       .each = task->events / task->callers,
                       .batch = task->batch};
  if (w->drafts == NULL || w->receipts == NULL) bench_fail("no memory");
  for (size_t i = 0; i < task->events; i++) w->drafts[i] = draft_of(&w->events[i]);
  for (size_t i = 0; i < receipts; i++) batpak_must(bp_receipt_init(&w->receipts[i], sizeof w->receipts[i]));
  w->store = batpak_open(task, durability, seed);
}

void batpak_writer_end(batpak_writer *w) {
  batpak_close(w->store);
  free(w->receipts);
  free(w->drafts);
  free(w->events);
}

bp_receipt *batpak_receipts(const batpak_writer *w, size_t first) { return &w->receipts[first / w->each * w->batch]; }

/* --- the rows */

static void append(void *user, size_t first, size_t count) {
  const batpak_writer *w = user;
  (void)count;
  batpak_must(bp_store_append(w->store, &w->drafts[first], batpak_receipts(w, first), batpak_failure()));
}

static void append_batch(void *user, size_t first, size_t count) {
  const batpak_writer *w = user;
  batpak_must(bp_store_append_batch(w->store, &w->drafts[first], count, batpak_receipts(w, first), batpak_failure()));
}

static void append_many(void *user, size_t first, size_t count) {
  const batpak_writer *w = user;
  size_t accepted;
  batpak_must(bp_store_append_many(w->store, &w->drafts[first], count, batpak_receipts(w, first), &accepted,
                                   batpak_failure()));
}

static double write_all(const bench_task *task, uint32_t durability, const uint8_t *seed,
                        void (*call)(void *user, size_t first, size_t count)) {
  batpak_writer w;
  batpak_writer_begin(&w, task, durability, seed);
  double rate = bench_calls(task, call, &w);
  batpak_writer_end(&w);
  return rate;
}

double batpak_durable(const bench_task *task) { return write_all(task, BP_DURABLE, NULL, append); }
double batpak_batch(const bench_task *task) { return write_all(task, BP_DURABLE, NULL, append_batch); }
double batpak_written(const bench_task *task) { return write_all(task, BP_WRITTEN, NULL, append); }
double batpak_many(const bench_task *task) { return write_all(task, BP_WRITTEN, NULL, append_many); }

double batpak_signed(const bench_task *task) {
  static const uint8_t seed[32] = {1, 2, 3};
  return write_all(task, BP_WRITTEN, seed, append);
}

void batpak_fill(bp_store *store, size_t events) {
  for (size_t i = 0; i < events; i++) {
    bench_event event;
    bench_event_make(&event, i, events);
    bp_draft draft = draft_of(&event);
    draft.given = BP_GIVEN_KEY;
    memcpy(draft.key, event.id, sizeof draft.key);
    batpak_must(bp_store_append(store, &draft, NULL, batpak_failure()));
  }
}
