/* Locks keep their word, random bytes are nobody else's, and the simulated system takes calls from many threads. */
#include "support/sim.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>


enum { THREADS = 4, ROUNDS = 2000 };

static void run(void *(*body)(void *), void *user) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) assert(pthread_create(&threads[i], NULL, body, user) == 0);
  for (int i = 0; i < THREADS; i++) assert(pthread_join(threads[i], NULL) == 0);
}

/* ----------------------------------------------------------------------------------------------------------- locks -- */

typedef struct queue {
  bpi_mutex mutex;
  bpi_condition changed;
  int filled;
  int passed;
} queue;

static void *pass_on(void *user) {
  queue *q = (queue *)user;
  for (int i = 0; i < ROUNDS; i++) {
    bpi_mutex_lock(&q->mutex);
    while (q->filled == THREADS) bpi_condition_wait(&q->changed, &q->mutex);
    q->filled++;
    bpi_condition_wake_all(&q->changed);
    bpi_mutex_unlock(&q->mutex);
    bpi_mutex_lock(&q->mutex);
    while (q->filled == 0) bpi_condition_wait(&q->changed, &q->mutex);
    q->filled--;
    q->passed++;
    bpi_condition_wake_one(&q->changed);
    bpi_mutex_unlock(&q->mutex);
  }
  return NULL;
}

static void conditions_wake(void) {
  queue q = {.filled = 0};
  assert(bpi_mutex_init(&q.mutex) == 0 && bpi_condition_init(&q.changed) == 0);
  run(pass_on, &q);
  assert(q.filled == 0 && q.passed == THREADS * ROUNDS);
  bpi_condition_free(&q.changed);
  bpi_mutex_free(&q.mutex);
}

typedef struct pair {
  bpi_rwlock lock;
  _Atomic int stop;
  _Atomic int reading; /* readers under way */
  int first, second; /* equal whenever nobody writes */
} pair;

static void *read_pair(void *user) {
  pair *p = (pair *)user;
  atomic_fetch_add(&p->reading, 1);
  while (!atomic_load(&p->stop)) {
    bpi_rwlock_read(&p->lock);
    assert(p->first == p->second);
    bpi_rwlock_unlock(&p->lock);
  }
  return NULL;
}

/* Readers hold the lock almost without a gap.  A lock that prefers them would keep the writer out for ever. */
static void writers_are_not_kept_out(void) {
  pair p = {.first = 0};
  pthread_t readers[THREADS];
  assert(bpi_rwlock_init(&p.lock) == 0);
  for (int i = 0; i < THREADS; i++) assert(pthread_create(&readers[i], NULL, read_pair, &p) == 0);
  while (atomic_load(&p.reading) < THREADS) sched_yield();
  for (int i = 0; i < ROUNDS; i++) {
    bpi_rwlock_write(&p.lock);
    p.first++;
    p.second++;
    bpi_rwlock_unlock(&p.lock);
  }
  atomic_store(&p.stop, 1);
  for (int i = 0; i < THREADS; i++) assert(pthread_join(readers[i], NULL) == 0);
  assert(p.first == ROUNDS);
  bpi_rwlock_free(&p.lock);
}

/* --------------------------------------------------------------------------------------------------------- threads -- */

typedef struct started {
  char name[16];
  sigset_t blocked;
} started;

static void *look_at_itself(void *user) {
  started *s = (started *)user;
  assert(pthread_getname_np(pthread_self(), s->name, sizeof s->name) == 0);
  assert(pthread_sigmask(SIG_SETMASK, NULL, &s->blocked) == 0);
  return NULL;
}

/* The name may come after the thread's first steps. */
static void *wait_for_a_name(void *user) {
  started *s = (started *)user;
  do {
    sched_yield();
    look_at_itself(s);
  } while (strcmp(s->name, "batpak-test") != 0);
  return NULL;
}

