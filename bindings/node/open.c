/* Opening and closing: the configuration, the clock and the progress. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* --- callbacks of the library */

static int64_t clock_now(void *user) {
  bpn_box *box = user;
  return atomic_load_explicit(&box->clock_us, memory_order_relaxed);
}

static int32_t progress(void *user, uint32_t stage, uint64_t done, uint64_t total) {
  int32_t answer;
  if (bpn_job_progress(stage, done, total, &answer)) return answer;
  bpn_call *call = ((bpn_box *)user)->call;
  if (call == NULL) return 0;
  napi_env env = call->env;
  napi_handle_scope scope;
  napi_value receiver, arguments[3];
  if (napi_open_handle_scope(env, &scope) != napi_ok) return 1;
  bool said = napi_get_undefined(env, &receiver) == napi_ok && napi_create_uint32(env, stage, &arguments[0]) == napi_ok &&
              napi_create_bigint_uint64(env, done, &arguments[1]) == napi_ok &&
              napi_create_bigint_uint64(env, total, &arguments[2]) == napi_ok &&
              napi_call_function(env, receiver, call->function, 3, arguments, NULL) == napi_ok;
  napi_close_handle_scope(env, scope);
  return said ? 0 : 1;
}

/* --- the configuration */

char *bpn_path(napi_env env, napi_value value) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
    bpn_refuse(env, BP_ARGUMENT, "the path is a string");
    return NULL;
  }
  char *path = malloc(length + 1);
  if (path == NULL) {
    bpn_refuse(env, BP_NO_MEMORY, "copying the path");
    return NULL;
  }
  napi_get_value_string_utf8(env, value, path, length + 1, &length);
  if (memchr(path, '\0', length) != NULL) {
    free(path);
    bpn_refuse(env, BP_ARGUMENT, "the path has a zero byte");
    return NULL;
  }
  return path;
}

static bool take_numbers(napi_env env, napi_value object, bp_config *config) {
  const struct {
    const char *name;
    uint32_t *narrow;
    uint64_t *wide;
  } options[] = {
      {"mode", &config->mode, NULL},
      {"durability", &config->durability, NULL},
      {"syncMode", &config->sync_mode, NULL},
      {"segmentMaxBytes", NULL, &config->segment_max_bytes},
      {"singleAppendMaxBytes", &config->single_append_max_bytes, NULL},
      {"syncEveryEvents", &config->sync_every_events, NULL},
      {"groupMaxEvents", &config->group_max_events, NULL},
      {"batchMaxEvents", &config->batch_max_events, NULL},
      {"batchMaxBytes", &config->batch_max_bytes, NULL},
      {"queueCapacity", &config->queue_capacity, NULL},
      {"pressurePercent", &config->pressure_percent, NULL},
      {"drainLimit", &config->drain_limit, NULL},
      {"restartMax", &config->restart_max, NULL},
      {"restartWithinMs", NULL, &config->restart_within_ms},
      {"preallocateBytes", NULL, &config->preallocate_bytes},
  };
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    napi_value value;
    if (!bpn_get(env, object, options[i].name, &value)) return false;
    if (value == NULL) continue;
    if (options[i].wide == NULL ? !bpn_uint32(env, value, options[i].narrow) : !bpn_uint64(env, value, options[i].wide)) return false;
  }
  return true;
}

/* Keys of 32 bytes back to back, copied: the opening may run on another thread. */
static bool take_keys(napi_env env, napi_value object, const char *name, uint8_t **copy, size_t *count) {
  napi_value value;
  const uint8_t *data;
  size_t length;
  if (!bpn_get(env, object, name, &value) || !bpn_bytes(env, value, &data, &length)) return false;
  if (length == 0) return true;
  *copy = length % 32 == 0 ? malloc(length) : NULL;
  if (*copy == NULL) {
    bpn_refuse(env, length % 32 == 0 ? BP_NO_MEMORY : BP_ARGUMENT, "keys are 32 bytes each");
    return false;
  }
  memcpy(*copy, data, length);
  *count = length / 32;
  return true;
}

