/* Short programs over a store, crashed wherever the disk changes, with every disk that may be left.
 *
 * All sequences of operations up to a length; of each, the moments of its last operation (those before belong to the
 * shorter sequences).  See support/explorer.h for what is asked of each state.
 *
 *   crash [--length N] [--choices N] [--repair-choices N] [--repair-every N] [--seed N] [--jobs N]
 *   crash --states N ...              longer programs by chance, until so many distinct states were seen
 *   crash --program LETTERS --config N [--whole 1] ...
 *
 * Programs of three operations and more are given a quarter of the choices.  Random programs are crashed from their first
 * operation on.  A failure prints the program, the configuration and the choices; --program and --config repeat it. */
/* P-007, P-025 */
#include "base/hash.h"
#include "support/check.h"
#include "support/explorer.h"
#include "support/program.h"
#include "support/random.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH_MAX = 16, SHORT = 2, JOBS_MAX = 64 };

/* Steps of support/program.h; c: close and open, x: crash that keeps everything and open, y: one that loses everything. */
static const char alphabet[] = "dwWmMbBscxyFeLX", wide_alphabet[] = "dwWmMbBRuUscxyFFeeeEELLX";

/* Beside all the short ones: what follows the end of a fence, and fences one after the other. */
static const char *const longer[] = {"FeXdx", "FeLdX", "FEsLd", "FeEyFe", "FeLFeX", "FeXFeL", "dFexd", "FeEcFE", "bFEXb"};
enum { LONGER = sizeof longer / sizeof longer[0] };

/* Signatures take a third of the time and have no part in recovery, so one configuration for short programs has them. */
enum { SMALLEST = 0, SIGNED = 1, WHOLE = 2, SMALL = 3, CONFIGS = 7 };
static const size_t configs_of_short[] = {SMALLEST, SIGNED, WHOLE}, configs_of_long[] = {SMALLEST, SMALL, WHOLE};
enum { CONFIGS_EACH = 3 };

typedef struct options {
  uint64_t length, seed, states, jobs, choices, whole;
} options;

/* Shared by the processes. */
typedef struct progress {
  _Atomic uint64_t claimed; /* programs begun */
  _Atomic uint64_t done;
} progress;

typedef struct world {
  explorer explorer;
  bp_config configs[CONFIGS];
  options options;
  size_t config;
  int whole; /* crash it from its first operation on */
  char letters[LENGTH_MAX + 1];
  program program;
  progress *progress;
} world;

static const uint8_t signing_seed[32] = {1, 2, 3};

static void make_configs(world *w) {
  static const uint64_t segment_bytes[CONFIGS] = {1, 1200, 1 << 20, 1200, 2500, 600, 1 << 20};
  /* For a segment of one event there is none, for others to their end, or a little that is often made anew. */
  static const uint64_t room[CONFIGS] = {1 << 20, 1 << 20, 8 << 10, 0, 8 << 10, 0, 0};
  for (size_t i = 0; i < CONFIGS; i++) {
    CHECK(bp_config_init(&w->configs[i], sizeof w->configs[i]) == BP_OK, "bp_config_init");
    w->configs[i].segment_max_bytes = segment_bytes[i];
    w->configs[i].preallocate_bytes = room[i];
  }
  w->configs[SIGNED].signing_seeds = signing_seed;
  w->configs[SIGNED].signing_seed_count = 1;
  w->configs[WHOLE].sync_every_events = 4;
  w->configs[4].sync_every_events = 2;
  w->configs[5].sync_mode = BP_SYNC_ALL;
}

/* -------------------------------------------------------------------------------------------------- the operations -- */

static void open_again(program *run) {
  program_must(run, 'o');
  model_compare(&run->model, run->store, 0);
  model_settle(&run->model);
}

