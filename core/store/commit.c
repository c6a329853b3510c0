/* The commit of one group, by whoever leads (queue.c): its requests are judged against the last assigned state and get
 * their sequences, their frames are written with one call and flushed once if anybody asked for it, then they are
 * published.
 *
 *   - Rows enter the index before their frames are written, unpublished: validation sees them, readers do not.
 *   - A unit is what goes into one segment with one write.  A unit that cannot be written is taken back whole, and with it
 *     everything behind it in the group.
 *   - After a failed flush nothing more is written: the events of the group are taken back from the index, and whether
 *     their bytes survive is for the next open to see. */
#include "store/fence.h"
#include "store/fault_points.h"
#include "store/group.h"

#include "sys/thread.h"

bp_status bpi_store_now(bp_store *store, int64_t *now_us, bp_error *error) {
  int64_t now = store->config.clock != NULL
                    ? store->config.clock(store->config.clock_user)
                    : store->system->clock_wall_ns(store->system->context) / 1000;
  if (now < 0) return bpi_fail(error, BP_CLOCK_INVALID, "the clock answered %lld", (long long)now);
  if (now > store->clock_us) store->clock_us = now;
  *now_us = store->clock_us;
  return BP_OK;
}

/* --- units */

static void begin_unit(bpi_group *g) {
  g->unit_row = g->store->index.count;
  g->unit_sequence = g->store->next_sequence;
  g->unit_frontier = g->store->frontier;
  g->store->group.length = 0;
}

void bpi_group_hold_index(bpi_group *g) {
  if (!g->holds_index) bpi_rwlock_write(&g->store->index_lock);
  g->holds_index = 1;
}

void bpi_group_let_go_of_index(bpi_group *g) {
  if (g->holds_index) bpi_rwlock_unlock(&g->store->index_lock);
  g->holds_index = 0;
}

void bpi_group_take_back(bpi_group *g, uint32_t row) {
  bp_store *store = g->store;
  bpi_rwlock_write(&store->index_lock);
  bpi_index_undo(&store->index, row);
  bpi_rwlock_unlock(&store->index_lock);
}

/* What stays of the group: without a failed flush all but this unit; with one only what was durable before it. */
static uint32_t rows_to_keep(const bpi_group *g) {
  const bp_store *store = g->store;
  if (store->writer.poisoned == BP_OK) return g->unit_row;
  uint64_t durable = atomic_load(&store->durable_rows);
  return durable > store->index.published ? (uint32_t)durable : store->index.published;
}

static void fail_group(bpi_group *g, bp_status status) {
  g->failure = status;
  bpi_group_take_back(g, rows_to_keep(g));
  g->store->next_sequence = g->unit_sequence;
  g->store->frontier = g->unit_frontier;
  g->store->group.length = 0;
  if (g->store->writer.poisoned == BP_OK) return;
  atomic_store(&g->store->poisoned, 1);
  bpi_fence_drop_lost(g->store, &g->error);
}

static void write_unit(bpi_group *g, int flushed) {
  bp_store *store = g->store;
  const uint64_t end = store->writer.offset;
  if (g->failure != BP_OK || store->group.length == 0) return;
  bp_status status = bpi_fence_cover(store, &g->error);
  if (status == BP_OK && flushed) {
    status = bpi_writer_append_flushed(&store->writer, &store->group, &g->error);
  } else if (status == BP_OK) {
    status = bpi_writer_append(&store->writer, store->group.data, store->group.length, &g->error);
  }
  if (status == BP_OK) status = bpi_fault_written(g, end);
  if (status != BP_OK) {
    fail_group(g, status);
    return;
  }
  store->unsynced += store->index.count - g->unit_row;
  begin_unit(g);
}

void bpi_group_write(bpi_group *g) { write_unit(g, 0); }

static void note_durable(bp_store *store) {
  store->unsynced = 0;
  atomic_store(&store->durable_rows, store->index.count);
}

/* Sealing flushes, so all before it is durable. */
void bpi_group_rotate(bpi_group *g) {
  bp_store *store = g->store;
  bpi_group_write(g);
  if (g->failure != BP_OK) return;
  bp_status status = BP_OK;
  if (store->writer.file >= 0) {
    status = bpi_fault_flush(g);
    if (status == BP_OK) status = bpi_store_seal(store, &g->error);
    if (status == BP_OK) note_durable(store);
  }
  if (status == BP_OK) {
    status = bpi_writer_begin(&store->writer, store->next_segment,
                              store->system->clock_wall_ns(store->system->context), &g->error);
  }
  if (status == BP_OK) {
    store->next_segment++;
    store->segment_row = store->index.count;
  } else {
    fail_group(g, status);
  }
}

/* --- the group */

bpi_request *bpi_group_next(const bpi_group *g, const bpi_request *request) {
  return request == g->last ? NULL : request->next;
}

static bp_status assign_each(bpi_group *g, bpi_request *request) {
  bp_status status = BP_OK;
  while (request->accepted < request->count && status == BP_OK) {
    status = g->failure != BP_OK ? bpi_error_copy(request->error, &g->error)
                                 : bpi_assign(g, &request->items[request->accepted], request->error);
    if (status == BP_OK) request->accepted++;
  }
  return status;
}

