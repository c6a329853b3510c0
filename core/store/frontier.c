/* The frontier: how far the store has come, in six points, and waiting for them.
 *
 *   - The leader tells of its group between write and flush, and again at its end, under `commit_lock`: nobody sees half
 *     of a step.
 *   - accepted = written >= durable; accepted >= visible = emitted.  The events of a fence are visible with its commit, those
 *     of a cancelled one never, and are passed by with the next event behind them.  A poisoned writer takes accepted and written back to
 *     what stays; the others never fall.
 *   - Who waits looks at its point, at the poison and at a release under `commit_lock`, and is told of all three under it:
 *     no wake-up is lost.  Waiting flushes nothing. */
#include "store/prepare.h"

enum { NS_PER_MS = 1000000 };

/* The newest of the first `rows` events: behind the open event times rise with sequences. */
static bp_point point_of(const bp_store *store, uint32_t rows) {
  if (rows == 0) return (bp_point){0, 0};
  const bpi_row *row = bpi_index_row(&store->index, rows - 1);
  return (bp_point){row->wall_ms, row->sequence};
}

bp_point bpi_newest_visible(const bp_store *store) { return point_of(store, bpi_index_visible_end(&store->index)); }

static int is_same(bp_point a, bp_point b) { return a.wall_ms == b.wall_ms && a.sequence == b.sequence; }

void bpi_watermarks_begin(bp_store *store) {
  bpi_watermarks *w = &store->watermarks;
  w->written = w->durable = w->visible = w->applied = store->frontier;
  w->is_pending = 0;
}

void bpi_watermarks_advance(bp_store *store) {
  bpi_watermarks *w = &store->watermarks;
  const bp_point durable = w->durable, visible = w->visible;
  w->written = point_of(store, store->index.count);
  w->durable = point_of(store, (uint32_t)atomic_load(&store->durable_rows));
  w->visible = bpi_newest_visible(store);
  w->poisoned = atomic_load(&store->poisoned);
  int is_pending = !is_same(w->written, w->durable);
  if (is_pending && !w->is_pending) w->pending_since_ns = store->system->clock_mono_ns(store->system->context);
  w->is_pending = is_pending;
  int wake = (w->waiting[BP_WATERMARK_DURABLE] > 0 && !is_same(durable, w->durable)) ||
             (w->waiting[BP_WATERMARK_VISIBLE] > 0 && !is_same(visible, w->visible));
  if (wake || w->poisoned) bpi_condition_wake_all(&store->watermark_moved);
  if (store->awaiting_count > 0) bpi_await_advance(store);
}

void bpi_watermarks_wake(bp_store *store) {
  bpi_mutex_lock(&store->commit_lock);
  bpi_condition_wake_all(&store->watermark_moved);
  bpi_mutex_unlock(&store->commit_lock);
}

/* --- waiting */

bp_point bpi_watermarks_at(const bp_store *store, uint32_t watermark) {
  const bpi_watermarks *w = &store->watermarks;
  switch (watermark) {
    case BP_WATERMARK_DURABLE: return w->durable;
    case BP_WATERMARK_VISIBLE: return w->visible;
    default: return w->applied;
  }
}

bp_status bpi_watermarks_hopeless(const bp_store *store, bp_error *error) {
  if (!store->watermarks.poisoned) return BP_OK;
  return bpi_fail(error, BP_POISONED, "an earlier write or flush failed; the point will not be reached");
}

/* Under the lock. */
static bp_status await(bp_store *store, uint32_t watermark, bp_point point, uint32_t timeout_ms, bp_error *error) {
  bpi_watermarks *w = &store->watermarks;
  uint64_t deadline_ns = 0;
  int late = timeout_ms == 0;
  while (!bpi_point_reached(bpi_watermarks_at(store, watermark), point)) {
    bp_status status = bpi_watermarks_hopeless(store, error);
    if (status != BP_OK) return status;
    if (atomic_load(&store->users) & BPI_STORE_CLOSING) return bpi_fail(error, BP_CLOSED, "the store was released");
    if (late) {
      return bpi_fail_values(error, BP_WAIT_TIMEOUT, point.sequence, bpi_watermarks_at(store, watermark).sequence,
                             "the watermark did not reach the point in time");
    }
    if (deadline_ns == 0) deadline_ns = bpi_deadline_after_ms(timeout_ms);
    w->waiting[watermark]++;
    late = bpi_condition_wait_until(&store->watermark_moved, &store->commit_lock, deadline_ns);
    w->waiting[watermark]--;
  }
  return BP_OK;
}

