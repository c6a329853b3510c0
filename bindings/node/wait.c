/* Waiting for a watermark: with the environment's own thread, or by a ticket, which is awaited as any other. */
#include "addon.h"

typedef struct awaited {
  uint32_t watermark;
  bp_point point;
} awaited;

static bool take(napi_env env, const napi_value arguments[3], awaited *found) {
  return bpn_uint32(env, arguments[0], &found->watermark) && bpn_uint64(env, arguments[1], &found->point.wall_ms) &&
         bpn_uint64(env, arguments[2], &found->point.sequence);
}

/* wait(store, watermark, time, sequence, timeout) */
napi_value bpn_store_wait(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  bpn_state *state = bpn_enter(env, info, 5, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  awaited a;
  uint32_t timeout_ms;
  if (box == NULL || !take(env, arguments + 1, &a) || !bpn_uint32(env, arguments[4], &timeout_ms)) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_store_wait(box->held, a.watermark, &a.point, timeout_ms, &error);
  return status == BP_OK ? NULL : bpn_throw(env, status, &error);
}

/* await(store, watermark, time, sequence): a ticket. */
napi_value bpn_store_await(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  bpn_state *state = bpn_enter(env, info, 4, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  awaited a;
  if (box == NULL || !take(env, arguments + 1, &a)) return NULL;
  bp_ticket *ticket;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_store_await(box->held, a.watermark, &a.point, &ticket, &error);
  return status == BP_OK ? bpn_handle_of(state, BPN_TICKET, ticket) : bpn_throw(env, status, &error);
}
