/* Everything that can fail, failed once, twice in a row, and for good, in every workflow.
 *
 * A workflow is a program (support/program.h) on a prepared disk.  It is run with its n-th allocation failing, for n = 1
 * and on until it no longer gets there; with its n-th call of the system failing; with its writes failing, short, or out
 * of space; with its flushes failing.  After each run: nothing leaks, the process is dead but the machine lives and the
 * store holds everything that was acknowledged and nothing that was refused, the machine has crashed and the store holds
 * what was acknowledged as durable.
 *
 *   faults [--seed N] [--workflow N] */
/* P-065, P-103 */
#include "base/hash.h"
#include "support/aftermath.h"
#include "support/check.h"
#include "support/memory_fault.h"
#include "support/program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct workflow {
  const char *name;
  const char *before;      /* steps on a new disk, which must succeed */
  int killed;              /* then the machine crashes, with everything kept */
  const char *steps;       /* the workflow */
  uint64_t segment_bytes;
  int without_room;        /* behind the events; else there is a little */
} workflow;

enum { ROOM = 8192 }; /* made anew every few events, none for large groups */

static const workflow workflows[] = {
    {"open fresh", "", 0, "o", 1 << 20, 0},
    {"open closed", "odwC", 0, "oq", 1 << 20, 0},
    {"open many segments", "odwWmC", 0, "oqd", 1, 0},
    {"open killed", "odwWm", 1, "oqdC", 1 << 20, 0},
    {"open killed, many segments", "odwWm", 1, "oqdC", 700, 0},
    {"read-only", "odwWmC", 0, "OqptvgC", 1200, 0},
    {"read-only, killed", "odwWm", 1, "OqptvgC", 1 << 20, 0},
    {"append durable", "odC", 0, "oddpC", 1 << 20, 0},
    {"append written", "odC", 0, "owWwpsC", 1 << 20, 0},
    {"append many", "odC", 0, "omMpC", 1 << 20, 0},
    {"rotation", "odC", 0, "odwWmMpsC", 1, 0},
    {"rotation now and then", "odC", 0, "odwWmMpsC", 1200, 0},
    {"batches", "odC", 0, "obwBRsbpC", 1 << 20, 0},
    {"batches, rotation", "odbC", 0, "obwBRsbpC", 1, 0},
    {"batches, rotation now and then", "odbC", 0, "owbWBRC", 900, 0},
    {"open killed, batches", "odBwb", 1, "oqRbC", 1 << 20, 0},
    {"open killed, batches in many segments", "odBwb", 1, "oqRbC", 700, 0},
    {"tickets", "odC", 0, "ouwUspC", 1 << 20, 0},
    {"tickets, rotation", "odC", 0, "ouwUC", 1, 0},
    {"fence committed", "odC", 0, "owFeEsLdC", 1 << 20, 0},
    {"fence cancelled", "odC", 0, "owFeEXdC", 1 << 20, 0},
    {"fence committed or cancelled", "odC", 0, "oFeLXFeLXbC", 1 << 20, 0},
    {"fence left to the close", "odC", 0, "owFeEC", 1 << 20, 0},
    {"fence, rotation", "odC", 0, "oFeEeLFeEXdC", 1, 0},
    {"open with hidden events", "odFeEXdC", 0, "oqdFeXC", 1 << 20, 0},
    {"open killed with a fence", "odwFeE", 1, "oqdFeLC", 1 << 20, 0},
    {"read-only with hidden events", "odFeXwC", 0, "OqptvgC", 1 << 20, 0},
    {"read", "odwWmC", 0, "owpgkfrvtC", 1 << 20, 0},
    {"read many segments", "odwWmC", 0, "owpgkfrvtC", 1, 0},
    {"append without room", "odC", 0, "oddwMpC", 1 << 20, 1},
    {"batches without room", "odC", 0, "obwBRC", 1 << 20, 1},
    {"open killed without room", "odwWm", 1, "oqdC", 1 << 20, 1},
    {"rotation without room", "odC", 0, "odwWmMpsC", 1200, 1},
};

enum { WORKFLOWS = sizeof workflows / sizeof workflows[0] };

typedef struct world {
  const workflow *workflow;
  sim_system *before;      /* the prepared disk and what it holds */
  model_state model;
  memory_fault memory;
  char kind[96];           /* of fault, for the message */
  uint64_t at;
  uint64_t seed;
  uint64_t runs;
  uint64_t reopenings;
} world;

static void describe(void *user) {
  const world *w = user;
  fprintf(stderr, "  faults --workflow %zu --seed %" PRIu64 ": %s (%s), %s, number %" PRIu64 "\n",
          (size_t)(w->workflow - workflows), w->seed, w->workflow->name, w->workflow->steps, w->kind, w->at);
}

