/* A fence as its caller holds it. */
#include "store/fence.h"
#include "store/ticket.h"

enum { FENCE_MAGIC = 0x42504631 };

static bp_status new_fence(const bp_store *store, bp_fence **fence, bp_error *error) {
  bp_fence *made = bpi_allocate(&store->memory, sizeof *made);
  if (made == NULL) return bpi_fail(error, BP_NO_MEMORY, "making a fence");
  int failed = bpi_mutex_init(&made->lock);
  if (failed != 0) {
    bpi_release(&store->memory, made, sizeof *made);
    return bpi_fail_system(error, failed, "making a lock");
  }
  made->magic = FENCE_MAGIC;
  made->memory = store->memory;
  made->system = store->system;
  made->process = store->process;
  made->drop_error.struct_size = sizeof made->drop_error;
  made->drop = (bpi_request){.op = BPI_FENCE_CANCEL, .fence = made, .by_worker = 1, .durable = 1, .error = &made->drop_error};
  atomic_init(&made->owners, 1);
  *fence = made;
  return BP_OK;
}

void bpi_fence_let_go(bp_fence *fence) {
  if (atomic_fetch_sub(&fence->owners, 1) > 1) return;
  bpi_memory memory = fence->memory;
  bpi_mutex_free(&fence->lock);
  fence->magic = 0;
  bpi_release(&memory, fence, sizeof *fence);
}

static int is_foreign_process(const bp_fence *fence) {
  return fence->system->process_id(fence->system->context) != fence->process;
}

/* A store that is being closed lets nobody in who is not in yet: it may be gone before he were out again. */
static int enter_open_store(bp_store *store) {
  uint32_t users = atomic_load(&store->users);
  while (!(users & BPI_STORE_CLOSING)) {
    if (atomic_compare_exchange_weak(&store->users, &users, users + 1)) return 1;
  }
  return 0;
}

bp_status bpi_fence_enter(bp_fence *fence, bp_store **store, bp_error *error) {
  if (fence == NULL || fence->magic != FENCE_MAGIC) return bpi_fail(error, BP_ARGUMENT, "no fence");
  if (is_foreign_process(fence)) return bpi_fail(error, BP_FORKED, "the fence is the parent process's");
  bpi_mutex_lock(&fence->lock);
  bp_store *behind = fence->store;
  int is_inside = behind != NULL && enter_open_store(behind);
  bpi_mutex_unlock(&fence->lock);
  if (behind == NULL) return bpi_fail(error, BP_FENCE_NOT_ACTIVE, "the fence is not open any more");
  if (!is_inside) return bpi_fail(error, BP_CLOSED, "the store is being closed");
  *store = behind;
  return BP_OK;
}

static bp_status begin(bp_store *store, bp_fence **fence, bp_error *error) {
  bp_fence *made = NULL;
  bp_status status = bpi_worker_need(store, error);
  if (status == BP_OK) status = new_fence(store, &made, error);
  if (status != BP_OK) return status;
  bpi_request request = {.op = BPI_FENCE_BEGIN, .fence = made, .durable = 1, .error = error};
  status = bpi_store_commit(store, &request);
  if (status == BP_OK) {
    *fence = made;
  } else {
    bpi_fence_let_go(made);
  }
  return status;
}

bp_status bp_fence_begin(bp_store *store, bp_fence **fence, bp_error *error) {
  if (fence == NULL) return bpi_fail(error, BP_ARGUMENT, "fence is NULL");
  *fence = NULL;
  bp_status status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  status = begin(store, fence, error);
  bpi_store_leave(store);
  return status;
}

uint64_t bp_fence_token(const bp_fence *fence) {
  return fence == NULL || fence->magic != FENCE_MAGIC ? 0 : fence->token;
}

static bp_status end(bp_fence *fence, int op, bp_error *error) {
  bp_store *store = NULL;
  bp_status status = bpi_fence_enter(fence, &store, error);
  if (status != BP_OK) return status;
  bpi_request request = {.op = op, .fence = fence, .durable = 1, .error = error};
  status = bpi_store_commit(store, &request);
  bpi_store_leave(store);
  return status;
}

bp_status bp_fence_commit(bp_fence *fence, bp_error *error) { return end(fence, BPI_FENCE_COMMIT, error); }

bp_status bp_fence_cancel(bp_fence *fence, bp_error *error) { return end(fence, BPI_FENCE_CANCEL, error); }

void bp_fence_free(bp_fence *fence) {
  bp_store *store;
  if (fence == NULL || fence->magic != FENCE_MAGIC || is_foreign_process(fence)) return;
  /* Where the fence is over, or the store is being closed, there is nobody to be told. */
  if (bpi_fence_enter(fence, &store, NULL) == BP_OK) {
    atomic_fetch_add(&fence->owners, 1);
    bpi_queue_put(store, &fence->drop);
    bpi_store_leave(store);
  }
  bpi_fence_let_go(fence);
}
