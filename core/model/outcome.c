/* Outcomes as values: filled by the store, asked by anybody. */
#include "model/outcome.h"

#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

const char *const bpi_outcome_names[6] = {"Ok", "Err", "Retry", "Pending", "Cancelled", "Batch"};

const char *const bpi_error_kind_names[BPI_ERROR_KINDS] = {
    "NotFound",     "Conflict", "Validation", "PolicyRejection", "Cancelled", "StorageError",
    "Timeout", "Pending",  "Serialization", "Internal", "BatchCollapse", "Custom",
};

/* The encoding of nil: what an Ok holds that has nothing to say. */
static const uint8_t nil_value[] = {0xc0};

/* --- filling */

/* All but the size. */
static void clear(bp_outcome *outcome, uint32_t type) {
  uint32_t struct_size = outcome->struct_size;
  memset(outcome, 0, struct_size);
  outcome->struct_size = struct_size;
  outcome->type = type;
}

__attribute__((format(printf, 2, 0))) static void set_text(bp_outcome *outcome, const char *format, va_list arguments) {
  (void)vsnprintf(outcome->text, sizeof outcome->text, format, arguments);
  outcome->message_length = strlen(outcome->text);
}

void bpi_outcome_set_ok(bp_outcome *outcome) {
  clear(outcome, BP_OUTCOME_OK);
  outcome->value = nil_value;
  outcome->value_length = sizeof nil_value;
}

void bpi_outcome_set_retry(bp_outcome *outcome, uint64_t after_ms, uint32_t attempt, uint32_t max_attempts,
                           const char *format, ...) {
  clear(outcome, BP_OUTCOME_RETRY);
  outcome->after_ms = after_ms;
  outcome->attempt = attempt;
  outcome->max_attempts = max_attempts;
  va_list arguments;
  va_start(arguments, format);
  set_text(outcome, format, arguments);
  va_end(arguments);
}

void bpi_outcome_set_cancelled(bp_outcome *outcome, const char *reason) {
  clear(outcome, BP_OUTCOME_CANCELLED);
  outcome->message = (const uint8_t *)reason;
  outcome->message_length = strlen(reason);
}

void bpi_outcome_set_error(bp_outcome *outcome, uint32_t error_kind, const char *format, ...) {
  clear(outcome, BP_OUTCOME_ERR);
  outcome->error_kind = error_kind;
  va_list arguments;
  va_start(arguments, format);
  set_text(outcome, format, arguments);
  va_end(arguments);
}

bp_status bp_outcome_init(bp_outcome *outcome, size_t size) {
  static const bp_outcome defaults = {
      .type = BP_OUTCOME_OK, .value = nil_value, .value_length = sizeof nil_value};
  return bpi_init_struct(outcome, size, &defaults, sizeof defaults);
}

/* --- in from a caller, out to one */

bp_status bpi_outcome_check(const bp_outcome *outcome, bp_error *error) {
  return bpi_check_struct(outcome, outcome == NULL ? 0 : outcome->struct_size, sizeof *outcome, sizeof *outcome, error);
}

static bp_status check_fields(const bp_outcome *outcome, bp_error *error) {
  int text_fits = outcome->message != NULL || outcome->message_length <= sizeof outcome->text;
  if (outcome->type < BP_OUTCOME_OK || outcome->type > BP_OUTCOME_BATCH) {
    return bpi_fail(error, BP_ARGUMENT, "an outcome of an unknown type");
  }
  if (!text_fits || (outcome->value == NULL && outcome->value_length > 0) ||
      (outcome->items == NULL && outcome->item_count > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "a length without bytes");
  }
  if (outcome->type == BP_OUTCOME_PENDING && outcome->condition == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "a pending outcome without a condition");
  }
  int is_error = outcome->type == BP_OUTCOME_ERR;
  if (is_error != (outcome->error_kind != BP_ERROR_KIND_NONE) || outcome->error_kind > BP_ERROR_KIND_CUSTOM ||
      outcome->error_custom > UINT16_MAX) {
    return bpi_fail(error, BP_ARGUMENT, "an error kind that the outcome cannot have");
  }
  return BP_OK;
}

bp_status bpi_outcome_load(const bp_outcome *given, bp_outcome *known, bp_error *error) {
  bp_status status = bpi_outcome_check(given, error);
  if (status != BP_OK) return status;
  memcpy(known, given, sizeof *known);
  known->struct_size = sizeof *known;
  return check_fields(known, error);
}

bp_status bpi_outcome_load_at(const bp_outcome *items, size_t index, bp_outcome *known, bp_error *error) {
  const bp_outcome *item = (const bp_outcome *)(const void *)((const uint8_t *)items + index * items->struct_size);
  if (item->struct_size != items->struct_size) {
    return bpi_fail(error, BP_STRUCT_SIZE, "outcomes of different struct_size in one array");
  }
  return bpi_outcome_load(item, known, error);
}

void bpi_outcome_hand_over(const bp_outcome *known, bp_outcome *result) {
  uint32_t struct_size = result->struct_size;
  memmove(result, known, sizeof *known);
  result->struct_size = struct_size;
}

