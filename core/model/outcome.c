/* Outcomes as values: filled by the store, asked by anybody. */
#include "model/outcome.h"

#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

/* The encoding of nil: what an Ok holds that has nothing to say. */
static const uint8_t nil_value[] = {0xc0};

/* All but the size. */
static void clear(bp_outcome *outcome, uint32_t type) {
  uint32_t struct_size = outcome->struct_size;
  memset(outcome, 0, struct_size);
  outcome->struct_size = struct_size;
  outcome->type = type;
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
  (void)vsnprintf(outcome->text, sizeof outcome->text, format, arguments);
  va_end(arguments);
  outcome->message_length = strlen(outcome->text);
}

void bpi_outcome_set_cancelled(bp_outcome *outcome, const char *reason) {
  clear(outcome, BP_OUTCOME_CANCELLED);
  outcome->message = (const uint8_t *)reason;
  outcome->message_length = strlen(reason);
}

bp_status bpi_outcome_check(const bp_outcome *outcome, bp_error *error) {
  return bpi_check_struct(outcome, outcome == NULL ? 0 : outcome->struct_size, sizeof *outcome, sizeof *outcome, error);
}

bpi_bytes bpi_outcome_text(const bp_outcome *outcome) {
  const void *bytes = outcome->message != NULL ? (const void *)outcome->message : (const void *)outcome->text;
  return bpi_bytes_of(bytes, outcome->message_length);
}

bp_status bp_outcome_init(bp_outcome *outcome, size_t size) {
  if (outcome == NULL) return BP_ARGUMENT;
  if (size < sizeof *outcome || size > UINT32_MAX) return BP_STRUCT_SIZE;
  outcome->struct_size = (uint32_t)size;
  bpi_outcome_set_ok(outcome);
  return BP_OK;
}
