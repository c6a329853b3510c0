/* What the fuzz targets share. */
#ifndef SUPPORT_FUZZ_H
#define SUPPORT_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, where the fuzzer sees it. */
#define MUST(condition)       \
  do {                        \
    if (!(condition)) abort(); \
  } while (0)

/* A copy of exactly this size, so that a read past its end is seen.  The caller frees it. */
static inline uint8_t *fuzz_copy(const uint8_t *data, size_t size) {
  uint8_t *copy = (uint8_t *)malloc(size > 0 ? size : 1);
  if (copy == NULL) abort();
  if (size > 0) memcpy(copy, data, size);
  return copy;
}

#endif
