/* Bytes and chance for tests of values. */
#ifndef SUPPORT_VALUES_H
#define SUPPORT_VALUES_H

#include "base/bytes.h"

/* A copy on the heap that ends where the bytes end, so that a sanitizer sees a read behind them.  free() it. */
uint8_t *exact_copy(const void *bytes, size_t length);

/* The bytes of a hexadecimal text, spaces between them allowed; their number.  Aborts when they do not fit. */
size_t from_hex(const char *text, uint8_t *out, size_t capacity);

/* Lower case, in one of a few static buffers that take turns; long input is cut. */
const char *to_hex(const void *bytes, size_t length);

/* Chance that can be had again: the seed is BATPAK_SEED of the environment or a fixed one, and is printed. */
typedef struct chance {
  uint64_t state;
} chance;

chance chance_begin(const char *test);
uint64_t chance_next(chance *from);
/* 0..limit-1. */
uint64_t chance_below(chance *from, uint64_t limit);
/* Of any magnitude: as many small numbers as large ones. */
uint64_t chance_number(chance *from);
void chance_fill(chance *from, void *bytes, size_t length);

#endif
