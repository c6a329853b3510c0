/* Threads over one store under a deterministic scheduler: programs of a few calls, each under many schedules.
 *
 * Of every program first the plain schedule, then those with one departure from it, a fifth of its share, evenly taken; the
 * rest by chance, with priorities that change (support/scheduler.h) and without.  Some wake threads for nothing,
 * some fail a write or a flush.  What must hold is in support/concurrent.h.
 *
 *   schedules [--schedules N] [--seed N] [--program NAME | --threads LETTERS,LETTERS...]
 *             [--departures N]   exhaustively: all schedules with at most N departures
 *             [--schedule "STEPS" [--fault-at N] [--crash 0]]   this one alone, as a failure prints it */
/* P-010, P-019, P-020, P-029, P-059 */
#include "support/check.h"
#include "support/concurrent.h"
#include "support/random.h"
#include "support/sim.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEPARTURES_MAX = 4096 };

static const concurrent_program programs[] = {
    {.name = "two durable", .threads = {"d", "d"}},
    {.name = "written and durable", .threads = {"wd", "dw"}},
    {.name = "hand-over", .threads = {"dd", "dd", "dd"}},
    {.name = "small groups", .threads = {"dw", "wd", "d", "w"}, .group_max_events = 1},
    {.name = "many at once", .threads = {"M", "Mp", "p"}},
    {.name = "many in small groups", .threads = {"m", "M", "w"}, .group_max_events = 2},
    {.name = "batches", .threads = {"b", "bp", "dp", "w"}},
    {.name = "batches in small groups", .threads = {"wb", "bd", "Mp"}, .group_max_events = 3},
    {.name = "batches and rotation", .threads = {"bb", "mp", "wb"}, .segment_max_bytes = 1200},
    {.name = "readers", .threads = {"dM", "pg", "gpk"}},
    {.name = "rotation", .threads = {"dw", "mp", "wd"}, .segment_max_bytes = 1},
    {.name = "rotation now and then", .threads = {"dwd", "wpd"}, .segment_max_bytes = 1200},
    {.name = "sync", .threads = {"ws", "wsw", "s"}},
    {.name = "sync by itself", .threads = {"www", "wwp"}, .sync_every_events = 2},
    {.name = "one key", .threads = {"id", "i", "wi"}},
    {.name = "the first of an entity", .threads = {"x", "x", "xg"}},
    {.name = "waits", .threads = {"W", "wd", "WF"}},
    {.name = "waits with a time", .threads = {"wDV", "ws", "FwF", "DV"}},
    {.name = "waits and release", .threads = {"r", "W", "tW"}},
    {.name = "waits and strict close", .threads = {"dc", "W", "D"}},
    {.name = "awaits", .threads = {"a", "wd", "aA"}},
    {.name = "awaits and drops", .threads = {"AuA", "wAs", "aFa"}},
    {.name = "awaits and release", .threads = {"r", "q", "dqa", "f"}},
    {.name = "awaits and strict close", .threads = {"dc", "aq", "qA"}},
    {.name = "gates", .threads = {"GF", "wG", "sd"}},
    {.name = "tickets", .threads = {"u", "ud", "u"}},
    {.name = "tickets and appends", .threads = {"uw", "dT", "Bp", "w"}},
    {.name = "tickets in a tiny queue", .threads = {"UUv", "uU", "TP", "d"}, .queue_capacity = 1},
    {.name = "tickets in small groups", .threads = {"UUB", "bu", "Tw"}, .queue_capacity = 2, .group_max_events = 2},
    {.name = "tickets and descriptors", .threads = {"e", "ev", "ed"}},
    {.name = "tickets that tell", .threads = {"nN", "yn", "Nd"}},
    {.name = "tickets that tell, and release", .threads = {"r", "yN", "Ny", "f"}},
    {.name = "tickets and strict close", .threads = {"Uc", "z", "dz"}},
    {.name = "tickets and release", .threads = {"r", "z", "Uu", "f"}},
    {.name = "tickets that are dropped", .threads = {"UU", "Uw", "U"}, .segment_max_bytes = 1200},
    {.name = "strict close", .threads = {"dc", "wp", "d"}},
    {.name = "strict close of readers", .threads = {"dc", "dg", "f", "t"}},
    {.name = "release", .threads = {"dr", "wd", "wf"}},
    {.name = "release of readers", .threads = {"r", "f", "df", "p"}},
    {.name = "failing write", .threads = {"dw", "wd", "pd"}, .fault_kind = SIM_WRITE, .fault_errno = ENOSPC, .fault_within = 5},
    {.name = "failing flush", .threads = {"dd", "wdp", "dt"}, .fault_kind = SIM_SYNC, .fault_errno = EIO, .fault_within = 5},
    {.name = "failing flush, many", .threads = {"Mp", "ws", "Mw"}, .fault_kind = SIM_SYNC, .fault_errno = EIO, .fault_within = 4},
    {.name = "failing write, batches", .threads = {"bp", "wb", "bd"}, .fault_kind = SIM_WRITE, .fault_errno = EIO, .fault_within = 4},
    {.name = "failing flush, batches", .threads = {"bp", "wbp", "bt"}, .fault_kind = SIM_SYNC, .fault_errno = EIO, .fault_within = 4},
    {.name = "failing rotation of batches", .threads = {"bw", "bp", "db"}, .segment_max_bytes = 900,
     .fault_kind = SIM_ANY, .fault_errno = EIO, .fault_within = 40},
    {.name = "failing flush, tickets", .threads = {"uz", "TB", "dU"}, .fault_kind = SIM_SYNC, .fault_errno = EIO, .fault_within = 4},
    {.name = "failing write, tickets", .threads = {"uz", "TB", "wU"}, .fault_kind = SIM_WRITE, .fault_errno = ENOSPC, .fault_within = 4,
     .queue_capacity = 1},
    {.name = "failing flush, waits", .threads = {"WF", "wdD", "Gd"}, .fault_kind = SIM_SYNC, .fault_errno = EIO, .fault_within = 4},
    {.name = "failing flush, awaits", .threads = {"aA", "wda", "Ads"}, .fault_kind = SIM_SYNC, .fault_errno = EIO, .fault_within = 4},
    {.name = "failing rotation", .threads = {"dw", "wM", "d"}, .segment_max_bytes = 700,
     .fault_kind = SIM_ANY, .fault_errno = EIO, .fault_within = 40},
    {.name = "failing with a key", .threads = {"id", "iw", "i"}, .fault_kind = SIM_WRITE, .fault_errno = EIO, .fault_within = 3},
};

