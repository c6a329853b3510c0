/* One segment, read as far as its bytes allow: which events it holds, where its good bytes end, what is wrong with it.
 *
 *   1. A footer that fits the frames is believed; no frame is read.
 *   2. A footer that is sound in itself but does not fit: its rows say which events there are, the frames where.
 *   3. Otherwise the frames are walked by their checksums.  What does not check is skipped up to the next frame that does;
 *      batches count only when complete; a batch left open ends at the segment's end or at a SYSTEM_OPEN_COMPLETED. */
#ifndef BPI_JOURNAL_SCAN_H
#define BPI_JOURNAL_SCAN_H

#include "journal/findings.h"
#include "journal/footer.h"
#include "journal/segment.h"

#define BPI_UNNUMBERED UINT64_MAX /* bpi_record.sequence of an event whose number must be counted */

typedef enum bpi_scan_kind {
  BPI_SCAN_SEALED,    /* a footer that fits, or that the reference reads well: leave it */
  BPI_SCAN_MISFIT,    /* has a footer, but a wrong one: to be written anew */
  BPI_SCAN_OPEN_END,  /* has none: to be sealed */
  BPI_SCAN_HEADLESS   /* ends inside its prologue */
} bpi_scan_kind;

/* Bytes that were skipped before records[record], in a segment whose events must be counted. */
typedef struct bpi_scan_gap {
  size_t record;
  uint64_t bytes;
  uint64_t frames;  /* events that fill them, by the lengths that their frames declare; 0: not known */
} bpi_scan_gap;

typedef struct bpi_scan {
  bpi_memory memory;
  bpi_scan_kind kind;
  size_t first_frame;
  uint64_t frames_end;      /* end of the last good frame outside an incomplete batch: what lies behind may be cut off */
  bpi_record *records;      /* in commit order; strings are views into the segment */
  size_t count;
  size_t capacity;
  bpi_scan_gap *gaps;
  size_t gap_count;
  size_t gap_capacity;
  int has_final_commit;     /* the last good frame is a COMMIT marker, which wants a row in the footer */
  bpi_record final_commit;
} bpi_scan;

/* `file`: the whole segment; its strings are referred to, not copied.  BP_NEWER_VERSION, BP_NO_MEMORY; all else is a
 * finding.  The caller frees in any case. */
bp_status bpi_scan_segment(bpi_bytes file, uint64_t segment_id, int is_last, const bpi_memory *memory, bpi_scan *scan,
                           bpi_findings *findings, bp_error *error);
void bpi_scan_free(bpi_scan *scan);

/* A footer has no checksum, and a number in it that is too high would move all behind it; so the numbers of a segment are held
 * against the next one's.
 *
 * The first number of a segment by its footer; UINT64_MAX where that is above `most`, for which nothing but the row is read, or
 * cannot be believed.  BP_NO_MEMORY. */
bp_status bpi_scan_first_number(bpi_bytes file, uint64_t most, const bpi_memory *memory, uint64_t *number);
/* The segment's numbers begin at `from` or later and end before `taken`, the next one's first.  Where its last records, counted,
 * have just the places before that which are left, they are to be counted, and the footer is to be written anew.  Otherwise it cannot
 * be told which of the two is wrong, and nothing is changed. */
void bpi_scan_count_taken(bpi_scan *scan, uint64_t from, uint64_t taken, uint64_t segment_id, bpi_findings *findings);

/* Where frames begin if the prologue cannot be believed, its length neither; 0 where there is none. */
size_t bpi_scan_first_frame(bpi_bytes file);

/* Who goes through the records asks for the strings of those so far ahead. */
enum { BPI_SCAN_AHEAD = 8 };

/* The record of a decoded frame, unnumbered. */
void bpi_record_of_frame(const bpi_header *header, uint64_t offset, uint32_t frame_length, bpi_record *record);

#endif
