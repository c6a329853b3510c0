/* The queue of the commits: callers wait in line, the first leads.  The leader takes what waits as one group, commits it
 * (commit.c), and wakes all who wait; the first of those who came meanwhile leads next. */
#include "store/store_internal.h"

/* Under the lock: the last request of the next group. */
static bpi_request *group_last(const bp_store *store) {
  bpi_request *last = store->queue_first;
  size_t events = last->count;
  while (last->next != NULL && events + last->next->count <= store->config.group_max_events) {
    last = last->next;
    events += last->count;
  }
  return last;
}

/* Under the lock, which is released while the group runs. */
static void lead(bp_store *store) {
  bpi_request *first = store->queue_first, *last = group_last(store);
  store->leader = 1;
  bpi_mutex_unlock(&store->commit_lock);
  bpi_store_run_group(store, first, last);
  bpi_mutex_lock(&store->commit_lock);
  store->leader = 0;
  bpi_watermarks_advance(store);
  bpi_request *end = last->next;
  store->queue_first = end;
  if (end == NULL) store->queue_last = NULL;
  for (bpi_request *request = first; request != end; request = request->next) request->finished = 1;
  /* One call for all who wait, the next leader among them. */
  if (first != last || end != NULL) bpi_condition_wake_all(&store->group_done);
}

bp_status bpi_store_commit(bp_store *store, bpi_request *request) {
  request->finished = 0;
  request->next = NULL;
  bpi_mutex_lock(&store->commit_lock);
  if (store->queue_last != NULL) {
    store->queue_last->next = request;
  } else {
    store->queue_first = request;
  }
  store->queue_last = request;
  while (!request->finished) {
    if (!store->leader && store->queue_first == request) {
      lead(store);
    } else {
      bpi_condition_wait(&store->group_done, &store->commit_lock);
    }
  }
  bpi_mutex_unlock(&store->commit_lock);
  return request->status;
}
