/* Fences beside callers, submitters and readers: who appends either is visible or is told of the fence; readers see the whole
 * of a fence or nothing of it; a close, a release and a drop in the middle cancel; batches race fences and lose or win whole. */
/* P-030 */
#include "support/plain.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { APPENDERS = 3, ROUNDS = 40, FENCED = 5, FENCED_ENTITY = 100, BATCH = 3, CLOSES = 24 };

typedef struct shared {
  bp_store *store;
  _Atomic int done;
  _Atomic uint64_t shown;     /* events of committed fences */
  _Atomic uint64_t most;      /* those of the fence that is being committed, too */
} shared;

typedef struct appender {
  shared *shared;
  uint32_t entity;
  uint64_t accepted;
  uint64_t refused;
} appender;

static uint64_t seen_of(const bp_store *store, uint32_t entity, bp_page *page) {
  char name[32];
  bp_query query;
  size_t count;
  CHECK(bp_query_init(&query, sizeof query) == BP_OK, "bp_query_init");
  snprintf(name, sizeof name, "unit:%" PRIu32, entity);
  query.flags = BP_QUERY_ENTITY;
  query.entity = (const uint8_t *)name;
  query.entity_length = strlen(name);
  query.limit = 100000;
  query.max_bytes = (size_t)1 << 30;
  CHECK(bp_store_page(store, &query, page, NULL) == BP_OK, "bp_store_page");
  (void)bp_page_events(page, &count);
  return count;
}

static bp_page *new_page(void) {
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  return page;
}

/* One event, a batch, or a ticket, in turn (V-53). */
static bp_status append(appender *a, uint64_t turn, size_t *count) {
  plain_draft plain[BATCH];
  bp_draft drafts[BATCH];
  bp_ticket *ticket;
  for (size_t i = 0; i < BATCH; i++) {
    plain_draft_of(&plain[i], a->entity, turn, turn % 4 == 0 ? BP_DURABLE : BP_WRITTEN);
    drafts[i] = plain[i].draft;
  }
  *count = turn % 3 == 1 ? BATCH : 1;
  if (turn % 3 == 0) return bp_store_append(a->shared->store, drafts, NULL, NULL);
  if (turn % 3 == 1) return bp_store_append_batch(a->shared->store, drafts, BATCH, NULL, NULL);
  bp_status status = bp_store_submit(a->shared->store, drafts, &ticket, NULL);
  if (status == BP_OK) status = bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL);
  bp_ticket_free(ticket);
  return status;
}

static void *append_all(void *user) {
  appender *a = user;
  for (uint64_t turn = 0; !atomic_load(&a->shared->done); turn++) {
    size_t count;
    bp_status status = append(a, turn, &count);
    CHECK(status == BP_OK || status == BP_FENCE_ACTIVE, "append: %s", bp_status_name(status));
    a->accepted += status == BP_OK ? count : 0;
    a->refused += status != BP_OK;
  }
  return NULL;
}

static void *read_all(void *user) {
  appender *a = user;
  shared *s = a->shared;
  bp_page *page = new_page();
  while (!atomic_load(&s->done)) {
    uint64_t least = atomic_load(&s->shown), seen = seen_of(s->store, FENCED_ENTITY, page), most = atomic_load(&s->most);
    CHECK(seen % FENCED == 0, "a reader sees %" PRIu64 " events of fences of %d", seen, FENCED);
    CHECK(seen >= least && seen <= most, "%" PRIu64 " are seen, %" PRIu64 " to %" PRIu64 " may be", seen, least, most);
    a->accepted++;
  }
  bp_page_free(page);
  return NULL;
}

static void submit_behind(bp_fence *fence, bp_ticket **tickets) {
  plain_draft plain[FENCED];
  bp_draft drafts[FENCED];
  for (size_t i = 0; i < FENCED; i++) {
    plain_draft_of(&plain[i], FENCED_ENTITY, i, BP_WRITTEN);
    drafts[i] = plain[i].draft;
  }
  CHECK(bp_fence_submit(fence, &drafts[0], &tickets[0], NULL) == BP_OK, "bp_fence_submit");
  CHECK(bp_fence_submit_batch(fence, &drafts[1], FENCED - 1, &tickets[1], NULL) == BP_OK, "bp_fence_submit_batch");
}

static void expect(bp_ticket *ticket, bp_status wanted) {
  bp_status status = bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL);
  CHECK(status == wanted, "%s instead of %s", bp_status_name(status), bp_status_name(wanted));
  bp_ticket_free(ticket);
}

