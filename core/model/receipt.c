/* The signature of a receipt: its cover, the keys, the judgement (encoding.md 5). */
#include "base/status.h"
#include "codec/pack.h"
#include "model/receipt.h"

static const uint8_t no_key[32];

void bpi_cover_digest(const bpi_cover *cover, uint8_t digest[32]) {
  enum { COVER_VERSION = 1, STR_HEADER_MAX = 5 };
  static const uint8_t empty_map[] = {0x80};
  uint8_t front[1 + 16 + 8 + 8 + STR_HEADER_MAX], between[6 + STR_HEADER_MAX], back[2 + 32 + 32];

  /* The id is a number to the reference, and numbers go into the cover with the lowest byte first. */
  front[0] = COVER_VERSION;
  for (size_t i = 0; i < 16; i++) front[1 + i] = cover->event_id[15 - i];
  bpi_store_le64(front + 17, cover->sequence);
  memcpy(front + 25, "\x82\xa6" "entity", 8);
  uint8_t *front_end = bpi_put_str_header(front + 33, cover->entity.length);
  memcpy(between, "\xa5" "scope", 6);
  uint8_t *between_end = bpi_put_str_header(between + 6, cover->scope.length);
  bpi_store_le16(back, cover->kind);
  memcpy(back + 2, cover->prev_hash, 32);
  memcpy(back + 34, cover->content_hash, 32);

  bpi_bytes parts[] = {
      bpi_bytes_of(front, (size_t)(front_end - front)),
      cover->entity,
      bpi_bytes_of(between, (size_t)(between_end - between)),
      cover->scope,
      bpi_bytes_of(back, sizeof back),
      cover->extensions.length > 0 ? cover->extensions : bpi_bytes_of(empty_map, sizeof empty_map),
  };
  bpi_blake3_parts(parts, sizeof parts / sizeof parts[0], digest);
}

static bp_status fill_signers(bpi_keyring *keyring, const uint8_t *seeds, size_t count, bp_error *error) {
  if (count == 0) return BP_OK;
  size_t size = bpi_size(count, sizeof(bpi_signer), 0);
  keyring->signers = size == 0 ? NULL : (bpi_signer *)bpi_allocate(&keyring->memory, size);
  if (keyring->signers == NULL) return bpi_fail(error, BP_NO_MEMORY, "no memory for the signing keys");
  keyring->signer_count = count;
  for (size_t i = 0; i < count; i++) {
    bp_status status = bpi_signer_init(&keyring->signers[i], seeds + BPI_SEED_BYTES * i);
    if (status != BP_OK) return bpi_fail(error, status, "signing seed %zu is all zeros", i);
  }
  return BP_OK;
}

static bp_status fill_public_keys(bpi_keyring *keyring, const uint8_t *keys, size_t count, bp_error *error) {
  if (count == 0) return BP_OK;
  size_t size = bpi_size(count, 32, 0);
  keyring->public_key_count = count;
  if (size > 0) {
    keyring->public_keys = (uint8_t(*)[32])bpi_allocate(&keyring->memory, size);
    keyring->key_ids = (uint8_t(*)[32])bpi_allocate(&keyring->memory, size);
  }
  if (keyring->public_keys == NULL || keyring->key_ids == NULL) {
    return bpi_fail(error, BP_NO_MEMORY, "no memory for the public keys");
  }
  for (size_t i = 0; i < count; i++) {
    memcpy(keyring->public_keys[i], keys + BPI_PUBLIC_KEY_BYTES * i, BPI_PUBLIC_KEY_BYTES);
    if (!bpi_public_key_valid(keyring->public_keys[i])) {
      return bpi_fail(error, BP_KEY_INVALID, "public key %zu is no Ed25519 key", i);
    }
    bp_key_id(keyring->public_keys[i], keyring->key_ids[i]);
  }
  return BP_OK;
}

bp_status bpi_keyring_init(bpi_keyring *keyring, const bpi_memory *memory, const uint8_t *seeds, size_t seed_count,
                           const uint8_t *public_keys, size_t public_key_count, bp_error *error) {
  memset(keyring, 0, sizeof *keyring);
  keyring->memory = *memory;
  bp_status status = fill_signers(keyring, seeds, seed_count, error);
  if (status == BP_OK) status = fill_public_keys(keyring, public_keys, public_key_count, error);
  if (status != BP_OK) bpi_keyring_free(keyring);
  return status;
}

void bpi_keyring_free(bpi_keyring *keyring) {
  for (size_t i = 0; i < keyring->signer_count; i++) bpi_signer_wipe(&keyring->signers[i]);
  bpi_release(&keyring->memory, keyring->signers, keyring->signer_count * sizeof(bpi_signer));
  bpi_release(&keyring->memory, keyring->public_keys, keyring->public_key_count * 32);
  bpi_release(&keyring->memory, keyring->key_ids, keyring->public_key_count * 32);
  bpi_memory memory = keyring->memory;
  memset(keyring, 0, sizeof *keyring);
  keyring->memory = memory;
}

