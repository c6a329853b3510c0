/* Ed25519 (RFC 8032) by libsodium: deterministic signatures, as the reference makes them. */
#include "crypto/crypto.h"

#include <sodium.h>

/* Lets libsodium choose the code for this CPU.  It guards itself, may be called by any number of threads and again, and
 * what fails without it is speed alone. */
static void prepare(void) {
  int failed = sodium_init();
  (void)failed;
}

bp_status bpi_signer_init(bpi_signer *signer, const uint8_t seed[32]) {
  prepare();
  /* The reference's library refuses it by ending the process. */
  if (sodium_is_zero(seed, BPI_SEED_BYTES)) return BP_SEED_ZERO;
  (void)crypto_sign_seed_keypair(signer->public_key, signer->secret, seed);
  bpi_blake3(signer->public_key, BPI_PUBLIC_KEY_BYTES, signer->key_id);
  return BP_OK;
}

void bpi_signer_wipe(bpi_signer *signer) { bpi_wipe(signer, sizeof *signer); }

void bpi_sign(const bpi_signer *signer, const uint8_t *message, size_t length, uint8_t signature[64]) {
  prepare();
  (void)crypto_sign_detached(signature, NULL, message, length, signer->secret);
}

int bpi_signature_valid(const uint8_t public_key[32], const uint8_t *message, size_t length,
                        const uint8_t signature[64]) {
  prepare();
  return crypto_sign_verify_detached(signature, message, length, public_key) == 0;
}

int bpi_public_key_valid(const uint8_t public_key[32]) {
  prepare();
  return crypto_core_ed25519_is_valid_point(public_key) == 1;
}

void bpi_wipe(void *bytes, size_t length) { sodium_memzero(bytes, length); }

int bpi_is_zero(const uint8_t *bytes, size_t length) { return sodium_is_zero(bytes, length); }
