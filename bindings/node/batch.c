/* Many drafts at once, for append_many and for appends on other threads.  The drafts lie side by side behind the scratch
 * buffer's header, or in a copy of it; their bytes lie behind them. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* --- drafts */

static bool point_all(bp_draft *drafts, size_t count, const bpn_arena *arena, size_t *done) {
  for (size_t i = 0; i < count; i++) {
    drafts[i].struct_size = sizeof *drafts;
    if (!bpn_point_draft(arena, &drafts[i])) return false;
    ++*done;
  }
  return true;
}

bool bpn_batch_add(bpn_batch *batch, const bpn_arena *arena, size_t count) {
  if (arena->length < BPN_SCRATCH_HEADER || count > (arena->length - BPN_SCRATCH_HEADER) / sizeof(bp_draft)) return false;
  bp_draft *drafts = realloc(batch->drafts, (batch->count + count + 1) * sizeof *drafts);
  if (drafts == NULL) return false;
  batch->drafts = drafts;
  memcpy(drafts + batch->count, arena->bytes + BPN_SCRATCH_HEADER, count * sizeof *drafts);
  return point_all(drafts + batch->count, count, arena, &batch->count);
}

void bpn_batch_end(bpn_batch *batch) {
  for (size_t i = 0; i < batch->count; i++) {
    if (batch->drafts[i].extension_count > 0) bpn_draft_free(&batch->drafts[i]);
  }
  if (!batch->lent) {
    free(batch->drafts);
    free(batch->receipts);
  }
  free(batch->extensions);
  memset(batch, 0, sizeof *batch);
}

/* --- receipts */

/* Room for what the drafts' own extensions take. */
static bool make_receipts(bpn_batch *batch) {
  if (!batch->lent) batch->receipts = malloc((batch->count + 1) * sizeof *batch->receipts);
  if (batch->receipts == NULL) return false;
  size_t room = 0;
  for (size_t i = 0; i < batch->count; i++) {
    bp_receipt_init(&batch->receipts[i], sizeof *batch->receipts);
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
  bp_receipt_init(&again, sizeof again);
  again.extensions = to;
  again.extensions_capacity = receipt->extensions_length;
  return bp_store_append(store, &batch->drafts[i], &again, error);
}

/* All extensions side by side, and offsets in place of pointers. */
static bp_status gather(bpn_batch *batch, bp_store *store, bp_error *error) {
  size_t length = 0;
  for (size_t i = 0; i < batch->accepted; i++) length += batch->receipts[i].extensions_length;
  uint8_t *all = length == 0 ? NULL : malloc(length);
  if (length > 0 && all == NULL) return BP_NO_MEMORY;
  bp_status status = BP_OK;
  size_t at = 0;
  for (size_t i = 0; i < batch->accepted; i++) {
    bp_receipt *receipt = &batch->receipts[i];
    if (receipt->extensions_length > 0 && status == BP_OK) status = collect(batch, store, i, all + at, error);
    uintptr_t offset = at;
    receipt->extensions = (uint8_t *)offset;
    receipt->extensions_capacity = 0;
    at += receipt->extensions_length;
  }
  free(batch->extensions);
  batch->extensions = all;
  batch->extensions_length = length;
  return status;
}

bp_status bpn_batch_append(bpn_batch *batch, bp_store *store, bp_error *error) {
  if (!make_receipts(batch)) return BP_NO_MEMORY;
  bp_status status = bp_store_append_many(store, batch->drafts, batch->count, batch->receipts, &batch->accepted, error);
  bp_status gathered = gather(batch, store, status == BP_OK ? error : NULL);
  return status == BP_OK ? gathered : status;
}

/* --- answers: { accepted, receipts, extensions } */

static bool describe(napi_env env, const bpn_batch *batch, napi_value receipts, napi_value object) {
  napi_value accepted;
  if (napi_create_uint32(env, (uint32_t)batch->accepted, &accepted) != napi_ok || !bpn_set(env, object, "accepted", accepted) ||
      !bpn_set(env, object, "receipts", receipts)) {
    return false;
  }
  if (batch->extensions_length == 0) return true;
  return bpn_set(env, object, "extensions", bpn_copy_bytes(env, batch->extensions, batch->extensions_length));
}

static napi_value receipts_of(napi_env env, const bpn_batch *batch) {
  return bpn_copy_bytes(env, batch->receipts, batch->accepted * sizeof *batch->receipts);
}

napi_value bpn_batch_answer(napi_env env, const bpn_batch *batch) {
  napi_value object;
  return napi_create_object(env, &object) == napi_ok && describe(env, batch, receipts_of(env, batch), object) ? object : NULL;
}

/* The error, and with it what is in the store all the same. */
napi_value bpn_batch_failure(napi_env env, const bpn_batch *batch, bp_status status, const bp_error *error) {
  napi_value value = bpn_error_value(env, status, error);
  if (value == NULL || batch->receipts == NULL) return value;
  return describe(env, batch, receipts_of(env, batch), value) ? value : NULL;
}

static napi_value append_lent(napi_env env, bpn_batch *batch, bp_store *store, const bpn_arena *arena, size_t count,
                              napi_value receipts) {
  if (!point_all(batch->drafts, count, arena, &batch->count)) {
    return bpn_refuse(env, BP_ARGUMENT, "drafts that point outside of their bytes");
  }
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bpn_batch_append(batch, store, &error);
  napi_value object;
  if (status != BP_OK) {
    object = bpn_error_value(env, status, &error);
  } else if (napi_create_object(env, &object) != napi_ok) {
    return NULL;
  }
  if (object == NULL || !describe(env, batch, receipts, object)) return NULL;
  if (status == BP_OK) return object;
  napi_throw(env, object);
  return NULL;
}

/* append_many(store, count, slab): the drafts lie in the scratch buffer, where their offsets become pointers; the receipts are
 * written into the slab, which JavaScript makes because it can leave the memory as it is. */
napi_value bpn_store_append_many(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  uint32_t count;
  const uint8_t *slab;
  size_t slab_length;
  if (box == NULL || !bpn_uint32(env, arguments[1], &count) || !bpn_bytes(env, arguments[2], &slab, &slab_length)) return NULL;
  bpn_arena arena = {state->scratch, state->scratch_length};
  if (arena.length < BPN_SCRATCH_HEADER || count > (arena.length - BPN_SCRATCH_HEADER) / sizeof(bp_draft) ||
      slab_length / sizeof(bp_receipt) < count || (uintptr_t)slab % _Alignof(bp_receipt) != 0) {
    return bpn_refuse(env, BP_ARGUMENT, "no room for the drafts or their receipts");
  }
  bpn_batch batch = {.lent = true,
                     .drafts = (bp_draft *)(void *)(state->scratch + BPN_SCRATCH_HEADER),
                     .receipts = (bp_receipt *)(uintptr_t)slab};
  napi_value answer = append_lent(env, &batch, box->held, &arena, count, arguments[2]);
  bpn_batch_end(&batch);
  return answer;
}
