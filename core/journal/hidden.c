#include "journal/hidden.h"

#include "base/status.h"
#include "codec/fields.h"
#include "codec/pack.h"
#include "crypto/crypto.h"
#include "sys/file.h"

#include <stdlib.h>

enum { HEADER_BYTES = 12, VERSION = 1, FILE_MAX = 64 * 1024 * 1024 };
static const uint8_t magic[6] = {'F', 'B', 'A', 'T', 'V', 'R'};

void bpi_hidden_init(bpi_hidden *hidden, const bpi_memory *memory) {
  memset(hidden, 0, sizeof *hidden);
  hidden->memory = *memory;
}

void bpi_hidden_free(bpi_hidden *hidden) {
  bpi_release(&hidden->memory, hidden->ranges, hidden->capacity * sizeof *hidden->ranges);
  hidden->ranges = NULL;
  hidden->count = hidden->capacity = 0;
}

static bp_status read_range(bpi_unpack *in, bpi_range *range) {
  static const char *const names[] = {"start", "end"};
  bpi_fields fields;
  unsigned field;
  bpi_fields_begin(&fields, in, names, 2);
  while (bpi_fields_next(&fields, &field)) {
    fields.status = bpi_unpack_u64(in, UINT64_MAX, field == 0 ? &range->start : &range->end);
  }
  return bpi_fields_end(&fields, 3);
}

static bp_status read_ranges(bpi_unpack *in, bpi_hidden *hidden) {
  uint32_t count;
  bp_status status = bpi_unpack_array(in, &count);
  for (uint32_t i = 0; status == BP_OK && i < count; i++) {
    if (bpi_grow(&hidden->memory, (void **)&hidden->ranges, &hidden->capacity, hidden->count + 1,
                 sizeof *hidden->ranges) != 0) {
      return BP_NO_MEMORY;
    }
    bpi_range *range = &hidden->ranges[hidden->count];
    status = read_range(in, range);
    if (status == BP_OK && range->start >= range->end) status = BP_MESSAGEPACK;
    hidden->count++;
  }
  return status;
}

static int by_start(const void *a, const void *b) {
  const bpi_range *left = a, *right = b;
  return (left->start > right->start) - (left->start < right->start);
}

/* The file may hold them in any order. */
static void normalise(bpi_hidden *hidden) {
  if (hidden->count == 0) return;
  qsort(hidden->ranges, hidden->count, sizeof *hidden->ranges, by_start);
  size_t kept = 1;
  for (size_t i = 1; i < hidden->count; i++) {
    bpi_range *last = &hidden->ranges[kept - 1];
    const bpi_range *next = &hidden->ranges[i];
    if (next->start > last->end) {
      hidden->ranges[kept++] = *next;
    } else if (next->end > last->end) {
      last->end = next->end;
    }
  }
  hidden->count = kept;
}

bp_status bpi_hidden_decode(bpi_bytes file, bpi_hidden *hidden, bp_error *error) {
  if (file.length < HEADER_BYTES) return bpi_fail(error, BP_HIDDEN_RANGES, BPI_HIDDEN_NAME " is too short");
  if (memcmp(file.data, magic, sizeof magic) != 0) {
    return bpi_fail(error, BP_HIDDEN_RANGES, BPI_HIDDEN_NAME " does not begin with its mark");
  }
  if (bpi_load_le16(file.data + 6) != VERSION) {
    return bpi_fail(error, BP_HIDDEN_RANGES, BPI_HIDDEN_NAME " has version %u", bpi_load_le16(file.data + 6));
  }
  bpi_bytes body = bpi_bytes_of(file.data + HEADER_BYTES, file.length - HEADER_BYTES);
  if (bpi_crc32(0, body.data, body.length) != bpi_load_le32(file.data + 8)) {
    return bpi_fail(error, BP_HIDDEN_RANGES, BPI_HIDDEN_NAME " has a wrong checksum");
  }
  static const char *const names[] = {"ranges"};
  bpi_unpack in = {body.data, body.data + body.length};
  bpi_fields fields;
  unsigned field;
  bpi_fields_begin(&fields, &in, names, 1);
  while (bpi_fields_next(&fields, &field)) fields.status = read_ranges(&in, hidden);
  bp_status status = bpi_fields_end(&fields, 1);
  if (status == BP_NO_MEMORY) return bpi_fail(error, status, "reading " BPI_HIDDEN_NAME);
  if (status != BP_OK) return bpi_fail(error, BP_HIDDEN_RANGES, BPI_HIDDEN_NAME " holds no list of ranges");
  normalise(hidden);
  return BP_OK;
}

