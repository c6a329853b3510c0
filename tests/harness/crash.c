/* Every short program over a store, crashed wherever the disk changes, with every disk that may be left.
 *
 * All sequences of operations up to a length; of each, the moments of its last operation (those before belong to the
 * shorter sequences).  See support/explorer.h for what is asked of each state.
 *
 *   crash [--length N] [--choices N] [--repair-choices N] [--repair-every N] [--seed N] [--program LETTERS] [--config N]
 *
 * Programs of three operations and more are given a quarter of the choices.  A failure prints the program, the configuration and the choices; --program and --config repeat it. */
#include "base/hash.h"
#include "support/check.h"
#include "support/explorer.h"
#include "support/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LENGTH_MAX = 8 };

/* Steps of support/program.h; c: close and open, x: crash that keeps everything and open, y: one that loses everything. */
static const char alphabet[] = "dwWmMscxy";
enum { CONFIGS = 4 };

typedef struct world {
  explorer explorer;
  bp_config configs[CONFIGS];
  size_t config;
  uint64_t seed;
  size_t choices;
  char letters[LENGTH_MAX + 1];
  program program;
  uint64_t programs;
} world;

static const uint8_t signing_seed[32] = {1, 2, 3};

static void make_configs(world *w) {
  /* Room behind the frames: none in segments of one event, up to their end, a little and often made anew, none. */
  static const uint64_t segment_bytes[CONFIGS] = {1, 1200, 1 << 20, 1 << 20};
  static const uint64_t room[CONFIGS] = {1 << 20, 1 << 20, 8 << 10, 0};
  for (size_t i = 0; i < CONFIGS; i++) {
    CHECK(bp_config_init(&w->configs[i], sizeof w->configs[i]) == BP_OK, "bp_config_init");
    w->configs[i].segment_max_bytes = segment_bytes[i];
    w->configs[i].preallocate_bytes = room[i];
  }
  w->configs[1].signing_seeds = signing_seed;
  w->configs[1].signing_seed_count = 1;
  w->configs[2].sync_every_events = 4;
}

/* -------------------------------------------------------------------------------------------------- the operations -- */

static void open_again(program *run) {
  program_must(run, 'o');
  model_compare(&run->model, run->store, 0);
  model_settle(&run->model);
}

static void crash_and_open(program *run, uint32_t kind) {
  const sim_choice choice = {.kind = kind};
  sim_crash(run->sim, &choice);
  bp_store_release(run->store);
  open_again(run);
}

static void operate(program *run, char operation) {
  switch (operation) {
    case 'c':
      program_must(run, 'C');
      open_again(run);
      break;
    case 'x': crash_and_open(run, SIM_ALL_KEPT); break;
    case 'y': crash_and_open(run, SIM_ALL_LOST); break;
    default: program_must(run, operation);
  }
}

/* ---------------------------------------------------------------------------------------------------- the programs -- */

/* The last operation's moments, or those of the open where there is none. */
static void run_program(world *w) {
  enum { LONG = 3 };
  size_t length = strlen(w->letters);
  sim_system *sim = sim_new();
  w->explorer.seed = bpi_hash(w->letters, length, w->seed * CONFIGS + w->config);
  w->explorer.choices = length < LONG ? w->choices : (w->choices + 3) / 4;
  program *run = &w->program;
  sim_set_seed(sim, w->explorer.seed);
  program_init(run, sim);
  run->config = w->configs[w->config];
  w->explorer.config = &run->config;
  if (length == 0) explorer_record(&w->explorer, sim, &run->model);
  program_must(run, 'o');
  for (size_t i = 0; i < length; i++) {
    if (i + 1 == length) explorer_record(&w->explorer, sim, &run->model);
    operate(run, w->letters[i]);
  }
  explorer_explore(&w->explorer, 0);
  program_free(run);
  sim_free(sim);
  w->programs++;
}

static void run_in_each_config(world *w) {
  for (w->config = 0; w->config < CONFIGS; w->config++) run_program(w);
}

static void run_all(world *w, size_t length, size_t filled) {
  w->letters[filled] = '\0';
  run_in_each_config(w);
  for (size_t i = 0; filled < length && alphabet[i] != '\0'; i++) {
    w->letters[filled] = alphabet[i];
    run_all(w, length, filled + 1);
    w->letters[filled] = '\0';
  }
}

static void describe(void *user) {
  const world *w = user;
  fprintf(stderr, "  crash --program '%s' --config %zu --seed %" PRIu64 " --choices %zu --repair-choices %zu --repair-every 1\n",
          w->letters, w->config, w->seed, w->choices, w->explorer.repair_choices);
  explorer_describe(&w->explorer);
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return otherwise;
}

static uint64_t number(int argc, char **argv, const char *name, const char *otherwise) {
  return strtoull(option(argc, argv, name, otherwise), NULL, 0);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  static world w;
  double started = seconds();
  uint64_t length = number(argc, argv, "--length", "3");
  const char *letters = option(argc, argv, "--program", NULL);
  CHECK(length <= LENGTH_MAX && (letters == NULL || strlen(letters) <= LENGTH_MAX), "at most %d operations", LENGTH_MAX);
  make_configs(&w);
  explorer_init(&w.explorer, &w.configs[0], 0);
  w.seed = number(argc, argv, "--seed", "1");
  w.choices = (size_t)number(argc, argv, "--choices", "16");
  w.explorer.repair_choices = (size_t)number(argc, argv, "--repair-choices", "4");
  w.explorer.repair_every = number(argc, argv, "--repair-every", "64");
  check_describe_with(describe, &w);
  if (letters != NULL) {
    memcpy(w.letters, letters, strlen(letters));
    w.config = (size_t)number(argc, argv, "--config", "0") % CONFIGS;
    run_program(&w);
  } else {
    run_all(&w, (size_t)length, 0);
  }
  const explorer *x = &w.explorer;
  printf("%" PRIu64 " programs, %" PRIu64 " crashes, %" PRIu64 " distinct states (%" PRIu64 " of them left by a crash during "
         "repair, %" PRIu64 " with holes), seed %" PRIu64 ", %.1f s\n",
         w.programs, x->crashes, x->states, x->repair_states, x->holes, w.seed, seconds() - started);
  explorer_free(&w.explorer);
  return 0;
}
