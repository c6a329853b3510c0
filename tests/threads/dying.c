/* Threads that die in the middle of their work.  Cancelled: nothing of the library is a point of cancellation, so a call
 * that has begun ends as it would, and the thread dies afterwards.  Ended by its own clock (pthread_exit, or a cancel that
 * the clock lets through) while it leads: its call has done nothing, and the next caller takes over. */
/* P-102 */
#include "support/plain.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { FOLLOWERS = 4, ROUNDS = 5 };

typedef struct shared {
  char path[TEMPORARY_PATH_MAX];
  bp_store *store;
  _Atomic int armed;    /* the next one that reads the clock */
  void (*strike)(struct shared *s);
  _Atomic int returned; /* calls that came back */
  sem_t in_clock;
  sem_t may_go;
} shared;

static void check_cancelled(pthread_t thread) {
  void *end;
  CHECK(pthread_join(thread, &end) == 0 && end == PTHREAD_CANCELED, "the thread was not cancelled");
}

/* The cancel is pending when the call begins: its first point of cancellation would be its end. */
static void cancel_myself(void) { CHECK(pthread_cancel(pthread_self()) == 0, "pthread_cancel"); }

static void die_afterwards(shared *s) {
  atomic_fetch_add(&s->returned, 1);
  pthread_testcancel();
  check_failed(__FILE__, __LINE__, "the cancel was lost");
}

/* ---------------------------------------------------------------------------------------------- cancelled in a call -- */

static void *lead_cancelled(void *user) {
  shared *s = user;
  cancel_myself();
  (void)plain_append(s->store, 0, 1, BP_DURABLE);
  die_afterwards(s);
  return NULL;
}

static void *read_cancelled(void *user) {
  shared *s = user;
  bp_page *page;
  CHECK(bp_page_new(&page, NULL) == BP_OK, "bp_page_new");
  cancel_myself();
  CHECK(bp_store_page(s->store, NULL, page, NULL) == BP_OK, "bp_store_page");
  bp_page_free(page);
  die_afterwards(s);
  return NULL;
}

static void *open_cancelled(void *user) {
  shared *s = user;
  cancel_myself();
  s->store = plain_open(s->path, BP_MODE_CREATE, 1 << 20);
  plain_close(s->store);
  die_afterwards(s);
  return NULL;
}

static void run_cancelled(shared *s, void *(*run)(void *)) {
  pthread_t thread;
  int returned = atomic_load(&s->returned);
  CHECK(pthread_create(&thread, NULL, run, s) == 0, "no thread");
  check_cancelled(thread);
  CHECK(atomic_load(&s->returned) == returned + 1, "the call did not come back");
}

static void cancels_wait_for_the_end_of_the_call(shared *s) {
  run_cancelled(s, open_cancelled);
  s->store = plain_open(s->path, BP_MODE_CREATE, 1);
  run_cancelled(s, lead_cancelled);
  run_cancelled(s, read_cancelled);
  run_cancelled(s, lead_cancelled);
  (void)plain_append(s->store, 0, 2, BP_DURABLE);
  plain_close(s->store);
}

/* ---------------------------------------------------------------------------------------------- a clock that strikes -- */

static int64_t clock_now(void *user) {
  shared *s = user;
  if (atomic_exchange(&s->armed, 0)) s->strike(s);
  return 1700000000000000;
}

static void open_with_clock(shared *s) {
  bp_config config;
  CHECK(bp_config_init(&config, sizeof config) == BP_OK, "bp_config_init");
  config.clock = clock_now;
  config.clock_user = s;
  s->store = plain_open_with(s->path, &config);
}

static void hold_up(shared *s) {
  CHECK(sem_post(&s->in_clock) == 0 && sem_wait(&s->may_go) == 0, "semaphores");
}

static void *lead(void *user) {
  shared *s = user;
  (void)plain_append(s->store, 0, 3, BP_DURABLE);
  atomic_fetch_add(&s->returned, 1);
  return NULL;
}

static void *follow_cancelled(void *user) { return lead_cancelled(user); }

/* Somebody leads and is held up; the others wait for it. */
static void begin_with_leader(shared *s, pthread_t *leader, void (*strike)(shared *s)) {
  s->strike = strike;
  atomic_store(&s->returned, 0);
  atomic_store(&s->armed, 1);
  CHECK(pthread_create(leader, NULL, lead, s) == 0, "no thread");
  CHECK(sem_wait(&s->in_clock) == 0, "sem_wait");
}

static void rest(void) {
  const struct timespec moment = {.tv_nsec = 20000000};
  nanosleep(&moment, NULL);
}

