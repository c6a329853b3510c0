#include "index/index.h"

void bpi_index_init(bpi_index *index, const bpi_memory *memory, uint64_t seed) {
  memset(index, 0, sizeof *index);
  index->memory = *memory;
  bpi_names_init(&index->names, memory, seed);
}

void bpi_index_free(bpi_index *index) {
  for (size_t i = 0; i < index->run_count; i++) {
    bpi_run_free(index->runs[i]);
    bpi_release(&index->memory, index->runs[i], sizeof *index->runs[i]);
  }
  bpi_release(&index->memory, index->runs, index->run_capacity * sizeof(bpi_run *));
  bpi_release(&index->memory, index->hidden, index->hidden_count * sizeof *index->hidden);
  bpi_names_free(&index->names);
}

size_t bpi_index_bytes(const bpi_index *index) {
  size_t bytes = bpi_names_bytes(&index->names) + index->run_capacity * sizeof(bpi_run *);
  for (size_t i = 0; i < index->run_count; i++) bytes += sizeof *index->runs[i] + bpi_run_bytes(index->runs[i]);
  return bytes;
}

/* A small store has little; behind a full run the next one is expected to fill too, and is not grown step by step. */
enum { FIRST_ROWS = 256 };

/* The run that takes the next row. */
static bpi_run *open_run(bpi_index *index) {
  if (index->count == UINT32_MAX - 1) return NULL;
  if (index->count / BPI_RUN_ROWS < index->run_count) return index->runs[index->count / BPI_RUN_ROWS];
  if (bpi_grow(&index->memory, (void **)&index->runs, &index->run_capacity, index->run_count + 1,
               sizeof(bpi_run *)) != 0) {
    return NULL;
  }
  bpi_run *run = bpi_allocate(&index->memory, sizeof *run);
  if (run == NULL) return NULL;
  bpi_run_init(run, &index->memory, index->names.seed, index->run_count == 0 ? FIRST_ROWS : BPI_RUN_ROWS);
  index->runs[index->run_count++] = run;
  return run;
}

void bpi_index_prefetch(const bpi_index *index, uint32_t number, const uint8_t event_id[16]) {
  size_t last = index->count / BPI_RUN_ROWS;
  if (last >= index->run_count) return;
  const bpi_run *run = index->runs[last];
  bpi_run_prefetch(run, bpi_run_hash(index->names.seed, event_id));
  bpi_postings_prefetch(&run->entities, number);
}

bp_status bpi_index_add(bpi_index *index, const bpi_row *row, bpi_bytes entity, bpi_bytes scope) {
  return bpi_index_add_known(index, row, BPI_NO_NAME, entity, scope);
}

bp_status bpi_index_add_known(bpi_index *index, const bpi_row *row, uint32_t number, bpi_bytes entity, bpi_bytes scope) {
  bpi_row full = *row;
  full.entity = number;
  bpi_run *run = open_run(index);
  if (run == NULL ||
      (number == BPI_NO_NAME && bpi_names_intern(&index->names, entity, &full.entity) != BP_OK) ||
      bpi_names_intern(&index->names, scope, &full.scope) != BP_OK || bpi_run_add(run, &full) != BP_OK) {
    return BP_NO_MEMORY;
  }
  bpi_name *entity_name = &index->names.names[full.entity];
  index->runs[index->count / BPI_RUN_ROWS]->rows[index->count % BPI_RUN_ROWS].previous = entity_name->last_row;
  entity_name->last_row = index->count++;
  if (entity_name->entity_events++ == 0) index->entities++;
  if (index->names.names[full.scope].scope_events++ == 0) index->scopes++;
  return BP_OK;
}

void bpi_index_undo(bpi_index *index, uint32_t count) {
  while (index->count > count) {
    bpi_row row = *bpi_index_row(index, --index->count);
    bpi_run_undo(index->runs[index->count / BPI_RUN_ROWS]);
    bpi_name *entity_name = &index->names.names[row.entity];
    if (--entity_name->entity_events == 0) index->entities--;
    if (--index->names.names[row.scope].scope_events == 0) index->scopes--;
    entity_name->last_row = row.previous;
  }
}

bp_status bpi_index_set_hidden(bpi_index *index, const bpi_range *ranges, size_t count) {
  bpi_range *copy = NULL;
  if (count > 0) {
    copy = bpi_allocate(&index->memory, count * sizeof *copy);
    if (copy == NULL) return BP_NO_MEMORY;
    memcpy(copy, ranges, count * sizeof *copy);
  }
  bpi_index_take_hidden(index, copy, count);
  return BP_OK;
}

