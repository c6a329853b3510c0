#include "base/bytes.h"

void bpi_buffer_init(bpi_buffer *buffer, const bpi_memory *memory) {
  memset(buffer, 0, sizeof *buffer);
  buffer->memory = *memory;
}

void bpi_buffer_free(bpi_buffer *buffer) {
  bpi_memory memory = buffer->memory;
  bpi_release(&memory, buffer->data, buffer->capacity);
  bpi_buffer_init(buffer, &memory);
}

uint8_t *bpi_buffer_reserve(bpi_buffer *buffer, size_t more) {
  if (buffer->failed) return NULL;
  size_t needed;
  void *data = buffer->data;
  /* At least one byte, so that room for nothing is not mistaken for no memory. */
  if (__builtin_add_overflow(buffer->length, more, &needed) ||
      bpi_grow(&buffer->memory, &data, &buffer->capacity, needed > 0 ? needed : 1, 1) != 0) {
    buffer->failed = 1;
    return NULL;
  }
  buffer->data = (uint8_t *)data;
  return buffer->data + buffer->length;
}

void bpi_buffer_append(bpi_buffer *buffer, const void *data, size_t length) {
  if (length == 0) return;
  uint8_t *room = bpi_buffer_reserve(buffer, length);
  if (room == NULL) return;
  memcpy(room, data, length);
  buffer->length += length;
}

size_t bpi_count_zeros(bpi_bytes bytes) {
  enum { STRIDE = 64 };
  size_t at = 0;
  while (bytes.length - at >= STRIDE) {
    uint64_t any = 0;
    for (size_t i = 0; i < STRIDE; i += sizeof any) any |= bpi_load_le64(bytes.data + at + i);
    if (any != 0) break;
    at += STRIDE;
  }
  while (at < bytes.length && bytes.data[at] == 0) at++;
  return at;
}
