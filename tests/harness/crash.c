/* Every short program over a store, crashed wherever the disk changes, with every disk that may be left.
 *
 * All sequences of operations up to a length; of each, the moments of its last operation (those before belong to the
 * shorter sequences).  See support/explorer.h for what is asked of each state.
 *
 *   crash [--length N] [--choices N] [--repair-choices N] [--repair-every N] [--seed N] [--program LETTERS] [--config N]
 *
 * A failure prints the program, the configuration and the choices; --program and --config repeat it. */
#include "base/hash.h"
#include "support/check.h"
#include "support/explorer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MANY = 3, LENGTH_MAX = 8 };

static const char alphabet[] = "dwWmMscxy";
static const char meaning[] =
    "d append durable, w append written, W a large one written, m three written, M three durable, s sync, "
    "c close and open, x crash that keeps everything and open, y crash that loses everything and open";

typedef struct world {
  explorer explorer;
  bp_config configs[3];
  size_t config;
  char program[LENGTH_MAX + 1];
  sim_system *sim;
  bp_store *store;
  model_state model;
  uint64_t programs;
} world;

static const uint8_t signing_seed[32] = {1, 2, 3};

static void make_configs(world *w) {
  static const uint64_t segment_bytes[3] = {1, 1200, 1 << 20};
  for (size_t i = 0; i < 3; i++) {
    CHECK(bp_config_init(&w->configs[i], sizeof w->configs[i]) == BP_OK, "bp_config_init");
    w->configs[i].segment_max_bytes = segment_bytes[i];
  }
  w->configs[1].signing_seeds = signing_seed;
  w->configs[1].signing_seed_count = 1;
  w->configs[2].sync_every_events = 4;
}

/* -------------------------------------------------------------------------------------------------- the operations -- */

static void open_store(world *w) { w->store = explorer_open(&w->explorer, w->sim, BP_MODE_CREATE); }

static void settle(world *w) {
  model_compare(&w->model, w->store, 0);
  model_settle(&w->model);
}

static void append(world *w, uint32_t entity, uint32_t length, uint8_t durability) {
  bp_draft draft;
  bp_receipt receipt;
  bp_error error = {.struct_size = sizeof error};
  size_t event = model_add(&w->model, entity, length, durability, &draft);
  CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
  CHECK(bp_store_append(w->store, &draft, &receipt, &error) == BP_OK, "append: %s", error.text);
  model_acknowledge(&w->model, event, &receipt);
}

static void append_many(world *w, uint8_t durability) {
  static const uint32_t entities[MANY] = {0, 1, 0}, lengths[MANY] = {10, 300, 120};
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  bp_error error = {.struct_size = sizeof error};
  size_t accepted, first = w->model.count;
  for (size_t i = 0; i < MANY; i++) {
    (void)model_add(&w->model, entities[i], lengths[i], durability, &drafts[i]);
    CHECK(bp_receipt_init(&receipts[i], sizeof receipts[i]) == BP_OK, "bp_receipt_init");
  }
  CHECK(bp_store_append_many(w->store, drafts, MANY, receipts, &accepted, &error) == BP_OK && accepted == MANY,
        "append_many: %s", error.text);
  for (size_t i = 0; i < MANY; i++) model_acknowledge(&w->model, first + i, &receipts[i]);
}

static void crash_and_open(world *w, uint32_t kind) {
  const sim_choice choice = {.kind = kind};
  sim_crash(w->sim, &choice);
  bp_store_release(w->store);
  open_store(w);
  settle(w);
}

static void run(world *w, char operation) {
  bp_error error = {.struct_size = sizeof error};
  switch (operation) {
    case 'd': append(w, 0, 40, BP_DURABLE); break;
    case 'w': append(w, 1, 33, BP_WRITTEN); break;
    case 'W': append(w, 0, 900, BP_WRITTEN); break;
    case 'm': append_many(w, BP_WRITTEN); break;
    case 'M': append_many(w, BP_DURABLE); break;
    case 's':
      CHECK(bp_store_sync(w->store, &error) == BP_OK, "sync: %s", error.text);
      model_sync(&w->model);
      break;
    case 'c':
      CHECK(bp_store_close(w->store, &error) == BP_OK, "close: %s", error.text);
      w->store = NULL;
      model_sync(&w->model);
      open_store(w);
      settle(w);
      break;
    case 'x': crash_and_open(w, SIM_ALL_KEPT); break;
    case 'y': crash_and_open(w, SIM_ALL_LOST); break;
    default: CHECK(0, "there is no operation %c; %s", operation, meaning);
  }
}

/* ---------------------------------------------------------------------------------------------------- the programs -- */

/* The last operation's moments, or those of the open where there is none. */
static void run_program(world *w) {
  size_t length = strlen(w->program);
  w->sim = sim_new();
  sim_set_seed(w->sim, w->explorer.seed);
  model_init(&w->model);
  w->explorer.config = &w->configs[w->config];
  if (length == 0) explorer_record(&w->explorer, w->sim, &w->model);
  open_store(w);
  for (size_t i = 0; i < length; i++) {
    if (i + 1 == length) explorer_record(&w->explorer, w->sim, &w->model);
    run(w, w->program[i]);
  }
  explorer_explore(&w->explorer, 0);
  bp_store_release(w->store);
  sim_free(w->sim);
  model_free(&w->model);
  w->programs++;
}

static void run_in_each_config(world *w) {
  for (w->config = 0; w->config < 3; w->config++) run_program(w);
}

static void run_all(world *w, size_t length, size_t filled) {
  w->program[filled] = '\0';
  run_in_each_config(w);
  for (size_t i = 0; filled < length && alphabet[i] != '\0'; i++) {
    w->program[filled] = alphabet[i];
    run_all(w, length, filled + 1);
    w->program[filled] = '\0';
  }
}

static void describe(void *user) {
  const world *w = user;
  fprintf(stderr, "  crash --program '%s' --config %zu --seed %" PRIu64 "\n", w->program, w->config,
          w->explorer.seed);
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
  const char *program = option(argc, argv, "--program", NULL);
  CHECK(length <= LENGTH_MAX && (program == NULL || strlen(program) <= LENGTH_MAX), "at most %d operations", LENGTH_MAX);
  make_configs(&w);
  explorer_init(&w.explorer, &w.configs[0], number(argc, argv, "--seed", "1"));
  w.explorer.choices = (size_t)number(argc, argv, "--choices", "12");
  w.explorer.repair_choices = (size_t)number(argc, argv, "--repair-choices", "4");
  w.explorer.repair_every = number(argc, argv, "--repair-every", "16");
  check_describe_with(describe, &w);
  if (program != NULL) {
    memcpy(w.program, program, strlen(program));
    w.config = (size_t)number(argc, argv, "--config", "0") % 3;
    run_program(&w);
  } else {
    run_all(&w, (size_t)length, 0);
  }
  const explorer *x = &w.explorer;
  printf("%" PRIu64 " programs, %" PRIu64 " crashes, %" PRIu64 " distinct states (%" PRIu64 " of them left by a crash during "
         "repair, %" PRIu64 " with holes), seed %" PRIu64 ", %.1f s\n",
         w.programs, x->crashes, x->states, x->repair_states, x->holes, x->seed, seconds() - started);
  explorer_free(&w.explorer);
  return 0;
}
