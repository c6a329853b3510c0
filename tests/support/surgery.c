#include "support/surgery.h"

#include "crypto/crypto.h"

#include <stdlib.h>

enum { ROW_HASH = 78, ROW_OFFSET = 110 };

static void fail(const char *what) {
  fprintf(stderr, "surgery: %s\n", what);
  abort();
}

void surgery_begin(surgery *patient, const char *directory, const char *name) {
  snprintf(patient->directory, sizeof patient->directory, "%s", directory);
  snprintf(patient->name, sizeof patient->name, "%s", name);
  patient->file = fixture_read(directory, name);
  patient->frames_end = patient->file.length;
  const uint8_t *trailer = patient->file.bytes + patient->file.length - BPI_FOOTER_TRAILER_BYTES;
  if (memcmp(trailer + 12, "SDX2", 4) == 0) patient->frames_end = (size_t)bpi_load_le64(trailer);
}

void surgery_end(surgery *patient) {
  fixture_write(patient->directory, patient->name, patient->file.bytes, patient->file.length);
  free(patient->file.bytes);
}

void surgery_remove_footer(surgery *patient) { patient->file.length = patient->frames_end; }

static size_t frame_length(const surgery *patient, size_t frame) {
  size_t length = bpi_frame_length(bpi_bytes_of(patient->file.bytes, patient->frames_end), frame);
  if (length == 0) fail("there is no frame");
  return length;
}

static void repair_checksum(surgery *patient, size_t frame) {
  size_t length = frame_length(patient, frame);
  uint8_t *at = patient->file.bytes + frame;
  bpi_store_be32(at + 4, bpi_crc32(0, at + BPI_FRAME_HEADER_BYTES, length - BPI_FRAME_HEADER_BYTES));
}

void surgery_replace(surgery *patient, size_t frame, size_t offset, const void *bytes, size_t length) {
  if (offset + length > patient->frames_end) fail("outside the frames");
  memcpy(patient->file.bytes + offset, bytes, length);
  repair_checksum(patient, frame);
}

size_t surgery_find(const surgery *patient, size_t frame, const char *key) {
  size_t length = frame_length(patient, frame);
  const uint8_t *at = memmem(patient->file.bytes + frame, length, key, strlen(key));
  if (at == NULL) fail("no such key");
  return (size_t)(at - patient->file.bytes) + strlen(key);
}

void surgery_cut(surgery *patient, size_t from, size_t to) {
  if (patient->file.length != patient->frames_end) fail("the footer is still there");
  memmove(patient->file.bytes + from, patient->file.bytes + to, patient->file.length - to);
  patient->file.length -= to - from;
  patient->frames_end = patient->file.length;
}

uint8_t *surgery_row(surgery *patient, size_t frame) {
  uint8_t *trailer = patient->file.bytes + patient->file.length - BPI_FOOTER_TRAILER_BYTES;
  uint32_t count = bpi_load_le32(trailer + 8);
  for (uint32_t i = 1; i <= count; i++) {
    uint8_t *row = trailer - (size_t)i * BPI_FOOTER_ROW_BYTES;
    if (bpi_load_le64(row + ROW_OFFSET) == frame) return row;
  }
  fail("no row of this frame");
  return NULL;
}

int surgery_forge_payload(surgery *patient, size_t frame, bpi_bytes payload) {
  size_t length = frame_length(patient, frame);
  bpi_frame old;
  uint8_t hash[32];
  uint8_t *copy = malloc(length), *out = malloc(length + 4096);
  if (copy == NULL || out == NULL) abort();
  memcpy(copy, patient->file.bytes + frame, length);
  if (bpi_frame_decode(bpi_bytes_of(copy, length), &old) != BP_OK) fail("the frame is no event");
  bpi_header header = old.header;
  bpi_blake3(payload.data, payload.length, hash);
  memcpy(header.event_hash, hash, 32);
  header.payload_size = (uint32_t)payload.length;
  int fits = bpi_frame_write(&header, payload, out) == length;
  if (fits) memcpy(patient->file.bytes + frame, out, length);
  if (fits && patient->file.length > patient->frames_end) memcpy(surgery_row(patient, frame) + ROW_HASH, hash, 32);
  free(copy);
  free(out);
  return fits;
}
