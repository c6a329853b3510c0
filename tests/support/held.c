#include "support/held.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int is_stopped, is_held;

int64_t held_clock(void *user) {
  (void)user;
  pthread_mutex_lock(&lock);
  is_held = is_stopped;
  pthread_cond_broadcast(&changed);
  while (is_stopped) pthread_cond_wait(&changed, &lock);
  is_held = 0;
  pthread_mutex_unlock(&lock);
  return INT64_C(1700000000000000);
}

void held_stop(void) {
  pthread_mutex_lock(&lock);
  is_stopped = 1;
  pthread_mutex_unlock(&lock);
}

void held_go_on(void) {
  pthread_mutex_lock(&lock);
  is_stopped = 0;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

void held_await_leader(void) {
  pthread_mutex_lock(&lock);
  while (!is_held) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}
