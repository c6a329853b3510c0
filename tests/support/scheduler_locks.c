/* The double of core/sys/thread.c: a lock is a record of who holds it, and whoever cannot have it lets others go on. */
#include "support/scheduler_internal.h"

#include "support/check.h"
#include "sys/thread.h"

#include <stdlib.h>
#include <string.h>

/* The place of a system's lock holds the address of ours. */
static void *made_in(void *place, size_t size) {
  void *made = calloc(1, size);
  CHECK(made != NULL, "no memory");
  memcpy(place, &made, sizeof made);
  scheduler_count_lock(1);
  return made;
}

static void *found_in(const void *place) {
  void *found;
  memcpy(&found, place, sizeof found);
  CHECK(found != NULL, "a lock that was never made or is freed");
  return found;
}

static void free_in(void *place) {
  static const void *const nothing = NULL;
  free(found_in(place));
  memcpy(place, &nothing, sizeof nothing);
  scheduler_count_lock(0);
}

static int has_takers(const scheduler_lock *lock) {
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    if (scheduler_thread_at(i)->wants == lock) return 1;
  }
  return 0;
}

/* ------------------------------------------------------------------------------------------------------------ locks -- */

static int make_lock(void *place) {
  scheduler_lock *lock = (scheduler_lock *)made_in(place, sizeof *lock);
  lock->owner = SCHEDULER_NOBODY;
  return 0;
}

static void free_lock(void *place) {
  const scheduler_lock *lock = (const scheduler_lock *)found_in(place);
  CHECK(lock->owner == SCHEDULER_NOBODY && lock->readers == 0, "a lock is freed while it is held");
  CHECK(!has_takers(lock), "a lock is freed while somebody waits for it");
  free_in(place);
}

/* A writer that is blocked keeps later readers out. */
static void take(scheduler_lock *lock, int shares) {
  scheduler_thread *self = scheduler_self();
  int number = scheduler_current();
  CHECK(lock->owner != number && !(lock->readers >> number & 1), "a lock is taken twice by one thread");
  self->state = THREAD_BLOCKED;
  self->wants = lock;
  self->shares = shares;
  scheduler_wait();
  if (lock->orders_nothing) {
    fiber_unwatch();
    return;
  }
  fiber_acquire(lock);
  if (!shares) fiber_acquire(&lock->read_order);
}

static void give_back(scheduler_lock *lock) {
  int number = scheduler_current();
  if (lock->owner == number) {
    if (lock->orders_nothing) {
      fiber_watch();
    } else {
      fiber_release(lock);
    }
    lock->owner = SCHEDULER_NOBODY;
  } else {
    CHECK(lock->readers >> number & 1, "a lock is given back by one who does not hold it");
    fiber_release(&lock->read_order);
    lock->readers &= ~(1u << number);
  }
  scheduler_point();
}

int bpi_mutex_init(bpi_mutex *mutex) { return make_lock(mutex); }
void bpi_mutex_free(bpi_mutex *mutex) { free_lock(mutex); }
void bpi_mutex_lock(bpi_mutex *mutex) { take((scheduler_lock *)found_in(mutex), 0); }
void bpi_mutex_unlock(bpi_mutex *mutex) { give_back((scheduler_lock *)found_in(mutex)); }

int bpi_rwlock_init(bpi_rwlock *lock) { return make_lock(lock); }
void bpi_rwlock_free(bpi_rwlock *lock) { free_lock(lock); }
void bpi_rwlock_read(bpi_rwlock *lock) { take((scheduler_lock *)found_in(lock), 1); }
void bpi_rwlock_write(bpi_rwlock *lock) { take((scheduler_lock *)found_in(lock), 0); }
void bpi_rwlock_unlock(bpi_rwlock *lock) { give_back((scheduler_lock *)found_in(lock)); }

void scheduler_let_order_nothing(void *mutex) { ((scheduler_lock *)found_in(mutex))->orders_nothing = 1; }

/* ---------------------------------------------------------------------------------------------------------- threads -- */

