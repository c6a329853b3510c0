#include "rows.h"

#include <stdlib.h>
#include <string.h>

static const bench_peer *const peers[BENCH_PEERS] = {&bench_batpak,    &bench_bare,   &bench_filled,
                                                     &bench_reference, &bench_sqlite, &bench_lmdb};

typedef struct {
  const char *name;
  const char *unit;
  bench_job job;
  size_t callers;
  size_t batch;
  double share;      /* of --events: rows that wait for the disk do fewer */
  int reads;         /* works on the prepared store */
  int less_is_better;
  const char *about;
} row;

#define DURABLE(callers, share, about) {"durable-" #callers, "events/s", JOB_DURABLE, callers, 1, share, 0, 0, about}
#define BATCH(size, share) \
  {"batch-" #size, "events/s", JOB_BATCH, 1, size, share, 0, 0, \
   "one caller, " #size " events a call, all or none, on the disk before the next call; bare: one write and one flush of as" \
   " many bytes; SQLite, LMDB: one transaction; reference: append_batch"}

static const row rows[] = {
    DURABLE(1, 0.02, "one caller, each event on the disk before the next; bare: one write and one flush of the same bytes,"
                     " in a growing file and in one filled before; SQLite: WAL, FULL; reference: append and sync"),
    DURABLE(4, 0.05, "the same with four callers; bare: they share writes and flushes; SQLite: one connection behind a lock"),
    DURABLE(16, 0.1, "the same with sixteen callers"),
    DURABLE(64, 0.2, "the same with sixty-four callers"),
    BATCH(100, 0.2),
    BATCH(1000, 0.5),
    {"written", "events/s", JOB_WRITTEN, 1, 1, 1, 0, 0,
     "one caller, each event handed to the system, no flush; bare: hash, checksum and write of as many bytes; SQLite:"
     " synchronous OFF; LMDB: NOSYNC; reference: append, on one core, where it is faster"},
    {"signed", "events/s", JOB_SIGNED, 1, 1, 0.2, 0, 0,
     "written, with an Ed25519 signature of each receipt; bare: the signatures alone"},
    {"many", "events/s", JOB_MANY, 1, 1000, 1, 0, 0,
     "written, a thousand events a call; SQLite, LMDB: a transaction of a thousand without a flush"},
    {"get", "reads/s", JOB_GET, 1, 1, 1, 1, 0, "point reads by id in random order, payload copied, checked by batpak"},
    {"scan", "events/s", JOB_SCAN, 1, 1, 1, 1, 0, "all events with their payloads; bare: checksums of the files in memory"},
    {"replay", "events/s", JOB_REPLAY, 1, 1, 1, 1, 0, "all events entity by entity, 200 each"},
    {"verify", "events/s", JOB_VERIFY, 1, 1, 1, 1, 0, "everything checked; bare: checksums of the files in memory"},
    {"open-killed", "ms", JOB_OPEN_KILLED, 1, 1, 1, 0, 1, "open after a kill, where all of it has to be scanned"},
    {"memory", "bytes/event", JOB_MEMORY, 1, 1, 1, 1, 1, "bytes of index an event, store open"},
};

enum { ROWS = sizeof rows / sizeof *rows };

/* Medians of a row; negative: none. */
typedef struct {
  double result[BENCH_PEERS];
  double laps[BENCH_PEERS][LAP_COUNT];
} medians;

int bench_is_row(const char *name) {
  for (size_t i = 0; i < ROWS; i++) {
    if (strcmp(rows[i].name, name) == 0) return 1;
  }
  return 0;
}

int bench_is_peer(const char *name) {
  for (size_t p = 0; p < BENCH_PEERS; p++) {
    if (strcmp(peers[p]->name, name) == 0) return 1;
  }
  return 0;
}

static int takes_part(const bench_options *o, const bench_peer *peer) {
  int listed = o->peer_count == 0;
  for (size_t i = 0; i < o->peer_count; i++) listed |= strcmp(o->peers[i], peer->name) == 0;
  return listed;
}

void bench_rows_print_about(void) {
  for (size_t i = 0; i < ROWS; i++) printf("  %-22s %s: %s\n", rows[i].name, rows[i].unit, rows[i].about);
}

static void prepare(const bench_options *o) {
  for (size_t p = 0; p < BENCH_PEERS; p++) {
    if (!takes_part(o, peers[p]) || peers[p]->prepare == NULL) continue;
    char path[600];
    double laps[LAP_COUNT];
    snprintf(path, sizeof path, "%s/stores/%s", o->directory, peers[p]->name);
    bench_fresh_folder(path);
    bench_task task = {path, o->events, 1, 4096, laps};
    fprintf(stderr, "preparing %s\n", peers[p]->name);
    (void)peers[p]->prepare(&task);
  }
}

