/* BLAKE3, CRC-32, Ed25519. */
#ifndef BPI_CRYPTO_CRYPTO_H
#define BPI_CRYPTO_CRYPTO_H

#include "base/bytes.h"

void bpi_blake3(const void *bytes, size_t length, uint8_t hash[32]);
/* One message in parts, back to back. */
void bpi_blake3_parts(const bpi_bytes *parts, size_t count, uint8_t hash[32]);
/* `count` independent messages; side by side in SIMD lanes where they are of at most 1,024 bytes. */
void bpi_blake3_many(const bpi_bytes *messages, size_t count, uint8_t (*hashes)[32]);

/* IEEE 802.3.  `crc` is the value so far, 0 at first. */
uint32_t bpi_crc32(uint32_t crc, const void *bytes, size_t length);

enum { BPI_SEED_BYTES = 32, BPI_PUBLIC_KEY_BYTES = 32, BPI_SIGNATURE_BYTES = 64 };

/* A key ready for use.  Wiped by bpi_signer_wipe. */
typedef struct bpi_signer {
  uint8_t secret[64]; /* libsodium's form: seed and public key */
  uint8_t public_key[32];
  uint8_t key_id[32]; /* BLAKE3 of the public key */
} bpi_signer;

/* BP_SEED_ZERO for an all-zero seed. */
bp_status bpi_signer_init(bpi_signer *signer, const uint8_t seed[32]);
void bpi_signer_wipe(bpi_signer *signer);
void bpi_sign(const bpi_signer *signer, const uint8_t *message, size_t length, uint8_t signature[64]);
/* 1 when the signature holds. */
int bpi_signature_valid(const uint8_t public_key[32], const uint8_t *message, size_t length,
                        const uint8_t signature[64]);
/* 1 when the 32 bytes are a usable public key (on the curve, not of small order). */
int bpi_public_key_valid(const uint8_t public_key[32]);
void bpi_wipe(void *bytes, size_t length);
int bpi_is_zero(const uint8_t *bytes, size_t length);

#endif
