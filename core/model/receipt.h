/* The receipt's signature: what it covers, how it is made and judged (encoding.md 5). */
#ifndef BPI_MODEL_RECEIPT_H
#define BPI_MODEL_RECEIPT_H

#include "crypto/crypto.h"
#include "model/event.h"

/* The fields under the signature. */
typedef struct bpi_cover {
  const uint8_t *event_id;     /* 16 bytes as stored */
  uint64_t sequence;
  bpi_bytes entity;
  bpi_bytes scope;
  uint16_t kind;
  const uint8_t *prev_hash;
  const uint8_t *content_hash;
  bpi_bytes extensions;        /* canonical map; length 0: the empty map */
} bpi_cover;

/* The 32 bytes that are signed.  Streams into BLAKE3: no allocation, whatever the lengths. */
void bpi_cover_digest(const bpi_cover *cover, uint8_t digest[32]);

/* The keys a store knows: all verify, the last seed signs. */
typedef struct bpi_keyring {
  bpi_memory memory;
  bpi_signer *signers;
  size_t signer_count;
  uint8_t (*public_keys)[32];  /* verify-only ones */
  uint8_t (*key_ids)[32];
  size_t public_key_count;
} bpi_keyring;

/* BP_SEED_ZERO, BP_KEY_INVALID, BP_NO_MEMORY. */
bp_status bpi_keyring_init(bpi_keyring *keyring, const bpi_memory *memory, const uint8_t *seeds, size_t seed_count,
                           const uint8_t *public_keys, size_t public_key_count, bp_error *error);
void bpi_keyring_free(bpi_keyring *keyring);
/* NULL when there is none. */
const bpi_signer *bpi_keyring_current(const bpi_keyring *keyring);
const uint8_t *bpi_keyring_find(const bpi_keyring *keyring, const uint8_t key_id[32]);
int bpi_keyring_is_empty(const bpi_keyring *keyring);

/* The last steps of the judgement (from `unsigned` on), once everything else agrees.  `extra` may be NULL. */
int32_t bpi_receipt_judge(const bp_receipt *receipt, const bpi_cover *cover, const bpi_keyring *keyring,
                          const bpi_keyring *extra);

/* The same with the key already looked up; NULL: it is not among those known, which there are if `keys_known`. */
int32_t bpi_signature_judge(const bp_receipt *receipt, const bpi_cover *cover, const uint8_t *public_key,
                            int keys_known);

/* Is the caller's trust (NULL: there is none) well-formed?  Its receipts are not looked at.  BP_STRUCT_SIZE, BP_ARGUMENT. */
bp_status bpi_trust_check(const bp_trust *trust, bp_error *error);
/* The map into the caller's buffer, where it fits, and its length. */
void bpi_receipt_put_extensions(bp_receipt *receipt, bpi_bytes extensions);

#endif
