/* The claim: its bytes, what is refused of them, and what is said of it with no store; the signature is the reference's
 * (encoding.md 7). */
#include "codec/pack.h"
#include "codec/text.h"
#include "model/claim.h"
#include "support/memory_fault.h"
#include "support/values.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { ROOM = 4096 };

static uint8_t bytes[ROOM], public_key[32], key_id[32], extensions[16];
static size_t length;
static bp_claim claim;
static bp_trust trust;
static bp_error error;

#define SIGNATURE                                                                                  \
  "76cd170b14f2c274dec0685ae06c3919f09b08471f59e8234a24c95f4287a4532b84bfa4cfef7cd768ccecf8e9f7bc7c1" \
  "274377191c61d1ee699effab966ac0e"
#define PAYLOAD "82a6616d6f756e74cd04b0a46d656d6fa470616964"
#define CONTENT_HASH "e0e77ed25ae0d20130d1306584c04d9bbab0c23e19568b539d2bd963ec08391b"
#define PREV_HASH "bbe6a9f5a0146a1f4d0381e9b0ed1ac2f1a979ce9d5ad84e46ff0b58f36b5f46"
#define KEY_ID "98ba85304ac639f0f55daab01ad6d592be44a125d9b3b65e1efca5b96960baec"

static void write_claim(void) {
  cr_assert_eq(bp_claim_write(&claim, bytes, sizeof bytes, &length, &error), BP_OK, "%s", error.text);
}

/* The worked example of the reference. */
static void set_up(void) {
  uint8_t seed[32];
  error = (bp_error){.struct_size = sizeof error};
  for (size_t i = 0; i < 32; i++) seed[i] = (uint8_t)i;
  cr_assert_eq(bp_key_derive(seed, public_key, key_id, NULL), BP_OK);
  cr_assert_eq(bp_trust_init(&trust, sizeof trust), BP_OK);
  trust.public_keys = public_key;
  trust.public_key_count = 1;
  claim = (bp_claim){.struct_size = sizeof claim,
                     .version = 1,
                     .sequence = 41,
                     .entity = (const uint8_t *)"account:7",
                     .entity_length = 9,
                     .scope = (const uint8_t *)"ledger",
                     .scope_length = 6,
                     .extensions = extensions,
                     .kind = 0x1005,
                     .has_signature = 1};
  claim.extensions_length = from_hex("81aa61636d652e74726163659201ccff", extensions, sizeof extensions);
  from_hex("018f3c2a7b1e7a5c8d10223344556677", claim.event_id, 16);
  from_hex(PREV_HASH, claim.prev_hash, 32);
  from_hex(CONTENT_HASH, claim.content_hash, 32);
  from_hex(KEY_ID, claim.key_id, 32);
  from_hex(SIGNATURE, claim.signature, 64);
  write_claim();
}

TestSuite(claim, .init = set_up);

static int32_t check_with(const bp_trust *given, const uint8_t *payload, size_t payload_length) {
  int32_t outcome = -1;
  cr_assert_eq(bp_claim_check(bytes, length, given, payload, payload_length, &outcome, &error), BP_OK, "%s", error.text);
  return outcome;
}
static int32_t check(void) { return check_with(&trust, NULL, 0); }

static bp_status read_bytes(const uint8_t *from, size_t count) {
  bp_claim read = {.struct_size = sizeof read};
  return bp_claim_read(from, count, &read, NULL, &error);
}

Test(claim, its_bytes_are_those_of_the_format) {
  static const char wanted[] =
      "8c"
      "a6666f726d6174" "ac62617470616b2e636c61696d"
      "a776657273696f6e" "01"
      "a86576656e745f6964" "c410" "018f3c2a7b1e7a5c8d10223344556677"
      "a873657175656e6365" "29"
      "a6656e74697479" "a96163636f756e743a37"
      "a573636f7065" "a66c6564676572"
      "a46b696e64" "cd1005"
      "a9707265765f68617368" "c420" PREV_HASH
      "ac636f6e74656e745f68617368" "c420" CONTENT_HASH
      "aa657874656e73696f6e73" "81aa61636d652e74726163659201ccff"
      "a66b65795f6964" "c420" KEY_ID
      "a97369676e6174757265" "c440" SIGNATURE;
  uint8_t expected[ROOM];
  cr_assert_eq(length, from_hex(wanted, expected, sizeof expected));
  cr_assert_arr_eq(bytes, expected, length);
}

