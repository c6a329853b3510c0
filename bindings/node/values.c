/* Values of JavaScript from and to C. */
#include "addon.h"

#include <string.h>

static bool refuse(napi_env env, const char *text) {
  bpn_refuse(env, BP_ARGUMENT, text);
  return false;
}

static bool absent(napi_env env, napi_value value, napi_valuetype *type) {
  return value == NULL || napi_typeof(env, value, type) != napi_ok || *type == napi_undefined || *type == napi_null;
}

bool bpn_bytes(napi_env env, napi_value value, const uint8_t **data, size_t *length) {
  napi_valuetype kind;
  napi_typedarray_type type;
  void *bytes = NULL;
  *data = NULL;
  *length = 0;
  /* A typed array is the common case and the check for it is what tells it from everything else. */
  if (value != NULL && napi_get_typedarray_info(env, value, &type, length, &bytes, NULL, NULL) == napi_ok) {
    if (type != napi_uint8_array && type != napi_uint8_clamped_array) return refuse(env, "bytes are a Uint8Array");
    *data = *length == 0 ? NULL : bytes;
    return true;
  }
  *length = 0;
  if (absent(env, value, &kind)) return true;
  return refuse(env, "bytes are a Uint8Array");
}

bool bpn_fixed_bytes(napi_env env, napi_value value, size_t length, const uint8_t **data) {
  size_t given;
  if (!bpn_bytes(env, value, data, &given)) return false;
  return given == length || refuse(env, length == 16 ? "an id is a Uint8Array of 16 bytes" : "a key is a Uint8Array of 32 bytes");
}

napi_value bpn_new_bytes(napi_env env, size_t length, const uint8_t **data) {
  napi_value buffer, array;
  void *bytes;
  if (napi_create_arraybuffer(env, length, &bytes, &buffer) != napi_ok) return bpn_refuse(env, BP_NO_MEMORY, "making an ArrayBuffer");
  if (napi_create_typedarray(env, napi_uint8_array, length, buffer, 0, &array) != napi_ok) return NULL;
  *data = bytes;
  return array;
}

napi_value bpn_copy_bytes(napi_env env, const void *data, size_t length) {
  const uint8_t *bytes;
  napi_value array = bpn_new_bytes(env, length, &bytes);
  if (array != NULL && length > 0) memcpy((uint8_t *)(uintptr_t)bytes, data, length);
  return array;
}

bool bpn_uint64(napi_env env, napi_value value, uint64_t *number) {
  bool exact = false;
  double small;
  if (value != NULL && napi_get_value_bigint_uint64(env, value, number, &exact) == napi_ok) {
    return exact || refuse(env, "a number of 64 bits, unsigned");
  }
  if (value != NULL && napi_get_value_double(env, value, &small) == napi_ok && small >= 0 && small <= 9007199254740991.0 &&
      small == (double)(uint64_t)small) {
    *number = (uint64_t)small;
    return true;
  }
  return refuse(env, "a BigInt or a whole number, not negative");
}

bool bpn_uint32(napi_env env, napi_value value, uint32_t *number) {
  double given;
  if (value == NULL || napi_get_value_double(env, value, &given) != napi_ok || !(given >= 0 && given <= 4294967295.0) ||
      given != (double)(uint32_t)given) {
    return refuse(env, "a whole number of 32 bits, not negative");
  }
  *number = (uint32_t)given;
  return true;
}

bool bpn_int32(napi_env env, napi_value value, int32_t *number) {
  double given;
  if (value == NULL || napi_get_value_double(env, value, &given) != napi_ok || !(given >= INT32_MIN && given <= INT32_MAX) ||
      given != (double)(int32_t)given) {
    return refuse(env, "a whole number of 32 bits");
  }
  *number = (int32_t)given;
  return true;
}

bool bpn_set(napi_env env, napi_value object, const char *name, napi_value value) {
  return value != NULL && napi_set_named_property(env, object, name, value) == napi_ok;
}

napi_value bpn_text(napi_env env, const char *text) {
  napi_value value = NULL;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

bool bpn_get(napi_env env, napi_value object, const char *name, napi_value *value) {
  napi_valuetype type;
  if (napi_get_named_property(env, object, name, value) != napi_ok) return false;
  if (absent(env, *value, &type)) *value = NULL;
  return true;
}

void bpn_camel(const char *name, char out[64]) {
  size_t length = 0;
  for (; *name != '\0' && length < 63; name++) {
    bool raise = *name == '_' && name[1] != '\0';
    if (raise) name++;
    out[length++] = raise && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
  }
  out[length] = '\0';
}
