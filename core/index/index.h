/* The index: what is known of every event without touching the disk.  Rows are numbered in commit order over all runs.
 *
 *   - Sequences rise strictly with the row numbers.
 *   - Rows at or above `published` are in flight: assigned, perhaps written, not to be seen by readers.  It rises without
 *     the lock and never falls.
 *   - Not thread-safe by itself: the store holds a lock, shared for reading, exclusive for each change. */
#ifndef BPI_INDEX_INDEX_H
#define BPI_INDEX_INDEX_H

#include "index/names.h"
#include "index/run.h"
#include "journal/hidden.h"

typedef struct bpi_index {
  bpi_memory memory;
  bpi_names names;
  bpi_run **runs;
  size_t run_count;
  size_t run_capacity;
  uint32_t count;      /* rows, in flight too */
  _Atomic uint32_t published;
  uint32_t entities;   /* names with events */
  uint32_t scopes;
  bpi_range *hidden;   /* sorted, disjoint */
  size_t hidden_count;
} bpi_index;

void bpi_index_init(bpi_index *index, const bpi_memory *memory, uint64_t seed);
void bpi_index_free(bpi_index *index);
size_t bpi_index_bytes(const bpi_index *index);

/* Appends; entity, scope and previous of `row` are set here.  BP_NO_MEMORY leaves the index as it was but
 * for names without events. */
bp_status bpi_index_add(bpi_index *index, const bpi_row *row, bpi_bytes entity, bpi_bytes scope);
/* The same for a caller who has looked the entity up: `number` is what bpi_index_entity answered. */
bp_status bpi_index_add_known(bpi_index *index, const bpi_row *row, uint32_t number, bpi_bytes entity, bpi_bytes scope);
/* A row with this id, of an entity that bpi_index_entity has answered, is about to be added: its places in the tables are
 * asked for. */
void bpi_index_prefetch(const bpi_index *index, uint32_t number, const uint8_t event_id[16]);
/* The number of an entity; BPI_NO_NAME when it is not known. */
uint32_t bpi_index_entity(const bpi_index *index, bpi_bytes entity);
/* Takes back the newest rows, which must not be published, until `count` are left. */
void bpi_index_undo(bpi_index *index, uint32_t count);
/* Copies the ranges. */
bp_status bpi_index_set_hidden(bpi_index *index, const bpi_range *ranges, size_t count);
/* Takes them over: count * sizeof *ranges bytes of the index's memory.  Cannot fail. */
void bpi_index_take_hidden(bpi_index *index, bpi_range *ranges, size_t count);

static inline const bpi_row *bpi_index_row(const bpi_index *index, uint32_t row) {
  return &index->runs[row / BPI_RUN_ROWS]->rows[row % BPI_RUN_ROWS];
}
int bpi_index_is_hidden(const bpi_index *index, uint64_t sequence);
/* Published and not hidden. */
int bpi_index_is_visible(const bpi_index *index, uint32_t row);

/* The first row with this id, hidden and in flight too.  BPI_NO_ROW when there is none. */
uint32_t bpi_index_find(const bpi_index *index, const uint8_t event_id[16]);
/* The first of them that is visible. */
uint32_t bpi_index_find_visible(const bpi_index *index, const uint8_t event_id[16]);
/* The entity's newest row, hidden and in flight too.  BPI_NO_ROW when there is none. */
uint32_t bpi_index_last_of_entity(const bpi_index *index, bpi_bytes entity);
/* The same for what bpi_index_entity answered. */
uint32_t bpi_index_last_of_known(const bpi_index *index, uint32_t number);
/* The nearest visible row of the same entity before `row` whose event hash is `hash`.  BPI_NO_ROW when there is none. */
uint32_t bpi_index_parent(const bpi_index *index, uint32_t row, const uint8_t hash[32]);
/* The first row with a sequence >= `sequence`, or index->count. */
uint32_t bpi_index_seek(const bpi_index *index, uint64_t sequence);
/* Behind the newest visible row; 0: there is none. */
uint32_t bpi_index_visible_end(const bpi_index *index);
/* Visible rows in all. */
uint64_t bpi_index_visible_count(const bpi_index *index);

/* --- selection */

enum { BPI_FILTER_ENTITY = 1, BPI_FILTER_UNDER = 2, BPI_FILTER_SCOPE = 4, BPI_FILTER_CLOCK = 8 };

/* All conditions must hold.  Kind: (kind & kind_mask) == kind_value. */
typedef struct bpi_filter {
  uint32_t flags;
  bpi_bytes entity;   /* ENTITY: exactly; UNDER: itself and `entity:...` */
  bpi_bytes scope;
  uint16_t kind_mask;
  uint16_t kind_value;
  uint32_t clock_min;
  uint32_t clock_max;
} bpi_filter;

/* Copies up to `limit` visible rows that match, from row number *next on, to `rows`; *next is where to go on.  Answers how
 * many; fewer than `limit` means the end was reached. */
size_t bpi_index_select(const bpi_index *index, const bpi_filter *filter, uint32_t *next, size_t limit, bpi_row *rows);

#endif
