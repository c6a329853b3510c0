/* Outcomes: as bytes, and as rows.  Batches and conditions hold others, to any depth: the rows of a tree stand in one array,
 * level by level, so that those of one parent stand side by side and its place in the array follows from the counts before it.
 * Nothing here recurses. */
#include "addon.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* --- rows: one struct as an object */

typedef struct slot {
  const char *name;
  char form;             /* n: 32 bits; w: 64 bits; c: a count; f: 16 bytes; b: bytes of a length; i: ids, of a count */
  uint16_t offset;
  uint16_t length;       /* of bytes and ids: where their number stands */
} slot;

#define ONE(type, field, form) {#field, form, offsetof(type, field), 0}
#define MANY(type, field, form, length) {#field, form, offsetof(type, field), offsetof(type, length)}
#define END {NULL, 0, 0, 0}

#define O(field, form) ONE(bp_outcome, field, form)
static const slot outcome_slots[] = {O(type, 'n'),         O(error_kind, 'n'),   O(error_custom, 'n'),
                                     O(after_ms, 'w'),     O(attempt, 'n'),      O(max_attempts, 'n'),
                                     O(resume_token, 'f'), O(item_count, 'c'),   MANY(bp_outcome, value, 'b', value_length),
                                     MANY(bp_outcome, message, 'b', message_length), END};
#undef O

static const slot compensation_slots[] = {ONE(bp_compensation, type, 'n'), ONE(bp_compensation, target_id, 'f'),
                                          MANY(bp_compensation, ids, 'i', id_count), MANY(bp_compensation, text, 'b', text_length),
                                          MANY(bp_compensation, data, 'b', data_length), END};

#define W(field, form) ONE(bp_wait_condition, field, form)
static const slot condition_slots[] = {W(type, 'n'),     W(tag, 'n'),        W(resume_at_ms, 'w'), W(event_id, 'f'),
                                       W(item_count, 'c'), MANY(bp_wait_condition, data, 'b', data_length), END};
#undef W

enum { ID = 16 };

static size_t unit_of(const slot *slot) { return slot->form == 'i' ? ID : 1; }

/* What JavaScript said stays its own, and lives for the call. */
static bool take_bytes(napi_env env, napi_value value, const slot *slot, uint8_t *record) {
  const uint8_t *bytes;
  size_t length;
  if (!bpn_bytes(env, value, &bytes, &length)) return false;
  if (length % unit_of(slot) != 0) return bpn_refuse(env, BP_ARGUMENT, "ids have 16 bytes") != NULL;
  length /= unit_of(slot);
  memcpy(record + slot->offset, &bytes, sizeof bytes);
  memcpy(record + slot->length, &length, sizeof length);
  return true;
}

static bool take_slot(napi_env env, napi_value value, const slot *slot, uint8_t *record) {
  uint8_t *at = record + slot->offset;
  uint32_t number;
  size_t count;
  const uint8_t *bytes;
  switch (slot->form) {
    case 'n':
    case 'c':
      if (!bpn_uint32(env, value, &number)) return false;
      count = number;
      memcpy(at, slot->form == 'c' ? (const void *)&count : (const void *)&number, slot->form == 'c' ? sizeof count : sizeof number);
      return true;
    case 'w': return bpn_uint64(env, value, (uint64_t *)(void *)at);
    case 'f':
      if (!bpn_fixed_bytes(env, value, ID, &bytes)) return false;
      memcpy(at, bytes, ID);
      return true;
    default: return take_bytes(env, value, slot, record);
  }
}

static bool take_row(napi_env env, napi_value object, const slot *slots, void *record) {
  char name[64];
  for (const slot *slot = slots; slot->name != NULL; slot++) {
    napi_value value;
    bpn_camel(slot->name, name);
    if (!bpn_get(env, object, name, &value)) return false;
    if (value != NULL && !take_slot(env, value, slot, record)) return false;
  }
  return true;
}

static napi_value slot_value(napi_env env, const slot *slot, const uint8_t *record) {
  const uint8_t *at = record + slot->offset, *bytes;
  napi_value value = NULL;
  uint32_t number;
  uint64_t wide;
  size_t count;
  switch (slot->form) {
    case 'n':
      memcpy(&number, at, sizeof number);
      napi_create_uint32(env, number, &value);
      return value;
    case 'w':
      memcpy(&wide, at, sizeof wide);
      napi_create_bigint_uint64(env, wide, &value);
      return value;
    case 'c':
      memcpy(&count, at, sizeof count);
      napi_create_uint32(env, (uint32_t)count, &value);
      return value;
    case 'f': return bpn_copy_bytes(env, at, ID);
    default:
      memcpy(&bytes, at, sizeof bytes);
      memcpy(&count, record + slot->length, sizeof count);
      return bpn_copy_bytes(env, bytes, count * unit_of(slot));
  }
}

