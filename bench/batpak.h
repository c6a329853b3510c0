/* What the rows of batpak itself share: peer_batpak.c reads, write_batpak.c writes, costs.c compares it with itself. */
#ifndef BATPAK_BENCH_BATPAK_H
#define BATPAK_BENCH_BATPAK_H

#include "bench.h"

#include <batpak/ffi.h>

void batpak_must(bp_status status);
/* Where calls of any thread say what failed. */
bp_error *batpak_failure(void);
/* For appends: nothing is flushed but by those who ask.  seed: NULL, or 32 bytes that sign. */
bp_store *batpak_open(const bench_task *task, uint32_t durability, const uint8_t *seed);
void batpak_close(bp_store *store);

/* Events as drafts.  Without keys: the peers of the writing rows look nothing up either. */
typedef struct batpak_writer {
  bp_store *store;
  uint32_t durability;
  bench_event *events;
  bp_draft *drafts;
  bp_receipt *receipts;   /* task->batch of them for each caller */
  size_t each, batch;     /* events of a caller, events of a call */
} batpak_writer;

void batpak_writer_begin(batpak_writer *writer, const bench_task *task, uint32_t durability, const uint8_t *seed);
/* Strict. */
void batpak_writer_end(batpak_writer *writer);
/* The caller's own receipts, for the call that begins with event `first`. */
bp_receipt *batpak_receipts(const batpak_writer *writer, size_t first);
/* With a key, so that the reading rows know the ids. */
void batpak_fill(bp_store *store, size_t events);

double batpak_durable(const bench_task *task);
double batpak_batch(const bench_task *task);
double batpak_written(const bench_task *task);
double batpak_signed(const bench_task *task);
double batpak_many(const bench_task *task);

#endif
