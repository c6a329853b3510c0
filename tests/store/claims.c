/* Claims of receipts, and what becomes of them far from the store. */
#include "support/memory_fault.h"
#include "support/store_fixture.h"
#include "support/surgery.h"

#include <criterion/criterion.h>

static char path[TEMPORARY_PATH_MAX];
static bp_store *store;
static bp_error error;
static uint8_t seed[32], public_key[32], key_id[32], bytes[8192], room[256];
static size_t length;
static memory_fault fault;

static void set_up(void) {
  temporary_create(path);
  error = fixture_error();
  memset(seed, 0x42, sizeof seed);
  memset(&fault, 0, sizeof fault);
  MUST(bp_key_derive(seed, public_key, key_id, NULL));
  store = NULL;
}
static void tear_down(void) {
  if (store != NULL) fixture_close(store);
  cr_assert_eq(fault.live_blocks, 0);
  temporary_remove(path);
}

TestSuite(claims, .init = set_up, .fini = tear_down);

static void open_with(size_t signing, size_t verifying) {
  bp_config config = fixture_config(BP_MODE_CREATE);
  config.signing_seeds = seed;
  config.signing_seed_count = signing;
  config.verify_keys = public_key;
  config.verify_key_count = verifying;
  config.reallocate = memory_fault_reallocate;
  config.reallocate_user = &fault;
  if (store != NULL) fixture_close(store);
  store = fixture_open(path, BP_MODE_CREATE, &config);
}

static bp_status export(const bp_receipt *receipt) {
  return bp_claim_export(store, receipt, bytes, sizeof bytes, &length, &error);
}

static int32_t check(const uint8_t *payload, size_t payload_length, int with_key) {
  bp_trust trust;
  int32_t outcome = -1;
  MUST(bp_trust_init(&trust, sizeof trust));
  trust.public_keys = public_key;
  trust.public_key_count = with_key ? 1 : 0;
  MUST(bp_claim_check(bytes, length, &trust, payload, payload_length, &outcome, NULL));
  return outcome;
}

static bp_receipt append_with_extension(void) {
  static const bp_extension extension = {(const uint8_t *)"acme.trace", 10, (const uint8_t *)"\x01\xff", 2};
  bp_draft draft = fixture_draft("player:ä", "payload");
  draft.extensions = &extension;
  draft.extension_count = 1;
  bp_receipt receipt = fixture_receipt();
  receipt.extensions = room;
  receipt.extensions_capacity = sizeof room;
  MUST(bp_store_append(store, &draft, &receipt, &error));
  return receipt;
}

Test(claims, a_claim_holds_when_the_store_is_gone) {
  open_with(1, 0);
  fixture_append_text(store, "player:ä", "before");
  bp_receipt receipt = append_with_extension();
  cr_assert_eq(export(&receipt), BP_OK, "%s", error.text);
  fixture_close(store);
  store = NULL;
  cr_assert_eq(check(NULL, 0, 1), BP_RECEIPT_SIGNED);
  cr_assert_eq(check((const uint8_t *)"payload", 7, 1), BP_RECEIPT_SIGNED);
  cr_assert_eq(check((const uint8_t *)"another", 7, 1), BP_RECEIPT_CONTENT_HASH);
  cr_assert_eq(check(NULL, 0, 0), BP_RECEIPT_UNKNOWN_KEY);
}

Test(claims, it_says_what_the_event_says) {
  open_with(1, 0);
  fixture_append_text(store, "player:ä", "before");
  bp_receipt receipt = append_with_extension(), read_receipt = fixture_receipt();
  uint8_t again[64];
  read_receipt.extensions = again;
  read_receipt.extensions_capacity = sizeof again;
  cr_assert_eq(export(&receipt), BP_OK);
  bp_claim claim = {.struct_size = sizeof claim};
  MUST(bp_claim_read(bytes, length, &claim, &read_receipt, &error));
  const bp_event *event = fixture_get(store, receipt.event_id);
  cr_assert_eq(claim.sequence, event->sequence);
  cr_assert_eq(claim.kind, event->kind);
  cr_assert_arr_eq(claim.event_id, event->event_id, 16);
  cr_assert_arr_eq(claim.prev_hash, event->prev_hash, 32);
  cr_assert_arr_eq(claim.content_hash, event->event_hash, 32);
  cr_assert_eq(claim.entity_length, event->entity_length);
  cr_assert_arr_eq(claim.entity, event->entity, event->entity_length);
  cr_assert_arr_eq(claim.scope, event->scope, event->scope_length);
  fixture_free_pages();
  /* What was read back holds in the store that it came from. */
  int32_t outcome = -1;
  MUST(bp_store_verify_receipt(store, &read_receipt, NULL, &outcome, NULL));
  cr_assert_eq(outcome, BP_RECEIPT_SIGNED);
}

Test(claims, of_one_receipt_they_are_always_the_same) {
  open_with(1, 0);
  bp_receipt receipt = append_with_extension(), other = receipt;
  uint8_t first[sizeof bytes];
  cr_assert_eq(export(&receipt), BP_OK);
  size_t first_length = length;
  memcpy(first, bytes, length);
  fixture_append_text(store, "player:ä", "later");
  open_with(0, 1);
  other.segment_id = other.offset = other.frame_length = 0;
  other.durable = 0;
  cr_assert_eq(export(&other), BP_OK, "%s", error.text);
  cr_assert_eq(length, first_length);
  cr_assert_arr_eq(bytes, first, length);
}

