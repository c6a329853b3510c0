/* Shortest forms only: for every value there is one encoding, so that equal values have equal hashes. */
#include "base/status.h"
#include "codec/pack.h"

enum { NUMBER_MAX = 9 };

static uint8_t *put_u8(uint8_t *at, uint8_t marker, uint8_t value) {
  at[0] = marker;
  at[1] = value;
  return at + 2;
}

static uint8_t *put_u16(uint8_t *at, uint8_t marker, uint16_t value) {
  *at = marker;
  bpi_store_be16(at + 1, value);
  return at + 3;
}

static uint8_t *put_u32(uint8_t *at, uint8_t marker, uint32_t value) {
  *at = marker;
  bpi_store_be32(at + 1, value);
  return at + 5;
}

static uint8_t *put_wide(uint8_t *at, uint8_t marker, uint64_t value) {
  *at = marker;
  bpi_store_be64(at + 1, value);
  return at + 9;
}

static uint8_t *put_byte(uint8_t *at, uint8_t byte) {
  *at = byte;
  return at + 1;
}

uint8_t *bpi_put_nil(uint8_t *at) { return put_byte(at, 0xc0); }
uint8_t *bpi_put_bool(uint8_t *at, int value) { return put_byte(at, value ? 0xc3 : 0xc2); }
uint8_t *bpi_put_f32_bits(uint8_t *at, uint32_t bits) { return put_u32(at, 0xca, bits); }
uint8_t *bpi_put_f64_bits(uint8_t *at, uint64_t bits) { return put_wide(at, 0xcb, bits); }

uint8_t *bpi_put_u64(uint8_t *at, uint64_t value) {
  if (value < 0x80) {
    *at = (uint8_t)value;
    return at + 1;
  }
  if (value <= UINT8_MAX) return put_u8(at, 0xcc, (uint8_t)value);
  if (value <= UINT16_MAX) return put_u16(at, 0xcd, (uint16_t)value);
  if (value <= UINT32_MAX) return put_u32(at, 0xce, (uint32_t)value);
  return put_wide(at, 0xcf, value);
}

uint8_t *bpi_put_i64(uint8_t *at, int64_t value) {
  if (value >= 0) return bpi_put_u64(at, (uint64_t)value);
  if (value >= -32) {
    *at = (uint8_t)value;
    return at + 1;
  }
  if (value >= INT8_MIN) return put_u8(at, 0xd0, (uint8_t)value);
  if (value >= INT16_MIN) return put_u16(at, 0xd1, (uint16_t)value);
  if (value >= INT32_MIN) return put_u32(at, 0xd2, (uint32_t)value);
  return put_wide(at, 0xd3, (uint64_t)value);
}

uint8_t *bpi_put_str_header(uint8_t *at, size_t length) {
  if (length < 32) {
    *at = (uint8_t)(0xa0 | length);
    return at + 1;
  }
  if (length <= UINT8_MAX) return put_u8(at, 0xd9, (uint8_t)length);
  if (length <= UINT16_MAX) return put_u16(at, 0xda, (uint16_t)length);
  return put_u32(at, 0xdb, (uint32_t)length);
}

uint8_t *bpi_put_bin_header(uint8_t *at, size_t length) {
  if (length <= UINT8_MAX) return put_u8(at, 0xc4, (uint8_t)length);
  if (length <= UINT16_MAX) return put_u16(at, 0xc5, (uint16_t)length);
  return put_u32(at, 0xc6, (uint32_t)length);
}

uint8_t *bpi_put_str(uint8_t *at, const void *text, size_t length) {
  at = bpi_put_str_header(at, length);
  if (length > 0) memcpy(at, text, length);
  return at + length;
}

/* Arrays and maps differ in their markers alone; the 32-bit one follows the 16-bit one. */
static uint8_t *put_count(uint8_t *at, uint8_t small, uint8_t marker, uint32_t count) {
  if (count < 16) {
    *at = (uint8_t)(small | count);
    return at + 1;
  }
  if (count <= UINT16_MAX) return put_u16(at, marker, (uint16_t)count);
  return put_u32(at, (uint8_t)(marker + 1), count);
}

