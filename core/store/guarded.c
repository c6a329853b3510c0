/* Appends that come by way of the guard: permits, denials, transitions.  What was decided, and the bytes that say so, are
 * made by the room below; here they meet a store. */
#include "guard/guard.h"
#include "store/store_internal.h"

bp_status bp_store_commit_permit(bp_store *store, bp_permit *permit, bp_receipt *receipt, bp_error *error) {
  const bp_draft *draft;
  int kept = 0;
  bp_status status = bpi_permit_take(permit, &draft, error);
  if (status != BP_OK) return status;
  status = bpi_store_append(store, draft, receipt, &kept, error);
  bpi_permit_settle(permit, kept);
  return status;
}

static bp_status append_denial(bp_store *store, const bp_draft *draft, const bp_gates *gates, const bp_denial *denial,
                               const bpi_refused *refused, bp_receipt *receipt, bp_error *error) {
  int kept = 0;
  bpi_buffer payload = bpi_store_borrow(store);
  bp_status status = bpi_denial_payload(gates, denial, refused, &payload, error);
  if (status == BP_OK) {
    bp_draft made = *draft;
    made.struct_size = sizeof made;
    made.kind = BPI_KIND_DENIAL;
    made.allow_reserved = 1;
    made.payload = payload.data;
    made.payload_length = payload.length;
    status = bpi_store_append(store, &made, receipt, &kept, error);
  }
  bpi_store_give_back(store, &payload);
  return status;
}

bp_status bp_store_append_denial(bp_store *store, const bp_draft *draft, const bp_gates *gates, const bp_denial *denial,
                                 uint16_t proposed_kind, const uint8_t *content_hash, const uint8_t *pipeline_id,
                                 size_t pipeline_id_length, bp_receipt *receipt, bp_error *error) {
  bpi_refused refused = {proposed_kind, content_hash, bpi_bytes_of(pipeline_id, pipeline_id_length)};
  bp_status status = bpi_check_struct(draft, draft == NULL ? 0 : draft->struct_size, sizeof *draft, sizeof *draft, error);
  if (status == BP_OK) status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  status = append_denial(store, draft, gates, denial, &refused, receipt, error);
  bpi_store_leave(store);
  return status;
}

bp_status bp_store_apply_transition(bp_store *store, const bp_machine *machine, uint32_t from, uint32_t to,
                                    const bp_draft *draft, bp_receipt *receipt, bp_error *error) {
  bp_draft made;
  int kept = 0;
  bp_status status = bpi_check_struct(draft, draft == NULL ? 0 : draft->struct_size, sizeof *draft, sizeof *draft, error);
  if (status != BP_OK) return status;
  made = *draft;
  made.struct_size = sizeof made;
  status = bpi_machine_step(machine, from, to, draft->kind, &made.kind, error);
  return status == BP_OK ? bpi_store_append(store, &made, receipt, &kept, error) : status;
}

/* Of an event that was judged as visible. */
static int is_denial(bp_store *store, const uint8_t event_id[16]) {
  bpi_rwlock_read(&store->index_lock);
  uint32_t row = bpi_index_find(&store->index, event_id);
  int found = row != BPI_NO_ROW && bpi_index_row(&store->index, row)->kind == BPI_KIND_DENIAL;
  bpi_rwlock_unlock(&store->index_lock);
  return found;
}

bp_status bp_store_verify_denial(const bp_store *store, const bp_receipt *receipt, const bp_trust *trust,
                                 int32_t *outcome, bp_error *error) {
  int32_t judged;
  if (outcome == NULL) return bpi_fail(error, BP_ARGUMENT, "outcome is NULL");
  bp_status status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  status = bp_store_verify_receipt(store, receipt, trust, &judged, error);
  if (status == BP_OK) {
    /* The kind is judged behind the one step that comes before it: whether the event is there. */
    int of_another = judged != BP_RECEIPT_MISSING_EVENT && !is_denial(bpi_store_of(store), receipt->event_id);
    *outcome = of_another ? BP_RECEIPT_DENIAL_KIND : judged;
  }
  bpi_store_leave(store);
  return status;
}
