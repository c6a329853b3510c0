/* Many drafts at once, for append_many, for append_batch and for appends on other threads.  The first draft of an arena lies behind its header,
 * and each says where the next one is. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* --- drafts */

static void make_ready(bpn_batch *batch, size_t from, size_t to) {
  for (size_t i = from; i < to; i++) {
    bp_draft_init(&batch->drafts[i], sizeof *batch->drafts);
    bp_receipt_init(&batch->receipts[i], sizeof *batch->receipts);
  }
}

static bool reserve(bpn_batch *batch, size_t capacity) {
  if (capacity <= batch->capacity) return true;
  bp_draft *drafts = realloc(batch->drafts, capacity * sizeof *drafts);
  if (drafts != NULL) batch->drafts = drafts;
  bp_receipt *receipts = realloc(batch->receipts, capacity * sizeof *receipts);
  if (receipts != NULL) batch->receipts = receipts;
  if (drafts == NULL || receipts == NULL) return false;
  make_ready(batch, batch->capacity, capacity);
  batch->capacity = capacity;
  return true;
}

/* Adds `count` drafts, the first of which lies at *at; *at moves on behind them. */
static bool add(bpn_batch *batch, const bpn_arena *arena, size_t *at, size_t count) {
  if (arena->length < BPN_SCRATCH_HEADER || count > (arena->length - BPN_SCRATCH_HEADER) / sizeof(bpn_draft) ||
      !reserve(batch, batch->count + count)) {
    return false;
  }
  for (size_t i = 0; i < count; i++, batch->count++) {
    if (!bpn_draft_read(arena, at, &batch->drafts[batch->count], &batch->more)) return false;
  }
  return true;
}

bool bpn_batch_add(bpn_batch *batch, const bpn_arena *arena, size_t count) {
  size_t at = BPN_SCRATCH_HEADER;
  return add(batch, arena, &at, count);
}

static void free_extensions(bpn_batch *batch) {
  for (size_t i = 0; i < batch->count && batch->more; i++) {
    if (batch->drafts[i].extension_count > 0) bpn_draft_free(&batch->drafts[i]);
  }
  free(batch->extensions);
}

void bpn_batch_clear(bpn_batch *batch) {
  free_extensions(batch);
  /* One that was read in half is not counted. */
  if (batch->more) make_ready(batch, 0, batch->count < batch->capacity ? batch->count + 1 : batch->count);
  *batch = (bpn_batch){.drafts = batch->drafts, .receipts = batch->receipts, .capacity = batch->capacity};
}

void bpn_batch_end(bpn_batch *batch) {
  free_extensions(batch);
  free(batch->drafts);
  free(batch->receipts);
  *batch = (bpn_batch){0};
}

/* --- receipts */

/* Room for what the drafts' own extensions take. */
static bool make_room(bpn_batch *batch) {
  size_t room = 0;
  for (size_t i = 0; i < batch->count && batch->more; i++) {
    batch->receipts[i].extensions_capacity = bpn_extensions_need(&batch->drafts[i]);
    room += batch->receipts[i].extensions_capacity;
  }
  if (room == 0) return true;
  batch->extensions = malloc(room);
  if (batch->extensions == NULL) return false;
  uint8_t *next = batch->extensions;
  for (size_t i = 0; i < batch->count; i++) {
    batch->receipts[i].extensions = next;
    next += batch->receipts[i].extensions_capacity;
  }
  return true;
}

/* The extensions of one receipt.  A replayed event may have longer ones than the draft: asked again, with room for them. */
static bp_status collect(bpn_batch *batch, bp_store *store, size_t i, uint8_t *to, bp_error *error) {
  bp_receipt *receipt = &batch->receipts[i];
  if (receipt->extensions_length <= receipt->extensions_capacity) {
    memcpy(to, receipt->extensions, receipt->extensions_length);
    return BP_OK;
  }
  bp_receipt again;
  bp_draft alone = batch->drafts[i];
  alone.gate = BP_GATE_NONE;
  alone.given &= ~(uint32_t)BP_GIVEN_CAUSE_ITEM;
  bp_receipt_init(&again, sizeof again);
  again.extensions = to;
  again.extensions_capacity = receipt->extensions_length;
  return bp_store_append(store, &alone, &again, error);
}

