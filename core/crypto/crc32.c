#include "crypto/crypto.h"

#include <libdeflate.h>

uint32_t bpi_crc32(uint32_t crc, const void *bytes, size_t length) {
  /* The library takes a NULL for the request of a first value. */
  return length == 0 ? crc : libdeflate_crc32(crc, bytes, length);
}
