/* Random programs over a store and, beside it, the oracle (support/oracle.h): compared after every step and every open.
 *
 *   oracle [--programs N] [--length N] [--seed N] [--keep LIST]
 *
 * Program `seed + i` is made of its number alone.  One that fails is shrunk to the steps that matter, which are printed
 * with what each answered; --seed with --keep repeats it. */
#include "support/check.h"
#include "support/oracle_machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LENGTH_MAX = 1000 };

static const uint8_t signing_seed[32] = {9, 8, 7};

typedef enum operation {
  APPEND,
  APPEND_MANY,
  BATCH,
  SUBMIT,
  FENCE_BEGIN,
  FENCED,
  FENCE_END,
  SYNC,
  QUERY,
  GET,
  WALK,
  RECEIPTS,
  WAIT,
  CLOCK,
  REOPEN,
  READ_ONLY,
  KILL,
  CRASH,
  OPERATIONS
} operation;

static const struct {
  const char *name;
  uint32_t weight;
} operations[OPERATIONS] = {
    [APPEND] = {"append", 40},    [APPEND_MANY] = {"append many", 8}, [SYNC] = {"sync", 3},
    [BATCH] = {"batch", 10},      [QUERY] = {"query", 12},            [GET] = {"get", 5},
    [WALK] = {"walk", 6},         [RECEIPTS] = {"receipts", 2},       [CLOCK] = {"clock", 6},
    [REOPEN] = {"reopen", 2},     [READ_ONLY] = {"read-only", 2},     [KILL] = {"kill", 2},
    [CRASH] = {"crash", 2},       [WAIT] = {"wait", 4},
    [SUBMIT] = {"submit", 8},     [FENCE_BEGIN] = {"fence", 4},       [FENCED] = {"fenced", 12},
    [FENCE_END] = {"end of the fence", 5},
};

typedef struct instruction {
  operation operation;
  uint64_t seed; /* of everything about it */
} instruction;

static void run_instruction(machine *m, const instruction *given) {
  test_random random = {given->seed};
  switch (given->operation) {
    case APPEND: machine_append(m, &random); break;
    case APPEND_MANY: machine_append_many(m, &random); break;
    case BATCH: machine_append_batch(m, &random); break;
    case SUBMIT: machine_submit(m, &random); break;
    case FENCE_BEGIN: machine_begin_fence(m); break;
    case FENCED: machine_submit_fenced(m, &random); break;
    case FENCE_END: machine_end_fence(m, &random); break;
    case SYNC: machine_sync(m); break;
    case RECEIPTS: oracle_compare_receipts(&m->oracle, m->store); break;
    case WAIT: machine_wait_once(m, &random); break;
    case CLOCK: machine_set_clock(m, &random); break;
    case REOPEN:
    case READ_ONLY:
      if (m->config.mode != BP_MODE_READ_ONLY && test_random_below(&random, 2)) machine_submit_some(m, &random);
      machine_close(m);
      break;
    case KILL: machine_die(m, SIM_ALL_KEPT); break;
    case CRASH: machine_die(m, SIM_ALL_LOST); break;
    case GET: machine_read_some(m, MACHINE_GET, &random); break;
    case WALK: machine_read_some(m, MACHINE_WALK, &random); break;
    default: machine_read_some(m, MACHINE_QUERY, &random);
  }
  if (m->store != NULL) {
    oracle_compare(&m->oracle, m->store);
    return;
  }
  machine_draw_config(&random, &m->config);
  if (given->operation == READ_ONLY || (given->operation >= KILL && test_random_below(&random, 3) == 0)) {
    machine_open(m, BP_MODE_READ_ONLY);
    if (test_random_below(&random, 2) == 0) return; /* and stays so until the next reopening */
    oracle_compare_receipts(&m->oracle, m->store);
    machine_close(m);
  }
  machine_open(m, BP_MODE_CREATE);
}

/* ------------------------------------------------------------------------------------------------------ the program -- */

typedef struct program {
  uint64_t seed;
  size_t length;
  instruction instructions[LENGTH_MAX];
} program;

static void draw_program(program *p, uint64_t seed, size_t length) {
  test_random random = {seed};
  uint32_t sum = 0;
  for (size_t i = 0; i < OPERATIONS; i++) sum += operations[i].weight;
  p->seed = seed;
  p->length = length;
  for (size_t i = 0; i < length; i++) {
    uint32_t at = test_random_below(&random, sum);
    size_t chosen = 0;
    while (at >= operations[chosen].weight) at -= operations[chosen++].weight;
    p->instructions[i] = (instruction){(operation)chosen, test_random_next(&random)};
  }
}

