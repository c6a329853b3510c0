/* Byte slices, fixed-width integers in both byte orders, a growing buffer. */
#ifndef BPI_BASE_BYTES_H
#define BPI_BASE_BYTES_H

#include "base/memory.h"

#include <string.h>

typedef struct bpi_bytes {
  const uint8_t *data;
  size_t length;
} bpi_bytes;

static inline bpi_bytes bpi_bytes_of(const void *data, size_t length) {
  bpi_bytes bytes = {(const uint8_t *)data, length};
  return bytes;
}
static inline int bpi_bytes_equal(bpi_bytes a, bpi_bytes b) {
  return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Bytewise, a prefix before what it begins: <0, 0, >0. */
static inline int bpi_bytes_compare(bpi_bytes a, bpi_bytes b) {
  size_t common = a.length < b.length ? a.length : b.length;
  int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
  return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

/* How many zeros stand at the front; at the speed of memory, since there may be megabytes of them. */
size_t bpi_count_zeros(bpi_bytes bytes);

/* Asks for memory that will be read soon: its front, the rest follows when it is read in order. */
static inline void bpi_prefetch(const void *bytes, size_t length) {
  enum { LINE = 64, FRONT = 1024 };
  if (length > FRONT) length = FRONT;
  for (size_t at = 0; at < length; at += LINE) __builtin_prefetch((const uint8_t *)bytes + at);
}

static inline uint16_t bpi_load_be16(const uint8_t *p) { return (uint16_t)((p[0] << 8) | p[1]); }
static inline uint32_t bpi_load_be32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return __builtin_bswap32(v);
}
static inline uint64_t bpi_load_be64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
  return __builtin_bswap64(v);
}
static inline uint16_t bpi_load_le16(const uint8_t *p) { return (uint16_t)((p[1] << 8) | p[0]); }
static inline uint32_t bpi_load_le32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, 4);
  return v;
}
static inline uint64_t bpi_load_le64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, 8);
  return v;
}
static inline void bpi_store_be16(uint8_t *p, uint16_t v) {
  v = __builtin_bswap16(v);
  memcpy(p, &v, 2);
}
static inline void bpi_store_be32(uint8_t *p, uint32_t v) {
  v = __builtin_bswap32(v);
  memcpy(p, &v, 4);
}
static inline void bpi_store_be64(uint8_t *p, uint64_t v) {
  v = __builtin_bswap64(v);
  memcpy(p, &v, 8);
}
static inline void bpi_store_le16(uint8_t *p, uint16_t v) { memcpy(p, &v, 2); }
static inline void bpi_store_le32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); }
static inline void bpi_store_le64(uint8_t *p, uint64_t v) { memcpy(p, &v, 8); }

/* A growing buffer.  `failed` is sticky: writers go on, the owner asks once at the end. */
typedef struct bpi_buffer {
  bpi_memory memory;
  uint8_t *data;
  size_t length;
  size_t capacity;
  int failed;
} bpi_buffer;

void bpi_buffer_init(bpi_buffer *buffer, const bpi_memory *memory);
void bpi_buffer_free(bpi_buffer *buffer);
/* Room for `more` bytes behind `length`; NULL (and failed) without memory.  The caller advances `length` itself. */
uint8_t *bpi_buffer_reserve(bpi_buffer *buffer, size_t more);
void bpi_buffer_append(bpi_buffer *buffer, const void *data, size_t length);

#endif
