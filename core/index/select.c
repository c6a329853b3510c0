/* Which rows match: one list of candidates per run, the other conditions tested on each. */
#include "index/index.h"

/* The filter with its strings looked up once. */
typedef struct {
  const bpi_index *index;
  const bpi_filter *filter;
  uint32_t entity;
  uint32_t scope;
  uint32_t under_cached;  /* the last entity judged by UNDER */
  int under_verdict;
} selection;

static int is_under(bpi_bytes name, bpi_bytes prefix) {
  if (name.length < prefix.length || (prefix.length > 0 && memcmp(name.data, prefix.data, prefix.length) != 0)) return 0;
  return name.length == prefix.length || name.data[prefix.length] == ':';
}

static int entity_is_under(selection *s, uint32_t entity) {
  if (s->under_cached != entity) {
    s->under_cached = entity;
    s->under_verdict = is_under(bpi_names_text(&s->index->names, entity), s->filter->entity);
  }
  return s->under_verdict;
}

static int matches(selection *s, const bpi_row *row) {
  const bpi_filter *filter = s->filter;
  if ((row->kind & filter->kind_mask) != filter->kind_value) return 0;
  if ((filter->flags & BPI_FILTER_ENTITY) && row->entity != s->entity) return 0;
  if ((filter->flags & BPI_FILTER_SCOPE) && row->scope != s->scope) return 0;
  if ((filter->flags & BPI_FILTER_CLOCK) && (row->clock < filter->clock_min || row->clock > filter->clock_max)) return 0;
  if ((filter->flags & BPI_FILTER_UNDER) && !entity_is_under(s, row->entity)) return 0;
  return !bpi_index_is_hidden(s->index, row->sequence);
}

/* The shortest list that holds every match of the run, or NULL: all rows.  *none: there cannot be a match. */
static const bpi_posting_list *candidates(selection *s, const bpi_run *run, const bpi_postings **postings, int *none) {
  const bpi_filter *filter = s->filter;
  const bpi_posting_list *best = NULL;
  const struct {
    int wanted;
    const bpi_postings *postings;
    uint32_t key;
  } sources[] = {
      {(filter->flags & BPI_FILTER_ENTITY) != 0, &run->entities, s->entity},
      {(filter->flags & BPI_FILTER_SCOPE) != 0, &run->scopes, s->scope},
      {filter->kind_mask == UINT16_MAX, &run->kinds, filter->kind_value},
  };
  *none = 0;
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    if (!sources[i].wanted) continue;
    const bpi_posting_list *list = bpi_postings_find(sources[i].postings, sources[i].key);
    if (list == NULL) {
      *none = 1;
      return NULL;
    }
    if (best == NULL || list->count < best->count) {
      best = list;
      *postings = sources[i].postings;
    }
  }
  return best;
}

/* Has the run any entity in the region?  Spares whole runs where the region is elsewhere. */
static int run_has_region(selection *s, const bpi_run *run) {
  for (size_t i = 0; i < run->entities.list_slots; i++) {
    const bpi_posting_list *list = &run->entities.lists[i];
    if (list->count > 0 && entity_is_under(s, list->key_plus_one - 1)) return 1;
  }
  return 0;
}

/* Takes matches of one run from its row *next on, below `end`. */
static size_t select_in_run(selection *s, const bpi_run *run, uint32_t *next, uint32_t end, size_t limit,
                            bpi_row *rows) {
  const bpi_postings *postings = NULL;
  int none;
  size_t taken = 0;
  const bpi_posting_list *list = candidates(s, run, &postings, &none);
  if (none || ((s->filter->flags & BPI_FILTER_UNDER) && list == NULL && !run_has_region(s, run))) {
    *next = end;
    return 0;
  }
  uint32_t row = *next;
  bpi_posting_cursor cursor = {0};
  if (list != NULL) bpi_posting_seek(postings, list, *next, &cursor);
  while (taken < limit) {
    if (list != NULL && !bpi_posting_next(&cursor, &row)) row = end;
    if (row >= end) {
      *next = end;
      return taken;
    }
    if (matches(s, &run->rows[row])) rows[taken++] = run->rows[row];
    *next = ++row;
  }
  return taken;
}

size_t bpi_index_select(const bpi_index *index, const bpi_filter *filter, uint32_t *next, size_t limit, bpi_row *rows) {
  selection s = {.index = index, .filter = filter, .under_cached = BPI_NO_ROW};
  size_t taken = 0;
  if ((filter->flags & BPI_FILTER_ENTITY) && !bpi_names_find(&index->names, filter->entity, &s.entity)) return 0;
  if ((filter->flags & BPI_FILTER_SCOPE) && !bpi_names_find(&index->names, filter->scope, &s.scope)) return 0;
  uint32_t published = index->published;
  while (taken < limit && *next < published) {
    uint32_t base = *next / BPI_RUN_ROWS * BPI_RUN_ROWS;
    const bpi_run *run = index->runs[*next / BPI_RUN_ROWS];
    uint32_t end = published - base < run->count ? published - base : run->count;
    uint32_t row = *next - base;
    taken += select_in_run(&s, run, &row, end, limit - taken, rows + taken);
    *next = base + row;
  }
  return taken;
}
