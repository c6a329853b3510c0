/* Batches beside other writers and readers.  A reader sees all of a batch or nothing; where segments hold next to nothing and
 * others append, submit and flush meanwhile, nothing is lost, no number is left out, and each batch lies together in one
 * segment.  13.3 atomic_batch, chaos_testing, group_commit_crash, store_edge_cases. */
/* P-010, P-018, P-022, P-028, P-029, P-076 */
#include "support/plain.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BASE = 10, SEVENS = 50, SEVEN = 7, READERS = 3 };
enum { WRITERS = 4, TURNS = 36, ITEMS = 5, SHARED_ENTITY = 50, MOST = WRITERS * TURNS * ITEMS + 64 };

/* The events of the test, in the order of the store; freed with the page. */
static const bp_event *events_of(const bp_store *store, bp_page *page, size_t *count) {
  bp_query query;
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  query.kind_filter = BP_KIND_EXACT;
  query.kind = PLAIN_KIND;
  query.limit = 1000000;
  query.max_bytes = (size_t)1 << 30;
  CHECK(bp_store_page(store, &query, page, NULL) == BP_OK, "bp_store_page");
  return bp_page_events(page, count);
}

static bp_page *new_page(void) {
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  return page;
}

/* --- readers under batches of seven */

typedef struct sevens {
  bp_store *store;
  _Atomic int done;
  _Atomic uint64_t looks;
} sevens;

static void *read_sevens(void *user) {
  sevens *s = *(sevens **)user;
  bp_page *page = new_page();
  size_t count, before = BASE;
  do {
    (void)events_of(s->store, page, &count);
    CHECK(count >= before && (count - BASE) % SEVEN == 0, "%zu events", count);
    before = count;
    atomic_fetch_add(&s->looks, 1);
  } while (!atomic_load(&s->done) || before < BASE + SEVENS * SEVEN);
  bp_page_free(page);
  return NULL;
}

static uint64_t append_sevens(const char *path) {
  static sevens s;
  sevens *users[READERS] = {&s, &s, &s};
  pthread_t readers[READERS];
  plain_draft plain[SEVEN];
  bp_draft drafts[SEVEN];
  s.store = plain_open(path, BP_MODE_CREATE, 1 << 20);
  for (uint64_t i = 0; i < BASE; i++) (void)plain_append(s.store, 1, i, BP_WRITTEN);
  plain_start(readers, READERS, read_sevens, users, sizeof users[0]);
  for (uint64_t batch = 0; batch < SEVENS; batch++) {
    for (uint32_t i = 0; i < SEVEN; i++) {
      plain_draft_of(&plain[i], i % 3, batch, BP_WRITTEN);
      drafts[i] = plain[i].draft;
    }
    CHECK(bp_store_append_batch(s.store, drafts, SEVEN, NULL, NULL) == BP_OK, "append_batch");
  }
  atomic_store(&s.done, 1);
  plain_join(readers, READERS);
  plain_close(s.store);
  return atomic_load(&s.looks);
}

/* --- everything at once, in segments of one event */

typedef struct writer {
  bp_store *store;
  uint32_t thread;
  _Atomic int *done;
} writer;

/* A batch over an entity of its own and one that all share, marked by its correlation. */
static void append_marked(const writer *w, uint64_t turn) {
  plain_draft plain[ITEMS];
  bp_draft drafts[ITEMS];
  for (uint32_t i = 0; i < ITEMS; i++) {
    plain_draft_of(&plain[i], i % 2 == 0 ? SHARED_ENTITY : w->thread, turn, BP_WRITTEN);
    drafts[i] = plain[i].draft;
    drafts[i].given = BP_GIVEN_CORRELATION;
    memset(drafts[i].correlation_id, 0xbb, 16);
    drafts[i].correlation_id[0] = (uint8_t)w->thread;
    drafts[i].correlation_id[1] = (uint8_t)turn;
  }
  CHECK(bp_store_append_batch(w->store, drafts, ITEMS, NULL, NULL) == BP_OK, "append_batch");
}

