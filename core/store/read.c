/* The public ways to read: page, get, walk. */
#include "store/page.h"

#include <string.h>

size_t bpi_store_frame_room(const bp_store *store, const bpi_row *row) {
  uint64_t size = atomic_load(&bpi_segments_at(&store->segments, row->segment)->size);
  return row->offset <= size && row->frame_length <= size - row->offset ? row->frame_length : 0;
}

bp_status bpi_store_read_frame(bp_store *store, const bpi_row *row, uint8_t *room, bpi_frame *frame, bp_error *error) {
  bpi_bytes bytes;
  bp_status status = bpi_segments_view(&store->segments, row->segment, row->offset, row->frame_length, &bytes, error);
  if (status != BP_OK) return status;
  uint64_t segment_id = bpi_segments_at(&store->segments, row->segment)->id;
  if (bpi_frame_check(bytes, 0) != row->frame_length) {
    return bpi_fail_at(error, BP_DAMAGED_FRAME, segment_id, row->offset, "the checksum of the frame does not hold");
  }
  status = room == NULL ? bpi_frame_decode(bytes, frame) : bpi_frame_read(bytes, room, frame);
  if (status != BP_OK) {
    return bpi_fail_at(error, BP_DAMAGED_FRAME, segment_id, row->offset, "the frame is no event");
  }
  if (memcmp(frame->header.event_id, row->event_id, 16) != 0) {
    return bpi_fail_at(error, BP_DAMAGED_FRAME, segment_id, row->offset, "another event stands in the event's place");
  }
  return BP_OK;
}

/* --- page */

static bp_status filter_of(const bp_query *query, bpi_filter *filter, bp_error *error) {
  *filter = (bpi_filter){0};
  if ((query->flags & ~(uint32_t)BP_QUERY_MASK) || query->kind_filter > BP_KIND_CATEGORY ||
      ((query->flags & BP_QUERY_ENTITY) && (query->flags & BP_QUERY_UNDER))) {
    return bpi_fail(error, BP_ARGUMENT, "an option of the query has an unknown value");
  }
  if ((query->entity == NULL && query->entity_length > 0) || (query->scope == NULL && query->scope_length > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "a length without bytes");
  }
  if (query->flags & BP_QUERY_ENTITY) filter->flags |= BPI_FILTER_ENTITY;
  if (query->flags & BP_QUERY_UNDER) filter->flags |= BPI_FILTER_UNDER;
  if (query->flags & BP_QUERY_SCOPE) filter->flags |= BPI_FILTER_SCOPE;
  if (query->flags & BP_QUERY_CLOCK) filter->flags |= BPI_FILTER_CLOCK;
  filter->entity = bpi_bytes_of(query->entity, query->entity_length);
  filter->scope = bpi_bytes_of(query->scope, query->scope_length);
  filter->clock_min = query->clock_min;
  filter->clock_max = query->clock_max;
  uint32_t most = query->kind_filter == BP_KIND_CATEGORY ? 0xf : UINT16_MAX;
  if (query->kind_filter != BP_KIND_ANY && query->kind > most) {
    return bpi_fail(error, BP_KIND_RANGE, "the kind of the query is out of range");
  }
  if (query->kind_filter == BP_KIND_EXACT) {
    filter->kind_mask = UINT16_MAX;
    filter->kind_value = (uint16_t)query->kind;
  } else if (query->kind_filter == BP_KIND_CATEGORY) {
    filter->kind_mask = 0xf000;
    filter->kind_value = (uint16_t)(query->kind << 12);
  }
  return BP_OK;
}

/* Chooses rows a few at a time, so that the lock is held briefly, until `limit` or `max_bytes` is reached. */
static bp_status choose_rows(bp_store *store, const bp_query *query, const bpi_filter *filter, bp_page *page,
                             bp_error *error) {
  enum { AT_ONCE = 256 };
  uint32_t next = 0;
  size_t bytes = 0;
  bpi_rwlock_read(&store->index_lock);
  if (query->flags & BP_QUERY_AFTER) {
    next = query->after == UINT64_MAX ? store->index.count : bpi_index_seek(&store->index, query->after + 1);
  }
  bpi_rwlock_unlock(&store->index_lock);
  while (page->row_count < query->limit) {
    size_t wanted = query->limit - page->row_count < AT_ONCE ? query->limit - page->row_count : AT_ONCE;
    if (bpi_grow(&page->memory, (void **)&page->rows, &page->row_capacity, page->row_count + wanted,
                 sizeof *page->rows) != 0) {
      bpi_page_clear(page);
      return bpi_fail(error, BP_NO_MEMORY, "filling a page");
    }
    bpi_rwlock_read(&store->index_lock);
    size_t got = bpi_index_select(&store->index, filter, &next, wanted, page->rows + page->row_count);
    bpi_rwlock_unlock(&store->index_lock);
    for (size_t i = 0; i < got; i++) {
      size_t length = page->rows[page->row_count].frame_length;
      if (page->row_count > 0 && bytes + length > query->max_bytes) {
        page->more = 1;
        return BP_OK;
      }
      bytes += length;
      page->row_count++;
    }
    if (got < wanted) return BP_OK;
  }
  page->more = 1;
  return BP_OK;
}

