/* Fault points: a function of JavaScript that says whether an append goes on.
 *
 * It runs on the environment's own thread alone.  Where another thread commits, that one asks through a queue and waits; if
 * nobody begins to answer, because that thread itself waits for the commit or is busy, the append is aborted.
 *
 * Two hold it: the box, and the queue, which the environment may end before the box is gone. */
#include "addon.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE_MS = 2000, UNANSWERED = INT32_MIN };

typedef struct question {
  uint32_t point;
  uint64_t batch;
  uint32_t item;
  uint32_t items;
} question;

typedef enum { IDLE, ASKED, BEGUN, ANSWERED } stage;

struct bpn_fault {
  bpn_state *state;       /* for the environment's own thread */
  pthread_t thread;
  napi_ref function;      /* weak: whoever opened the store keeps it */
  napi_threadsafe_function queue;
  pthread_mutex_t lock;
  pthread_cond_t moved;
  bool ended;             /* the queue is no longer ours to touch */
  stage stage;            /* of what another thread asks: one at a time, since one commits at a time */
  uintptr_t number;       /* of the question: an answer to an older one is late */
  question asked;
  int32_t answer;
  atomic_uint users;
};

static void drop(bpn_fault *fault) {
  if (atomic_fetch_sub(&fault->users, 1) != 1) return;
  pthread_cond_destroy(&fault->moved);
  pthread_mutex_destroy(&fault->lock);
  free(fault);
}

/* The function catches what is thrown in it; what comes out of it all the same aborts. */
static int32_t call(napi_env env, const bpn_fault *fault, const question *asked) {
  napi_value receiver, arguments[4], answered, function = NULL;
  int32_t answer = UNANSWERED;
  bool pending = false;
  if (napi_get_reference_value(env, fault->function, &function) != napi_ok || function == NULL) return 0;
  if (napi_get_undefined(env, &receiver) != napi_ok || napi_create_uint32(env, asked->point, &arguments[0]) != napi_ok ||
      napi_create_bigint_uint64(env, asked->batch, &arguments[1]) != napi_ok ||
      napi_create_uint32(env, asked->item, &arguments[2]) != napi_ok ||
      napi_create_uint32(env, asked->items, &arguments[3]) != napi_ok ||
      napi_call_function(env, receiver, function, 4, arguments, &answered) != napi_ok ||
      napi_get_value_int32(env, answered, &answer) != napi_ok) {
    napi_is_exception_pending(env, &pending);
    if (pending) napi_get_and_clear_last_exception(env, &answered);
    return UNANSWERED;
  }
  return answer;
}

/* In the middle of an append, whose draft may lie in the scratch buffer: what the function writes there is undone, and if it
 * gets a larger one, the old one lives on until the append returns, by the value that this leaves in its scope.  Drafts that it
 * appends together itself are gathered in another batch. */
static int32_t ask_here(bpn_fault *fault, const question *asked) {
  bpn_state *state = fault->state;
  napi_env env = state->env;
  napi_value kept;
  napi_handle_scope scope;
  size_t length = state->scratch_length;
  uint8_t *bytes = state->scratch, *saved = length == 0 ? NULL : malloc(length);
  if (length > 0) {
    if (saved == NULL || napi_get_reference_value(env, state->scratch_ref, &kept) != napi_ok) {
      free(saved);
      return UNANSWERED;
    }
    memcpy(saved, bytes, length);
  }
  const bpn_batch batch = state->batch;
  state->batch = (bpn_batch){0};
  int32_t answer = UNANSWERED;
  if (napi_open_handle_scope(env, &scope) == napi_ok) {
    answer = call(env, fault, asked);
    napi_close_handle_scope(env, scope);
  }
  bpn_batch_end(&state->batch);
  state->batch = batch;
  if (length > 0) memcpy(bytes, saved, length);
  free(saved);
  return answer;
}

static struct timespec deadline(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  at.tv_sec += PATIENCE_MS / 1000;
  return at;
}

