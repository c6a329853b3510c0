#include "bench.h"

#include <batpak/ffi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bp_error failure = {.struct_size = sizeof failure};

static void must(bp_status status) {
  if (status == BP_OK) return;
  fprintf(stderr, "bench: %s: %s\n", bp_status_name(status), failure.text);
  exit(1);
}

static bp_store *open_store(const bench_task *task, uint32_t durability, const uint8_t *seed) {
  bp_config config;
  bp_store *store;
  must(bp_config_init(&config, sizeof config));
  config.durability = durability;
  config.sync_every_events = 0;
  config.signing_seeds = seed;
  config.signing_seed_count = seed != NULL;
  must(bp_store_open(task->directory, &config, &store, &failure));
  return store;
}

typedef struct {
  uint8_t payload[BENCH_PAYLOAD];
  char entity[32];
  bp_draft draft;
} event;

static void make_event(event *e, size_t number, size_t entities) {
  bench_payload(number, e->payload);
  must(bp_draft_init(&e->draft, sizeof e->draft));
  e->draft.payload = e->payload;
  e->draft.payload_length = sizeof e->payload;
  e->draft.entity = (const uint8_t *)e->entity;
  e->draft.entity_length = bench_entity(number % entities, e->entity);
  e->draft.scope = (const uint8_t *)"bench";
  e->draft.scope_length = 5;
  e->draft.kind = 0xF001;
  e->draft.given = BP_GIVEN_KEY;
  bench_id(number, e->draft.key);
}

/* Drafts are made before the clock starts. */
static event *make_events(size_t count) {
  event *events = calloc(count, sizeof *events);
  if (events == NULL) bench_fail("no memory");
  for (size_t i = 0; i < count; i++) make_event(&events[i], i, bench_entities(count));
  return events;
}

static double append_all(const bench_task *task, uint32_t durability, const uint8_t *seed) {
  event *events = make_events(task->events);
  bp_store *store = open_store(task, durability, seed);
  bp_receipt receipt;
  must(bp_receipt_init(&receipt, sizeof receipt));
  /* Without a key, as the peers look nothing up either. */
  for (size_t i = 0; i < task->events; i++) events[i].draft.given = 0;
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) must(bp_store_append(store, &events[i].draft, &receipt, &failure));
  double rate = (double)task->events / (bench_now() - start);
  must(bp_store_close(store, &failure));
  free(events);
  return rate;
}

static double durable_1(const bench_task *task) { return append_all(task, BP_DURABLE, NULL); }
static double written(const bench_task *task) { return append_all(task, BP_WRITTEN, NULL); }
static double signed_written(const bench_task *task) {
  static const uint8_t seed[32] = {1, 2, 3};
  return append_all(task, BP_WRITTEN, seed);
}

typedef struct {
  bp_store *store;
  event *events;
  size_t each;
} shared;

static void append_share(void *user, size_t thread) {
  shared *s = user;
  bp_receipt receipt;
  must(bp_receipt_init(&receipt, sizeof receipt));
  for (size_t i = 0; i < s->each; i++) {
    event *e = &s->events[thread * s->each + i];
    e->draft.given = 0;
    must(bp_store_append(s->store, &e->draft, &receipt, &failure));
  }
}

static double append_together(const bench_task *task, size_t callers) {
  shared s = {open_store(task, BP_DURABLE, NULL), make_events(task->events), task->events / callers};
  double seconds = bench_threads(callers, append_share, &s);
  must(bp_store_close(s.store, &failure));
  free(s.events);
  return (double)(s.each * callers) / seconds;
}

static double durable_4(const bench_task *task) { return append_together(task, 4); }
static double durable_16(const bench_task *task) { return append_together(task, 16); }

static double append_many(const bench_task *task) {
  enum { CALL = 1000 };
  event *events = make_events(task->events);
  bp_draft *drafts = calloc(CALL, sizeof *drafts);
  bp_receipt *receipts = calloc(CALL, sizeof *receipts);
  for (size_t i = 0; i < CALL; i++) must(bp_receipt_init(&receipts[i], sizeof *receipts));
  bp_store *store = open_store(task, BP_WRITTEN, NULL);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i += CALL) {
    size_t count = task->events - i < CALL ? task->events - i : CALL, accepted;
    for (size_t k = 0; k < count; k++) {
      drafts[k] = events[i + k].draft;
      drafts[k].given = 0;
    }
    must(bp_store_append_many(store, drafts, count, receipts, &accepted, &failure));
  }
  double rate = (double)task->events / (bench_now() - start);
  must(bp_store_close(store, &failure));
  free(receipts);
  free(drafts);
  free(events);
  return rate;
}

/* Keyed, so that the reading rows know the ids. */
static void fill(bp_store *store, size_t events) {
  event e;
  for (size_t i = 0; i < events; i++) {
    make_event(&e, i, bench_entities(events));
    must(bp_store_append(store, &e.draft, NULL, &failure));
  }
}

