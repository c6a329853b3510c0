/* From drafts to items: what can be refused, hashed or encoded before the order of events is known, in the caller's own time. */
#ifndef BPI_STORE_PREPARE_H
#define BPI_STORE_PREPARE_H

#include "store/store_internal.h"

static inline const bp_draft *bpi_draft_at(const bp_draft *drafts, size_t index) {
  return (const bp_draft *)(const void *)((const uint8_t *)drafts + index * drafts->struct_size);
}

static inline bp_receipt *bpi_receipt_at(bp_receipt *receipts, size_t index) {
  return (bp_receipt *)(void *)((uint8_t *)receipts + index * receipts->struct_size);
}

/* The first elements of a caller's arrays; the stride of each is its struct_size.  BP_STRUCT_SIZE, BP_ARGUMENT. */
bp_status bpi_arrays_check(const bp_draft *drafts, const bp_receipt *receipts, bp_error *error);
/* Draft `index` of an array whose first element was checked; *room is what it needs to be prepared. */
bp_status bpi_draft_at_check(const bp_store *store, const bp_draft *drafts, size_t index, size_t *room, bp_error *error);
/* BP_ARGUMENT for what only an item of a batch may ask for. */
bp_status bpi_alone_check(const bp_draft *draft, bp_error *error);
/* A whole batch: limits, items, causes, keys; *room is what bpi_items_prepare needs.  An error's `offset` is the
 * item. */
bp_status bpi_batch_check(const bp_store *store, const bp_draft *drafts, size_t count, size_t *room, bp_error *error);

/* 0: the frame would be too large.  *room is what the draft needs to be prepared, which is nothing for most. */
int bpi_item_fits(const bp_draft *draft, size_t *room);
/* Hashes the payload, and encodes the extensions into `room`.  The leader writes the frame from the draft, which stays
 * where it is until then. */
void bpi_item_prepare(bpi_item *item, const bp_draft *draft, uint8_t *room);
/* The same of `count` drafts, whose payloads are hashed side by side: items[i] belongs to draft i. */
void bpi_items_prepare(bpi_item *items, const bp_draft *drafts, size_t count, uint8_t *room);

int bpi_wants_durable(const bp_store *store, const bp_draft *draft);

#endif
