/* Keys for the caller: the chapter "values" of ffi.h as far as it concerns them. */
#include "base/status.h"
#include "crypto/crypto.h"
#include "sys/system.h"

bp_status bp_key_derive(const uint8_t seed[32], uint8_t public_key[32], uint8_t key_id[32], bp_error *error) {
  if (seed == NULL || public_key == NULL || key_id == NULL) {
    return bpi_fail(error, BP_ARGUMENT, "seed, public key and key id are required");
  }
  bpi_signer signer;
  bp_status status = bpi_signer_init(&signer, seed);
  if (status != BP_OK) return bpi_fail(error, status, "the seed is all zeros");
  memcpy(public_key, signer.public_key, BPI_PUBLIC_KEY_BYTES);
  memcpy(key_id, signer.key_id, 32);
  bpi_signer_wipe(&signer);
  return BP_OK;
}

bp_status bp_key_generate(uint8_t seed[32], uint8_t public_key[32], uint8_t key_id[32], bp_error *error) {
  if (seed == NULL) return bpi_fail(error, BP_ARGUMENT, "seed, public key and key id are required");
  uint8_t drawn[BPI_SEED_BYTES];
  const bp_system *system = bpi_system_real();
  int failed = system->random_fill(system->context, drawn, sizeof drawn);
  if (failed != 0) return bpi_fail_system(error, failed, "drawing a seed");
  bp_status status = bp_key_derive(drawn, public_key, key_id, error);
  if (status == BP_OK) memcpy(seed, drawn, sizeof drawn);
  bpi_wipe(drawn, sizeof drawn);
  return status;
}

void bp_key_id(const uint8_t public_key[32], uint8_t key_id[32]) {
  if (public_key != NULL && key_id != NULL) bpi_blake3(public_key, BPI_PUBLIC_KEY_BYTES, key_id);
}
