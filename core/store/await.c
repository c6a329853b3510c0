/* Tickets of points: each stands in the line of its watermark until that has reached its point, or never will, or somebody
 * drops it.
 *
 *   - Lines are kept by sequence, under `commit_lock`: the leader looks no further than where the watermark stands, and at
 *     nothing where nobody waits.
 *   - What is answered goes the way of all tickets: the worker decides it, without `commit_lock`.  It has to be without:
 *     whoever drops a ticket takes its lock first and `commit_lock` behind it, and who is told is called under the ticket's.
 *   - A ticket knows its store until it is decided, and no store is freed before all of its tickets are: so whoever has a
 *     ticket's lock and finds a store there may take that one's. */
#include "store/ticket.h"

/* --- a line, under commit_lock */

static void enter_line(bp_store *store, bp_ticket *ticket) {
  bpi_awaiting *line = &store->awaiting[ticket->watermark];
  bp_ticket *before = line->last;
  while (before != NULL && before->point.sequence > ticket->point.sequence) before = before->previous;
  ticket->previous = before;
  ticket->next = before == NULL ? line->first : before->next;
  *(before == NULL ? &line->first : &before->next) = ticket;
  *(ticket->next == NULL ? &line->last : &ticket->next->previous) = ticket;
  ticket->is_in_line = 1;
  store->awaiting_count++;
}

static void leave_line(bp_store *store, bp_ticket *ticket) {
  bpi_awaiting *line = &store->awaiting[ticket->watermark];
  *(ticket->previous == NULL ? &line->first : &ticket->previous->next) = ticket->next;
  *(ticket->next == NULL ? &line->last : &ticket->next->previous) = ticket->previous;
  ticket->is_in_line = 0;
  store->awaiting_count--;
}

static void answer(bp_store *store, bp_ticket *ticket, bp_status status) {
  ticket->request.status = status;
  leave_line(store, ticket);
  bpi_worker_take(&store->worker, &ticket->request);
}

static void advance_line(bp_store *store, uint32_t watermark) {
  const bp_point stands = bpi_watermarks_at(store, watermark);
  for (bp_ticket *ticket = store->awaiting[watermark].first, *next; ticket != NULL; ticket = next) {
    next = ticket->next;
    if (bpi_point_reached(stands, ticket->point)) {
      answer(store, ticket, BP_OK);
    } else if (store->watermarks.poisoned) {
      answer(store, ticket, bpi_watermarks_hopeless(store, &ticket->error));
    } else if (ticket->point.sequence > stands.sequence) {
      return;
    }
  }
}

void bpi_await_advance(bp_store *store) {
  for (uint32_t watermark = 0; watermark <= BP_WATERMARK_APPLIED; watermark++) {
    if (store->awaiting[watermark].first != NULL) advance_line(store, watermark);
  }
}

void bpi_await_close(bp_store *store) {
  bpi_mutex_lock(&store->commit_lock);
  for (uint32_t watermark = 0; watermark <= BP_WATERMARK_APPLIED; watermark++) {
    for (bp_ticket *ticket; (ticket = store->awaiting[watermark].first) != NULL;) {
      answer(store, ticket, bpi_fail(&ticket->error, BP_CLOSED, "the store was closed before the point was reached"));
    }
  }
  bpi_mutex_unlock(&store->commit_lock);
  bpi_worker_finish(store);
}

/* --- the caller's side */

void bpi_await_drop(bp_ticket *ticket) {
  int was_in_line = 0;
  bpi_mutex_lock(&ticket->lock);
  bp_store *store = ticket->awaits;
  if (store != NULL) {
    bpi_mutex_lock(&store->commit_lock);
    was_in_line = ticket->is_in_line;
    if (was_in_line) leave_line(store, ticket);
    bpi_mutex_unlock(&store->commit_lock);
  }
  bpi_mutex_unlock(&ticket->lock);
  if (was_in_line) bpi_ticket_let_go(ticket);
}

/* Whether the ticket need not wait; or why it cannot. */
static bp_status begin(bp_store *store, bp_ticket *ticket, int *is_over, bp_error *error) {
  bp_status status = BP_OK;
  bpi_mutex_lock(&store->commit_lock);
  if (!bpi_point_reached(bpi_watermarks_at(store, ticket->watermark), ticket->point)) {
    ticket->request.status = bpi_watermarks_hopeless(store, &ticket->error);
    *is_over = ticket->request.status != BP_OK;
    if (!*is_over) status = bpi_worker_start(store, error);
    if (!*is_over && status == BP_OK) enter_line(store, ticket);
  }
  bpi_mutex_unlock(&store->commit_lock);
  return status;
}

static bp_status await(bp_store *store, uint32_t watermark, bp_point point, bp_ticket **ticket, bp_error *error) {
  bp_ticket *made;
  int is_over = 1;
  bp_status status = bpi_ticket_new(store, NULL, 0, 0, &made, error);
  if (status != BP_OK) return status;
  made->watermark = watermark;
  made->point = point;
  made->awaits = store;
  status = begin(store, made, &is_over, error);
  if (status != BP_OK) {
    bpi_ticket_let_go(made);
    bpi_ticket_let_go(made);
    return status;
  }
  if (is_over) bpi_ticket_decide(made);
  *ticket = made;
  return BP_OK;
}

bp_status bp_store_await(bp_store *store, uint32_t watermark, const bp_point *point, bp_ticket **ticket, bp_error *error) {
  if (ticket == NULL) return bpi_fail(error, BP_ARGUMENT, "ticket is NULL");
  *ticket = NULL;
  bp_status status = bpi_watermarks_check(watermark, point, error);
  if (status == BP_OK) status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  status = await(store, watermark, *point, ticket, error);
  bpi_store_leave(store);
  return status;
}
