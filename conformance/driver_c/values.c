/* Instructions that need no store: names, kinds, extension maps, keys, payloads and JSON. */
#include "operations.h"

#include <stdlib.h>

static bp_status run_coordinate(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)value;
  bytes entity;
  bytes scope;
  if (!argument_name(step, "entity", &entity)) return DRIVER_BAD_INSTRUCTION;
  if (!argument_name(step, "scope", &scope)) {
    free(entity.data);
    return DRIVER_BAD_INSTRUCTION;
  }
  bp_status status = bp_coordinate_check(entity.data, entity.length, scope.data, scope.length, error);
  free(entity.data);
  free(scope.data);
  return status;
}

static bp_status run_kind(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  uint32_t category = 0;
  uint32_t type_id = 0;
  uint16_t kind = 0;
  if (!argument_u32(step, "category", &category) || !argument_u32(step, "type_id", &type_id)) {
    return DRIVER_BAD_INSTRUCTION;
  }
  bp_status status = bp_kind_make(category, type_id, &kind, error);
  if (status == BP_OK) *value = integer_json(kind);
  return status;
}

/* A name is checked by putting it into a map. */
static bp_status run_extension_key(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes name;
  uint8_t map[512];
  size_t needed = 0;
  if (!argument_name(step, "key", &name)) return DRIVER_BAD_INSTRUCTION;
  bp_extension item = {.name = name.data, .name_length = name.length};
  bp_status status = bp_extensions_encode(&item, 1, map, sizeof map, &needed, error);
  free(name.data);
  if (status == BP_OK) *value = json_object_new_boolean(1);
  return status;
}

static bp_status run_encode_extensions(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes map;
  bp_status status = extension_map_from_json(json_object_object_get(step, "extensions"), &map, error);
  if (status == BP_OK) *value = hex_json(map.data, map.length);
  free(map.data);
  return status;
}

static bp_status run_key(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  uint8_t seed[32];
  uint8_t public_key[32];
  uint8_t key_id[32];
  if (!argument_fixed(step, "seed", seed, sizeof seed)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_key_derive(seed, public_key, key_id, error);
  if (status == BP_OK) {
    *value = json_object_new_object();
    set(*value, "public_key", hex_json(public_key, 32));
    set(*value, "key_id", hex_json(key_id, 32));
  }
  return status;
}

static bp_status run_to_json(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes payload;
  size_t needed = 0;
  if (!argument_hex(step, "payload", &payload)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_payload_to_json(payload.data, payload.length, NULL, 0, &needed, error);
  if (status == BP_TOO_SMALL) {
    uint8_t *text = must_allocate(needed);
    status = bp_payload_to_json(payload.data, payload.length, text, needed, &needed, error);
    if (status == BP_OK) *value = json_object_new_string_len((const char *)text, (int)needed);
    free(text);
  }
  free(payload.data);
  return status;
}

static bp_status run_from_json(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session;
  bytes text;
  size_t needed = 0;
  if (!argument_name(step, "json", &text)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_payload_from_json(text.data, text.length, NULL, 0, &needed, error);
  if (status == BP_TOO_SMALL) {
    uint8_t *payload = must_allocate(needed);
    status = bp_payload_from_json(text.data, text.length, payload, needed, &needed, error);
    if (status == BP_OK) *value = hex_json(payload, needed);
    free(payload);
  }
  free(text.data);
  return status;
}

const operation_row value_operations[] = {
    {"coordinate", run_coordinate, false},
    {"kind", run_kind, false},
    {"extension_key", run_extension_key, false},
    {"encode_extensions", run_encode_extensions, false},
    {"key", run_key, false},
    {"to_json", run_to_json, false},
    {"from_json", run_from_json, false},
    {NULL, NULL, false},
};
