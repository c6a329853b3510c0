/* Receipts: filled and signed by the thread that appended, held against the store by anybody. */
#include "store/store_internal.h"

#include <string.h>

/* --- filling */

static void sign(const bp_store *store, const bpi_cover *cover, bp_receipt *receipt) {
  const bpi_signer *signer = bpi_keyring_current(&store->keyring);
  memset(receipt->key_id, 0, sizeof receipt->key_id);
  memset(receipt->signature, 0, sizeof receipt->signature);
  receipt->has_signature = signer != NULL;
  if (signer == NULL) return;
  uint8_t digest[32];
  bpi_cover_digest(cover, digest);
  memcpy(receipt->key_id, signer->key_id, sizeof receipt->key_id);
  bpi_sign(signer, digest, sizeof digest, receipt->signature);
}

static void fill_place(bp_store *store, const bpi_row *row, int durable, bp_receipt *receipt) {
  receipt->sequence = row->sequence;
  receipt->segment_id = bpi_segments_at(&store->segments, row->segment)->id;
  receipt->offset = row->offset;
  receipt->frame_length = row->frame_length;
  receipt->durable = durable != 0;
  memcpy(receipt->event_id, row->event_id, sizeof receipt->event_id);
  memcpy(receipt->content_hash, row->event_hash, sizeof receipt->content_hash);
}

/* The event is an older one: its coordinate, link and extensions are in its frame. */
static bp_status fill_replayed(bp_store *store, const bpi_item *item, bp_receipt *receipt, bp_error *error) {
  const bpi_row *row = &item->row;
  bpi_frame frame;
  const bp_draft *draft = item->draft;
  bp_status status = bpi_store_read_frame(store, row, NULL, &frame, error);
  if (status != BP_OK) return status;
  const bpi_header *header = &frame.header;
  bpi_cover cover = {.event_id = row->event_id,
                     .sequence = row->sequence,
                     .entity = header->entity,
                     .scope = header->scope,
                     .kind = header->kind,
                     .prev_hash = header->prev_hash,
                     .content_hash = header->event_hash,
                     .extensions = header->extensions};
  receipt->replayed = 1;
  receipt->same = memcmp(header->event_hash, item->event_hash, 32) == 0 && header->kind == draft->kind &&
                  bpi_bytes_equal(header->entity, bpi_bytes_of(draft->entity, draft->entity_length)) &&
                  bpi_bytes_equal(header->scope, bpi_bytes_of(draft->scope, draft->scope_length));
  bpi_receipt_put_extensions(receipt, header->extensions);
  sign(store, &cover, receipt);
  return BP_OK;
}

bp_status bpi_store_fill_receipt(bp_store *store, const bpi_item *item, int durable, bp_receipt *receipt,
                                 bp_error *error) {
  const bpi_row *row = &item->row;
  fill_place(store, row, durable, receipt);
  if (item->replayed) return fill_replayed(store, item, receipt, error);
  const bp_draft *draft = item->draft;
  bpi_cover cover = {.event_id = row->event_id,
                     .sequence = row->sequence,
                     .entity = bpi_bytes_of(draft->entity, draft->entity_length),
                     .scope = bpi_bytes_of(draft->scope, draft->scope_length),
                     .kind = draft->kind,
                     .prev_hash = item->prev_hash,
                     .content_hash = item->event_hash,
                     .extensions = item->extensions};
  receipt->replayed = receipt->same = 0;
  bpi_receipt_put_extensions(receipt, item->extensions);
  sign(store, &cover, receipt);
  return BP_OK;
}

/* --- judging: the reference's steps in the reference's order */

static int positions_differ(const bp_receipt *receipt, const bpi_row *row, uint64_t segment_id) {
  if (receipt->segment_id == 0 && receipt->offset == 0 && receipt->frame_length == 0) return 0;
  return receipt->segment_id != segment_id || receipt->offset != row->offset ||
         receipt->frame_length != row->frame_length;
}

