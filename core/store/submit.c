/* Submitting: as an append, but the caller goes on and holds a ticket. */
#include "model/outcome.h"
#include "store/fence.h"
#include "store/prepare.h"
#include "store/ticket.h"

/* What is submitted, and how. */
typedef struct submission {
  const bp_draft *drafts;
  size_t count;
  int is_batch;
  bp_fence *fence;           /* NULL: none */
  size_t room;               /* that the drafts need to be prepared */
} submission;

static bp_status check_gates(const submission *s, bp_error *error) {
  for (size_t i = 0; i < s->count; i++) {
    if (bpi_draft_at(s->drafts, i)->gate == BP_GATE_NONE) continue;
    bp_error full = {.struct_size = sizeof full};
    (void)bpi_fail(&full, BP_ARGUMENT, "a submitted draft has no gate: wait for its ticket");
    full.offset = i;
    return bpi_error_copy(error, &full);
  }
  return BP_OK;
}

static bp_status check(const bp_store *store, submission *s, bp_error *error) {
  if (s->count == 0) return BP_OK;
  bp_status status = bpi_arrays_check(s->drafts, NULL, error);
  if (status == BP_OK && s->is_batch) {
    status = bpi_batch_check(store, s->drafts, s->count, &s->room, error);
  } else if (status == BP_OK) {
    status = bpi_draft_at_check(store, s->drafts, 0, &s->room, error);
    if (status == BP_OK) status = bpi_alone_check(s->drafts, error);
  }
  return status == BP_OK ? check_gates(s, error) : status;
}

/* Into the place that was reserved, which is given back where there is no memory. */
static bp_status put(bp_store *store, const submission *s, bp_ticket **ticket, bp_error *error) {
  bp_ticket *made;
  bp_status status = bpi_ticket_new(store, s->drafts, s->count, s->room, &made, error);
  if (status != BP_OK) {
    bpi_queue_give_back(store);
    return status;
  }
  if (s->is_batch && s->count > 0) made->request.atomic = made->request.durable = 1;
  made->request.fence = s->fence;
  *ticket = made;
  bpi_queue_put(store, &made->request);
  return BP_OK;
}

static bp_status submit(bp_store *store, submission *s, bp_ticket **ticket, bp_error *error) {
  bp_status status = check(store, s, error);
  if (status == BP_OK) status = bpi_queue_reserve(store, error);
  return status == BP_OK ? put(store, s, ticket, error) : status;
}

static bp_status submit_to_store(bp_store *store, submission *s, bp_ticket **ticket, bp_error *error) {
  if (ticket == NULL) return bpi_fail(error, BP_ARGUMENT, "ticket is NULL");
  *ticket = NULL;
  bp_status status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  status = submit(store, s, ticket, error);
  bpi_store_leave(store);
  return status;
}

bp_status bp_store_submit(bp_store *store, const bp_draft *draft, bp_ticket **ticket, bp_error *error) {
  submission s = {.drafts = draft, .count = 1};
  return submit_to_store(store, &s, ticket, error);
}

bp_status bp_store_submit_batch(bp_store *store, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                                bp_error *error) {
  submission s = {.drafts = drafts, .count = count, .is_batch = 1};
  return submit_to_store(store, &s, ticket, error);
}

/* In the reference's order: the fence, the pressure, then what is to be said of the drafts. */
static bp_status try_submit(bp_store *store, submission *s, bp_ticket **ticket, bp_outcome *outcome, bp_error *error) {
  enum { AFTER_MS = 10 };
  bp_pressure pressure;
  int answer = 0;
  bp_status status = bpi_queue_try_reserve(store, &pressure, &answer, error);
  if (status != BP_OK) return status;
  if (answer == BPI_QUEUE_FENCED) {
    bpi_outcome_set_cancelled(outcome, "a fence is open");
    return BP_OK;
  }
  if (answer == BPI_QUEUE_PRESSED) {
    bpi_outcome_set_retry(outcome, AFTER_MS, 1, 1, "%llu of %llu places in the queue are taken",
                          (unsigned long long)pressure.queued, (unsigned long long)pressure.capacity);
    return BP_OK;
  }
  status = check(store, s, error);
  if (status != BP_OK) {
    bpi_queue_give_back(store);
    return status;
  }
  status = put(store, s, ticket, error);
  if (status == BP_OK) bpi_outcome_set_ok(outcome);
  return status;
}

static bp_status try_submit_to_store(bp_store *store, submission *s, bp_ticket **ticket, bp_outcome *outcome,
                                     bp_error *error) {
  if (ticket == NULL) return bpi_fail(error, BP_ARGUMENT, "ticket is NULL");
  *ticket = NULL;
  bp_status status = bpi_outcome_check(outcome, error);
  if (status == BP_OK) status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  status = try_submit(store, s, ticket, outcome, error);
  bpi_store_leave(store);
  return status;
}

bp_status bp_store_try_submit(bp_store *store, const bp_draft *draft, bp_ticket **ticket, bp_outcome *outcome,
                              bp_error *error) {
  submission s = {.drafts = draft, .count = 1};
  return try_submit_to_store(store, &s, ticket, outcome, error);
}

bp_status bp_store_try_submit_batch(bp_store *store, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                                    bp_outcome *outcome, bp_error *error) {
  submission s = {.drafts = drafts, .count = count, .is_batch = 1};
  return try_submit_to_store(store, &s, ticket, outcome, error);
}

static bp_status submit_to_fence(bp_fence *fence, submission *s, bp_ticket **ticket, bp_error *error) {
  bp_store *store;
  if (ticket == NULL) return bpi_fail(error, BP_ARGUMENT, "ticket is NULL");
  *ticket = NULL;
  bp_status status = bpi_fence_enter(fence, &store, error);
  if (status != BP_OK) return status;
  s->fence = fence;
  status = submit(store, s, ticket, error);
  bpi_store_leave(store);
  return status;
}

bp_status bp_fence_submit(bp_fence *fence, const bp_draft *draft, bp_ticket **ticket, bp_error *error) {
  submission s = {.drafts = draft, .count = 1};
  return submit_to_fence(fence, &s, ticket, error);
}

bp_status bp_fence_submit_batch(bp_fence *fence, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                                bp_error *error) {
  submission s = {.drafts = drafts, .count = count, .is_batch = 1};
  return submit_to_fence(fence, &s, ticket, error);
}

bp_status bp_store_pressure(const bp_store *store, bp_pressure *pressure, bp_error *error) {
  bp_status status = bpi_check_struct(pressure, pressure == NULL ? 0 : pressure->struct_size, sizeof *pressure,
                                      sizeof *pressure, error);
  if (status == BP_OK) status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  bpi_queue_pressure(bpi_store_of(store), pressure);
  bpi_store_leave(store);
  return BP_OK;
}
