/* Tickets: submitting drafts, asking what became of them.  watch.c has what they tell an event loop. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

static bp_status submit(bpn_box *box, const bpn_batch *batch, bool is_batch, bp_ticket **ticket, bp_error *error) {
  if (is_batch) return bp_store_submit_batch(box->held, batch->drafts, batch->count, ticket, error);
  return bp_store_submit(box->held, batch->drafts, ticket, error);
}

static napi_value submit_all(bpn_state *state, bpn_box *box, const bpn_batch *batch, bool is_batch) {
  if (!is_batch && batch->count != 1) return bpn_refuse(state->env, BP_ARGUMENT, "one draft is submitted");
  bp_ticket *ticket;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = submit(box, batch, is_batch, &ticket, &error);
  return status == BP_OK ? bpn_handle_of(state, BPN_TICKET, ticket) : bpn_throw(state->env, status, &error);
}

/* submit(store, arena, count, batch): the drafts, or the one of them, as for append_many. */
napi_value bpn_store_submit(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  bpn_state *state = bpn_enter(env, info, 4, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  bpn_arena arena;
  uint32_t count;
  bool is_batch = false;
  if (box == NULL || !bpn_bytes(env, arguments[1], &arena.bytes, &arena.length) || !bpn_uint32(env, arguments[2], &count)) {
    return NULL;
  }
  napi_get_value_bool(env, arguments[3], &is_batch);
  bpn_batch *batch = &state->batch;
  napi_value answer = bpn_batch_add(batch, &arena, count)
                          ? submit_all(state, box, batch, is_batch)
                          : bpn_refuse(env, BP_ARGUMENT, "drafts that point outside of their bytes");
  bpn_batch_clear(batch);
  return answer;
}

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
