/* Who is inside a store, and who closes it. */
#include "store/fence.h"

#include <string.h>

bp_store *bpi_store_of(const bp_store *store) {
  bp_store *writable;
  memcpy(&writable, &store, sizeof writable);
  return writable;
}

bp_status bpi_store_enter(const bp_store *store, bp_error *error) {
  if (store == NULL || store->magic != BPI_STORE_MAGIC) return bpi_fail(error, BP_ARGUMENT, "no open store");
  if (store->system->process_id(store->system->context) != store->process) {
    return bpi_fail(error, BP_FORKED, "the store was opened by the parent process");
  }
  bp_store *inside = bpi_store_of(store);
  if (atomic_fetch_add(&inside->users, 1) & BPI_STORE_CLOSING) {
    bpi_store_leave(store);
    return bpi_fail(error, BP_CLOSED, "the store is being closed");
  }
  return BP_OK;
}

bp_status bpi_store_enter_writable(const bp_store *store, bp_error *error) {
  bp_status status = bpi_store_enter(store, error);
  if (status != BP_OK || store->mode != BP_MODE_READ_ONLY) return status;
  bpi_store_leave(store);
  return bpi_fail(error, BP_READ_ONLY, "the store was opened read-only");
}

/* A call that comes when it is too late enters and leaves as well, so being the last one out is not enough. */
static void destroy_once(bp_store *store) {
  uint32_t nobody = BPI_STORE_CLOSING;
  if (!atomic_compare_exchange_strong(&store->users, &nobody, BPI_STORE_CLOSING | BPI_STORE_CLOSED)) return;
  (void)bpi_store_destroy(store, NULL);
}

void bpi_store_leave(const bp_store *store) {
  bp_store *inside = bpi_store_of(store);
  if (atomic_fetch_sub(&inside->users, 1) == (BPI_STORE_CLOSING | 1)) destroy_once(inside);
}

void bpi_store_log(const bp_store *store, const char *text) {
  if (store->config.log != NULL) store->config.log(store->config.log_user, text, strlen(text));
}

enum { CONDITIONS = 6 };

static bpi_condition *condition_at(bp_store *store, size_t i) {
  bpi_condition *const all[CONDITIONS] = {&store->group_done[0], &store->group_done[1], &store->head_leads,
                                          &store->watermark_moved, &store->worker.wake, &store->worker.room};
  return all[i];
}

int bpi_store_init_conditions(bp_store *store) {
  int failed = 0;
  size_t made = 0;
  while (made < CONDITIONS && (failed = bpi_condition_init(condition_at(store, made))) == 0) made++;
  while (failed != 0 && made > 0) bpi_condition_free(condition_at(store, --made));
  return failed;
}

static void free_conditions(bp_store *store) {
  for (size_t i = 0; i < CONDITIONS; i++) bpi_condition_free(condition_at(store, i));
}

void bpi_store_free(bp_store *store) {
  bpi_memory memory = store->memory;
  bpi_writer_free(&store->writer);
  bpi_segments_free(&store->segments);
  bpi_index_free(&store->index);
  bpi_keyring_free(&store->keyring);
  bpi_findings_free(&store->open_findings);
  bpi_buffer_free(&store->group);
  for (size_t i = 0; i < store->scratch_count; i++) bpi_buffer_free(&store->scratch[i]);
  if (store->lock_file >= 0) store->system->file_close(store->system->context, store->lock_file);
  bpi_buffer_free(&store->directory);
  bpi_rwlock_free(&store->index_lock);
  free_conditions(store);
  bpi_mutex_free(&store->commit_lock);
  bpi_mutex_free(&store->scratch_lock);
  store->magic = 0;
  bpi_release(&memory, store, sizeof *store);
}

static bp_status write_close(bp_store *store, bp_error *error) {
  if (store->mode == BP_MODE_READ_ONLY) return BP_OK;
  if (atomic_load(&store->poisoned)) {
    return bpi_fail(error, BP_POISONED, "an earlier write or flush failed; the next open repairs the store");
  }
  bp_status status = bpi_store_append_closed(store, error);
  return status == BP_OK ? bpi_store_seal(store, error) : status;
}

bp_status bpi_store_destroy(bp_store *store, bp_error *error) {
  bp_error failure = {.struct_size = sizeof failure};
  bp_status status = bpi_fence_close(store, &failure);
  bpi_worker_stop(store);
  if (status == BP_OK) status = write_close(store, &failure);
  bpi_await_close(store);
  if (status != BP_OK) {
    bpi_store_log(store, failure.text);
    (void)bpi_error_copy(error, &failure);
  }
  bpi_store_free(store);
  return status;
}

/* After a fork the locks may be held by threads that do not exist here, so nothing but the descriptors is touched. */
static void close_in_child(bp_store *store) {
  bpi_writer_free(&store->writer);
  if (store->lock_file >= 0) store->system->file_close(store->system->context, store->lock_file);
  store->magic = 0;
}

static int is_foreign_process(const bp_store *store) {
  return store->system->process_id(store->system->context) != store->process;
}

bp_status bp_store_close(bp_store *store, bp_error *error) {
  if (store == NULL) return BP_OK;
  if (store->magic != BPI_STORE_MAGIC) return bpi_fail(error, BP_ARGUMENT, "no open store");
  if (is_foreign_process(store)) return bpi_fail(error, BP_FORKED, "the store was opened by the parent process");
  uint32_t users = 0;
  if (!atomic_compare_exchange_strong(&store->users, &users, BPI_STORE_CLOSING | BPI_STORE_CLOSED)) {
    uint32_t inside = users & ~(uint32_t)(BPI_STORE_CLOSING | BPI_STORE_CLOSED);
    return bpi_fail_values(error, BP_BUSY, 0, inside, "calls are under way");
  }
  return bpi_store_destroy(store, error);
}

void bp_store_release(bp_store *store) {
  if (store == NULL || store->magic != BPI_STORE_MAGIC) return;
  if (is_foreign_process(store)) {
    close_in_child(store);
    return;
  }
  /* Inside while those are told who wait, so that the last of them does not free the store meanwhile. */
  atomic_fetch_add(&store->users, 1);
  atomic_fetch_or(&store->users, (uint32_t)BPI_STORE_CLOSING);
  bpi_watermarks_wake(store);
  bpi_store_leave(store);
}
