/* The segment that is being written: bytes go to its end, a failed write is taken back, a sealed one gets its footer.
 *
 *   - `offset` is the end of the last good byte; nothing behind it counts.
 *   - From there to `room_end`, where the file ends, it holds zeros: frames that are flushed bring them along, so that the
 *     flushes after theirs need not tell the file system of a longer file.  Sealing cuts them off.
 *   - A failed flush is final: the writer is poisoned, it never flushes the same file again. */
#ifndef BPI_JOURNAL_WRITER_H
#define BPI_JOURNAL_WRITER_H

#include "journal/footer.h"
#include "journal/segments.h"

typedef struct bpi_writer {
  const bp_system *system;
  bpi_memory memory;
  bpi_segments *segments;
  int file;                 /* -1: none */
  int sync_data_only;
  uint32_t ordinal;
  uint64_t id;
  uint64_t offset;
  uint64_t synced;          /* everything below was flushed */
  uint64_t room_end;
  uint64_t room_most;       /* zeros written at a time; 0: none */
  uint64_t frames_most;     /* no room beyond this offset: another segment begins there */
  int room_refused;         /* the disk took the frames and not the zeros: none in this segment any more */
  bp_status poisoned;       /* BP_OK, or why nothing may be written any more */
  _Atomic uint64_t writes;  /* system calls so far */
  _Atomic uint64_t syncs;
} bpi_writer;

/* Makes no room until `room_most` and `frames_most` are set. */
void bpi_writer_init(bpi_writer *writer, bpi_segments *segments, int sync_data_only);
/* Closes the descriptor; writes nothing. */
void bpi_writer_free(bpi_writer *writer);

/* Creates segment `id`, durably with its name in the directory, and writes there from now on. */
bp_status bpi_writer_begin(bpi_writer *writer, uint64_t id, int64_t created_ns, bp_error *error);
/* All or nothing.  After a failure that could not be undone the writer is poisoned. */
bp_status bpi_writer_append(bpi_writer *writer, const uint8_t *bytes, size_t length, bp_error *error);
/* The same, with the same one write, for what is flushed next: if it goes past the room, it brings new room along.  The
 * buffer grows by the zeros; its length stays. */
bp_status bpi_writer_append_flushed(bpi_writer *writer, bpi_buffer *frames, bp_error *error);
/* Takes back what stands behind `offset`, for good: a crash must not bring it to light.  Where that fails, it poisons. */
void bpi_writer_take_back(bpi_writer *writer, uint64_t offset);
/* BP_SYNC_FAILED poisons. */
bp_status bpi_writer_sync(bpi_writer *writer, bp_error *error);
/* Appends the footer, which has its rows, flushes, closes.  The writer then has no segment.  After a failure the segment
 * is as it was, or the writer is poisoned. */
bp_status bpi_writer_seal(bpi_writer *writer, bpi_footer_writer *footer, bp_error *error);

#endif
