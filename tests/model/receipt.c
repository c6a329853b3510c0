/* The cover, the keyring and the judgement (encoding.md 5), against the reference's signatures (encoding.md 7). */
#include "codec/pack.h"
#include "model/receipt.h"
#include "support/memory_fault.h"
#include "support/values.h"

#include <criterion/criterion.h>

typedef struct example {
  bpi_cover cover;
  bp_receipt receipt;
  uint8_t event_id[16], prev_hash[32], content_hash[32], extensions[64];
} example;

static void fill_seed(uint8_t seed[32]) {
  for (size_t i = 0; i < 32; i++) seed[i] = (uint8_t)i;
}

#define KEY_ID "98ba85304ac639f0f55daab01ad6d592be44a125d9b3b65e1efca5b96960baec"

/* The first worked example: an event of kind 0x1005 with one extension. */
static void first_example(example *made) {
  memset(made, 0, sizeof *made);
  from_hex("018f3c2a7b1e7a5c8d10223344556677", made->event_id, 16);
  from_hex("bbe6a9f5a0146a1f4d0381e9b0ed1ac2f1a979ce9d5ad84e46ff0b58f36b5f46", made->prev_hash, 32);
  from_hex("e0e77ed25ae0d20130d1306584c04d9bbab0c23e19568b539d2bd963ec08391b", made->content_hash, 32);
  size_t length = from_hex("81aa61636d652e74726163659201ccff", made->extensions, sizeof made->extensions);
  bpi_cover cover = {made->event_id, 41, bpi_bytes_of("account:7", 9), bpi_bytes_of("ledger", 6), 0x1005,
                     made->prev_hash, made->content_hash, bpi_bytes_of(made->extensions, length)};
  made->cover = cover;
  made->receipt.struct_size = sizeof made->receipt;
  made->receipt.has_signature = 1;
  from_hex(KEY_ID, made->receipt.key_id, 32);
  from_hex("76cd170b14f2c274dec0685ae06c3919f09b08471f59e8234a24c95f4287a4532b84bfa4cfef7cd768ccecf8e9f7bc7c1274377191c61d1e"
           "e699effab966ac0e",
           made->receipt.signature, 64);
}

Test(receipt, cover_and_signature_of_the_first_example) {
  example made;
  uint8_t digest[32];
  first_example(&made);
  bpi_cover_digest(&made.cover, digest);
  cr_assert_str_eq(to_hex(digest, 32), "ea101f6585a93bac3674b3d5a4e8fdb0a0b902987f224fad25a343e4649f797a");
  uint8_t seed[32], signature[64];
  bpi_signer signer;
  fill_seed(seed);
  cr_assert_eq(bpi_signer_init(&signer, seed), BP_OK);
  bpi_sign(&signer, digest, sizeof digest, signature);
  cr_assert_arr_eq(signature, made.receipt.signature, 64);
}

/* The second: a denial by gate `two`, the first event of its entity. */
Test(receipt, signature_of_the_second_example) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer payload;
  bpi_buffer_init(&payload, &memory);
  bpi_pack_map(&payload, 4);
  bpi_pack_text(&payload, "evaluations");
  bpi_pack_array(&payload, 3);
  static const char *const gates[] = {"one", "two", "three"};
  for (int i = 0; i < 3; i++) {
    bpi_pack_map(&payload, 3);
    bpi_pack_text(&payload, "gate_id");
    bpi_pack_text(&payload, gates[i]);
    bpi_pack_text(&payload, "verdict");
    if (i == 0) bpi_pack_text(&payload, "Permit");
    if (i == 1) {
      bpi_pack_map(&payload, 1);
      bpi_pack_text(&payload, "Deny");
      bpi_pack_map(&payload, 3);
      bpi_pack_text(&payload, "code");
      bpi_pack_text(&payload, "C1");
      bpi_pack_text(&payload, "message");
      bpi_pack_text(&payload, "no way");
      bpi_pack_text(&payload, "context");
      bpi_pack_array(&payload, 1);
      bpi_pack_array(&payload, 2);
      bpi_pack_text(&payload, "k");
      bpi_pack_text(&payload, "v");
    }
    if (i == 2) bpi_pack_text(&payload, "Skipped");
    bpi_pack_text(&payload, "evidence_hash");
    bpi_pack_nil(&payload);
  }
  uint8_t proposed_hash[32];
  memset(proposed_hash, 0xab, sizeof proposed_hash);
  bpi_pack_text(&payload, "pipeline_id");
  bpi_pack_text(&payload, "pipe");
  bpi_pack_text(&payload, "proposed_kind");
  bpi_pack_u64(&payload, 0x2005);
  bpi_pack_text(&payload, "proposed_content_hash");
  bpi_pack_octets(&payload, proposed_hash, sizeof proposed_hash);

  uint8_t event_id[16] = {0}, prev_hash[32] = {0}, content_hash[32], digest[32], signature[64], seed[32];
  event_id[14] = 1;
  event_id[15] = 2;
  bpi_blake3(payload.data, payload.length, content_hash);
  bpi_cover cover = {event_id, 1, bpi_bytes_of("acc:7", 5), bpi_bytes_of("ledger", 6), BPI_KIND_DENIAL,
                     prev_hash, content_hash, bpi_bytes_of(NULL, 0)};
  bpi_cover_digest(&cover, digest);
  bpi_signer signer;
  fill_seed(seed);
  cr_assert_eq(bpi_signer_init(&signer, seed), BP_OK);
  bpi_sign(&signer, digest, sizeof digest, signature);
  cr_assert_str_eq(to_hex(signature, 64),
                   "0dd83e56a7ee39db383c32d5bd6ad65e1309441be407d92b8a468137b69524a04d1e75bff46daa403e8dfca3fbb625b0bff7270bc2ae"
                   "b60ec69b5e3c263d8b04");
  bpi_buffer_free(&payload);
}

