/* Calls on other threads.  A job takes copies of all it is given, runs in Node's pool, and settles a promise.  None waits for
 * what others must do: it would keep the pool from them.
 *
 * It counts as a user of the store's box, so that the store outlives it, and as running, so that a close meanwhile is busy. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

typedef struct bpn_job {
  bpn_state *state;
  bpn_box *box;
  bp_store *store;
  napi_async_work work;
  napi_deferred deferred;
  napi_threadsafe_function progress;  /* NULL: not wanted */
  void (*run)(struct bpn_job *job);
  napi_value (*answer)(napi_env env, struct bpn_job *job);  /* of success */
  struct bpn_job *next;
  uint32_t id;
  atomic_bool stop;
  bool begun;
  bp_status status;
  bp_error error;
  /* What it works on, as far as it has that. */
  uint8_t *block;
  bpn_arena *arenas;
  bpn_batch batch;
  bpn_opening opening;
  bp_query query;
  bp_trust trust;
  bp_page *page;
  bp_report *report;
  bp_fence *fence;                    /* that was begun */
  bpn_box *fence_box;                 /* that is to end */
} bpn_job;

static _Thread_local bpn_job *current;

/* --- progress */

typedef struct step {
  uint32_t stage;
  uint64_t done;
  uint64_t total;
} step;

bool bpn_job_progress(uint32_t stage, uint64_t done, uint64_t total, int32_t *answer) {
  bpn_job *job = current;
  if (job == NULL) return false;
  step *said = job->progress == NULL ? NULL : malloc(sizeof *said);
  if (said != NULL) {
    *said = (step){stage, done, total};
    if (napi_call_threadsafe_function(job->progress, said, napi_tsfn_nonblocking) != napi_ok) free(said);
  }
  *answer = atomic_load(&job->stop);
  return true;
}

static void say_progress(napi_env env, napi_value function, void *context, void *data) {
  (void)context;
  step *said = data;
  napi_value receiver, arguments[3];
  if (env != NULL && napi_get_undefined(env, &receiver) == napi_ok &&
      napi_create_uint32(env, said->stage, &arguments[0]) == napi_ok &&
      napi_create_bigint_uint64(env, said->done, &arguments[1]) == napi_ok &&
      napi_create_bigint_uint64(env, said->total, &arguments[2]) == napi_ok) {
    napi_call_function(env, receiver, function, 3, arguments, NULL);
  }
  free(said);
}

static bool want_progress(napi_env env, bpn_job *job, napi_value function) {
  napi_valuetype type;
  napi_value name;
  if (function == NULL || napi_typeof(env, function, &type) != napi_ok || type != napi_function) return true;
  return napi_create_string_utf8(env, "batpak progress", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_threadsafe_function(env, function, NULL, name, 0, 1, NULL, NULL, NULL, say_progress, &job->progress) == napi_ok;
}

/* --- the life of a job */

static void job_free(bpn_job *job) {
  bpn_batch_end(&job->batch);
  bpn_opening_end(&job->opening);
  bpn_trust_end(&job->trust);
  bp_page_free(job->page);
  bp_report_free(job->report);
  bp_fence_free(job->fence);
  if (job->fence_box != NULL) bpn_box_drop(job->fence_box);
  if (job->progress != NULL) napi_release_threadsafe_function(job->progress, napi_tsfn_release);
  if (job->box != NULL) bpn_box_drop(job->box);
  free(job->arenas);
  free(job->block);
  free(job);
}

static void link_job(bpn_job *job) {
  job->box->running++;
  job->id = ++job->state->last_job;
  job->next = job->state->jobs;
  job->state->jobs = job;
}

static void unlink_job(bpn_job *job) {
  bpn_job **at = &job->state->jobs;
  while (*at != job) at = &(*at)->next;
  *at = job->next;
}

static void execute(napi_env env, void *data) {
  (void)env;
  bpn_job *job = data;
  current = job;
  job->begun = true;
  job->run(job);
  current = NULL;
}

static napi_value failure_of(napi_env env, bpn_job *job) {
  if (job->batch.receipts != NULL) return bpn_batch_failure(env, &job->batch, job->status, &job->error);
  return bpn_error_value(env, job->status, &job->error);
}

static void complete(napi_env env, napi_status ended, void *data) {
  bpn_job *job = data;
  unlink_job(job);
  job->box->running--;
  if (ended != napi_ok && !job->begun) job->status = BP_STOPPED;
  /* A close that was busy, or never began, gives the store back. */
  if (job->store != NULL && job->box->held == NULL && (job->status == BP_BUSY || !job->begun)) job->box->held = job->store;
  napi_value value = job->status == BP_OK ? job->answer(env, job) : failure_of(env, job);
  if (job->box->running == 0 && job->box->gone) bpn_box_let_go(job->box);
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) napi_get_and_clear_last_exception(env, &value);
  if (pending || job->status != BP_OK) {
    napi_reject_deferred(env, job->deferred, value);
  } else {
    if (value == NULL) napi_get_undefined(env, &value);
    napi_resolve_deferred(env, job->deferred, value);
  }
  napi_delete_async_work(env, job->work);
  job_free(job);
}