static double prepare(const bench_task *task) {
  bp_store *store = open_store(task, BP_WRITTEN, NULL);
  double start = bench_now();
  fill(store, task->events);
  double rate = (double)task->events / (bench_now() - start);
  must(bp_store_close(store, &failure));
  return rate;
}

static bp_store *open_read_only(const bench_task *task) {
  bp_config config;
  bp_store *store;
  must(bp_config_init(&config, sizeof config));
  config.mode = BP_MODE_READ_ONLY;
  must(bp_store_open(task->directory, &config, &store, &failure));
  return store;
}

static bp_page *new_page(void) {
  bp_page *page;
  must(bp_page_new(&page, &failure));
  return page;
}

static double get(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_page *page = new_page();
  uint8_t(*ids)[16] = calloc(task->events, sizeof *ids);
  for (size_t i = 0; i < task->events; i++) bench_id(bench_shuffle(i, task->events), ids[i]);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) must(bp_store_get(store, ids[i], page, &failure));
  double rate = (double)task->events / (bench_now() - start);
  free(ids);
  bp_page_free(page);
  must(bp_store_close(store, &failure));
  return rate;
}

static volatile uint64_t sink;

static size_t read_pages(bp_store *store, bp_query *query, bp_page *page) {
  size_t total = 0, count;
  query->flags &= ~(uint32_t)BP_QUERY_AFTER;
  do {
    must(bp_store_page(store, query, page, &failure));
    const bp_event *events = bp_page_events(page, &count);
    for (size_t i = 0; i < count; i++) {
      if (events[i].status != BP_OK) bench_fail("an event cannot be read");
      if (events[i].payload_length > 0) sink += events[i].payload[0];
    }
    if (count > 0) {
      query->flags |= BP_QUERY_AFTER;
      query->after = events[count - 1].sequence;
    }
    total += count;
  } while (bp_page_more(page));
  return total;
}

static double scan(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_page *page = new_page();
  bp_query query;
  must(bp_query_init(&query, sizeof query));
  query.limit = 1024;
  double start = bench_now();
  size_t total = read_pages(store, &query, page);
  double rate = (double)total / (bench_now() - start);
  bp_page_free(page);
  must(bp_store_close(store, &failure));
  return rate;
}

static double replay(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_page *page = new_page();
  bp_query query;
  must(bp_query_init(&query, sizeof query));
  query.limit = 1024;
  query.flags = BP_QUERY_ENTITY;
  size_t entities = bench_entities(task->events), total = 0;
  double start = bench_now();
  for (size_t i = 0; i < entities; i++) {
    char entity[32];
    query.entity_length = bench_entity(bench_shuffle(i, entities), entity);
    query.entity = (const uint8_t *)entity;
    total += read_pages(store, &query, page);
  }
  double rate = (double)total / (bench_now() - start);
  bp_page_free(page);
  must(bp_store_close(store, &failure));
  return rate;
}

static double verify(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_report *report;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  double start = bench_now();
  must(bp_store_verify(store, NULL, &report, &failure));
  double rate = (double)task->events / (bench_now() - start);
  must(bp_report_verdict(report, &verdict));
  if (verdict.verdict != BP_VERDICT_CONSISTENT) bench_fail("the store is not consistent");
  bp_report_free(report);
  must(bp_store_close(store, &failure));
  return rate;
}

/* A child writes and dies; the parent opens what it left. */
static double open_killed(const bench_task *task) {
  pid_t child = fork();
  if (child < 0) bench_fail("no child");
  if (child == 0) {
    fill(open_store(task, BP_WRITTEN, NULL), task->events);
    _exit(0);
  }
  int status;
  if (waitpid(child, &status, 0) != child || status != 0) bench_fail("the child failed");
  double start = bench_now();
  bp_store *store = open_store(task, BP_WRITTEN, NULL);
  double milliseconds = (bench_now() - start) * 1e3;
  must(bp_store_close(store, &failure));
  return milliseconds;
}

static double memory(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_stat stat = {.struct_size = sizeof stat};
  must(bp_store_stat(store, &stat, &failure));
  must(bp_store_close(store, &failure));
  return (double)stat.index_bytes / (double)stat.events;
}

const bench_peer bench_batpak = {
    "batpak",
    prepare,
    {[ROW_DURABLE_1] = durable_1, [ROW_DURABLE_4] = durable_4, [ROW_DURABLE_16] = durable_16, [ROW_WRITTEN] = written,
     [ROW_SIGNED] = signed_written, [ROW_MANY] = append_many, [ROW_GET] = get, [ROW_SCAN] = scan, [ROW_REPLAY] = replay, [ROW_VERIFY] = verify,
     [ROW_OPEN_KILLED] = open_killed, [ROW_MEMORY] = memory}};
