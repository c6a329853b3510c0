/* Tickets: submitting drafts, asking what became of them.  watch.c has what they tell an event loop. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

static napi_value submit_all(bpn_state *state, bpn_submission *submission, bp_status (*call)(bpn_submission *)) {
  if (!submission->is_batch && submission->batch->count != 1) return bpn_refuse(state->env, BP_ARGUMENT, "one draft is submitted");
  bpn_error_clear(&submission->error);
  bp_outcome_init(&submission->outcome, sizeof submission->outcome);
  bp_status status = call(submission);
  if (status != BP_OK) return bpn_throw(state->env, status, &submission->error);
  return submission->ticket == NULL ? bpn_outcome_value(state->env, &submission->outcome)
                                    : bpn_handle_of(state, BPN_TICKET, submission->ticket);
}

napi_value bpn_submit(bpn_state *state, bpn_box *box, const napi_value drafts[3], bp_status (*call)(bpn_submission *submission)) {
  napi_env env = state->env;
  bpn_arena arena;
  uint32_t count;
  bpn_submission submission = {.held = box->held, .batch = &state->batch};
  if (!bpn_bytes(env, drafts[0], &arena.bytes, &arena.length) || !bpn_uint32(env, drafts[1], &count)) return NULL;
  napi_get_value_bool(env, drafts[2], &submission.is_batch);
  napi_value answer = bpn_batch_add(&state->batch, &arena, count)
                          ? submit_all(state, &submission, call)
                          : bpn_refuse(env, BP_ARGUMENT, "drafts that point outside of their bytes");
  bpn_batch_clear(&state->batch);
  return answer;
}

static bp_status submit(bpn_submission *s) {
  if (s->is_batch) return bp_store_submit_batch(s->held, s->batch->drafts, s->batch->count, &s->ticket, &s->error);
  return bp_store_submit(s->held, s->batch->drafts, &s->ticket, &s->error);
}

static bp_status try_submit(bpn_submission *s) {
  if (s->is_batch) {
    return bp_store_try_submit_batch(s->held, s->batch->drafts, s->batch->count, &s->ticket, &s->outcome, &s->error);
  }
  return bp_store_try_submit(s->held, s->batch->drafts, &s->ticket, &s->outcome, &s->error);
}

static napi_value submit_by(napi_env env, napi_callback_info info, bp_status (*call)(bpn_submission *)) {
  napi_value arguments[4];
  bpn_state *state = bpn_enter(env, info, 4, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  return box == NULL ? NULL : bpn_submit(state, box, arguments + 1, call);
}

/* submit(store, arena, count, batch): the drafts, or the one of them, as for append_many. */
napi_value bpn_store_submit(napi_env env, napi_callback_info info) { return submit_by(env, info, submit); }

/* try_submit, with the same arguments. */
napi_value bpn_store_try_submit(napi_env env, napi_callback_info info) { return submit_by(env, info, try_submit); }

/* The receipts as of an append of many. */
static napi_value answer(napi_env env, const bp_ticket *ticket) {
  size_t count, length = 0;
  const bp_receipt *receipts = bp_ticket_receipts(ticket, &count);
  bpn_batch batch = {.receipts = (bp_receipt *)(uintptr_t)receipts, .count = count, .accepted = count};
  for (size_t i = 0; i < count; i++) {
    length += receipts[i].extensions_length;
    batch.is_signed |= receipts[i].has_signature != 0;
  }
  batch.extensions = length > UINT32_MAX ? NULL : malloc(length + 1);
  if (batch.extensions == NULL) return bpn_refuse(env, BP_NO_MEMORY, "copying receipts");
  for (size_t i = 0; i < count; i++) {
    const bp_receipt *receipt = &receipts[i];
    if (receipt->extensions_length == 0) continue;
    memcpy(batch.extensions + batch.extensions_length, receipt->extensions, receipt->extensions_length);
    batch.extensions_length += receipt->extensions_length;
  }
  napi_value value = bpn_batch_answer(env, &batch);
  free(batch.extensions);
  return value;
}

/* wait(ticket, timeout) */
napi_value bpn_ticket_wait(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  bpn_state *state = bpn_enter(env, info, 2, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_TICKET);
  uint32_t timeout_ms;
  if (box == NULL || !bpn_uint32(env, arguments[1], &timeout_ms)) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_ticket_wait(box->held, timeout_ms, &error);
  return status == BP_OK ? answer(env, box->held) : bpn_throw(env, status, &error);
}

/* ticket_done(ticket): whether a wait would answer at once. */
napi_value bpn_ticket_done(napi_env env, napi_callback_info info) {
  napi_value handle, done = NULL;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, handle, BPN_TICKET);
  if (box != NULL) napi_get_boolean(env, bp_ticket_wait(box->held, 0, NULL) != BP_WAIT_TIMEOUT, &done);
  return done;
}
