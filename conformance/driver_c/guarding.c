/* Instructions on gates, permits, denials and transitions. */
#include "operations.h"

#include <stdlib.h>
#include <string.h>

/* --- gates that answer what the instruction says */

static bp_text text_of(const json *object) {
  const char *text = json_object_get_string((json *)(uintptr_t)object);
  return (bp_text){(const uint8_t *)text, text == NULL ? 0 : (size_t)json_object_get_string_len(object)};
}

static bp_text member_of(const json *object, const char *name) { return text_of(json_object_object_get(object, name)); }

/* Pairs come as an object or, where their order counts, as a list of pairs. */
static bp_status add_pairs(const json *context, bp_denial_writer *writer) {
  bp_status status = BP_OK;
  if (json_object_is_type(context, json_type_object)) {
    json_object_object_foreach((json *)(uintptr_t)context, key, value) {
      bp_text text = text_of(value);
      if (status == BP_OK) {
        status = bp_denial_writer_add(writer, (const uint8_t *)key, strlen(key), text.data, text.length);
      }
    }
  }
  size_t count = json_object_is_type(context, json_type_array) ? json_object_array_length(context) : 0;
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    const json *pair = json_object_array_get_idx(context, i);
    bp_text key = text_of(json_object_array_get_idx(pair, 0));
    bp_text value = text_of(json_object_array_get_idx(pair, 1));
    status = bp_denial_writer_add(writer, key.data, key.length, value.data, value.length);
  }
  return status;
}

static bp_status deny_as(const json *told, bp_denial_writer *writer) {
  bp_text code = member_of(told, "code");
  bp_text message = member_of(told, "message");
  bp_status status = bp_denial_writer_set(writer, code.data, code.length, message.data, message.length);
  if (status == BP_OK) status = add_pairs(json_object_object_get(told, "context"), writer);
  return status == BP_OK ? BP_DENIED : status;
}

/* A gate is its name, which permits, or an object with `gate` and a denial; `defect` is what it answers instead. */
static bp_status told_gate(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)context, (void)context_length;
  const json *told = user;
  if (!json_object_is_type(told, json_type_object)) return BP_OK;
  int32_t defect = json_object_get_int(json_object_object_get(told, "defect"));
  return defect != 0 ? defect : deny_as(told, writer);
}

static bp_status gates_from(const json *step, bp_gates **gates, bp_error *error) {
  bp_status status = bp_gates_new(gates, error);
  const json *list = json_object_object_get(step, "gates");
  size_t count = list == NULL ? 0 : json_object_array_length(list);
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    json *told = json_object_array_get_idx(list, i);
    bool is_name = json_object_is_type(told, json_type_string);
    bp_text name = is_name ? text_of(told) : member_of(told, "gate");
    bp_gate gate;
    bp_gate_init(&gate, sizeof gate);
    gate.name = name.data;
    gate.name_length = name.length;
    gate.evaluate = told_gate;
    gate.user = told;
    status = bp_gates_push(*gates, &gate, error);
  }
  return status;
}

/* --- evaluation */

static json *string_json(const uint8_t *data, size_t length) {
  return json_object_new_string_len((const char *)data, (int)length);
}

static json *denials_json(const bp_denials *denials) {
  size_t count;
  const bp_denial *items = bp_denials_items(denials, &count);
  json *list = json_object_new_array();
  for (size_t i = 0; i < count; i++) {
    json *object = json_object_new_object();
    json *context = json_object_new_array();
    for (size_t p = 0; p < items[i].context_count; p++) {
      const bp_pair *pair = &items[i].context[p];
      json *both = json_object_new_array();
      json_object_array_add(both, string_json(pair->key, pair->key_length));
      json_object_array_add(both, string_json(pair->value, pair->value_length));
      json_object_array_add(context, both);
    }
    set(object, "gate", string_json(items[i].gate, items[i].gate_length));
    set(object, "code", string_json(items[i].code, items[i].code_length));
    set(object, "message", string_json(items[i].message, items[i].message_length));
    set(object, "context", context);
    json_object_array_add(list, object);
  }
  json *answer = json_object_new_object();
  set(answer, "denials", list);
  return answer;
}