static void those_who_wait_may_be_cancelled(shared *s) {
  pthread_t leader, followers[FOLLOWERS];
  open_with_clock(s);
  begin_with_leader(s, &leader, hold_up);
  for (size_t i = 0; i < FOLLOWERS; i++) {
    CHECK(pthread_create(&followers[i], NULL, follow_cancelled, s) == 0, "no thread");
  }
  rest();
  CHECK(sem_post(&s->may_go) == 0, "sem_post");
  for (size_t i = 0; i < FOLLOWERS; i++) check_cancelled(followers[i]);
  CHECK(pthread_join(leader, NULL) == 0 && atomic_load(&s->returned) == 1 + FOLLOWERS, "not all calls came back");
  plain_close(s->store);
}

static void exit_thread(shared *s) {
  hold_up(s);
  pthread_exit(PTHREAD_CANCELED);
}

static void let_cancel_through(shared *s) {
  hold_up(s);
  cancel_myself();
  pthread_testcancel();
}

/* The dead one's event is not there, those of the others are, and nobody is left inside. */
static void the_next_caller_takes_over(shared *s, void (*strike)(shared *s)) {
  pthread_t leader, followers[FOLLOWERS];
  open_with_clock(s);
  uint64_t events = plain_stat(s->store).events;
  begin_with_leader(s, &leader, strike);
  for (size_t i = 0; i < FOLLOWERS; i++) CHECK(pthread_create(&followers[i], NULL, lead, s) == 0, "no thread");
  rest();
  CHECK(sem_post(&s->may_go) == 0, "sem_post");
  check_cancelled(leader);
  plain_join(followers, FOLLOWERS);
  CHECK(atomic_load(&s->returned) == FOLLOWERS, "not all calls came back");
  CHECK(plain_stat(s->store).events == events + FOLLOWERS, "another number of events");
  plain_close(s->store);
}

/* The store's own thread leads, and another one takes its place; `closes` while it dies. */
static void the_stores_thread_is_replaced(shared *s, int closes) {
  enum { TICKETS = 3 };
  bp_ticket *tickets[TICKETS];
  plain_draft plain;
  open_with_clock(s);
  uint64_t events = plain_stat(s->store).events;
  s->strike = exit_thread;
  atomic_store(&s->armed, 1);
  plain_draft_of(&plain, 0, 5, BP_DURABLE);
  for (size_t i = 0; i < TICKETS; i++) {
    CHECK(bp_store_submit(s->store, &plain.draft, &tickets[i], NULL) == BP_OK, "bp_store_submit");
    if (i == 0) CHECK(sem_wait(&s->in_clock) == 0, "sem_wait");
  }
  CHECK(sem_post(&s->may_go) == 0, "sem_post");
  if (closes) plain_close(s->store);
  CHECK(bp_ticket_wait(tickets[0], BP_WAIT_FOREVER, NULL) == BP_STOPPED, "a call without its thread");
  for (size_t i = 1; i < TICKETS; i++) CHECK(bp_ticket_wait(tickets[i], BP_WAIT_FOREVER, NULL) == BP_OK, "a ticket");
  for (size_t i = 0; i < TICKETS; i++) bp_ticket_free(tickets[i]);
  if (closes) open_with_clock(s);
  uint64_t own = closes ? 2 : 0; /* close and open */
  CHECK(plain_stat(s->store).events == events + TICKETS - 1 + own, "another number of events");
  plain_close(s->store);
}

/* With nobody behind it. */
static void the_store_goes_on_alone(shared *s) {
  pthread_t leader;
  open_with_clock(s);
  begin_with_leader(s, &leader, exit_thread);
  CHECK(sem_post(&s->may_go) == 0, "sem_post");
  check_cancelled(leader);
  (void)plain_append(s->store, 0, 4, BP_DURABLE);
  plain_close(s->store);
}

int main(void) {
  static shared s;
  CHECK(sem_init(&s.in_clock, 0, 0) == 0 && sem_init(&s.may_go, 0, 0) == 0, "sem_init");
  temporary_create(s.path);
  cancels_wait_for_the_end_of_the_call(&s);
  those_who_wait_may_be_cancelled(&s);
  for (size_t i = 0; i < ROUNDS; i++) {
    the_next_caller_takes_over(&s, exit_thread);
    the_next_caller_takes_over(&s, let_cancel_through);
    the_store_goes_on_alone(&s);
    the_stores_thread_is_replaced(&s, 0);
    the_stores_thread_is_replaced(&s, 1);
  }
  temporary_remove(s.path);
  puts("threads die and leave the store as it should be");
  return 0;
}
