/* The store's thread: leads where a ticket's request stands at the head of the queue, and hands out what became of tickets,
 * whoever led: signing is not the work of callers who wait for their own.  It lives from the first submission, fence or await to
 * the close, which it outlives by nothing: all that was queued is committed, and all of it decided, before it ends. */
#include "store/fence.h"
#include "store/ticket.h"

void bpi_worker_take(bpi_worker *worker, bpi_request *request) {
  bpi_requests_put(&worker->done, request);
}

void bpi_worker_wake(bp_store *store) {
  bpi_worker *worker = &store->worker;
  if (worker->done.first != NULL || worker->is_stopping || bpi_queue_worker_leads(store)) {
    bpi_condition_wake_one(&worker->wake);
  }
}

static void decide(bp_store *store, bp_ticket *ticket) {
  bpi_ticket_fill(store, ticket);
  bpi_ticket_decide(ticket);
}

/* Under the lock, which is released meanwhile. */
static void finish_all(bp_store *store) {
  bpi_worker *worker = &store->worker;
  bpi_request *request = bpi_requests_take_all(&worker->done);
  bpi_mutex_unlock(&store->commit_lock);
  for (bpi_request *next; request != NULL; request = next) {
    next = request->next;
    if (request->op == BPI_APPEND) {
      decide(store, bpi_ticket_of(request));
    } else {
      bpi_fence_dropped(store, request);
    }
  }
  bpi_mutex_lock(&store->commit_lock);
}

static void *work(void *user) {
  bp_store *store = user;
  bpi_worker *worker = &store->worker;
  bpi_mutex_lock(&store->commit_lock);
  for (;;) {
    if (worker->done.first != NULL) {
      finish_all(store);
    } else if (bpi_queue_worker_leads(store)) {
      bpi_queue_lead(store);
      bpi_mutex_lock(&store->commit_lock);
    } else if (worker->is_stopping && store->queue.first == NULL) {
      break;
    } else {
      bpi_condition_wait(&worker->wake, &store->commit_lock);
    }
  }
  bpi_mutex_unlock(&store->commit_lock);
  return NULL;
}

bp_status bpi_worker_start(bp_store *store, bp_error *error) {
  bpi_worker *worker = &store->worker;
  if (worker->is_running) return BP_OK;
  int failed = bpi_thread_start(&worker->thread, "batpak-commit", work, store);
  if (failed != 0) return bpi_fail_system(error, failed, "starting the store's thread");
  worker->is_running = 1;
  return BP_OK;
}

bp_status bpi_worker_need(bp_store *store, bp_error *error) {
  bpi_mutex_lock(&store->commit_lock);
  bp_status status = bpi_worker_start(store, error);
  bpi_mutex_unlock(&store->commit_lock);
  return status;
}

void bpi_worker_replace(bp_store *store) {
  bpi_worker *worker = &store->worker;
  if (worker->is_stopping) return;
  bpi_thread_let_go(worker->thread);
  worker->is_running = 0;
  (void)bpi_worker_start(store, NULL);
}

void bpi_worker_stop(bp_store *store) {
  bpi_worker *worker = &store->worker;
  bpi_mutex_lock(&store->commit_lock);
  int was_running = worker->is_running;
  worker->is_running = 0;
  worker->is_stopping = 1;
  bpi_worker_wake(store);
  bpi_mutex_unlock(&store->commit_lock);
  if (was_running) bpi_thread_join(worker->thread);
  /* What is left where it died. */
  bpi_worker_finish(store);
}

void bpi_worker_finish(bp_store *store) { (void)work(store); }
