/* Permits: what they hold, that nobody changes it, and that they are used once.  Commits are in tests/store. */
#include "guard/fixture.h"
#include "support/memory_fault.h"

#include <criterion/criterion.h>

static bp_gates *gates;
static bp_draft draft;
static bp_permit *permit;

static void set_up(void) {
  permit = NULL;
  cr_assert_eq(bp_gates_new(&gates, NULL), BP_OK);
  cr_assert_eq(bp_draft_init(&draft, sizeof draft), BP_OK);
}
static void tear_down(void) {
  bp_permit_free(permit);
  bp_gates_free(gates);
}

TestSuite(permits, .init = set_up, .fini = tear_down);

static bp_bypass bypass_for(const char *reason, const char *justification, const char *approved_by) {
  bp_bypass bypass;
  cr_assert_eq(bp_bypass_init(&bypass, sizeof bypass), BP_OK);
  bypass.reason = (const uint8_t *)reason;
  bypass.reason_length = strlen(reason);
  bypass.justification = (const uint8_t *)justification;
  bypass.justification_length = strlen(justification);
  bypass.approved_by = (const uint8_t *)approved_by;
  bypass.approved_by_length = approved_by == NULL ? 0 : strlen(approved_by);
  return bypass;
}

typedef struct buffers {
  char entity[8], scope[8], payload[8], name[8], value[8];
} buffers;

static void fill(buffers *b, bp_extension *extension) {
  *b = (buffers){"entity1", "scope12", "payload", "acme.fi", "value12"};
  *extension = (bp_extension){(const uint8_t *)b->name, 7, (const uint8_t *)b->value, 7};
  draft.entity = (const uint8_t *)b->entity, draft.entity_length = 7;
  draft.scope = (const uint8_t *)b->scope, draft.scope_length = 7;
  draft.payload = (const uint8_t *)b->payload, draft.payload_length = 7;
  draft.extensions = extension, draft.extension_count = 1;
  draft.kind = 0x2005;
  draft.lane = 3;
}

static buffers shared;

static bp_status change_the_draft(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)user, (void)context, (void)context_length, (void)writer;
  memset(&shared, 'X', sizeof shared);
  draft.lane = 99;
  return BP_OK;
}

/* 13.3 gate_pipeline, the TOCTOU rule: what a gate, or anybody later, changes is not what was proposed. */
/* P-091 */
Test(permits, hold_what_was_proposed_whatever_is_changed_meanwhile) {
  bp_extension extension;
  bp_gate gate = told_gate("g", NULL);
  gate.destroy = NULL;
  gate.evaluate = change_the_draft;
  cr_assert_eq(bp_gates_push(gates, &gate, NULL), BP_OK);
  fill(&shared, &extension);
  cr_assert_eq(bp_gates_evaluate(gates, NULL, 0, &draft, &permit, NULL, NULL), BP_OK);
  memset(&extension, 0, sizeof extension);
  bp_gates_free(gates);
  cr_assert_eq(bp_gates_new(&gates, NULL), BP_OK);
  const bp_draft *kept = bp_permit_draft(permit);
  cr_assert(text_is(kept->entity, kept->entity_length, "entity1"));
  cr_assert(text_is(kept->scope, kept->scope_length, "scope12"));
  cr_assert(text_is(kept->payload, kept->payload_length, "payload"));
  cr_assert(text_is(kept->extensions[0].name, kept->extensions[0].name_length, "acme.fi"));
  cr_assert(text_is(kept->extensions[0].value, kept->extensions[0].value_length, "value12"));
  cr_assert_eq(kept->lane, 3);
  cr_assert_null(bp_permit_audit(permit));
}

/* 13.3 gate_pipeline: bypass keeps reason, justification, approver. */
/* P-094 */
Test(permits, a_bypass_carries_its_audit) {
  char reason[] = "incident";
  size_t count = 9;
  bp_bypass bypass = bypass_for(reason, "the gate's service is down", "ops:7");
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_OK);
  memset(reason, 'x', sizeof reason);
  const bp_bypass *audit = bp_permit_audit(permit);
  cr_assert(text_is(audit->reason, audit->reason_length, "incident"));
  cr_assert(text_is(audit->justification, audit->justification_length, "the gate's service is down"));
  cr_assert(text_is(audit->approved_by, audit->approved_by_length, "ops:7"));
  (void)bp_permit_gates(permit, &count);
  cr_assert_eq(count, 0);
  bp_permit_free(permit);
  bypass = bypass_for("r", "", NULL);
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_OK);
  cr_assert_null(bp_permit_audit(permit)->approved_by);
}