Test(claim, the_reference_s_signature_holds_with_no_store) {
  uint8_t payload[64];
  size_t payload_length = from_hex(PAYLOAD, payload, sizeof payload);
  cr_assert_eq(check(), BP_RECEIPT_SIGNED);
  cr_assert_eq(check_with(&trust, payload, payload_length), BP_RECEIPT_SIGNED);
  payload[3] ^= 1;
  cr_assert_eq(check_with(&trust, payload, payload_length), BP_RECEIPT_CONTENT_HASH);
  cr_assert_eq(check_with(&trust, payload, 0), BP_RECEIPT_CONTENT_HASH, "an empty payload is one");
  cr_assert_eq(check_with(NULL, payload, payload_length), BP_RECEIPT_CONTENT_HASH, "the payload is looked at first");
}

Test(claim, what_is_read_is_what_was_written) {
  bp_claim read = {.struct_size = sizeof read};
  uint8_t room[16];
  bp_receipt receipt;
  cr_assert_eq(bp_receipt_init(&receipt, sizeof receipt), BP_OK);
  receipt.extensions = room;
  receipt.extensions_capacity = sizeof room;
  cr_assert_eq(bp_claim_read(bytes, length, &read, &receipt, &error), BP_OK);
  cr_assert(read.version == 1 && read.sequence == 41 && read.kind == 0x1005 && read.has_signature == 1);
  cr_assert(bpi_bytes_equal(bpi_bytes_of(read.entity, read.entity_length), bpi_bytes_of("account:7", 9)));
  cr_assert(bpi_bytes_equal(bpi_bytes_of(read.scope, read.scope_length), bpi_bytes_of("ledger", 6)));
  cr_assert(bpi_bytes_equal(bpi_bytes_of(read.extensions, read.extensions_length), bpi_bytes_of(extensions, 16)));
  cr_assert(read.entity > bytes && read.entity < bytes + length, "a view");
  cr_assert_arr_eq(read.event_id, claim.event_id, 16);
  cr_assert_arr_eq(read.prev_hash, claim.prev_hash, 32);
  cr_assert_arr_eq(read.content_hash, claim.content_hash, 32);
  cr_assert_arr_eq(read.key_id, claim.key_id, 32);
  cr_assert_arr_eq(read.signature, claim.signature, 64);
  cr_assert(receipt.sequence == 41 && receipt.has_signature == 1 && receipt.frame_length == 0);
  cr_assert_eq(receipt.extensions_length, 16);
  cr_assert_arr_eq(room, extensions, 16);
  cr_assert_arr_eq(receipt.event_id, claim.event_id, 16);
  cr_assert_arr_eq(receipt.signature, claim.signature, 64);
  uint8_t again[ROOM];
  size_t again_length = 0;
  cr_assert_eq(bp_claim_write(&read, again, sizeof again, &again_length, &error), BP_OK);
  cr_assert_eq(again_length, length);
  cr_assert_arr_eq(again, bytes, length);
  receipt.extensions_capacity = 15;
  room[0] = 0x77;
  cr_assert_eq(bp_claim_read(bytes, length, &read, &receipt, &error), BP_OK);
  cr_assert(receipt.extensions_length == 16 && room[0] == 0x77, "what does not fit is not written");
}

/* A claim that is altered in what the signature covers never holds. */
Test(claim, every_byte_counts) {
  for (size_t i = 0; i < length; i++) {
    for (unsigned bit = 0; bit < 8; bit++) {
      int32_t outcome = -1;
      bytes[i] ^= (uint8_t)(1u << bit);
      bp_status status = bp_claim_check(bytes, length, &trust, NULL, 0, &outcome, &error);
      cr_assert(status == BP_CLAIM || status == BP_NEWER_VERSION ||
                    (status == BP_OK && (outcome == BP_RECEIPT_INVALID_SIGNATURE || outcome == BP_RECEIPT_UNKNOWN_KEY)),
                "byte %zu bit %u: %d, %d", i, bit, status, outcome);
      bytes[i] ^= (uint8_t)(1u << bit);
    }
  }
}