static bp_status await_alone(bp_store *store, uint32_t watermark, bp_point point, uint32_t timeout_ms, bp_error *error) {
  bpi_mutex_lock(&store->commit_lock);
  bp_status status = await(store, watermark, point, timeout_ms, error);
  bpi_mutex_unlock(&store->commit_lock);
  return status;
}

bp_status bpi_store_pass_gate(bp_store *store, const bpi_item *item, bp_receipt *receipts, size_t count, bp_error *error) {
  static const uint32_t watermarks[] = {[BP_GATE_DURABLE] = BP_WATERMARK_DURABLE,
                                        [BP_GATE_APPLIED] = BP_WATERMARK_APPLIED,
                                        [BP_GATE_VISIBLE] = BP_WATERMARK_VISIBLE};
  const bp_draft *draft = item->draft;
  if (draft->gate == BP_GATE_NONE) return BP_OK;
  const bp_point point = {item->row.wall_ms, item->row.sequence};
  bp_status status = await_alone(store, watermarks[draft->gate], point, draft->gate_timeout_ms, error);
  int durable = status == BP_OK && draft->gate == BP_GATE_DURABLE && receipts != NULL;
  for (size_t i = 0; durable && i < count; i++) {
    /* A replayed event lies below those that were written with it. */
    bp_receipt *receipt = bpi_receipt_at(receipts, i);
    if (receipt->sequence <= point.sequence) receipt->durable = 1;
  }
  return status;
}

bp_status bpi_watermarks_check(uint32_t watermark, const bp_point *point, bp_error *error) {
  if (point == NULL) return bpi_fail(error, BP_ARGUMENT, "point is NULL");
  if (watermark != BP_WATERMARK_DURABLE && watermark != BP_WATERMARK_VISIBLE && watermark != BP_WATERMARK_APPLIED) {
    return bpi_fail(error, BP_ARGUMENT, "only durable, visible and applied can be waited for");
  }
  return BP_OK;
}

bp_status bp_store_wait(const bp_store *store, uint32_t watermark, const bp_point *point, uint32_t timeout_ms,
                        bp_error *error) {
  bp_status status = bpi_watermarks_check(watermark, point, error);
  if (status == BP_OK) status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  status = await_alone(bpi_store_of(store), watermark, *point, timeout_ms, error);
  bpi_store_leave(store);
  return status;
}

/* --- looking */

static void fill(bp_store *store, bp_frontier *frontier) {
  const bp_system *system = store->system;
  bpi_mutex_lock(&store->commit_lock);
  const bpi_watermarks w = store->watermarks;
  /* Read under the lock: the clock must not stand before the point from which it counts. */
  uint64_t now_ns = w.is_pending ? system->clock_mono_ns(system->context) : 0;
  bpi_mutex_unlock(&store->commit_lock);
  frontier->accepted = frontier->written = w.written;
  frontier->durable = w.durable;
  frontier->visible = frontier->emitted = w.visible;
  frontier->applied = w.applied;
  frontier->visible_minus_durable = (int64_t)(w.visible.sequence - w.durable.sequence);
  frontier->oldest_pending_ms = w.is_pending ? (now_ns - w.pending_since_ns) / NS_PER_MS : UINT64_MAX;
}

bp_status bp_store_frontier(const bp_store *store, bp_frontier *frontier, bp_error *error) {
  bp_status status =
      bpi_check_struct(frontier, frontier == NULL ? 0 : frontier->struct_size, sizeof *frontier, sizeof *frontier, error);
  if (status == BP_OK) status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  bp_frontier full = {.struct_size = frontier->struct_size};
  fill(bpi_store_of(store), &full);
  *frontier = full;
  bpi_store_leave(store);
  return BP_OK;
}
