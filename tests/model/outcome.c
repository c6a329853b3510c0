/* Outcomes as the store fills them, and as a caller finds them. */
#include "model/outcome.h"

#include <criterion/criterion.h>

static bp_outcome made(void) {
  bp_outcome outcome;
  cr_assert_eq(bp_outcome_init(&outcome, sizeof outcome), BP_OK);
  return outcome;
}

static void expect_text(const bp_outcome *outcome, const char *text) {
  bpi_bytes found = bpi_outcome_text(outcome);
  cr_assert(bpi_bytes_equal(found, bpi_bytes_of(text, strlen(text))), "%.*s", (int)found.length, (const char *)found.data);
}

Test(outcome, init_is_an_ok_of_nil) {
  bp_outcome outcome = made();
  cr_assert_eq(outcome.type, BP_OUTCOME_OK);
  cr_assert_eq(outcome.value_length, 1);
  cr_assert_eq(outcome.value[0], 0xc0);
  cr_assert_eq(bp_outcome_init(NULL, sizeof outcome), BP_ARGUMENT);
  cr_assert_eq(bp_outcome_init(&outcome, sizeof outcome - 1), BP_STRUCT_SIZE);
  outcome.struct_size = 3;
  cr_assert_eq(bpi_outcome_check(&outcome, NULL), BP_STRUCT_SIZE);
  cr_assert_eq(bpi_outcome_check(NULL, NULL), BP_ARGUMENT);
}

Test(outcome, filled_as_a_try_fills_it) {
  bp_outcome outcome = made();
  bpi_outcome_set_retry(&outcome, 10, 1, 1, "%u of %u are queued", 3000u, 4096u);
  cr_assert_eq(outcome.type, BP_OUTCOME_RETRY);
  cr_assert_eq(outcome.after_ms, 10);
  cr_assert_eq(outcome.attempt, 1);
  cr_assert_eq(outcome.max_attempts, 1);
  cr_assert_null(outcome.message);
  expect_text(&outcome, "3000 of 4096 are queued");
  /* What a copy says does not depend on the first. */
  bp_outcome copy = outcome;
  bpi_outcome_set_cancelled(&outcome, "a fence is open");
  expect_text(&copy, "3000 of 4096 are queued");
  cr_assert_eq(outcome.type, BP_OUTCOME_CANCELLED);
  cr_assert_eq(outcome.after_ms, 0);
  expect_text(&outcome, "a fence is open");
  bpi_outcome_set_ok(&outcome);
  cr_assert_eq(outcome.type, BP_OUTCOME_OK);
  cr_assert_eq(outcome.message_length, 0);
  cr_assert_eq(outcome.struct_size, sizeof outcome);
}

Test(outcome, kinds_have_classes) {
  static const struct {
    uint32_t kind, class, retryable;
    const char *name;
  } rows[] = {
      {BP_ERROR_KIND_NOT_FOUND, BP_ERROR_CLASS_DOMAIN, 0, "NotFound"},
      {BP_ERROR_KIND_CONFLICT, BP_ERROR_CLASS_DOMAIN, 0, "Conflict"},
      {BP_ERROR_KIND_VALIDATION, BP_ERROR_CLASS_DOMAIN, 0, "Validation"},
      {BP_ERROR_KIND_POLICY_REJECTION, BP_ERROR_CLASS_DOMAIN, 0, "PolicyRejection"},
      {BP_ERROR_KIND_CANCELLED, BP_ERROR_CLASS_DOMAIN, 0, "Cancelled"},
      {BP_ERROR_KIND_STORAGE_ERROR, BP_ERROR_CLASS_OPERATIONAL, 1, "StorageError"},
      {BP_ERROR_KIND_TIMEOUT, BP_ERROR_CLASS_OPERATIONAL, 1, "Timeout"},
      {BP_ERROR_KIND_PENDING, BP_ERROR_CLASS_OPERATIONAL, 0, "Pending"},
      {BP_ERROR_KIND_SERIALIZATION, BP_ERROR_CLASS_OPERATIONAL, 0, "Serialization"},
      {BP_ERROR_KIND_INTERNAL, BP_ERROR_CLASS_OPERATIONAL, 0, "Internal"},
      {BP_ERROR_KIND_BATCH_COLLAPSE, BP_ERROR_CLASS_OPERATIONAL, 0, "BatchCollapse"},
      {BP_ERROR_KIND_CUSTOM, BP_ERROR_CLASS_NONE, 0, "Custom"},
      {BP_ERROR_KIND_NONE, BP_ERROR_CLASS_NONE, 0, "Unknown"},
      {99, BP_ERROR_CLASS_NONE, 0, "Unknown"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    cr_assert_eq(bp_error_kind_class(rows[i].kind), rows[i].class, "%s", rows[i].name);
    cr_assert_eq(bp_error_kind_is_retryable(rows[i].kind), (int32_t)rows[i].retryable, "%s", rows[i].name);
    cr_assert_str_eq(bp_error_kind_name(rows[i].kind), rows[i].name);
  }
}

/* 13.3 outcome_combinators: into_result of every variant. */
/* P-096 */
Test(outcome, the_last_word_of_each) {
  bp_wait_condition soon = {.type = BP_WAIT_FOR_TIME, .resume_at_ms = 1};
  bp_outcome outcome = made(), result = made();
  static const struct {
    uint32_t type, kind;
    int32_t is_terminal;
  } rows[] = {
      {BP_OUTCOME_OK, BP_ERROR_KIND_NONE, 1},           {BP_OUTCOME_ERR, BP_ERROR_KIND_CONFLICT, 1},
      {BP_OUTCOME_RETRY, BP_ERROR_KIND_TIMEOUT, 0},     {BP_OUTCOME_PENDING, BP_ERROR_KIND_PENDING, 0},
      {BP_OUTCOME_CANCELLED, BP_ERROR_KIND_CANCELLED, 1}, {BP_OUTCOME_BATCH, BP_ERROR_KIND_BATCH_COLLAPSE, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    outcome.type = rows[i].type;
    outcome.error_kind = rows[i].type == BP_OUTCOME_ERR ? BP_ERROR_KIND_CONFLICT : BP_ERROR_KIND_NONE;
    outcome.condition = rows[i].type == BP_OUTCOME_PENDING ? &soon : NULL;
    cr_assert_eq(bp_outcome_is_terminal(&outcome), rows[i].is_terminal);
    cr_assert_eq(bp_outcome_into_result(&outcome, &result, NULL), BP_OK);
    cr_assert_eq(result.error_kind, rows[i].kind);
    cr_assert_eq(result.type, rows[i].kind == BP_ERROR_KIND_NONE ? BP_OUTCOME_OK : BP_OUTCOME_ERR);
  }
  bpi_outcome_set_cancelled(&outcome, "a fence is open");
  cr_assert_eq(bp_outcome_into_result(&outcome, &result, NULL), BP_OK);
  expect_text(&result, "a fence is open");
  bpi_outcome_set_retry(&outcome, 10, 1, 1, "%s", "the queue is full");
  cr_assert_eq(bp_outcome_into_result(&outcome, &result, NULL), BP_OK);
  expect_text(&result, "the queue is full");
  cr_assert_eq(bp_outcome_is_terminal(NULL), 0);
  cr_assert_eq(bp_outcome_into_result(NULL, &result, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_outcome_into_result(&outcome, NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_outcomes_new(NULL, NULL), BP_ARGUMENT);
  bp_outcomes_clear(NULL);
  bp_outcomes_free(NULL);
}
