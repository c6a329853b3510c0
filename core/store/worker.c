/* The store's thread: leads where a ticket's request stands at the head of the queue, and hands out what became of tickets,
 * whoever led: signing is not the work of callers who wait for their own.  It lives from the first submission or fence to
 * the close, which it outlives by nothing: all that was queued is committed, and all of it decided, before it ends. */
#include "store/ticket.h"

void bpi_worker_take(bpi_worker *worker, bpi_request *request) {
  request->next = NULL;
  if (worker->done_last != NULL) {
    worker->done_last->next = request;
  } else {
    worker->done_first = request;
  }
  worker->done_last = request;
  worker->queued--;
}

void bpi_worker_wake(bp_store *store) {
  bpi_worker *worker = &store->worker;
  if (worker->done_first != NULL || worker->is_stopping || bpi_queue_worker_leads(store)) {
    bpi_condition_wake_one(&worker->wake);
  }
}

/* Under the lock, which is released meanwhile. */
static void decide_all(bp_store *store) {
  bpi_worker *worker = &store->worker;
  bpi_request *request = worker->done_first;
  worker->done_first = worker->done_last = NULL;
  bpi_condition_wake_all(&worker->room);
  bpi_mutex_unlock(&store->commit_lock);
  while (request != NULL) {
    bp_ticket *ticket = bpi_ticket_of(request);
    request = request->next;
    bpi_ticket_fill(store, ticket);
    bpi_ticket_decide(ticket);
  }
  bpi_mutex_lock(&store->commit_lock);
}

static void *work(void *user) {
  bp_store *store = user;
  bpi_worker *worker = &store->worker;
  bpi_mutex_lock(&store->commit_lock);
  for (;;) {
    if (worker->done_first != NULL) {
      decide_all(store);
    } else if (bpi_queue_worker_leads(store)) {
      bpi_queue_lead(store);
      bpi_mutex_lock(&store->commit_lock);
    } else if (worker->is_stopping && store->queue_first == NULL) {
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
  (void)work(store);
}
