/* Errors cross as plain objects, which the TypeScript layer turns into its own. */
#include "addon.h"

#include <string.h>

/* What a callback throws comes out as it is: only the addon's own errors carry the tag. */
static const napi_type_tag error_tag = {0x7a1c5e0b93d24f68u, 0x8e44d1f7206b9ac3u};

void bpn_error_clear(bp_error *error) {
  memset(error, 0, sizeof *error);
  error->struct_size = sizeof *error;
}

napi_value bpn_error_value(napi_env env, bp_status status, const bp_error *error) {
  bp_error plain;
  if (error == NULL || error->code != status) {
    bpn_error_clear(&plain);
    plain.code = status;
    error = &plain;
  }
  napi_value object = bpn_record_value(env, bpn_error_fields, error);
  if (object == NULL || !bpn_set(env, object, "text", bpn_text(env, error->text))) return NULL;
  return napi_type_tag_object(env, object, &error_tag) == napi_ok ? object : NULL;
}

bool bpn_is_error(napi_env env, napi_value value) {
  napi_valuetype type;
  bool tagged = false;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_object) return false;
  return napi_check_object_type_tag(env, value, &error_tag, &tagged) == napi_ok && tagged;
}

napi_value bpn_throw(napi_env env, bp_status status, const bp_error *error) {
  bool pending = false;
  /* A callback's exception is the cause; the status only says that the call stopped for it. */
  if (napi_is_exception_pending(env, &pending) != napi_ok || pending) return NULL;
  napi_value value = bpn_error_value(env, status, error);
  if (value != NULL) napi_throw(env, value);
  return NULL;
}

napi_value bpn_refuse(napi_env env, bp_status status, const char *text) {
  bp_error error;
  bpn_error_clear(&error);
  error.code = status;
  size_t length = strlen(text);
  if (length >= sizeof error.text) length = sizeof error.text - 1;
  memcpy(error.text, text, length);
  return bpn_throw(env, status, &error);
}