static napi_value row_value(napi_env env, const slot *slots, const void *record) {
  char name[64];
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  for (const slot *slot = slots; slot->name != NULL; slot++) {
    napi_value value = slot_value(env, slot, record);
    bpn_camel(slot->name, name);
    if (value == NULL || !bpn_set(env, object, name, value)) return NULL;
  }
  return object;
}

napi_value bpn_outcome_value(napi_env env, const bp_outcome *outcome) {
  bp_outcome plain = *outcome;
  if (plain.message == NULL) plain.message = (const uint8_t *)outcome->text;
  napi_value object = row_value(env, outcome_slots, &plain);
  if (object == NULL || plain.compensation == NULL) return object;
  napi_value compensation = row_value(env, compensation_slots, plain.compensation);
  return compensation != NULL && bpn_set(env, object, "compensation", compensation) ? object : NULL;
}

/* --- rows to structs */

typedef struct forest {
  bp_outcome *outcomes;
  bp_compensation *compensations;  /* one for each outcome */
  bp_wait_condition *conditions;
  uint32_t outcome_count;
  uint32_t condition_count;
} forest;

/* Where the items of one parent begin; the next parent's begin behind them. */
static bool place(uint32_t parent, size_t items, uint32_t count, uint32_t *next) {
  if (*next <= parent || items > count - *next) return false;
  *next += (uint32_t)items;
  return true;
}

static bool join_outcomes(forest *rows) {
  uint32_t next = 1, conditions = 0;
  for (uint32_t i = 0; i < rows->outcome_count; i++) {
    bp_outcome *outcome = &rows->outcomes[i];
    outcome->items = rows->outcomes + next;
    if (!place(i, outcome->item_count, rows->outcome_count, &next)) return false;
    if (outcome->type == BP_OUTCOME_PENDING && conditions == rows->condition_count) return false;
    if (outcome->type == BP_OUTCOME_PENDING) outcome->condition = &rows->conditions[conditions++];
  }
  /* The conditions of outcomes are the first. */
  next = conditions;
  for (uint32_t i = 0; i < rows->condition_count; i++) {
    bp_wait_condition *condition = &rows->conditions[i];
    condition->items = rows->conditions + next;
    if (!place(i, condition->item_count, rows->condition_count, &next)) return false;
  }
  return rows->outcome_count > 0;
}

static bool take_outcome(napi_env env, napi_value row, bp_outcome *outcome, bp_compensation *compensation) {
  napi_value action;
  bp_outcome_init(outcome, sizeof *outcome);
  if (!take_row(env, row, outcome_slots, outcome) || !bpn_get(env, row, "compensation", &action)) return false;
  if (action == NULL) return true;
  outcome->compensation = compensation;
  return take_row(env, action, compensation_slots, compensation);
}

static bool take_rows(napi_env env, const napi_value arrays[2], forest *rows) {
  if (napi_get_array_length(env, arrays[0], &rows->outcome_count) != napi_ok ||
      napi_get_array_length(env, arrays[1], &rows->condition_count) != napi_ok) {
    return bpn_refuse(env, BP_ARGUMENT, "rows are arrays") != NULL;
  }
  rows->outcomes = calloc((size_t)rows->outcome_count + 1, sizeof *rows->outcomes);
  rows->compensations = calloc((size_t)rows->outcome_count + 1, sizeof *rows->compensations);
  rows->conditions = calloc((size_t)rows->condition_count + 1, sizeof *rows->conditions);
  if (rows->outcomes == NULL || rows->compensations == NULL || rows->conditions == NULL) {
    return bpn_refuse(env, BP_NO_MEMORY, "taking an outcome") != NULL;
  }
  napi_value row;
  for (uint32_t i = 0; i < rows->outcome_count; i++) {
    if (napi_get_element(env, arrays[0], i, &row) != napi_ok ||
        !take_outcome(env, row, &rows->outcomes[i], &rows->compensations[i])) {
      return false;
    }
  }
  for (uint32_t i = 0; i < rows->condition_count; i++) {
    if (napi_get_element(env, arrays[1], i, &row) != napi_ok || !take_row(env, row, condition_slots, &rows->conditions[i])) {
      return false;
    }
  }
  return join_outcomes(rows) || bpn_refuse(env, BP_ARGUMENT, "rows that hold others than there are") != NULL;
}

