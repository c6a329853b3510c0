/* Which frames of a walk are events: batches count whole or not at all.
 *
 * The reference does not name the batch in its items.  When a batch breaks (a COMMIT that comes too early, a frame too
 * many, another BEGIN, the end), events that were appended after the failed batch stand where its items should be.  Items
 * of one batch share one timestamp, so from the first other timestamp on they are taken for events of their own: the
 * reference itself would lose them. */
#ifndef BPI_JOURNAL_BATCHES_H
#define BPI_JOURNAL_BATCHES_H

#include "journal/footer.h"

enum { BPI_BATCH_ITEMS_MAX = 1000000 };

typedef struct bpi_batches {
  bpi_memory memory;
  bpi_record *records;  /* events decided so far, then the staged items */
  size_t count;         /* decided */
  size_t staged;        /* items of the open batch, behind them */
  size_t capacity;
  size_t same_time;     /* of the staged items, how many lead with one timestamp */
  int64_t time;
  uint32_t declared;
  int open;
  int damaged;          /* bytes were skipped inside the open batch */
  uint64_t good_end;    /* end of the last frame that is outside an undecided or dropped batch */
  uint64_t dropped;     /* items dropped */
} bpi_batches;

void bpi_batches_init(bpi_batches *batches, const bpi_memory *memory, uint64_t first_frame);
/* The next frame of the walk.  BP_NO_MEMORY. */
bp_status bpi_batches_frame(bpi_batches *batches, const bpi_record *record, const bpi_header *header);
/* Bytes were skipped.  `whole`: they are a frame that was damaged, not one that a crash cut short; where the COMMIT of a
 * batch belongs whose items are all there it was that. */
void bpi_batches_skipped(bpi_batches *batches, int whole);
/* The segment ends.  `records` and `count` then belong to the caller. */
void bpi_batches_end(bpi_batches *batches);

#endif
