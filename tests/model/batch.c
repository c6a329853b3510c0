/* Batches that are being gathered: owned copies of drafts, seen as an array. */
#include <batpak/ffi.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static bp_batch *batch;
static bp_draft draft;

static void set_up(void) {
  cr_assert_eq(bp_batch_new(&batch, NULL), BP_OK);
  cr_assert_eq(bp_draft_init(&draft, sizeof draft), BP_OK);
  draft.entity = (const uint8_t *)"e:1";
  draft.entity_length = 3;
}
static void tear_down(void) { bp_batch_free(batch); }

TestSuite(batch, .init = set_up, .fini = tear_down);

static const bp_draft *drafts_of(size_t wanted) {
  size_t count;
  const bp_draft *drafts = bp_batch_drafts(batch, &count);
  cr_assert_eq(count, wanted);
  return drafts;
}

/* P-044 */
Test(batch, owns_what_is_added) {
  char payload[8] = "0";
  for (int i = 0; i < 100; i++) {
    draft.payload = (const uint8_t *)payload;
    draft.payload_length = (size_t)snprintf(payload, sizeof payload, "%d", i);
    cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_OK);
  }
  memset(payload, 'x', sizeof payload);
  const bp_draft *drafts = drafts_of(100);
  cr_assert(drafts[42].payload_length == 2 && memcmp(drafts[42].payload, "42", 2) == 0);
  cr_assert(drafts[99].entity_length == 3 && memcmp(drafts[99].entity, "e:1", 3) == 0);
  bp_batch_clear(batch);
  (void)drafts_of(0);
  cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_OK);
  (void)drafts_of(1);
}

/* Correlation on all; causation where an item names none. */
/* P-001 */
Test(batch, reacts) {
  uint8_t correlation[16] = {1}, causation[16] = {2}, other[16] = {3};
  cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_OK);
  draft.given = BP_GIVEN_CAUSATION | BP_GIVEN_CORRELATION;
  memcpy(draft.causation_id, other, 16);
  cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_OK);
  draft.given = BP_GIVEN_CAUSE_ITEM;
  cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_OK);
  cr_assert_eq(bp_batch_react(batch, correlation, causation, NULL), BP_OK);
  const bp_draft *drafts = drafts_of(3);
  for (int i = 0; i < 3; i++) {
    cr_assert(drafts[i].given & BP_GIVEN_CORRELATION);
    cr_assert_arr_eq(drafts[i].correlation_id, correlation, 16);
  }
  cr_assert_arr_eq(drafts[0].causation_id, causation, 16);
  cr_assert_arr_eq(drafts[1].causation_id, other, 16);
  cr_assert_eq(drafts[2].given & BP_GIVEN_CAUSATION, 0);
  cr_assert_eq(bp_batch_react(batch, correlation, NULL, NULL), BP_ARGUMENT);
}

Test(batch, holds_as_many_as_a_store_may_take) {
  for (int i = 0; i < 4096; i++) cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_OK);
  cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_ARGUMENT);
  (void)drafts_of(4096);
}

Test(batch, calls_that_make_no_sense_are_refused) {
  cr_assert_eq(bp_batch_new(NULL, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_batch_add(NULL, &draft, NULL), BP_ARGUMENT);
  cr_assert_eq(bp_batch_add(batch, NULL, NULL), BP_ARGUMENT);
  draft.payload_length = 1;
  cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_ARGUMENT);
  draft.payload_length = 0;
  draft.struct_size = 9;
  cr_assert_eq(bp_batch_add(batch, &draft, NULL), BP_STRUCT_SIZE);
  size_t count = 7;
  cr_assert_null(bp_batch_drafts(NULL, &count));
  cr_assert_eq(count, 0);
  bp_batch_clear(NULL);
  bp_batch_free(NULL);
}
