/* visibility_ranges.fbv: which sequences were cancelled and stay hidden.  It cannot be derived from anything else: absent
 * means none, unreadable means the store must not be opened.
 *
 *   "FBATVR" | version u16 little-endian, 1 | CRC-32 of the body, u32 little-endian | {ranges: [{start, end} ...]} */
#ifndef BPI_JOURNAL_HIDDEN_H
#define BPI_JOURNAL_HIDDEN_H

#include "base/bytes.h"
#include "sys/system.h"

#define BPI_HIDDEN_NAME "visibility_ranges.fbv"

/* Half-open, over sequences. */
typedef struct bpi_range {
  uint64_t start;
  uint64_t end;
} bpi_range;

typedef struct bpi_hidden {
  bpi_memory memory;
  bpi_range *ranges; /* sorted, disjoint, not touching */
  size_t count;
  size_t capacity;
} bpi_hidden;

void bpi_hidden_init(bpi_hidden *hidden, const bpi_memory *memory);
void bpi_hidden_free(bpi_hidden *hidden);

/* Decodes a whole file.  BP_HIDDEN_RANGES, BP_NO_MEMORY. */
bp_status bpi_hidden_decode(bpi_bytes file, bpi_hidden *hidden, bp_error *error);
/* Appends a whole file to `out`. */
void bpi_hidden_encode(const bpi_hidden *hidden, bpi_buffer *out);

bp_status bpi_hidden_load(const bp_system *system, const char *directory, bpi_hidden *hidden, bp_error *error);
/* Replaces the file; removes it when there are no ranges. */
bp_status bpi_hidden_save(const bp_system *system, const char *directory, const bpi_hidden *hidden, bp_error *error);
/* Replaces it even then. */
bp_status bpi_hidden_replace(const bp_system *system, const char *directory, const bpi_hidden *hidden, bp_error *error);

/* A range behind all that are there; one that touches the last of them is joined to it.  BP_NO_MEMORY. */
bp_status bpi_hidden_append(bpi_hidden *hidden, bpi_range range);

/* Ranges end at `next_sequence` at the latest: numbers never used cannot be hidden.  1 if anything was cut. */
int bpi_hidden_clip(bpi_hidden *hidden, uint64_t next_sequence);

#endif
