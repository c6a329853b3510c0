/* Instructions on outcomes: bytes in, bytes out, with the library's combinators between. */
#include "operations.h"

#include <stdlib.h>
#include <string.h>

/* Encoded outcomes of an instruction, decoded into one memory. */
typedef struct outcome_list {
  bp_outcomes *memory;
  bp_outcome *items;
  size_t count;
} outcome_list;

static bp_outcome new_outcome(void) {
  bp_outcome outcome;
  bp_outcome_init(&outcome, sizeof outcome);
  return outcome;
}

static bp_status list_begin(outcome_list *list, size_t count, bp_error *error) {
  list->items = must_allocate(count * sizeof *list->items);
  list->count = 0;
  return bp_outcomes_new(&list->memory, error);
}

static void list_free(outcome_list *list) {
  free(list->items);
  bp_outcomes_free(list->memory);
}

static bp_status list_add(outcome_list *list, const char *hex, bp_error *error) {
  bytes encoded;
  if (hex == NULL || !bytes_from_hex(hex, &encoded)) return DRIVER_BAD_INSTRUCTION;
  bp_outcome *item = &list->items[list->count++];
  *item = new_outcome();
  bp_status status = bp_outcome_decode(encoded.data, encoded.length, list->memory, item, error);
  free(encoded.data);
  return status;
}

static bp_status outcome_json(const bp_outcome *outcome, json **value, bp_error *error) {
  size_t needed = 0;
  bp_status status = bp_outcome_encode(outcome, NULL, 0, &needed, error);
  if (status != BP_TOO_SMALL) return status;
  uint8_t *encoded = must_allocate(needed);
  status = bp_outcome_encode(outcome, encoded, needed, &needed, error);
  if (status == BP_OK) *value = hex_json(encoded, needed);
  free(encoded);
  return status;
}

static bp_status without_text(void *user, const bp_outcome *given, bp_outcomes *memory, bp_outcome *next) {
  (void)user, (void)memory;
  *next = *given;
  if (next->error_kind == BP_ERROR_KIND_INTERNAL) next->message_length = 0;
  return BP_OK;
}

/* The text that a library makes up where there is nothing to answer is for people, and not compared. */
static bp_status made_json(const outcome_list *list, const bp_outcome *made, json **value, bp_error *error) {
  bp_outcome plain = new_outcome();
  bp_status status = bp_outcome_or_else(made, without_text, NULL, list->memory, &plain, error);
  return status == BP_OK ? outcome_json(&plain, value, error) : status;
}

static bp_status run_recode(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  outcome_list list;
  bp_status status = list_begin(&list, 1, error);
  if (status == BP_OK) status = list_add(&list, argument_text(step, "bytes"), error);
  if (status == BP_OK) status = outcome_json(&list.items[0], value, error);
  list_free(&list);
  return status;
}

static bp_status run_zip(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  outcome_list list;
  bp_outcome made = new_outcome();
  bp_status status = list_begin(&list, 2, error);
  if (status == BP_OK) status = list_add(&list, argument_text(step, "a"), error);
  if (status == BP_OK) status = list_add(&list, argument_text(step, "b"), error);
  if (status == BP_OK) status = bp_outcome_zip(&list.items[0], &list.items[1], list.memory, &made, error);
  if (status == BP_OK) status = made_json(&list, &made, value, error);
  list_free(&list);
  return status;
}

static bp_status run_join(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  outcome_list list;
  bp_outcome made = new_outcome();
  const json *items = json_object_object_get(step, "items");
  size_t count = items == NULL ? 0 : json_object_array_length(items);
  bp_status status = list_begin(&list, count, error);
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    status = list_add(&list, json_object_get_string(json_object_array_get_idx(items, i)), error);
  }
  if (status == BP_OK) {
    status = argument_flag(step, "all", false)
                 ? bp_outcome_join_all(list.items, list.count, list.memory, &made, error)
                 : bp_outcome_join_any(list.items, list.count, list.memory, &made, error);
  }
  if (status == BP_OK) status = made_json(&list, &made, value, error);
  list_free(&list);
  return status;
}

/* --- steps */

/* Values made by steps; they live as long as the instruction. */
typedef struct step_values {
  uint8_t *made[256];
  size_t count;
} step_values;

static bp_status keep_value(step_values *values, uint8_t *value, size_t length, bp_outcome *next) {
  if (values->count == sizeof values->made / sizeof *values->made) {
    free(value);
    return BP_NO_MEMORY;
  }
  values->made[values->count++] = value;
  next->value = value;
  next->value_length = length;
  return BP_OK;
}

