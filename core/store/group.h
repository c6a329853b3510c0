/* The group that is being committed, as its leader sees it.  All of it belongs to the leader. */
#ifndef BPI_STORE_GROUP_H
#define BPI_STORE_GROUP_H

#include "store/store_internal.h"

/* What the leader carries through one group. */
typedef struct bpi_group {
  bp_store *store;
  bpi_request *first;        /* the requests of the group, linked; */
  bpi_request *last;         /* its `next` is not the leader's to read: others queue behind it */
  int64_t now_us;            /* the last good time where the clock is wrong */
  bp_status clock;           /* BP_OK, or why nothing that wants the time can be appended */
  bp_error clock_error;
  int durable;               /* somebody needs the flush */
  uint32_t unit_row;         /* first row of the unit that is being gathered */
  uint64_t unit_sequence;
  bp_point unit_frontier;
  int holds_index;           /* index_lock is held exclusively over several changes */
  bp_status failure;         /* BP_OK, or why all that is not yet written fails */
  bp_error error;
} bpi_group;

/* The request behind this one; NULL behind the last. */
bpi_request *bpi_group_next(const bpi_group *g, const bpi_request *request);
/* Writes the unit that has been gathered.  What fails is in g->failure. */
void bpi_group_write(bpi_group *g);
/* Between these two changes of the index take no lock of their own.  Nothing else of the group may go on meanwhile. */
void bpi_group_hold_index(bpi_group *g);
void bpi_group_let_go_of_index(bpi_group *g);
/* Takes rows back from the index until `row` of them are left. */
void bpi_group_take_back(bpi_group *g, uint32_t row);
/* Writes the unit, seals the full segment, begins the next. */
void bpi_group_rotate(bpi_group *g);

/* Judges one item and places it behind the others; item->replayed is set when its key is known, and nothing is placed
 * then.  Nothing of it stays after a failure. */
bp_status bpi_assign(bpi_group *g, bpi_item *item, bp_error *error);
/* The same for all items of a request that is atomic, between the markers of a batch.  request->accepted is all or none. */
bp_status bpi_assign_batch(bpi_group *g, bpi_request *request);

/* --- the steps of both */

/* Sets item->replayed and its row when the key is known.  BP_KEY_CANCELLED. */
bp_status bpi_look_up_key(bpi_group *g, bpi_item *item, bp_error *error);
/* What is placed next begins in a segment that is not full. */
bp_status bpi_make_room(bpi_group *g, bp_error *error);
/* Gives the item its sequence, its clock and its link, and puts it into index and unit: both or neither. */
bp_status bpi_place(bpi_group *g, bpi_item *item, bp_error *error);

#endif