bp_status bpi_store_fill_page(bp_store *store, const bp_query *query, bp_page *page, bp_error *error) {
  bpi_filter filter;
  bp_status status = filter_of(query, &filter, error);
  if (status != BP_OK) return status;
  bpi_page_clear(page);
  status = choose_rows(store, query, &filter, page, error);
  return status == BP_OK ? bpi_page_read(page, store, error) : status;
}

bp_status bp_store_page(const bp_store *store, const bp_query *query, bp_page *page, bp_error *error) {
  bp_query all;
  if (page == NULL) return bpi_fail(error, BP_ARGUMENT, "page is NULL");
  (void)bp_query_init(&all, sizeof all);
  if (query == NULL) query = &all;
  bp_status status = bpi_check_struct(query, query->struct_size, sizeof *query, sizeof *query, error);
  if (status == BP_OK) status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  status = bpi_store_fill_page(bpi_store_of(store), query, page, error);
  bpi_store_leave(store);
  return status;
}

/* --- get and walk */

/* The visible row with this id: its number, and a copy. */
static bp_status find_row(bp_store *store, const uint8_t event_id[16], uint32_t *number, bpi_row *row, bp_error *error) {
  bpi_rwlock_read(&store->index_lock);
  *number = bpi_index_find_visible(&store->index, event_id);
  int visible = *number != BPI_NO_ROW;
  if (visible) *row = *bpi_index_row(&store->index, *number);
  bpi_rwlock_unlock(&store->index_lock);
  if (visible) return BP_OK;
  bp_error full = {.code = BP_NOT_FOUND};
  static const char text[] = "no visible event has this id";
  memcpy(full.text, text, sizeof text);
  memcpy(full.event_id, event_id, sizeof full.event_id);
  return bpi_error_copy(error, &full);
}

static bp_status get(bp_store *store, const uint8_t event_id[16], bp_page *page, bp_error *error) {
  uint32_t number;
  bpi_row *row = bpi_page_add_row(page);
  if (row == NULL) return bpi_fail(error, BP_NO_MEMORY, "filling a page");
  bp_status status = find_row(store, event_id, &number, row, error);
  if (status == BP_OK) status = bpi_page_read(page, store, error);
  if (status == BP_OK && page->events[0].status != BP_OK) {
    const bp_event *event = &page->events[0];
    status = bpi_fail_at(error, event->status, event->segment_id, event->offset, "the event cannot be read");
  }
  if (status != BP_OK) bpi_page_clear(page);
  return status;
}

bp_status bp_store_get(const bp_store *store, const uint8_t event_id[16], bp_page *page, bp_error *error) {
  if (page == NULL || event_id == NULL) return bpi_fail(error, BP_ARGUMENT, "event_id or page is NULL");
  bp_status status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  bpi_page_clear(page);
  status = get(bpi_store_of(store), event_id, page, error);
  bpi_store_leave(store);
  return status;
}

static int is_zero(const uint8_t hash[32]) {
  static const uint8_t zero[32];
  return memcmp(hash, zero, sizeof zero) == 0;
}

static bp_status walk(bp_store *store, uint32_t number, bpi_row row, size_t limit, bp_page *page, bp_error *error) {
  bp_status status = BP_OK;
  while (status == BP_OK) {
    bpi_row *chosen = bpi_page_add_row(page);
    if (chosen == NULL) {
      status = bpi_fail(error, BP_NO_MEMORY, "walking");
      break;
    }
    *chosen = row;
    status = bpi_page_read(page, store, error);
    if (status != BP_OK) break;
    const bp_event *event = &page->events[page->count - 1];
    if (event->status != BP_OK || is_zero(event->prev_hash)) break;
    bpi_rwlock_read(&store->index_lock);
    number = bpi_index_parent(&store->index, number, event->prev_hash);
    if (number != BPI_NO_ROW) row = *bpi_index_row(&store->index, number);
    bpi_rwlock_unlock(&store->index_lock);
    if (number == BPI_NO_ROW) break;
    if (page->count == limit) {
      page->more = 1;
      break;
    }
  }
  return status;
}

bp_status bp_store_walk(const bp_store *store, const uint8_t event_id[16], size_t limit, bp_page *page,
                        bp_error *error) {
  if (page == NULL || event_id == NULL) return bpi_fail(error, BP_ARGUMENT, "event_id or page is NULL");
  bp_status status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  bp_store *inside = bpi_store_of(store);
  uint32_t number;
  bpi_row row;
  bpi_page_clear(page);
  status = find_row(inside, event_id, &number, &row, error);
  if (status == BP_OK && limit == 0) {
    page->more = 1;
  } else if (status == BP_OK) {
    status = walk(inside, number, row, limit, page, error);
  }
  if (status != BP_OK) bpi_page_clear(page);
  bpi_store_leave(store);
  return status;
}