Test(claim, what_is_cut_short_or_goes_on_is_no_claim) {
  for (size_t cut = 0; cut < length; cut++) {
    cr_assert_eq(read_bytes(bytes, cut), BP_CLAIM, "%zu", cut);
    cr_assert_leq(error.offset, cut);
  }
  bytes[length] = 0xc0;
  cr_assert_eq(read_bytes(bytes, length + 1), BP_CLAIM);
  cr_assert_eq(error.offset, length);
}

Test(claim, unsigned_ones_are_vouched_for_by_nobody) {
  claim.has_signature = 0;
  write_claim();
  cr_assert_eq(check(), BP_RECEIPT_MISSING_SIGNATURE);
  memset(claim.key_id, 0, 32);
  write_claim();
  cr_assert_eq(check(), BP_RECEIPT_UNSIGNED_REJECTED);
  cr_assert_eq(check_with(NULL, NULL, 0), BP_RECEIPT_UNVOUCHED);
  cr_assert_str_eq(bp_receipt_outcome_name(BP_RECEIPT_UNVOUCHED), "unvouched");
  trust.public_key_count = 0;
  cr_assert_eq(check(), BP_RECEIPT_UNVOUCHED);
  claim.has_signature = 1;
  write_claim();
  cr_assert_eq(check(), BP_RECEIPT_ZERO_KEY);
}

Test(claim, keys_are_looked_for_among_all_that_are_given) {
  uint8_t keys[96], seed[32] = {9}, id[32];
  cr_assert_eq(check_with(NULL, NULL, 0), BP_RECEIPT_UNKNOWN_KEY);
  cr_assert_eq(bp_key_derive(seed, keys, id, NULL), BP_OK);
  memcpy(keys + 32, public_key, 32);
  memcpy(keys + 64, keys, 32);
  trust.public_keys = keys;
  cr_assert_eq(check(), BP_RECEIPT_UNKNOWN_KEY);
  trust.public_key_count = 3;
  cr_assert_eq(check(), BP_RECEIPT_SIGNED);
  memset(keys + 64, 0xff, 32);
  int32_t outcome = -1;
  cr_assert_eq(bp_claim_check(bytes, length, &trust, NULL, 0, &outcome, &error), BP_KEY_INVALID);
  cr_assert_eq(outcome, -1);
  /* Another key under the name of the right one: the id is the hash of the key, so it cannot be taken for it. */
  memcpy(claim.key_id, id, 32);
  write_claim();
  trust.public_key_count = 1;
  cr_assert_eq(check(), BP_RECEIPT_INVALID_SIGNATURE);
}

/* Members of later versions: bytes that a version of ours may meet. */
static size_t with_member(uint8_t *out, const char *name, const char *value_hex) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer made;
  uint8_t value[64];
  bpi_buffer_init(&made, &memory);
  bpi_buffer_append(&made, bytes, length);
  made.data[0] = (uint8_t)(made.data[0] + 1);
  bpi_pack_text(&made, name);
  bpi_buffer_append(&made, value, from_hex(value_hex, value, sizeof value));
  memcpy(out, made.data, made.length);
  size_t size = made.length;
  bpi_buffer_free(&made);
  return size;
}

Test(claim, members_of_later_versions_are_stepped_over) {
  uint8_t later[ROOM];
  static const char *const values[] = {"c0", "92a16182a16b01a16c02", "cb3ff0000000000000", "c403000000"};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    size_t size = with_member(later, "witness", values[i]);
    int32_t outcome = -1;
    cr_assert_eq(bp_claim_check(later, size, &trust, NULL, 0, &outcome, &error), BP_OK, "%zu: %s", i, error.text);
    cr_assert_eq(outcome, BP_RECEIPT_SIGNED);
  }
  cr_assert_eq(read_bytes(later, with_member(later, "sequence", "2a")), BP_CLAIM, "a known member twice");
  cr_assert_eq(read_bytes(later, with_member(later, "witness", "c1")), BP_CLAIM);
  cr_assert_eq(read_bytes(later, with_member(later, "witness", "a1ff")), BP_CLAIM, "text that is no UTF-8");
  cr_assert_eq(read_bytes(later, with_member(later, "witness", "")), BP_CLAIM);
}

