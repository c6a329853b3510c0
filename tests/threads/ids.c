/* Ids drawn by many threads at once: each thread sees its own rise, and no two are equal. */
#include "model/event.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 8, EACH = 20000 };

static uint8_t ids[THREADS * EACH][16];

static void *draw(void *user) {
  uint8_t(*own)[16] = (uint8_t(*)[16])user;
  for (size_t i = 0; i < EACH; i++) {
    bp_status status = bp_id_new(own[i], NULL);
    assert(status == BP_OK);
    assert(i == 0 || memcmp(own[i - 1], own[i], 16) < 0);
  }
  return NULL;
}

static int compare(const void *a, const void *b) { return memcmp(a, b, 16); }

int main(void) {
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++) assert(pthread_create(&threads[i], NULL, draw, ids[i * EACH]) == 0);
  for (size_t i = 0; i < THREADS; i++) assert(pthread_join(threads[i], NULL) == 0);
  qsort(ids, THREADS * EACH, sizeof ids[0], compare);
  for (size_t i = 1; i < THREADS * EACH; i++) assert(memcmp(ids[i - 1], ids[i], 16) < 0);
  printf("%d ids, all different\n", THREADS * EACH);
  return 0;
}
