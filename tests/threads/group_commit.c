/* Sixteen writers at once, durable and written: every receipt has a number of its own, the numbers have no hole, each
 * thread's events keep its order, and callers share flushes. */
/* P-018 */
#include "store/store_internal.h"
#include "support/plain.h"
#include "sys/system.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WRITERS = 16, EVENTS = 40, ALL = WRITERS * EVENTS };

typedef struct writer {
  bp_store *store;
  uint32_t thread;
  bp_receipt receipts[EVENTS];
} writer;

/* Whoever shares a flush must come while one is under way, so each waits until every writer that is not done is in line. */
static _Atomic int living;
static _Atomic(bp_store *) watched;

static int in_line(bp_store *store) {
  int count = 0;
  bpi_mutex_lock(&store->commit_lock);
  for (const bpi_request *request = store->queue.first; request != NULL; request = request->next) count++;
  bpi_mutex_unlock(&store->commit_lock);
  return count;
}

static int sync_when_all_are_in_line(void *context, int file, int data_only) {
  while (atomic_load(&living) > 0 && in_line(atomic_load(&watched)) < atomic_load(&living)) sched_yield();
  return bpi_system_real()->file_sync(context, file, data_only);
}

static bp_store *open_store(const char *path) {
  static bp_system system;
  bp_config config;
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  system = *bpi_system_real();
  system.file_sync = sync_when_all_are_in_line;
  config.system = &system;
  config.segment_max_bytes = 1 << 15;
  return plain_open_with(path, &config);
}

static int asks_for_durable(uint32_t thread, uint64_t number) { return (thread + number) % 4 != 0; }

static void *append_all(void *user) {
  writer *w = user;
  for (uint64_t number = 0; number < EVENTS; number++) {
    uint8_t durability = asks_for_durable(w->thread, number) ? BP_DURABLE : BP_WRITTEN;
    w->receipts[number] = plain_append(w->store, w->thread, number, durability);
  }
  atomic_fetch_sub(&living, 1);
  return NULL;
}

static void check_receipts(const writer *writers, uint64_t first) {
  static uint8_t taken[ALL];
  for (size_t t = 0; t < WRITERS; t++) {
    for (size_t i = 0; i < EVENTS; i++) {
      uint64_t place = writers[t].receipts[i].sequence - first;
      CHECK(place < ALL && !taken[place], "sequence %" PRIu64 " is out of place or given twice", place + first);
      taken[place] = 1;
      CHECK(i == 0 || writers[t].receipts[i - 1].sequence < writers[t].receipts[i].sequence, "thread %zu: out of order", t);
    }
  }
}

static void check_store(const bp_store *store, const writer *writers) {
  bp_page *page;
  size_t count;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  for (size_t t = 0; t < WRITERS; t++) {
    for (size_t i = 0; i < EVENTS; i++) {
      const bp_receipt *receipt = &writers[t].receipts[i];
      CHECK(bp_store_get(store, receipt->event_id, page, NULL) == BP_OK, "an acknowledged event is not there");
      const bp_event *event = bp_page_events(page, &count);
      CHECK(count == 1 && event->sequence == receipt->sequence && event->clock == i && plain_number(event) == i,
            "thread %zu: event %zu is another one", t, i);
    }
  }
  bp_page_free(page);
}

int main(void) {
  static writer writers[WRITERS];
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  bp_store *store = open_store(path);
  for (uint32_t i = 0; i < WRITERS; i++) writers[i] = (writer){.store = store, .thread = i};
  bp_stat before = plain_stat(store);
  atomic_store(&watched, store);
  atomic_store(&living, WRITERS);
  plain_run(WRITERS, append_all, writers, sizeof writers[0]);
  bp_stat after = plain_stat(store);
  check_receipts(writers, before.last_sequence + 1);
  check_store(store, writers);
  uint64_t syncs = after.syncs - before.syncs;
  CHECK(syncs < ALL / 2, "%" PRIu64 " flushes for %d events: nobody shares", syncs, ALL);
  plain_close(store);
  store = plain_open(path, BP_MODE_READ_ONLY, 1 << 15);
  check_store(store, writers);
  plain_close(store);
  temporary_remove(path);
  printf("%d events, %" PRIu64 " writes, %" PRIu64 " flushes\n", ALL, after.writes - before.writes, syncs);
  return 0;
}
