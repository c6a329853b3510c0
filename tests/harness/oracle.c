/* Random programs over a store and, beside it, the oracle (support/oracle.h): compared after every step and every open.
 *
 *   oracle [--programs N] [--length N] [--seed N] [--keep LIST]
 *
 * Program `seed + i` is made of its number alone.  One that fails is shrunk to the steps that matter, which are printed
 * with what each answered; --seed with --keep repeats it. */
#include "support/check.h"
#include "support/oracle.h"
#include "support/oracle_draw.h"
#include "support/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STORE "store"
enum { MANY = 5, SUBMISSIONS = 4, LENGTH_MAX = 1000, BUFFER = 2048 };

typedef enum operation {
  APPEND,
  APPEND_MANY,
  BATCH,
  SUBMIT,
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
    [SUBMIT] = {"submit", 8},
};

typedef struct instruction {
  operation operation;
  uint64_t seed; /* of everything about it */
} instruction;

/* What was submitted and is not yet judged: in the order in which it was. */
typedef struct submission {
  drawn_draft drawn[MANY];
  bp_draft drafts[MANY];
  size_t count;
  int is_batch;
  bp_ticket *ticket;
  bp_status status;  /* of the submission */
  bp_error error;
} submission;

typedef struct machine {
  submission *submissions;
  size_t submitted;
  sim_system *sim;
  bp_store *store;
  oracle oracle;
  bp_config config;
  bp_error error;
  int is_told; /* each step and its answer */
} machine;