static void begin(const world *w, program *run, sim_system *sim) {
  program_init(run, sim);
  run->config.segment_max_bytes = w->workflow->segment_bytes;
  run->config.preallocate_bytes = w->workflow->without_room ? 0 : ROOM;
  run->config.sync_every_events = 3;
}

static void prepare(world *w, const workflow *chosen) {
  program run;
  w->workflow = chosen;
  snprintf(w->kind, sizeof w->kind, "before");
  w->before = sim_new();
  begin(w, &run, w->before);
  for (const char *step = chosen->before; *step != '\0'; step++) program_must(&run, *step);
  model_copy(&w->model, &run.model);
  if (chosen->killed) program_crash(&run, SIM_ALL_KEPT);
  if (chosen->killed) model_hide(&w->model);
  program_free(&run);
}

/* ------------------------------------------------------------------------------------------------------ afterwards -- */

static void reopen(world *w, sim_system *sim, const model_state *promised, uint32_t mode) {
  program like;
  begin(w, &like, sim);
  aftermath_reopen(&like, promised, mode);
  program_free(&like);
  w->reopenings++;
}

/* What was acknowledged as written outlives the process, not the machine. */
static void check_after(world *w, sim_system *sim, const model_state *model) {
  sim_choice choices[5];
  size_t count = sim_choices(sim, choices, 5, bpi_hash_mix(w->seed + 1, w->runs + 1));
  for (size_t i = 0; i < count; i++) {
    if (choices[i].kind == SIM_RANDOM || choices[i].kind == SIM_WITHOUT || choices[i].kind == SIM_ONLY) continue;
    sim_system *crashed = sim_crashed(sim, &choices[i]);
    reopen(w, crashed, model, BP_MODE_READ_ONLY);
    reopen(w, crashed, model, BP_MODE_CREATE);
    sim_free(crashed);
  }
  model_state survived;
  model_copy(&survived, model);
  model_sync(&survived);
  sim_kill(sim);
  reopen(w, sim, &survived, BP_MODE_READ_ONLY);
  reopen(w, sim, &survived, BP_MODE_CREATE);
  model_free(&survived);
}

/* ------------------------------------------------------------------------------------------------------------ runs -- */

static void check_leaks(const world *w, sim_system *sim) {
  CHECK(sim_open_files(sim) == 0 && sim_mapped_views(sim) == 0 && sim_misuses(sim) == 0,
        "left behind: %zu open files, %zu views; %" PRIu64 " misuses", sim_open_files(sim), sim_mapped_views(sim),
        sim_misuses(sim));
  CHECK(w->memory.live_blocks == 0 && w->memory.wrong_sizes == 0,
        "left behind: %" PRIu64 " blocks; %" PRIu64 " of a wrong size", w->memory.live_blocks, w->memory.wrong_sizes);
}

/* One run; `fault` NULL: none.  The answer is how many calls it made. */
static uint64_t run_once(world *w, const sim_fault *fault, size_t write_limit, uint64_t allocation) {
  program run;
  sim_system *sim = sim_clone(w->before);
  begin(w, &run, sim);
  model_free(&run.model);
  model_copy(&run.model, &w->model);
  memset(&w->memory, 0, sizeof w->memory);
  run.config.reallocate = memory_fault_reallocate;
  run.config.reallocate_user = &w->memory;
  if (fault != NULL) sim_add_fault(sim, *fault);
  sim_set_write_limit(sim, write_limit);
  memory_fault_arm(&w->memory, allocation, 0);
  aftermath_run(&run, w->workflow->steps, allocation > 0);
  uint64_t calls = fault != NULL ? sim_calls(sim, fault->kind) : 0;
  check_leaks(w, sim);
  sim_clear_faults(sim);
  sim_set_write_limit(sim, 0);
  check_after(w, sim, &run.model);
  program_free(&run);
  sim_free(sim);
  w->runs++;
  return calls;
}

static void fail_each_allocation(world *w) {
  snprintf(w->kind, sizeof w->kind, "allocation");
  for (w->at = 1;; w->at++) {
    (void)run_once(w, NULL, 0, w->at);
    if (w->memory.failures == 0) return;
  }
}

enum { ONCE, TWICE, FOREVER, WAYS };

static void fail_each_call(world *w, int kind, int errno_value, int way) {
  static const char *const ways[WAYS] = {"", ", and the next one", " from there on"};
  snprintf(w->kind, sizeof w->kind, "%s fails with %s%s", sim_call_name(kind), strerror(errno_value), ways[way]);
  for (w->at = 1;; w->at++) {
    sim_fault fault = {.kind = kind, .at = w->at, .errno_value = errno_value, .forever = way == FOREVER, .more = way == TWICE};
    if (run_once(w, &fault, 0, 0) < w->at) return;
  }
}

