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

void bench_event_make(bench_event *event, size_t number, size_t events) {
  bench_id(number, event->id);
  bench_payload(number, event->payload);
  event->entity_length = bench_entity(number % bench_entities(events), event->entity);
}

bench_event *bench_events_make(size_t events) {
  bench_event *made = calloc(events, sizeof *made);
  if (made == NULL) bench_fail("no memory");
  for (size_t i = 0; i < events; i++) bench_event_make(&made[i], i, events);
  return made;
}

/* --- calls by several threads */

typedef struct {
  void (*call)(void *user, size_t first, size_t count);
  void *user;
  size_t first, end, batch;
  float *laps; /* microseconds, one a call */
} share;

/* The end of one call is the beginning of the next: one look at the clock each. */
static void *run_share(void *argument) {
  const share *s = argument;
  float *lap = s->laps;
  double before = bench_now();
  for (size_t first = s->first; first < s->end; first += s->batch) {
    s->call(s->user, first, s->end - first < s->batch ? s->end - first : s->batch);
    double now = bench_now();
    *lap++ = (float)((now - before) * 1e6);
    before = now;
  }
  return NULL;
}

static int by_length(const void *a, const void *b) {
  const float *left = a, *right = b;
  return (*left > *right) - (*left < *right);
}

static void sum_up(float *laps, size_t count, double summary[LAP_COUNT]) {
  qsort(laps, count, sizeof *laps, by_length);
  summary[LAP_P50] = (double)laps[count / 2];
  summary[LAP_P99] = (double)laps[count * 99 / 100];
  summary[LAP_P999] = (double)laps[count * 999 / 1000];
  summary[LAP_MAX] = (double)laps[count - 1];
}

double bench_calls(const bench_task *task, void (*call)(void *user, size_t first, size_t count), void *user) {
  pthread_t threads[BENCH_CALLERS_MOST];
  share shares[BENCH_CALLERS_MOST];
  size_t each = task->events / task->callers, calls = (each + task->batch - 1) / task->batch;
  float *laps = calloc(calls * task->callers, sizeof *laps);
  if (task->callers > BENCH_CALLERS_MOST || calls == 0) bench_fail("too few events for so many callers");
  if (laps == NULL) bench_fail("no memory");
  memset(laps, 0xff, calls * task->callers * sizeof *laps); /* the first touch of a page is not for the clock */
  for (size_t i = 0; i < task->callers; i++) {
    shares[i] = (share){call, user, i * each, (i + 1) * each, task->batch, laps + i * calls};
  }
  double start = bench_now();
  for (size_t i = 1; i < task->callers; i++) {
    if (pthread_create(&threads[i], NULL, run_share, &shares[i]) != 0) bench_fail("no thread");
  }
  (void)run_share(&shares[0]);
  for (size_t i = 1; i < task->callers; i++) pthread_join(threads[i], NULL);
  double rate = (double)(each * task->callers) / (bench_now() - start);
  sum_up(laps, calls * task->callers, task->laps);
  free(laps);
  return rate;
}
