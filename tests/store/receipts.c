/* Every judgement that the receipt of an append can meet. */
#include "support/store_fixture.h"

#include <criterion/criterion.h>

static char path[TEMPORARY_PATH_MAX];
static bp_store *store;
static bp_error error;
static uint8_t seeds[96], public_keys[96], key_ids[96];

static void set_up(void) {
  temporary_create(path);
  error = fixture_error();
  for (size_t i = 0; i < sizeof seeds; i++) seeds[i] = (uint8_t)(i + 1);
  for (size_t i = 0; i < 3; i++) MUST(bp_key_derive(seeds + 32 * i, public_keys + 32 * i, key_ids + 32 * i, NULL));
  store = NULL;
}
static void tear_down(void) {
  if (store != NULL) fixture_close(store);
  temporary_remove(path);
}

TestSuite(receipts, .init = set_up, .fini = tear_down);

/* The store again, signing with the first `signing` seeds, knowing `verifying` public keys from the third on. */
static void open_with(size_t signing, size_t verifying) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = seeds;
  config.signing_seed_count = signing;
  config.verify_keys = public_keys + 64;
  config.verify_key_count = verifying;
  if (store != NULL) fixture_close(store);
  store = fixture_open(path, BP_MODE_CREATE, &config);
}

static int32_t judge_with(const bp_receipt *receipt, const bp_trust *trust) {
  int32_t outcome = -1;
  MUST(bp_store_verify_receipt(store, receipt, trust, &outcome, NULL));
  return outcome;
}

static int32_t judge(const bp_receipt *receipt) { return judge_with(receipt, NULL); }

static const uint8_t zeros[64];

Test(receipts, without_keys_nobody_signs) {
  open_with(0, 0);
  bp_receipt receipt = fixture_append_text(store, "e:1", "x");
  cr_assert_eq(receipt.has_signature, 0);
  cr_assert_arr_eq(receipt.key_id, zeros, 32);
  cr_assert_eq(judge(&receipt), BP_RECEIPT_UNSIGNED_ACCEPTED);
}

Test(receipts, the_last_key_signs_and_all_verify) {
  open_with(1, 0);
  bp_receipt first = fixture_append_text(store, "e:1", "x");
  cr_assert_eq(first.has_signature, 1);
  cr_assert_arr_eq(first.key_id, key_ids, 32);
  open_with(2, 0);
  bp_receipt second = fixture_append_text(store, "e:1", "y");
  cr_assert_arr_eq(second.key_id, key_ids + 32, 32);
  cr_assert_eq(judge(&first), BP_RECEIPT_SIGNED);
  cr_assert_eq(judge(&second), BP_RECEIPT_SIGNED);
}

Test(receipts, verify_only_keys_verify_and_do_not_sign) {
  open_with(3, 0);
  bp_receipt receipt = fixture_append_text(store, "e:1", "x");
  open_with(0, 1);
  cr_assert_eq(judge(&receipt), BP_RECEIPT_SIGNED);
  bp_receipt plain = fixture_append_text(store, "e:1", "y");
  cr_assert_eq(plain.has_signature, 0);
  cr_assert_eq(judge(&plain), BP_RECEIPT_UNSIGNED_REJECTED, "keys are known");
}

Test(receipts, keys_may_come_with_the_question) {
  open_with(2, 0);
  bp_receipt receipt = fixture_append_text(store, "e:1", "x");
  open_with(0, 0);
  cr_assert_eq(judge(&receipt), BP_RECEIPT_UNKNOWN_KEY);
  bp_trust trust;
  MUST(bp_trust_init(&trust, sizeof trust));
  trust.public_keys = public_keys;
  trust.public_key_count = 1;
  cr_assert_eq(judge_with(&receipt, &trust), BP_RECEIPT_UNKNOWN_KEY);
  trust.public_key_count = 2;
  cr_assert_eq(judge_with(&receipt, &trust), BP_RECEIPT_SIGNED);
  bp_receipt plain = fixture_append_text(store, "e:1", "y");
  cr_assert_eq(judge(&plain), BP_RECEIPT_UNSIGNED_ACCEPTED);
  cr_assert_eq(judge_with(&plain, &trust), BP_RECEIPT_UNSIGNED_REJECTED);
}

Test(receipts, a_replayed_receipt_is_signed_with_today_s_key) {
  open_with(1, 0);
  bp_draft draft = fixture_draft("e:1", "x");
  fixture_give_key(&draft, 7);
  fixture_append(store, &draft);
  open_with(2, 0);
  bp_receipt again = fixture_append(store, &draft);
  cr_assert_eq(again.replayed, 1);
  cr_assert_arr_eq(again.key_id, key_ids + 32, 32);
  cr_assert_eq(judge(&again), BP_RECEIPT_SIGNED);
}