Test(receipt, cover_of_the_empty_map_and_of_long_parts) {
  example made;
  uint8_t with_map[32], without[32];
  first_example(&made);
  made.cover.extensions = bpi_bytes_of(NULL, 0);
  bpi_cover_digest(&made.cover, without);
  made.cover.extensions = bpi_bytes_of("\x80", 1);
  bpi_cover_digest(&made.cover, with_map);
  cr_assert_arr_eq(with_map, without, 32);

  /* Every width of a text's header, and covers longer than a chunk: against the bytes laid out one after the other. */
  static uint8_t text[70000];
  memset(text, 'e', sizeof text);
  static const size_t lengths[] = {1, 31, 32, 255, 256, 1024, 65535, 65536};
  bpi_memory memory = bpi_memory_default();
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    made.cover.entity = bpi_bytes_of(text, lengths[i]);
    bpi_buffer whole;
    bpi_buffer_init(&whole, &memory);
    bpi_buffer_append(&whole, "\x01", 1);
    for (size_t k = 16; k > 0; k--) bpi_buffer_append(&whole, &made.event_id[k - 1], 1);
    bpi_buffer_append(&whole, "\x29\0\0\0\0\0\0\0", 8);
    bpi_pack_map(&whole, 2);
    bpi_pack_text(&whole, "entity");
    bpi_pack_str(&whole, text, lengths[i]);
    bpi_pack_text(&whole, "scope");
    bpi_pack_text(&whole, "ledger");
    bpi_buffer_append(&whole, "\x05\x10", 2);
    bpi_buffer_append(&whole, made.prev_hash, 32);
    bpi_buffer_append(&whole, made.content_hash, 32);
    bpi_pack_map(&whole, 0);
    uint8_t wanted[32];
    bpi_blake3(whole.data, whole.length, wanted);
    bpi_cover_digest(&made.cover, with_map);
    cr_assert_arr_eq(with_map, wanted, 32, "%zu", lengths[i]);
    bpi_buffer_free(&whole);
  }
}

Test(receipt, the_last_seed_signs_and_all_verify) {
  uint8_t seeds[64] = {1}, other[32], other_id[32], public_key[32], key_id[32];
  fill_seed(seeds + 32);
  uint8_t third[32] = {3};
  cr_assert_eq(bp_key_derive(third, other, other_id, NULL), BP_OK);
  bpi_memory memory = bpi_memory_default();
  bpi_keyring ring;
  cr_assert_eq(bpi_keyring_init(&ring, &memory, seeds, 2, other, 1, NULL), BP_OK);
  cr_assert_not(bpi_keyring_is_empty(&ring));
  cr_assert_str_eq(to_hex(bpi_keyring_current(&ring)->key_id, 32), KEY_ID);
  cr_assert_eq(bp_key_derive(seeds, public_key, key_id, NULL), BP_OK);
  cr_assert_arr_eq(bpi_keyring_find(&ring, key_id), public_key, 32);
  cr_assert_arr_eq(bpi_keyring_find(&ring, other_id), other, 32);
  key_id[0] ^= 1;
  cr_assert_null(bpi_keyring_find(&ring, key_id));
  bpi_keyring_free(&ring);
  cr_assert(bpi_keyring_is_empty(&ring));
  cr_assert_null(bpi_keyring_current(&ring));
}

Test(receipt, a_keyring_takes_no_bad_keys) {
  uint8_t seeds[64] = {1}, keys[64], key_id[32];
  bpi_memory memory = bpi_memory_default();
  bpi_keyring ring;
  bp_error error = {.struct_size = sizeof error};
  cr_assert_eq(bpi_keyring_init(&ring, &memory, seeds, 2, NULL, 0, &error), BP_SEED_ZERO);
  cr_assert(bpi_keyring_is_empty(&ring));
  cr_assert_eq(bp_key_derive(seeds, keys, key_id, NULL), BP_OK);
  memset(keys + 32, 0xff, 32);
  cr_assert_eq(bpi_keyring_init(&ring, &memory, seeds, 1, keys, 2, &error), BP_KEY_INVALID);
  cr_assert(bpi_keyring_is_empty(&ring));
  cr_assert_eq(bpi_keyring_init(&ring, &memory, NULL, 0, NULL, 0, &error), BP_OK);
  cr_assert(bpi_keyring_is_empty(&ring));
  cr_assert_eq(bpi_keyring_init(&ring, &memory, seeds, SIZE_MAX / 8, NULL, 0, &error), BP_NO_MEMORY);
  cr_assert_eq(bpi_keyring_init(&ring, &memory, NULL, 0, keys, SIZE_MAX / 8, &error), BP_NO_MEMORY);
}

