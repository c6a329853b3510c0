/* Walking the frames of a segment: each call gives the next frame that checks, and says what was skipped before it. */
#ifndef BPI_JOURNAL_FRAMES_H
#define BPI_JOURNAL_FRAMES_H

#include "journal/frame.h"

typedef struct bpi_frames {
  bpi_bytes file;      /* up to where frames may reach */
  size_t at;           /* of the next frame to try */
  size_t budget;       /* bytes that may yet be hashed in search of a frame */
} bpi_frames;

void bpi_frames_init(bpi_frames *frames, bpi_bytes file, size_t first_frame);

/* 1: a frame at *offset of *length bytes, decoded; *skipped bytes before it did not check.
 * 0: no more frames; *skipped bytes are left from *offset to the end. */
int bpi_frames_next(bpi_frames *frames, size_t *offset, size_t *length, bpi_frame *frame, size_t *skipped);

#endif
