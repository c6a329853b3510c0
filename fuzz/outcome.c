/* Any bytes as an outcome; what can be read is written canonically, reads again as the same, and can be combined with
 * itself in every way. */
#include <batpak/ffi.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
  if (!holds) abort();
}

static bp_outcome blank(void) {
  bp_outcome outcome;
  must(bp_outcome_init(&outcome, sizeof outcome) == BP_OK);
  return outcome;
}

/* The encoding, to be freed: whatever could be read can be written. */
static uint8_t *encoded(const bp_outcome *outcome, size_t *length) {
  bp_status status = bp_outcome_encode(outcome, NULL, 0, length, NULL);
  must(status == BP_TOO_SMALL);
  uint8_t *bytes = (uint8_t *)malloc(*length);
  must(bytes != NULL && bp_outcome_encode(outcome, bytes, *length, length, NULL) == BP_OK);
  return bytes;
}

static bp_status same(void *user, const bp_outcome *given, bp_outcomes *outcomes, bp_outcome *next) {
  (void)user, (void)outcomes;
  *next = *given;
  return BP_OK;
}

static void expect_same(const bp_outcome *outcome, const uint8_t *bytes, size_t length) {
  size_t again_length = 0;
  uint8_t *again = encoded(outcome, &again_length);
  must(again_length == length && memcmp(again, bytes, length) == 0);
  free(again);
}

static void combine(const bp_outcome *outcome, bp_outcomes *outcomes, const uint8_t *bytes, size_t length) {
  bp_outcome made = blank();
  must(bp_outcome_and_then(outcome, same, NULL, outcomes, &made, NULL) == BP_OK);
  expect_same(&made, bytes, length);
  must(bp_outcome_or_else(outcome, same, NULL, outcomes, &made, NULL) == BP_OK);
  expect_same(&made, bytes, length);
  must(bp_outcome_zip(outcome, outcome, outcomes, &made, NULL) == BP_OK);
  must(bp_outcome_join_all(outcome, 1, outcomes, &made, NULL) == BP_OK);
  must(bp_outcome_join_any(outcome, 1, outcomes, &made, NULL) == BP_OK);
  must(bp_outcome_into_result(outcome, &made, NULL) == BP_OK);
  must((made.type == BP_OUTCOME_OK) == (made.error_kind == BP_ERROR_KIND_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  bp_outcomes *outcomes;
  bp_outcome outcome = blank(), again = blank();
  must(bp_outcomes_new(&outcomes, NULL) == BP_OK);
  if (bp_outcome_decode(data, size, outcomes, &outcome, NULL) == BP_OK) {
    size_t length = 0;
    uint8_t *bytes = encoded(&outcome, &length);
    must(bp_outcome_decode(bytes, length, outcomes, &again, NULL) == BP_OK);
    expect_same(&again, bytes, length);
    combine(&outcome, outcomes, bytes, length);
    free(bytes);
  }
  bp_outcomes_free(outcomes);
  return 0;
}
