/* From other threads to the environment's own.  One function of Node's for all that is told: it keeps the loop going only
 * while something is expected. */
#include "addon.h"

static void run_errand(napi_env env, napi_value function, void *context, void *data) {
  (void)function;
  bpn_state *state = context;
  bpn_errand *errand = data;
  if (env == NULL) return;  /* the environment ends, and its hook has what is left */
  bpn_loop_forget(state);
  errand->run(env, errand);
}

/* Before the environment closes the function: nobody may call it then. */
static void stop(void *data) {
  bpn_state *state = data;
  bpn_watches_stop(state);
  napi_release_threadsafe_function(state->errands, napi_tsfn_abort);
  state->errands = NULL;
}

static bool begin(bpn_state *state) {
  napi_env env = state->env;
  napi_value name;
  if (napi_create_string_utf8(env, "batpak", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, state, run_errand, &state->errands) != napi_ok) {
    return false;
  }
  return napi_unref_threadsafe_function(env, state->errands) == napi_ok && napi_add_env_cleanup_hook(env, stop, state) == napi_ok;
}

bool bpn_loop_expect(bpn_state *state) {
  if (state->errands == NULL && !begin(state)) {
    bpn_refuse(state->env, BP_NO_MEMORY, "making a way into the event loop");
    return false;
  }
  if (state->expected++ == 0) napi_ref_threadsafe_function(state->env, state->errands);
  return true;
}

void bpn_loop_forget(bpn_state *state) {
  if (--state->expected == 0) napi_unref_threadsafe_function(state->env, state->errands);
}

void bpn_loop_tell(bpn_state *state, bpn_errand *errand) {
  napi_call_threadsafe_function(state->errands, errand, napi_tsfn_nonblocking);
}