static bp_status double_value(void *user, const bp_outcome *given, bp_outcomes *memory, bp_outcome *next) {
  (void)memory;
  size_t length = given->value_length;
  uint8_t *value = must_allocate(1 + 2 * length);
  value[0] = 0x92;
  memcpy(value + 1, given->value, length);
  memcpy(value + 1 + length, given->value, length);
  return keep_value(user, value, 1 + 2 * length, next);
}

static bp_status refuse_value(void *user, const bp_outcome *given, bp_outcomes *memory, bp_outcome *next) {
  static const char reason[] = "refused";
  (void)user, (void)given, (void)memory;
  next->type = BP_OUTCOME_CANCELLED;
  next->message = (const uint8_t *)reason;
  next->message_length = sizeof reason - 1;
  return BP_OK;
}

static bp_status recover_message(void *user, const bp_outcome *given, bp_outcomes *memory, bp_outcome *next) {
  (void)memory;
  const uint8_t *text = given->message != NULL ? given->message : (const uint8_t *)given->text;
  size_t needed = 0;
  bp_token token = {.type = BP_TOKEN_STRING, .number = given->message_length};
  bp_status status = bp_payload_encode(&token, 1, text, given->message_length, NULL, 0, &needed, NULL);
  if (status != BP_TOO_SMALL) return status;
  uint8_t *value = must_allocate(needed);
  status = bp_payload_encode(&token, 1, text, given->message_length, value, needed, &needed, NULL);
  if (status == BP_OK) return keep_value(user, value, needed, next);
  free(value);
  return status;
}

static bp_status run_steps(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  outcome_list list;
  step_values values = {.count = 0};
  bp_outcome made = new_outcome();
  const char *name = argument_text(step, "step");
  if (name == NULL) return DRIVER_BAD_INSTRUCTION;
  bp_status status = list_begin(&list, 1, error);
  if (status == BP_OK) status = list_add(&list, argument_text(step, "bytes"), error);
  if (status == BP_OK) {
    status = strcmp(name, "recover") == 0
                 ? bp_outcome_or_else(&list.items[0], recover_message, &values, list.memory, &made, error)
                 : bp_outcome_and_then(&list.items[0], strcmp(name, "double") == 0 ? double_value : refuse_value, &values,
                                       list.memory, &made, error);
  }
  if (status == BP_OK) status = outcome_json(&made, value, error);
  while (values.count > 0) free(values.made[--values.count]);
  list_free(&list);
  return status;
}

/* --- the last word */

/* The kind alone, as the bytes of an Err with that kind say it: between `kind` and `message`. */
static json *kind_json(const bp_outcome *result) {
  const char *name = bp_error_kind_name(result->error_kind);
  uint8_t encoded[64];
  size_t length = 0;
  if (result->error_kind == BP_ERROR_KIND_CUSTOM) encoded[length++] = 0x81;
  encoded[length++] = (uint8_t)(0xa0 | strlen(name));
  memcpy(encoded + length, name, strlen(name));
  length += strlen(name);
  if (result->error_kind == BP_ERROR_KIND_CUSTOM) {
    size_t needed = 0;
    bp_token token = {.type = BP_TOKEN_UINT, .number = result->error_custom};
    if (bp_payload_encode(&token, 1, NULL, 0, encoded + length, 8, &needed, NULL) == BP_OK) length += needed;
  }
  return hex_json(encoded, length);
}

static bp_status run_result(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  outcome_list list;
  bp_outcome result = new_outcome();
  bp_status status = list_begin(&list, 1, error);
  if (status == BP_OK) status = list_add(&list, argument_text(step, "bytes"), error);
  if (status == BP_OK) status = bp_outcome_into_result(&list.items[0], &result, error);
  if (status == BP_OK) {
    uint32_t kind = result.error_kind;
    *value = json_object_new_object();
    if (kind == BP_ERROR_KIND_NONE) {
      set(*value, "ok", hex_json(result.value, result.value_length));
    } else {
      set(*value, "kind", kind_json(&result));
      set(*value, "retryable", json_object_new_boolean(bp_error_kind_is_retryable(kind)));
      set(*value, "domain", json_object_new_boolean(bp_error_kind_class(kind) == BP_ERROR_CLASS_DOMAIN));
      set(*value, "operational", json_object_new_boolean(bp_error_kind_class(kind) == BP_ERROR_CLASS_OPERATIONAL));
    }
  }
  list_free(&list);
  return status;
}

const operation_row outcome_operations[] = {
    {"outcome_recode", run_recode, false}, {"outcome_zip", run_zip, false},       {"outcome_join", run_join, false},
    {"outcome_steps", run_steps, false},   {"outcome_result", run_result, false}, {NULL, NULL, false},
};
