/* bench [--events N] [--rounds N] [--row NAME]... [--directory D] [--save FILE] [--compare FILE]
 *
 * Every peer does every row it can, one after the other, in each round; the median of the rounds counts, and the ratios of
 * one run.  --save writes the medians, --compare shows them beside. */
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PEERS = 6, ROUNDS_MAX = 15 };

static const bench_peer *const peers[PEERS] = {&bench_batpak,    &bench_bare,   &bench_filled,
                                               &bench_reference, &bench_sqlite, &bench_lmdb};

typedef struct {
  const char *name;
  const char *unit;
  double share;      /* of --events: rows that wait for the disk do fewer */
  int reads;         /* works on the prepared store */
  int less_is_better;
} row_about;

static const row_about rows[ROW_COUNT] = {
    [ROW_DURABLE_1] = {"durable-1", "events/s", 0.02, 0, 0},
    [ROW_DURABLE_4] = {"durable-4", "events/s", 0.05, 0, 0},
    [ROW_DURABLE_16] = {"durable-16", "events/s", 0.1, 0, 0},
    [ROW_WRITTEN] = {"written", "events/s", 1, 0, 0},
    [ROW_SIGNED] = {"signed", "events/s", 0.2, 0, 0},
    [ROW_MANY] = {"many", "events/s", 1, 0, 0},
    [ROW_GET] = {"get", "reads/s", 1, 1, 0},
    [ROW_SCAN] = {"scan", "events/s", 1, 1, 0},
    [ROW_REPLAY] = {"replay", "events/s", 1, 1, 0},
    [ROW_VERIFY] = {"verify", "events/s", 1, 1, 0},
    [ROW_OPEN_KILLED] = {"open-killed", "ms", 1, 0, 1},
    [ROW_MEMORY] = {"memory", "bytes/event", 1, 1, 1},
};

typedef struct {
  size_t events;
  size_t rounds;
  int wanted[ROW_COUNT];
  const char *directory;
  const char *save;
  const char *compare;
} options;

static int row_number(const char *name) {
  for (int i = 0; i < ROW_COUNT; i++) {
    if (strcmp(rows[i].name, name) == 0) return i;
  }
  fprintf(stderr, "bench: no row is called %s\n", name);
  exit(2);
}

static void usage(void) {
  puts("usage: bench [--events N] [--rounds N] [--row NAME]... [--directory D] [--save FILE] [--compare FILE]\nrows:");
  for (int i = 0; i < ROW_COUNT; i++) printf("  %-12s %s\n", rows[i].name, rows[i].unit);
}

static options parse(int count, char **arguments) {
  static const struct option names[] = {{"events", 1, NULL, 'e'},    {"rounds", 1, NULL, 'r'},  {"row", 1, NULL, 'w'},
                                        {"directory", 1, NULL, 'd'}, {"save", 1, NULL, 's'},    {"compare", 1, NULL, 'c'},
                                        {"help", 0, NULL, 'h'},      {NULL, 0, NULL, 0}};
  options o = {.events = 200000, .rounds = 3, .directory = "out/bench"};
  int any = 0;
  for (int c; (c = getopt_long(count, arguments, "", names, NULL)) != -1;) {
    switch (c) {
      case 'e': o.events = strtoull(optarg, NULL, 10); break;
      case 'r': o.rounds = strtoull(optarg, NULL, 10); break;
      case 'w': o.wanted[row_number(optarg)] = any = 1; break;
      case 'd': o.directory = optarg; break;
      case 's': o.save = optarg; break;
      case 'c': o.compare = optarg; break;
      case 'h': usage(); exit(0);
      default: usage(); exit(2);
    }
  }
  if (o.events < 1000 || o.rounds < 1 || o.rounds > ROUNDS_MAX) bench_fail("--events from 1000, --rounds from 1 to 15");
  for (int i = 0; i < ROW_COUNT; i++) o.wanted[i] |= !any;
  return o;
}

/* An empty folder. */
static void fresh(const char *path) {
  char command[700];
  snprintf(command, sizeof command, "rm -rf '%s'", path);
  if (system(command) != 0 || (mkdir(path, 0755) != 0 && errno != EEXIST)) bench_fail("cannot make a folder");
}