static void end_fence(shared *s, bp_fence *fence, int how) {
  if (how == 0) {
    atomic_fetch_add(&s->most, FENCED);
    CHECK(bp_fence_commit(fence, NULL) == BP_OK, "bp_fence_commit");
    atomic_fetch_add(&s->shown, FENCED);
  } else if (how == 1) {
    CHECK(bp_fence_cancel(fence, NULL) == BP_OK, "bp_fence_cancel");
  }
  bp_fence_free(fence);
}

/* Another fence of this thread may still be on its way out. */
static bp_fence *begin(bp_store *store) {
  bp_fence *fence;
  bp_status status;
  while ((status = bp_fence_begin(store, &fence, NULL)) == BP_FENCE_ACTIVE) {
  }
  CHECK(status == BP_OK, "bp_fence_begin: %s", bp_status_name(status));
  return fence;
}

static void race_everybody(const char *path) {
  shared s = {.store = plain_open(path, BP_MODE_CREATE, 1 << 14)};
  appender users[APPENDERS + 1];
  pthread_t threads[APPENDERS], reader;
  bp_page *page = new_page();
  for (uint32_t i = 0; i <= APPENDERS; i++) users[i] = (appender){.shared = &s, .entity = i};
  plain_start(threads, APPENDERS, append_all, users, sizeof users[0]);
  plain_start(&reader, 1, read_all, &users[APPENDERS], sizeof users[0]);
  for (int round = 0; round < ROUNDS; round++) {
    bp_ticket *tickets[2];
    bp_fence *fence = begin(s.store);
    submit_behind(fence, tickets);
    end_fence(&s, fence, round % 3);
    for (size_t i = 0; i < 2; i++) expect(tickets[i], round % 3 == 0 ? BP_OK : BP_FENCE_CANCELLED);
  }
  atomic_store(&s.done, 1);
  plain_join(threads, APPENDERS);
  plain_join(&reader, 1);
  uint64_t refused = 0;
  for (uint32_t i = 0; i < APPENDERS; i++) {
    CHECK(seen_of(s.store, i, page) == users[i].accepted, "an appender's events are not those that it was told of");
    refused += users[i].refused;
  }
  plain_close(s.store);
  s.store = plain_open(path, BP_MODE_READ_ONLY, 1 << 14);
  CHECK(seen_of(s.store, FENCED_ENTITY, page) == atomic_load(&s.shown), "another number after a close");
  plain_close(s.store);
  bp_page_free(page);
  printf("%d fences, %" PRIu64 " appends refused, %" PRIu64 " looks\n", ROUNDS, refused, users[APPENDERS].accepted);
}

/* --- the store goes while the fence is used */

typedef struct holder {
  bp_fence *fence;
  _Atomic int started;
} holder;

/* Until the fence is over. */
static void *use_fence(void *user) {
  holder *h = user;
  for (;;) {
    plain_draft plain;
    bp_ticket *ticket;
    plain_draft_of(&plain, FENCED_ENTITY, 1, BP_WRITTEN);
    bp_status status = bp_fence_submit(h->fence, &plain.draft, &ticket, NULL);
    atomic_store(&h->started, 1);
    if (status == BP_OK) expect(ticket, BP_FENCE_CANCELLED);
    if (status == BP_FENCE_NOT_ACTIVE || status == BP_CLOSED) break;
    CHECK(status == BP_OK, "bp_fence_submit: %s", bp_status_name(status));
  }
  bp_fence_free(h->fence);
  return NULL;
}

static void close_under_fences(const char *path) {
  for (int round = 0; round < CLOSES; round++) {
    holder h = {.started = 0};
    pthread_t thread;
    bp_store *store = plain_open(path, BP_MODE_CREATE, 1 << 14);
    h.fence = begin(store);
    plain_start(&thread, 1, use_fence, &h, 0);
    while (!atomic_load(&h.started)) {
    }
    if (round % 2 == 0) {
      bp_store_release(store);
    } else {
      bp_status status;
      while ((status = bp_store_close(store, NULL)) == BP_BUSY) {
      }
      CHECK(status == BP_OK, "bp_store_close: %s", bp_status_name(status));
    }
    plain_join(&thread, 1);
    store = plain_open(path, BP_MODE_CREATE, 1 << 14);
    CHECK(plain_stat(store).clean_close, "the close was not clean");
    plain_close(store);
  }
}

int main(void) {
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  race_everybody(path);
  close_under_fences(path);
  temporary_remove(path);
  return 0;
}
