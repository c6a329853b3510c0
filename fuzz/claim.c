/* Any bytes as a claim: what is read is written as the same bytes, and is judged without a fault; what is altered in a
 * signed one never holds. */
#include <batpak/ffi.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds) {
  if (!holds) abort();
}

/* RFC 8032's first public key: nobody here has its seed. */
static const uint8_t public_key[32] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                       0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                       0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};

static void must_lie_within(const uint8_t *view, size_t length, const uint8_t *data, size_t size) {
  must(length == 0 || (view >= data && length <= size && view <= data + size - length));
}

static void write_again(const bp_claim *claim, const uint8_t *data, size_t size) {
  size_t needed = 0;
  uint8_t *room = (uint8_t *)malloc(size + 1);
  must(room != NULL);
  /* Members of later versions are left out, and the count of members may take fewer bytes then. */
  must(bp_claim_write(claim, room, size, &needed, NULL) == BP_OK);
  must(needed <= size);
  bp_claim again = {.struct_size = sizeof again};
  must(bp_claim_read(room, needed, &again, NULL, NULL) == BP_OK);
  must(needed < size || memcmp(room, data, size) == 0);
  must(again.sequence == claim->sequence && again.kind == claim->kind && again.extensions_length == claim->extensions_length);
  free(room);
}

static void judge(const uint8_t *data, size_t size, bp_status read) {
  bp_trust trust;
  int32_t outcome = -1;
  must(bp_trust_init(&trust, sizeof trust) == BP_OK);
  must(bp_claim_check(data, size, NULL, NULL, 0, &outcome, NULL) == read);
  must(read != BP_OK || (outcome >= BP_RECEIPT_MISSING_SIGNATURE && outcome <= BP_RECEIPT_UNVOUCHED));
  trust.public_keys = public_key;
  trust.public_key_count = 1;
  must(bp_claim_check(data, size, &trust, data, size, &outcome, NULL) == read);
  must(read != BP_OK || (outcome != BP_RECEIPT_SIGNED && outcome != BP_RECEIPT_UNSIGNED_ACCEPTED));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  bp_claim claim = {.struct_size = sizeof claim};
  bp_receipt receipt;
  uint8_t room[64];
  must(bp_receipt_init(&receipt, sizeof receipt) == BP_OK);
  receipt.extensions = room;
  receipt.extensions_capacity = sizeof room;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_claim_read(data, size, &claim, &receipt, &error);
  must(status == BP_OK || status == BP_CLAIM || status == BP_NEWER_VERSION);
  judge(data, size, status);
  if (status != BP_OK) {
    must(error.offset <= size);
    return 0;
  }
  must_lie_within(claim.entity, claim.entity_length, data, size);
  must_lie_within(claim.scope, claim.scope_length, data, size);
  must_lie_within(claim.extensions, claim.extensions_length, data, size);
  must(receipt.extensions_length == claim.extensions_length);
  write_again(&claim, data, size);
  return 0;
}