/* Replaces `from` (once) by `to` in the hex of the claim. */
static bp_status read_altered(const char *from, const char *to) {
  char hex[2 * ROOM], altered[2 * ROOM];
  uint8_t made[ROOM];
  bpi_hex_encode(bytes, length, hex);
  hex[2 * length] = '\0';
  char *at = strstr(hex, from);
  cr_assert_not_null(at, "%s", from);
  snprintf(altered, sizeof altered, "%.*s%s%s", (int)(at - hex), hex, to, at + strlen(from));
  return read_bytes(made, from_hex(altered, made, sizeof made));
}

Test(claim, there_is_one_encoding) {
  cr_assert_eq(read_altered("8ca666", "de000ca666"), BP_CLAIM, "a wide map");
  cr_assert_eq(read_altered("a6666f726d6174", "d906666f726d6174"), BP_CLAIM, "a wide name");
  cr_assert_eq(read_altered("a873657175656e636529", "a873657175656e6365cc29"), BP_CLAIM, "a wide number");
  cr_assert_eq(read_altered("a873657175656e636529", "a873657175656e6365d029"), BP_CLAIM, "a signed number");
  cr_assert_eq(read_altered("a66c6564676572", "c4066c6564676572"), BP_CLAIM, "bytes for a text");
  cr_assert_eq(read_altered("a66c6564676572", "a66c65646765ff"), BP_CLAIM, "a text that is no UTF-8");
  cr_assert_eq(read_altered("c41001", "c50010" "01"), BP_CLAIM, "wide bytes");
  cr_assert_eq(read_altered("cd1005", "ce00011005"), BP_CLAIM, "a kind above 16 bits");
  cr_assert_eq(read_altered("9201ccff", "9201cd00ff"), BP_CLAIM, "a wide octet");
  cr_assert_eq(read_altered("9201ccff", "9201cd0100"), BP_CLAIM, "an octet above 255");
  cr_assert_eq(read_altered("9201ccff", "c40201ff"), BP_CLAIM, "bytes for octets");
  cr_assert_eq(read_altered("c420" KEY_ID, "c4200000000000000000000000000000000000000000000000000000000000000000"),
               BP_CLAIM, "zeros where nil says it");
  cr_assert_eq(read_altered("c420" KEY_ID, "c0"), BP_OK);
  cr_assert_eq(read_altered("c440" SIGNATURE, "c0"), BP_OK);
  cr_assert_eq(read_altered("c440" SIGNATURE, "c401" "00"), BP_CLAIM);
  cr_assert_eq(read_altered("a776657273696f6e01", "a776657273696f6e00"), BP_CLAIM, "version 0");
  cr_assert_eq(read_altered("a776657273696f6e01", "a776657273696f6e02"), BP_NEWER_VERSION);
  cr_assert_eq(read_altered("ac62617470616b2e636c61696d", "ac62617470616b2e636c61696e"), BP_CLAIM, "another format");
}

Test(claim, names_of_extensions_rise) {
  static const struct {
    const char *map;
    bp_status status;
  } rows[] = {
      {"80", BP_OK},
      {"82a3612e6290a3612e639101", BP_OK},
      {"81a0" "90", BP_OK},
      {"82a3612e6390a3612e6290", BP_CLAIM},
      {"82a3612e6290a3612e6290", BP_CLAIM},
      {"81a3612e62c0", BP_CLAIM},
      {"81a3612e62ddffffffff", BP_CLAIM},
      {"90", BP_CLAIM},
      {"8000", BP_CLAIM},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint8_t map[32];
    claim.extensions = map;
    claim.extensions_length = from_hex(rows[i].map, map, sizeof map);
    cr_assert_eq(bp_claim_write(&claim, bytes, sizeof bytes, &length, &error), rows[i].status, "%s", rows[i].map);
  }
  claim.extensions_length = 0;
  write_claim();
  bp_claim read = {.struct_size = sizeof read};
  cr_assert_eq(bp_claim_read(bytes, length, &read, NULL, &error), BP_OK);
  cr_assert_eq(read.extensions_length, 0);
}

