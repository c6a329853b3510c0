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
