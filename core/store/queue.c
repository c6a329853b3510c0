/* The queue of the commits.  Callers wait in line for their own requests, tickets for nobody; the request at the head says who
 * leads: its own caller, or the worker where it is a ticket's.  The leader takes what waits as one group, commits it
 * (commit.c), and wakes those of the group; whoever stands at the head then leads next.
 *
 * Nobody is woken for nothing, as far as can be told: who waits does so with the others of the group that it will be in, the
 * one under way or the next, and the first behind the group under way waits alone, to lead.  Where a group ends early, those
 * who were left are woken with it, and wait anew. */
#include "store/fence.h"
#include "store/ticket.h"

/* A step of a fence stands alone. */
static int may_follow(const bp_store *store, const bpi_request *last, size_t events) {
  const bpi_request *next = last->next;
  return next != NULL && last->op == BPI_APPEND && next->op == BPI_APPEND &&
         events + next->count <= store->config.group_max_events;
}

/* Under the lock: makes a group of what waits. */
static void begin_group(bp_store *store) {
  bpi_request *last = store->queue.first;
  size_t events = last->count;
  last->group = ++store->group_number;
  while (may_follow(store, last, events)) {
    last = last->next;
    last->group = store->group_number;
    events += last->count;
  }
  store->group_last = last;
  store->leader = 1;
}

static void put_at_end(bp_store *store, bpi_request *request) {
  request->finished = 0;
  request->group = 0;
  bpi_requests_put(&store->queue, request);
}

/* Under the lock: a ticket leaves the queue.  One that stands behind the open fence waits for it. */
static void finish_ticket(bp_store *store, bpi_request *request) {
  store->worker.queued--;
  bpi_condition_wake_all(&store->worker.room);
  if (request->status == BP_OK && request->fence != NULL) {
    bpi_fence_keep(request->fence, request);
  } else {
    bpi_worker_take(&store->worker, request);
  }
}

/* Under the lock: the requests from `first` to before `end` are done.  A caller's may vanish once the lock is released. */
static void finish(bp_store *store, bpi_request *first, const bpi_request *end) {
  for (bpi_request *request = first, *next; request != end; request = next) {
    next = request->next;
    if (!request->by_worker) {
      request->finished = 1;
    } else if (request->op == BPI_APPEND) {
      finish_ticket(store, request);
    } else {
      bpi_worker_take(&store->worker, request);
    }
  }
}

int bpi_queue_worker_leads(const bp_store *store) {
  return !store->leader && store->queue.first != NULL && store->queue.first->by_worker;
}

void bpi_queue_lead(bp_store *store) {
  begin_group(store);
  bpi_request *first = store->queue.first, *last = store->group_last;
  bpi_mutex_unlock(&store->commit_lock);
  bpi_store_run_group(store, first, last);
  bpi_mutex_lock(&store->commit_lock);
  store->leader = 0;
  bpi_watermarks_advance(store);
  bpi_request *end = last->next;
  bpi_requests_cut(&store->queue, end);
  finish(store, first, end);
  if (store->worker.is_running) bpi_worker_wake(store);
  bpi_condition *done = &store->group_done[store->group_number % 2];
  bpi_mutex_unlock(&store->commit_lock);
  /* Without the lock, which all of them want at once; and the next leader last, so that of those who are done some are back
   * in time for its group. */
  bpi_condition_wake_all(done);
  if (end != NULL) bpi_condition_wake_one(&store->head_leads);
}

/* Under the lock: the worker died with this request in hand. */
static void lose(bp_store *store, bpi_request *request) {
  request->status = bpi_fail(request->error, BP_STOPPED, "the clock ended its thread");
  request->accepted = 0;
  if (request->op == BPI_APPEND) {
    finish_ticket(store, request);
  } else {
    store->fencing.is_abandoned = 1;
    bpi_worker_take(&store->worker, request);
  }
}

