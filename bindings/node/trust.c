/* Trust as it comes from JavaScript: keys back to back, receipts as records with offsets into the bytes beside them. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

static bool take_keys(bpn_state *state, napi_value object, bp_trust *trust) {
  napi_value value;
  const uint8_t *keys;
  size_t length;
  if (!bpn_get(state->env, object, "publicKeys", &value) || !bpn_bytes(state->env, value, &keys, &length)) return false;
  if (length == 0) return true;
  uint8_t *copy = length % 32 == 0 ? malloc(length) : NULL;
  if (copy == NULL) {
    bpn_refuse(state->env, length % 32 == 0 ? BP_NO_MEMORY : BP_ARGUMENT, "public keys are 32 bytes each");
    return false;
  }
  memcpy(copy, keys, length);
  trust->public_keys = copy;
  trust->public_key_count = length / 32;
  return true;
}

bool bpn_trust_begin(bpn_state *state, napi_value value, bp_trust *trust) {
  napi_value records, extensions;
  napi_valuetype type;
  bp_trust_init(trust, sizeof *trust);
  if (napi_typeof(state->env, value, &type) != napi_ok) return false;
  if (type == napi_undefined || type == napi_null) return true;
  if (bpn_get(state->env, value, "receipts", &records) && bpn_get(state->env, value, "extensions", &extensions) &&
      take_keys(state, value, trust)) {
    if (records == NULL) return true;
    trust->receipts = bpn_receipts_of(state, records, extensions, &trust->receipt_count);
    if (trust->receipts != NULL) return true;
  }
  bpn_trust_end(trust);
  return false;
}

void bpn_trust_end(bp_trust *trust) {
  free((void *)(uintptr_t)trust->public_keys);
  free((void *)(uintptr_t)trust->receipts);
  bp_trust_init(trust, sizeof *trust);
}
