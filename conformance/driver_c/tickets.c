/* Instructions that submit, to the store or behind its fence, and that ask the tickets. */
#include "operations.h"

#include <poll.h>
#include <stdlib.h>

/* --- tickets, by the number that their submission answered */

static json *keep(driver_session *session, bp_ticket *ticket, bool is_batch, bool is_fenced) {
  session->tickets = realloc(session->tickets, (session->ticket_count + 1) * sizeof *session->tickets);
  if (session->tickets == NULL) abort();
  session->tickets[session->ticket_count] = (held_ticket){ticket, is_batch, is_fenced};
  return integer_json(session->ticket_count++);
}

static held_ticket *ticket_named(const driver_session *session, const json *step) {
  uint32_t number = UINT32_MAX;
  if (!argument_u32(step, "ticket", &number) || number >= session->ticket_count) return NULL;
  held_ticket *held = &session->tickets[number];
  return held->ticket == NULL ? NULL : held;
}

/* A fenced ticket is not decided before the end of its fence, but what comes behind it in the queue is answered. */
static void await_written(bp_store *store) {
  if (store != NULL) (void)bp_store_sync(store, NULL);
}

void session_settle(driver_session *session) {
  bool is_fenced = false;
  for (; session->settled_count < session->ticket_count; session->settled_count++) {
    const held_ticket *held = &session->tickets[session->settled_count];
    is_fenced = is_fenced || held->is_fenced;
    if (!held->is_fenced) (void)bp_ticket_wait(held->ticket, BP_WAIT_FOREVER, NULL);
  }
  if (is_fenced) await_written(session->store);
}

void session_leave(driver_session *session) {
  bp_fence_free(session->fence);
  bp_store_release(session->store);
  session->fence = NULL;
  session->store = NULL;
}

void session_forget(driver_session *session) {
  session_leave(session);
  for (size_t i = 0; i < session->ticket_count; i++) bp_ticket_free(session->tickets[i].ticket);
  free(session->tickets);
  session->tickets = NULL;
  session->ticket_count = session->settled_count = 0;
  session->clock_us = DRIVER_CLOCK_START;
}

/* --- submitting */

/* One draft, or those of `items`, all or none, to a store or to its fence. */
typedef bp_status (*submit_drafts)(driver_session *session, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                                   bp_outcome *outcome, bp_error *error);

static bp_status submit_one(driver_session *session, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                            bp_outcome *outcome, bp_error *error) {
  (void)count, (void)outcome;
  return bp_store_submit(session->store, drafts, ticket, error);
}

static bp_status submit_all(driver_session *session, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                            bp_outcome *outcome, bp_error *error) {
  (void)outcome;
  return bp_store_submit_batch(session->store, drafts, count, ticket, error);
}

static bp_status try_one(driver_session *session, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                         bp_outcome *outcome, bp_error *error) {
  (void)count;
  return bp_store_try_submit(session->store, drafts, ticket, outcome, error);
}

static bp_status try_all(driver_session *session, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                         bp_outcome *outcome, bp_error *error) {
  return bp_store_try_submit_batch(session->store, drafts, count, ticket, outcome, error);
}