Test(claim, arguments_are_checked) {
  bp_claim read = {.struct_size = sizeof read};
  bp_receipt receipt = {.struct_size = 1};
  int32_t outcome = 7;
  size_t needed = 7;
  cr_assert_eq(bp_claim_read(bytes, length, NULL, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(bp_claim_read(NULL, 1, &read, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(bp_claim_read(NULL, 0, &read, NULL, &error), BP_CLAIM);
  cr_assert_eq(bp_claim_read(bytes, length, &read, &receipt, &error), BP_STRUCT_SIZE);
  read.struct_size = 8;
  cr_assert_eq(bp_claim_read(bytes, length, &read, NULL, &error), BP_STRUCT_SIZE);
  cr_assert_eq(bp_claim_check(bytes, length, NULL, NULL, 0, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(bp_claim_check(bytes, length, NULL, NULL, 1, &outcome, &error), BP_ARGUMENT);
  trust.flags = 1;
  cr_assert_eq(bp_claim_check(bytes, length, &trust, NULL, 0, &outcome, &error), BP_ARGUMENT);
  trust.flags = 0;
  trust.struct_size = 4;
  cr_assert_eq(bp_claim_check(bytes, length, &trust, NULL, 0, &outcome, &error), BP_STRUCT_SIZE);
  cr_assert_eq(outcome, 7);
  cr_assert_eq(bp_claim_write(NULL, bytes, sizeof bytes, &needed, &error), BP_ARGUMENT);
  cr_assert_eq(bp_claim_write(&claim, bytes, sizeof bytes, NULL, &error), BP_ARGUMENT);
  cr_assert_eq(bp_claim_write(&claim, NULL, 1, &needed, &error), BP_ARGUMENT);
  bp_claim other = claim;
  other.reserved[4] = 1;
  cr_assert_eq(bp_claim_write(&other, bytes, sizeof bytes, &needed, &error), BP_ARGUMENT);
  other = claim;
  other.has_signature = 2;
  cr_assert_eq(bp_claim_write(&other, bytes, sizeof bytes, &needed, &error), BP_ARGUMENT);
  other = claim;
  other.scope = NULL;
  cr_assert_eq(bp_claim_write(&other, bytes, sizeof bytes, &needed, &error), BP_ARGUMENT);
  other = claim;
  other.version = 2;
  cr_assert_eq(bp_claim_write(&other, bytes, sizeof bytes, &needed, &error), BP_NEWER_VERSION);
  other.version = 0;
  cr_assert_eq(bp_claim_write(&other, bytes, sizeof bytes, &needed, &error), BP_CLAIM);
  other = claim;
  other.entity = (const uint8_t *)"\xff";
  other.entity_length = 1;
  cr_assert_eq(bp_claim_write(&other, bytes, sizeof bytes, &needed, &error), BP_CLAIM);
  cr_assert_eq(needed, 7, "out-parameters are untouched on failure");
}

Test(claim, a_buffer_that_is_too_small_is_untouched) {
  size_t needed = 0;
  uint8_t small[8] = {0x55};
  cr_assert_eq(bp_claim_write(&claim, small, sizeof small, &needed, &error), BP_TOO_SMALL);
  cr_assert_eq(needed, length);
  cr_assert_eq(small[0], 0x55);
  cr_assert_eq(bp_claim_write(&claim, NULL, 0, &needed, &error), BP_TOO_SMALL);
}

Test(claim, without_memory_nothing_is_left) {
  for (uint64_t failing = 1;; failing++) {
    memory_fault fault = {0};
    bpi_memory memory = memory_fault_table(&fault);
    size_t needed = 0;
    memory_fault_arm(&fault, failing, 0);
    bp_status status = bpi_claim_hand_over(&memory, &claim, bytes, sizeof bytes, &needed, &error);
    cr_assert_eq(fault.live_blocks, 0);
    cr_assert_eq(fault.wrong_sizes, 0);
    if (status == BP_OK) {
      cr_assert_gt(failing, 1);
      break;
    }
    cr_assert_eq(status, BP_NO_MEMORY);
  }
}
