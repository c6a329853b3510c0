/* Fences: begun, submitted to, ended.  A fence keeps the box of its store: it is freed before the store is, and what is
 * submitted to it goes by the store's clock. */
#include "addon.h"

napi_value bpn_fence_value(bpn_state *state, bpn_box *store, bp_fence *fence) {
  bpn_box *box = bpn_box_make(state, BPN_FENCE);
  if (box == NULL) {
    bp_fence_free(fence);
    return bpn_refuse(state->env, BP_NO_MEMORY, "making a handle");
  }
  bpn_box_keep(store);
  box->store = store;
  box->held = fence;
  return bpn_box_value(state, box);
}

bpn_box *bpn_fence_of(bpn_state *state, napi_value value) {
  bpn_box *box = bpn_box_of(state, value, BPN_FENCE);
  if (box != NULL) bpn_clock_read(state, box->store);
  return box;
}

napi_value bpn_fence_begin(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *store = state == NULL ? NULL : bpn_box_of(state, handle, BPN_STORE);
  if (store == NULL) return NULL;
  bp_fence *fence;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_fence_begin(store->held, &fence, &error);
  return status == BP_OK ? bpn_fence_value(state, store, fence) : bpn_throw(env, status, &error);
}

napi_value bpn_fence_token(napi_env env, napi_callback_info info) {
  napi_value handle, token = NULL;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_fence_of(state, handle);
  if (box != NULL) napi_create_bigint_uint64(env, bp_fence_token(box->held), &token);
  return token;
}

static bp_status submit(bpn_submission *s) {
  if (s->is_batch) return bp_fence_submit_batch(s->held, s->batch->drafts, s->batch->count, &s->ticket, &s->error);
  return bp_fence_submit(s->held, s->batch->drafts, &s->ticket, &s->error);
}

/* fence_submit(fence, arena, count, batch) */
napi_value bpn_fence_submit(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  bpn_state *state = bpn_enter(env, info, 4, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_fence_of(state, arguments[0]);
  return box == NULL ? NULL : bpn_submit(state, box, arguments + 1, submit);
}

static napi_value end(napi_env env, napi_callback_info info, bp_status (*call)(bp_fence *fence, bp_error *error)) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_fence_of(state, handle);
  if (box == NULL) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = call(box->held, &error);
  return status == BP_OK ? NULL : bpn_throw(env, status, &error);
}

napi_value bpn_fence_commit(napi_env env, napi_callback_info info) { return end(env, info, bp_fence_commit); }

napi_value bpn_fence_cancel(napi_env env, napi_callback_info info) { return end(env, info, bp_fence_cancel); }