bpi_bytes bpi_outcome_text(const bp_outcome *outcome) {
  const void *bytes = outcome->message != NULL ? (const void *)outcome->message : (const void *)outcome->text;
  return bpi_bytes_of(bytes, outcome->message_length);
}

/* --- questions */

int32_t bp_outcome_is_terminal(const bp_outcome *outcome) {
  return outcome != NULL && (outcome->type == BP_OUTCOME_OK || outcome->type == BP_OUTCOME_ERR ||
                             outcome->type == BP_OUTCOME_CANCELLED);
}

uint32_t bp_error_kind_class(uint32_t error_kind) {
  if (error_kind >= BP_ERROR_KIND_NOT_FOUND && error_kind <= BP_ERROR_KIND_CANCELLED) return BP_ERROR_CLASS_DOMAIN;
  if (error_kind >= BP_ERROR_KIND_STORAGE_ERROR && error_kind <= BP_ERROR_KIND_BATCH_COLLAPSE) {
    return BP_ERROR_CLASS_OPERATIONAL;
  }
  return BP_ERROR_CLASS_NONE;
}

int32_t bp_error_kind_is_retryable(uint32_t error_kind) {
  return error_kind == BP_ERROR_KIND_STORAGE_ERROR || error_kind == BP_ERROR_KIND_TIMEOUT;
}

const char *bp_error_kind_name(uint32_t error_kind) {
  return error_kind < 1 || error_kind > BPI_ERROR_KINDS ? "Unknown" : bpi_error_kind_names[error_kind - 1];
}

unsigned bpi_compensation_containers(uint32_t type) {
  switch (type) {
    case BP_COMPENSATION_NOTIFY: return 1;
    case BP_COMPENSATION_CUSTOM: return 2;
    default: return 3; /* fields, list, id */
  }
}

unsigned bpi_condition_containers(uint32_t type) { return type == BP_WAIT_FOR_CUSTOM ? 2 : 1; }

/* --- the last word */

static uint32_t collapsed_kind(uint32_t type) {
  switch (type) {
    case BP_OUTCOME_RETRY: return BP_ERROR_KIND_TIMEOUT;
    case BP_OUTCOME_PENDING: return BP_ERROR_KIND_PENDING;
    case BP_OUTCOME_CANCELLED: return BP_ERROR_KIND_CANCELLED;
    default: return BP_ERROR_KIND_BATCH_COLLAPSE;
  }
}

bp_status bp_outcome_into_result(const bp_outcome *outcome, bp_outcome *result, bp_error *error) {
  bp_outcome known;
  bp_status status = bpi_outcome_check(result, error);
  if (status == BP_OK) status = bpi_outcome_load(outcome, &known, error);
  if (status != BP_OK) return status;
  if (known.type == BP_OUTCOME_OK || known.type == BP_OUTCOME_ERR) {
    bpi_outcome_hand_over(&known, result);
    return BP_OK;
  }
  bp_outcome last = {.struct_size = sizeof last};
  if (known.type == BP_OUTCOME_PENDING) {
    bpi_outcome_set_error(&last, collapsed_kind(known.type), "the attempt is pending");
  } else if (known.type == BP_OUTCOME_BATCH) {
    bpi_outcome_set_error(&last, collapsed_kind(known.type), "a batch of %zu outcomes has no single value",
                          known.item_count);
  } else {
    bpi_outcome_set_error(&last, collapsed_kind(known.type), "%s", "");
    last.message = known.message;
    last.message_length = known.message_length;
    memcpy(last.text, known.text, sizeof last.text);
  }
  bpi_outcome_hand_over(&last, result);
  return BP_OK;
}

/* --- memory */

bp_status bpi_outcomes_new(const bpi_memory *memory, bp_outcomes **outcomes, bp_error *error) {
  bp_outcomes *made = (bp_outcomes *)bpi_allocate(memory, sizeof *made);
  *outcomes = made;
  if (made == NULL) return bpi_fail(error, BP_NO_MEMORY, "making memory for outcomes");
  made->memory = *memory;
  bpi_arena_init(&made->arena, memory);
  bpi_buffer_init(&made->outcomes, memory);
  bpi_buffer_init(&made->conditions, memory);
  bpi_buffer_init(&made->bytes, memory);
  return BP_OK;
}

bp_status bp_outcomes_new(bp_outcomes **outcomes, bp_error *error) {
  if (outcomes == NULL) return bpi_fail(error, BP_ARGUMENT, "nowhere to put the outcomes");
  bpi_memory memory = bpi_memory_default();
  return bpi_outcomes_new(&memory, outcomes, error);
}

void bp_outcomes_clear(bp_outcomes *outcomes) {
  if (outcomes != NULL) bpi_arena_reset(&outcomes->arena);
}

void bp_outcomes_free(bp_outcomes *outcomes) {
  if (outcomes == NULL) return;
  bpi_memory memory = outcomes->memory;
  bpi_arena_free(&outcomes->arena);
  bpi_buffer_free(&outcomes->outcomes);
  bpi_buffer_free(&outcomes->conditions);
  bpi_buffer_free(&outcomes->bytes);
  bpi_release(&memory, outcomes, sizeof *outcomes);
}
