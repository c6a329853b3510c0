#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void bench_fail(const char *what) {
  fprintf(stderr, "bench: %s\n", what);
  exit(1);
}

static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

void bench_payload(uint64_t number, uint8_t payload[BENCH_PAYLOAD]) {
  for (size_t i = 0; i < BENCH_PAYLOAD; i += 8) {
    uint64_t word = mix(number * (BENCH_PAYLOAD / 8) + i / 8);
    memcpy(payload + i, &word, 8);
  }
}

void bench_id(uint64_t number, uint8_t id[16]) {
  uint64_t high = mix(number), low = mix(~number);
  memcpy(id, &high, 8);
  memcpy(id + 8, &low, 8);
}

size_t bench_entity(size_t number, char text[32]) { return (size_t)snprintf(text, 32, "entity:%zu", number); }

size_t bench_entities(size_t events) {
  size_t entities = events / BENCH_PER_ENTITY;
  return entities == 0 ? 1 : entities;
}

/* A prime step that does not divide the count visits everything. */
size_t bench_shuffle(size_t index, size_t count) {
  const uint64_t step = 2654435761u;
  return count % step == 0 ? index : (size_t)((uint64_t)index * step % count);
}

typedef struct {
  void (*work)(void *user, size_t thread);
  void *user;
  size_t number;
} job;

static void *run_job(void *argument) {
  const job *j = argument;
  j->work(j->user, j->number);
  return NULL;
}

double bench_threads(size_t threads, void (*work)(void *user, size_t thread), void *user) {
  pthread_t handles[64];
  job jobs[64];
  if (threads > 64) bench_fail("too many threads");
  double start = bench_now();
  for (size_t i = 0; i < threads; i++) {
    jobs[i] = (job){work, user, i};
    if (pthread_create(&handles[i], NULL, run_job, &jobs[i]) != 0) bench_fail("no thread");
  }
  for (size_t i = 0; i < threads; i++) pthread_join(handles[i], NULL);
  return bench_now() - start;
}
