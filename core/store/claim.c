/* The claim of a receipt that holds. */
#include "model/claim.h"
#include "store/store_internal.h"

/* The receipt's words, and the event's where the receipt has none. */
static bp_claim claim_of(const bp_receipt *receipt, const bpi_header *header) {
  bp_claim claim = {.struct_size = sizeof claim,
                    .version = 1,
                    .sequence = receipt->sequence,
                    .entity = header->entity.data,
                    .entity_length = header->entity.length,
                    .scope = header->scope.data,
                    .scope_length = header->scope.length,
                    .extensions = header->extensions.data,
                    .extensions_length = header->extensions.length,
                    .kind = header->kind,
                    .has_signature = receipt->has_signature};
  memcpy(claim.event_id, receipt->event_id, sizeof claim.event_id);
  memcpy(claim.prev_hash, header->prev_hash, sizeof claim.prev_hash);
  memcpy(claim.content_hash, receipt->content_hash, sizeof claim.content_hash);
  memcpy(claim.key_id, receipt->key_id, sizeof claim.key_id);
  memcpy(claim.signature, receipt->signature, sizeof claim.signature);
  /* The empty map is said by its absence. */
  if (claim.extensions_length == 1) claim.extensions_length = 0;
  return claim;
}

static bp_status does_not_hold(int32_t outcome, bp_error *error) {
  bp_error full = {.struct_size = sizeof full};
  (void)bpi_fail(&full, BP_CLAIM, "the receipt does not hold: %s", bp_receipt_outcome_name(outcome));
  full.actual = (uint64_t)outcome;
  return bpi_error_copy(error, &full);
}

static bp_status export(bp_store *store, const bp_receipt *receipt, uint8_t *buffer, size_t capacity, size_t *needed,
                        bp_error *error) {
  bpi_frame frame;
  uint32_t row;
  bp_error unread = {.struct_size = sizeof unread};
  int32_t outcome = bpi_store_judge_frame(store, receipt, NULL, &row, &frame, &unread);
  /* Where the system refused, nothing is said about the receipt. */
  if (outcome == BP_RECEIPT_UNREADABLE && unread.code != BP_DAMAGED_FRAME) return bpi_error_copy(error, &unread);
  if (outcome != BP_RECEIPT_SIGNED && outcome != BP_RECEIPT_UNSIGNED_ACCEPTED) return does_not_hold(outcome, error);
  bp_claim claim = claim_of(receipt, &frame.header);
  return bpi_claim_hand_over(&store->memory, &claim, buffer, capacity, needed, error);
}

bp_status bp_claim_export(const bp_store *store, const bp_receipt *receipt, uint8_t *buffer, size_t capacity,
                          size_t *needed, bp_error *error) {
  if (needed == NULL || (buffer == NULL && capacity > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "a buffer and a place for the needed length are required");
  }
  bp_status status = bpi_receipt_check(receipt, error);
  if (status == BP_OK) status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  status = export(bpi_store_of(store), receipt, buffer, capacity, needed, error);
  bpi_store_leave(store);
  return status;
}
