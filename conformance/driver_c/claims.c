/* Instructions about claims and key files. */
#include "operations.h"

#include <stdlib.h>
#include <string.h>

static json *name_json(const uint8_t *text, size_t length) {
  return json_object_new_string_len((const char *)text, (int)length);
}

static json *hex_or_null(const uint8_t *data, size_t length, bool is_there) {
  return is_there ? hex_json(data, length) : NULL;
}

static json *claim_json(const bp_claim *claim) {
  static const uint8_t none[32];
  json *record = json_object_new_object();
  set(record, "version", integer_json(claim->version));
  set(record, "event_id", hex_json(claim->event_id, sizeof claim->event_id));
  set(record, "sequence", integer_json(claim->sequence));
  set(record, "entity", name_json(claim->entity, claim->entity_length));
  set(record, "scope", name_json(claim->scope, claim->scope_length));
  set(record, "kind", integer_json(claim->kind));
  set(record, "prev_hash", hex_json(claim->prev_hash, sizeof claim->prev_hash));
  set(record, "content_hash", hex_json(claim->content_hash, sizeof claim->content_hash));
  set(record, "extensions", extension_map_json(claim->extensions, claim->extensions_length));
  set(record, "key_id", hex_or_null(claim->key_id, sizeof claim->key_id, memcmp(claim->key_id, none, 32) != 0));
  set(record, "signature", hex_or_null(claim->signature, sizeof claim->signature, claim->has_signature != 0));
  return record;
}

enum { FIRST_ROOM = 64 };

/* What stays of a call that fills a buffer, once with too small a one. */
typedef bp_status (*filler)(const void *from, const driver_session *session, uint8_t *buffer, size_t capacity,
                            size_t *needed, bp_error *error);

static bp_status filled(filler fill, const void *from, const driver_session *session, json **value, bp_error *error) {
  uint8_t small[FIRST_ROOM];
  size_t needed = 0;
  bp_status status = fill(from, session, small, sizeof small, &needed, error);
  if (status != BP_TOO_SMALL) return status == BP_OK ? DRIVER_BAD_INSTRUCTION : status;
  uint8_t *data = must_allocate(needed);
  status = fill(from, session, data, needed, &needed, error);
  if (status == BP_OK) *value = hex_json(data, needed);
  free(data);
  return status;
}

static bp_status fill_export(const void *from, const driver_session *session, uint8_t *buffer, size_t capacity,
                             size_t *needed, bp_error *error) {
  return bp_claim_export(session->store, from, buffer, capacity, needed, error);
}

static bp_status fill_write(const void *from, const driver_session *session, uint8_t *buffer, size_t capacity,
                            size_t *needed, bp_error *error) {
  (void)session;
  return bp_claim_write(from, buffer, capacity, needed, error);
}

static bp_status run_claim_export(driver_session *session, const json *step, json **value, bp_error *error) {
  owned_receipt owned;
  bp_status status = receipt_from(json_object_object_get(step, "receipt"), &owned, error);
  if (status == BP_OK) status = filled(fill_export, &owned.receipt, session, value, error);
  free(owned.map.data);
  return status;
}

static bp_status run_claim_read(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes data;
  bp_claim claim = {.struct_size = sizeof claim};
  bp_receipt receipt;
  bp_receipt_init(&receipt, sizeof receipt);
  if (!argument_hex(step, "bytes", &data)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_claim_read(data.data, data.length, &claim, &receipt, error);
  if (status == BP_OK) *value = claim_json(&claim);
  free(data.data);
  return status;
}

static bool claim_from(const json *object, bp_claim *claim) {
  uint32_t kind = 0;
  claim->has_signature = is_given(object, "signature") ? 1 : 0;
  bool good = argument_u32(object, "version", &claim->version) && argument_u32(object, "kind", &kind) &&
              kind <= UINT16_MAX && argument_fixed(object, "event_id", claim->event_id, 16) &&
              argument_u64(object, "sequence", &claim->sequence) &&
              argument_fixed(object, "prev_hash", claim->prev_hash, 32) &&
              argument_fixed(object, "content_hash", claim->content_hash, 32) &&
              (!is_given(object, "key_id") || argument_fixed(object, "key_id", claim->key_id, 32)) &&
              (!claim->has_signature || argument_fixed(object, "signature", claim->signature, 64));
  claim->kind = (uint16_t)kind;
  return good;
}

/* The bytes of the claim that has these members. */
static bp_status run_claim_write(driver_session *session, const json *step, json **value, bp_error *error) {
  const json *object = json_object_object_get(step, "claim");
  bp_claim claim = {.struct_size = sizeof claim};
  bytes entity = {NULL, 0}, scope = {NULL, 0}, map = {NULL, 0};
  bp_status status = claim_from(object, &claim) && argument_name(object, "entity", &entity) &&
                             argument_name(object, "scope", &scope)
                         ? extension_map_from_json(json_object_object_get(object, "extensions"), &map, error)
                         : DRIVER_BAD_INSTRUCTION;
  claim.entity = entity.data;
  claim.entity_length = entity.length;
  claim.scope = scope.data;
  claim.scope_length = scope.length;
  if (map.length > 1) {  /* the empty map is one byte */
    claim.extensions = map.data;
    claim.extensions_length = map.length;
  }
  if (status == BP_OK) status = filled(fill_write, &claim, session, value, error);
  free(entity.data);
  free(scope.data);
  free(map.data);
  return status;
}

static bp_status run_claim_check(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes data = {NULL, 0}, payload = {NULL, 0};
  uint8_t *keys = NULL;
  int32_t outcome = 0;
  bp_trust trust;
  bp_trust_init(&trust, sizeof trust);
  bool good = argument_hex(step, "bytes", &data) && keys_from(step, "trust", &keys, &trust.public_key_count) &&
              (!is_given(step, "payload") || argument_hex(step, "payload", &payload));
  trust.public_keys = keys;
  bp_status status = DRIVER_BAD_INSTRUCTION;
  if (good) {
    status = bp_claim_check(data.data, data.length, &trust, payload.data, payload.length, &outcome, error);
  }
  if (status == BP_OK) *value = text_json(bp_receipt_outcome_name(outcome));
  free(data.data);
  free(payload.data);
  free(keys);
  return status;
}

static bp_status run_key_file_write(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)value;
  uint8_t seed[32];
  const char *path = argument_text(step, "path");
  if (path == NULL || !argument_fixed(step, "seed", seed, sizeof seed)) return DRIVER_BAD_INSTRUCTION;
  return bp_key_file_write(path, seed, error);
}

static bp_status run_key_file_read(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  uint8_t seed[32];
  const char *path = argument_text(step, "path");
  if (path == NULL) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_key_file_read(path, seed, error);
  if (status == BP_OK) *value = hex_json(seed, sizeof seed);
  return status;
}

const operation_row claim_operations[] = {
    {"claim_export", run_claim_export, true},
    {"claim_read", run_claim_read, false},
    {"claim_write", run_claim_write, false},
    {"claim_check", run_claim_check, false},
    {"key_file_write", run_key_file_write, false},
    {"key_file_read", run_key_file_read, false},
    {NULL, NULL, false},
};