static void threads_leave_signals_to_the_program(void) {
  started one = {.name = ""}, here = {.name = ""};
  sigset_t before;
  bpi_thread thread;
  assert(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
  assert(bpi_thread_start(&thread, "batpak-test", wait_for_a_name, &one) == 0);
  bpi_thread_join(thread);
  assert(sigismember(&one.blocked, SIGINT) == 1 && sigismember(&one.blocked, SIGALRM) == 1);
  assert(sigismember(&one.blocked, SIGBUS) == 0 && sigismember(&one.blocked, SIGSEGV) == 0);
  look_at_itself(&here);
  assert(sigismember(&here.blocked, SIGINT) == sigismember(&before, SIGINT));
}

static void a_thread_that_cannot_start_says_so(void) {
  pthread_attr_t usual, vast;
  bpi_thread thread;
  sigset_t before, after;
  assert(pthread_getattr_default_np(&usual) == 0 && pthread_attr_init(&vast) == 0);
  assert(pthread_attr_setstacksize(&vast, (size_t)1 << 46) == 0 && pthread_setattr_default_np(&vast) == 0);
  assert(pthread_sigmask(SIG_SETMASK, NULL, &before) == 0);
  assert(bpi_thread_start(&thread, "batpak-test", look_at_itself, NULL) != 0);
  assert(pthread_sigmask(SIG_SETMASK, NULL, &after) == 0);
  assert(sigismember(&before, SIGINT) == sigismember(&after, SIGINT));
  assert(pthread_setattr_default_np(&usual) == 0);
  pthread_attr_destroy(&usual);
  pthread_attr_destroy(&vast);
}

/* ---------------------------------------------------------------------------------------------------------- random -- */

typedef struct draws {
  _Atomic size_t count;
  uint64_t values[THREADS * ROUNDS];
} draws;

static void *draw_values(void *user) {
  draws *all = (draws *)user;
  const bp_system *system = bpi_system_real();
  uint64_t id = system->process_id(NULL);
  for (int i = 0; i < ROUNDS; i++) {
    assert(system->random_fill(NULL, &all->values[atomic_fetch_add(&all->count, 1)], sizeof(uint64_t)) == 0);
    assert(system->process_id(NULL) == id);
  }
  return NULL;
}

static int compare(const void *a, const void *b) {
  uint64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return (x > y) - (x < y);
}

static void random_bytes_are_handed_out_once(void) {
  static draws all;
  run(draw_values, &all);
  qsort(all.values, all.count, sizeof all.values[0], compare);
  for (size_t i = 1; i < all.count; i++) assert(all.values[i] != all.values[i - 1]);
}

/* ------------------------------------------------------------------------------------------------ simulated system -- */

typedef struct station {
  sim_system *sim;
  _Atomic int next;
} station;

static void *write_a_file(void *user) {
  station *s = (station *)user;
  const bp_system *system = sim_table(s->sim);
  const uint8_t *view;
  char name[16];
  int file, number = atomic_fetch_add(&s->next, 1);
  snprintf(name, sizeof name, "file-%d", number);
  assert(system->file_open(system->context, name, BPI_OPEN_CREATE_NEW, &file) == 0);
  assert(system->file_map(system->context, file, 1 << 20, &view) == 0);
  for (uint64_t i = 0; i < 200; i++) {
    assert(bpi_file_write_all(system, file, i * 8, name, 8, NULL) == BP_OK);
    assert(memcmp(view + i * 8, name, 8) == 0);
    if (i % 16 == 0) assert(system->file_sync(system->context, file, 1) == 0);
    if (i % 16 == 0) assert(system->directory_sync(system->context, ".") == 0);
  }
  assert(system->file_sync(system->context, file, 1) == 0);
  system->file_unmap(system->context, view, 1 << 20);
  assert(system->file_close(system->context, file) == 0);
  return NULL;
}

static void the_simulated_system_takes_many_threads(void) {
  station s = {.sim = sim_new()};
  run(write_a_file, &s);
  assert(sim_calls(s.sim, SIM_WRITE) == THREADS * 200);
  assert(sim_pending_count(s.sim) == 0 && sim_open_files(s.sim) == 0 && sim_misuses(s.sim) == 0);
  sim_free(s.sim);
}

int main(void) {
  conditions_wake();
  writers_are_not_kept_out();
  threads_leave_signals_to_the_program();
  a_thread_that_cannot_start_says_so();
  random_bytes_are_handed_out_once();
  the_simulated_system_takes_many_threads();
  puts("locks, threads, random bytes and the simulated system: fine");
  return 0;
}