static double run(const bench_options *o, const row *r, const bench_peer *peer, double laps[LAP_COUNT]) {
  for (size_t i = 0; i < LAP_COUNT; i++) laps[i] = -1;
  if (peer->jobs[r->job] == NULL || !takes_part(o, peer)) return -1;
  char path[600];
  bench_task task = {NULL, (size_t)((double)o->events * r->share), r->callers, r->batch, laps};
  if (!r->reads) return bench_run_fresh(o, peer->name, peer->jobs[r->job], &task);
  snprintf(path, sizeof path, "%s/stores/%s", o->directory, peer->name);
  task.directory = path;
  return peer->jobs[r->job](&task);
}

static void measure(const bench_options *o, const row *r, medians *m) {
  double results[BENCH_PEERS][BENCH_ROUNDS_MOST], laps[BENCH_PEERS][LAP_COUNT][BENCH_ROUNDS_MOST];
  for (size_t round = 0; round < o->rounds; round++) {
    for (size_t p = 0; p < BENCH_PEERS; p++) {
      double one[LAP_COUNT];
      results[p][round] = run(o, r, peers[p], one);
      for (size_t i = 0; i < LAP_COUNT; i++) laps[p][i][round] = one[i];
    }
  }
  for (size_t p = 0; p < BENCH_PEERS; p++) {
    m->result[p] = bench_median(results[p], o->rounds);
    for (size_t i = 0; i < LAP_COUNT; i++) m->laps[p][i] = bench_median(laps[p][i], o->rounds);
    if (m->laps[p][LAP_MAX] > 0) m->laps[p][LAP_MAX] = laps[p][LAP_MAX][o->rounds - 1]; /* of all rounds */
  }
}

static double saved_value(const char *file, const char *name, const char *peer) {
  FILE *in = fopen(file, "r");
  char line[256], row_name[64], who[64];
  double value, found = -1;
  if (in == NULL) bench_fail("cannot read what was saved");
  while (fgets(line, sizeof line, in) != NULL) {
    if (sscanf(line, "%63[^\t]\t%63[^\t]\t%lf", row_name, who, &value) == 3 && strcmp(row_name, name) == 0 &&
        strcmp(who, peer) == 0) {
      found = value;
    }
  }
  fclose(in);
  return found;
}

/* One line of the table: the medians, and ours over each of the others. */
static void print_row(const bench_options *o, const row *r, const medians *m) {
  const double *of = m->result;
  printf("%-12s %-12s", r->name, r->unit);
  for (size_t p = 0; p < BENCH_PEERS; p++) {
    char ratio[24] = "";
    if (p > 0 && of[p] > 0 && of[0] > 0) {
      snprintf(ratio, sizeof ratio, " (%.2fx)", r->less_is_better ? of[p] / of[0] : of[0] / of[p]);
    }
    if (of[p] < 0) {
      printf(" %22s", "-");
    } else {
      printf(" %12.*f%-10s", of[p] < 1000 ? 1 : 0, of[p], ratio);
      if (o->save != NULL) fprintf(o->save, "%s\t%s\t%f\n", r->name, peers[p]->name, of[p]);
    }
  }
  if (o->compare != NULL) {
    double before = saved_value(o->compare, r->name, peers[0]->name);
    if (before > 0) printf("  before %.0f: %.2fx", before, of[0] / before);
  }
  putchar('\n');
  fflush(stdout);
}

static void print_laps(const row *r, const medians *m) {
  for (size_t p = 0; p < BENCH_PEERS; p++) {
    const double *laps = m->laps[p];
    if (laps[LAP_P50] < 0) continue;
    printf("%-12s %-14s %10.1f %10.1f %10.1f %10.1f\n", r->name, peers[p]->name, laps[LAP_P50], laps[LAP_P99],
           laps[LAP_P999], laps[LAP_MAX]);
  }
}

void bench_rows_run(const bench_options *o) {
  medians all[ROWS];
  int reads = 0, any = 0;
  for (size_t i = 0; i < ROWS; i++) {
    int wanted = bench_is_wanted(o, rows[i].name);
    any |= wanted;
    reads |= wanted && rows[i].reads;
  }
  if (!any) return;
  if (reads) prepare(o);
  printf("in brackets: ours over theirs\n%-12s %-12s", "row", "unit");
  for (size_t p = 0; p < BENCH_PEERS; p++) printf(" %12s%-10s", peers[p]->name, "");
  putchar('\n');
  for (size_t i = 0; i < ROWS; i++) {
    if (!bench_is_wanted(o, rows[i].name)) continue;
    measure(o, &rows[i], &all[i]);
    print_row(o, &rows[i], &all[i]);
  }
  printf("\nmicroseconds a call, as its caller sees it\n%-12s %-14s %10s %10s %10s %10s\n", "row", "peer", "p50", "p99",
         "p99.9", "longest");
  for (size_t i = 0; i < ROWS; i++) {
    if (bench_is_wanted(o, rows[i].name)) print_laps(&rows[i], &all[i]);
  }
  putchar('\n');
}