static bpn_job *job_new(bpn_state *state, bpn_box *box, void (*run)(bpn_job *), napi_value (*answer)(napi_env, bpn_job *)) {
  bpn_job *job = calloc(1, sizeof *job);
  if (job == NULL) {
    bpn_refuse(state->env, BP_NO_MEMORY, "making a job");
    return NULL;
  }
  job->state = state;
  job->run = run;
  job->answer = answer;
  bpn_error_clear(&job->error);
  bp_trust_init(&job->trust, sizeof job->trust);
  if (box != NULL) {
    bpn_box_keep(box);
    job->box = box;
    job->store = box->held;
  }
  return job;
}

/* Hands the job to the pool and answers its promise.  Frees it where that fails. */
static napi_value job_start(bpn_job *job, napi_value progress) {
  bpn_state *state = job->state;
  napi_env env = state->env;
  napi_value name, promise;
  if (!want_progress(env, job, progress) ||
      napi_create_string_utf8(env, "batpak", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_async_work(env, NULL, name, execute, complete, job, &job->work) != napi_ok) {
    job_free(job);
    return bpn_refuse(env, BP_NO_MEMORY, "making a job");
  }
  if (napi_create_promise(env, &job->deferred, &promise) != napi_ok || napi_queue_async_work(env, job->work) != napi_ok) {
    napi_delete_async_work(env, job->work);
    job_free(job);
    return bpn_refuse(env, BP_NO_MEMORY, "starting a job");
  }
  link_job(job);
  return promise;
}

static napi_value nothing(napi_env env, bpn_job *job) {
  (void)env;
  (void)job;
  return NULL;
}

/* --- open and close */

static void run_open(bpn_job *job) {
  bp_store *store = NULL;
  job->status = bp_store_open(job->opening.path, &job->opening.config, &store, &job->error);
  job->box->held = store;
}

/* The handle takes the job's place as a user of the box. */
static napi_value answer_open(napi_env env, bpn_job *job) {
  (void)env;
  bpn_box *box = job->box;
  bpn_box_keep(box);
  return bpn_box_value(job->state, box);
}

napi_value bpn_store_open_async(napi_env env, napi_callback_info info) {
  napi_value arguments[3];  /* path, config, progress */
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  bpn_job *job = state == NULL ? NULL : job_new(state, NULL, run_open, answer_open);
  if (job == NULL) return NULL;
  if (!bpn_opening_begin(state, arguments[0], arguments[1], &job->opening)) {
    job_free(job);
    return NULL;
  }
  job->box = job->opening.box;
  return job_start(job, arguments[2]);
}

static napi_value resolved(napi_env env) {
  napi_deferred deferred;
  napi_value promise, nothing_there;
  if (napi_create_promise(env, &deferred, &promise) != napi_ok || napi_get_undefined(env, &nothing_there) != napi_ok ||
      napi_resolve_deferred(env, deferred, nothing_there) != napi_ok) {
    return NULL;
  }
  return promise;
}

static void run_close(bpn_job *job) { job->status = bp_store_close(job->store, &job->error); }

static napi_value answer_close(napi_env env, bpn_job *job) {
  (void)env;
  bpn_box_log_end(job->box);
  bpn_box_fault_end(job->box);
  return NULL;
}

napi_value bpn_store_close_async(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_any(state, handle, BPN_STORE);
  if (box == NULL) return NULL;
  if (box->held == NULL || box->gone) {
    state->last_job++;
    return resolved(env);
  }
  bpn_clock_read(state, box);
  if (box->running > 0) return bpn_busy(env, box);
  bpn_job *job = job_new(state, box, run_close, answer_close);
  if (job == NULL) return NULL;
  napi_value promise = job_start(job, NULL);
  /* Whoever comes now finds it closed. */
  if (promise != NULL) box->held = NULL;
  return promise;
}

/* --- append and sync */

static void run_append(bpn_job *job) { job->status = bpn_batch_append(&job->batch, job->store, job->box->written, &job->error); }

static napi_value answer_append(napi_env env, bpn_job *job) { return bpn_batch_answer(env, &job->batch); }

/* Chunks, each a copy of the scratch buffer with so many drafts, side by side in one block. */
static bool take_chunks(napi_env env, napi_value chunks, uint32_t length, bpn_job *job) {
  size_t size = 0;
  napi_value chunk;
  const uint8_t *bytes;
  size_t bytes_length;
  for (uint32_t i = 0; i < length; i++) {
    if (napi_get_element(env, chunks, i, &chunk) != napi_ok || !bpn_bytes(env, chunk, &bytes, &bytes_length)) return false;
    size += (bytes_length + 7) & ~(size_t)7;
  }
  job->block = malloc(size + 1);
  job->arenas = calloc((size_t)length + 1, sizeof *job->arenas);
  if (job->block == NULL || job->arenas == NULL) {
    bpn_refuse(env, BP_NO_MEMORY, "copying drafts");
    return false;
  }
  uint8_t *to = job->block;
  for (uint32_t i = 0; i < length; i++) {
    /* An element may be a getter of the caller's and answer something else the second time. */
    if (napi_get_element(env, chunks, i, &chunk) != napi_ok || !bpn_bytes(env, chunk, &bytes, &bytes_length)) return false;
    size_t room = (bytes_length + 7) & ~(size_t)7;
    if (room > size) return bpn_refuse(env, BP_ARGUMENT, "chunks that change") != NULL;
    if (bytes_length > 0) memcpy(to, bytes, bytes_length);
    job->arenas[i] = (bpn_arena){to, bytes_length};
    to += room;
    size -= room;
  }
  return true;
}

static bool take_drafts(napi_env env, napi_value counts, uint32_t length, bpn_job *job) {
  for (uint32_t i = 0; i < length; i++) {
    napi_value number;
    uint32_t count;
    if (napi_get_element(env, counts, i, &number) != napi_ok || !bpn_uint32(env, number, &count)) return false;
    if (!bpn_batch_add(&job->batch, &job->arenas[i], count)) {
      bpn_refuse(env, BP_ARGUMENT, "drafts that point outside of their bytes");
      return false;
    }
  }
  return true;
}

static napi_value append_async(napi_env env, napi_callback_info info, bool is_atomic) {
  napi_value arguments[3];
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  uint32_t length;
  if (box == NULL) return NULL;
  if (napi_get_array_length(env, arguments[1], &length) != napi_ok) return bpn_refuse(env, BP_ARGUMENT, "chunks are an array");
  bpn_job *job = job_new(state, box, run_append, answer_append);
  if (job == NULL) return NULL;
  job->batch.is_atomic = is_atomic;
  if (!take_chunks(env, arguments[1], length, job) || !take_drafts(env, arguments[2], length, job)) {
    job_free(job);
    return NULL;
  }
  return job_start(job, NULL);
}

/* append_many_async(store, chunks, counts) */
napi_value bpn_store_append_many_async(napi_env env, napi_callback_info info) { return append_async(env, info, false); }

/* append_batch_async(store, chunks, counts) */
napi_value bpn_store_append_batch_async(napi_env env, napi_callback_info info) { return append_async(env, info, true); }

static void run_sync(bpn_job *job) { job->status = bp_store_sync(job->store, &job->error); }

napi_value bpn_store_sync_async(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, handle, BPN_STORE);
  bpn_job *job = box == NULL ? NULL : job_new(state, box, run_sync, nothing);
  return job == NULL ? NULL : job_start(job, NULL);
}

