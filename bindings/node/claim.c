/* Claims and key files.  A claim is an object with the fields of bp_claim: numbers, bytes, its names as text out and as
 * bytes in. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 2048 };

/* What fills a buffer from something; `store` is NULL where none is needed. */
typedef bp_status (*filler)(const bp_store *store, const void *from, uint8_t *buffer, size_t capacity, size_t *needed,
                            bp_error *error);

static bp_status fill_export(const bp_store *store, const void *from, uint8_t *buffer, size_t capacity, size_t *needed,
                             bp_error *error) {
  return bp_claim_export(store, from, buffer, capacity, needed, error);
}

static bp_status fill_write(const bp_store *store, const void *from, uint8_t *buffer, size_t capacity, size_t *needed,
                            bp_error *error) {
  (void)store;
  return bp_claim_write(from, buffer, capacity, needed, error);
}

static napi_value filled(napi_env env, filler fill, const bp_store *store, const void *from) {
  uint8_t room[FIRST_ROOM], *large = NULL;
  size_t needed = 0;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = fill(store, from, room, sizeof room, &needed, &error);
  if (status == BP_TOO_SMALL) {
    large = malloc(needed);
    status = large == NULL ? BP_NO_MEMORY : fill(store, from, large, needed, &needed, &error);
  }
  napi_value bytes =
      status == BP_OK ? bpn_copy_bytes(env, large == NULL ? room : large, needed) : bpn_throw(env, status, &error);
  free(large);
  return bytes;
}

