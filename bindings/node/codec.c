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

/* --- values: as tokens, through memory of JavaScript that is used again and again, for making a buffer costs more than all
 * the rest.  Both answer what they need; where that is more than there is, nothing was written. */

static napi_value as_number(napi_env env, size_t number) {
  napi_value value;
  return napi_create_double(env, (double)number, &value) == napi_ok ? value : NULL;
}

static bool take_tokens(napi_env env, napi_value value, bp_token **tokens, size_t *capacity) {
  const uint8_t *bytes;
  size_t length;
  if (!bpn_bytes(env, value, &bytes, &length)) return false;
  if (length % sizeof **tokens != 0 || (uintptr_t)bytes % _Alignof(bp_token) != 0) {
    bpn_refuse(env, BP_ARGUMENT, "tokens are whole records, aligned");
    return false;
  }
  *tokens = (bp_token *)(uintptr_t)bytes;
  *capacity = length / sizeof **tokens;
  return true;
}

/* payload_encode(tokens, count, arena, used, payload) */
napi_value bpn_payload_encode(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  const uint8_t *arena, *payload;
  bp_token *tokens;
  size_t capacity, arena_length, payload_length, needed = 0;
  uint64_t used;
  uint32_t count;
  if (bpn_enter(env, info, 5, arguments) == NULL || !take_tokens(env, arguments[0], &tokens, &capacity) ||
      !bpn_uint32(env, arguments[1], &count) || !bpn_bytes(env, arguments[2], &arena, &arena_length) ||
      !bpn_uint64(env, arguments[3], &used) || !bpn_bytes(env, arguments[4], &payload, &payload_length)) {
    return NULL;
  }
  if (count > capacity || used > arena_length) return bpn_refuse(env, BP_ARGUMENT, "more tokens or bytes than there are");
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_payload_encode(tokens, count, arena, (size_t)used, (uint8_t *)(uintptr_t)payload, payload_length,
                                       &needed, &error);
  return status == BP_OK || status == BP_TOO_SMALL ? as_number(env, needed) : bpn_throw(env, status, &error);
}

/* payload_decode(payload, tokens) */
napi_value bpn_payload_decode(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  const uint8_t *payload;
  bp_token *tokens;
  size_t length, capacity, count = 0;
  if (bpn_enter(env, info, 2, arguments) == NULL || !bpn_bytes(env, arguments[0], &payload, &length) ||
      !take_tokens(env, arguments[1], &tokens, &capacity)) {
    return NULL;
  }
  bp_error error;
  bpn_error_clear(&error);
  bp_status status = bp_payload_decode(payload, length, tokens, capacity, &count, &error);
  return status == BP_OK || status == BP_TOO_SMALL ? as_number(env, count) : bpn_throw(env, status, &error);
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
