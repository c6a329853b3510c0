/* Permits committed, and what a gate may do to the store while it is asked. */
#include "guard/fixture.h"
#include "support/sim.h"
#include "support/store_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>

static char path[TEMPORARY_PATH_MAX];
static sim_system *sim;
static bp_config config;
static bp_store *store;
static bp_gates *gates;
static bp_permit *permit;

static void set_up(void) {
  sim = sim_new();
  config = fixture_config(BP_MODE_CREATE);
  config.system = sim_table(sim);
  snprintf(path, sizeof path, "store");
  permit = NULL;
  MUST(bp_store_open(path, &config, &store, NULL));
  MUST(bp_gates_new(&gates, NULL));
}
static void tear_down(void) {
  bp_permit_free(permit);
  bp_gates_free(gates);
  bp_store_release(store);
  fixture_free_pages();
  sim_free(sim);
}

TestSuite(committing, .init = set_up, .fini = tear_down);

static void permit_for(const bp_draft *draft) {
  bp_permit_free(permit);
  MUST(bp_gates_evaluate(gates, NULL, 0, draft, &permit, NULL, NULL));
}

static bp_status commit(bp_receipt *receipt) { return bp_store_commit_permit(store, permit, receipt, NULL); }

/* 13.3 gate_pipeline: the payload reaches the store, and a permit is consumed once. */
/* P-091 */
Test(committing, commit_what_was_permitted_once) {
  char payload[] = "x-payload";
  bp_draft draft = fixture_draft("e:1", payload);
  bp_receipt receipt = fixture_receipt();
  bp_error error = fixture_error();
  fixture_give_key(&draft, 3);
  permit_for(&draft);
  memset(payload, '!', strlen(payload));
  MUST(commit(&receipt));
  cr_assert_arr_eq(receipt.event_id, draft.key, 16);
  cr_assert_eq(receipt.durable, 1);
  cr_assert(fixture_text_is(fixture_get(store, draft.key)->payload, 9, "x-payload"));
  uint64_t events = fixture_stat(store).events;
  cr_assert_eq(bp_store_commit_permit(store, permit, NULL, &error), BP_PERMIT_USED);
  cr_assert_eq(error.code, BP_PERMIT_USED);
  cr_assert_eq(fixture_stat(store).events, events);
  cr_assert(fixture_text_is(bp_permit_draft(permit)->payload, 9, "x-payload"), "readable still");
}

/* 13.3 gate_pipeline: a committed bypass shows reason, justification and approver, and leaves none of it in the log. */
/* P-094 */
Test(committing, a_bypass_commits_and_can_be_audited) {
  bp_draft draft = fixture_draft("e:1", "x");
  bp_bypass bypass;
  bp_receipt receipt = fixture_receipt();
  MUST(bp_bypass_init(&bypass, sizeof bypass));
  bypass.reason = (const uint8_t *)"incident", bypass.reason_length = 8;
  bypass.justification = (const uint8_t *)"gates down", bypass.justification_length = 10;
  MUST(bp_permit_bypass(&draft, &bypass, &permit, NULL));
  MUST(commit(&receipt));
  const bp_bypass *audit = bp_permit_audit(permit);
  cr_assert(text_is(audit->reason, audit->reason_length, "incident"));
  cr_assert_eq(commit(NULL), BP_PERMIT_USED);
  const bp_event *event = fixture_get(store, receipt.event_id);
  cr_assert_eq(event->extension_count, 0);
  cr_assert_eq(event->payload_length, 1);
}

/* V-72: a permit is spent when its event is in the store, or may be; else it can be committed again. */
Test(committing, outlive_a_commit_that_wrote_nothing) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.expect = BP_EXPECT_CLOCK;
  draft.expect_clock = 0;
  permit_for(&draft);
  cr_assert_eq(bp_store_commit_permit(NULL, permit, NULL, NULL), BP_ARGUMENT);
  sim_add_fault(sim, (sim_fault){.kind = SIM_WRITE, .at = 1, .errno_value = ENOSPC});
  cr_assert_eq(commit(NULL), BP_DISK_FULL);
  sim_clear_faults(sim);
  bp_receipt wrong = fixture_receipt();
  wrong.struct_size = 1;
  cr_assert_eq(commit(&wrong), BP_STRUCT_SIZE);
  MUST(commit(NULL));
  cr_assert_eq(commit(NULL), BP_PERMIT_USED);
}