/* P-079 */
Test(receipts, what_does_not_agree_is_named_in_order) {
  open_with(1, 0);
  bp_receipt good = fixture_append_text(store, "e:1", "x"), bad = good;
  bad.event_id[15] ^= 1;
  bad.sequence++;
  cr_assert_eq(judge(&bad), BP_RECEIPT_MISSING_EVENT);
  bad = good;
  bad.sequence++;
  bad.offset++;
  cr_assert_eq(judge(&bad), BP_RECEIPT_SEQUENCE);
  bad = good;
  bad.offset++;
  bad.content_hash[0] ^= 1;
  cr_assert_eq(judge(&bad), BP_RECEIPT_POSITION);
  bad = good;
  bad.segment_id++;
  cr_assert_eq(judge(&bad), BP_RECEIPT_POSITION);
  bad = good;
  bad.frame_length--;
  cr_assert_eq(judge(&bad), BP_RECEIPT_POSITION);
  bad = good;
  bad.content_hash[31] ^= 0x80;
  cr_assert_eq(judge(&bad), BP_RECEIPT_CONTENT_HASH);
  bad = good;
  bad.has_signature = 0;
  cr_assert_eq(judge(&bad), BP_RECEIPT_MISSING_SIGNATURE);
  bad = good;
  memset(bad.key_id, 0, 32);
  cr_assert_eq(judge(&bad), BP_RECEIPT_ZERO_KEY);
  bad = good;
  bad.key_id[0] ^= 1;
  cr_assert_eq(judge(&bad), BP_RECEIPT_UNKNOWN_KEY);
  bad = good;
  memset(bad.key_id, 0, 32);
  bad.has_signature = 0;
  cr_assert_eq(judge(&bad), BP_RECEIPT_UNSIGNED_REJECTED);
  for (size_t bit = 0; bit < 512; bit++) {
    bad = good;
    bad.signature[bit / 8] = (uint8_t)(bad.signature[bit / 8] ^ (1u << bit % 8));
    cr_assert_eq(judge(&bad), BP_RECEIPT_INVALID_SIGNATURE, "bit %zu", bit);
  }
  cr_assert_eq(judge(&good), BP_RECEIPT_SIGNED);
}

/* V-39 */
Test(receipts, a_position_of_zeros_is_not_compared) {
  open_with(1, 0);
  bp_receipt receipt = fixture_append_text(store, "e:1", "x");
  receipt.segment_id = receipt.offset = receipt.frame_length = 0;
  cr_assert_eq(judge(&receipt), BP_RECEIPT_SIGNED);
  receipt.frame_length = 1;
  cr_assert_eq(judge(&receipt), BP_RECEIPT_POSITION);
}

Test(receipts, another_store_s_signature_does_not_hold_here) {
  open_with(1, 0);
  bp_receipt a = fixture_append_text(store, "e:1", "x"), b = fixture_append_text(store, "e:2", "x"), mixed = a;
  memcpy(mixed.signature, b.signature, 64);
  cr_assert_eq(judge(&mixed), BP_RECEIPT_INVALID_SIGNATURE);
}

/* P-078 */
Test(receipts, extensions_are_compared_and_signed) {
  open_with(1, 0);
  uint8_t room[64], other[64];
  const bp_extension extensions[] = {{(const uint8_t *)"b.y", 3, (const uint8_t *)"\x80", 1},
                                     {(const uint8_t *)"a.x", 3, (const uint8_t *)"1", 1}};
  bp_draft draft = fixture_draft("e:1", "x");
  draft.extensions = extensions;
  draft.extension_count = 2;
  bp_receipt receipt = fixture_receipt();
  receipt.extensions = room;
  receipt.extensions_capacity = sizeof room;
  MUST(bp_store_append(store, &draft, &receipt, NULL));
  cr_assert_eq(judge(&receipt), BP_RECEIPT_SIGNED);

  /* The same map in another order says the same. */
  static const uint8_t turned[] = "\x82\xa3" "b.y" "\x91\xcc\x80\xa3" "a.x" "\x91\x31";
  bp_receipt same = receipt;
  memcpy(other, turned, sizeof turned - 1);
  same.extensions = other;
  same.extensions_length = sizeof turned - 1;
  cr_assert_eq(judge(&same), BP_RECEIPT_SIGNED);

  bp_receipt bad = receipt;
  bad.extensions_length = 0;
  cr_assert_eq(judge(&bad), BP_RECEIPT_EXTENSIONS);
  room[receipt.extensions_length - 1] ^= 1;
  cr_assert_eq(judge(&receipt), BP_RECEIPT_EXTENSIONS);
  room[0] = 0xc1;
  int32_t outcome = -1;
  cr_assert_eq(bp_store_verify_receipt(store, &receipt, NULL, &outcome, &error), BP_MESSAGEPACK);
  cr_assert_eq(outcome, -1);
}