/* Under the lock: until it is answered, or nobody will. */
static void await(bpn_fault *fault) {
  const struct timespec until = deadline();
  int late = 0;
  while (!fault->ended && (fault->stage == BEGUN || (fault->stage == ASKED && !late))) {
    if (fault->stage == BEGUN) {
      pthread_cond_wait(&fault->moved, &fault->lock);
    } else {
      late = pthread_cond_timedwait(&fault->moved, &fault->lock, &until);
    }
  }
}

static int32_t ask_there(bpn_fault *fault, const question *asked) {
  int32_t answer = UNANSWERED;
  pthread_mutex_lock(&fault->lock);
  if (!fault->ended) {
    fault->asked = *asked;
    fault->stage = ASKED;
    fault->number++;
    napi_status status = napi_call_threadsafe_function(fault->queue, (void *)fault->number, napi_tsfn_nonblocking);
    if (status == napi_closing) fault->ended = true;
    if (status == napi_ok) await(fault);
    if (fault->stage == ANSWERED) answer = fault->answer;
    fault->stage = IDLE;
  }
  pthread_mutex_unlock(&fault->lock);
  return answer;
}

int32_t bpn_fault_reached(void *user, uint32_t point, uint64_t batch, uint32_t item, uint32_t items) {
  bpn_fault *fault = ((bpn_box *)user)->fault;
  const question asked = {point, batch, item, items};
  if (fault == NULL) return 0;
  return pthread_equal(pthread_self(), fault->thread) ? ask_here(fault, &asked) : ask_there(fault, &asked);
}

static void answer_there(napi_env env, napi_value unused, void *context, void *data) {
  (void)unused;
  bpn_fault *fault = context;
  pthread_mutex_lock(&fault->lock);
  if (fault->stage == ASKED && fault->number == (uintptr_t)data) {
    const question asked = fault->asked;
    fault->stage = BEGUN;
    pthread_mutex_unlock(&fault->lock);
    int32_t answer = env == NULL ? UNANSWERED : call(env, fault, &asked);
    pthread_mutex_lock(&fault->lock);
    fault->answer = answer;
    fault->stage = ANSWERED;
    pthread_cond_signal(&fault->moved);
  }
  pthread_mutex_unlock(&fault->lock);
}

static void end(napi_env env, void *data, void *hint) {
  (void)hint;
  bpn_fault *fault = data;
  pthread_mutex_lock(&fault->lock);
  fault->ended = true;
  pthread_cond_signal(&fault->moved);
  pthread_mutex_unlock(&fault->lock);
  napi_delete_reference(env, fault->function);
  drop(fault);
}

static void init_locks(bpn_fault *fault) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&fault->moved, &monotonic);
  pthread_condattr_destroy(&monotonic);
  pthread_mutex_init(&fault->lock, NULL);
}

bool bpn_fault_begin(bpn_state *state, napi_value function, bpn_box *box) {
  napi_env env = state->env;
  bpn_fault *fault = calloc(1, sizeof *fault);
  napi_value name;
  if (fault == NULL || napi_create_reference(env, function, 0, &fault->function) != napi_ok ||
      napi_create_string_utf8(env, "batpak fault", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, fault, end, fault, answer_there, &fault->queue) != napi_ok) {
    free(fault);
    bpn_refuse(env, BP_NO_MEMORY, "making the queue of the fault points");
    return false;
  }
  init_locks(fault);
  fault->state = state;
  fault->thread = pthread_self();
  atomic_init(&fault->users, 2);
  /* A store that is open does not keep the process alive. */
  napi_unref_threadsafe_function(env, fault->queue);
  box->fault = fault;
  return true;
}

void bpn_box_fault_end(bpn_box *box) {
  bpn_fault *fault = box->fault;
  box->fault = NULL;
  if (fault == NULL) return;
  pthread_mutex_lock(&fault->lock);
  if (!fault->ended) napi_release_threadsafe_function(fault->queue, napi_tsfn_release);
  fault->ended = true;
  pthread_mutex_unlock(&fault->lock);
  drop(fault);
}