Test(committing, outlive_a_refusal_of_the_store) {
  bp_draft draft = fixture_draft("e:1", "x");
  draft.kind = 0x0006;
  permit_for(&draft);
  cr_assert_eq(commit(NULL), BP_KIND_MARKER, "the draft is checked by the commit");
  cr_assert_eq(commit(NULL), BP_KIND_MARKER);
}

Test(committing, are_spent_by_a_flush_that_failed) {
  bp_draft draft = fixture_draft("e:1", "x");
  permit_for(&draft);
  sim_add_fault(sim, (sim_fault){.kind = SIM_SYNC, .at = 1, .errno_value = EIO});
  cr_assert_eq(commit(NULL), BP_SYNC_FAILED, "the event may survive");
  cr_assert_eq(commit(NULL), BP_PERMIT_USED);
  permit_for(&draft);
  cr_assert_eq(commit(NULL), BP_POISONED, "nothing was written");
  cr_assert_eq(commit(NULL), BP_POISONED);
}

/* The event is in the store, its gate did not open in time: both are said, and the permit is spent. */
Test(committing, are_spent_by_an_event_whose_wait_timed_out) {
  bp_draft draft = fixture_draft("e:1", "x");
  bp_receipt receipt = fixture_receipt();
  draft.durability = BP_WRITTEN;
  draft.gate = BP_GATE_DURABLE;
  draft.gate_timeout_ms = 1;
  permit_for(&draft);
  uint64_t events = fixture_stat(store).events;
  cr_assert_eq(commit(&receipt), BP_WAIT_TIMEOUT);
  cr_assert_eq(fixture_stat(store).events, events + 1);
  cr_assert_eq(commit(NULL), BP_PERMIT_USED);
}

Test(committing, a_key_that_is_known_is_answered_and_spends_the_permit) {
  bp_draft draft = fixture_draft("e:1", "x");
  bp_receipt receipt = fixture_receipt();
  fixture_give_key(&draft, 5);
  bp_receipt first = fixture_append(store, &draft);
  permit_for(&draft);
  MUST(commit(&receipt));
  cr_assert_eq(receipt.replayed, 1);
  cr_assert_eq(receipt.sequence, first.sequence);
  cr_assert_eq(commit(NULL), BP_PERMIT_USED);
}

Test(committing, no_permit_is_an_argument) {
  static uint64_t forged[64];
  cr_assert_eq(bp_store_commit_permit(store, NULL, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_commit_permit(store, (bp_permit *)(void *)forged, NULL, NULL), BP_ARGUMENT);
}

/* A permit belongs to no store. */
Test(committing, commit_into_any_store) {
  bp_store *other = NULL;
  bp_draft draft = fixture_draft("e:1", "x");
  MUST(bp_store_open("other", &config, &other, NULL));
  permit_for(&draft);
  MUST(bp_store_commit_permit(other, permit, NULL, NULL));
  cr_assert_eq(commit(NULL), BP_PERMIT_USED);
  MUST(bp_store_close(other, NULL));
}

/* --- gates that call into the store */

/* 13.3: a gate that re-enters the store with reads and appends. */
static bp_status look_and_append(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)user, (void)context, (void)context_length, (void)writer;
  bp_receipt receipt = fixture_append_text(store, "log:gate", "asked");
  bp_stat stat = fixture_stat(store);
  bp_permit *inner = NULL;
  bp_draft draft = fixture_draft("log:gate", "inner");
  bp_gates *none = NULL;
  MUST(bp_gates_new(&none, NULL));
  MUST(bp_gates_evaluate(none, NULL, 0, &draft, &inner, NULL, NULL));
  MUST(bp_store_commit_permit(store, inner, NULL, NULL));
  bp_permit_free(inner);
  bp_gates_free(none);
  (void)fixture_get(store, receipt.event_id);
  MUST(bp_store_sync(store, NULL));
  return stat.events > 0 ? BP_OK : BP_DENIED;
}

