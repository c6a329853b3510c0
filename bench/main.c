/* bench [--events N] [--rounds N] [--row NAME]... [--peer NAME]... [--directory D] [--save FILE] [--compare FILE]
 *
 * Every peer does every row it can, one after the other, in each round; the median of the rounds counts, and the ratios of
 * one run.  --save writes the medians, --compare shows them beside. */
#include "rows.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static void usage(void) {
  puts("usage: bench [--events N] [--rounds N] [--row NAME]... [--peer NAME]... [--directory D] [--save FILE]"
       " [--compare FILE]\n"
       "rows, beside the peers; all events have 256 bytes of payload and are made before the clock starts:");
  bench_rows_print_about();
  puts("costs, of batpak without and with something:");
  bench_costs_print_about();
}

static void want(bench_options *o, const char *name) {
  if (o->wanted_count == BENCH_WANTED_MOST) bench_fail("too many rows");
  if (!bench_is_row(name) && !bench_is_cost(name)) bench_fail("no row has this name");
  o->wanted[o->wanted_count++] = name;
}

static void want_peer(bench_options *o, const char *name) {
  if (o->peer_count == BENCH_PEERS) bench_fail("too many peers");
  if (!bench_is_peer(name)) bench_fail("no peer has this name");
  o->peers[o->peer_count++] = name;
}

static bench_options parse(int count, char **arguments) {
  static const struct option names[] = {{"events", 1, NULL, 'e'},    {"rounds", 1, NULL, 'r'}, {"row", 1, NULL, 'w'},
                                        {"peer", 1, NULL, 'p'},      {"save", 1, NULL, 's'},   {"compare", 1, NULL, 'c'},
                                        {"directory", 1, NULL, 'd'}, {"help", 0, NULL, 'h'},   {NULL, 0, NULL, 0}};
  bench_options o = {.events = 200000, .rounds = 3, .directory = "out/bench"};
  for (int c; (c = getopt_long(count, arguments, "", names, NULL)) != -1;) {
    switch (c) {
      case 'e': o.events = strtoull(optarg, NULL, 10); break;
      case 'r': o.rounds = strtoull(optarg, NULL, 10); break;
      case 'w': want(&o, optarg); break;
      case 'p': want_peer(&o, optarg); break;
      case 'd': o.directory = optarg; break;
      case 's':
        o.save = fopen(optarg, "w");
        if (o.save == NULL) bench_fail("cannot write what is to be saved");
        break;
      case 'c': o.compare = optarg; break;
      case 'h': usage(); exit(0);
      default: usage(); exit(2);
    }
  }
  if (o.events < 10000 || o.rounds < 1 || o.rounds > BENCH_ROUNDS_MOST) {
    bench_fail("--events from 10,000, --rounds from 1 to 31");
  }
  return o;
}

void bench_fresh_folder(const char *path) {
  char command[1300];
  snprintf(command, sizeof command, "rm -rf '%s' && mkdir -p '%s'", path, path);
  if (system(command) != 0) bench_fail("cannot make a folder");
}

int bench_is_wanted(const bench_options *o, const char *name) {
  for (size_t i = 0; i < o->wanted_count; i++) {
    if (strcmp(o->wanted[i], name) == 0) return 1;
  }
  return o->wanted_count == 0;
}

double bench_run_fresh(const bench_options *o, const char *name, bench_work work, bench_task *task) {
  char path[600];
  snprintf(path, sizeof path, "%s/scratch/%s", o->directory, name);
  bench_fresh_folder(path);
  task->directory = path;
  double result = work(task);
  bench_fresh_folder(path);
  return result;
}

static int by_value(const void *a, const void *b) {
  const double *left = a, *right = b;
  return (*left > *right) - (*left < *right);
}

double bench_median(double *values, size_t count) {
  qsort(values, count, sizeof *values, by_value);
  return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

int main(int count, char **arguments) {
  bench_options o = parse(count, arguments);
  bench_fresh_folder(o.directory);
  printf("%zu events of %d bytes (rows that wait for the disk: a part of them), median of %zu rounds\n", o.events,
         BENCH_PAYLOAD, o.rounds);
  bench_rows_run(&o);
  bench_costs_run(&o);
  if (o.save != NULL && fclose(o.save) != 0) bench_fail("cannot write what is to be saved");
  return 0;
}