enum { PROGRAMS = sizeof programs / sizeof programs[0] };

typedef struct world {
  concurrent_run run;
  int by_name;
  const char *threads_text;
  uint64_t seed;           /* of the run under way */
  uint64_t schedules, steps, switches;
  uint32_t longest;
} world;

static void describe(void *user) {
  const world *w = user;
  fprintf(stderr, "  schedules %s \"%s\" --fault-at %" PRIu32 " --crash %d\n",
          w->threads_text == NULL ? "--program" : "--threads",
          w->threads_text == NULL ? w->run.program->name : w->threads_text, w->run.fault_at, w->run.crashes);
  scheduler_describe(stderr);
}

static void execute(world *w) {
  concurrent_execute(&w->run);
  w->schedules++;
  w->steps += w->run.outcome.steps;
  w->switches += w->run.outcome.switches;
  if (w->run.outcome.steps > w->longest) w->longest = w->run.outcome.steps;
}

/* ---------------------------------------------------------------------------------------------------- systematically -- */

static void run_departures(world *w, const scheduler_choice *departures, size_t count) {
  w->run.plan = (scheduler_plan){.strategy = SCHEDULER_PLAIN, .departures = departures, .departure_count = count};
  execute(w);
}

/* The choices that the plain schedule leaves out, behind step `after`. */
static size_t other_choices(const scheduler_outcome *outcome, uint32_t after, scheduler_choice **choices) {
  size_t count = 0;
  *choices = (scheduler_choice *)malloc(((size_t)outcome->steps + 1) * SCHEDULER_THREADS_MAX * sizeof **choices);
  CHECK(*choices != NULL, "no memory");
  for (uint32_t step = after + 1; step <= outcome->steps; step++) {
    const scheduler_step *at = &outcome->trace[step];
    for (uint8_t thread = 0; at->decided && thread < SCHEDULER_THREADS_MAX; thread++) {
      if (at->runnable >> thread & 1 && thread != at->plain) {
        (*choices)[count++] = (scheduler_choice){step, SCHEDULER_RUN, thread};
      } else if (at->runnable != 0 && at->waiting >> thread & 1) {
        (*choices)[count++] = (scheduler_choice){step, SCHEDULER_SPURIOUS, thread};
      }
    }
  }
  return count;
}

/* All schedules that begin with these departures and have at most `more` behind them; of the next ones every `stride`-th. */
static void explore(world *w, scheduler_choice *departures, size_t count, size_t more, size_t most) {
  scheduler_choice *choices;
  run_departures(w, departures, count);
  if (more == 0) return;
  size_t found = other_choices(&w->run.outcome, count > 0 ? departures[count - 1].step : 0, &choices);
  size_t taken = found < most ? found : most;
  for (size_t i = 0; i < taken; i++) {
    departures[count] = choices[i * found / taken];
    explore(w, departures, count + 1, more - 1, most);
  }
  free(choices);
}

static void explore_all(world *w, const concurrent_program *first, size_t count, size_t departures, uint32_t fault_at) {
  enum { MOST = 8 };
  scheduler_choice chosen[MOST];
  CHECK(departures <= MOST, "at most %d departures", MOST);
  for (size_t i = 0; i < count; i++) {
    w->run = (concurrent_run){.program = &first[i], .fault_at = fault_at};
    explore(w, chosen, 0, departures, SIZE_MAX);
  }
}