static json *permit_json(const bp_permit *permit) {
  size_t count;
  const bp_text *names = bp_permit_gates(permit, &count);
  json *list = json_object_new_array();
  for (size_t i = 0; i < count; i++) json_object_array_add(list, string_json(names[i].data, names[i].length));
  json *answer = json_object_new_object();
  set(answer, "gates", list);
  return answer;
}

static bp_status run_evaluate(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bp_gates *gates = NULL;
  bp_permit *permit = NULL;
  bp_denials *denials = NULL;
  bp_draft draft;
  bp_draft_init(&draft, sizeof draft);
  bp_status status = gates_from(step, &gates, error);
  if (status == BP_OK) {
    status = argument_flag(step, "all", false)
                 ? bp_gates_evaluate_all(gates, NULL, 0, &denials, error)
                 : bp_gates_evaluate(gates, NULL, 0, &draft, &permit, &denials, error);
    if (status == BP_OK || status == BP_DENIED) {
      *value = permit != NULL ? permit_json(permit) : denials_json(denials);
      status = BP_OK;
    }
  }
  bp_denials_free(denials);
  bp_permit_free(permit);
  bp_gates_free(gates);
  return status;
}

/* --- into the store */

static json *audit_json(const bp_bypass *audit) {
  json *object = json_object_new_object();
  set(object, "reason", string_json(audit->reason, audit->reason_length));
  set(object, "justification", string_json(audit->justification, audit->justification_length));
  set(object, "approved_by",
      audit->approved_by == NULL ? NULL : string_json(audit->approved_by, audit->approved_by_length));
  return object;
}

static bp_status permit_from(const json *step, const bp_draft *draft, const bp_gates *gates, bp_permit **permit,
                             bp_error *error) {
  bp_bypass bypass;
  if (!is_given(step, "reason")) return bp_gates_evaluate(gates, NULL, 0, draft, permit, NULL, error);
  bp_text reason = member_of(step, "reason");
  bp_text justification = member_of(step, "justification");
  bp_text approved_by = member_of(step, "approved_by");
  bp_bypass_init(&bypass, sizeof bypass);
  bypass.reason = reason.data;
  bypass.reason_length = reason.length;
  bypass.justification = justification.data;
  bypass.justification_length = justification.length;
  bypass.approved_by = approved_by.data;
  bypass.approved_by_length = approved_by.length;
  return bp_permit_bypass(draft, &bypass, permit, error);
}

/* By the gates or past them; `again` commits the same permit a second time, and its status is the answer. */
static bp_status run_commit_permit(driver_session *session, const json *step, json **value, bp_error *error) {
  owned_draft owned;
  bp_receipt receipt;
  bp_gates *gates = NULL;
  bp_permit *permit = NULL;
  if (!draft_from(step, &owned)) return DRIVER_BAD_INSTRUCTION;
  receipt_prepare(&receipt);
  bp_status status = gates_from(step, &gates, error);
  if (status == BP_OK) status = permit_from(step, &owned.draft, gates, &permit, error);
  if (status == BP_OK) status = bp_store_commit_permit(session->store, permit, &receipt, error);
  if (status == BP_OK && argument_flag(step, "again", false)) {
    status = bp_store_commit_permit(session->store, permit, NULL, error);
  }
  if (status == BP_OK) {
    const bp_bypass *audit = bp_permit_audit(permit);
    *value = receipt_json(&receipt);
    if (audit != NULL) set(*value, "audit", audit_json(audit));
  }
  bp_permit_free(permit);
  bp_gates_free(gates);
  free(receipt.extensions);
  draft_free(&owned);
  return status;
}

/* The denial as a gate would write it, so that the library copies it; its place is then left open. */
static bp_status denials_from(const json *step, bp_denials **denials, bp_denial *denial, bp_error *error) {
  bp_text name = member_of(step, "gate");
  bp_gates *gates = NULL;
  bp_gate gate;
  bp_gate_init(&gate, sizeof gate);
  gate.name = name.data;
  gate.name_length = name.length;
  gate.evaluate = told_gate;
  gate.user = (void *)(uintptr_t)step;
  bp_status status = bp_gates_new(&gates, error);
  if (status == BP_OK) status = bp_gates_push(gates, &gate, error);
  if (status == BP_OK) status = bp_gates_evaluate_all(gates, NULL, 0, denials, error);
  bp_gates_free(gates);
  if (status != BP_DENIED) return status == BP_OK ? DRIVER_BAD_INSTRUCTION : status;
  *denial = bp_denials_items(*denials, NULL)[0];
  denial->position = 0;
  return argument_u32(step, "position", &denial->position) ? BP_OK : DRIVER_BAD_INSTRUCTION;
}

