#include "sys/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static void must(int failed) {
  if (failed != 0) abort();
}

int bpi_mutex_init(bpi_mutex *mutex) { return pthread_mutex_init(mutex, NULL); }
void bpi_mutex_free(bpi_mutex *mutex) { must(pthread_mutex_destroy(mutex)); }
void bpi_mutex_lock(bpi_mutex *mutex) { must(pthread_mutex_lock(mutex)); }
void bpi_mutex_unlock(bpi_mutex *mutex) { must(pthread_mutex_unlock(mutex)); }

int bpi_condition_init(bpi_condition *condition) {
  pthread_condattr_t attributes;
  int failed = pthread_condattr_init(&attributes);
  if (failed != 0) return failed;
  failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  if (failed == 0) failed = pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return failed;
}

void bpi_condition_free(bpi_condition *condition) { must(pthread_cond_destroy(condition)); }

void bpi_condition_wait(bpi_condition *condition, bpi_mutex *mutex) {
  int before = bpi_cancel_hold();
  must(pthread_cond_wait(condition, mutex));
  bpi_cancel_release(before);
}

void bpi_condition_wake_one(bpi_condition *condition) { must(pthread_cond_signal(condition)); }
void bpi_condition_wake_all(bpi_condition *condition) { must(pthread_cond_broadcast(condition)); }

int bpi_condition_wait_until(bpi_condition *condition, bpi_mutex *mutex, uint64_t deadline_ns) {
  if (deadline_ns == BPI_NEVER_NS) {
    bpi_condition_wait(condition, mutex);
    return 0;
  }
  const struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / NS_PER_S), .tv_nsec = (long)(deadline_ns % NS_PER_S)};
  int before = bpi_cancel_hold();
  int failed = pthread_cond_timedwait(condition, mutex, &deadline);
  bpi_cancel_release(before);
  must(failed != 0 && failed != ETIMEDOUT);
  return failed == ETIMEDOUT;
}

uint64_t bpi_deadline_after_ms(uint32_t timeout_ms) {
  struct timespec now;
  if (timeout_ms >= BP_WAIT_FOREVER) return BPI_NEVER_NS;
  must(clock_gettime(CLOCK_MONOTONIC, &now));
  return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec + (uint64_t)timeout_ms * NS_PER_MS;
}

int bpi_cancel_hold(void) {
  int before;
  must(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before));
  return before;
}

void bpi_cancel_release(int before) { must(pthread_setcancelstate(before, &before)); }

void bpi_run_guarded(void (*run)(void *user), void (*left)(void *user), void *user) {
  pthread_cleanup_push(left, user);
  run(user);
  pthread_cleanup_pop(0);
}

int bpi_rwlock_init(bpi_rwlock *lock) {
  pthread_rwlockattr_t attributes;
  int failed = pthread_rwlockattr_init(&attributes);
  if (failed != 0) return failed;
  /* The other kind that is named after writers still lets readers pass them. */
  failed = pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  if (failed == 0) failed = pthread_rwlock_init(lock, &attributes);
  pthread_rwlockattr_destroy(&attributes);
  return failed;
}

void bpi_rwlock_free(bpi_rwlock *lock) { must(pthread_rwlock_destroy(lock)); }
void bpi_rwlock_read(bpi_rwlock *lock) { must(pthread_rwlock_rdlock(lock)); }
void bpi_rwlock_write(bpi_rwlock *lock) { must(pthread_rwlock_wrlock(lock)); }
void bpi_rwlock_unlock(bpi_rwlock *lock) { must(pthread_rwlock_unlock(lock)); }

/* A signal for the process must find a thread of the program.  What an instruction raises (a page that the disk cannot give)
 * comes to the thread that ran it, and would kill unseen where it is blocked. */
static void block_signals(sigset_t *before) {
  static const int raised_by_instructions[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
  sigset_t all;
  sigfillset(&all);
  for (size_t i = 0; i < sizeof raised_by_instructions / sizeof *raised_by_instructions; i++) {
    sigdelset(&all, raised_by_instructions[i]);
  }
  must(pthread_sigmask(SIG_SETMASK, &all, before));
}

int bpi_thread_start(bpi_thread *thread, const char *name, void *(*run)(void *user), void *user) {
  sigset_t before;
  block_signals(&before);
  int failed = pthread_create(thread, NULL, run, user);
  must(pthread_sigmask(SIG_SETMASK, &before, NULL));
  if (failed == 0) (void)pthread_setname_np(*thread, name);
  return failed;
}

void bpi_thread_let_go(bpi_thread thread) { must(pthread_detach(thread)); }

void bpi_thread_join(bpi_thread thread) {
  int before = bpi_cancel_hold();
  must(pthread_join(thread, NULL));
  bpi_cancel_release(before);
}
