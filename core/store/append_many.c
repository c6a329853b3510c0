/* Appending many events: in groups, one after the other, or as one batch. */
#include "store/prepare.h"

/* As many drafts as make one group and are well-formed: *count of them, and *room is what they need to be prepared.  Answers
 * why the next one is not among them, BP_OK if it only did not fit. */
static bp_status gather(bp_store *store, const bp_draft *drafts, size_t most, size_t *count, size_t *room,
                        bp_error *error) {
  enum { GROUP_BYTES = 2 << 20 };
  size_t last = most - 1;
  uint64_t bytes = 0;
  if (most > store->config.group_max_events) most = store->config.group_max_events;
  *room = 0;
  for (*count = 0; *count < most && bytes < GROUP_BYTES; (*count)++) {
    size_t more;
    bp_status status = bpi_draft_at_check(store, drafts, *count, &more, error);
    if (status == BP_OK) status = bpi_alone_check(bpi_draft_at(drafts, *count), error);
    if (status == BP_OK && bpi_draft_at(drafts, *count)->gate != BP_GATE_NONE && *count < last) {
      status = bpi_fail(error, BP_ARGUMENT, "the gate of many is that of the last draft");
    }
    if (status != BP_OK) return status;
    *room += more;
    bytes += bpi_draft_at(drafts, *count)->payload_length + more;
  }
  return BP_OK;
}

/* The items stand first in the buffer, their extensions behind.  NULL without memory. */
static bpi_item *prepare(const bp_draft *drafts, size_t count, size_t room, bpi_buffer *buffer) {
  buffer->length = 0;
  uint8_t *start = bpi_buffer_reserve(buffer, count * sizeof(bpi_item) + room);
  if (start == NULL) return NULL;
  bpi_item *items = (bpi_item *)(void *)start;
  bpi_items_prepare(items, drafts, count, start + count * sizeof *items);
  return items;
}

static bp_status fill_receipts(bp_store *store, const bpi_request *request, bp_receipt *receipts, bp_error *error) {
  bp_status status = BP_OK;
  for (size_t i = 0; i < request->accepted && receipts != NULL && status == BP_OK; i++) {
    status = bpi_store_fill_receipt(store, &request->items[i], request->is_durable, bpi_receipt_at(receipts, i), error);
  }
  return status;
}

static bp_status append_group(bp_store *store, const bp_draft *drafts, size_t most, bp_receipt *receipts,
                              bpi_buffer *buffer, size_t *accepted, bpi_item *newest, bp_error *error) {
  size_t count, room;
  bp_status refused = gather(store, drafts, most, &count, &room, error);
  *accepted = 0;
  if (count == 0) return refused;
  bpi_request request = {.items = prepare(drafts, count, room, buffer), .count = count, .error = error};
  if (request.items == NULL) return bpi_fail(error, BP_NO_MEMORY, "preparing drafts");
  for (size_t i = 0; i < count; i++) request.durable |= bpi_wants_durable(store, bpi_draft_at(drafts, i));
  bp_status status = bpi_store_commit(store, &request);
  *accepted = request.accepted;
  if (request.accepted > 0) *newest = request.items[request.accepted - 1];
  bp_status filled = fill_receipts(store, &request, receipts, error);
  if (filled != BP_OK) return filled;
  return status == BP_OK ? refused : status;
}

bp_status bp_store_append_many(bp_store *store, const bp_draft *drafts, size_t count, bp_receipt *receipts,
                               size_t *accepted, bp_error *error) {
  if (accepted == NULL) return bpi_fail(error, BP_ARGUMENT, "accepted is NULL");
  *accepted = 0;
  bp_status status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  if (count > 0) status = bpi_arrays_check(drafts, receipts, error);
  bpi_buffer buffer = bpi_store_borrow(store);
  bpi_item newest;
  while (status == BP_OK && *accepted < count) {
    size_t taken;
    status = append_group(store, bpi_draft_at(drafts, *accepted), count - *accepted,
                          receipts == NULL ? NULL : bpi_receipt_at(receipts, *accepted), &buffer, &taken, &newest, error);
    *accepted += taken;
  }
  bpi_store_give_back(store, &buffer);
  if (status == BP_OK && count > 0) status = bpi_store_pass_gate(store, &newest, receipts, count, error);
  bpi_store_leave(store);
  return status;
}

/* --- a batch */

static bp_status append_batch(bp_store *store, const bp_draft *drafts, size_t count, bp_receipt *receipts,
                              bp_error *error) {
  size_t room;
  bp_status status = bpi_arrays_check(drafts, receipts, error);
  if (status == BP_OK) status = bpi_batch_check(store, drafts, count, &room, error);
  if (status != BP_OK) return status;
  bpi_buffer buffer = bpi_store_borrow(store);
  bpi_request request = {
      .items = prepare(drafts, count, room, &buffer), .count = count, .durable = 1, .atomic = 1, .error = error};
  if (request.items != NULL) {
    status = bpi_store_commit(store, &request);
    if (status == BP_OK) status = fill_receipts(store, &request, receipts, error);
    if (status == BP_OK) status = bpi_store_pass_gate(store, &request.items[count - 1], receipts, count, error);
  } else {
    status = bpi_fail(error, BP_NO_MEMORY, "preparing drafts");
  }
  bpi_store_give_back(store, &buffer);
  return status;
}

bp_status bp_store_append_batch(bp_store *store, const bp_draft *drafts, size_t count, bp_receipt *receipts,
                                bp_error *error) {
  bp_status status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  if (count > 0) status = append_batch(store, drafts, count, receipts, error);
  bpi_store_leave(store);
  return status;
}