void bpi_hidden_encode(const bpi_hidden *hidden, bpi_buffer *out) {
  uint8_t *header = bpi_buffer_reserve(out, HEADER_BYTES);
  if (header == NULL) return;
  size_t start = out->length;
  out->length += HEADER_BYTES;
  bpi_pack_map(out, 1);
  bpi_pack_text(out, "ranges");
  bpi_pack_array(out, (uint32_t)hidden->count);
  for (size_t i = 0; i < hidden->count; i++) {
    bpi_pack_map(out, 2);
    bpi_pack_text(out, "start");
    bpi_pack_u64(out, hidden->ranges[i].start);
    bpi_pack_text(out, "end");
    bpi_pack_u64(out, hidden->ranges[i].end);
  }
  if (out->failed) return;
  header = out->data + start;
  memcpy(header, magic, sizeof magic);
  bpi_store_le16(header + 6, VERSION);
  bpi_store_le32(header + 8, bpi_crc32(0, header + HEADER_BYTES, out->length - start - HEADER_BYTES));
}

bp_status bpi_hidden_load(const bp_system *system, const char *directory, bpi_hidden *hidden, bp_error *error) {
  bpi_buffer path, content;
  int found = 0;
  bpi_buffer_init(&path, &hidden->memory);
  bpi_buffer_init(&content, &hidden->memory);
  bp_status status = bpi_path_join(&path, directory, BPI_HIDDEN_NAME, error);
  if (status == BP_OK) status = bpi_file_load(system, (const char *)path.data, FILE_MAX, &content, &found, error);
  if (status == BP_OK && found) {
    status = bpi_hidden_decode(bpi_bytes_of(content.data, content.length), hidden, error);
  }
  bpi_buffer_free(&content);
  bpi_buffer_free(&path);
  return status;
}

static bp_status remove_file(const bp_system *system, const char *directory, const bpi_memory *memory,
                             bp_error *error) {
  bpi_buffer path;
  bpi_buffer_init(&path, memory);
  bp_status status = bpi_path_join(&path, directory, BPI_HIDDEN_NAME, error);
  if (status == BP_OK) {
    int failed = system->path_remove(system->context, (const char *)path.data);
    if (failed == 0) failed = system->directory_sync(system->context, directory);
    if (failed != 0) status = bpi_fail_system(error, failed, "removing " BPI_HIDDEN_NAME);
  }
  bpi_buffer_free(&path);
  return status;
}

bp_status bpi_hidden_save(const bp_system *system, const char *directory, const bpi_hidden *hidden, bp_error *error) {
  if (hidden->count == 0) return remove_file(system, directory, &hidden->memory, error);
  return bpi_hidden_replace(system, directory, hidden, error);
}

bp_status bpi_hidden_replace(const bp_system *system, const char *directory, const bpi_hidden *hidden, bp_error *error) {
  bpi_buffer content;
  bpi_buffer_init(&content, &hidden->memory);
  bpi_hidden_encode(hidden, &content);
  bp_status status = content.failed ? bpi_fail(error, BP_NO_MEMORY, "writing " BPI_HIDDEN_NAME)
                                    : bpi_file_replace(system, directory, BPI_HIDDEN_NAME, content.data,
                                                       content.length, error);
  bpi_buffer_free(&content);
  return status;
}

bp_status bpi_hidden_append(bpi_hidden *hidden, bpi_range range) {
  if (hidden->count > 0 && hidden->ranges[hidden->count - 1].end >= range.start) {
    hidden->ranges[hidden->count - 1].end = range.end;
    return BP_OK;
  }
  if (bpi_grow(&hidden->memory, (void **)&hidden->ranges, &hidden->capacity, hidden->count + 1, sizeof range) != 0) {
    return BP_NO_MEMORY;
  }
  hidden->ranges[hidden->count++] = range;
  return BP_OK;
}

int bpi_hidden_clip(bpi_hidden *hidden, uint64_t next_sequence) {
  int cut = 0;
  while (hidden->count > 0 && hidden->ranges[hidden->count - 1].end > next_sequence) {
    bpi_range *last = &hidden->ranges[hidden->count - 1];
    cut = 1;
    if (last->start < next_sequence) {
      last->end = next_sequence;
      break;
    }
    hidden->count--;
  }
  return cut;
}