/* --------------------------------------------------------------------------------------------------------- by chance -- */

static scheduler_plan plan_of(test_random *random, uint32_t expected_steps) {
  static const uint32_t every[] = {2, 4, 8, 24, 80};
  scheduler_plan plan = {.seed = test_random_next(random), .expected_steps = expected_steps};
  plan.strategy = test_random_below(random, 3) == 0 ? SCHEDULER_RANDOM : SCHEDULER_PRIORITIES;
  plan.every = every[test_random_below(random, 5)];
  plan.depth = 1 + test_random_below(random, 5);
  if (test_random_below(random, 4) == 0) plan.spurious_every = 10;
  if (test_random_below(random, 4) == 0) plan.timeout_every = 20;
  return plan;
}

static void run_by_chance(world *w, uint64_t count, uint32_t expected_steps, uint64_t seed) {
  const concurrent_program *program = w->run.program;
  for (uint64_t i = 0; i < count; i++) {
    test_random random = {seed + i};
    w->run.plan = plan_of(&random, expected_steps);
    w->run.fault_at = program->fault_kind == 0 ? 0 : 1 + test_random_below(&random, program->fault_within);
    w->run.crashes = test_random_below(&random, 8) == 0;
    execute(w);
  }
}

/* The first time systematically too. */
static void run_program(world *w, const concurrent_program *program, uint64_t share, uint64_t round, uint64_t seed) {
  scheduler_choice departures[1];
  w->run = (concurrent_run){.program = program, .crashes = 1, .fault_at = program->fault_kind != 0};
  uint64_t before = w->schedules;
  size_t most = round == 0 ? (size_t)share : 0;
  explore(w, departures, 0, most > 0, most);
  uint64_t done = w->schedules - before;
  run_by_chance(w, share > done ? share - done : 0, w->run.outcome.steps, seed + round * share);
}

/* Round by round, so that what is easy to find is found early, wherever it is. */
static void run_programs(world *w, const concurrent_program *first, size_t count, uint64_t schedules, uint64_t seed) {
  enum { ROUNDS = 5 };
  uint64_t share = (schedules + count * ROUNDS - 1) / (count * ROUNDS);
  for (uint64_t round = 0; round < ROUNDS; round++) {
    for (size_t i = 0; i < count; i++) run_program(w, &first[i], share, round, seed);
  }
}

/* ----------------------------------------------------------------------------------------------------------- options -- */

static const char *option(int argc, char **argv, const char *name) {
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return NULL;
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t otherwise) {
  const char *text = option(argc, argv, name);
  return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static const concurrent_program *find_program(const char *name) {
  for (size_t i = 0; i < PROGRAMS; i++) {
    if (strcmp(programs[i].name, name) == 0) return &programs[i];
  }
  check_failed(__FILE__, __LINE__, "there is no program %s", name);
}

static void repeat(world *w, const concurrent_program *program, const char *schedule, uint32_t fault_at, int crashes) {
  static scheduler_choice departures[DEPARTURES_MAX];
  size_t count = scheduler_parse(schedule, departures, DEPARTURES_MAX);
  CHECK(count != SIZE_MAX, "no schedule: %s", schedule);
  w->run = (concurrent_run){.program = program, .crashes = crashes, .fault_at = fault_at};
  run_departures(w, departures, count);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  static world w;
  static concurrent_program given;
  double started = seconds();
  const char *name = option(argc, argv, "--program"), *schedule = option(argc, argv, "--schedule");
  uint64_t schedules = number(argc, argv, "--schedules", 10000), seed = number(argc, argv, "--seed", 1);
  size_t departures = (size_t)number(argc, argv, "--departures", 0);
  const concurrent_program *only = name == NULL ? NULL : find_program(name);
  w.run.program = &programs[0];
  check_describe_with(describe, &w);
  w.threads_text = option(argc, argv, "--threads");
  if (w.threads_text != NULL) {
    char *text = strdup(w.threads_text);
    CHECK(text != NULL && concurrent_parse(text, &given) == 0, "no threads: %s", w.threads_text);
    only = &given;
  }
  if (schedule != NULL) {
    CHECK(only != NULL, "--schedule wants --program or --threads");
    repeat(&w, only, schedule, (uint32_t)number(argc, argv, "--fault-at", 0), (int)number(argc, argv, "--crash", 1));
  } else {
    const concurrent_program *first = only != NULL ? only : programs;
    size_t count = only != NULL ? 1 : PROGRAMS;
    if (departures > 0) {
      explore_all(&w, first, count, departures, (uint32_t)number(argc, argv, "--fault-at", 0));
    } else {
      run_programs(&w, first, count, schedules, seed);
    }
  }
  printf("%" PRIu64 " schedules, %.1f steps and %.1f switches each, at most %" PRIu32 " steps, seed %" PRIu64 ", %.1f s\n",
         w.schedules, (double)w.steps / (double)w.schedules, (double)w.switches / (double)w.schedules, w.longest, seed,
         seconds() - started);
  return 0;
}