static void crash_and_open(program *run, uint32_t kind) {
  program_crash(run, kind);
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

/* The last operation's moments, or those of the open where there is none; of a whole program those of all operations. */
static void run_program(world *w) {
  size_t length = strlen(w->letters), recorded = w->whole || length == 0 ? 0 : length - 1;
  sim_system *sim = sim_new();
  w->explorer.seed = bpi_hash(w->letters, length, w->options.seed * CONFIGS + w->config);
  w->explorer.choices = (size_t)(length <= SHORT ? w->options.choices : (w->options.choices + 3) / 4);
  program *run = &w->program;
  sim_set_seed(sim, w->explorer.seed);
  program_init(run, sim);
  run->config = w->configs[w->config];
  w->explorer.config = &run->config;
  if (length == 0) explorer_record(&w->explorer, sim, &run->model);
  program_must(run, 'o');
  for (size_t i = 0; i < length; i++) {
    if (i == recorded) explorer_record(&w->explorer, sim, &run->model);
    operate(run, w->letters[i]);
  }
  explorer_explore(&w->explorer, 0);
  program_free(run);
  sim_free(sim);
  atomic_fetch_add(&w->progress->done, 1);
}

/* The number-th of all programs, the shorter ones before the longer ones.  0: there are not so many. */
static int choose_program(world *w, uint64_t number) {
  uint64_t letters = sizeof alphabet - 1, of_length = 1, length = 0;
  w->config = number % CONFIGS_EACH;
  number /= CONFIGS_EACH;
  while (length <= w->options.length && number >= of_length) {
    number -= of_length;
    of_length *= letters;
    length++;
  }
  if (length > w->options.length) {
    if (length <= SHORT + 1 || number >= LONGER) return 0;
    memcpy(w->letters, longer[number], strlen(longer[number]) + 1);
    w->config = configs_of_long[w->config];
    return 1;
  }
  w->letters[length] = '\0';
  for (size_t i = (size_t)length; i-- > 0; number /= letters) w->letters[i] = alphabet[number % letters];
  w->config = length <= SHORT ? configs_of_short[w->config] : configs_of_long[w->config];
  return 1;
}

static int draw_program(world *w, uint64_t number) {
  test_random random = {w->options.seed + number * 0x9e3779b97f4a7c15u};
  size_t most = (size_t)w->options.length, length = SHORT + 1 + test_random_below(&random, (uint32_t)(most - SHORT));
  if (atomic_load(&w->explorer.counts->states) >= w->options.states) return 0;
  for (size_t i = 0; i < length; i++) {
    w->letters[i] = wide_alphabet[test_random_below(&random, sizeof wide_alphabet - 1)];
  }
  w->letters[length] = '\0';
  w->config = test_random_below(&random, CONFIGS);
  if (w->config == SIGNED) w->config = test_random_below(&random, CONFIGS);
  w->whole = 1;
  return 1;
}

static void run_share(world *w) {
  for (;;) {
    uint64_t number = atomic_fetch_add(&w->progress->claimed, 1);
    if (!(w->options.states > 0 ? draw_program(w, number) : choose_program(w, number))) return;
    run_program(w);
  }
}

/* Children take one program after the other; the first that fails ends all. */
static int run_jobs(world *w) {
  pid_t children[JOBS_MAX];
  size_t jobs = (size_t)w->options.jobs;
  int failed = 0;
  fflush(NULL);
  for (size_t i = 0; i < jobs; i++) {
    children[i] = fork();
    CHECK(children[i] >= 0, "fork");
    if (children[i] == 0) {
      run_share(w);
      explorer_free(&w->explorer);
      exit(0);
    }
  }
  for (size_t ended = 0; ended < jobs; ended++) {
    int status;
    pid_t child = wait(&status);
    for (size_t i = 0; i < jobs; i++) {
      if (children[i] == child) children[i] = 0;
      if (status != 0 && !failed && children[i] > 0) (void)kill(children[i], SIGTERM);
    }
    failed |= status != 0;
  }
  return failed;
}

static void describe(void *user) {
  const world *w = user;
  fprintf(stderr,
          "  crash --program '%s' --config %zu --whole %d --seed %" PRIu64 " --choices %" PRIu64
          " --repair-choices %zu --repair-every 1\n",
          w->letters, w->config, w->whole, w->options.seed, w->options.choices, w->explorer.repair_choices);
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

static void read_options(world *w, int argc, char **argv) {
  w->options = (options){.seed = number(argc, argv, "--seed", "1"),
                         .states = number(argc, argv, "--states", "0"),
                         .jobs = number(argc, argv, "--jobs", "1"),
                         .choices = number(argc, argv, "--choices", "12"),
                         .whole = number(argc, argv, "--whole", "0")};
  w->options.length = number(argc, argv, "--length", w->options.states > 0 ? "8" : "3");
  CHECK(w->options.length <= LENGTH_MAX, "at most %d operations", LENGTH_MAX);
  CHECK(w->options.states == 0 || w->options.length > SHORT, "random programs are longer than %d operations", SHORT);
  CHECK(w->options.jobs >= 1 && w->options.jobs <= JOBS_MAX, "from 1 to %d jobs", JOBS_MAX);
}

int main(int argc, char **argv) {
  static world w;
  double started = seconds();
  int failed = 0;
  const char *letters = option(argc, argv, "--program", NULL);
  read_options(&w, argc, argv);
  make_configs(&w);
  explorer_init(&w.explorer, &w.configs[0], 0, (size_t)1 << 21);
  w.progress = seen_share(sizeof *w.progress);
  w.explorer.repair_choices = (size_t)number(argc, argv, "--repair-choices", "4");
  w.explorer.repair_every = number(argc, argv, "--repair-every", "64");
  check_describe_with(describe, &w);
  if (letters != NULL) {
    CHECK(strlen(letters) <= LENGTH_MAX, "at most %d operations", LENGTH_MAX);
    memcpy(w.letters, letters, strlen(letters));
    w.config = (size_t)number(argc, argv, "--config", "0") % CONFIGS;
    w.whole = w.options.whole != 0;
    run_program(&w);
  } else if (w.options.jobs == 1) {
    run_share(&w);
  } else {
    failed = run_jobs(&w);
  }
  const explorer_counts *counts = w.explorer.counts;
  printf("%" PRIu64 " programs, %" PRIu64 " crashes, %" PRIu64 " distinct states (%" PRIu64 " of them left by a crash during "
         "repair, %" PRIu64 " with holes), seed %" PRIu64 ", %.1f s\n",
         w.progress->done, counts->crashes, counts->states, counts->repair_states, counts->holes, w.options.seed,
         seconds() - started);
  explorer_free(&w.explorer);
  return failed;
}
