/* Closing while others are inside: a strict close says how many and does nothing; a release lets them finish, refuses new
 * calls, and the last one out closes the store cleanly. */
#include "support/plain.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { INSIDE = 4, ROUNDS = 25 };

typedef struct shared {
  bp_store *store;
  _Atomic int inside;
  _Atomic int may_leave;
  _Atomic int released;
} shared;

static void rest(void) {
  const struct timespec moment = {.tv_nsec = 50000};
  nanosleep(&moment, NULL);
}

/* Stays in the store, calling it again and again. */
static int32_t stay(void *user, const bp_event *event) {
  shared *s = user;
  bp_page *page;
  CHECK(event->status == BP_OK && bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  atomic_fetch_add(&s->inside, 1);
  while (!atomic_load(&s->may_leave)) {
    int released = atomic_load(&s->released);
    bp_status status = bp_store_get(s->store, event->event_id, page, NULL);
    CHECK(status == BP_CLOSED || (status == BP_OK && !released), "a call during the close: %s", bp_status_name(status));
    rest();
  }
  bp_page_free(page);
  return 1;
}

static void *enter(void *user) {
  shared *s = *(shared **)user;
  CHECK(bp_store_fold(s->store, NULL, stay, s, NULL) == 1, "bp_store_fold");
  return NULL;
}

static void start(shared *s, pthread_t *threads, shared **users) {
  atomic_store(&s->inside, 0);
  atomic_store(&s->may_leave, 0);
  atomic_store(&s->released, 0);
  for (size_t i = 0; i < INSIDE; i++) users[i] = s;
  plain_start(threads, INSIDE, enter, users, sizeof users[0]);
  while (atomic_load(&s->inside) < INSIDE) rest();
}

static void close_strictly(shared *s) {
  pthread_t threads[INSIDE];
  shared *users[INSIDE];
  start(s, threads, users);
  for (size_t i = 0; i < 100; i++) {
    bp_error error = {.struct_size = sizeof error};
    CHECK(bp_store_close(s->store, &error) == BP_BUSY, "closed with others inside");
    CHECK(error.actual >= INSIDE && error.actual <= 2 * INSIDE, "%" PRIu64 " inside", error.actual);
  }
  (void)plain_append(s->store, 1, 2, BP_WRITTEN);
  atomic_store(&s->may_leave, 1);
  plain_join(threads, INSIDE);
  plain_close(s->store);
}

static void release_early(shared *s) {
  pthread_t threads[INSIDE];
  shared *users[INSIDE];
  start(s, threads, users);
  bp_store_release(s->store);
  atomic_store(&s->released, 1);
  rest();
  atomic_store(&s->may_leave, 1);
  plain_join(threads, INSIDE);
}

int main(void) {
  static shared s;
  char path[TEMPORARY_PATH_MAX];
  temporary_create(path);
  for (uint64_t round = 0; round < ROUNDS; round++) {
    s.store = plain_open(path, BP_MODE_CREATE, 1 << 20);
    CHECK(round == 0 || plain_stat(s.store).clean_close, "the last close was not clean");
    (void)plain_append(s.store, 0, round, BP_WRITTEN);
    if (round % 2 == 0) {
      close_strictly(&s);
    } else {
      release_early(&s);
    }
  }
  s.store = plain_open(path, BP_MODE_READ_ONLY, 1 << 20);
  CHECK(plain_stat(s.store).clean_close, "the last close was not clean");
  plain_close(s.store);
  temporary_remove(path);
  printf("%d rounds\n", ROUNDS);
  return 0;
}
