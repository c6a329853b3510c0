/* The rows that read, and the table of all. */
#include "batpak.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static double prepare(const bench_task *task) {
  bp_store *store = batpak_open(task, BP_WRITTEN, NULL);
  double start = bench_now();
  batpak_fill(store, task->events);
  double rate = (double)task->events / (bench_now() - start);
  batpak_close(store);
  return rate;
}

static bp_store *open_read_only(const bench_task *task) {
  bp_config config;
  bp_store *store;
  batpak_must(bp_config_init(&config, sizeof config));
  config.mode = BP_MODE_READ_ONLY;
  batpak_must(bp_store_open(task->directory, &config, &store, batpak_failure()));
  return store;
}

static bp_page *new_page(void) {
  bp_page *page;
  batpak_must(bp_page_new(&page, batpak_failure()));
  return page;
}

static double get(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_page *page = new_page();
  uint8_t(*ids)[16] = calloc(task->events, sizeof *ids);
  for (size_t i = 0; i < task->events; i++) bench_id(bench_shuffle(i, task->events), ids[i]);
  double start = bench_now();
  for (size_t i = 0; i < task->events; i++) batpak_must(bp_store_get(store, ids[i], page, batpak_failure()));
  double rate = (double)task->events / (bench_now() - start);
  free(ids);
  bp_page_free(page);
  batpak_close(store);
  return rate;
}

static volatile uint64_t sink;

static size_t read_pages(bp_store *store, bp_query *query, bp_page *page) {
  size_t total = 0, count;
  query->flags &= ~(uint32_t)BP_QUERY_AFTER;
  do {
    batpak_must(bp_store_page(store, query, page, batpak_failure()));
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
  batpak_must(bp_query_init(&query, sizeof query));
  query.limit = 1024;
  double start = bench_now();
  size_t total = read_pages(store, &query, page);
  double rate = (double)total / (bench_now() - start);
  bp_page_free(page);
  batpak_close(store);
  return rate;
}

static double replay(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_page *page = new_page();
  bp_query query;
  batpak_must(bp_query_init(&query, sizeof query));
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
  batpak_close(store);
  return rate;
}

static double verify(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_report *report;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  double start = bench_now();
  batpak_must(bp_store_verify(store, NULL, &report, batpak_failure()));
  double rate = (double)task->events / (bench_now() - start);
  batpak_must(bp_report_verdict(report, &verdict));
  if (verdict.verdict != BP_VERDICT_CONSISTENT) bench_fail("the store is not consistent");
  bp_report_free(report);
  batpak_close(store);
  return rate;
}

/* A child writes and dies; the parent opens what it left. */
static double open_killed(const bench_task *task) {
  pid_t child = fork();
  if (child < 0) bench_fail("no child");
  if (child == 0) {
    batpak_fill(batpak_open(task, BP_WRITTEN, NULL), task->events);
    _exit(0);
  }
  int status;
  if (waitpid(child, &status, 0) != child || status != 0) bench_fail("the child failed");
  double start = bench_now();
  bp_store *store = batpak_open(task, BP_WRITTEN, NULL);
  double milliseconds = (bench_now() - start) * 1e3;
  batpak_close(store);
  return milliseconds;
}

static double memory(const bench_task *task) {
  bp_store *store = open_read_only(task);
  bp_stat stat = {.struct_size = sizeof stat};
  batpak_must(bp_store_stat(store, &stat, batpak_failure()));
  batpak_close(store);
  return (double)stat.index_bytes / (double)stat.events;
}

const bench_peer bench_batpak = {"batpak",
                                 prepare,
                                 {[JOB_DURABLE] = batpak_durable,
                                  [JOB_BATCH] = batpak_batch,
                                  [JOB_WRITTEN] = batpak_written,
                                  [JOB_SIGNED] = batpak_signed,
                                  [JOB_MANY] = batpak_many,
                                  [JOB_GET] = get,
                                  [JOB_SCAN] = scan,
                                  [JOB_REPLAY] = replay,
                                  [JOB_VERIFY] = verify,
                                  [JOB_OPEN_KILLED] = open_killed,
                                  [JOB_MEMORY] = memory}};
