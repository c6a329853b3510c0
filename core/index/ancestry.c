#include "index/index.h"

void bpi_ancestry_init(bpi_ancestry *ancestry, const bpi_index *index, uint32_t row) {
  memset(ancestry, 0, sizeof *ancestry);
  ancestry->memory = index->memory;
  ancestry->entity = bpi_index_row(index, row)->entity;
  ancestry->below = row;
}

void bpi_ancestry_free(bpi_ancestry *ancestry) {
  bpi_release(&ancestry->memory, ancestry->rows, ancestry->capacity * sizeof *ancestry->rows);
}

/* The entity's rows of the nearest run below that has any; none are left when `count` stays 0. */
static bp_status load_run(bpi_ancestry *ancestry, const bpi_index *index) {
  while (ancestry->count == 0 && ancestry->below > 0) {
    uint32_t run_number = (ancestry->below - 1) / BPI_RUN_ROWS, base = run_number * BPI_RUN_ROWS, row;
    const bpi_postings *postings = &index->runs[run_number]->entities;
    const bpi_posting_list *list = bpi_postings_find(postings, ancestry->entity);
    bpi_posting_cursor cursor = {0};
    if (list != NULL) {
      if (bpi_grow(&ancestry->memory, (void **)&ancestry->rows, &ancestry->capacity, list->count,
                   sizeof *ancestry->rows) != 0) {
        return BP_NO_MEMORY;
      }
      bpi_posting_seek(postings, list, 0, &cursor);
      while (bpi_posting_next(&cursor, &row) && base + row < ancestry->below) ancestry->rows[ancestry->count++] = base + row;
    }
    ancestry->below = base;
  }
  return BP_OK;
}

bp_status bpi_ancestry_find(bpi_ancestry *ancestry, const bpi_index *index, const uint8_t hash[32], uint32_t *row) {
  *row = BPI_NO_ROW;
  for (;;) {
    if (load_run(ancestry, index) != BP_OK) return BP_NO_MEMORY;
    if (ancestry->count == 0) return BP_OK;
    uint32_t candidate = ancestry->rows[--ancestry->count];
    if (memcmp(bpi_index_row(index, candidate)->event_hash, hash, 32) != 0) continue;
    if (!bpi_index_is_visible(index, candidate)) continue;
    *row = candidate;
    return BP_OK;
  }
}