/* --- fences */

static void run_begin(bpn_job *job) { job->status = bp_fence_begin(job->store, &job->fence, &job->error); }

static napi_value answer_begin(napi_env env, bpn_job *job) {
  (void)env;
  bp_fence *fence = job->fence;
  job->fence = NULL;
  return bpn_fence_value(job->state, job->box, fence);
}

napi_value bpn_fence_begin_async(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, handle, BPN_STORE);
  bpn_job *job = box == NULL ? NULL : job_new(state, box, run_begin, answer_begin);
  return job == NULL ? NULL : job_start(job, NULL);
}

static void run_commit(bpn_job *job) { job->status = bp_fence_commit(job->fence_box->held, &job->error); }

static void run_cancel(bpn_job *job) { job->status = bp_fence_cancel(job->fence_box->held, &job->error); }

/* A job of its store, closed or not: a fence whose store is closed says so itself. */
static napi_value end_fence(napi_env env, napi_callback_info info, void (*run)(bpn_job *)) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *fence = state == NULL ? NULL : bpn_fence_of(state, handle);
  bpn_job *job = fence == NULL ? NULL : job_new(state, fence->store, run, nothing);
  if (job == NULL) return NULL;
  bpn_box_keep(fence);
  job->fence_box = fence;
  return job_start(job, NULL);
}

