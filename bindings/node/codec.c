/* Payloads and extensions: calls whose answer is bytes of a length not known before. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* Most answers fit the first try, on the stack. */
enum { FIRST_TRY = 4096 };

typedef bp_status (*convert)(const uint8_t *, size_t, uint8_t *, size_t, size_t *, bp_error *);
typedef napi_value (*finish)(napi_env env, const void *bytes, size_t length);

static napi_value as_text(napi_env env, const void *bytes, size_t length) {
  napi_value value;
  if (napi_create_string_utf8(env, bytes, length, &value) == napi_ok) return value;
  return bpn_refuse(env, BP_NO_MEMORY, "making a string");
}

static napi_value converted(napi_env env, napi_callback_info info, convert call, finish done) {
  napi_value input;
  const uint8_t *bytes;
  size_t length, needed = 0;
  if (bpn_enter(env, info, 1, &input) == NULL || !bpn_bytes(env, input, &bytes, &length)) return NULL;
  uint8_t first[FIRST_TRY], *buffer = first;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = call(bytes, length, buffer, sizeof first, &needed, &error);
  if (status == BP_TOO_SMALL) {
    buffer = malloc(needed);
    status = buffer == NULL ? BP_NO_MEMORY : call(bytes, length, buffer, needed, &needed, &error);
  }
  napi_value value = status == BP_OK ? done(env, buffer, needed) : bpn_throw(env, status, &error);
  if (buffer != first) free(buffer);
  return value;
}

napi_value bpn_payload_from_json(napi_env env, napi_callback_info info) {
  return converted(env, info, bp_payload_from_json, bpn_copy_bytes);
}

napi_value bpn_payload_to_json(napi_env env, napi_callback_info info) {
  return converted(env, info, bp_payload_to_json, as_text);
}

/* --- values as tokens */

napi_value bpn_payload_encode(napi_env env, napi_callback_info info) {
  napi_value arguments[2];  /* tokens, arena */
  const uint8_t *tokens, *arena;
  size_t length, arena_length, needed = 0;
  if (bpn_enter(env, info, 2, arguments) == NULL || !bpn_bytes(env, arguments[0], &tokens, &length) ||
      !bpn_bytes(env, arguments[1], &arena, &arena_length)) {
    return NULL;
  }
  if (length % sizeof(bp_token) != 0 || (uintptr_t)tokens % _Alignof(bp_token) != 0) {
    return bpn_refuse(env, BP_ARGUMENT, "tokens are whole records, aligned");
  }
  const bp_token *records = (const bp_token *)(const void *)tokens;
  size_t count = length / sizeof *records;
  uint8_t first[FIRST_TRY], *buffer = first;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_payload_encode(records, count, arena, arena_length, buffer, sizeof first, &needed, &error);
  if (status == BP_TOO_SMALL) {
    buffer = malloc(needed);
    status = buffer == NULL ? BP_NO_MEMORY
                            : bp_payload_encode(records, count, arena, arena_length, buffer, needed, &needed, &error);
  }
  napi_value payload = status == BP_OK ? bpn_copy_bytes(env, buffer, needed) : bpn_throw(env, status, &error);
  if (buffer != first) free(buffer);
  return payload;
}

napi_value bpn_payload_decode(napi_env env, napi_callback_info info) {
  napi_value input;
  const uint8_t *payload;
  size_t length, count = 0;
  if (bpn_enter(env, info, 1, &input) == NULL || !bpn_bytes(env, input, &payload, &length)) return NULL;
  bp_token first[FIRST_TRY / sizeof(bp_token)], *tokens = first;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_payload_decode(payload, length, tokens, FIRST_TRY / sizeof(bp_token), &count, &error);
  if (status == BP_TOO_SMALL) {
    tokens = calloc(count, sizeof *tokens);
    status = tokens == NULL ? BP_NO_MEMORY : bp_payload_decode(payload, length, tokens, count, &count, &error);
  }
  napi_value bytes = status == BP_OK ? bpn_copy_bytes(env, tokens, count * sizeof *tokens) : bpn_throw(env, status, &error);
  if (tokens != first) free(tokens);
  return bytes;
}

/* --- extensions: [name, value, name, value, ...], all of them bytes */

static bool take_items(napi_env env, napi_value array, bp_extension *items, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    napi_value name, value;
    if (napi_get_element(env, array, 2 * i, &name) != napi_ok || napi_get_element(env, array, 2 * i + 1, &value) != napi_ok ||
        !bpn_bytes(env, name, &items[i].name, &items[i].name_length) ||
        !bpn_bytes(env, value, &items[i].value, &items[i].value_length)) {
      return false;
    }
  }
  return true;
}

static napi_value encode(napi_env env, const bp_extension *items, size_t count) {
  size_t needed = 0;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_extensions_encode(items, count, NULL, 0, &needed, &error);
  if (status != BP_TOO_SMALL) return bpn_throw(env, status, &error);
  uint8_t *buffer = malloc(needed);
  status = buffer == NULL ? BP_NO_MEMORY : bp_extensions_encode(items, count, buffer, needed, &needed, &error);
  napi_value bytes = status == BP_OK ? bpn_copy_bytes(env, buffer, needed) : bpn_throw(env, status, &error);
  free(buffer);
  return bytes;
}

napi_value bpn_extensions_encode(napi_env env, napi_callback_info info) {
  napi_value array;
  uint32_t length;
  if (bpn_enter(env, info, 1, &array) == NULL) return NULL;
  if (napi_get_array_length(env, array, &length) != napi_ok) return bpn_refuse(env, BP_ARGUMENT, "extensions are a list");
  bp_extension *items = calloc((size_t)length / 2 + 1, sizeof *items);
  if (items == NULL) return bpn_refuse(env, BP_NO_MEMORY, "taking extensions");
  napi_value bytes = take_items(env, array, items, length / 2) ? encode(env, items, length / 2) : NULL;
  free(items);
  return bytes;
}

static napi_value list_of(napi_env env, const bp_extension *items, size_t count) {
  napi_value array, name;
  if (napi_create_array_with_length(env, count * 2, &array) != napi_ok) return NULL;
  for (size_t i = 0; i < count; i++) {
    napi_value value = bpn_copy_bytes(env, items[i].value, items[i].value_length);
    if (value == NULL ||
        napi_create_string_utf8(env, (const char *)items[i].name, items[i].name_length, &name) != napi_ok ||
        napi_set_element(env, array, (uint32_t)(2 * i), name) != napi_ok ||
        napi_set_element(env, array, (uint32_t)(2 * i + 1), value) != napi_ok) {
      return NULL;
    }
  }
  return array;
}

napi_value bpn_extensions_decode(napi_env env, napi_callback_info info) {
  napi_value map;
  const uint8_t *bytes;
  size_t length, count = 0, values_length = 0;
  if (bpn_enter(env, info, 1, &map) == NULL || !bpn_bytes(env, map, &bytes, &length)) return NULL;
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_extensions_decode(bytes, length, NULL, 0, &count, NULL, 0, &values_length, &error);
  if (status != BP_OK && status != BP_TOO_SMALL) return bpn_throw(env, status, &error);
  bp_extension *items = calloc(count + 1, sizeof *items);
  uint8_t *values = malloc(values_length + 1);
  status = items == NULL || values == NULL
             ? BP_NO_MEMORY
             : bp_extensions_decode(bytes, length, items, count, &count, values, values_length, &values_length, &error);
  napi_value list = status == BP_OK ? list_of(env, items, count) : bpn_throw(env, status, &error);
  free(items);
  free(values);
  return list;
}
