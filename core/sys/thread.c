#include "sys/thread.h"

#include <errno.h>
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
void bpi_condition_wait(bpi_condition *condition, bpi_mutex *mutex) { must(pthread_cond_wait(condition, mutex)); }
void bpi_condition_wake_one(bpi_condition *condition) { must(pthread_cond_signal(condition)); }
void bpi_condition_wake_all(bpi_condition *condition) { must(pthread_cond_broadcast(condition)); }

int bpi_condition_wait_until(bpi_condition *condition, bpi_mutex *mutex, uint64_t deadline_ns) {
  if (deadline_ns == BPI_NEVER_NS) {
    bpi_condition_wait(condition, mutex);
    return 0;
  }
  const struct timespec deadline = {.tv_sec = (time_t)(deadline_ns / NS_PER_S), .tv_nsec = (long)(deadline_ns % NS_PER_S)};
  int failed = pthread_cond_timedwait(condition, mutex, &deadline);
  must(failed != 0 && failed != ETIMEDOUT);
  return failed == ETIMEDOUT;
}

uint64_t bpi_deadline_after_ms(uint32_t timeout_ms) {
  struct timespec now;
  if (timeout_ms >= BP_WAIT_FOREVER) return BPI_NEVER_NS;
  must(clock_gettime(CLOCK_MONOTONIC, &now));
  return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec + (uint64_t)timeout_ms * NS_PER_MS;
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
