#include "support/reseal.h"

#include "crypto/crypto.h"
#include "journal/frame.h"
#include "journal/segment.h"

static void seal(uint8_t *frame, size_t length) {
  bpi_store_be32(frame + 4, bpi_crc32(0, frame + BPI_FRAME_HEADER_BYTES, length - BPI_FRAME_HEADER_BYTES));
}

void reseal_segment(uint8_t *file, size_t length) {
  bpi_prologue prologue;
  bpi_bytes bytes = bpi_bytes_of(file, length);
  (void)bpi_prologue_parse(bytes, &prologue);
  size_t at = prologue.length != 0 ? prologue.length : BPI_SEGMENT_FIXED_BYTES, frame;
  while ((frame = bpi_frame_length(bytes, at)) != 0) {
    seal(file + at, frame);
    at += frame;
  }
}

void reseal_frame(uint8_t *frame, size_t length) {
  if (length <= BPI_FRAME_HEADER_BYTES) return;
  bpi_store_be32(frame, (uint32_t)(length - BPI_FRAME_HEADER_BYTES));
  seal(frame, length);
}

void reseal_hidden(uint8_t *file, size_t length) {
  enum { HEADER = 12, CHECKSUM = 8 };
  if (length >= HEADER) bpi_store_le32(file + CHECKSUM, bpi_crc32(0, file + HEADER, length - HEADER));
}