static void tell(const machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(const machine *m, const char *format, ...) {
  va_list arguments;
  if (!m->is_told) return;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
}

/* ------------------------------------------------------------------------------------------------ the configuration -- */

static const uint8_t signing_seed[32] = {9, 8, 7};

/* What may change from one open to the next. */
static void draw_config(test_random *random, bp_config *config) {
  static const uint64_t segments[] = {1, 700, 1500, 5000, 1 << 20}, rooms[] = {0, 1, 2000, 30000};
  static const uint32_t every[] = {0, 1, 3, 1000}, groups[] = {1, 2, 3, 1024}, singles[] = {40, 600, 16777216};
  config->segment_max_bytes = segments[test_random_below(random, 5)];
  config->sync_every_events = every[test_random_below(random, 4)];
  config->group_max_events = groups[test_random_below(random, 4)];
  config->single_append_max_bytes = singles[test_random_below(random, 3)];
  config->batch_max_events = test_random_below(random, 2) ? 256 : 3;
  config->batch_max_bytes = test_random_below(random, 2) ? 1 << 20 : 300;
  config->preallocate_bytes = rooms[test_random_below(random, 4)];
  config->queue_capacity = 1 + test_random_below(random, 5);
  config->pressure_percent = 1 + test_random_below(random, 100);
  config->durability = test_random_below(random, 3);
  config->sync_mode = test_random_below(random, 2);
}

static void judge_submissions(machine *m);

static void open_store(machine *m, uint32_t mode) {
  m->config.mode = mode;
  oracle_opening(&m->oracle, &m->config);
  bp_status status = bp_store_open(STORE, &m->config, &m->store, &m->error);
  CHECK(status == BP_OK, "the store does not open: %s: %s", bp_status_name(status), m->error.text);
  oracle_opened(&m->oracle, m->store);
  tell(m, "    open %s: %zu events\n", mode == BP_MODE_READ_ONLY ? "read-only" : "to write", m->oracle.count);
  oracle_compare(&m->oracle, m->store);
}

/* What was submitted before is committed before. */
static void close_store(machine *m) {
  bp_store *store = m->store;
  m->store = NULL;
  bp_status status = bp_store_close(store, &m->error);
  CHECK(status == BP_OK, "the store does not close: %s: %s", bp_status_name(status), m->error.text);
  judge_submissions(m);
  oracle_closed(&m->oracle);
}

static void die(machine *m, uint32_t kind) {
  const sim_choice choice = {.kind = kind};
  if (kind == SIM_ALL_KEPT) {
    oracle_killed(&m->oracle);
  } else {
    oracle_crashed(&m->oracle);
  }
  sim_crash(m->sim, &choice);
  bp_store_release(m->store);
  m->store = NULL;
}

/* -------------------------------------------------------------------------------------------------------- the steps -- */

static void tell_draft(const machine *m, const bp_draft *draft) {
  tell(m, "    entity '%.*s' scope '%.*s' kind %04x, %zu bytes, %zu extensions%s%s%s, expect %u, durability %u\n",
       draft->entity_length > 60 ? 60 : (int)draft->entity_length, (const char *)draft->entity,
       draft->scope_length > 60 ? 60 : (int)draft->scope_length, (const char *)draft->scope, draft->kind,
       draft->payload_length, draft->extension_count, draft->given & BP_GIVEN_KEY ? ", key" : "",
       draft->given & BP_GIVEN_CORRELATION ? ", correlation" : "", draft->given & BP_GIVEN_CAUSATION ? ", causation" : "",
       draft->expect, draft->durability);
}

static void init_receipt(bp_receipt *receipt, uint8_t *buffer) {
  CHECK(bp_receipt_init(receipt, sizeof *receipt) == BP_OK, "bp_receipt_init");
  receipt->extensions = buffer;
  receipt->extensions_capacity = BUFFER;
}

/* None of them waits for long: nobody else is there who could bring it about. */
static void draw_gate(test_random *random, bp_draft *draft) {
  if (test_random_below(random, 6) == 0) draft->gate = 1 + test_random_below(random, 3);
  draft->gate_timeout_ms = test_random_below(random, 40) == 0;
}

static void append(machine *m, test_random *random) {
  static drawn_draft drawn;
  static uint8_t buffer[BUFFER];
  bp_receipt receipt;
  draw_draft(random, &m->oracle, &drawn);
  draw_gate(random, &drawn.draft);
  tell_draft(m, &drawn.draft);
  init_receipt(&receipt, buffer);
  bp_status status = bp_store_append(m->store, &drawn.draft, &receipt, &m->error);
  tell(m, "    %s\n", bp_status_name(status));
  oracle_answer answer = oracle_append(&m->oracle, &drawn.draft);
  oracle_hold(&m->oracle, &answer, status, &m->error, &receipt);
}

static void append_many(machine *m, test_random *random) {
  static drawn_draft drawn[MANY];
  static uint8_t buffers[MANY][BUFFER];
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  oracle_answer answers[MANY];
  size_t accepted, count = test_random_below(random, MANY + 1);
  for (size_t i = 0; i < count; i++) {
    draw_draft(random, &m->oracle, &drawn[i]);
    if (i > 0 && test_random_below(random, 8) == 0) memcpy(drawn[i].draft.key, drawn[i - 1].draft.key, 16);
    if (i + 1 == count || test_random_below(random, 30) == 0) draw_gate(random, &drawn[i].draft);
    drafts[i] = drawn[i].draft;
    tell_draft(m, &drafts[i]);
    init_receipt(&receipts[i], buffers[i]);
  }
  bp_status status = bp_store_append_many(m->store, drafts, count, receipts, &accepted, &m->error);
  tell(m, "    %s, %zu of %zu\n", bp_status_name(status), accepted, count);
  size_t held = oracle_append_many(&m->oracle, drafts, count, answers);
  CHECK(accepted == held, "%zu accepted instead of %zu", accepted, held);
  for (size_t i = 0; i < held; i++) {
    oracle_hold(&m->oracle, &answers[i], i + 1 < count ? BP_OK : status, &m->error, &receipts[i]);
  }
  if (held < count) oracle_hold(&m->oracle, &answers[held], status, &m->error, NULL);
  CHECK(count > 0 || status == (m->config.mode == BP_MODE_READ_ONLY ? BP_READ_ONLY : BP_OK), "none: %s",
        bp_status_name(status));
}

static bp_batch *accumulate(const bp_draft *drafts, size_t count) {
  bp_batch *batch;
  CHECK(bp_batch_new(&batch, NULL) == BP_OK, "bp_batch_new");
  for (size_t i = 0; i < count; i++) CHECK(bp_batch_add(batch, &drafts[i], NULL) == BP_OK, "bp_batch_add");
  return batch;
}

/* A reaction: one correlation for all, one cause for those that have none. */
static void react(test_random *random, bp_draft *drafts, size_t count, bp_batch *batch) {
  uint8_t correlation[16], causation[16];
  memset(correlation, (int)(1 + test_random_below(random, 250)), 16);
  memset(causation, (int)test_random_below(random, 2), 16);
  CHECK(bp_batch_react(batch, correlation, causation, NULL) == BP_OK, "bp_batch_react");
  for (size_t i = 0; i < count; i++) {
    drafts[i].given |= BP_GIVEN_CORRELATION;
    memcpy(drafts[i].correlation_id, correlation, 16);
    if (drafts[i].given & (BP_GIVEN_CAUSATION | BP_GIVEN_CAUSE_ITEM)) continue;
    drafts[i].given |= BP_GIVEN_CAUSATION;
    memcpy(drafts[i].causation_id, causation, 16);
  }
}

static void append_batch(machine *m, test_random *random) {
  static drawn_draft drawn[MANY];
  static uint8_t buffers[MANY][BUFFER];
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  oracle_answer answers[MANY];
  size_t count = test_random_below(random, MANY + 1);
  draw_batch(random, &m->oracle, drawn, count);
  for (size_t i = 0; i < count; i++) {
    if (i + 1 == count || test_random_below(random, 30) == 0) draw_gate(random, &drawn[i].draft);
    drafts[i] = drawn[i].draft;
    tell_draft(m, &drafts[i]);
    init_receipt(&receipts[i], buffers[i]);
  }
  bp_batch *batch = test_random_below(random, 2) ? accumulate(drafts, count) : NULL;
  if (batch != NULL && test_random_below(random, 2)) react(random, drafts, count, batch);
  size_t gathered = count;
  const bp_draft *given = batch == NULL ? drafts : bp_batch_drafts(batch, &gathered);
  bp_status status = bp_store_append_batch(m->store, given, gathered, receipts, &m->error);
  bp_batch_free(batch);
  tell(m, "    %s, %zu\n", bp_status_name(status), count);
  if (count == 0) {
    CHECK(status == (m->config.mode == BP_MODE_READ_ONLY ? BP_READ_ONLY : BP_OK), "nothing: %s", bp_status_name(status));
    return;
  }
  oracle_batch(&m->oracle, drafts, count, answers);
  int waited = count > 1 && answers[0].status == BP_OK && status == BP_WAIT_TIMEOUT;
  oracle_hold(&m->oracle, &answers[0], waited ? BP_OK : status, &m->error, &receipts[0]);
  for (size_t i = 1; i < count && answers[0].status == BP_OK; i++) {
    oracle_hold(&m->oracle, &answers[i], i + 1 < count ? BP_OK : status, &m->error, &receipts[i]);
  }
}

/* --------------------------------------------------------------------------------------------------------- tickets -- */

static void submit_one(machine *m, test_random *random) {
  submission *s = &m->submissions[m->submitted++];
  s->is_batch = test_random_below(random, 3) == 0;
  s->count = s->is_batch ? 1 + test_random_below(random, MANY) : 1;
  s->error.struct_size = sizeof s->error;
  if (s->is_batch) {
    draw_batch(random, &m->oracle, s->drawn, s->count);
  } else {
    draw_draft(random, &m->oracle, &s->drawn[0]);
  }
  for (size_t i = 0; i < s->count; i++) {
    s->drafts[i] = s->drawn[i].draft;
    tell_draft(m, &s->drafts[i]);
  }
  s->status = s->is_batch ? bp_store_submit_batch(m->store, s->drafts, s->count, &s->ticket, &s->error)
                          : bp_store_submit(m->store, &s->drafts[0], &s->ticket, &s->error);
  tell(m, "    %s: %s\n", s->is_batch ? "as a batch" : "alone", bp_status_name(s->status));
  CHECK((s->status == BP_OK) == (s->ticket != NULL), "%s, and a ticket or none", bp_status_name(s->status));
  /* The ticket has its own copy of everything. */
  if (s->ticket != NULL && test_random_below(random, 4) == 0) (void)bp_ticket_wait(s->ticket, 0, NULL);
}

static void submit_some(machine *m, test_random *random) {
  size_t count = 1 + test_random_below(random, SUBMISSIONS);
  while (m->submitted < count) submit_one(m, random);
}

/* Only its look at other events can fail a ticket. */
static int is_of_ticket(bp_status status) {
  return status == BP_EXPECTED_CLOCK || status == BP_EXPECTED_EMPTY || status == BP_EXPECTED_EVENT ||
         status == BP_KEY_CANCELLED || status == BP_CLOCK_INVALID;
}

static void judge(machine *m, submission *s) {
  oracle_answer answers[MANY];
  bp_status status = s->status;
  size_t count = 0;
  if (s->is_batch) {
    oracle_batch(&m->oracle, s->drafts, s->count, answers);
  } else {
    answers[0] = oracle_append(&m->oracle, &s->drafts[0]);
  }
  CHECK(status == BP_OK || !is_of_ticket(status), "refused at the submission: %s", bp_status_name(status));
  if (s->ticket != NULL) status = bp_ticket_wait(s->ticket, BP_WAIT_FOREVER, &s->error);
  tell(m, "    ticket: %s\n", bp_status_name(status));
  const bp_receipt *receipts = s->ticket == NULL ? NULL : bp_ticket_receipts(s->ticket, &count);
  CHECK(count == (status == BP_OK ? s->count : 0), "%zu receipts for %zu drafts", count, s->count);
  oracle_hold(&m->oracle, &answers[0], status, &s->error, receipts);
  for (size_t i = 1; i < count; i++) oracle_hold(&m->oracle, &answers[i], BP_OK, NULL, &receipts[i]);
  bp_ticket_free(s->ticket);
  memset(s, 0, sizeof *s);
}

/* All are decided before the first is judged: the oracle knows only then when the clock was read. */
static void judge_submissions(machine *m) {
  for (size_t i = 0; i < m->submitted; i++) {
    bp_ticket *ticket = m->submissions[i].ticket;
    if (ticket != NULL) CHECK(bp_ticket_wait(ticket, BP_WAIT_FOREVER, NULL) != BP_WAIT_TIMEOUT, "waits for ever");
  }
  for (size_t i = 0; i < m->submitted; i++) judge(m, &m->submissions[i]);
  m->submitted = 0;
}

static void submit(machine *m, test_random *random) {
  bp_pressure pressure = {.struct_size = sizeof pressure};
  submit_some(m, random);
  bp_status synced = test_random_below(random, 3) == 0 ? bp_store_sync(m->store, NULL) : BP_READ_ONLY;
  judge_submissions(m);
  if (synced == BP_OK) oracle_synced(&m->oracle);
  if (m->config.mode == BP_MODE_READ_ONLY) return;
  CHECK(bp_store_pressure(m->store, &pressure, &m->error) == BP_OK, "bp_store_pressure: %s", m->error.text);
  CHECK(pressure.queued == 0 && pressure.capacity == m->config.queue_capacity &&
            pressure.threshold == ((uint64_t)m->config.queue_capacity * m->config.pressure_percent + 99) / 100,
        "%" PRIu64 " queued, threshold %" PRIu64 " of %" PRIu64, pressure.queued, pressure.threshold, pressure.capacity);
}

static void sync_store(machine *m) {
  bp_status status = bp_store_sync(m->store, &m->error);
  CHECK(status == (m->config.mode == BP_MODE_READ_ONLY ? BP_READ_ONLY : BP_OK), "sync: %s", bp_status_name(status));
  if (status == BP_OK) oracle_synced(&m->oracle);
}

static void wait_once(machine *m, test_random *random) {
  bp_point point = {0, test_random_below(random, (uint32_t)m->oracle.count + 2)};
  if (test_random_below(random, 2) && point.sequence < m->oracle.count) {
    point.wall_ms = m->oracle.events[point.sequence].wall_ms;
  }
  oracle_compare_wait(&m->oracle, m->store, test_random_below(random, 8), &point);
}

static void read_some(machine *m, operation how, test_random *random) {
  uint8_t id[16];
  bp_query query;
  draw_id(random, &m->oracle, id);
  if (how == GET) {
    oracle_compare_get(&m->oracle, m->store, id);
  } else if (how == WALK) {
    size_t limit = test_random_below(random, 4) == 0 ? 100 : test_random_below(random, 4);
    oracle_compare_walk(&m->oracle, m->store, id, limit);
  } else {
    draw_query(random, &m->oracle, &query);
    oracle_compare_query(&m->oracle, m->store, &query);
  }
}

static void set_clock(machine *m, test_random *random) {
  static const int64_t steps[] = {1, 999, 1000, 1000000, 3600000000, -1, -1000, -5000000};
  static int64_t before_1970;
  if (m->oracle.clock_us < 0) {
    m->oracle.clock_us = before_1970;
  } else if (test_random_below(random, 6) == 0) {
    before_1970 = m->oracle.clock_us;
    m->oracle.clock_us = -1;
  } else {
    m->oracle.clock_us += steps[test_random_below(random, sizeof steps / sizeof *steps)];
  }
  tell(m, "    %" PRId64 "\n", m->oracle.clock_us);
}

static void run_instruction(machine *m, const instruction *given) {
  test_random random = {given->seed};
  switch (given->operation) {
    case APPEND: append(m, &random); break;
    case APPEND_MANY: append_many(m, &random); break;
    case BATCH: append_batch(m, &random); break;
    case SUBMIT: submit(m, &random); break;
    case SYNC: sync_store(m); break;
    case RECEIPTS: oracle_compare_receipts(&m->oracle, m->store); break;
    case WAIT: wait_once(m, &random); break;
    case CLOCK: set_clock(m, &random); break;
    case REOPEN:
    case READ_ONLY:
      if (m->config.mode != BP_MODE_READ_ONLY && test_random_below(&random, 2)) submit_some(m, &random);
      close_store(m);
      break;
    case KILL: die(m, SIM_ALL_KEPT); break;
    case CRASH: die(m, SIM_ALL_LOST); break;
    default: read_some(m, given->operation, &random);
  }
  if (m->store != NULL) {
    oracle_compare(&m->oracle, m->store);
    return;
  }
  draw_config(&random, &m->config);
  if (given->operation == READ_ONLY || (given->operation >= KILL && test_random_below(&random, 3) == 0)) {
    open_store(m, BP_MODE_READ_ONLY);
    if (test_random_below(&random, 2) == 0) return; /* and stays so until the next reopening */
    oracle_compare_receipts(&m->oracle, m->store);
    close_store(m);
  }
  open_store(m, BP_MODE_CREATE);
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
  static submission submissions[SUBMISSIONS];
  machine m = {.is_told = is_told, .error.struct_size = sizeof m.error, .submissions = submissions};
  test_random random = {~p->seed};
  m.sim = sim_new();
  sim_set_seed(m.sim, p->seed);
  int is_signed = test_random_below(&random, 3) == 0;
  oracle_init(&m.oracle, is_signed ? signing_seed : NULL);
  CHECK(bp_config_init(&m.config, sizeof m.config) == BP_OK, "bp_config_init");
  draw_config(&random, &m.config);
  m.config.clock = oracle_clock;
  m.config.clock_user = &m.oracle;
  m.config.system = sim_table(m.sim);
  if (is_signed) {
    m.config.signing_seeds = signing_seed;
    m.config.signing_seed_count = 1;
  }
  open_store(&m, BP_MODE_CREATE);
  for (size_t i = 0; i < p->length; i++) {
    if (kept != NULL && !kept[i]) continue;
    tell(&m, "  %zu: %s\n", i, operations[p->instructions[i].operation].name);
    run_instruction(&m, &p->instructions[i]);
  }
  oracle_compare_receipts(&m.oracle, m.store);
  close_store(&m);
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
