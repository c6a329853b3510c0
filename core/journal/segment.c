#include "journal/segment.h"

#include "codec/fields.h"
#include "codec/pack.h"

#include <stdio.h>

static const uint8_t magic[4] = {'F', 'B', 'A', 'T'};

void bpi_segment_name(uint64_t id, char name[BPI_SEGMENT_NAME_MAX]) {
  snprintf(name, BPI_SEGMENT_NAME_MAX, "%06llu.fbat", (unsigned long long)id);
}

int bpi_segment_name_parse(const char *name, size_t length, uint64_t *id) {
  static const char extension[] = ".fbat";
  size_t stem = length - (sizeof extension - 1);
  if (length < sizeof extension || memcmp(name + stem, extension, sizeof extension - 1) != 0) return 0;
  size_t i = name[0] == '+';
  if (i == stem) return 0;
  uint64_t value = 0;
  for (; i < stem; i++) {
    if (name[i] < '0' || name[i] > '9') return 0;
    if (__builtin_mul_overflow(value, 10u, &value) ||
        __builtin_add_overflow(value, (uint64_t)(name[i] - '0'), &value)) {
      return 0;
    }
  }
  *id = value;
  return 1;
}

static bp_status read_header(bpi_unpack *in, bpi_prologue *prologue) {
  static const char *const names[] = {"version", "flags", "created_ns", "segment_id"};
  enum { VERSION, FLAGS, CREATED, ID, COUNT };
  bpi_fields fields;
  unsigned field;
  uint64_t flags;
  bpi_fields_begin(&fields, in, names, COUNT);
  while (bpi_fields_next(&fields, &field)) {
    switch (field) {
      case VERSION: fields.status = bpi_unpack_u64(in, UINT16_MAX, &prologue->version); break;
      case FLAGS: fields.status = bpi_unpack_u64(in, UINT16_MAX, &flags); break;
      case CREATED: fields.status = bpi_unpack_i64(in, &prologue->created_ns); break;
      case ID: fields.status = bpi_unpack_u64(in, UINT64_MAX, &prologue->segment_id); break;
    }
  }
  return bpi_fields_end(&fields, (1u << COUNT) - 1);
}

/* What a crash leaves of a file whose size reached the disk and whose bytes did not. */
static int is_blank(bpi_bytes file) { return bpi_count_zeros(file) == file.length; }

bpi_prologue_state bpi_prologue_parse(bpi_bytes file, bpi_prologue *prologue) {
  memset(prologue, 0, sizeof *prologue);
  if (file.length < BPI_SEGMENT_FIXED_BYTES || is_blank(file)) return BPI_PROLOGUE_SHORT;
  uint32_t header_length = bpi_load_be32(file.data + 4);
  int magic_fits = memcmp(file.data, magic, sizeof magic) == 0;
  if (header_length > BPI_SEGMENT_HEADER_MAX) return BPI_PROLOGUE_DAMAGED;
  if (header_length > file.length - BPI_SEGMENT_FIXED_BYTES) {
    /* A file with room for every prologue there is was not cut inside one: the length is wrong. */
    return magic_fits && file.length < BPI_SEGMENT_PROLOGUE_MAX ? BPI_PROLOGUE_SHORT : BPI_PROLOGUE_DAMAGED;
  }
  prologue->length = BPI_SEGMENT_FIXED_BYTES + header_length;
  bpi_unpack in = {file.data + BPI_SEGMENT_FIXED_BYTES, file.data + prologue->length};
  if (read_header(&in, prologue) != BP_OK || !magic_fits) return BPI_PROLOGUE_DAMAGED;
  prologue->map_end = (size_t)(in.at - file.data);
  return prologue->version == BPI_SEGMENT_VERSION ? BPI_PROLOGUE_GOOD : BPI_PROLOGUE_NEWER;
}

static uint8_t *put_key(uint8_t *at, const char *name) { return bpi_put_str(at, name, strlen(name)); }

size_t bpi_prologue_encode(uint64_t segment_id, int64_t created_ns, uint8_t out[BPI_SEGMENT_PROLOGUE_MAX]) {
  memcpy(out, magic, sizeof magic);
  uint8_t *at = bpi_put_map_header(out + BPI_SEGMENT_FIXED_BYTES, 4);
  at = bpi_put_u64(put_key(at, "version"), BPI_SEGMENT_VERSION);
  at = bpi_put_u64(put_key(at, "flags"), 0);
  at = bpi_put_i64(put_key(at, "created_ns"), created_ns);
  at = bpi_put_u64(put_key(at, "segment_id"), segment_id);
  size_t length = (size_t)(at - out);
  bpi_store_be32(out + 4, (uint32_t)(length - BPI_SEGMENT_FIXED_BYTES));
  return length;
}
