/* Append, as a hot call.  The TypeScript layer writes drafts into the scratch buffer as bpn_draft records, with offsets into
 * that buffer in place of pointers; receipts go into its own memory as bpn_receipt records. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

napi_value bpn_scratch(napi_env env, napi_callback_info info) {
  napi_value length, buffer;
  bpn_state *state = bpn_enter(env, info, 1, &length);
  uint32_t size;
  void *bytes;
  napi_ref reference;
  if (state == NULL || !bpn_uint32(env, length, &size)) return NULL;
  if (napi_create_arraybuffer(env, size, &bytes, &buffer) != napi_ok || napi_create_reference(env, buffer, 1, &reference) != napi_ok) {
    return bpn_refuse(env, BP_NO_MEMORY, "making the scratch buffer");
  }
  if (state->scratch_ref != NULL) napi_delete_reference(env, state->scratch_ref);
  state->scratch = bytes;
  state->scratch_length = size;
  state->scratch_ref = reference;
  return buffer;
}

/* --- offsets become pointers */

bool bpn_point(const bpn_arena *arena, const uint8_t **field, size_t length) {
  size_t offset = (size_t)(uintptr_t)*field;
  if (offset > arena->length || length > arena->length - offset) return false;
  *field = length == 0 ? NULL : arena->bytes + offset;
  return true;
}

/* The array of extensions is itself in the arena; a copy of it gets the pointers. */
static bool point_extensions(const bpn_arena *arena, bp_draft *draft, bp_extension **copy) {
  const uint8_t *at = (const uint8_t *)(uintptr_t)draft->extensions;
  size_t count = draft->extension_count;
  if (count > arena->length / sizeof(bp_extension) || !bpn_point(arena, &at, count * sizeof(bp_extension))) return false;
  *copy = malloc(count * sizeof **copy);
  if (*copy == NULL) return false;
  memcpy(*copy, at, count * sizeof **copy);
  for (size_t i = 0; i < count; i++) {
    if (!bpn_point(arena, &(*copy)[i].name, (*copy)[i].name_length) ||
        !bpn_point(arena, &(*copy)[i].value, (*copy)[i].value_length)) {
      free(*copy);
      return false;
    }
  }
  draft->extensions = *copy;
  return true;
}

/* A text with its length before it. */
static bool point_text(const bpn_arena *arena, uint32_t offset, const uint8_t **text, size_t *text_length) {
  uint32_t length;
  if (arena->length < sizeof length || offset > arena->length - sizeof length) return false;
  memcpy(&length, arena->bytes + offset, sizeof length);
  *text = (const uint8_t *)(uintptr_t)(offset + sizeof length);
  *text_length = length;
  return bpn_point(arena, text, length);
}

/* What is optional; the texts and the payload are not in there. */
static bool read_rest(const bpn_arena *arena, size_t offset, bp_draft *draft) {
  if (arena->length < sizeof *draft || offset > arena->length - sizeof *draft) return false;
  memcpy(draft, arena->bytes + offset, sizeof *draft);
  draft->struct_size = sizeof *draft;
  return true;
}

bool bpn_draft_read(const bpn_arena *arena, size_t *at, bp_draft *draft, bool *more) {
  bpn_draft given;
  bp_extension *extensions;
  if (arena->length < sizeof given || *at > arena->length - sizeof given) return false;
  memcpy(&given, arena->bytes + *at, sizeof given);
  if (given.rest != 0) {
    *more = true;
    if (!read_rest(arena, given.rest, draft)) return false;
  }
  draft->kind = (uint16_t)given.kind;
  draft->payload = (const uint8_t *)(uintptr_t)(*at + sizeof given);
  draft->payload_length = given.payload_length;
  *at = given.next;
  if (!point_text(arena, given.entity, &draft->entity, &draft->entity_length) ||
      !point_text(arena, given.scope, &draft->scope, &draft->scope_length) ||
      !bpn_point(arena, &draft->payload, draft->payload_length)) {
    return false;
  }
  if (draft->extension_count > 0) return point_extensions(arena, draft, &extensions);
  draft->extensions = NULL;
  return true;
}

void bpn_draft_free(bp_draft *draft) {
  free((void *)(uintptr_t)draft->extensions);
}

/* --- one */

