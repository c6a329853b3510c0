/* Verify, which reports its progress to JavaScript. */
#include "addon.h"

napi_value bpn_store_verify(napi_env env, napi_callback_info info) {
  napi_value arguments[3];  /* store, trust, progress */
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  bp_trust trust;
  if (box == NULL || !bpn_trust_begin(state, arguments[1], &trust)) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  bp_report *report = NULL;
  bpn_call call;
  bpn_call_begin(&call, env, box, arguments[2]);
  bp_status status = bp_store_verify(box->held, &trust, &report, &error);
  bpn_call_end(box, &call);
  bpn_trust_end(&trust);
  return status == BP_OK ? bpn_handle_of(state, BPN_REPORT, report) : bpn_throw(env, status, &error);
}