enum { STARTS_MAX = SCHEDULER_THREADS_MAX };

/* What a thread of the library's own is to run, by its number. */
static struct {
  void *(*run)(void *user);
  void *user;
} starts[STARTS_MAX];

static void run_start(void *user) {
  (void)user;
  int number = scheduler_current();
  (void)starts[number].run(starts[number].user);
}

int bpi_thread_start(bpi_thread *thread, const char *name, void *(*run)(void *user), void *user) {
  CHECK(strlen(name) <= 15, "a longer name than the system takes: %s", name);
  int number = scheduler_spawn(run_start, NULL);
  starts[number].run = run;
  starts[number].user = user;
  *thread = (bpi_thread)number;
  scheduler_point();
  return 0;
}

void bpi_thread_join(bpi_thread thread) { scheduler_join((int)thread); }

/* Threads of the scheduler do not die. */
int bpi_cancel_hold(void) { return 0; }
void bpi_cancel_release(int before) { (void)before; }
void bpi_thread_let_go(bpi_thread thread) { (void)thread; }
void bpi_run_guarded(void (*run)(void *user), void (*left)(void *user), void *user) {
  (void)left;
  run(user);
}

/* ------------------------------------------------------------------------------------------------------- conditions -- */

int bpi_condition_init(bpi_condition *condition) {
  (void)made_in(condition, sizeof(scheduler_condition));
  return 0;
}

void bpi_condition_free(bpi_condition *condition) {
  const scheduler_condition *freed = (const scheduler_condition *)found_in(condition);
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    CHECK(scheduler_thread_at(i)->waits != freed, "a condition is freed while somebody waits for it");
  }
  free_in(condition);
}

/* Gives the mutex back and waits in one step. */
static void wait_for(bpi_condition *condition, bpi_mutex *mutex) {
  scheduler_thread *self = scheduler_self();
  scheduler_lock *lock = (scheduler_lock *)found_in(mutex);
  CHECK(lock->owner == scheduler_current(), "a wait without the mutex");
  fiber_release(lock);
  lock->owner = SCHEDULER_NOBODY;
  self->state = THREAD_WAITING;
  self->wants = lock;
  self->shares = 0;
  self->waits = (scheduler_condition *)found_in(condition);
  scheduler_wait();
  fiber_acquire(lock);
}

void bpi_condition_wait(bpi_condition *condition, bpi_mutex *mutex) { wait_for(condition, mutex); }

int bpi_condition_wait_until(bpi_condition *condition, bpi_mutex *mutex, uint64_t deadline_ns) {
  scheduler_thread *self = scheduler_self();
  self->is_timed = deadline_ns != BPI_NEVER_NS;
  self->deadline = deadline_ns;
  wait_for(condition, mutex);
  self->is_timed = 0;
  return self->timed_out;
}

uint64_t bpi_deadline_after_ms(uint32_t timeout_ms) {
  return timeout_ms >= BP_WAIT_FOREVER ? BPI_NEVER_NS : scheduler_now_ns() + (uint64_t)timeout_ms * 1000000;
}

/* It has been woken, and takes its mutex when it can. */
static void wake(int number) {
  scheduler_thread *thread = scheduler_thread_at(number);
  thread->state = THREAD_BLOCKED;
  thread->waits = NULL;
  thread->timed_out = 0;
}

void bpi_condition_wake_one(bpi_condition *condition) {
  scheduler_point();
  int chosen = scheduler_choose_waiter((const scheduler_condition *)found_in(condition));
  if (chosen != SCHEDULER_NOBODY) wake(chosen);
}

void bpi_condition_wake_all(bpi_condition *condition) {
  scheduler_point();
  const scheduler_condition *woken = (const scheduler_condition *)found_in(condition);
  for (int i = 0; i < SCHEDULER_THREADS_MAX; i++) {
    const scheduler_thread *thread = scheduler_thread_at(i);
    if (thread->state == THREAD_WAITING && thread->waits == woken) wake(i);
  }
}