/* All extensions side by side. */
static bp_status gather(bpn_batch *batch, bp_store *store, bp_error *error) {
  size_t length = 0;
  for (size_t i = 0; i < batch->accepted; i++) {
    length += batch->receipts[i].extensions_length;
    batch->is_signed |= batch->receipts[i].has_signature != 0;
  }
  uint8_t *all = length == 0 || length > UINT32_MAX ? NULL : calloc(length, 1);
  if (length > 0 && all == NULL) return BP_NO_MEMORY;
  bp_status status = BP_OK;
  uint8_t *to = all;
  for (size_t i = 0; i < batch->accepted && status == BP_OK && length > 0; i++) {
    if (batch->receipts[i].extensions_length > 0) status = collect(batch, store, i, to, error);
    to += batch->receipts[i].extensions_length;
  }
  free(batch->extensions);
  batch->extensions = all;
  batch->extensions_length = length;
  return status;
}

/* A flush is shared by as many as there are.  Without one, a write costs so little that runs are better small enough for all
 * that is made of them to stay near the processor. */
enum { WRITTEN_RUN = 256 };

static size_t run_length(const bpn_batch *batch, bool written) {
  return written && !batch->more ? WRITTEN_RUN : batch->count;
}

static bp_status append_runs(bpn_batch *batch, bp_store *store, size_t run, bp_error *error) {
  bp_status status = BP_OK;
  while (status == BP_OK && batch->accepted < batch->count) {
    size_t from = batch->accepted, left = batch->count - from, done;
    status = bp_store_append_many(store, batch->drafts + from, left < run ? left : run, batch->receipts + from, &done, error);
    batch->accepted += done;
  }
  return status;
}

/* The receipts tell whether a batch that failed is in the store, and only its gate was not passed. */
static bp_status append_atomic(bpn_batch *batch, bp_store *store, bp_error *error) {
  if (batch->count > 0) batch->receipts[0].frame_length = 0;
  bp_status status = bp_store_append_batch(store, batch->drafts, batch->count, batch->receipts, error);
  if (batch->count > 0 && (status == BP_OK || batch->receipts[0].frame_length != 0)) batch->accepted = batch->count;
  return status;
}

bp_status bpn_batch_append(bpn_batch *batch, bp_store *store, bool written, bp_error *error) {
  if (!make_room(batch)) return BP_NO_MEMORY;
  bp_status status = batch->is_atomic ? append_atomic(batch, store, error) : append_runs(batch, store, run_length(batch, written), error);
  bp_status gathered = gather(batch, store, status == BP_OK ? error : NULL);
  return status == BP_OK ? gathered : status;
}

/* --- answers: { accepted, receipts, extensions, before }, the receipts packed side by side, all long or all short */

static void pack(const bpn_batch *batch, size_t size, uint8_t *to) {
  uint32_t extensions = 0;
  for (size_t i = 0; i < batch->accepted; i++) {
    bpn_receipt_pack(&batch->receipts[i], extensions, to + i * size);
    extensions += (uint32_t)batch->receipts[i].extensions_length;
  }
}

static napi_value packed(napi_env env, const bpn_batch *batch) {
  size_t size = batch->is_signed ? sizeof(bpn_signed_receipt) : sizeof(bpn_receipt);
  const uint8_t *bytes;
  napi_value array = bpn_new_bytes(env, batch->accepted * size, &bytes);
  if (array != NULL) pack(batch, size, (uint8_t *)(uintptr_t)bytes);
  return array;
}

static bool describe(napi_env env, const bpn_batch *batch, napi_value object) {
  napi_value accepted, before;
  if (napi_create_uint32(env, (uint32_t)batch->accepted, &accepted) != napi_ok || !bpn_set(env, object, "accepted", accepted) ||
      !bpn_set(env, object, "receipts", packed(env, batch))) {
    return false;
  }
  if (batch->before > 0 && (napi_create_uint32(env, (uint32_t)batch->before, &before) != napi_ok || !bpn_set(env, object, "before", before))) {
    return false;
  }
  if (batch->extensions_length == 0) return true;
  return bpn_set(env, object, "extensions", bpn_copy_bytes(env, batch->extensions, batch->extensions_length));
}

napi_value bpn_batch_answer(napi_env env, const bpn_batch *batch) {
  napi_value object;
  return napi_create_object(env, &object) == napi_ok && describe(env, batch, object) ? object : NULL;
}

/* The error, and with it what is in the store all the same. */
napi_value bpn_batch_failure(napi_env env, const bpn_batch *batch, bp_status status, const bp_error *error) {
  napi_value value = bpn_error_value(env, status, error);
  if (value == NULL) return value;
  return describe(env, batch, value) ? value : NULL;
}

/* --- calls */