static bool take_callbacks(napi_env env, napi_value object, bpn_opening *opening) {
  bp_config *config = &opening->config;
  bpn_box *box = opening->box;
  napi_value value;
  bool has_clock = false;
  if (!bpn_get(env, object, "hasClock", &value)) return false;
  if (value != NULL) napi_get_value_bool(env, value, &has_clock);
  if (has_clock) {
    box->has_clock = true;
    config->clock = clock_now;
    config->clock_user = box;
  }
  config->progress = progress;
  config->progress_user = box;
  if (!bpn_get(env, object, "fault", &value)) return false;
  if (value != NULL) {
    config->fault = bpn_fault_reached;
    config->fault_user = box;
    if (!bpn_fault_begin(box->state, value, box)) return false;
  }
  if (!bpn_get(env, object, "log", &value)) return false;
  if (value == NULL) return true;
  config->log = bpn_log_sink;
  config->log_user = box;
  return bpn_log_begin(env, value, box);
}

static bool take_config(napi_env env, napi_value object, bpn_opening *opening) {
  bp_config *config = &opening->config;
  bp_config_init(config, sizeof *config);
  if (!take_numbers(env, object, config) ||
      !take_keys(env, object, "signingSeeds", &opening->seeds, &config->signing_seed_count) ||
      !take_keys(env, object, "verifyKeys", &opening->keys, &config->verify_key_count)) {
    return false;
  }
  opening->box->written = config->durability == BP_WRITTEN;
  config->signing_seeds = opening->seeds;
  config->verify_keys = opening->keys;
  return take_callbacks(env, object, opening);
}

bool bpn_opening_begin(bpn_state *state, napi_value path, napi_value config, bpn_opening *opening) {
  memset(opening, 0, sizeof *opening);
  opening->box = bpn_box_make(state, BPN_STORE);
  if (opening->box == NULL) {
    bpn_refuse(state->env, BP_NO_MEMORY, "making a handle");
    return false;
  }
  opening->path = bpn_path(state->env, path);
  if (opening->path != NULL && take_config(state->env, config, opening)) {
    bpn_clock_read(state, opening->box);
    return true;
  }
  bpn_opening_end(opening);
  bpn_box_drop(opening->box);
  memset(opening, 0, sizeof *opening);
  return false;
}

void bpn_opening_end(bpn_opening *opening) {
  if (opening->seeds != NULL) explicit_bzero(opening->seeds, opening->config.signing_seed_count * 32);
  free(opening->seeds);
  free(opening->keys);
  free(opening->path);
}

/* --- the calls */

napi_value bpn_store_open(napi_env env, napi_callback_info info) {
  napi_value arguments[3];  /* path, config, progress */
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  bpn_opening opening;
  if (state == NULL || !bpn_opening_begin(state, arguments[0], arguments[1], &opening)) return NULL;
  bpn_call call;
  bp_error error;
  bp_store *store = NULL;
  bpn_error_clear(&error);
  bpn_call_begin(&call, env, opening.box, arguments[2]);
  bp_status status = bp_store_open(opening.path, &opening.config, &store, &error);
  bpn_call_end(opening.box, &call);
  bpn_opening_end(&opening);
  opening.box->held = store;
  if (status != BP_OK) {
    bpn_box_drop(opening.box);
    return bpn_throw(env, status, &error);
  }
  return bpn_box_value(state, opening.box);
}

napi_value bpn_store_close(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  if (state == NULL) return NULL;
  bpn_box *box = bpn_box_any(state, handle, BPN_STORE);
  if (box == NULL || box->held == NULL) return NULL;
  bpn_clock_read(state, box);
  if (box->running > 0) return bpn_busy(env, box);
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_store_close(box->held, &error);
  if (status != BP_BUSY) {
    box->held = NULL;
    bpn_box_log_end(box);
    bpn_box_fault_end(box);
  }
  return status == BP_OK ? NULL : bpn_throw(env, status, &error);
}

napi_value bpn_store_release(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  if (state != NULL) bpn_free_held(state, handle, BPN_STORE);
  return NULL;
}