/* Does somebody wait for the flush, or is it due, with the unit that has been gathered? */
static int is_flushed(const bpi_group *g) {
  const bp_store *store = g->store;
  uint64_t unsynced = store->unsynced + (store->index.count - g->unit_row);
  return g->durable || (store->config.sync_every_events > 0 && unsynced >= store->config.sync_every_events);
}

static void assign_all(bpi_group *g) {
  for (bpi_request *request = g->first; request != NULL; request = bpi_group_next(g, request)) {
    request->accepted = 0;
    request->status = g->failure == BP_OK ? bpi_fence_admit(g->store, request) : BP_OK;
    if (request->status != BP_OK) continue;
    request->status = request->atomic ? bpi_assign_batch(g, request) : assign_each(g, request);
    /* What stands behind a fence is flushed by its commit. */
    if (request->durable && request->fence == NULL) g->durable = 1;
  }
  write_unit(g, is_flushed(g));
}

static void flush_group(bpi_group *g) {
  bp_store *store = g->store;
  if (!is_flushed(g) || store->writer.file < 0 || atomic_load(&store->poisoned)) return;
  /* A flush may take long: what it is to cover is seen meanwhile. */
  bpi_mutex_lock(&store->commit_lock);
  bpi_watermarks_advance(store);
  bpi_mutex_unlock(&store->commit_lock);
  bp_status status = bpi_fault_flush(g);
  if (status == BP_OK) status = bpi_writer_sync(&store->writer, &g->error);
  if (status == BP_OK) {
    note_durable(store);
  } else {
    fail_group(g, status);
  }
}

static void ask_before_publishing(bpi_group *g) {
  bp_status status = bpi_fault_publish(g);
  if (status != BP_OK) fail_group(g, status);
}

/* What was accepted but is not in the index any more has failed. */
static void settle(bpi_group *g) {
  bp_store *store = g->store;
  uint64_t durable_rows = atomic_load(&store->durable_rows);
  for (bpi_request *request = g->first; request != NULL; request = bpi_group_next(g, request)) {
    size_t kept = 0;
    request->is_durable = 1;
    while (kept < request->accepted && request->items[kept].number < store->index.count) {
      if (request->items[kept].number >= durable_rows) request->is_durable = 0;
      kept++;
    }
    if (kept < request->accepted || (request->count == 0 && atomic_load(&store->poisoned))) {
      request->accepted = request->atomic ? 0 : kept;
      request->status = bpi_error_copy(request->error, &g->error);
    }
  }
}

/* --- fences */

static bp_status step_fence(bpi_group *g, bpi_request *request) {
  bp_store *store = g->store;
  if (request->op != BPI_FENCE_BEGIN && request->fence != store->fencing.fence) {
    return bpi_fail(request->error, BP_FENCE_NOT_ACTIVE, "the fence is not open any more");
  }
  /* In a store that was poisoned before a fence can still be cancelled. */
  if (g->failure != BP_OK && (g->failure != BP_POISONED || request->op != BPI_FENCE_CANCEL)) {
    return bpi_error_copy(request->error, &g->error);
  }
  switch (request->op) {
    case BPI_FENCE_BEGIN: return bpi_fence_open(store, request->fence, request->error);
    case BPI_FENCE_COMMIT: return bpi_fence_commit(store, request->error);
    default: return bpi_fence_cancel(store, request->error);
  }
}

static void flush_all(bpi_group *g) {
  g->durable = 1;
  flush_group(g);
}

/* Everything before the step is on the disk. */
static void run_step(bpi_group *g, bpi_request *request) {
  flush_all(g);
  request->status = step_fence(g, request);
  if (request->status != BP_OK && request->by_worker && request->fence == g->store->fencing.fence) {
    g->store->fencing.is_abandoned = 1;
  }
}

static void cancel_abandoned(bpi_group *g) {
  if (!g->store->fencing.is_abandoned) return;
  flush_all(g);
  if (g->failure == BP_OK || g->failure == BP_POISONED) (void)bpi_fence_cancel(g->store, NULL);
}

/* Readers see what is written up to the open fence. */
static void publish(bp_store *store) {
  const bpi_fencing *fencing = &store->fencing;
  uint32_t end = fencing->fence != NULL ? fencing->first_row : store->index.count;
  atomic_store_explicit(&store->index.published, end, memory_order_release);
}

static void read_clock(void *user) {
  bpi_group *g = (bpi_group *)user;
  g->clock = bpi_store_now(g->store, &g->now_us, &g->clock_error);
}

static void give_up(void *user) { bpi_store_give_up_lead(((bpi_group *)user)->store); }

void bpi_store_run_group(bp_store *store, bpi_request *first, bpi_request *last) {
  bpi_group g = {.store = store, .first = first, .last = last, .now_us = store->clock_us};
  if (atomic_load(&store->poisoned)) {
    g.failure = bpi_fail(&g.error, BP_POISONED, "an earlier write or flush failed; open the store anew");
  }
  /* The caller's clock is the one place where a leader can die (the system's is no point of cancellation). */
  if (store->config.clock != NULL) {
    bpi_run_guarded(read_clock, give_up, &g);
  } else {
    read_clock(&g);
  }
  begin_unit(&g);
  cancel_abandoned(&g);
  if (first->op != BPI_APPEND) {
    run_step(&g, first);
    publish(store);
    return;
  }
  assign_all(&g);
  flush_group(&g);
  ask_before_publishing(&g);
  publish(store);
  settle(&g);
  bpi_fault_published(&g);
}