static napi_value conclude(napi_env env, const bpn_batch *batch, bp_status status, const bp_error *error) {
  if (status == BP_OK) return bpn_batch_answer(env, batch);
  napi_value failure = bpn_batch_failure(env, batch, status, error);
  if (failure != NULL) napi_throw(env, failure);
  return NULL;
}

static napi_value astray(napi_env env) {
  return bpn_refuse(env, BP_ARGUMENT, "drafts that point outside of their bytes");
}

/* Drafts that are appended one run after the other, and a slab for the receipts of all. */
typedef struct walk {
  bpn_arena arena;
  size_t at;        /* the next draft */
  size_t left;
  napi_value slab;
  size_t done;
} walk;

/* The next drafts: a run, or all that are left where one of them says more than the usual. */
static bool add_run(bpn_batch *batch, walk *w, bool written) {
  size_t run = written && w->left > WRITTEN_RUN ? WRITTEN_RUN : w->left;
  return add(batch, &w->arena, &w->at, run) && (!batch->more || add(batch, &w->arena, &w->at, w->left - run));
}

/* Where the receipts of a run go in memory that JavaScript has ready; NULL where they do not.  It is asked for each run anew: an
 * append may call JavaScript. */
static uint8_t *room_in(napi_env env, const walk *w, const bpn_batch *batch) {
  const uint8_t *bytes;
  size_t length;
  if (batch->is_signed || batch->extensions_length > 0 || !bpn_bytes(env, w->slab, &bytes, &length) ||
      length != (w->done + w->left) * sizeof(bpn_receipt) || (uintptr_t)bytes % _Alignof(bpn_receipt) != 0) {
    return NULL;
  }
  return (uint8_t *)(uintptr_t)bytes + w->done * sizeof(bpn_receipt);
}

/* All runs use the same few drafts and receipts, and the latter are packed while they are at hand. */
static napi_value append_walk(napi_env env, bpn_batch *batch, const bpn_box *box, walk *w) {
  bp_error error;
  bp_status status;
  uint8_t *to;
  bpn_error_clear(&error);
  while (w->left > 0) {
    batch->before = w->done;
    if (!add_run(batch, w, box->written)) return astray(env);
    status = bpn_batch_append(batch, box->held, box->written, &error);
    to = status == BP_OK ? room_in(env, w, batch) : NULL;
    if (to == NULL) {
      if (status != BP_OK || batch->count == w->left) return conclude(env, batch, status, &error);
      /* Receipts that the slab does not take: those of the drafts that are left will stand beside them. */
      if (!add(batch, &w->arena, &w->at, w->left - batch->count)) return astray(env);
      return conclude(env, batch, bpn_batch_append(batch, box->held, box->written, &error), &error);
    }
    pack(batch, sizeof(bpn_receipt), to);
    w->done += batch->count;
    w->left -= batch->count;
    bpn_batch_clear(batch);
  }
  return NULL;
}

/* The arguments store, arena, count. */
static bpn_box *take(bpn_state *state, const napi_value arguments[3], bpn_arena *arena, uint32_t *count) {
  bpn_box *box = bpn_box_of(state, arguments[0], BPN_STORE);
  if (box == NULL || !bpn_bytes(state->env, arguments[1], &arena->bytes, &arena->length) ||
      !bpn_uint32(state->env, arguments[2], count)) {
    return NULL;
  }
  return box;
}

/* append_many(store, arena, count, slab): undefined where all receipts are in the slab, else an answer, where `before` says how
 * many are in the slab all the same. */
napi_value bpn_store_append_many(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  bpn_state *state = bpn_enter(env, info, 4, arguments);
  uint32_t count;
  walk w = {.at = BPN_SCRATCH_HEADER};
  bpn_box *box = state == NULL ? NULL : take(state, arguments, &w.arena, &count);
  if (box == NULL) return NULL;
  w.left = count;
  w.slab = arguments[3];
  napi_value answer = append_walk(env, &state->batch, box, &w);
  bpn_batch_clear(&state->batch);
  return answer;
}

/* append_batch(store, arena, count): an answer. */
napi_value bpn_store_append_batch(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  bpn_arena arena;
  uint32_t count;
  bpn_box *box = state == NULL ? NULL : take(state, arguments, &arena, &count);
  if (box == NULL) return NULL;
  bpn_batch *batch = &state->batch;
  bp_error error;
  bpn_error_clear(&error);
  batch->is_atomic = true;
  napi_value answer = bpn_batch_add(batch, &arena, count)
                          ? conclude(env, batch, bpn_batch_append(batch, box->held, box->written, &error), &error)
                          : astray(env);
  bpn_batch_clear(batch);
  return answer;
}