napi_value bpn_claim_export(napi_env env, napi_callback_info info) {
  napi_value arguments[2], record, extensions;  /* store, { record, extensions } */
  bpn_state *state = bpn_enter(env, info, 2, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  size_t count = 0;
  if (box == NULL || !bpn_get(env, arguments[1], "record", &record) ||
      !bpn_get(env, arguments[1], "extensions", &extensions)) {
    return NULL;
  }
  bp_receipt *receipt = bpn_receipts_of(state, record, extensions, &count);
  if (receipt == NULL) return NULL;
  napi_value bytes = count == 1 ? filled(env, fill_export, box->held, receipt)
                                : bpn_refuse(env, BP_ARGUMENT, "a receipt is one record");
  free(receipt);
  return bytes;
}

/* --- reading */

static bool set_text(napi_env env, napi_value object, const char *name, const uint8_t *text, size_t length) {
  napi_value value;
  return napi_create_string_utf8(env, (const char *)text, length, &value) == napi_ok && bpn_set(env, object, name, value);
}

static napi_value claim_value(napi_env env, const bp_claim *claim) {
  napi_value object = bpn_record_value(env, bpn_claim_fields, claim);
  bool good = object != NULL && set_text(env, object, "entity", claim->entity, claim->entity_length) &&
              set_text(env, object, "scope", claim->scope, claim->scope_length);
  if (good && claim->extensions_length > 0) {
    good = bpn_set(env, object, "extensions", bpn_copy_bytes(env, claim->extensions, claim->extensions_length));
  }
  return good ? object : NULL;
}

napi_value bpn_claim_read(napi_env env, napi_callback_info info) {
  napi_value value;
  const uint8_t *bytes;
  size_t length;
  bp_claim claim;
  bp_error error;
  memset(&claim, 0, sizeof claim);
  claim.struct_size = sizeof claim;
  bpn_error_clear(&error);
  if (bpn_enter(env, info, 1, &value) == NULL || !bpn_bytes(env, value, &bytes, &length)) return NULL;
  bp_status status = bp_claim_read(bytes, length, &claim, NULL, &error);
  return status == BP_OK ? claim_value(env, &claim) : bpn_throw(env, status, &error);
}

/* --- writing */

static bool take_fixed(napi_env env, napi_value object, const char *name, uint8_t *out, size_t length) {
  napi_value value;
  const uint8_t *bytes;
  if (!bpn_get(env, object, name, &value) || !bpn_fixed_bytes(env, value, length, &bytes)) return false;
  memcpy(out, bytes, length);
  return true;
}

static bool take_view(napi_env env, napi_value object, const char *name, const uint8_t **view, size_t *length) {
  napi_value value;
  return bpn_get(env, object, name, &value) && bpn_bytes(env, value, view, length);
}

static bool take_numbers(napi_env env, napi_value object, bp_claim *claim) {
  napi_value version, sequence, kind, has_signature;
  uint32_t wide = 0, flag = 0;
  if (!bpn_get(env, object, "version", &version) || !bpn_uint32(env, version, &claim->version) ||
      !bpn_get(env, object, "sequence", &sequence) || !bpn_uint64(env, sequence, &claim->sequence) ||
      !bpn_get(env, object, "kind", &kind) || !bpn_uint32(env, kind, &wide) ||
      !bpn_get(env, object, "hasSignature", &has_signature) || !bpn_uint32(env, has_signature, &flag)) {
    return false;
  }
  claim->kind = (uint16_t)wide;
  claim->has_signature = flag != 0;
  if (wide <= UINT16_MAX) return true;
  bpn_refuse(env, BP_ARGUMENT, "a kind has 16 bits");
  return false;
}

static bool take_claim(napi_env env, napi_value object, bp_claim *claim) {
  return take_numbers(env, object, claim) &&
         take_fixed(env, object, "eventId", claim->event_id, sizeof claim->event_id) &&
         take_fixed(env, object, "prevHash", claim->prev_hash, sizeof claim->prev_hash) &&
         take_fixed(env, object, "contentHash", claim->content_hash, sizeof claim->content_hash) &&
         take_fixed(env, object, "keyId", claim->key_id, sizeof claim->key_id) &&
         take_fixed(env, object, "signature", claim->signature, sizeof claim->signature) &&
         take_view(env, object, "entity", &claim->entity, &claim->entity_length) &&
         take_view(env, object, "scope", &claim->scope, &claim->scope_length) &&
         take_view(env, object, "extensions", &claim->extensions, &claim->extensions_length);
}

napi_value bpn_claim_write(napi_env env, napi_callback_info info) {
  napi_value object;
  bp_claim claim;
  memset(&claim, 0, sizeof claim);
  claim.struct_size = sizeof claim;
  if (bpn_enter(env, info, 1, &object) == NULL || !take_claim(env, object, &claim)) return NULL;
  return filled(env, fill_write, NULL, &claim);
}

/* --- checking: bytes, trust, payload or undefined */

napi_value bpn_claim_check(napi_env env, napi_callback_info info) {
  static const uint8_t no_bytes[1];
  napi_value arguments[3], answer = NULL;
  bpn_state *state = bpn_enter(env, info, 3, arguments);
  const uint8_t *bytes, *payload;
  size_t length, payload_length;
  napi_valuetype type;
  bp_trust trust;
  bp_error error;
  int32_t outcome = 0;
  bpn_error_clear(&error);
  if (state == NULL || napi_typeof(env, arguments[2], &type) != napi_ok || !bpn_bytes(env, arguments[0], &bytes, &length) ||
      !bpn_bytes(env, arguments[2], &payload, &payload_length) || !bpn_trust_begin(state, arguments[1], &trust)) {
    return NULL;
  }
  /* A payload of no bytes is one, too, and needs an address. */
  if (payload == NULL && type != napi_undefined) payload = no_bytes;
  bp_status status = bp_claim_check(bytes, length, &trust, payload, payload_length, &outcome, &error);
  bpn_trust_end(&trust);
  if (status != BP_OK) return bpn_throw(env, status, &error);
  return napi_create_int32(env, outcome, &answer) == napi_ok ? answer : NULL;
}

/* --- key files: path; path, seed */

napi_value bpn_key_file_read(napi_env env, napi_callback_info info) {
  napi_value value;
  uint8_t seed[32];
  bp_error error;
  bpn_error_clear(&error);
  char *path = bpn_enter(env, info, 1, &value) == NULL ? NULL : bpn_path(env, value);
  if (path == NULL) return NULL;
  bp_status status = bp_key_file_read(path, seed, &error);
  free(path);
  napi_value bytes = status == BP_OK ? bpn_copy_bytes(env, seed, sizeof seed) : bpn_throw(env, status, &error);
  explicit_bzero(seed, sizeof seed);
  return bytes;
}

napi_value bpn_key_file_write(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  const uint8_t *seed;
  bp_error error;
  bpn_error_clear(&error);
  if (bpn_enter(env, info, 2, arguments) == NULL || !bpn_fixed_bytes(env, arguments[1], 32, &seed)) return NULL;
  char *path = bpn_path(env, arguments[0]);
  if (path == NULL) return NULL;
  bp_status status = bp_key_file_write(path, seed, &error);
  free(path);
  return status == BP_OK ? NULL : bpn_throw(env, status, &error);
}
