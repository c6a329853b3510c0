/* The fault points: where the leader asks the function of the configuration whether to go on.  In a build without them each
 * of these is BP_OK, and nothing of it is left in the code.  What an abort means at each point: docs/faults.md.
 *
 * Events of the store's own and known keys pass no point. */
#ifndef BPI_STORE_FAULT_POINTS_H
#define BPI_STORE_FAULT_POINTS_H

#include "store/group.h"

#ifdef BATPAK_FAULT_POINTS

/* An append, before it is placed. */
bp_status bpi_fault_single(bpi_group *g, const bpi_item *item, bp_error *error);
/* A batch, before its first write.  The function may read the store: the group lets go of the index. */
bp_status bpi_fault_batch(bpi_group *g, uint32_t point, uint64_t batch, uint32_t item, uint32_t items,
                          bp_error *error);
/* All that the unit brought, which began at `offset`.  Where one is refused, the unit is off the disk again.  g->error. */
bp_status bpi_fault_written(bpi_group *g, uint64_t offset);
/* The batches that the next flush covers.  A refusal poisons the writer.  g->error. */
bp_status bpi_fault_flush(bpi_group *g);
/* The batches that are about to be published.  A refusal poisons the writer, and nothing counts as durable that readers do
 * not see.  g->error. */
bp_status bpi_fault_publish(bpi_group *g);
/* The appends that were published: a refusal changes what their callers are told. */
void bpi_fault_published(bpi_group *g);

#else

#define bpi_fault_single(g, item, error) BP_OK
#define bpi_fault_batch(g, point, batch, item, items, error) ((void)(batch), (void)(items), BP_OK)
#define bpi_fault_written(g, offset) ((void)(offset), BP_OK)
#define bpi_fault_flush(g) BP_OK
#define bpi_fault_publish(g) BP_OK
#define bpi_fault_published(g) ((void)(g))

#endif

#endif