static void *write_all(void *user) {
  const writer *w = user;
  plain_draft plain;
  bp_ticket *ticket;
  for (uint64_t turn = 0; turn < TURNS; turn++) {
    if (turn % 3 == 0) {
      append_marked(w, turn);
    } else if (turn % 3 == 1) {
      (void)plain_append(w->store, turn % 2 == 0 ? SHARED_ENTITY : w->thread, turn, turn % 4 == 1 ? BP_DURABLE : BP_WRITTEN);
    } else {
      plain_draft_of(&plain, SHARED_ENTITY, turn, BP_WRITTEN);
      CHECK(bp_store_submit(w->store, &plain.draft, &ticket, NULL) == BP_OK, "submit");
      bp_ticket_free(ticket);
    }
  }
  return NULL;
}

static void *sync_along(void *user) {
  const writer *w = user;
  while (!atomic_load(w->done)) CHECK(bp_store_sync(w->store, NULL) == BP_OK, "sync");
  return NULL;
}

static int is_marked(const bp_event *event) { return event->correlation_id[15] == 0xbb && event->correlation_id[2] == 0xbb; }

static void check_clock(const bp_event *event) {
  static char names[WRITERS + 1][32];
  static uint32_t clocks[WRITERS + 1];
  if (event->sequence == 1) memset(names, 0, sizeof names), memset(clocks, 0, sizeof clocks);
  size_t at = 0;
  while (names[at][0] != 0 && (strlen(names[at]) != event->entity_length || memcmp(names[at], event->entity, event->entity_length) != 0)) at++;
  CHECK(at <= WRITERS, "an entity that nobody wrote");
  if (names[at][0] == 0) memcpy(names[at], event->entity, event->entity_length);
  CHECK(event->clock == clocks[at]++, "%s: clock %u", names[at], event->clock);
}

static void check_all(const bp_store *store, size_t wanted) {
  size_t count;
  bp_page *page = new_page();
  const bp_event *events = events_of(store, page, &count);
  CHECK(count == wanted, "%zu events instead of %zu", count, wanted);
  for (size_t i = 0; i < count; i++) {
    CHECK(events[i].status == BP_OK && events[i].sequence == i + 1, "event %zu has sequence %" PRIu64, i, events[i].sequence);
    check_clock(&events[i]);
  }
  for (size_t i = 0; i < count; i += is_marked(&events[i]) ? ITEMS : 1) {
    for (size_t k = 0; is_marked(&events[i]) && k < ITEMS; k++) {
      CHECK(i + k < count && memcmp(events[i + k].correlation_id, events[i].correlation_id, 16) == 0 &&
                events[i + k].segment_id == events[i].segment_id,
            "the batch at sequence %" PRIu64 " is torn apart", events[i].sequence);
    }
  }
  bp_page_free(page);
}

static void write_at_once(const char *path) {
  static _Atomic int done;
  writer writers[WRITERS + 1];
  pthread_t syncing;
  bp_store *store = plain_open(path, BP_MODE_CREATE, 256);
  for (uint32_t i = 0; i <= WRITERS; i++) writers[i] = (writer){store, i, &done};
  plain_start(&syncing, 1, sync_along, &writers[WRITERS], sizeof writers[0]);
  plain_run(WRITERS, write_all, writers, sizeof writers[0]);
  atomic_store(&done, 1);
  plain_join(&syncing, 1);
  plain_close(store);  /* commits what was submitted */
  store = plain_open(path, BP_MODE_READ_ONLY, 256);
  check_all(store, WRITERS * (TURNS / 3) * (ITEMS + 2));
  CHECK(plain_stat(store).segments > WRITERS * TURNS / 3, "few segments");
  plain_close(store);
}

int main(void) {
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  uint64_t looks = append_sevens(path);
  temporary_remove(path);
  temporary_create(path);
  write_at_once(path);
  temporary_remove(path);
  printf("%" PRIu64 " looks at %d batches, %d writers\n", looks, SEVENS, WRITERS);
  return 0;
}
