#include "store/page.h"

#include "codec/unpack.h"

#include <string.h>

bp_status bp_page_new(bp_page **page, bp_error *error) {
  if (page == NULL) return bpi_fail(error, BP_ARGUMENT, "page is NULL");
  bpi_memory memory = bpi_memory_default();
  *page = bpi_allocate(&memory, sizeof **page);
  if (*page == NULL) return bpi_fail(error, BP_NO_MEMORY, "making a page");
  (*page)->memory = memory;
  bpi_arena_init(&(*page)->extensions, &memory);
  return BP_OK;
}

void bp_page_free(bp_page *page) {
  if (page == NULL) return;
  bpi_memory memory = page->memory;
  bpi_release(&memory, page->events, page->capacity * sizeof *page->events);
  bpi_release(&memory, page->rows, page->row_capacity * sizeof *page->rows);
  bpi_release(&memory, page->bytes, page->bytes_capacity);
  bpi_arena_free(&page->extensions);
  bpi_release(&memory, page, sizeof *page);
}

const bp_event *bp_page_events(const bp_page *page, size_t *count) {
  if (count != NULL) *count = page == NULL ? 0 : page->count;
  return page == NULL ? NULL : page->events;
}

int32_t bp_page_more(const bp_page *page) { return page != NULL && page->more; }

const uint8_t *bp_page_arena(const bp_page *page, size_t *length) {
  if (length != NULL) *length = page == NULL ? 0 : page->length;
  return page == NULL ? NULL : page->bytes;
}

void bpi_page_clear(bp_page *page) {
  page->count = page->row_count = page->length = 0;
  page->more = 0;
  bpi_arena_reset(&page->extensions);
}

bpi_row *bpi_page_add_row(bp_page *page) {
  if (bpi_grow(&page->memory, (void **)&page->rows, &page->row_capacity, page->row_count + 1, sizeof *page->rows) != 0) {
    return NULL;
  }
  return &page->rows[page->row_count++];
}

static const uint8_t *moved(const uint8_t *pointer, const uint8_t *from, const uint8_t *to) {
  return pointer == NULL ? NULL : to + (pointer - from);
}

static void move_event(bp_event *event, const uint8_t *from, const uint8_t *to) {
  event->entity = moved(event->entity, from, to);
  event->scope = moved(event->scope, from, to);
  event->payload = moved(event->payload, from, to);
  for (uint32_t i = 0; i < event->extension_count; i++) {
    bp_extension extension = event->extensions[i];
    extension.name = moved(extension.name, from, to);
    extension.value = moved(extension.value, from, to);
    memcpy((void *)(uintptr_t)&event->extensions[i], &extension, sizeof extension);
  }
}

bp_status bpi_page_reserve(bp_page *page, size_t events, size_t bytes) {
  if (bpi_grow(&page->memory, (void **)&page->events, &page->capacity, page->count + events, sizeof *page->events) != 0) {
    return BP_NO_MEMORY;
  }
  if (page->bytes_capacity - page->length >= bytes) return BP_OK;
  uint8_t *old = page->bytes;
  size_t capacity = page->length + bytes + page->length / 2;
  uint8_t *fresh = bpi_resize(&page->memory, NULL, 0, capacity);
  if (fresh == NULL) return BP_NO_MEMORY;
  if (page->length > 0) memcpy(fresh, old, page->length);
  for (size_t i = 0; i < page->count; i++) move_event(&page->events[i], old, fresh);
  bpi_release(&page->memory, old, page->bytes_capacity);
  page->bytes = fresh;
  page->bytes_capacity = capacity;
  return BP_OK;
}

/* --- one event */

static const uint8_t *keep(bp_page *page, bpi_bytes bytes) {
  uint8_t *at = page->bytes + page->length;
  if (bytes.length > 0) memcpy(at, bytes.data, bytes.length);
  page->length += bytes.length;
  return at;
}

/* The map was stepped over when the frame was decoded, so its structure holds; values are octets or the event is damaged. */
static bp_status read_extensions(bp_page *page, bpi_bytes map, bp_event *event) {
  if (map.length == 0) return BP_OK;
  bpi_unpack in = {map.data, map.data + map.length};
  uint32_t count;
  if (bpi_unpack_map(&in, &count) != BP_OK) return BP_DAMAGED_FRAME;
  bp_extension *items = bpi_arena_take(&page->extensions, bpi_size(count, sizeof *items, 0));
  if (items == NULL && count > 0) return BP_NO_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    bpi_bytes name, elements;
    size_t length;
    int is_bin;
    if (bpi_unpack_str(&in, &name) != BP_OK || bpi_unpack_octets(&in, &elements, &length, &is_bin) != BP_OK) {
      return BP_DAMAGED_FRAME;
    }
    items[i].name = keep(page, name);
    items[i].name_length = name.length;
    items[i].value = page->bytes + page->length;
    items[i].value_length = length;
    bpi_octets_decode(elements, is_bin, page->bytes + page->length, length);
    page->length += length;
  }
  event->extensions = items;
  event->extension_count = count;
  return BP_OK;
}