Test(claims, a_receipt_that_does_not_hold_makes_none) {
  open_with(1, 0);
  bp_receipt good = append_with_extension();
  const struct {
    int32_t outcome;
    bp_receipt receipt;
  } rows[] = {
      {BP_RECEIPT_MISSING_EVENT, {.event_id = {9}}},
      {BP_RECEIPT_SEQUENCE, {.sequence = 1}},
      {BP_RECEIPT_POSITION, {.frame_length = 1}},
      {BP_RECEIPT_CONTENT_HASH, {.content_hash = {1}}},
      {BP_RECEIPT_EXTENSIONS, {.extensions_length = 1}},
      {BP_RECEIPT_MISSING_SIGNATURE, {.has_signature = 1}},
      {BP_RECEIPT_UNKNOWN_KEY, {.key_id = {1}}},
      {BP_RECEIPT_INVALID_SIGNATURE, {.signature = {1}}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    /* The fields that are set in the row are altered in the receipt. */
    const bp_receipt *change = &rows[i].receipt;
    bp_receipt bad = good;
    bad.sequence += change->sequence;
    bad.frame_length += change->frame_length;
    bad.event_id[0] ^= change->event_id[0];
    bad.content_hash[0] ^= change->content_hash[0];
    bad.key_id[0] ^= change->key_id[0];
    bad.signature[0] ^= change->signature[0];
    if (change->extensions_length > 0) bad.extensions_length = 0;
    if (change->has_signature) bad.has_signature = 0;
    length = 77;
    error = fixture_error();
    cr_assert_eq(export(&bad), BP_CLAIM, "%zu", i);
    cr_assert_eq(error.actual, (uint64_t)rows[i].outcome, "%zu: %s", i, error.text);
    cr_assert_not_null(strstr(error.text, bp_receipt_outcome_name(rows[i].outcome)));
    cr_assert_eq(length, 77);
  }
}

Test(claims, the_key_must_be_known_to_whoever_makes_one) {
  open_with(1, 0);
  bp_receipt receipt = append_with_extension(), bare = receipt;
  open_with(0, 0);
  cr_assert_eq(export(&receipt), BP_CLAIM);
  cr_assert_eq(error.actual, BP_RECEIPT_UNKNOWN_KEY);
  memset(bare.key_id, 0, sizeof bare.key_id);
  bare.has_signature = 0;
  cr_assert_eq(export(&bare), BP_OK);
  cr_assert_eq(check(NULL, 0, 0), BP_RECEIPT_UNVOUCHED, "never a valid one");
  cr_assert_eq(check(NULL, 0, 1), BP_RECEIPT_UNSIGNED_REJECTED);
  open_with(0, 1);
  cr_assert_eq(export(&receipt), BP_OK);
  cr_assert_eq(export(&bare), BP_CLAIM);
  cr_assert_eq(error.actual, BP_RECEIPT_UNSIGNED_REJECTED);
}

Test(claims, a_damaged_event_makes_none) {
  open_with(1, 0);
  bp_receipt receipt = fixture_append_text(store, "e:1", "x");
  fixture_close(store);
  store = NULL;
  fixture_flip(path, "000001.fbat", (size_t)receipt.offset + 30, 1);
  open_with(1, 0);
  cr_assert_eq(export(&receipt), BP_CLAIM);
  cr_assert_eq(error.actual, BP_RECEIPT_UNREADABLE);
}

Test(claims, arguments_are_checked) {
  open_with(1, 0);
  bp_receipt receipt = fixture_append_text(store, "e:1", "x"), other = receipt;
  cr_assert_eq(bp_claim_export(NULL, &receipt, bytes, sizeof bytes, &length, &error), BP_ARGUMENT);
  cr_assert_eq(bp_claim_export(store, NULL, bytes, sizeof bytes, &length, &error), BP_ARGUMENT);
  cr_assert_eq(bp_claim_export(store, &receipt, bytes, sizeof bytes, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(bp_claim_export(store, &receipt, NULL, 1, &length, &error), BP_ARGUMENT);
  other.struct_size = 3;
  cr_assert_eq(export(&other), BP_STRUCT_SIZE);
  other = receipt;
  other.extensions = (uint8_t *)"\xc1";
  other.extensions_length = 1;
  cr_assert_eq(export(&other), BP_MESSAGEPACK);
  cr_assert_eq(bp_claim_export(store, &receipt, bytes, 16, &length, &error), BP_TOO_SMALL);
  cr_assert_gt(length, 16);
  cr_assert_eq(bp_claim_export(store, &receipt, NULL, 0, &length, &error), BP_TOO_SMALL);
}

Test(claims, every_allocation_may_fail) {
  open_with(1, 0);
  bp_receipt receipt = append_with_extension();
  for (uint64_t failing = 1;; failing++) {
    memory_fault_arm(&fault, failing, 0);
    bp_status status = export(&receipt);
    memory_fault_disarm(&fault);
    if (status == BP_OK) break;
    cr_assert_eq(status, BP_NO_MEMORY, "%llu: %d %s", (unsigned long long)failing, status, error.text);
    cr_assert_lt(failing, 50);
  }
  cr_assert_eq(check(NULL, 0, 1), BP_RECEIPT_SIGNED);
}
