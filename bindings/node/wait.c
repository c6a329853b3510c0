/* Waiting for a watermark, on the environment's own thread; job.c has the other form. */
#include "addon.h"

bool bpn_take_awaited(napi_env env, const napi_value arguments[4], bpn_awaited *awaited) {
  return bpn_uint32(env, arguments[0], &awaited->watermark) && bpn_uint64(env, arguments[1], &awaited->point.wall_ms) &&
         bpn_uint64(env, arguments[2], &awaited->point.sequence) && bpn_uint32(env, arguments[3], &awaited->timeout_ms);
}

/* wait(store, watermark, time, sequence, timeout) */
napi_value bpn_store_wait(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  bpn_state *state = bpn_enter(env, info, 5, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  bpn_awaited awaited;
  if (box == NULL || !bpn_take_awaited(env, arguments + 1, &awaited)) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_store_wait(box->held, awaited.watermark, &awaited.point, awaited.timeout_ms, &error);
  return status == BP_OK ? NULL : bpn_throw(env, status, &error);
}
