/* Opening and closing: the configuration and its three callbacks. */
#include "addon.h"

#include <pthread.h>
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

/* --- the log: lines of any thread, said on the environment's own */

/* Two hold it: the box, which says lines, and the queue, which the environment may end before the box is gone. */
struct bpn_log {
  napi_threadsafe_function queue;
  napi_ref function;      /* weak: whoever opened the store keeps it, and it may hold on to the store */
  pthread_mutex_t lock;   /* the queue does not end under a line */
  bool ended;             /* the queue is no longer ours to touch */
  atomic_uint users;
};

typedef struct log_line {
  size_t length;
  char text[];
} log_line;

static void log_drop(bpn_log *log) {
  if (atomic_fetch_sub(&log->users, 1) != 1) return;
  pthread_mutex_destroy(&log->lock);
  free(log);
}

static void log_sink(void *user, const char *text, size_t length) {
  bpn_log *log = ((bpn_box *)user)->log;
  log_line *line = malloc(sizeof *line + length);
  if (line == NULL) return;
  line->length = length;
  memcpy(line->text, text, length);
  pthread_mutex_lock(&log->lock);
  napi_status status = napi_closing;
  if (!log->ended) status = napi_call_threadsafe_function(log->queue, line, napi_tsfn_nonblocking);
  if (status == napi_closing) log->ended = true;
  pthread_mutex_unlock(&log->lock);
  if (status != napi_ok) free(line);
}

static void log_say(napi_env env, napi_value unused, void *context, void *data) {
  (void)unused;
  bpn_log *log = context;
  log_line *line = data;
  napi_value receiver, text, function = NULL;
  if (env != NULL && napi_get_reference_value(env, log->function, &function) == napi_ok && function != NULL &&
      napi_get_undefined(env, &receiver) == napi_ok &&
      napi_create_string_utf8(env, line->text, line->length, &text) == napi_ok) {
    napi_call_function(env, receiver, function, 1, &text, NULL);
  }
  free(line);
}

static void log_end(napi_env env, void *data, void *hint) {
  (void)hint;
  bpn_log *log = data;
  pthread_mutex_lock(&log->lock);
  log->ended = true;
  pthread_mutex_unlock(&log->lock);
  napi_delete_reference(env, log->function);
  log_drop(log);
}

static bool log_begin(napi_env env, napi_value function, bpn_box *box) {
  bpn_log *log = calloc(1, sizeof *log);
  napi_value name;
  if (log == NULL || napi_create_reference(env, function, 0, &log->function) != napi_ok ||
      napi_create_string_utf8(env, "batpak log", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, log, log_end, log, log_say, &log->queue) != napi_ok) {
    free(log);
    bpn_refuse(env, BP_NO_MEMORY, "making the log's queue");
    return false;
  }
  pthread_mutex_init(&log->lock, NULL);
  atomic_init(&log->users, 2);
  /* A store that is open does not keep the process alive. */
  napi_unref_threadsafe_function(env, log->queue);
  box->log = log;
  return true;
}

void bpn_log_release(bpn_log *log) {
  if (log == NULL) return;
  pthread_mutex_lock(&log->lock);
  if (!log->ended) napi_release_threadsafe_function(log->queue, napi_tsfn_release);
  log->ended = true;
  pthread_mutex_unlock(&log->lock);
  log_drop(log);
}

/* A closed store says nothing any more: its queue goes at once, not with the handle, which is collected who knows when. */
void bpn_box_log_end(bpn_box *box) {
  bpn_log *log = box->log;
  box->log = NULL;
  bpn_log_release(log);
}

/* --- the configuration */

static char *path_of(napi_env env, napi_value value) {
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

static bool take_number(napi_env env, napi_value object, const char *name, uint32_t *number) {
  napi_value value;
  if (!bpn_get(env, object, name, &value)) return false;
  return value == NULL || bpn_uint32(env, value, number);
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
  if (!bpn_get(env, object, "log", &value)) return false;
  if (value == NULL) return true;
  config->log = log_sink;
  config->log_user = box;
  return log_begin(env, value, box);
}

static bool take_config(napi_env env, napi_value object, bpn_opening *opening) {
  bp_config *config = &opening->config;
  bp_config_init(config, sizeof *config);
  napi_value value;
  if (!bpn_get(env, object, "segmentMaxBytes", &value)) return false;
  if (value != NULL && !bpn_uint64(env, value, &config->segment_max_bytes)) return false;
  if (!take_number(env, object, "mode", &config->mode) || !take_number(env, object, "durability", &config->durability) ||
      !take_number(env, object, "syncMode", &config->sync_mode) ||
      !take_number(env, object, "singleAppendMaxBytes", &config->single_append_max_bytes) ||
      !take_number(env, object, "syncEveryEvents", &config->sync_every_events) ||
      !take_number(env, object, "groupMaxEvents", &config->group_max_events) ||
      !take_keys(env, object, "signingSeeds", &opening->seeds, &config->signing_seed_count) ||
      !take_keys(env, object, "verifyKeys", &opening->keys, &config->verify_key_count)) {
    return false;
  }
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
  opening->path = path_of(state->env, path);
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
  }
  return status == BP_OK ? NULL : bpn_throw(env, status, &error);
}

napi_value bpn_store_release(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  if (state != NULL) bpn_free_held(state, handle, BPN_STORE);
  return NULL;
}