static void write_short(world *w) {
  static const size_t limits[] = {1, 7, 100, 511};
  snprintf(w->kind, sizeof w->kind, "short writes, then none");
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    w->at = limits[i];
    (void)run_once(w, NULL, limits[i], 0);
  }
  for (w->at = 1; w->at < 100; w->at += 6) {
    sim_fault fault = {.kind = SIM_WRITE, .at = w->at, .errno_value = ENOSPC};
    (void)run_once(w, &fault, 100, 0);
  }
}

static void run_workflow(world *w, const workflow *chosen) {
  prepare(w, chosen);
  snprintf(w->kind, sizeof w->kind, "no fault");
  (void)run_once(w, NULL, 0, 0);
  fail_each_allocation(w);
  for (int way = ONCE; way < WAYS; way++) {
    fail_each_call(w, SIM_ANY, EIO, way);
    fail_each_call(w, SIM_WRITE, ENOSPC, way);
    fail_each_call(w, SIM_SYNC, EIO, way);
  }
  write_short(w);
  sim_free(w->before);
  model_free(&w->model);
}

/* ------------------------------------------------------------------------------------------- a flush that fails -- */

static void fail_a_flush(world *w) {
  static const workflow plain = {"a flush that fails", "", 0, "odwdwsdC", 1 << 20, 0};
  static const sim_fault fault = {.kind = SIM_SYNC, .at = 1, .errno_value = EIO};
  program run;
  sim_system *sim = sim_new();
  w->workflow = &plain;
  begin(w, &run, sim);
  program_must(&run, 'o');
  program_must(&run, 'd');
  program_must(&run, 'w');
  uint64_t durable = program_stat(&run).durable_sequence;
  sim_add_fault(sim, fault);
  program_expect(&run, 'd', BP_SYNC_FAILED);
  program_expect(&run, 'w', BP_POISONED);
  program_expect(&run, 'd', BP_POISONED);
  program_expect(&run, 's', BP_POISONED);
  CHECK(program_stat(&run).poisoned && program_stat(&run).durable_sequence == durable, "what is durable has changed");
  model_compare(&run.model, run.store, 0);
  program_expect(&run, 'C', BP_POISONED);
  sim_clear_faults(sim);
  w->before = sim;
  check_after(w, sim, &run.model);
  program_free(&run);
  sim_free(sim);
  w->runs++;
}

/* -------------------------------------------------------------------------------------------------- a disk that is full -- */

static void fill_the_disk(world *w, uint64_t segment_bytes, int without_room) {
  static workflow full = {"a full disk", "", 0, "", 0, 0};
  full.segment_bytes = segment_bytes;
  full.without_room = without_room;
  w->workflow = &full;
  for (uint64_t spare = 0; spare < 9000; spare += 331) {
    program run;
    sim_system *sim = sim_new();
    begin(w, &run, sim);
    program_must(&run, 'o');
    program_must(&run, 'd');
    w->at = spare;
    sim_set_capacity(sim, sim_used_bytes(sim) + spare);
    (void)aftermath_full(&run, "dwWbmMBdwWbmM");
    sim_set_capacity(sim, UINT64_MAX);
    for (const char *step = "dwbmBW"; *step != '\0'; step++) program_must(&run, *step);
    model_compare(&run.model, run.store, MODEL_VERIFY);
    model_state promised;
    model_copy(&promised, &run.model);
    program_free(&run);
    check_after(w, sim, &promised);
    model_free(&promised);
    sim_free(sim);
    w->runs++;
  }
}

static uint64_t number(int argc, char **argv, const char *name, uint64_t otherwise) {
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], name) == 0) return strtoull(argv[i + 1], NULL, 0);
  }
  return otherwise;
}

int main(int argc, char **argv) {
  static world w;
  uint64_t only = number(argc, argv, "--workflow", WORKFLOWS);
  w.seed = number(argc, argv, "--seed", 1);
  w.workflow = workflows;
  check_describe_with(describe, &w);
  for (size_t i = 0; i < WORKFLOWS; i++) {
    if (only == WORKFLOWS || only == i) run_workflow(&w, &workflows[i]);
  }
  fail_a_flush(&w);
  fill_the_disk(&w, 1 << 20, 1);
  fill_the_disk(&w, 1 << 20, 0);
  fill_the_disk(&w, 900, 0);
  printf("%zu workflows, %" PRIu64 " runs, %" PRIu64 " reopenings, seed %" PRIu64 "\n", (size_t)WORKFLOWS, w.runs,
         w.reopenings, w.seed);
  return 0;
}