/* `kept` NULL: all. */
static void run_program(const program *p, const uint8_t *kept, int is_told) {
  static submission submissions[SUBMISSIONS], fenced[FENCED_MOST];
  machine m = {.is_told = is_told, .error.struct_size = sizeof m.error, .submissions = submissions, .fenced = fenced};
  test_random random = {~p->seed};
  m.sim = sim_new();
  sim_set_seed(m.sim, p->seed);
  int is_signed = test_random_below(&random, 3) == 0;
  oracle_init(&m.oracle, is_signed ? signing_seed : NULL);
  CHECK(bp_config_init(&m.config, sizeof m.config) == BP_OK, "bp_config_init");
  machine_draw_config(&random, &m.config);
  m.config.clock = oracle_clock;
  m.config.clock_user = &m.oracle;
  m.config.system = sim_table(m.sim);
  if (is_signed) {
    m.config.signing_seeds = signing_seed;
    m.config.signing_seed_count = 1;
  }
  machine_open(&m, BP_MODE_CREATE);
  for (size_t i = 0; i < p->length; i++) {
    if (kept != NULL && !kept[i]) continue;
    machine_tell(&m, "  %zu: %s\n", i, operations[p->instructions[i].operation].name);
    run_instruction(&m, &p->instructions[i]);
  }
  oracle_compare_receipts(&m.oracle, m.store);
  machine_close(&m);
  CHECK(sim_open_files(m.sim) == 0 && sim_mapped_views(m.sim) == 0 && sim_misuses(m.sim) == 0, "something is left open");
  oracle_free(&m.oracle);
  sim_free(m.sim);
}

/* ------------------------------------------------------------------------------------------------- when one has failed -- */

/* In a child, quietly: 1 if it fails. */
static int fails(const program *p, const uint8_t *kept) {
  fflush(NULL);
  pid_t child = fork();
  CHECK(child >= 0, "fork");
  if (child == 0) {
    if (freopen("/dev/null", "w", stderr) == NULL) _exit(0);
    alarm(20);
    run_program(p, kept, 0);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child, "waitpid");
  return status != 0;
}

/* Takes out ever smaller pieces, as long as it goes on failing without them. */
static void shrink(const program *p, uint8_t *kept) {
  for (size_t piece = (p->length + 1) / 2; piece > 0; piece /= 2) {
    int again = 1;
    while (again) {
      again = 0;
      for (size_t i = 0; i < p->length; i += piece) {
        uint8_t tried[LENGTH_MAX];
        size_t taken = 0;
        memcpy(tried, kept, p->length);
        for (size_t k = i; k < i + piece && k < p->length; k++) {
          taken += tried[k];
          tried[k] = 0;
        }
        if (taken == 0 || !fails(p, tried)) continue;
        memcpy(kept, tried, p->length);
        again = piece == 1;
      }
    }
  }
}

static void tell_and_fail(const program *p) {
  uint8_t kept[LENGTH_MAX];
  memset(kept, 1, sizeof kept);
  if (fails(p, kept)) shrink(p, kept);
  fprintf(stderr, "  oracle --programs 1 --seed %" PRIu64 " --length %zu --keep none", p->seed, p->length);
  for (size_t i = 0; i < p->length; i++) {
    if (kept[i]) fprintf(stderr, ",%zu", i);
  }
  fputc('\n', stderr);
  run_program(p, kept, 1);
  fputs("it does not fail again\n", stderr);
}

/* A child runs the programs and notes in shared memory how far it is. */
static void run_programs(uint64_t seed, uint64_t count, size_t length) {
  static program p;
  uint64_t *done = mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(done != MAP_FAILED, "mmap");
  fflush(NULL);
  pid_t child = fork();
  CHECK(child >= 0, "fork");
  if (child == 0) {
    for (; *done < count; ++*done) {
      draw_program(&p, seed + *done, length);
      run_program(&p, NULL, 0);
    }
    exit(0); /* not _exit: a sanitizer looks for leaks here */
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child, "waitpid");
  if (status == 0) return;
  CHECK(*done < count, "the child ended with %d", status);
  draw_program(&p, seed + *done, length);
  tell_and_fail(&p);
  _exit(1);
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < argc; i++) {
    if (strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return otherwise;
}

static void run_kept(const program *p, const char *list) {
  uint8_t kept[LENGTH_MAX] = {0};
  for (const char *at = list; (at = strchr(at, ',')) != NULL; at++) {
    size_t i = (size_t)strtoull(at + 1, NULL, 10);
    if (i < p->length) kept[i] = 1;
  }
  run_program(p, kept, 1);
}

int main(int argc, char **argv) {
  static program p;
  struct timespec from, to;
  uint64_t count = strtoull(option(argc, argv, "--programs", "1500"), NULL, 0);
  uint64_t seed = strtoull(option(argc, argv, "--seed", "1"), NULL, 0);
  size_t length = (size_t)strtoull(option(argc, argv, "--length", "60"), NULL, 0);
  const char *kept = option(argc, argv, "--keep", NULL);
  CHECK(length <= LENGTH_MAX, "at most %d steps", LENGTH_MAX);
  clock_gettime(CLOCK_MONOTONIC, &from);
  if (kept != NULL) {
    draw_program(&p, seed, length);
    run_kept(&p, kept);
  } else {
    run_programs(seed, count, length);
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("%" PRIu64 " programs of %zu steps, seeds %" PRIu64 " to %" PRIu64 ", %.1f s\n", count, length, seed,
         seed + count - 1, (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
  return 0;
}