int32_t bpi_store_judge_frame(bp_store *store, const bp_receipt *receipt, const bpi_keyring *extra, uint32_t *number,
                              bpi_frame *frame, bp_error *unread) {
  bpi_row row;
  bpi_rwlock_read(&store->index_lock);
  *number = bpi_index_find(&store->index, receipt->event_id);
  int visible = *number != BPI_NO_ROW && bpi_index_is_visible(&store->index, *number);
  if (visible) row = *bpi_index_row(&store->index, *number);
  bpi_rwlock_unlock(&store->index_lock);
  if (!visible) return BP_RECEIPT_MISSING_EVENT;
  if (receipt->sequence != row.sequence) return BP_RECEIPT_SEQUENCE;
  if (positions_differ(receipt, &row, bpi_segments_at(&store->segments, row.segment)->id)) return BP_RECEIPT_POSITION;
  if (memcmp(receipt->content_hash, row.event_hash, 32) != 0) return BP_RECEIPT_CONTENT_HASH;
  if (bpi_store_read_frame(store, &row, NULL, frame, unread) != BP_OK) return BP_RECEIPT_UNREADABLE;
  const bpi_header *header = &frame->header;
  if (!bpi_extensions_equal(bpi_bytes_of(receipt->extensions, receipt->extensions_length), header->extensions)) {
    return BP_RECEIPT_EXTENSIONS;
  }
  bpi_cover cover = {.event_id = row.event_id,
                     .sequence = row.sequence,
                     .entity = header->entity,
                     .scope = header->scope,
                     .kind = header->kind,
                     .prev_hash = header->prev_hash,
                     .content_hash = header->event_hash,
                     .extensions = header->extensions};
  return bpi_receipt_judge(receipt, &cover, &store->keyring, extra);
}

int32_t bpi_store_judge(bp_store *store, const bp_receipt *receipt, const bpi_keyring *extra, uint32_t *number) {
  bpi_frame frame;
  return bpi_store_judge_frame(store, receipt, extra, number, &frame, NULL);
}

bp_status bpi_receipt_check(const bp_receipt *receipt, bp_error *error) {
  bp_status status =
      bpi_check_struct(receipt, receipt == NULL ? 0 : receipt->struct_size, sizeof *receipt, sizeof *receipt, error);
  if (status != BP_OK || receipt->extensions_length == 0) return status;
  if (receipt->extensions == NULL) return bpi_fail(error, BP_ARGUMENT, "the receipt's extensions are not there");
  size_t count = 0, values = 0;
  status = bp_extensions_decode(receipt->extensions, receipt->extensions_length, NULL, 0, &count, NULL, 0, &values, error);
  return status == BP_TOO_SMALL ? BP_OK : status;
}

bp_status bpi_trust_keyring(const bp_store *store, const bp_trust *trust, bpi_keyring *keyring, bp_error *error) {
  memset(keyring, 0, sizeof *keyring);
  bp_status status = bpi_trust_check(trust, error);
  if (status != BP_OK || trust == NULL) return status;
  return bpi_keyring_init(keyring, &store->memory, NULL, 0, trust->public_keys, trust->public_key_count, error);
}

bp_status bp_store_verify_receipt(const bp_store *store, const bp_receipt *receipt, const bp_trust *trust,
                                  int32_t *outcome, bp_error *error) {
  if (outcome == NULL) return bpi_fail(error, BP_ARGUMENT, "outcome is NULL");
  bp_status status = bpi_receipt_check(receipt, error);
  if (status == BP_OK) status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  bpi_keyring extra;
  uint32_t row;
  status = bpi_trust_keyring(store, trust, &extra, error);
  if (status == BP_OK) {
    *outcome = bpi_store_judge(bpi_store_of(store), receipt, &extra, &row);
    bpi_keyring_free(&extra);
  }
  bpi_store_leave(store);
  return status;
}
