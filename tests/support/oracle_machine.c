#include "support/oracle_machine.h"

#include "support/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STORE "store"
enum { BUFFER = 2048 };

void machine_tell(const machine *m, const char *format, ...) {
  va_list arguments;
  if (!m->is_told) return;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
}
/* ------------------------------------------------------------------------------------------------ the configuration -- */


/* What may change from one open to the next. */
void machine_draw_config(test_random *random, bp_config *config) {
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

void machine_open(machine *m, uint32_t mode) {
  m->config.mode = mode;
  oracle_opening(&m->oracle, &m->config);
  bp_status status = bp_store_open(STORE, &m->config, &m->store, &m->error);
  CHECK(status == BP_OK, "the store does not open: %s: %s", bp_status_name(status), m->error.text);
  oracle_opened(&m->oracle, m->store);
  machine_tell(m, "    open %s: %zu events\n", mode == BP_MODE_READ_ONLY ? "read-only" : "to write", m->oracle.count);
  oracle_compare(&m->oracle, m->store);
}

/* What was submitted before is committed before. */
void machine_close(machine *m) {
  bp_store *store = m->store;
  m->store = NULL;
  bp_status status = bp_store_close(store, &m->error);
  CHECK(status == BP_OK, "the store does not close: %s: %s", bp_status_name(status), m->error.text);
  machine_judge_submissions(m);
  oracle_closed(&m->oracle);
  machine_forget_fence(m, 0);
}

void machine_die(machine *m, uint32_t kind) {
  const sim_choice choice = {.kind = kind};
  if (kind == SIM_ALL_KEPT) {
    oracle_killed(&m->oracle);
  } else {
    oracle_crashed(&m->oracle);
  }
  sim_crash(m->sim, &choice);
  sim_stop_at(m->sim, 1); /* what the dead do must not reach the disk */
  bp_store_release(m->store);
  m->store = NULL;
  machine_forget_fence(m, 1);
  sim_clear_faults(m->sim);
}

/* -------------------------------------------------------------------------------------------------------- the steps -- */

void machine_tell_draft(const machine *m, const bp_draft *draft) {
  machine_tell(m, "    entity '%.*s' scope '%.*s' kind %04x, %zu bytes, %zu extensions%s%s%s, expect %u, durability %u\n",
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

/* What every gate lets pass is appended as anything else; what is no draft of an event gets no permit. */
static bp_status commit_permitted(machine *m, const bp_draft *draft, bp_receipt *receipt) {
  bp_gates *gates;
  bp_permit *permit;
  CHECK(bp_gates_new(&gates, NULL) == BP_OK, "bp_gates_new");
  int is_permitted = bp_gates_evaluate(gates, NULL, 0, draft, &permit, NULL, NULL) == BP_OK;
  bp_gates_free(gates);
  bp_status status = is_permitted ? bp_store_commit_permit(m->store, permit, receipt, &m->error)
                                  : bp_store_append(m->store, draft, receipt, &m->error);
  CHECK(is_permitted || status != BP_OK, "appended, and no gate would have let it pass");
  if (status == BP_OK) CHECK(bp_store_commit_permit(m->store, permit, NULL, NULL) == BP_PERMIT_USED, "a permit used twice");
  bp_permit_free(permit);
  return status;
}

void machine_append(machine *m, test_random *random) {
  static drawn_draft drawn;
  static uint8_t buffer[BUFFER];
  bp_receipt receipt;
  draw_draft(random, &m->oracle, &drawn);
  draw_gate(random, &drawn.draft);
  machine_tell_draft(m, &drawn.draft);
  init_receipt(&receipt, buffer);
  bp_status status = test_random_below(random, 6) == 0 ? commit_permitted(m, &drawn.draft, &receipt)
                                                       : bp_store_append(m->store, &drawn.draft, &receipt, &m->error);
  machine_tell(m, "    %s\n", bp_status_name(status));
  oracle_answer answer = oracle_append(&m->oracle, &drawn.draft);
  oracle_hold(&m->oracle, &answer, status, &m->error, &receipt);
}

void machine_append_many(machine *m, test_random *random) {
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
    machine_tell_draft(m, &drafts[i]);
    init_receipt(&receipts[i], buffers[i]);
  }
  bp_status status = bp_store_append_many(m->store, drafts, count, receipts, &accepted, &m->error);
  machine_tell(m, "    %s, %zu of %zu\n", bp_status_name(status), accepted, count);
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

void machine_append_batch(machine *m, test_random *random) {
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
    machine_tell_draft(m, &drafts[i]);
    init_receipt(&receipts[i], buffers[i]);
  }
  bp_batch *batch = test_random_below(random, 2) ? accumulate(drafts, count) : NULL;
  if (batch != NULL && test_random_below(random, 2)) react(random, drafts, count, batch);
  size_t gathered = count;
  const bp_draft *given = batch == NULL ? drafts : bp_batch_drafts(batch, &gathered);
  bp_status status = bp_store_append_batch(m->store, given, gathered, receipts, &m->error);
  bp_batch_free(batch);
  machine_tell(m, "    %s, %zu\n", bp_status_name(status), count);
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

void machine_sync(machine *m) {
  bp_status status = bp_store_sync(m->store, &m->error);
  CHECK(status == (m->config.mode == BP_MODE_READ_ONLY ? BP_READ_ONLY : BP_OK), "sync: %s", bp_status_name(status));
  if (status == BP_OK) oracle_synced(&m->oracle);
}

void machine_wait_once(machine *m, test_random *random) {
  bp_point point = {0, test_random_below(random, (uint32_t)m->oracle.count + 2)};
  if (test_random_below(random, 2) && point.sequence < m->oracle.count) {
    point.wall_ms = m->oracle.events[point.sequence].wall_ms;
  }
  oracle_compare_wait(&m->oracle, m->store, test_random_below(random, 8), &point);
}

void machine_read_some(machine *m, int how, test_random *random) {
  uint8_t id[16];
  bp_query query;
  draw_id(random, &m->oracle, id);
  if (how == MACHINE_GET) {
    oracle_compare_get(&m->oracle, m->store, id);
  } else if (how == MACHINE_WALK) {
    size_t limit = test_random_below(random, 4) == 0 ? 100 : test_random_below(random, 4);
    oracle_compare_walk(&m->oracle, m->store, id, limit);
  } else {
    draw_query(random, &m->oracle, &query);
    oracle_compare_query(&m->oracle, m->store, &query);
  }
}

void machine_set_clock(machine *m, test_random *random) {
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
  machine_tell(m, "    %" PRId64 "\n", m->oracle.clock_us);
}
