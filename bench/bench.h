/* The benchmark: each row is one job, done by every peer that can do it, interleaved in one run, medians compared. */
#ifndef BATPAK_BENCH_H
#define BATPAK_BENCH_H

#include <stddef.h>
#include <stdint.h>

typedef enum bench_row {
  ROW_DURABLE_1,   /* one caller, each event on the disk before the next */
  ROW_DURABLE_4,   /* four callers */
  ROW_DURABLE_16,  /* sixteen */
  ROW_WRITTEN,     /* one caller, handed to the system, no flush */
  ROW_SIGNED,      /* the same with an Ed25519 receipt */
  ROW_MANY,        /* written, a thousand a call */
  ROW_GET,         /* point reads by id, in random order */
  ROW_SCAN,        /* all events with their payloads */
  ROW_REPLAY,      /* entity by entity */
  ROW_VERIFY,      /* everything checked */
  ROW_OPEN_KILLED, /* open after a kill, all of it scanned: milliseconds */
  ROW_MEMORY,      /* bytes of index an event, open */
  ROW_COUNT
} bench_row;

enum { BENCH_PAYLOAD = 256, BENCH_PER_ENTITY = 200 };

/* What a job is to do. */
typedef struct bench_task {
  const char *directory; /* its own; prepared rows find the peer's store there */
  size_t events;
} bench_task;

/* Events a second, or the row's own unit; negative: it cannot. */
typedef double (*bench_job)(const bench_task *task);

typedef struct bench_peer {
  const char *name;
  double (*prepare)(const bench_task *task); /* fills the store that the reading rows read; NULL: has none */
  bench_job jobs[ROW_COUNT];
} bench_peer;

extern const bench_peer bench_batpak, bench_sqlite, bench_lmdb, bench_bare, bench_filled, bench_reference;

double bench_now(void);
/* The payload of event `number`: random bytes that do not repeat. */
void bench_payload(uint64_t number, uint8_t payload[BENCH_PAYLOAD]);
/* The id of event `number`, for peers whose callers choose it. */
void bench_id(uint64_t number, uint8_t id[16]);
/* "entity:N", its length. */
size_t bench_entity(size_t number, char text[32]);
size_t bench_entities(size_t events);
/* A walk through 0..count-1 in an order that visits each once. */
size_t bench_shuffle(size_t index, size_t count);
/* Runs `work` in that many threads, each with its number; seconds. */
double bench_threads(size_t threads, void (*work)(void *user, size_t thread), void *user);
void bench_fail(const char *what);

#endif