Test(receipts, of_a_damaged_event_nothing_can_be_said) {
  open_with(1, 0);
  bp_receipt receipt = fixture_append_text(store, "e:1", "x");
  fixture_close(store);
  fixture_flip(path, "000001.fbat", (size_t)receipt.offset + 30, 1);
  bp_config config = fixture_config(BP_MODE_READ_ONLY);
  config.signing_seeds = seeds;
  config.signing_seed_count = 1;
  store = fixture_open(path, BP_MODE_READ_ONLY, &config);
  cr_assert_eq(judge(&receipt), BP_RECEIPT_UNREADABLE);
  receipt.sequence++;
  cr_assert_eq(judge(&receipt), BP_RECEIPT_SEQUENCE, "what the index knows is still compared");
}

Test(receipts, hold_after_a_new_session_and_in_small_segments) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = seeds;
  config.signing_seed_count = 1;
  config.segment_max_bytes = 1500;
  bp_receipt all[30];
  store = fixture_open(path, BP_MODE_CREATE, &config);
  for (int i = 0; i < 30; i++) all[i] = fixture_append_text(store, i % 2 ? "a" : "b", "x");
  for (int session = 0; session < 3; session++) {
    for (int i = 0; i < 30; i++) cr_assert_eq(judge(&all[i]), BP_RECEIPT_SIGNED, "%d", i);
    fixture_close(store);
    store = fixture_open(path, BP_MODE_MUST_EXIST, &config);
  }
}

Test(receipts, outcomes_have_the_reference_s_names) {
  static const struct {
    int32_t outcome;
    const char *name;
  } names[] = {{BP_RECEIPT_SIGNED, "signed"},
               {BP_RECEIPT_UNSIGNED_ACCEPTED, "unsigned_accepted"},
               {BP_RECEIPT_MISSING_EVENT, "missing_committed_event"},
               {BP_RECEIPT_SEQUENCE, "sequence_mismatch"},
               {BP_RECEIPT_POSITION, "disk_position_mismatch"},
               {BP_RECEIPT_CONTENT_HASH, "content_hash_mismatch"},
               {BP_RECEIPT_EXTENSIONS, "extensions_mismatch"},
               {BP_RECEIPT_UNSIGNED_REJECTED, "unsigned_receipt_rejected"},
               {BP_RECEIPT_MISSING_SIGNATURE, "missing_signature"},
               {BP_RECEIPT_ZERO_KEY, "zero_key_with_signature"},
               {BP_RECEIPT_UNKNOWN_KEY, "unknown_signing_key"},
               {BP_RECEIPT_INVALID_SIGNATURE, "invalid_signature"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    cr_assert_str_eq(bp_receipt_outcome_name(names[i].outcome), names[i].name);
  }
  cr_assert_not_null(bp_receipt_outcome_name(BP_RECEIPT_UNREADABLE));
  cr_assert_not_null(bp_receipt_outcome_name(-5));
}

Test(receipts, calls_that_make_no_sense_are_refused) {
  open_with(0, 0);
  bp_receipt receipt = fixture_append_text(store, "e:1", "x");
  int32_t outcome = -1;
  cr_assert_eq(bp_store_verify_receipt(store, &receipt, NULL, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(bp_store_verify_receipt(store, NULL, NULL, &outcome, &error), BP_ARGUMENT);
  cr_assert_eq(bp_store_verify_receipt(NULL, &receipt, NULL, &outcome, &error), BP_ARGUMENT);
  bp_trust trust;
  MUST(bp_trust_init(&trust, sizeof trust));
  trust.flags = 1;
  cr_assert_eq(bp_store_verify_receipt(store, &receipt, &trust, &outcome, &error), BP_ARGUMENT);
  MUST(bp_trust_init(&trust, sizeof trust));
  trust.public_key_count = 1;
  cr_assert_eq(bp_store_verify_receipt(store, &receipt, &trust, &outcome, &error), BP_ARGUMENT);
  trust.public_keys = zeros;
  cr_assert_eq(bp_store_verify_receipt(store, &receipt, &trust, &outcome, &error), BP_KEY_INVALID);
  trust.struct_size = 1;
  cr_assert_eq(bp_store_verify_receipt(store, &receipt, &trust, &outcome, &error), BP_STRUCT_SIZE);
  receipt.extensions_length = 3;
  cr_assert_eq(bp_store_verify_receipt(store, &receipt, NULL, &outcome, &error), BP_ARGUMENT);
  receipt.struct_size = 1;
  cr_assert_eq(bp_store_verify_receipt(store, &receipt, NULL, &outcome, &error), BP_STRUCT_SIZE);
  cr_assert_eq(outcome, -1);
}
