/* Many drafts at once, for append_many and for appends on other threads.  The first draft of an arena lies behind its header,
 * and each says where the next one is. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* --- drafts */

bool bpn_batch_add(bpn_batch *batch, const bpn_arena *arena, size_t count) {
  if (arena->length < BPN_SCRATCH_HEADER || count > (arena->length - BPN_SCRATCH_HEADER) / sizeof(bpn_draft)) return false;
  bp_draft *drafts = realloc(batch->drafts, (batch->count + count + 1) * sizeof *drafts);
  if (drafts == NULL) return false;
  batch->drafts = drafts;
  for (size_t i = 0, at = BPN_SCRATCH_HEADER; i < count; i++, batch->count++) {
    if (!bpn_draft_read(arena, &at, &drafts[batch->count])) return false;
  }
  return true;
}

void bpn_batch_end(bpn_batch *batch) {
  for (size_t i = 0; i < batch->count; i++) {
    if (batch->drafts[i].extension_count > 0) bpn_draft_free(&batch->drafts[i]);
  }
  free(batch->drafts);
  free(batch->receipts);
  free(batch->extensions);
  memset(batch, 0, sizeof *batch);
}

/* --- receipts */

/* Room for what the drafts' own extensions take. */
static bool make_receipts(bpn_batch *batch) {
  batch->receipts = malloc((batch->count + 1) * sizeof *batch->receipts);
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

/* All extensions side by side. */
static bp_status gather(bpn_batch *batch, bp_store *store, bp_error *error) {
  size_t length = 0;
  for (size_t i = 0; i < batch->accepted; i++) length += batch->receipts[i].extensions_length;
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

bp_status bpn_batch_append(bpn_batch *batch, bp_store *store, bp_error *error) {
  if (!make_receipts(batch)) return BP_NO_MEMORY;
  bp_status status = bp_store_append_many(store, batch->drafts, batch->count, batch->receipts, &batch->accepted, error);
  bp_status gathered = gather(batch, store, status == BP_OK ? error : NULL);
  return status == BP_OK ? gathered : status;
}

/* --- answers: { accepted, receipts, extensions }, the receipts packed side by side, all long or all short */

static bool all_short(const bpn_batch *batch) {
  for (size_t i = 0; i < batch->accepted; i++) {
    if (bpn_receipt_is_long(&batch->receipts[i])) return false;
  }
  return true;
}

/* `slab` takes them if it can: it is memory that JavaScript did not have to clear. */
static napi_value pack(napi_env env, const bpn_batch *batch, napi_value slab) {
  size_t size = all_short(batch) ? sizeof(bpn_receipt) : sizeof(bpn_signed_receipt), length;
  const uint8_t *room;
  if (!bpn_bytes(env, slab, &room, &length)) return NULL;
  if (slab == NULL || length != batch->accepted * size) {
    length = batch->accepted * size;
    slab = bpn_new_bytes(env, length, &room);
    if (slab == NULL) return NULL;
  }
  uint32_t extensions = 0;
  for (size_t i = 0; i < batch->accepted; i++) {
    bpn_receipt_pack(&batch->receipts[i], extensions, (uint8_t *)(uintptr_t)room + i * size);
    extensions += (uint32_t)batch->receipts[i].extensions_length;
  }
  return slab;
}

static bool describe(napi_env env, const bpn_batch *batch, napi_value slab, napi_value object) {
  napi_value accepted;
  if (napi_create_uint32(env, (uint32_t)batch->accepted, &accepted) != napi_ok || !bpn_set(env, object, "accepted", accepted) ||
      !bpn_set(env, object, "receipts", pack(env, batch, slab))) {
    return false;
  }
  if (batch->extensions_length == 0) return true;
  return bpn_set(env, object, "extensions", bpn_copy_bytes(env, batch->extensions, batch->extensions_length));
}

napi_value bpn_batch_answer(napi_env env, const bpn_batch *batch, napi_value slab) {
  napi_value object;
  return napi_create_object(env, &object) == napi_ok && describe(env, batch, slab, object) ? object : NULL;
}

/* The error, and with it what is in the store all the same. */
napi_value bpn_batch_failure(napi_env env, const bpn_batch *batch, bp_status status, const bp_error *error) {
  napi_value value = bpn_error_value(env, status, error);
  if (value == NULL || batch->receipts == NULL) return value;
  return describe(env, batch, NULL, value) ? value : NULL;
}

static napi_value append_all(napi_env env, bpn_batch *batch, bp_store *store, napi_value slab) {
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bpn_batch_append(batch, store, &error);
  if (status == BP_OK) return bpn_batch_answer(env, batch, slab);
  napi_value failure = bpn_batch_failure(env, batch, status, &error);
  if (failure != NULL) napi_throw(env, failure);
  return NULL;
}

/* append_many(store, arena, count, slab): the receipts go into the slab if they are short and fill it. */
napi_value bpn_store_append_many(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  bpn_state *state = bpn_enter(env, info, 4, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  bpn_arena arena;
  uint32_t count;
  if (box == NULL || !bpn_bytes(env, arguments[1], &arena.bytes, &arena.length) || !bpn_uint32(env, arguments[2], &count)) {
    return NULL;
  }
  bpn_batch batch = {0};
  napi_value answer = bpn_batch_add(&batch, &arena, count)
                          ? append_all(env, &batch, box->held, arguments[3])
                          : bpn_refuse(env, BP_ARGUMENT, "drafts that point outside of their bytes");
  bpn_batch_end(&batch);
  return answer;
}