/* What the leader's call had borrowed is lost, and nothing else. */
void bpi_store_give_up_lead(bp_store *store) {
  bpi_mutex_lock(&store->commit_lock);
  bpi_request *given_up = store->queue.first;
  int was_worker = given_up->by_worker;
  store->leader = 0;
  bpi_requests_cut(&store->queue, given_up->next);
  if (was_worker) {
    lose(store, given_up);
    bpi_worker_replace(store);
  } else if (store->worker.is_running) {
    bpi_worker_wake(store);
  }
  bpi_condition_wake_all(&store->head_leads);
  bpi_condition_wake_all(&store->group_done[0]);
  bpi_condition_wake_all(&store->group_done[1]);
  bpi_mutex_unlock(&store->commit_lock);
  /* The worker is not inside, and nobody is while the store is opened and closed. */
  if (was_worker) return;
  if ((atomic_load(&store->users) & ~(uint32_t)(BPI_STORE_CLOSING | BPI_STORE_CLOSED)) > 0) bpi_store_leave(store);
}

/* Under the lock: where to wait with a request that is not finished and does not lead. */
static bpi_condition *place_to_wait(bp_store *store, const bpi_request *request) {
  uint64_t number = store->group_number;
  if (store->leader && store->group_last->next == request) return &store->head_leads;
  int is_under_way = store->leader && request->group == number;
  return &store->group_done[(is_under_way ? number : number + 1) % 2];
}

bp_status bpi_store_commit(bp_store *store, bpi_request *request) {
  bpi_mutex_lock(&store->commit_lock);
  put_at_end(store, request);
  while (!request->finished) {
    if (!store->leader && store->queue.first == request) {
      bpi_queue_lead(store);
      return request->status;
    }
    bpi_condition_wait(place_to_wait(store, request), &store->commit_lock);
  }
  bpi_mutex_unlock(&store->commit_lock);
  return request->status;
}

/* --- tickets */

static uint64_t threshold_of(const bp_config *config) {
  uint64_t scaled = (uint64_t)config->queue_capacity * config->pressure_percent;
  return scaled < 100 ? 1 : (scaled + 99) / 100;
}

/* Under the lock. */
static void measure(const bp_store *store, bp_pressure *pressure) {
  pressure->queued = store->worker.queued;
  pressure->capacity = store->config.queue_capacity;
  pressure->threshold = threshold_of(&store->config);
}

void bpi_queue_pressure(bp_store *store, bp_pressure *pressure) {
  bpi_mutex_lock(&store->commit_lock);
  measure(store, pressure);
  bpi_mutex_unlock(&store->commit_lock);
}

bp_status bpi_queue_reserve(bp_store *store, bp_error *error) {
  bpi_worker *worker = &store->worker;
  bpi_mutex_lock(&store->commit_lock);
  bp_status status = bpi_worker_start(store, error);
  while (status == BP_OK && worker->queued >= store->config.queue_capacity) {
    bpi_condition_wait(&worker->room, &store->commit_lock);
  }
  if (status == BP_OK) worker->queued++;
  bpi_mutex_unlock(&store->commit_lock);
  return status;
}

bp_status bpi_queue_try_reserve(bp_store *store, bp_pressure *pressure, int *answer, bp_error *error) {
  bpi_worker *worker = &store->worker;
  bpi_mutex_lock(&store->commit_lock);
  bp_status status = bpi_worker_start(store, error);
  measure(store, pressure);
  if (store->fencing.fence != NULL) {
    *answer = BPI_QUEUE_FENCED;
  } else if (pressure->queued >= pressure->threshold) {
    *answer = BPI_QUEUE_PRESSED;
  } else if (status == BP_OK) {
    *answer = BPI_QUEUE_RESERVED;
    worker->queued++;
  }
  bpi_mutex_unlock(&store->commit_lock);
  return status;
}

void bpi_queue_give_back(bp_store *store) {
  bpi_mutex_lock(&store->commit_lock);
  store->worker.queued--;
  bpi_condition_wake_all(&store->worker.room);
  bpi_mutex_unlock(&store->commit_lock);
}

void bpi_queue_put(bp_store *store, bpi_request *request) {
  bpi_mutex_lock(&store->commit_lock);
  put_at_end(store, request);
  bpi_worker_wake(store);
  bpi_mutex_unlock(&store->commit_lock);
}
