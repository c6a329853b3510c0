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

static inline uint64_t bpi_hash(const void *data, size_t length, uint64_t seed) {
  const uint8_t *at = (const uint8_t *)data;
  const uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0xd6e8feb86659fd93u;
  uint64_t state = bpi_hash_mix(seed ^ k0, (uint64_t)length ^ k1);
  for (; length >= 8; at += 8, length -= 8) state = bpi_hash_mix(state ^ bpi_load_le64(at), k1);
  uint64_t rest = 0;
  if (length > 0) memcpy(&rest, at, length);
  return bpi_hash_mix(state ^ rest, k0);
}

#endif
