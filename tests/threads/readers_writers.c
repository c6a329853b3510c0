/* Readers beside writers: whoever reads sees a prefix of the history, with everything that was acknowledged before, and
 * where all is durable nothing that is not on the disk yet. */
/* P-031, P-070 */
#include "support/plain.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { WRITERS = 3, READERS = 3, EVENTS = 150 };

typedef struct shared {
  bp_store *store;
  _Atomic uint64_t acknowledged; /* every sequence below was */
  _Atomic uint32_t writing;
  _Atomic uint64_t looks;
  uint8_t first_id[16];          /* of an event that is there from the start */
} shared;

typedef struct worker {
  shared *shared;
  uint32_t thread;
} worker;

static void *append_all(void *user) {
  const worker *w = user;
  for (uint64_t number = 0; number < EVENTS; number++) {
    bp_receipt receipt = plain_append(w->shared->store, w->thread, number, BP_DURABLE);
    /* What was committed before this event was acknowledged no later than published, so all below is to be seen. */
    uint64_t known = atomic_load(&w->shared->acknowledged);
    while (known < receipt.sequence + 1 &&
           !atomic_compare_exchange_weak(&w->shared->acknowledged, &known, receipt.sequence + 1)) {
    }
  }
  atomic_fetch_sub(&w->shared->writing, 1);
  return NULL;
}

static uint64_t read_all(const shared *s, bp_page *page) {
  bp_query query;
  size_t count;
  uint64_t next = 0;
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  query.limit = 64;
  do {
    CHECK(bp_store_page(s->store, &query, page, NULL) == BP_OK, "bp_store_page");
    const bp_event *events = bp_page_events(page, &count);
    for (size_t i = 0; i < count; i++, next++) {
      CHECK(events[i].sequence == next, "a hole: sequence %" PRIu64 " where %" PRIu64 " should be", events[i].sequence, next);
      CHECK(events[i].status == BP_OK, "sequence %" PRIu64 " cannot be read", next);
    }
    query.flags = BP_QUERY_AFTER;
    query.after = next - 1;
  } while (bp_page_more(page));
  return next;
}

typedef struct chain {
  uint32_t next;
  uint64_t count;
} chain;

static int32_t follow(void *user, const bp_event *event) {
  chain *c = user;
  CHECK(event->clock == c->next && plain_number(event) == event->clock, "the chain of an entity has a hole");
  c->next++;
  c->count++;
  return 0;
}

static void fold_one(const shared *s, uint32_t entity) {
  plain_draft plain;
  bp_query query;
  chain c = {0, 0};
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  plain_draft_of(&plain, entity, 0, BP_DURABLE);
  query.flags = BP_QUERY_ENTITY;
  query.entity = plain.draft.entity;
  query.entity_length = plain.draft.entity_length;
  query.limit = SIZE_MAX;
  CHECK(bp_store_fold(s->store, &query, follow, &c, NULL) == BP_OK, "bp_store_fold");
}

static void *read_until_done(void *user) {
  const worker *w = user;
  shared *s = w->shared;
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  int more;
  do {
    more = atomic_load(&s->writing) > 0;
    uint64_t promised = atomic_load(&s->acknowledged), seen = read_all(s, page);
    CHECK(seen >= promised, "%" PRIu64 " events seen, %" PRIu64 " acknowledged", seen, promised);
    CHECK(plain_stat(s->store).durable_sequence >= seen, "an event was seen before it was durable");
    CHECK(bp_store_get(s->store, s->first_id, page, NULL) == BP_OK, "bp_store_get");
    fold_one(s, w->thread % WRITERS);
    atomic_fetch_add(&s->looks, 1);
  } while (more);
  bp_page_free(page);
  return NULL;
}

int main(void) {
  static shared s;
  worker writers[WRITERS], readers[READERS];
  pthread_t threads[WRITERS + READERS];
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  s.store = plain_open(path, BP_MODE_CREATE, 1 << 14);
  bp_receipt first = plain_append(s.store, WRITERS, 0, BP_DURABLE);
  memcpy(s.first_id, first.event_id, sizeof s.first_id);
  atomic_store(&s.writing, WRITERS);
  for (uint32_t i = 0; i < WRITERS; i++) writers[i] = (worker){&s, i};
  for (uint32_t i = 0; i < READERS; i++) readers[i] = (worker){&s, i};
  plain_start(threads, WRITERS, append_all, writers, sizeof writers[0]);
  plain_start(threads + WRITERS, READERS, read_until_done, readers, sizeof readers[0]);
  plain_join(threads, WRITERS + READERS);
  plain_close(s.store);
  temporary_remove(path);
  printf("%d events, %" PRIu64 " looks\n", WRITERS * EVENTS, atomic_load(&s.looks));
  return 0;
}
