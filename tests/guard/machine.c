/* Machines: the table is what is allowed. */
#include "guard/fixture.h"

#include <criterion/criterion.h>

enum { DRAFT, SENT, PAID };

static const bp_text states[] = {{TEXT("draft")}, {TEXT("sent")}};
static const bp_transition steps[] = {{DRAFT, SENT, 0x1001, 0}, {SENT, PAID, 0x1002, 0}, {SENT, PAID, 0x1003, 0}};

static bp_machine invoice(void) {
  bp_machine machine;
  cr_assert_eq(bp_machine_init(&machine, sizeof machine), BP_OK);
  machine.name = (const uint8_t *)"invoice";
  machine.name_length = 7;
  machine.states = states;
  machine.state_count = 2;
  machine.transitions = steps;
  machine.transition_count = 3;
  return machine;
}

static bp_status step(uint32_t from, uint32_t to, uint16_t wanted, uint16_t *kind, bp_error *error) {
  bp_machine machine = invoice();
  return bpi_machine_step(&machine, from, to, wanted, kind, error);
}

Test(machine, a_step_has_the_kind_of_its_row) {
  uint16_t kind = 0;
  cr_assert_eq(step(DRAFT, SENT, 0, &kind, NULL), BP_OK);
  cr_assert_eq(kind, 0x1001);
  cr_assert_eq(step(SENT, PAID, 0, &kind, NULL), BP_OK);
  cr_assert_eq(kind, 0x1002, "of several the first");
  cr_assert_eq(step(SENT, PAID, 0x1003, &kind, NULL), BP_OK);
  cr_assert_eq(kind, 0x1003);
}

/* V-73, 13.3 typestate_safety: at run time. */
/* P-092 */
Test(machine, what_the_table_lacks_is_refused) {
  uint16_t kind = 0;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(step(SENT, DRAFT, 0, &kind, &error), BP_TRANSITION);
  cr_assert_eq(error.expected, SENT);
  cr_assert_eq(error.actual, DRAFT);
  cr_assert_str_eq(error.text, "invoice has no such step from sent to draft");
  cr_assert_eq(step(PAID, 77, 0, &kind, &error), BP_TRANSITION);
  cr_assert_str_eq(error.text, "invoice has no such step from 2 to 77");
  cr_assert_eq(step(DRAFT, SENT, 0x1002, &kind, NULL), BP_TRANSITION, "the step is there, with another kind");
  cr_assert_eq(kind, 0);
}

Test(machine, tables_that_are_none) {
  uint16_t kind;
  bp_machine machine = invoice();
  machine.transitions = NULL;
  cr_assert_eq(bpi_machine_step(&machine, 0, 1, 0, &kind, NULL), BP_ARGUMENT);
  machine = invoice();
  machine.states = NULL;
  cr_assert_eq(bpi_machine_step(&machine, 0, 1, 0, &kind, NULL), BP_ARGUMENT);
  machine = invoice();
  machine.name = NULL;
  cr_assert_eq(bpi_machine_step(&machine, 0, 1, 0, &kind, NULL), BP_ARGUMENT);
  machine = invoice();
  machine.reserved = 1;
  cr_assert_eq(bpi_machine_step(&machine, 0, 1, 0, &kind, NULL), BP_ARGUMENT);
  machine.struct_size = 0;
  cr_assert_eq(bpi_machine_step(&machine, 0, 1, 0, &kind, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(bpi_machine_step(NULL, 0, 1, 0, &kind, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_machine_init(&machine, 3), BP_STRUCT_SIZE);
}
