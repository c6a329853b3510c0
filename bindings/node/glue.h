/* What SWIG's wrappers need beside the C part. */
#ifndef BPN_GLUE_H
#define BPN_GLUE_H

#include "addon.h"

#include <cstdlib>
#include <cstring>

/* The state of this environment; behind the wrappers, where SWIG's own instance data is known. */
static bpn_state *batpak_state(napi_env env);

static inline napi_value batpak_key(napi_env env, const uint8_t *seed, const uint8_t *public_key, const uint8_t *key_id) {
  napi_value key;
  if (napi_create_object(env, &key) != napi_ok) return nullptr;
  if (seed != nullptr && !bpn_set(env, key, "seed", bpn_copy_bytes(env, seed, 32))) return nullptr;
  if (!bpn_set(env, key, "publicKey", bpn_copy_bytes(env, public_key, 32))) return nullptr;
  return bpn_set(env, key, "keyId", bpn_copy_bytes(env, key_id, 32)) ? key : nullptr;
}

static inline napi_value batpak_findings(napi_env env, const bp_finding *findings, size_t count) {
  napi_value array;
  if (napi_create_array_with_length(env, count, &array) != napi_ok) return nullptr;
  for (size_t i = 0; i < count; i++) {
    napi_value finding = bpn_record_value(env, bpn_finding_fields, &findings[i]);
    if (finding == nullptr || napi_set_element(env, array, static_cast<uint32_t>(i), finding) != napi_ok) return nullptr;
  }
  return array;
}

/* { record, extensions } as one receipt. */
struct BatpakReceipt {
  bp_receipt *value = nullptr;
  ~BatpakReceipt() { free(value); }

  bool take(bpn_state *state, napi_value object) {
    napi_env env = bpn_env(state);
    napi_value record, extensions;
    size_t count = 0;
    if (!bpn_get(env, object, "record", &record) || !bpn_get(env, object, "extensions", &extensions)) return false;
    value = bpn_receipts_of(state, record, extensions, &count);
    if (value != nullptr && count != 1) bpn_refuse(env, BP_ARGUMENT, "a receipt is one record");
    return value != nullptr && count == 1;
  }
};

struct BatpakTrust {
  bp_trust value;
  BatpakTrust() { bp_trust_init(&value, sizeof value); }
  ~BatpakTrust() { bpn_trust_end(&value); }
};

#endif
