/* A forked child has a handle that is not its own: every call says so, a release closes descriptors and nothing else, and
 * the parent goes on as if nothing had been. */
#include "support/plain.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct shared {
  bp_store *store;
  _Atomic int done;
  uint64_t appended;
  uint64_t submitted;
} shared;

/* The allocator of a sanitizer does not survive a fork in the middle of an allocation, as that of the C library does.  So
 * the store allocates under a lock that is held while the process forks. */
static pthread_mutex_t allocating = PTHREAD_MUTEX_INITIALIZER;

static void *reallocate_locked(void *user, void *block, size_t old_size, size_t new_size) {
  (void)user;
  (void)old_size;
  void *answer = NULL;
  pthread_mutex_lock(&allocating);
  if (new_size == 0) {
    free(block);
  } else {
    answer = realloc(block, new_size);
  }
  pthread_mutex_unlock(&allocating);
  return answer;
}

static bp_store *open_parent(const char *path, uint32_t mode) {
  bp_config config;
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  config.mode = mode;
  config.segment_max_bytes = 1 << 16;
  config.reallocate = reallocate_locked;
  return plain_open_with(path, &config);
}

static void *append_meanwhile(void *user) {
  shared *s = user;
  while (!atomic_load(&s->done)) (void)plain_append(s->store, 0, s->appended++, BP_WRITTEN);
  return NULL;
}

static void count_it(void *user) { (void)atomic_fetch_add((_Atomic int *)user, 1); }

static void never(void *user) {
  (void)user;
  CHECK(0, "told in a child");
}

static void call_on_ticket(bp_ticket *ticket) {
  int32_t descriptor;
  size_t count;
  CHECK(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL) == BP_FORKED, "ticket_wait");
  CHECK(bp_ticket_descriptor(ticket, &descriptor, NULL) == BP_FORKED, "ticket_descriptor");
  CHECK(bp_ticket_notify(ticket, never, NULL, NULL) == BP_FORKED, "ticket_notify");
  CHECK(bp_ticket_notify(ticket, NULL, NULL, NULL) == BP_FORKED, "ticket_notify of nobody");
  CHECK(bp_ticket_receipts(ticket, &count) == NULL && count == 0, "ticket_receipts");
  bp_ticket_free(ticket);
}

static void call_everything(bp_store *store, bp_page *page) {
  static const uint8_t id[16];
  plain_draft plain;
  bp_report *report;
  size_t accepted;
  bp_stat stat = {.struct_size = sizeof stat};
  bp_pressure pressure = {.struct_size = sizeof pressure};
  bp_ticket *ticket;
  bp_frontier frontier = {.struct_size = sizeof frontier};
  const bp_point origin = {0, 0};
  plain_draft_of(&plain, 0, 0, BP_DURABLE);
  CHECK(bp_store_append(store, &plain.draft, NULL, NULL) == BP_FORKED, "append");
  CHECK(bp_store_append_many(store, &plain.draft, 1, NULL, &accepted, NULL) == BP_FORKED, "append_many");
  CHECK(bp_store_submit(store, &plain.draft, &ticket, NULL) == BP_FORKED && ticket == NULL, "submit");
  CHECK(bp_store_submit_batch(store, &plain.draft, 1, &ticket, NULL) == BP_FORKED, "submit_batch");
  CHECK(bp_store_await(store, BP_WATERMARK_DURABLE, &origin, &ticket, NULL) == BP_FORKED && ticket == NULL, "await");
  CHECK(bp_store_pressure(store, &pressure, NULL) == BP_FORKED, "pressure");
  CHECK(bp_store_sync(store, NULL) == BP_FORKED, "sync");
  CHECK(bp_store_page(store, NULL, page, NULL) == BP_FORKED, "page");
  CHECK(bp_store_get(store, id, page, NULL) == BP_FORKED, "get");
  CHECK(bp_store_walk(store, id, 1, page, NULL) == BP_FORKED, "walk");
  CHECK(bp_store_verify(store, NULL, &report, NULL) == BP_FORKED, "verify");
  CHECK(bp_store_open_report(store, &report, NULL) == BP_FORKED, "open_report");
  CHECK(bp_store_stat(store, &stat, NULL) == BP_FORKED, "stat");
  CHECK(bp_store_frontier(store, &frontier, NULL) == BP_FORKED, "frontier");
  CHECK(bp_store_wait(store, BP_WATERMARK_DURABLE, &origin, BP_WAIT_FOREVER, NULL) == BP_FORKED, "wait");
  CHECK(bp_store_close(store, NULL) == BP_FORKED, "close");
}

static bp_status try_open(const char *path) {
  bp_config config;
  bp_store *store;
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  return bp_store_open(path, &config, &store, NULL);
}

static bp_ticket *submit(shared *s) {
  plain_draft plain;
  bp_ticket *ticket;
  plain_draft_of(&plain, 1, s->submitted++, BP_WRITTEN);
  CHECK(bp_store_submit(s->store, &plain.draft, &ticket, NULL) == BP_OK, "submit");
  return ticket;
}

/* With a ticket that the store's thread, which the child has not, may be deciding at that moment. */
static void in_a_child(shared *s, bp_store *store, bp_page *page, const char *path) {
  static _Atomic int told;
  bp_ticket *ticket = submit(s);
  atomic_store(&told, 0);
  CHECK(bp_ticket_notify(ticket, count_it, &told, NULL) == BP_OK, "bp_ticket_notify");
  fflush(NULL);
  pthread_mutex_lock(&allocating);
  pid_t child = fork();
  pthread_mutex_unlock(&allocating);
  int status;
  CHECK(child >= 0, "fork: %s", strerror(errno));
  if (child == 0) {
    if (store != NULL) {
      call_on_ticket(ticket);
      call_everything(store, page);
      bp_store_release(store);
    }
    CHECK(try_open(path) == BP_LOCKED, "the lock of the parent is gone");
    _exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0, "the child failed: %d", status);
  CHECK(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL) == BP_OK, "the parent's ticket");
  CHECK(bp_ticket_notify(ticket, NULL, NULL, NULL) == BP_OK && atomic_load(&told) == 1, "the parent is told");
  bp_ticket_free(ticket);
}

int main(void) {
  static shared s;
  pthread_t thread;
  bp_page *page;
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  s.store = open_parent(path, BP_MODE_CREATE);
  in_a_child(&s, s.store, page, path);
  in_a_child(&s, NULL, page, path);
  /* The same while another thread of the parent is in the middle of things. */
  plain_start(&thread, 1, append_meanwhile, &s, 0);
  for (size_t i = 0; i < 10; i++) in_a_child(&s, s.store, page, path);
  atomic_store(&s.done, 1);
  plain_join(&thread, 1);
  (void)plain_append(s.store, 0, s.appended, BP_DURABLE);
  plain_close(s.store);
  s.store = open_parent(path, BP_MODE_READ_ONLY);
  CHECK(plain_stat(s.store).clean_close && plain_stat(s.store).events == s.appended + s.submitted + 3, "the parent's store has changed");
  plain_close(s.store);
  bp_page_free(page);
  temporary_remove(path);
  printf("12 children\n");
  return 0;
}