static void fill_from_header(bp_page *page, const bpi_header *header, bp_event *event) {
  event->wall_ms = header->wall_ms;
  event->timestamp_us = header->timestamp_us;
  event->clock = header->clock;
  event->lane = header->lane;
  event->depth = header->depth;
  event->kind = header->kind;
  event->flags = header->flags;
  memcpy(event->correlation_id, header->correlation_id, 16);
  memcpy(event->causation_id, header->causation_id, 16);
  memcpy(event->prev_hash, header->prev_hash, 32);
  memcpy(event->event_hash, header->event_hash, 32);
  event->entity = keep(page, header->entity);
  event->entity_length = (uint32_t)header->entity.length;
  event->scope = keep(page, header->scope);
  event->scope_length = (uint32_t)header->scope.length;
}

static void fill_from_row(const bpi_row *row, uint64_t segment_id, bp_event *event) {
  memset(event, 0, sizeof *event);
  event->sequence = row->sequence;
  event->segment_id = segment_id;
  event->offset = row->offset;
  event->frame_length = row->frame_length;
  event->kind = row->kind;
  event->clock = row->clock;
  memcpy(event->event_id, row->event_id, 16);
}

/* The index still knows where an unreadable event belongs. */
static void fill_names(bp_page *page, bp_store *store, const bpi_row *row, bp_event *event) {
  bpi_rwlock_read(&store->index_lock);
  bpi_bytes entity = bpi_names_text(&store->index.names, row->entity);
  bpi_bytes scope = bpi_names_text(&store->index.names, row->scope);
  bpi_rwlock_unlock(&store->index_lock);
  event->entity = keep(page, entity);
  event->entity_length = (uint32_t)entity.length;
  event->scope = keep(page, scope);
  event->scope_length = (uint32_t)scope.length;
}

/* Bytes an event may take in the arena: all of it comes from its frame, but for the names of an unreadable one. */
static size_t room_of(const bp_store *store, const bpi_row *row) {
  return bpi_store_frame_room(store, row) + 2 * BPI_COMPONENT_MAX;
}

void bpi_page_read_row(bp_page *page, bp_store *store, const bpi_row *row, bp_event *event) {
  bpi_frame frame;
  size_t start = page->length;
  fill_from_row(row, bpi_segments_at(&store->segments, row->segment)->id, event);
  uint8_t *room = page->bytes + page->length;
  event->status = bpi_store_read_frame(store, row, room, &frame, NULL);
  if (event->status == BP_OK) {
    bpi_bytes payload = bpi_frame_payload(&frame, NULL, &event->payload_form);
    if (payload.data != room && payload.length > 0) memcpy(room, payload.data, payload.length);
    page->length += payload.length;
    event->payload = room;
    event->payload_length = (uint32_t)payload.length;
    fill_from_header(page, &frame.header, event);
    event->status = read_extensions(page, frame.header.extensions, event);
  }
  if (event->status != BP_OK) {
    bp_status status = event->status;
    page->length = start;
    fill_from_row(row, event->segment_id, event);
    event->status = status;
    fill_names(page, store, row, event);
  }
}

bp_status bpi_page_read(bp_page *page, bp_store *store, bp_error *error) {
  /* The frames of an entity lie far apart: those of the next rows are on their way while one is read. */
  enum { AHEAD = 4 };
  size_t bytes = 0;
  for (size_t i = 0; i < page->row_count && i < AHEAD; i++) bpi_store_ask_for(store, &page->rows[i]);
  for (size_t i = 0; i < page->row_count; i++) bytes += room_of(store, &page->rows[i]);
  if (bpi_page_reserve(page, page->row_count, bytes) != BP_OK) {
    bpi_page_clear(page);
    return bpi_fail(error, BP_NO_MEMORY, "filling a page");
  }
  for (size_t i = 0; i < page->row_count; i++) {
    if (i + AHEAD < page->row_count) bpi_store_ask_for(store, &page->rows[i + AHEAD]);
    bpi_page_read_row(page, store, &page->rows[i], &page->events[page->count]);
    page->count++;
  }
  page->row_count = 0;
  return BP_OK;
}