/* Room for the extensions of the receipt: what the draft's own take, or what a replayed event turned out to have. */
size_t bpn_extensions_need(const bp_draft *draft) {
  size_t needed = 0;
  if (draft->extension_count > 0) bp_extensions_encode(draft->extensions, draft->extension_count, NULL, 0, &needed, NULL);
  return needed;
}

static bp_status append_into(bp_store *store, const bp_draft *draft, size_t capacity, bp_receipt *receipt, bp_error *error) {
  bp_receipt_init(receipt, sizeof *receipt);
  if (capacity > 0) {
    receipt->extensions = malloc(capacity);
    if (receipt->extensions == NULL) return BP_NO_MEMORY;
    receipt->extensions_capacity = capacity;
  }
  bp_status status = bp_store_append(store, draft, receipt, error);
  if (status == BP_OK || receipt->frame_length != 0) return status;
  free(receipt->extensions);
  receipt->extensions = NULL;
  return status;
}

bp_status bpn_append(bp_store *store, const bp_draft *draft, bp_receipt *receipt, bp_error *error) {
  bp_status status = append_into(store, draft, bpn_extensions_need(draft), receipt, error);
  size_t length = receipt->extensions_length;
  if (receipt->frame_length == 0 || length <= receipt->extensions_capacity) return status;
  /* Only a replay can need more than the draft says; asking again is the same replay, whose gate was waited at. */
  bp_draft again = *draft;
  again.gate = BP_GATE_NONE;
  free(receipt->extensions);
  bp_status replayed = append_into(store, &again, length, receipt, status == BP_OK ? error : NULL);
  return status == BP_OK ? replayed : status;
}

/* The error, and the receipt where only a gate was not passed: { accepted, receipts, extensions } beside, as of many. */
static napi_value fail(napi_env env, bp_status status, const bp_error *error, bp_receipt *receipt) {
  if (receipt->frame_length == 0) return bpn_throw(env, status, error);
  bpn_batch one = {.receipts = receipt, .count = 1, .accepted = 1, .is_signed = receipt->has_signature != 0,
                   .extensions = receipt->extensions, .extensions_length = receipt->extensions_length};
  napi_value failure = bpn_batch_failure(env, &one, status, error);
  free(receipt->extensions);
  if (failure != NULL) napi_throw(env, failure);
  return NULL;
}

/* append(store, slab, offset, payload): the draft lies in the scratch buffer behind its header; the receipt goes to `offset`
 * in `slab`, which has room for a long one.  A payload given is large: small ones lie in the scratch buffer too, for Node is
 * slow to say where the bytes of an array are that it meets for the first time.
 *
 * Answers the receipt's extensions where there are some. */
napi_value bpn_store_append(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  bpn_state *state = bpn_enter(env, info, 4, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  if (box == NULL) return NULL;
  const uint8_t *slab, *payload;
  size_t slab_length, payload_length, at = BPN_SCRATCH_HEADER;
  uint32_t offset;
  if (!bpn_bytes(env, arguments[1], &slab, &slab_length) || napi_get_value_uint32(env, arguments[2], &offset) != napi_ok ||
      !bpn_bytes(env, arguments[3], &payload, &payload_length)) {
    return NULL;
  }
  uint8_t *to = (uint8_t *)(uintptr_t)slab + offset;
  if (offset > slab_length || slab_length - offset < sizeof(bpn_signed_receipt) || (uintptr_t)to % _Alignof(bpn_receipt) != 0) {
    return bpn_refuse(env, BP_ARGUMENT, "no room for the receipt");
  }
  bp_draft draft;
  bpn_arena arena = {state->scratch, state->scratch_length};
  bool more;
  bp_draft_init(&draft, sizeof draft);
  if (!bpn_draft_read(&arena, &at, &draft, &more)) return bpn_refuse(env, BP_ARGUMENT, "a draft that points outside of its bytes");
  if (payload_length > 0) {
    draft.payload = payload;
    draft.payload_length = payload_length;
  }
  bp_receipt receipt;
  bp_error error;
  error.struct_size = sizeof error;
  error.code = BP_OK;
  bp_status status = bpn_append(box->held, &draft, &receipt, &error);
  if (draft.extension_count > 0) bpn_draft_free(&draft);
  if (status != BP_OK) return fail(env, status, &error, &receipt);
  bpn_receipt_pack(&receipt, 0, to);
  if (receipt.extensions_length == 0) return NULL;
  napi_value extensions = bpn_copy_bytes(env, receipt.extensions, receipt.extensions_length);
  free(receipt.extensions);
  return extensions;
}