static napi_value encode(napi_env env, const bp_outcome *outcome) {
  enum { FIRST_TRY = 1024 };
  uint8_t first[FIRST_TRY], *buffer = first;
  size_t needed = 0;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_outcome_encode(outcome, buffer, sizeof first, &needed, &error);
  if (status == BP_TOO_SMALL) {
    buffer = malloc(needed);
    status = buffer == NULL ? BP_NO_MEMORY : bp_outcome_encode(outcome, buffer, needed, &needed, &error);
  }
  napi_value bytes = status == BP_OK ? bpn_copy_bytes(env, buffer, needed) : bpn_throw(env, status, &error);
  if (buffer != first) free(buffer);
  return bytes;
}

/* outcome_encode(rows, conditions) */
napi_value bpn_outcome_encode(napi_env env, napi_callback_info info) {
  napi_value arrays[2];
  forest rows = {0};
  if (bpn_enter(env, info, 2, arrays) == NULL) return NULL;
  napi_value bytes = take_rows(env, arrays, &rows) ? encode(env, rows.outcomes) : NULL;
  free(rows.outcomes);
  free(rows.compensations);
  free(rows.conditions);
  return bytes;
}

/* --- structs to rows */

/* Pointers to structs that are still to be written down, in the order of the rows. */
typedef struct line {
  const void **items;
  size_t count;
  size_t capacity;
} line;

static bool append(line *line, const void *items, size_t count, size_t size) {
  if (line->count + count > line->capacity) {
    size_t capacity = 2 * (line->count + count);
    const void **grown = realloc(line->items, capacity * sizeof *grown);
    if (grown == NULL) return false;
    line->items = grown;
    line->capacity = capacity;
  }
  for (size_t i = 0; i < count; i++) line->items[line->count++] = (const uint8_t *)items + i * size;
  return true;
}

/* Puts a row into its place; a scope for each keeps the handles few. */
static bool put(napi_env env, napi_value array, size_t at, napi_value (*make)(napi_env env, const void *record), const void *record) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_value row = make(env, record);
  bool good = row != NULL && napi_set_element(env, array, (uint32_t)at, row) == napi_ok;
  return napi_close_handle_scope(env, scope) == napi_ok && good;
}

static napi_value outcome_row(napi_env env, const void *record) { return bpn_outcome_value(env, record); }

static napi_value condition_row(napi_env env, const void *record) { return row_value(env, condition_slots, record); }

static bool list(napi_env env, const bp_outcome *root, line *outcomes, line *conditions, napi_value arrays[2]) {
  bool good = append(outcomes, root, 1, sizeof *root);
  for (size_t i = 0; good && i < outcomes->count; i++) {
    const bp_outcome *outcome = outcomes->items[i];
    good = append(outcomes, outcome->items, outcome->item_count, sizeof *outcome) &&
           append(conditions, outcome->condition, outcome->condition != NULL, sizeof *outcome->condition);
    if (!good) break;
    if (!put(env, arrays[0], i, outcome_row, outcome)) return false;
  }
  for (size_t i = 0; good && i < conditions->count; i++) {
    const bp_wait_condition *condition = conditions->items[i];
    good = append(conditions, condition->items, condition->item_count, sizeof *condition);
    if (!good) break;
    if (!put(env, arrays[1], i, condition_row, condition)) return false;
  }
  return good || bpn_refuse(env, BP_NO_MEMORY, "making an outcome") != NULL;
}

static napi_value decoded(napi_env env, const bp_outcome *outcome) {
  napi_value object, arrays[2];
  line outcomes = {0}, conditions = {0};
  bool good = napi_create_object(env, &object) == napi_ok && napi_create_array(env, &arrays[0]) == napi_ok &&
              napi_create_array(env, &arrays[1]) == napi_ok && list(env, outcome, &outcomes, &conditions, arrays) &&
              bpn_set(env, object, "outcomes", arrays[0]) && bpn_set(env, object, "conditions", arrays[1]);
  free(outcomes.items);
  free(conditions.items);
  return good ? object : NULL;
}

/* outcome_decode(bytes): { outcomes, conditions } */
napi_value bpn_outcome_decode(napi_env env, napi_callback_info info) {
  napi_value input, value = NULL;
  const uint8_t *bytes;
  size_t length;
  if (bpn_enter(env, info, 1, &input) == NULL || !bpn_bytes(env, input, &bytes, &length)) return NULL;
  bp_outcomes *memory = NULL;
  bp_outcome outcome;
  bp_error error;
  bpn_error_clear(&error);
  bp_outcome_init(&outcome, sizeof outcome);
  bp_status status = bp_outcomes_new(&memory, &error);
  if (status == BP_OK) status = bp_outcome_decode(bytes, length, memory, &outcome, &error);
  value = status == BP_OK ? decoded(env, &outcome) : bpn_throw(env, status, &error);
  bp_outcomes_free(memory);
  return value;
}
