/* What the leader does with the open fence. */
#include "store/fence.h"

#include "journal/hidden.h"

/* Numbers that a range reaches ahead of those in use, when it is written, and at least when it is relied on: what stands
 * behind a damaged frame may be numbered too high by what the damage hides. */
enum { AHEAD = 4096, AHEAD_LEAST = 2048 };

static uint32_t rows_of(const bp_store *store) { return store->index.count - store->fencing.first_row; }

/* Behind the last number that the fence has used. */
static uint64_t used_until(const bp_store *store) {
  if (rows_of(store) == 0) return store->fencing.first_sequence;
  return bpi_index_row(&store->index, store->index.count - 1)->sequence + 1;
}

/* --- the range on the disk */

/* The ranges of the index, and behind them that of the fence where it is not empty. */
static bp_status gather(const bp_store *store, uint64_t until, bpi_hidden *hidden, bp_error *error) {
  bp_status status = BP_OK;
  bpi_hidden_init(hidden, &store->memory);
  for (size_t i = 0; i < store->index.hidden_count && status == BP_OK; i++) {
    status = bpi_hidden_append(hidden, store->index.hidden[i]);
  }
  bpi_range own = {store->fencing.first_sequence, until};
  if (status == BP_OK && own.start < own.end) status = bpi_hidden_append(hidden, own);
  return status == BP_OK ? BP_OK : bpi_fail(error, status, "noting what is hidden");
}

/* After a failure the file is as it was, or as it should have become, so it is never removed again: an earlier removal that
 * is in doubt could not be told from a later one that is not. */
static bp_status save(bp_store *store, const bpi_hidden *hidden, bp_error *error) {
  const char *directory = (const char *)store->directory.data;
  bpi_fencing *fencing = &store->fencing;
  int removes = hidden->count == 0 && !fencing->is_in_doubt;
  fencing->has_range = 1;
  fencing->covered_until = 0;
  bp_status status = removes ? bpi_hidden_save(store->system, directory, hidden, error)
                             : bpi_hidden_replace(store->system, directory, hidden, error);
  fencing->is_in_doubt = status != BP_OK;
  return status;
}

static bp_status save_until(bp_store *store, uint64_t until, bp_error *error) {
  bpi_hidden hidden;
  bp_status status = gather(store, until, &hidden, error);
  if (status == BP_OK) status = save(store, &hidden, error);
  if (status == BP_OK) store->fencing.covered_until = until;
  bpi_hidden_free(&hidden);
  return status;
}

bp_status bpi_fence_cover(bp_store *store, bp_error *error) {
  bpi_fencing *fencing = &store->fencing;
  if (fencing->fence == NULL || store->next_sequence + AHEAD_LEAST <= fencing->covered_until) return BP_OK;
  return save_until(store, store->next_sequence + AHEAD, error);
}

/* As the processes of this machine see the file. */
static int range_is_there(const bp_store *store) {
  bpi_hidden hidden;
  bpi_hidden_init(&hidden, &store->memory);
  int found = 0;
  if (bpi_hidden_load(store->system, (const char *)store->directory.data, &hidden, NULL) == BP_OK && hidden.count > 0) {
    const bpi_range *last = &hidden.ranges[hidden.count - 1];
    found = last->start <= store->fencing.first_sequence && last->end >= used_until(store);
  }
  bpi_hidden_free(&hidden);
  return found;
}

/* A commit that fails must leave a fence that a crash cancels.  Where not even that can be had it is as after a failed flush:
 * what the next open shows nobody knows. */
static bp_status keep_range(bp_store *store, bp_status failed, bp_error *error) {
  if (range_is_there(store) || save_until(store, store->next_sequence + AHEAD, NULL) == BP_OK) return failed;
  store->writer.poisoned = BP_POISONED;
  atomic_store(&store->poisoned, 1);
  return bpi_fail(error, BP_SYNC_FAILED, "a commit failed and could not be taken back");
}

/* --- its tickets */

void bpi_fence_keep(bp_fence *fence, bpi_request *request) {
  bpi_requests_put(&fence->pending, request);
}

/* A replay of what was visible before the fence wrote nothing that could be hidden, and what it answers was flushed when the
 * fence was opened. */
static int is_behind_fence(const bp_store *store, const bpi_request *request) {
  for (size_t i = 0; i < request->count; i++) {
    if (request->items[i].number >= store->fencing.first_row) return 1;
  }
  return 0;
}

static bp_status answer_cancelled(bpi_request *request) {
  return bpi_fail(request->error, BP_FENCE_CANCELLED, "the fence was cancelled");
}

/* The fence is over: its tickets are for the worker to decide, its handle knows no store any more. */
static void end_fence(bp_store *store, int is_committed) {
  bp_fence *fence = store->fencing.fence;
  bpi_mutex_lock(&fence->lock);
  fence->store = NULL;
  bpi_mutex_unlock(&fence->lock);
  bpi_mutex_lock(&store->commit_lock);
  for (bpi_request *request = bpi_requests_take_all(&fence->pending), *next; request != NULL; request = next) {
    next = request->next;
    request->is_durable = 1;
    if (!is_committed && is_behind_fence(store, request)) request->status = answer_cancelled(request);
    bpi_worker_take(&store->worker, request);
  }
  uint64_t tokens = store->fencing.tokens;
  store->fencing = (bpi_fencing){.tokens = tokens};
  bpi_worker_wake(store);
  bpi_mutex_unlock(&store->commit_lock);
  bpi_fence_let_go(fence);
}

