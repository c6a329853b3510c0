/* The log: lines of any thread, said on the environment's own.
 *
 * Two hold it: the box, which says lines, and the queue, which the environment may end before the box is gone. */
#include "addon.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

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

void bpn_log_sink(void *user, const char *text, size_t length) {
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

bool bpn_log_begin(napi_env env, napi_value function, bpn_box *box) {
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

static void release(bpn_log *log) {
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
  release(log);
}
