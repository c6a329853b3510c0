/* The benchmark: each row is one job, done by every peer that can do it, interleaved in one run, medians compared. */
#ifndef BATPAK_BENCH_H
#define BATPAK_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* A row is a job with its number of callers and the size of its batches (rows.c). */
typedef enum bench_job {
  JOB_DURABLE,     /* each event on the disk before its caller goes on */
  JOB_BATCH,       /* each batch on the disk, whole, before the next */
  JOB_WRITTEN,     /* handed to the system, no flush */
  JOB_SIGNED,      /* the same with an Ed25519 receipt */
  JOB_MANY,        /* written, many a call */
  JOB_GET,         /* point reads by id, in random order */
  JOB_SCAN,        /* all events with their payloads */
  JOB_REPLAY,      /* entity by entity */
  JOB_VERIFY,      /* everything checked */
  JOB_OPEN_KILLED, /* open after a kill, all of it scanned: milliseconds */
  JOB_MEMORY,      /* bytes of index an event, open */
  JOB_COUNT
} bench_job;

enum { BENCH_PAYLOAD = 256, BENCH_PER_ENTITY = 200, BENCH_CALLERS_MOST = 64 };

/* How long single calls took, in microseconds. */
enum { LAP_P50, LAP_P99, LAP_P999, LAP_MAX, LAP_COUNT };

/* What a job is to do. */
typedef struct bench_task {
  const char *directory;  /* its own; prepared rows find the peer's store there */
  size_t events;
  size_t callers;
  size_t batch;           /* events a call */
  double *laps;           /* LAP_COUNT of them, by the rows that write; negative: not measured */
} bench_task;

/* Events a second, or the row's own unit; negative: it cannot. */
typedef double (*bench_work)(const bench_task *task);

typedef struct bench_peer {
  const char *name;
  bench_work prepare; /* fills the store that the reading rows read; NULL: has none */
  bench_work jobs[JOB_COUNT];
} bench_peer;

extern const bench_peer bench_batpak, bench_sqlite, bench_lmdb, bench_bare, bench_filled, bench_reference;

/* What a feature costs: the same work without it and with it, by batpak, in one run (costs.c). */
typedef struct bench_cost {
  const char *name;
  double share;              /* of --events */
  size_t callers[2];
  bench_work work[2];        /* without, with */
  const char *about;
} bench_cost;

extern const bench_cost bench_costs[];
extern const size_t bench_cost_count;

double bench_now(void);
/* The payload of event `number`: random bytes that do not repeat. */
void bench_payload(uint64_t number, uint8_t payload[BENCH_PAYLOAD]);
/* The id of event `number`, for peers whose callers choose it. */
void bench_id(uint64_t number, uint8_t id[16]);
/* "entity:N", its length. */
size_t bench_entity(size_t number, char text[32]);
size_t bench_entities(size_t events);

/* What a writer is given: made before the clock starts, for all peers alike. */
typedef struct bench_event {
  uint8_t id[16];
  uint8_t payload[BENCH_PAYLOAD];
  char entity[32];
  size_t entity_length;
} bench_event;

void bench_event_make(bench_event *event, size_t number, size_t events);
/* free() */
bench_event *bench_events_make(size_t events);

/* A walk through 0..count-1 in an order that visits each once. */
size_t bench_shuffle(size_t index, size_t count);
/* The task's events in calls of task->batch, shared among task->callers threads: call(user, first, count) for each.  Fills
 * task->laps; answers events a second. */
double bench_calls(const bench_task *task, void (*call)(void *user, size_t first, size_t count), void *user);
void bench_fail(const char *what);

#endif