static int is_lost(const bp_store *store, const bpi_request *request) {
  for (size_t i = 0; i < request->count; i++) {
    if (request->items[i].number >= store->index.count) return 1;
  }
  return 0;
}

void bpi_fence_drop_lost(bp_store *store, const bp_error *error) {
  bp_fence *fence = store->fencing.fence;
  if (fence == NULL) return;
  bpi_mutex_lock(&store->commit_lock);
  bpi_request *request = bpi_requests_take_all(&fence->pending);
  for (bpi_request *next; request != NULL; request = next) {
    next = request->next;
    if (is_lost(store, request)) {
      request->status = bpi_error_copy(request->error, error);
      bpi_worker_take(&store->worker, request);
    } else {
      bpi_fence_keep(fence, request);
    }
  }
  bpi_mutex_unlock(&store->commit_lock);
}

/* --- steps */

bp_status bpi_fence_admit(const bp_store *store, const bpi_request *request) {
  if (request->count == 0 || request->fence == store->fencing.fence) return BP_OK;
  return request->fence == NULL ? bpi_fail(request->error, BP_FENCE_ACTIVE, "a fence is open")
                                : bpi_fail(request->error, BP_FENCE_NOT_ACTIVE, "the fence is not open any more");
}

bp_status bpi_fence_open(bp_store *store, bp_fence *fence, bp_error *error) {
  bpi_fencing *fencing = &store->fencing;
  uint64_t token = ++fencing->tokens;
  if (fencing->fence != NULL) return bpi_fail(error, BP_FENCE_ACTIVE, "another fence is open");
  fence->token = token;
  fence->store = store;
  atomic_fetch_add(&fence->owners, 1);
  bpi_mutex_lock(&store->commit_lock);
  fencing->fence = fence;
  fencing->first_row = store->index.count;
  fencing->first_sequence = store->next_sequence;
  bpi_mutex_unlock(&store->commit_lock);
  return BP_OK;
}

bp_status bpi_fence_commit(bp_store *store, bp_error *error) {
  bpi_fencing *fencing = &store->fencing;
  if (fencing->has_range) {
    bp_status status = save_until(store, fencing->first_sequence, error);
    if (status != BP_OK) return keep_range(store, status, error);
  }
  end_fence(store, 1);
  return BP_OK;
}

/* The range that is on the disk is cut to what was used.  A poisoned store leaves that to the next open, since frames that a
 * failed flush has lost may be there yet; but it must lie there. */
static bp_status save_cancelled(bp_store *store, const bpi_hidden *hidden, bp_error *error) {
  const bpi_fencing *fencing = &store->fencing;
  if (!fencing->has_range) return BP_OK;
  if (!atomic_load(&store->poisoned)) return save(store, hidden, error);
  return fencing->covered_until != 0 ? BP_OK : save_until(store, store->next_sequence + AHEAD, error);
}

/* From here on readers are kept from the fence's rows by their range.  Cannot fail. */
static void hide(bp_store *store, const bpi_hidden *hidden, bpi_range *ranges) {
  memcpy(ranges, hidden->ranges, hidden->count * sizeof *ranges);
  bpi_rwlock_write(&store->index_lock);
  bpi_index_take_hidden(&store->index, ranges, hidden->count);
  bpi_rwlock_unlock(&store->index_lock);
}

bp_status bpi_fence_cancel(bp_store *store, bp_error *error) {
  bpi_hidden hidden;
  bpi_range *ranges = NULL;
  bp_status status = gather(store, used_until(store), &hidden, error);
  if (status == BP_OK && rows_of(store) > 0) {
    ranges = bpi_allocate(&store->memory, hidden.count * sizeof *ranges);
    if (ranges == NULL) status = bpi_fail(error, BP_NO_MEMORY, "noting what is hidden");
  }
  if (status == BP_OK) status = save_cancelled(store, &hidden, error);
  if (status == BP_OK) {
    if (ranges != NULL) hide(store, &hidden, ranges);
    end_fence(store, 0);
  } else {
    bpi_release(&store->memory, ranges, ranges == NULL ? 0 : hidden.count * sizeof *ranges);
  }
  bpi_hidden_free(&hidden);
  return status;
}

/* --- the end of the store */

static bp_fence *open_fence(bp_store *store) {
  bpi_mutex_lock(&store->commit_lock);
  bp_fence *fence = store->fencing.fence;
  bpi_mutex_unlock(&store->commit_lock);
  return fence;
}

bp_status bpi_fence_close(bp_store *store, bp_error *error) {
  bp_fence *fence = open_fence(store);
  if (fence == NULL) return BP_OK;
  bpi_request request = {.op = BPI_FENCE_CANCEL, .fence = fence, .error = error};
  bp_status status = bpi_store_commit(store, &request);
  /* Not open any more: the caller's own cancellation stood before this one. */
  if (status == BP_OK || status == BP_FENCE_NOT_ACTIVE) return BP_OK;
  end_fence(store, 0);
  return status;
}

void bpi_fence_dropped(bp_store *store, bpi_request *request) {
  bp_fence *fence = request->fence;
  if (request->status != BP_OK && request->status != BP_FENCE_NOT_ACTIVE) bpi_store_log(store, fence->drop_error.text);
  bpi_fence_let_go(fence);
}
