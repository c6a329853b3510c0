/* A keyed 64-bit hash for tables in memory: eight bytes a step, mixed by the high half of a product.  Never written to
 * disk.  The seed is drawn per store, so that nobody who chooses the strings can choose the collisions. */
#ifndef BPI_BASE_HASH_H
#define BPI_BASE_HASH_H

#include "base/bytes.h"

__extension__ typedef unsigned __int128 bpi_product;

static inline uint64_t bpi_hash_mix(uint64_t a, uint64_t b) {
  bpi_product product = (bpi_product)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Up to seven bytes as one number, without a call: each of them counts, some twice. */
static inline uint64_t bpi_hash_short(const uint8_t *at, size_t length) {
  if (length >= 4) return (uint64_t)bpi_load_le32(at) << 32 | bpi_load_le32(at + length - 4);
  if (length == 0) return 0;
  return (uint64_t)at[0] << 16 | (uint64_t)at[length / 2] << 8 | at[length - 1];
}

static inline uint64_t bpi_hash(const void *data, size_t length, uint64_t seed) {
  const uint8_t *at = (const uint8_t *)data;
  const uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0xd6e8feb86659fd93u;
  uint64_t state = bpi_hash_mix(seed ^ k0, (uint64_t)length ^ k1);
  for (; length >= 8; at += 8, length -= 8) state = bpi_hash_mix(state ^ bpi_load_le64(at), k1);
  return bpi_hash_mix(state ^ bpi_hash_short(at, length), k0);
}

#endif
