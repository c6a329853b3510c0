/* The environment's own state, and the table of the functions written by hand. */
#include "addon.h"

#include <stdlib.h>

bpn_state *bpn_state_new(napi_env env) {
  bpn_state *state = calloc(1, sizeof *state);
  if (state != NULL) state->env = env;
  return state;
}

/* Boxes outlive it: their finalizers may run later than this, in any order. */
void bpn_state_free(bpn_state *state) {
  if (state == NULL) return;
  bpn_box_set_free(state);
  bp_page_free(state->page);
  bpn_batch_end(&state->batch);
  free(state);
}

napi_env bpn_env(const bpn_state *state) { return state->env; }

bpn_state *bpn_enter(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  size_t given = count;
  void *data = NULL;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, &data) != napi_ok) return NULL;
  return data;
}

static napi_value is_error(napi_env env, napi_callback_info info) {
  napi_value value, answer = NULL;
  if (bpn_enter(env, info, 1, &value) == NULL) return NULL;
  napi_get_boolean(env, bpn_is_error(env, value), &answer);
  return answer;
}

static napi_value layouts(napi_env env, napi_callback_info info) {
  (void)info;
  return bpn_layouts(env);
}

bool bpn_register(bpn_state *state, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
    {"scratch", bpn_scratch},
    {"is_error", is_error},
    {"layouts", layouts},
    {"bp_store_open", bpn_store_open},
    {"bp_store_close", bpn_store_close},
    {"bp_store_release", bpn_store_release},
    {"bp_store_append", bpn_store_append},
    {"bp_store_append_many", bpn_store_append_many},
    {"bp_store_append_batch", bpn_store_append_batch},
    {"bp_store_open_async", bpn_store_open_async},
    {"bp_store_close_async", bpn_store_close_async},
    {"bp_store_append_many_async", bpn_store_append_many_async},
    {"bp_store_append_batch_async", bpn_store_append_batch_async},
    {"bp_store_submit", bpn_store_submit},
    {"bp_store_try_submit", bpn_store_try_submit},
    {"bp_ticket_wait", bpn_ticket_wait},
    {"bp_fence_begin", bpn_fence_begin},
    {"bp_fence_token", bpn_fence_token},
    {"bp_fence_submit", bpn_fence_submit},
    {"bp_fence_commit", bpn_fence_commit},
    {"bp_fence_cancel", bpn_fence_cancel},
    {"bp_fence_begin_async", bpn_fence_begin_async},
    {"bp_fence_commit_async", bpn_fence_commit_async},
    {"bp_fence_cancel_async", bpn_fence_cancel_async},
    {"ticket_done", bpn_ticket_done},
    {"ticket_decided", bpn_ticket_decided},
    {"bp_ticket_free", bpn_ticket_free},
    {"bp_store_sync_async", bpn_store_sync_async},
    {"bp_store_page_async", bpn_store_page_async},
    {"bp_store_verify_async", bpn_store_verify_async},
    {"last_job", bpn_last_job},
    {"cancel", bpn_cancel},
    {"bp_store_wait", bpn_store_wait},
    {"bp_store_await", bpn_store_await},
    {"bp_store_page", bpn_store_page},
    {"bp_store_get", bpn_store_get},
    {"bp_store_walk", bpn_store_walk},
    {"bp_store_verify", bpn_store_verify},
    {"bp_claim_export", bpn_claim_export},
    {"bp_claim_read", bpn_claim_read},
    {"bp_claim_write", bpn_claim_write},
    {"bp_claim_check", bpn_claim_check},
    {"bp_key_file_read", bpn_key_file_read},
    {"bp_key_file_write", bpn_key_file_write},
    {"bp_gates_new", bpn_gates_new},
    {"bp_gates_names", bpn_gates_names},
    {"bp_gates_descriptions", bpn_gates_descriptions},
    {"bp_gates_evaluate", bpn_gates_evaluate},
    {"bp_gates_evaluate_all", bpn_gates_evaluate_all},
    {"bp_permit_bypass", bpn_permit_bypass},
    {"bp_permit_draft", bpn_permit_draft},
    {"bp_permit_gates", bpn_permit_gates},
    {"bp_permit_audit", bpn_permit_audit},
    {"bp_store_commit_permit", bpn_store_commit_permit},
    {"bp_store_append_denial", bpn_store_append_denial},
    {"bp_store_apply_transition", bpn_store_apply_transition},
    {"bp_outcome_encode", bpn_outcome_encode},
    {"bp_outcome_decode", bpn_outcome_decode},
    {"bp_payload_encode", bpn_payload_encode},
    {"bp_payload_decode", bpn_payload_decode},
    {"bp_payload_from_json", bpn_payload_from_json},
    {"bp_payload_to_json", bpn_payload_to_json},
    {"bp_extensions_encode", bpn_extensions_encode},
    {"bp_extensions_decode", bpn_extensions_decode},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    if (napi_create_function(state->env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, state, &function) !=
            napi_ok ||
        !bpn_set(state->env, exports, functions[i].name, function)) {
      return false;
    }
  }
  return true;
}