static bp_status submit(driver_session *session, const json *step, submit_drafts to, bp_ticket **ticket,
                        bp_outcome *outcome, bp_error *error) {
  draft_list list;
  if (!drafts_from(step, &list)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = to(session, list.drafts, list.count, ticket, outcome, error);
  drafts_free(&list);
  return status;
}

static bool is_batch(const json *step) { return is_given(step, "items"); }

static bp_status run_submit(driver_session *session, const json *step, json **value, bp_error *error) {
  bp_ticket *ticket;
  bp_status status = submit(session, step, is_batch(step) ? submit_all : submit_one, &ticket, NULL, error);
  if (status == BP_OK) *value = keep(session, ticket, is_batch(step), false);
  return status;
}

static const char *outcome_word(const bp_outcome *outcome) {
  switch (outcome->type) {
    case BP_OUTCOME_OK: return "ok";
    case BP_OUTCOME_RETRY: return "retry";
    default: return "cancelled";
  }
}

static bp_status run_try(driver_session *session, const json *step, json **value, bp_error *error) {
  bp_ticket *ticket;
  bp_outcome outcome;
  bp_outcome_init(&outcome, sizeof outcome);
  bp_status status = submit(session, step, is_batch(step) ? try_all : try_one, &ticket, &outcome, error);
  if (status != BP_OK) return status;
  *value = json_object_new_object();
  set(*value, "outcome", text_json(outcome_word(&outcome)));
  set(*value, "ticket", ticket == NULL ? NULL : keep(session, ticket, is_batch(step), false));
  set(*value, "after_ms", integer_json(outcome.after_ms));
  set(*value, "attempt", integer_json(outcome.attempt));
  set(*value, "max_attempts", integer_json(outcome.max_attempts));
  return BP_OK;
}

/* --- asking */

/* The receipt, of a batch a list of them. */
static json *receipts_of(const held_ticket *held) {
  size_t count;
  const bp_receipt *receipts = bp_ticket_receipts(held->ticket, &count);
  return held->is_batch ? receipts_json(receipts, count) : receipt_json(receipts);
}

static bp_status run_ticket_wait(driver_session *session, const json *step, json **value, bp_error *error) {
  const held_ticket *held = ticket_named(session, step);
  uint32_t timeout_ms = BP_WAIT_FOREVER;
  if (held == NULL || !argument_u32(step, "timeout_ms", &timeout_ms)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_ticket_wait(held->ticket, timeout_ms, error);
  if (status == BP_OK) *value = receipts_of(held);
  return status;
}

/* As an event loop looks: whether its descriptor is readable, which it may be a moment after the ticket was decided. */
static bp_status run_ticket_poll(driver_session *session, const json *step, json **value, bp_error *error) {
  const held_ticket *held = ticket_named(session, step);
  struct pollfd one = {.events = POLLIN};
  if (held == NULL) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_ticket_descriptor(held->ticket, &one.fd, error);
  int patience = bp_ticket_wait(held->ticket, 0, NULL) == BP_WAIT_TIMEOUT ? 0 : -1;
  if (status == BP_OK) *value = json_object_new_boolean(poll(&one, 1, patience) == 1);
  return status;
}

static bp_status run_ticket_free(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)value, (void)error;
  held_ticket *held = ticket_named(session, step);
  if (held == NULL) return DRIVER_BAD_INSTRUCTION;
  bp_ticket_free(held->ticket);
  held->ticket = NULL;
  return BP_OK;
}

static bp_status run_pressure(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step;
  bp_pressure pressure = {.struct_size = sizeof pressure};
  bp_status status = bp_store_pressure(session->store, &pressure, error);
  if (status != BP_OK) return status;
  *value = json_object_new_object();
  set(*value, "queued", integer_json(pressure.queued));
  set(*value, "capacity", integer_json(pressure.capacity));
  set(*value, "threshold", integer_json(pressure.threshold));
  return BP_OK;
}

/* --- fences */

static bp_status run_fence_begin(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step, (void)value;
  bp_fence *fence;
  bp_status status = bp_fence_begin(session->store, &fence, error);
  if (status != BP_OK) return status;
  bp_fence_free(session->fence);
  session->fence = fence;
  return BP_OK;
}

static bp_status fence_one(driver_session *session, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                           bp_outcome *outcome, bp_error *error) {
  (void)count, (void)outcome;
  return bp_fence_submit(session->fence, drafts, ticket, error);
}

static bp_status fence_all(driver_session *session, const bp_draft *drafts, size_t count, bp_ticket **ticket,
                           bp_outcome *outcome, bp_error *error) {
  (void)outcome;
  return bp_fence_submit_batch(session->fence, drafts, count, ticket, error);
}

static bp_status run_fence_submit(driver_session *session, const json *step, json **value, bp_error *error) {
  bp_ticket *ticket;
  if (session->fence == NULL) return DRIVER_NO_FENCE;
  bp_status status = submit(session, step, is_batch(step) ? fence_all : fence_one, &ticket, NULL, error);
  if (status == BP_OK) *value = keep(session, ticket, is_batch(step), true);
  return status;
}

static bp_status run_fence_token(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step, (void)error;
  if (session->fence == NULL) return DRIVER_NO_FENCE;
  *value = integer_json(bp_fence_token(session->fence));
  return BP_OK;
}

static bp_status run_fence_commit(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step, (void)value;
  return session->fence == NULL ? DRIVER_NO_FENCE : bp_fence_commit(session->fence, error);
}

static bp_status run_fence_cancel(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step, (void)value;
  return session->fence == NULL ? DRIVER_NO_FENCE : bp_fence_cancel(session->fence, error);
}

/* Let go of, neither committed nor cancelled; answered when that came to its end. */
static bp_status run_fence_drop(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step, (void)value, (void)error;
  if (session->fence == NULL) return DRIVER_NO_FENCE;
  bp_fence_free(session->fence);
  session->fence = NULL;
  await_written(session->store);
  return BP_OK;
}

const operation_row submit_operations[] = {
    {"submit", run_submit, true},
    {"submit_batch", run_submit, true},
    {"try_submit", run_try, true},
    {"try_submit_batch", run_try, true},
    {"fence_submit", run_fence_submit, false},
    {"fence_submit_batch", run_fence_submit, false},
    {NULL, NULL, false},
};

const operation_row ticket_operations[] = {
    {"ticket_wait", run_ticket_wait, false},
    {"ticket_poll", run_ticket_poll, false},
    {"ticket_free", run_ticket_free, false},
    {"pressure", run_pressure, true},
    {"fence_begin", run_fence_begin, true},
    {"fence_token", run_fence_token, false},
    {"fence_commit", run_fence_commit, false},
    {"fence_cancel", run_fence_cancel, false},
    {"fence_drop", run_fence_drop, false},
    {NULL, NULL, false},
};
