/* A fence: events that are written and indexed at once, and seen all together at its commit, or never.
 *
 *   - There is at most one.  Its rows are the newest of the index; `published` stands still before the first of them.
 *   - Whatever of its frames may be on the disk lies in a range of visibility_ranges.fbv that was on the disk before.  The range
 *     reaches ahead, so that it is seldom written, and what was written before the fence is flushed before it is: its events
 *     cannot slide below the range by what a crash takes of those before them.
 *   - Its tickets wait with it.
 *   - The handle has up to three owners: the caller; the store, while the fence is open; a cancellation that nobody waits for.
 *     It outlives the store, which it then no longer knows. */
#ifndef BPI_STORE_FENCE_H
#define BPI_STORE_FENCE_H

#include "store/store_internal.h"

struct bp_fence {
  uint32_t magic;
  _Atomic uint32_t owners;
  bpi_memory memory;
  const bp_system *system;
  uint64_t process;
  uint64_t token;
  bpi_mutex lock;              /* guards `store` */
  bp_store *store;             /* NULL: the fence is not open */
  bpi_requests pending;        /* its written tickets; guarded by the store's commit_lock */
  bpi_request drop;            /* cancels it when the caller has dropped it */
  bp_error drop_error;
};

/* --- by the leader; a step of a fence is alone in its group, and everything before it was flushed */

bp_status bpi_fence_open(bp_store *store, bp_fence *fence, bp_error *error);
/* Nothing is published yet: that is the next thing to do. */
bp_status bpi_fence_commit(bp_store *store, bp_error *error);
bp_status bpi_fence_cancel(bp_store *store, bp_error *error);
/* May the items of the request be written now?  BP_FENCE_ACTIVE, BP_FENCE_NOT_ACTIVE. */
bp_status bpi_fence_admit(const bp_store *store, const bpi_request *request);
/* Before frames are written: the range covers them. */
bp_status bpi_fence_cover(bp_store *store, bp_error *error);
/* After a failed flush: tickets whose rows were taken back fail with it. */
void bpi_fence_drop_lost(bp_store *store, const bp_error *error);

/* --- */

/* Under commit_lock: a written ticket waits with its fence. */
void bpi_fence_keep(bp_fence *fence, bpi_request *request);
/* At close: cancels the open fence.  Where that fails its tickets are told all the same, and its events stay hidden, since
 * the range on the disk stays. */
bp_status bpi_fence_close(bp_store *store, bp_error *error);
/* By the worker: the cancellation that nobody waited for is done, or is tried again with the next group. */
void bpi_fence_dropped(bp_store *store, bpi_request *request);
void bpi_fence_let_go(bp_fence *fence);
/* The store behind the handle, entered.  BP_ARGUMENT, BP_FORKED, BP_FENCE_NOT_ACTIVE, BP_CLOSED. */
bp_status bpi_fence_enter(bp_fence *fence, bp_store **store, bp_error *error);

#endif