uint8_t *bpi_put_array_header(uint8_t *at, uint32_t count) { return put_count(at, 0x90, 0xdc, count); }
uint8_t *bpi_put_map_header(uint8_t *at, uint32_t count) { return put_count(at, 0x80, 0xde, count); }

/* No length of this format can be longer. */
static int fits(bpi_buffer *out, size_t length) {
  if (length > UINT32_MAX) out->failed = 1;
  return !out->failed;
}

static void advance(bpi_buffer *out, const uint8_t *end) { out->length = (size_t)(end - out->data); }

void bpi_pack_nil(bpi_buffer *out) {
  uint8_t *room = bpi_buffer_reserve(out, NUMBER_MAX);
  if (room != NULL) advance(out, bpi_put_nil(room));
}

void bpi_pack_bool(bpi_buffer *out, int value) {
  uint8_t *room = bpi_buffer_reserve(out, NUMBER_MAX);
  if (room != NULL) advance(out, bpi_put_bool(room, value));
}

void bpi_pack_u64(bpi_buffer *out, uint64_t value) {
  uint8_t *room = bpi_buffer_reserve(out, NUMBER_MAX);
  if (room != NULL) advance(out, bpi_put_u64(room, value));
}

void bpi_pack_i64(bpi_buffer *out, int64_t value) {
  uint8_t *room = bpi_buffer_reserve(out, NUMBER_MAX);
  if (room != NULL) advance(out, bpi_put_i64(room, value));
}

void bpi_pack_f64(bpi_buffer *out, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint8_t *room = bpi_buffer_reserve(out, NUMBER_MAX);
  if (room != NULL) advance(out, bpi_put_f64_bits(room, bits));
}

void bpi_pack_str(bpi_buffer *out, const void *text, size_t length) {
  uint8_t *room = fits(out, length) ? bpi_buffer_reserve(out, BPI_HEADER_MAX + length) : NULL;
  if (room != NULL) advance(out, bpi_put_str(room, text, length));
}

void bpi_pack_text(bpi_buffer *out, const char *text) { bpi_pack_str(out, text, strlen(text)); }

void bpi_pack_bin(bpi_buffer *out, const void *bytes, size_t length) {
  uint8_t *room = fits(out, length) ? bpi_buffer_reserve(out, BPI_HEADER_MAX) : NULL;
  if (room == NULL) return;
  advance(out, bpi_put_bin_header(room, length));
  bpi_buffer_append(out, bytes, length);
}

void bpi_pack_array(bpi_buffer *out, uint32_t count) {
  uint8_t *room = bpi_buffer_reserve(out, BPI_HEADER_MAX);
  if (room != NULL) advance(out, bpi_put_array_header(room, count));
}

void bpi_pack_map(bpi_buffer *out, uint32_t count) {
  uint8_t *room = bpi_buffer_reserve(out, BPI_HEADER_MAX);
  if (room != NULL) advance(out, bpi_put_map_header(room, count));
}

void bpi_pack_octets(bpi_buffer *out, const uint8_t *bytes, size_t length) {
  uint8_t *room = fits(out, length) ? bpi_buffer_reserve(out, BPI_HEADER_MAX + 2 * length) : NULL;
  if (room != NULL) advance(out, bpi_put_octets(room, bytes, length));
}

bp_status bpi_pack_hand_over(const bpi_buffer *packed, uint8_t *buffer, size_t capacity, size_t *needed,
                             bp_error *error) {
  if (packed->failed) return bpi_fail(error, BP_NO_MEMORY, "no memory for the answer");
  *needed = packed->length;
  if (packed->length > capacity) {
    return bpi_fail_values(error, BP_TOO_SMALL, packed->length, capacity, "the buffer is smaller than the answer");
  }
  if (packed->length > 0) memcpy(buffer, packed->data, packed->length);
  return BP_OK;
}