/* P-100 */
Test(committing, a_gate_may_read_append_and_commit) {
  bp_gate gate = told_gate("g", NULL);
  gate.destroy = NULL;
  gate.evaluate = look_and_append;
  MUST(bp_gates_push(gates, &gate, NULL));
  bp_draft draft = fixture_draft("e:1", "x");
  bp_receipt receipt = fixture_receipt();
  permit_for(&draft);
  MUST(commit(&receipt));
  cr_assert_eq(receipt.sequence, 3, "behind the gate's own two");
}

static bp_status close_the_store(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)user, (void)context, (void)context_length, (void)writer;
  bp_status status = bp_store_close(store, NULL);
  store = NULL;
  return status;
}

/* Evaluation is outside of every store, so even this is no deadlock. */
/* P-100 */
Test(committing, a_gate_may_close_the_store_and_the_commit_says_so) {
  bp_gate gate = told_gate("g", NULL);
  gate.destroy = NULL;
  gate.evaluate = close_the_store;
  MUST(bp_gates_push(gates, &gate, NULL));
  bp_draft draft = fixture_draft("e:1", "x");
  permit_for(&draft);
  cr_assert_eq(commit(NULL), BP_ARGUMENT);
}

/* --- transitions */

enum { DRAFT, SENT, PAID };

static const bp_transition steps[] = {{DRAFT, SENT, 0x1001, 0}, {SENT, PAID, 0x1002, 0}};

static bp_machine invoice(void) {
  bp_machine machine;
  MUST(bp_machine_init(&machine, sizeof machine));
  machine.transitions = steps;
  machine.transition_count = 2;
  return machine;
}

/* 13.3 store_append_behavior: apply_transition stores kind and coordinate; the states leave no trace. */
/* P-093 */
Test(committing, a_transition_is_an_append_of_its_kind) {
  bp_machine machine = invoice();
  bp_draft draft = fixture_draft("invoice:1", "x");
  bp_receipt receipt = fixture_receipt();
  draft.kind = 0;
  MUST(bp_store_apply_transition(store, &machine, DRAFT, SENT, &draft, &receipt, NULL));
  const bp_event *event = fixture_get(store, receipt.event_id);
  cr_assert_eq(event->kind, 0x1001);
  cr_assert(fixture_text_is(event->entity, event->entity_length, "invoice:1"));
  cr_assert_eq(event->payload_length, 1);
  cr_assert_eq(event->extension_count, 0);
}

/* P-092 */
Test(committing, a_transition_that_the_machine_lacks_writes_nothing) {
  bp_machine machine = invoice();
  bp_draft draft = fixture_draft("invoice:1", "x");
  bp_error error = fixture_error();
  uint64_t events = fixture_stat(store).events;
  draft.kind = 0;
  cr_assert_eq(bp_store_apply_transition(store, &machine, DRAFT, PAID, &draft, NULL, &error), BP_TRANSITION);
  draft.kind = 0x1002;
  cr_assert_eq(bp_store_apply_transition(store, &machine, DRAFT, SENT, &draft, NULL, NULL), BP_TRANSITION);
  cr_assert_eq(bp_store_apply_transition(store, NULL, DRAFT, SENT, &draft, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_store_apply_transition(store, &machine, DRAFT, SENT, NULL, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(fixture_stat(store).events, events);
}

/* The step is bound to the event it was decided on by the draft's expectation. */
Test(committing, a_transition_keeps_to_its_expectation) {
  bp_machine machine = invoice();
  bp_draft draft = fixture_draft("invoice:1", "x");
  bp_receipt receipt = fixture_receipt();
  draft.kind = 0;
  draft.expect = BP_EXPECT_EMPTY;
  MUST(bp_store_apply_transition(store, &machine, DRAFT, SENT, &draft, &receipt, NULL));
  cr_assert_eq(bp_store_apply_transition(store, &machine, DRAFT, SENT, &draft, NULL, NULL), BP_EXPECTED_EMPTY);
  draft.expect = BP_EXPECT_EVENT;
  memcpy(draft.expect_event_id, receipt.event_id, 16);
  MUST(bp_store_apply_transition(store, &machine, SENT, PAID, &draft, NULL, NULL));
  cr_assert_eq(bp_store_apply_transition(store, &machine, SENT, PAID, &draft, NULL, NULL), BP_EXPECTED_EVENT);
}