void bpi_index_take_hidden(bpi_index *index, bpi_range *ranges, size_t count) {
  bpi_release(&index->memory, index->hidden, index->hidden_count * sizeof *index->hidden);
  index->hidden = ranges;
  index->hidden_count = count;
}

int bpi_index_is_hidden(const bpi_index *index, uint64_t sequence) {
  size_t low = 0, high = index->hidden_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (sequence < index->hidden[middle].start) {
      high = middle;
    } else if (sequence >= index->hidden[middle].end) {
      low = middle + 1;
    } else {
      return 1;
    }
  }
  return 0;
}

int bpi_index_is_visible(const bpi_index *index, uint32_t row) {
  return row < index->published && !bpi_index_is_hidden(index, bpi_index_row(index, row)->sequence);
}

uint32_t bpi_index_find(const bpi_index *index, const uint8_t event_id[16]) {
  uint64_t hash = bpi_run_hash(index->names.seed, event_id);
  for (size_t i = 0; i < index->run_count; i++) bpi_run_prefetch(index->runs[i], hash);
  for (size_t i = 0; i < index->run_count; i++) {
    uint32_t row;
    if (bpi_run_find(index->runs[i], event_id, hash, 0, &row)) return (uint32_t)i * BPI_RUN_ROWS + row;
  }
  return BPI_NO_ROW;
}

uint32_t bpi_index_find_visible(const bpi_index *index, const uint8_t event_id[16]) {
  uint64_t hash = bpi_run_hash(index->names.seed, event_id);
  for (size_t i = 0; i < index->run_count; i++) bpi_run_prefetch(index->runs[i], hash);
  for (size_t i = 0; i < index->run_count; i++) {
    uint32_t row;
    for (uint32_t from = 0; bpi_run_find(index->runs[i], event_id, hash, from, &row); from = row + 1) {
      uint32_t number = (uint32_t)i * BPI_RUN_ROWS + row;
      if (bpi_index_is_visible(index, number)) return number;
    }
  }
  return BPI_NO_ROW;
}

uint32_t bpi_index_entity(const bpi_index *index, bpi_bytes entity) {
  uint32_t number;
  return bpi_names_find(&index->names, entity, &number) ? number : BPI_NO_NAME;
}

uint32_t bpi_index_last_of_entity(const bpi_index *index, bpi_bytes entity) {
  return bpi_index_last_of_known(index, bpi_index_entity(index, entity));
}

uint32_t bpi_index_last_of_known(const bpi_index *index, uint32_t number) {
  return number == BPI_NO_NAME ? BPI_NO_ROW : index->names.names[number].last_row;
}

uint32_t bpi_index_parent(const bpi_index *index, uint32_t row, const uint8_t hash[32]) {
  do {
    row = bpi_index_row(index, row)->previous;
  } while (row != BPI_NO_ROW &&
           (memcmp(bpi_index_row(index, row)->event_hash, hash, 32) != 0 || !bpi_index_is_visible(index, row)));
  return row;
}

uint32_t bpi_index_seek(const bpi_index *index, uint64_t sequence) {
  size_t low = 0, high = index->run_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const bpi_run *run = index->runs[middle];
    if (run->count > 0 && run->rows[run->count - 1].sequence < sequence) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == index->run_count) return index->count;
  return (uint32_t)low * BPI_RUN_ROWS + bpi_run_seek(index->runs[low], sequence);
}

uint32_t bpi_index_visible_end(const bpi_index *index) {
  uint32_t end = index->published;
  for (size_t i = index->hidden_count; i > 0 && end > 0; i--) {
    const bpi_range *range = &index->hidden[i - 1];
    uint64_t last = bpi_index_row(index, end - 1)->sequence;
    if (last >= range->end) break;
    if (last >= range->start) end = bpi_index_seek(index, range->start);
  }
  return end;
}

uint64_t bpi_index_visible_count(const bpi_index *index) {
  uint32_t published = index->published;
  uint64_t count = published;
  for (size_t i = 0; i < index->hidden_count; i++) {
    uint32_t from = bpi_index_seek(index, index->hidden[i].start), to = bpi_index_seek(index, index->hidden[i].end);
    if (to > published) to = published;
    if (from < to) count -= to - from;
  }
  return count;
}
