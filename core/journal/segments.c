#include "journal/segments.h"

#include "base/status.h"
#include "sys/file.h"

struct bpi_map {
  bpi_map *older;
  const uint8_t *bytes;
  size_t length;
};

enum { MAP_LEAST = 1 << 20 };

bp_status bpi_segments_init(bpi_segments *segments, const bp_system *system, const bpi_memory *memory,
                            const char *directory, bp_error *error) {
  memset(segments, 0, sizeof *segments);
  segments->system = system;
  segments->memory = *memory;
  segments->directory = directory;
  int failed = bpi_mutex_init(&segments->lock);
  return failed == 0 ? BP_OK : bpi_fail_system(error, failed, "making a lock");
}

static void free_maps(bpi_segments *segments, bpi_segment *segment) {
  bpi_map *map = atomic_exchange(&segment->map, NULL);
  while (map != NULL) {
    bpi_map *older = map->older;
    segments->system->file_unmap(segments->system->context, map->bytes, map->length);
    bpi_release(&segments->memory, map, sizeof *map);
    map = older;
  }
}

void bpi_segments_note_replaced(bpi_segments *segments, uint32_t ordinal, uint64_t size) {
  bpi_segment *segment = bpi_segments_at(segments, ordinal);
  free_maps(segments, segment);
  atomic_store(&segment->size, size);
}

void bpi_segments_drop_last(bpi_segments *segments) {
  bpi_segment *segment = bpi_segments_at(segments, --segments->count);
  free_maps(segments, segment);
  memset(segment, 0, sizeof *segment);
}

void bpi_segments_free(bpi_segments *segments) {
  for (uint32_t i = 0; i < segments->count; i++) free_maps(segments, bpi_segments_at(segments, i));
  for (size_t i = 0; i < BPI_SEGMENTS_BLOCKS && segments->blocks[i] != NULL; i++) {
    bpi_release(&segments->memory, segments->blocks[i], BPI_SEGMENTS_BLOCK * sizeof(bpi_segment));
  }
  bpi_mutex_free(&segments->lock);
}

bpi_segment *bpi_segments_at(const bpi_segments *segments, uint32_t ordinal) {
  return &segments->blocks[ordinal / BPI_SEGMENTS_BLOCK][ordinal % BPI_SEGMENTS_BLOCK];
}

bp_status bpi_segments_add(bpi_segments *segments, uint64_t id, const char *name, uint64_t size, bp_error *error) {
  uint32_t block = segments->count / BPI_SEGMENTS_BLOCK;
  if (block == BPI_SEGMENTS_BLOCKS) return bpi_fail(error, BP_UNSUPPORTED, "more than 1,048,576 segments");
  if (segments->blocks[block] == NULL) {
    segments->blocks[block] = bpi_allocate(&segments->memory, BPI_SEGMENTS_BLOCK * sizeof(bpi_segment));
    if (segments->blocks[block] == NULL) return bpi_fail(error, BP_NO_MEMORY, "adding a segment");
  }
  bpi_segment *segment = bpi_segments_at(segments, segments->count);
  segment->id = id;
  size_t length = strlen(name);
  memcpy(segment->name, name, length < sizeof segment->name ? length : sizeof segment->name - 1);
  atomic_store(&segment->size, size);
  segments->count++;
  return BP_OK;
}

static bp_status open_and_map(bpi_segments *segments, const bpi_segment *segment, bpi_map *map, bp_error *error) {
  const bp_system *system = segments->system;
  bpi_buffer path;
  int file = -1;
  bpi_buffer_init(&path, &segments->memory);
  bp_status status = bpi_path_join(&path, segments->directory, segment->name, error);
  if (status == BP_OK) {
    int failed = system->file_open(system->context, (const char *)path.data, BPI_OPEN_READ, &file);
    if (failed == 0) {
      failed = system->file_map(system->context, file, map->length, &map->bytes);
      system->file_close(system->context, file);
    }
    if (failed != 0) status = bpi_fail_system(error, failed, "mapping a segment");
  }
  bpi_buffer_free(&path);
  return status;
}

/* Under the lock.  A map of a growing segment reaches ahead of its end, so that few are needed. */
static bp_status make_map(bpi_segments *segments, bpi_segment *segment, size_t needed, bp_error *error) {
  bpi_map *older = atomic_load(&segment->map);
  if (older != NULL && older->length >= needed) return BP_OK;
  size_t length = (size_t)atomic_load(&segment->size);
  if (older != NULL && length < 2 * older->length) length = 2 * older->length;
  if (length < MAP_LEAST) length = MAP_LEAST;
  bpi_map *map = bpi_allocate(&segments->memory, sizeof *map);
  if (map == NULL) return bpi_fail(error, BP_NO_MEMORY, "mapping a segment");
  *map = (bpi_map){.older = older, .length = length};
  bp_status status = open_and_map(segments, segment, map, error);
  if (status != BP_OK) {
    bpi_release(&segments->memory, map, sizeof *map);
    return status;
  }
  atomic_store_explicit(&segment->map, map, memory_order_release);
  return BP_OK;
}

bp_status bpi_segments_view(bpi_segments *segments, uint32_t ordinal, uint64_t offset, size_t length, bpi_bytes *view,
                            bp_error *error) {
  bpi_segment *segment = bpi_segments_at(segments, ordinal);
  uint64_t size = atomic_load_explicit(&segment->size, memory_order_acquire);
  if (offset > size || length > size - offset) {
    return bpi_fail_at(error, BP_DAMAGED_FRAME, segment->id, offset, "the segment ends before the frame does");
  }
  bpi_map *map = atomic_load_explicit(&segment->map, memory_order_acquire);
  if (map == NULL || map->length < offset + length) {
    bpi_mutex_lock(&segments->lock);
    bp_status status = make_map(segments, segment, (size_t)(offset + length), error);
    bpi_mutex_unlock(&segments->lock);
    if (status != BP_OK) return status;
    map = atomic_load_explicit(&segment->map, memory_order_acquire);
  }
  *view = bpi_bytes_of(map->bytes + offset, length);
  return BP_OK;
}

void bpi_segments_prefetch(const bpi_segments *segments, uint32_t ordinal, uint64_t offset, size_t length) {
  const bpi_map *map = atomic_load_explicit(&bpi_segments_at(segments, ordinal)->map, memory_order_acquire);
  if (map != NULL && offset <= map->length && length <= map->length - offset) bpi_prefetch(map->bytes + offset, length);
}

uint64_t bpi_segments_bytes(const bpi_segments *segments) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < segments->count; i++) bytes += atomic_load(&bpi_segments_at(segments, i)->size);
  return bytes;
}