Test(permits, what_no_permit_is_made_for) {
  bp_extension bad = {(const uint8_t *)"nodot", 5, NULL, 0};
  bp_bypass bypass = bypass_for("r", "j", NULL);
  cr_assert_eq(bp_permit_bypass(NULL, &bypass, &permit, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_permit_bypass(&draft, NULL, &permit, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, NULL, NULL), BP_ARGUMENT);
  bypass.reserved = 1;
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_ARGUMENT);
  bypass = bypass_for("\xff", "j", NULL);
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_UTF8);
  bypass = bypass_for("r", "\xff", NULL);
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_UTF8);
  bypass = bypass_for("r", "j", "\xff");
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_UTF8);
  bypass = bypass_for("r", "j", NULL);
  bypass.struct_size = 1;
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_STRUCT_SIZE);
  bypass = bypass_for("r", "j", NULL);
  draft.payload_length = 1;
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_ARGUMENT);
  draft.payload_length = 0;
  draft.extension_count = 1;
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_ARGUMENT);
  draft.extensions = &bad;
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_EXTENSION_NAMESPACE);
  draft.struct_size = 8;
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_STRUCT_SIZE);
  cr_assert_null(permit);
  cr_assert_eq(bp_bypass_init(NULL, sizeof bypass), BP_ARGUMENT);
}

/* 13.3 typestate_safety: a permit that nobody gave is none. */
/* P-092 */
Test(permits, forged_and_freed_ones_are_refused) {
  static uint64_t forged[64];
  const bp_draft *taken = NULL;
  bp_permit *none = (bp_permit *)(void *)forged;
  cr_assert_eq(bpi_permit_take(none, &taken, NULL), BP_ARGUMENT);
  cr_assert_eq(bpi_permit_take(NULL, &taken, NULL), BP_ARGUMENT);
  cr_assert_eq(bpi_permit_take((bp_permit *)(void *)gates, &taken, NULL), BP_ARGUMENT);
  cr_assert_null(bp_permit_draft(none));
  cr_assert_null(bp_permit_audit(none));
  cr_assert_null(bp_permit_gates(none, NULL));
  bp_permit_free(none);
  bp_permit_free(NULL);
}

Test(permits, are_taken_by_one_at_a_time) {
  const bp_draft *taken = NULL;
  bp_bypass bypass = bypass_for("r", "j", NULL);
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bp_permit_bypass(&draft, &bypass, &permit, NULL), BP_OK);
  cr_assert_eq(bpi_permit_take(permit, &taken, NULL), BP_OK);
  cr_assert_eq(taken, bp_permit_draft(permit));
  cr_assert_eq(bpi_permit_take(permit, &taken, &error), BP_PERMIT_USED);
  cr_assert_str_eq(error.text, "the permit is being committed");
  bpi_permit_settle(permit, 0);
  cr_assert_eq(bpi_permit_take(permit, &taken, NULL), BP_OK);
  bpi_permit_settle(permit, 1);
  cr_assert_eq(bpi_permit_take(permit, &taken, &error), BP_PERMIT_USED);
  cr_assert_str_eq(error.text, "the permit was committed");
}

Test(permits, without_memory) {
  static memory_fault fault;
  bp_bypass bypass = bypass_for("reason", "justification", "somebody");
  for (uint64_t n = 1;; n++) {
    bpi_memory table = memory_fault_table(&fault);
    memory_fault_arm(&fault, n, 0);
    bp_status status = bpi_permit_bypass(&table, &draft, &bypass, &permit, NULL);
    memory_fault_disarm(&fault);
    bp_permit_free(permit);
    permit = NULL;
    cr_assert_eq(fault.live_blocks, 0);
    if (status == BP_OK) break;
    cr_assert_eq(status, BP_NO_MEMORY);
  }
}
