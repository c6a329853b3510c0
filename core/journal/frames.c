#include "journal/frames.h"

/* The search for the next good frame after a bad one tries every byte; this bounds what hostile bytes can cost. */
enum { SEARCH_FACTOR = 16 };

void bpi_frames_init(bpi_frames *frames, bpi_bytes file, size_t first_frame) {
  frames->file = file;
  frames->at = first_frame;
  frames->budget = file.length > SIZE_MAX / SEARCH_FACTOR ? SIZE_MAX : file.length * SEARCH_FACTOR;
}

static size_t read_at(const bpi_frames *frames, size_t offset, bpi_frame *frame) {
  size_t length = bpi_frame_check(frames->file, offset);
  if (length == 0) return 0;
  return bpi_frame_decode(bpi_bytes_of(frames->file.data + offset, length), frame) == BP_OK ? length : 0;
}

/* A body is a map or array of 4 in one of its encodings; anything else needs no checksum to be refused. */
static int may_begin_frame(const bpi_frames *frames, size_t offset) {
  size_t length = bpi_frame_length(frames->file, offset);
  if (length == 0) return 0;
  uint8_t marker = frames->file.data[offset + BPI_FRAME_HEADER_BYTES];
  return (marker & 0xe0) == 0x80 || marker == 0xdc || marker == 0xdd || marker == 0xde || marker == 0xdf;
}

/* A frame declares a length above zero in its first four bytes: it begins three zeros before something else at most. */
static size_t skip_zeros(bpi_bytes file, size_t at) {
  if (file.length - at < 4 || bpi_load_le32(file.data + at) != 0) return at;
  return at + bpi_count_zeros(bpi_bytes_of(file.data + at, file.length - at)) - 3;
}

static size_t search(bpi_frames *frames, size_t from, size_t *offset, bpi_frame *frame) {
  for (size_t at = from; at < frames->file.length && frames->budget > 0; at++) {
    at = skip_zeros(frames->file, at);
    if (!may_begin_frame(frames, at)) continue;
    size_t declared = bpi_frame_length(frames->file, at);
    frames->budget -= declared < frames->budget ? declared : frames->budget;
    size_t length = read_at(frames, at, frame);
    if (length != 0) {
      *offset = at;
      return length;
    }
  }
  return 0;
}

int bpi_frames_next(bpi_frames *frames, size_t *offset, size_t *length, bpi_frame *frame, size_t *skipped) {
  size_t start = frames->at;
  *skipped = 0;
  *offset = start;
  if (start >= frames->file.length) return 0;
  *length = read_at(frames, start, frame);
  if (*length == 0) *length = search(frames, start + 1, offset, frame);
  if (*length == 0) {
    *offset = start;
    *skipped = frames->file.length - start;
    return 0;
  }
  *skipped = *offset - start;
  frames->at = *offset + *length;
  return 1;
}
