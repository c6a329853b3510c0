/* A run: the rows of up to 65,536 consecutive events with their lookup tables, in a shape that can be mapped from a file:
 * rows of fixed width, an id table whose tags are its filter, postings by entity, scope and kind. */
#ifndef BPI_INDEX_RUN_H
#define BPI_INDEX_RUN_H

#include "index/postings.h"

enum { BPI_RUN_ROWS = 65536 };

enum {
  /* Correlation is the event's own id, no causation, lane and depth 0, prev_hash that of the row's predecessor: all that a
   * footer wants to know can be told without reading the frame. */
  BPI_ROW_PLAIN = 1
};

/* What the index keeps of an event: 104 bytes. */
typedef struct bpi_row {
  uint8_t event_id[16];
  uint8_t event_hash[32];
  uint64_t sequence;
  uint64_t wall_ms;
  uint64_t offset;
  uint32_t segment;      /* place in the table of segments */
  uint32_t frame_length;
  uint32_t entity;       /* numbers of the names table */
  uint32_t scope;
  uint32_t clock;
  uint32_t previous;     /* row number of the entity's event before this one; BPI_NO_ROW: there is none */
  uint16_t kind;
  uint16_t flags;        /* BPI_ROW_* */
  uint32_t reserved;
} bpi_row;

typedef struct bpi_run {
  bpi_memory memory;
  uint64_t seed;
  bpi_row *rows;
  size_t capacity;
  uint32_t expected;     /* rows that the first room is for */
  uint32_t count;
  uint32_t *slots;       /* tag of the id, never 0, above the row's 16 bits; 0: empty */
  size_t slot_count;
  bpi_postings entities;
  bpi_postings scopes;
  bpi_postings kinds;
} bpi_run;

/* `seed` is the store's: who chooses the ids cannot choose where they meet in the table.  Room is made for `expected` rows, a
 * power of two, with the first of them. */
void bpi_run_init(bpi_run *run, const bpi_memory *memory, uint64_t seed, uint32_t expected);
void bpi_run_free(bpi_run *run);
size_t bpi_run_bytes(const bpi_run *run);

/* Appends a row; BP_NO_MEMORY leaves the run as it was.  The run must not be full. */
bp_status bpi_run_add(bpi_run *run, const bpi_row *row);
/* Takes the newest row back. */
void bpi_run_undo(bpi_run *run);

/* What tables of ids go by. */
uint64_t bpi_run_hash(uint64_t seed, const uint8_t event_id[16]);
/* The first row with this id, whose hash is given, at `from` or behind; 0 when there is none. */
int bpi_run_find(const bpi_run *run, const uint8_t event_id[16], uint64_t hash, uint32_t from, uint32_t *row);
/* Brings the place where bpi_run_find would look closer. */
static inline void bpi_run_prefetch(const bpi_run *run, uint64_t hash) {
  if (run->slot_count > 0) bpi_prefetch(&run->slots[hash & (run->slot_count - 1)], 1);
}
/* The first row whose sequence is >= `sequence`; count when there is none. */
uint32_t bpi_run_seek(const bpi_run *run, uint64_t sequence);

#endif
