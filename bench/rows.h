/* Which rows there are, and how they are run and printed. */
#ifndef BATPAK_BENCH_ROWS_H
#define BATPAK_BENCH_ROWS_H

#include "bench.h"

#include <stdio.h>

enum { BENCH_PEERS = 6, BENCH_ROUNDS_MOST = 31, BENCH_WANTED_MOST = 64 };

typedef struct bench_options {
  size_t events;
  size_t rounds;
  const char *wanted[BENCH_WANTED_MOST]; /* names of rows and costs; none: all */
  size_t wanted_count;
  const char *peers[BENCH_PEERS];
  size_t peer_count;
  const char *directory;
  const char *compare;
  FILE *save;
} bench_options;

int bench_is_row(const char *name);
int bench_is_peer(const char *name);
void bench_rows_print_about(void);
void bench_rows_run(const bench_options *options);

int bench_is_cost(const char *name);
void bench_costs_print_about(void);
void bench_costs_run(const bench_options *options);

int bench_is_wanted(const bench_options *options, const char *name);
/* Of one job, in a new empty folder of its own, removed afterwards. */
double bench_run_fresh(const bench_options *options, const char *name, bench_work work, bench_task *task);
/* Sorts them. */
double bench_median(double *values, size_t count);
/* An empty folder, with those above it. */
void bench_fresh_folder(const char *path);

#endif
