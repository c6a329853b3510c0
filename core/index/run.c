#include "index/run.h"

#include "base/hash.h"

enum { ROW_MASK = BPI_RUN_ROWS - 1 };

void bpi_run_init(bpi_run *run, const bpi_memory *memory, uint64_t seed, uint32_t expected) {
  memset(run, 0, sizeof *run);
  run->memory = *memory;
  run->seed = seed;
  run->expected = expected;
  bpi_postings_init(&run->entities, memory);
  bpi_postings_init(&run->scopes, memory);
  bpi_postings_init(&run->kinds, memory);
}

void bpi_run_free(bpi_run *run) {
  bpi_release(&run->memory, run->rows, run->capacity * sizeof *run->rows);
  bpi_release(&run->memory, run->slots, run->slot_count * sizeof *run->slots);
  bpi_postings_free(&run->entities);
  bpi_postings_free(&run->scopes);
  bpi_postings_free(&run->kinds);
}

size_t bpi_run_bytes(const bpi_run *run) {
  return run->capacity * sizeof *run->rows + run->slot_count * sizeof *run->slots +
         bpi_postings_bytes(&run->entities) + bpi_postings_bytes(&run->scopes) + bpi_postings_bytes(&run->kinds);
}

/* UUIDs of version 7 differ in their last bytes, callers' keys anywhere: hash all of it. */
uint64_t bpi_run_hash(uint64_t seed, const uint8_t event_id[16]) { return bpi_hash(event_id, 16, seed); }

/* Tag and row in one word: looking costs one miss of the cache, not two. */
static uint32_t slot_of(uint64_t hash, uint32_t row) {
  const uint32_t never_zero = BPI_RUN_ROWS;
  return ((uint32_t)(hash >> 32) & ~(uint32_t)ROW_MASK) | never_zero | row;
}

static void put_id(bpi_run *run, uint32_t row) {
  uint64_t hash = bpi_run_hash(run->seed, run->rows[row].event_id);
  size_t mask = run->slot_count - 1, slot = (size_t)hash & mask;
  while (run->slots[slot] != 0) slot = (slot + 1) & mask;
  run->slots[slot] = slot_of(hash, row);
}

static bp_status grow_rows(bpi_run *run) {
  if (run->count < run->capacity) return BP_OK;
  size_t capacity = run->capacity == 0 ? run->expected : run->capacity * 2;
  size_t slot_count = capacity * 2;
  uint32_t *slots = bpi_allocate(&run->memory, slot_count * sizeof *slots);
  bpi_row *rows = NULL;
  if (slots != NULL) {
    rows = bpi_resize(&run->memory, run->rows, run->capacity * sizeof *rows, capacity * sizeof *rows);
  }
  if (rows == NULL) {
    bpi_release(&run->memory, slots, slot_count * sizeof *slots);
    return BP_NO_MEMORY;
  }
  bpi_release(&run->memory, run->slots, run->slot_count * sizeof *slots);
  run->rows = rows;
  run->capacity = capacity;
  run->slots = slots;
  run->slot_count = slot_count;
  for (uint32_t i = 0; i < run->count; i++) put_id(run, i);
  return BP_OK;
}

bp_status bpi_run_add(bpi_run *run, const bpi_row *row) {
  bpi_posting_list *entity, *scope, *kind;
  if (grow_rows(run) != BP_OK || bpi_postings_reserve(&run->entities, row->entity, &entity) != BP_OK ||
      bpi_postings_reserve(&run->scopes, row->scope, &scope) != BP_OK ||
      bpi_postings_reserve(&run->kinds, row->kind, &kind) != BP_OK) {
    return BP_NO_MEMORY;
  }
  uint32_t number = run->count++;
  run->rows[number] = *row;
  put_id(run, number);
  bpi_postings_add(&run->entities, entity, row->entity, number);
  bpi_postings_add(&run->scopes, scope, row->scope, number);
  bpi_postings_add(&run->kinds, kind, row->kind, number);
  return BP_OK;
}

/* The newest entry of an open-addressing table stands at the end of its cluster: emptying its slot breaks no chain. */
void bpi_run_undo(bpi_run *run) {
  const bpi_row *row = &run->rows[--run->count];
  uint64_t hash = bpi_run_hash(run->seed, row->event_id);
  size_t mask = run->slot_count - 1, slot = (size_t)hash & mask;
  while (run->slots[slot] != slot_of(hash, run->count)) slot = (slot + 1) & mask;
  run->slots[slot] = 0;
  bpi_postings_undo(&run->entities, row->entity);
  bpi_postings_undo(&run->scopes, row->scope);
  bpi_postings_undo(&run->kinds, row->kind);
}

/* Rows with one id stand in the table in the order in which they were added. */
int bpi_run_find(const bpi_run *run, const uint8_t event_id[16], uint64_t hash, uint32_t from, uint32_t *row) {
  if (run->slot_count == 0) return 0;
  size_t mask = run->slot_count - 1;
  for (size_t slot = (size_t)hash & mask; run->slots[slot] != 0; slot = (slot + 1) & mask) {
    uint32_t found = run->slots[slot] & ROW_MASK;
    if (run->slots[slot] == slot_of(hash, found) && found >= from &&
        memcmp(run->rows[found].event_id, event_id, 16) == 0) {
      *row = found;
      return 1;
    }
  }
  return 0;
}

uint32_t bpi_run_seek(const bpi_run *run, uint64_t sequence) {
  uint32_t low = 0, high = run->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (run->rows[middle].sequence < sequence) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