static bp_status append_denial(driver_session *session, const json *step, const bp_draft *draft, const bp_denial *denial,
                               json **value, bp_error *error) {
  uint8_t hash[32];
  bp_receipt receipt;
  bp_gates *gates = NULL;
  bp_text pipeline = member_of(step, "pipeline");
  bool with_hash = is_given(step, "proposed_hash");
  if (with_hash && !argument_fixed(step, "proposed_hash", hash, sizeof hash)) return DRIVER_BAD_INSTRUCTION;
  receipt_prepare(&receipt);
  bp_status status = gates_from(step, &gates, error);
  if (status == BP_OK) {
    status = bp_store_append_denial(session->store, draft, gates, denial, draft->kind, with_hash ? hash : NULL,
                                    pipeline.data, pipeline.length, &receipt, error);
  }
  if (status == BP_OK) *value = receipt_json(&receipt);
  if (status == BP_OK && argument_flag(step, "judge", false)) {
    int32_t outcome = 0;
    status = bp_store_verify_denial(session->store, &receipt, NULL, &outcome, error);
    set(*value, "outcome", text_json(bp_receipt_outcome_name(outcome)));
  }
  bp_gates_free(gates);
  free(receipt.extensions);
  return status;
}

static bp_status run_append_denial(driver_session *session, const json *step, json **value, bp_error *error) {
  owned_draft owned;
  bp_denial denial;
  bp_denials *denials = NULL;
  if (!draft_options_from(step, &owned)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = denials_from(step, &denials, &denial, error);
  if (status == BP_OK) status = append_denial(session, step, &owned.draft, &denial, value, error);
  bp_denials_free(denials);
  draft_free(&owned);
  return status;
}

/* --- transitions */

static bool machine_from(const json *step, bp_machine *machine, bp_transition **rows) {
  const json *list = json_object_object_get(step, "transitions");
  size_t count = list == NULL ? 0 : json_object_array_length(list);
  *rows = must_allocate(count * sizeof **rows);
  bp_machine_init(machine, sizeof *machine);
  machine->transitions = *rows;
  machine->transition_count = count;
  for (size_t i = 0; i < count; i++) {
    const json *row = json_object_array_get_idx(list, i);
    if (!json_object_is_type(row, json_type_array) || json_object_array_length(row) != 3) return false;
    (*rows)[i] = (bp_transition){(uint32_t)json_object_get_int64(json_object_array_get_idx(row, 0)),
                                 (uint32_t)json_object_get_int64(json_object_array_get_idx(row, 1)),
                                 (uint16_t)json_object_get_int(json_object_array_get_idx(row, 2)), 0};
  }
  return true;
}

static bp_status run_transition(driver_session *session, const json *step, json **value, bp_error *error) {
  owned_draft owned;
  bp_machine machine;
  bp_transition *rows = NULL;
  bp_receipt receipt;
  uint32_t from = 0;
  uint32_t to = 0;
  if (!draft_from(step, &owned)) return DRIVER_BAD_INSTRUCTION;
  receipt_prepare(&receipt);
  bp_status status = DRIVER_BAD_INSTRUCTION;
  if (machine_from(step, &machine, &rows) && argument_u32(step, "from", &from) && argument_u32(step, "to", &to)) {
    status = bp_store_apply_transition(session->store, &machine, from, to, &owned.draft, &receipt, error);
  }
  if (status == BP_OK) *value = receipt_json(&receipt);
  free(receipt.extensions);
  free(rows);
  draft_free(&owned);
  return status;
}

const operation_row guard_operations[] = {
    {"evaluate_gates", run_evaluate, false},     {"commit_permit", run_commit_permit, true},
    {"append_denial", run_append_denial, true}, {"apply_transition", run_transition, true},
    {NULL, NULL, false},
};