napi_value bpn_fence_commit_async(napi_env env, napi_callback_info info) { return end_fence(env, info, run_commit); }

napi_value bpn_fence_cancel_async(napi_env env, napi_callback_info info) { return end_fence(env, info, run_cancel); }

/* --- page and verify */

static void run_page(bpn_job *job) {
  job->status = bp_page_new(&job->page, &job->error);
  if (job->status == BP_OK) job->status = bp_store_page(job->store, &job->query, job->page, &job->error);
}

static napi_value answer_page(napi_env env, bpn_job *job) { return bpn_page_copy(env, job->page); }

/* The query in the scratch buffer; its texts are copied. */
static bool copy_query(bpn_state *state, bpn_job *job) {
  bp_query *query = &job->query;
  bpn_arena arena = {state->scratch, state->scratch_length};
  if (!bpn_take_query(state->env, &arena, query)) return false;
  job->block = malloc(query->entity_length + query->scope_length + 1);
  if (job->block == NULL) {
    bpn_refuse(state->env, BP_NO_MEMORY, "copying a query");
    return false;
  }
  if (query->entity_length > 0) memcpy(job->block, query->entity, query->entity_length);
  if (query->scope_length > 0) memcpy(job->block + query->entity_length, query->scope, query->scope_length);
  query->entity = job->block;
  query->scope = job->block + query->entity_length;
  return true;
}

/* page_async(store): the query lies in the scratch buffer. */
napi_value bpn_store_page_async(napi_env env, napi_callback_info info) {
  napi_value handle;
  bpn_state *state = bpn_enter(env, info, 1, &handle);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, handle, BPN_STORE);
  bpn_job *job = box == NULL ? NULL : job_new(state, box, run_page, answer_page);
  if (job == NULL) return NULL;
  if (!copy_query(state, job)) {
    job_free(job);
    return NULL;
  }
  return job_start(job, NULL);
}

static void run_verify(bpn_job *job) { job->status = bp_store_verify(job->store, &job->trust, &job->report, &job->error); }

static napi_value answer_verify(napi_env env, bpn_job *job) {
  (void)env;
  bp_report *report = job->report;
  job->report = NULL;
  return bpn_handle_of(job->state, BPN_REPORT, report);
}

/* verify_async(store, trust, progress) */
napi_value bpn_store_verify_async(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  bpn_job *job = box == NULL ? NULL : job_new(state, box, run_verify, answer_verify);
  if (job == NULL) return NULL;
  if (!bpn_trust_begin(state, arguments[1], &job->trust)) {
    job_free(job);
    return NULL;
  }
  return job_start(job, arguments[2]);
}

/* --- stopping */

/* The number of the job that was started last. */
napi_value bpn_last_job(napi_env env, napi_callback_info info) {
  napi_value unused, number = NULL;
  bpn_state *state = bpn_enter(env, info, 1, &unused);
  if (state != NULL) napi_create_uint32(env, state->last_job, &number);
  return number;
}

/* cancel(job): one that has not begun never will; open and verify stop at their next progress; all others run to their end. */
napi_value bpn_cancel(napi_env env, napi_callback_info info) {
  napi_value number;
  bpn_state *state = bpn_enter(env, info, 1, &number);
  uint32_t id;
  if (state == NULL || !bpn_uint32(env, number, &id)) return NULL;
  for (bpn_job *job = state->jobs; job != NULL; job = job->next) {
    if (job->id != id) continue;
    atomic_store(&job->stop, true);
    napi_cancel_async_work(env, job->work);
  }
  return NULL;
}
