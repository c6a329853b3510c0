/* Postings: for each key (the number of an entity, of a scope, or a kind) the rows of a run, ascending.
 *
 * A list is a chain of pieces in one array of 32-bit words, each piece twice the size of the last, so that it grows
 * without moving, is sought in logarithmic time, and can lie in a mapped file as it is.  A piece is
 *   next piece (0: none) | rows in it | room for rows | rows ... */
#ifndef BPI_INDEX_POSTINGS_H
#define BPI_INDEX_POSTINGS_H

#include "base/bytes.h"

typedef struct bpi_posting_list {
  uint32_t key_plus_one; /* 0: empty slot */
  uint32_t first;        /* word of the first piece */
  uint32_t last;
  uint32_t count;
} bpi_posting_list;

typedef struct bpi_postings {
  bpi_memory memory;
  bpi_posting_list *lists; /* open addressing */
  size_t list_slots;
  size_t keys;
  uint32_t *words;
  size_t word_count;
  size_t word_capacity;
} bpi_postings;

void bpi_postings_init(bpi_postings *postings, const bpi_memory *memory);
void bpi_postings_free(bpi_postings *postings);
size_t bpi_postings_bytes(const bpi_postings *postings);

/* The key's list, new if need be, with room for one more row.  It stays where it is up to the next reservation. */
bp_status bpi_postings_reserve(bpi_postings *postings, uint32_t key, bpi_posting_list **list);
/* Brings the place closer where that would look for the list. */
void bpi_postings_prefetch(const bpi_postings *postings, uint32_t key);
/* To a list that was just reserved. */
void bpi_postings_add(bpi_postings *postings, bpi_posting_list *list, uint32_t key, uint32_t row);
/* Takes back the newest addition, which was of this key. */
void bpi_postings_undo(bpi_postings *postings, uint32_t key);

/* NULL when the key has none. */
const bpi_posting_list *bpi_postings_find(const bpi_postings *postings, uint32_t key);

/* A place in a list. */
typedef struct bpi_posting_cursor {
  const uint32_t *words;
  uint32_t piece;
  uint32_t index;
} bpi_posting_cursor;

/* On the first row >= `from`. */
void bpi_posting_seek(const bpi_postings *postings, const bpi_posting_list *list, uint32_t from,
                      bpi_posting_cursor *cursor);
/* 1 and the row, or 0 at the end. */
int bpi_posting_next(bpi_posting_cursor *cursor, uint32_t *row);

#endif