const bpi_signer *bpi_keyring_current(const bpi_keyring *keyring) {
  return keyring->signer_count == 0 ? NULL : &keyring->signers[keyring->signer_count - 1];
}

const uint8_t *bpi_keyring_find(const bpi_keyring *keyring, const uint8_t key_id[32]) {
  for (size_t i = 0; i < keyring->signer_count; i++) {
    if (memcmp(keyring->signers[i].key_id, key_id, 32) == 0) return keyring->signers[i].public_key;
  }
  for (size_t i = 0; i < keyring->public_key_count; i++) {
    if (memcmp(keyring->key_ids[i], key_id, 32) == 0) return keyring->public_keys[i];
  }
  return NULL;
}

int bpi_keyring_is_empty(const bpi_keyring *keyring) {
  return keyring->signer_count == 0 && keyring->public_key_count == 0;
}

/* Steps 8 to 14 of encoding.md 5.4, the first that applies. */
int32_t bpi_signature_judge(const bp_receipt *receipt, const bpi_cover *cover, const uint8_t *public_key,
                            int keys_known) {
  int zero_key = memcmp(receipt->key_id, no_key, sizeof no_key) == 0;
  if (!receipt->has_signature) {
    if (!zero_key) return BP_RECEIPT_MISSING_SIGNATURE;
    return keys_known ? BP_RECEIPT_UNSIGNED_REJECTED : BP_RECEIPT_UNSIGNED_ACCEPTED;
  }
  if (zero_key) return BP_RECEIPT_ZERO_KEY;
  if (public_key == NULL) return BP_RECEIPT_UNKNOWN_KEY;
  uint8_t digest[32];
  bpi_cover_digest(cover, digest);
  return bpi_signature_valid(public_key, digest, sizeof digest, receipt->signature) ? BP_RECEIPT_SIGNED
                                                                                   : BP_RECEIPT_INVALID_SIGNATURE;
}

int32_t bpi_receipt_judge(const bp_receipt *receipt, const bpi_cover *cover, const bpi_keyring *keyring,
                          const bpi_keyring *extra) {
  const uint8_t *public_key = bpi_keyring_find(keyring, receipt->key_id);
  if (public_key == NULL && extra != NULL) public_key = bpi_keyring_find(extra, receipt->key_id);
  int keys_known = !bpi_keyring_is_empty(keyring) || (extra != NULL && !bpi_keyring_is_empty(extra));
  return bpi_signature_judge(receipt, cover, public_key, keys_known);
}

bp_status bpi_trust_check(const bp_trust *trust, bp_error *error) {
  if (trust == NULL) return BP_OK;
  bp_status status = bpi_check_struct(trust, trust->struct_size, sizeof *trust, sizeof *trust, error);
  if (status != BP_OK) return status;
  if (trust->flags != 0 || (trust->public_keys == NULL && trust->public_key_count > 0) ||
      (trust->receipts == NULL && trust->receipt_count > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "an option of the trust has an unknown value");
  }
  return BP_OK;
}

void bpi_receipt_put_extensions(bp_receipt *receipt, bpi_bytes extensions) {
  receipt->extensions_length = extensions.length;
  if (extensions.length > 0 && extensions.length <= receipt->extensions_capacity && receipt->extensions != NULL) {
    memcpy(receipt->extensions, extensions.data, extensions.length);
  }
}

const char *bp_receipt_outcome_name(int32_t outcome) {
  switch (outcome) {
    case BP_RECEIPT_SIGNED: return "signed";
    case BP_RECEIPT_UNSIGNED_ACCEPTED: return "unsigned_accepted";
    case BP_RECEIPT_MISSING_EVENT: return "missing_committed_event";
    case BP_RECEIPT_SEQUENCE: return "sequence_mismatch";
    case BP_RECEIPT_POSITION: return "disk_position_mismatch";
    case BP_RECEIPT_CONTENT_HASH: return "content_hash_mismatch";
    case BP_RECEIPT_EXTENSIONS: return "extensions_mismatch";
    case BP_RECEIPT_UNSIGNED_REJECTED: return "unsigned_receipt_rejected";
    case BP_RECEIPT_MISSING_SIGNATURE: return "missing_signature";
    case BP_RECEIPT_ZERO_KEY: return "zero_key_with_signature";
    case BP_RECEIPT_UNKNOWN_KEY: return "unknown_signing_key";
    case BP_RECEIPT_INVALID_SIGNATURE: return "invalid_signature";
    case BP_RECEIPT_UNREADABLE: return "unreadable";
    case BP_RECEIPT_UNVOUCHED: return "unvouched";
    case BP_RECEIPT_DENIAL_KIND: return "denial_kind_mismatch";
    default: return "unknown";
  }
}