static void peer_folder(const options *o, const char *kind, const bench_peer *peer, char path[600]) {
  snprintf(path, 600, "%s/%s", o->directory, kind);
  if (mkdir(path, 0755) != 0 && errno != EEXIST) bench_fail("cannot make a folder");
  snprintf(path, 600, "%s/%s/%s", o->directory, kind, peer->name);
}

static void prepare(const options *o) {
  char path[600];
  for (int p = 0; p < PEERS; p++) {
    peer_folder(o, "stores", peers[p], path);
    fresh(path);
    bench_task task = {path, o->events};
    fprintf(stderr, "preparing %s\n", peers[p]->name);
    if (peers[p]->prepare != NULL) (void)peers[p]->prepare(&task);
  }
}

static double run(const options *o, int row, const bench_peer *peer) {
  char path[600];
  if (peer->jobs[row] == NULL) return -1;
  size_t events = rows[row].reads ? o->events : (size_t)((double)o->events * rows[row].share);
  peer_folder(o, rows[row].reads ? "stores" : "scratch", peer, path);
  if (!rows[row].reads) fresh(path);
  bench_task task = {path, events};
  double result = peer->jobs[row](&task);
  if (!rows[row].reads) fresh(path);
  return result;
}

static int by_value(const void *a, const void *b) {
  const double *left = a, *right = b;
  return (*left > *right) - (*left < *right);
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof *values, by_value);
  return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double saved_value(const char *file, const char *row, const char *peer) {
  FILE *in = fopen(file, "r");
  char line[256], name[64], who[64];
  double value, found = -1;
  if (in == NULL) bench_fail("cannot read what was saved");
  while (fgets(line, sizeof line, in) != NULL) {
    if (sscanf(line, "%63[^\t]\t%63[^\t]\t%lf", name, who, &value) == 3 && strcmp(name, row) == 0 &&
        strcmp(who, peer) == 0) {
      found = value;
    }
  }
  fclose(in);
  return found;
}

/* One line of the table: the medians, and ours over each of the others. */
static void print_row(const options *o, int row, const double medians[PEERS], FILE *save) {
  printf("%-12s %-12s", rows[row].name, rows[row].unit);
  for (int p = 0; p < PEERS; p++) {
    char ratio[24] = "";
    if (p > 0 && medians[p] > 0) {
      snprintf(ratio, sizeof ratio, " (%.2fx)",
               rows[row].less_is_better ? medians[p] / medians[0] : medians[0] / medians[p]);
    }
    if (medians[p] < 0) {
      printf(" %22s", "-");
    } else {
      printf(" %12.*f%-10s", medians[p] < 1000 ? 1 : 0, medians[p], ratio);
      if (save != NULL) fprintf(save, "%s\t%s\t%f\n", rows[row].name, peers[p]->name, medians[p]);
    }
  }
  if (o->compare != NULL) {
    double before = saved_value(o->compare, rows[row].name, peers[0]->name);
    if (before > 0) printf("  before %.0f: %.2fx", before, medians[0] / before);
  }
  putchar('\n');
  fflush(stdout);
}

int main(int count, char **arguments) {
  options o = parse(count, arguments);
  FILE *save = o.save != NULL ? fopen(o.save, "w") : NULL;
  if (o.save != NULL && save == NULL) bench_fail("cannot write what is to be saved");
  fresh(o.directory);
  int reads = 0;
  for (int row = 0; row < ROW_COUNT; row++) reads |= o.wanted[row] && rows[row].reads;
  if (reads) prepare(&o);
  printf("%zu events of %d bytes, median of %zu rounds; in brackets: ours over theirs\n%-12s %-12s", o.events,
         BENCH_PAYLOAD, o.rounds, "row", "unit");
  for (int p = 0; p < PEERS; p++) printf(" %12s%-10s", peers[p]->name, "");
  putchar('\n');
  for (int row = 0; row < ROW_COUNT; row++) {
    if (!o.wanted[row]) continue;
    double values[PEERS][ROUNDS_MAX], medians[PEERS];
    for (size_t round = 0; round < o.rounds; round++) {
      for (int p = 0; p < PEERS; p++) values[p][round] = run(&o, row, peers[p]);
    }
    for (int p = 0; p < PEERS; p++) medians[p] = median(values[p], o.rounds);
    print_row(&o, row, medians, save);
  }
  if (save != NULL && fclose(save) != 0) bench_fail("cannot write what is to be saved");
  char path[600];
  snprintf(path, sizeof path, "%s/scratch", o.directory);
  fresh(path);
  return 0;
}
