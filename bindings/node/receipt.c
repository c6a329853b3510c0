/* Receipts as JavaScript keeps them: records without a pointer, which are short unless somebody signed. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

void bpn_receipt_pack(const bp_receipt *receipt, uint32_t extensions, void *to) {
  bool is_signed = receipt->has_signature != 0;
  bpn_signed_receipt *packed = to;
  bpn_receipt *plain = to;
  plain->sequence = receipt->sequence;
  plain->segment_id = receipt->segment_id;
  plain->offset = receipt->offset;
  plain->frame_length = receipt->frame_length;
  plain->flags = (is_signed ? BPN_LONG | BPN_HAS_SIGNATURE : 0u) | (receipt->durable ? BPN_DURABLE : 0u) |
                 (receipt->replayed ? BPN_REPLAYED : 0u) | (receipt->same ? BPN_SAME : 0u);
  plain->extensions = extensions;
  plain->extensions_length = (uint32_t)receipt->extensions_length;
  memcpy(plain->event_id, receipt->event_id, sizeof plain->event_id);
  memcpy(plain->content_hash, receipt->content_hash, sizeof plain->content_hash);
  if (!is_signed) return;
  memcpy(packed->key_id, receipt->key_id, sizeof packed->key_id);
  memcpy(packed->signature, receipt->signature, sizeof packed->signature);
}

static bool unpack(const uint8_t *from, const bpn_arena *arena, bp_receipt *receipt) {
  bpn_signed_receipt packed;
  memcpy(&packed, from, sizeof packed);
  const uint8_t *extensions = (const uint8_t *)(uintptr_t)packed.plain.extensions;
  uint32_t flags = packed.plain.flags;
  if (!bpn_point(arena, &extensions, packed.plain.extensions_length)) return false;
  bp_receipt_init(receipt, sizeof *receipt);
  receipt->sequence = packed.plain.sequence;
  receipt->segment_id = packed.plain.segment_id;
  receipt->offset = packed.plain.offset;
  receipt->frame_length = packed.plain.frame_length;
  receipt->extensions = (uint8_t *)(uintptr_t)extensions;
  receipt->extensions_capacity = receipt->extensions_length = packed.plain.extensions_length;
  memcpy(receipt->event_id, packed.plain.event_id, sizeof receipt->event_id);
  memcpy(receipt->content_hash, packed.plain.content_hash, sizeof receipt->content_hash);
  if ((flags & BPN_LONG) != 0) {
    memcpy(receipt->key_id, packed.key_id, sizeof receipt->key_id);
    memcpy(receipt->signature, packed.signature, sizeof receipt->signature);
  }
  receipt->has_signature = (flags & BPN_HAS_SIGNATURE) != 0;
  receipt->durable = (flags & BPN_DURABLE) != 0;
  receipt->replayed = (flags & BPN_REPLAYED) != 0;
  receipt->same = (flags & BPN_SAME) != 0;
  return true;
}

/* The receipts and the bytes they point into, in one block. */
bp_receipt *bpn_receipts_of(bpn_state *state, napi_value records, napi_value extensions, size_t *count) {
  const uint8_t *data, *bytes;
  size_t length, bytes_length;
  if (!bpn_bytes(state->env, records, &data, &length) || !bpn_bytes(state->env, extensions, &bytes, &bytes_length)) return NULL;
  if (length % sizeof(bpn_signed_receipt) != 0) {
    bpn_refuse(state->env, BP_ARGUMENT, "receipts are whole records");
    return NULL;
  }
  *count = length / sizeof(bpn_signed_receipt);
  bp_receipt *receipts = malloc(*count * sizeof *receipts + bytes_length + 1);
  if (receipts == NULL) {
    bpn_refuse(state->env, BP_NO_MEMORY, "copying receipts");
    return NULL;
  }
  uint8_t *behind = (uint8_t *)(receipts + *count);
  if (bytes_length > 0) memcpy(behind, bytes, bytes_length);
  bpn_arena arena = {behind, bytes_length};
  for (size_t i = 0; i < *count; i++) {
    if (unpack(data + i * sizeof(bpn_signed_receipt), &arena, &receipts[i])) continue;
    free(receipts);
    bpn_refuse(state->env, BP_ARGUMENT, "a receipt that points outside of its bytes");
    return NULL;
  }
  return receipts;
}