Test(receipt, a_keyring_without_memory_leaves_nothing) {
  uint8_t seeds[32] = {1}, key[32], key_id[32];
  cr_assert_eq(bp_key_derive(seeds, key, key_id, NULL), BP_OK);
  for (uint64_t failing = 1; failing <= 4; failing++) {
    memory_fault fault = {0};
    bpi_memory memory = memory_fault_table(&fault);
    bpi_keyring ring;
    memory_fault_arm(&fault, failing, 0);
    bp_status status = bpi_keyring_init(&ring, &memory, seeds, 1, key, 1, NULL);
    cr_assert_eq(status, failing <= 3 ? BP_NO_MEMORY : BP_OK);
    bpi_keyring_free(&ring);
    cr_assert_eq(fault.live_blocks, 0);
    cr_assert_eq(fault.wrong_sizes, 0);
  }
}

Test(receipt, judgement_in_the_references_order) {
  bpi_memory memory = bpi_memory_default();
  bpi_keyring none, ours, others;
  uint8_t seed[32], other_seed[32] = {5};
  fill_seed(seed);
  cr_assert_eq(bpi_keyring_init(&none, &memory, NULL, 0, NULL, 0, NULL), BP_OK);
  cr_assert_eq(bpi_keyring_init(&ours, &memory, seed, 1, NULL, 0, NULL), BP_OK);
  cr_assert_eq(bpi_keyring_init(&others, &memory, other_seed, 1, NULL, 0, NULL), BP_OK);
  example made;
  first_example(&made);
  bp_receipt *receipt = &made.receipt;
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &ours, NULL), BP_RECEIPT_SIGNED);
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &none, &ours), BP_RECEIPT_SIGNED);
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &others, &ours), BP_RECEIPT_SIGNED);
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &others, NULL), BP_RECEIPT_UNKNOWN_KEY);
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &none, &others), BP_RECEIPT_UNKNOWN_KEY);
  made.cover.sequence = 42;
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &ours, NULL), BP_RECEIPT_INVALID_SIGNATURE);
  made.cover.sequence = 41;
  receipt->has_signature = 0;
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &ours, NULL), BP_RECEIPT_MISSING_SIGNATURE);
  memset(receipt->key_id, 0, 32);
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &ours, NULL), BP_RECEIPT_UNSIGNED_REJECTED);
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &none, &ours), BP_RECEIPT_UNSIGNED_REJECTED);
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &none, NULL), BP_RECEIPT_UNSIGNED_ACCEPTED);
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &none, &none), BP_RECEIPT_UNSIGNED_ACCEPTED);
  receipt->has_signature = 1;
  cr_assert_eq(bpi_receipt_judge(receipt, &made.cover, &ours, NULL), BP_RECEIPT_ZERO_KEY);
  bpi_keyring_free(&none);
  bpi_keyring_free(&ours);
  bpi_keyring_free(&others);
}

Test(receipt, every_covered_field_counts) {
  example made;
  uint8_t whole[32], altered[32];
  first_example(&made);
  bpi_cover_digest(&made.cover, whole);
  bpi_cover cover = made.cover;
#define DIFFERS                            \
  bpi_cover_digest(&cover, altered);       \
  cr_assert_neq(memcmp(whole, altered, 32), 0); \
  cover = made.cover
  cover.sequence++;
  DIFFERS;
  cover.kind++;
  DIFFERS;
  cover.entity.length--;
  DIFFERS;
  cover.scope.length--;
  DIFFERS;
  cover.extensions.length = 0;
  DIFFERS;
  cover.prev_hash = made.content_hash;
  DIFFERS;
  cover.content_hash = made.prev_hash;
  DIFFERS;
  made.event_id[7] ^= 1;
  DIFFERS;
}

Test(receipt, outcomes_have_the_references_names) {
  static const struct {
    int32_t outcome;
    const char *name;
  } rows[] = {
      {BP_RECEIPT_SIGNED, "signed"},
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
      {BP_RECEIPT_INVALID_SIGNATURE, "invalid_signature"},
      {BP_RECEIPT_UNREADABLE, "unreadable"},
      {-1, "unknown"},
      {99, "unknown"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    cr_assert_str_eq(bp_receipt_outcome_name(rows[i].outcome), rows[i].name);
  }
}
