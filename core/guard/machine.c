/* Machines: which steps between states are allowed. */
#include "base/status.h"
#include "guard/guard_internal.h"

#include <stdio.h>

bp_status bp_machine_init(bp_machine *machine, size_t size) {
  static const bp_machine defaults;
  return bpi_init_struct(machine, size, &defaults, sizeof defaults);
}

static bp_status check_machine(const bp_machine *machine, bp_error *error) {
  bp_status status =
      bpi_check_struct(machine, machine == NULL ? 0 : machine->struct_size, sizeof *machine, sizeof *machine, error);
  if (status != BP_OK) return status;
  if ((machine->name == NULL && machine->name_length > 0) || (machine->states == NULL && machine->state_count > 0) ||
      (machine->transitions == NULL && machine->transition_count > 0) || machine->reserved != 0) {
    return bpi_fail(error, BP_ARGUMENT, "the machine has a length without a table, or a reserved field is not zero");
  }
  return BP_OK;
}

/* The state's name, or its number. */
static void name_state(const bp_machine *machine, uint32_t state, char text[32]) {
  enum { ROOM = 32 };
  if (state < machine->state_count && machine->states[state].data != NULL) {
    size_t length = machine->states[state].length < ROOM - 1 ? machine->states[state].length : ROOM - 1;
    (void)snprintf(text, ROOM, "%.*s", (int)length, (const char *)machine->states[state].data);
  } else {
    (void)snprintf(text, ROOM, "%u", (unsigned)state);
  }
}

static bp_status no_step(const bp_machine *machine, uint32_t from, uint32_t to, bp_error *error) {
  enum { NAME_SHOWN = 64 };
  char from_name[32], to_name[32], text[160];
  name_state(machine, from, from_name);
  name_state(machine, to, to_name);
  int shown = machine->name_length < NAME_SHOWN ? (int)machine->name_length : NAME_SHOWN;
  (void)snprintf(text, sizeof text, "%.*s has no such step from %s to %s", shown, (const char *)machine->name, from_name,
                 to_name);
  return bpi_fail_values(error, BP_TRANSITION, from, to, text);
}

bp_status bpi_machine_step(const bp_machine *machine, uint32_t from, uint32_t to, uint16_t wanted, uint16_t *kind,
                           bp_error *error) {
  bp_status status = check_machine(machine, error);
  if (status != BP_OK) return status;
  for (size_t i = 0; i < machine->transition_count; i++) {
    const bp_transition *step = &machine->transitions[i];
    if (step->from != from || step->to != to || (wanted != 0 && step->kind != wanted)) continue;
    *kind = step->kind;
    return BP_OK;
  }
  return no_step(machine, from, to, error);
}
