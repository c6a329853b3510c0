/* The public ways to append: check, prepare, commit, answer. */
#include "crypto/crypto.h"
#include "store/options.h"
#include "store/store_internal.h"

#include <string.h>

enum { LOCAL_BYTES = 2048 };

size_t bpi_item_size(const bp_draft *draft) {
  size_t extensions = 0;
  if (draft->extension_count > 0) {
    (void)bp_extensions_encode(draft->extensions, draft->extension_count, NULL, 0, &extensions, NULL);
  }
  size_t frame = bpi_frame_prepared_size(draft->payload_length, draft->entity_length, draft->scope_length, extensions);
  return frame == 0 ? 0 : frame + extensions;
}

void bpi_item_prepare(bpi_item *item, const bp_draft *draft, uint8_t *room) {
  *item = (bpi_item){.draft = draft, .forced_us = BPI_NOW, .number = BPI_NO_ROW};
  bpi_bytes payload = bpi_bytes_of(draft->payload, draft->payload_length);
  if (draft->extension_count > 0) {
    size_t length = 0;
    (void)bp_extensions_encode(draft->extensions, draft->extension_count, room, SIZE_MAX, &length, NULL);
    item->extensions = bpi_bytes_of(room, length);
    room += length;
  }
  bpi_blake3(payload.data, payload.length, item->event_hash);
  bpi_frame_prepare(payload, item->event_hash, bpi_bytes_of(draft->entity, draft->entity_length),
                    bpi_bytes_of(draft->scope, draft->scope_length), item->extensions, room, &item->parts);
}

static int wants_durable(const bp_store *store, const bp_draft *draft) {
  uint32_t durability = draft->durability != BP_DURABILITY_DEFAULT ? draft->durability : store->config.durability;
  return durability == BP_DURABLE;
}

static const bp_draft *draft_at(const bp_draft *drafts, size_t index) {
  return (const bp_draft *)(const void *)((const uint8_t *)drafts + index * drafts->struct_size);
}

static bp_receipt *receipt_at(bp_receipt *receipts, size_t index) {
  return (bp_receipt *)(void *)((uint8_t *)receipts + index * receipts->struct_size);
}

static bp_point point_of(const bpi_item *item) { return (bp_point){item->row.wall_ms, item->row.sequence}; }

/* Waits as the draft's gate says.  What the receipts say of the disk is then true of this moment. */
static bp_status pass_gate(bp_store *store, const bp_draft *draft, bp_point point, bp_receipt *receipts, size_t count,
                           bp_error *error) {
  bp_status status = bpi_store_pass_gate(store, draft, point, error);
  int durable = status == BP_OK && draft->gate == BP_GATE_DURABLE;
  for (size_t i = 0; durable && receipts != NULL && i < count; i++) receipt_at(receipts, i)->durable = 1;
  return status;
}

static bp_status append_one(bp_store *store, const bp_draft *draft, bp_receipt *receipt, bp_error *error) {
  uint8_t local[LOCAL_BYTES];
  bpi_buffer borrowed;
  uint8_t *room = local;
  size_t size = bpi_item_size(draft);
  if (size == 0) return bpi_fail(error, BP_PAYLOAD_TOO_LARGE, "the frame would exceed 256 MiB");
  if (size > sizeof local) {
    borrowed = bpi_store_borrow(store);
    room = bpi_buffer_reserve(&borrowed, size);
  }
  bp_status status = BP_NO_MEMORY;
  if (room != NULL) {
    bpi_item item;
    bpi_item_prepare(&item, draft, room);
    bpi_request request = {.items = &item, .count = 1, .durable = wants_durable(store, draft), .error = error};
    status = bpi_store_commit(store, &request);
    if (status == BP_OK && receipt != NULL) {
      status = bpi_store_fill_receipt(store, &item, request.is_durable, receipt, error);
    }
    if (status == BP_OK) status = pass_gate(store, draft, point_of(&item), receipt, 1, error);
  } else {
    (void)bpi_fail(error, status, "encoding a frame");
  }
  if (size > sizeof local) bpi_store_give_back(store, &borrowed);
  return status;
}

bp_status bp_store_append(bp_store *store, const bp_draft *draft, bp_receipt *receipt, bp_error *error) {
  bp_status status = bpi_check_struct(draft, draft == NULL ? 0 : draft->struct_size, sizeof *draft, sizeof *draft, error);
  if (status == BP_OK && receipt != NULL) {
    status = bpi_check_struct(receipt, receipt->struct_size, sizeof *receipt, sizeof *receipt, error);
  }
  if (status == BP_OK) status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  status = bpi_draft_check(draft, &store->config, error);
  if (status == BP_OK) status = append_one(store, draft, receipt, error);
  bpi_store_leave(store);
  return status;
}

/* --- many */

/* As many drafts as make one group and are well-formed: their items stand first in the buffer, their parts behind.
 * *count of them; `refused` is why the next one is not among them, BP_OK if it only did not fit. */
static bp_status prepare_group(bp_store *store, const bp_draft *drafts, size_t most, bpi_buffer *buffer, size_t *count,
                               bp_error *error) {
  enum { GROUP_BYTES = 4 << 20 };
  bp_status refused = BP_OK;
  size_t bytes = 0, n = 0, last = most - 1;
  if (most > store->config.group_max_events) most = store->config.group_max_events;
  while (n < most && (n == 0 || bytes < GROUP_BYTES)) {
    const bp_draft *draft = draft_at(drafts, n);
    refused = bpi_check_struct(draft, draft->struct_size, sizeof *draft, sizeof *draft, error);
    if (refused == BP_OK && draft->struct_size != drafts->struct_size) {
      refused = bpi_fail(error, BP_STRUCT_SIZE, "drafts of different struct_size in one array");
    }
    if (refused == BP_OK) refused = bpi_draft_check(draft, &store->config, error);
    if (refused == BP_OK && draft->gate != BP_GATE_NONE && n < last) {
      refused = bpi_fail(error, BP_ARGUMENT, "the gate of many is that of the last draft");
    }
    if (refused != BP_OK) break;
    size_t size = bpi_item_size(draft);
    if (size == 0) {
      refused = bpi_fail(error, BP_PAYLOAD_TOO_LARGE, "the frame would exceed 256 MiB");
      break;
    }
    bytes += size;
    n++;
  }
  *count = n;
  buffer->length = 0;
  uint8_t *room = bpi_buffer_reserve(buffer, n * sizeof(bpi_item) + bytes);
  if (room == NULL) {
    *count = 0;
    return bpi_fail(error, BP_NO_MEMORY, "encoding frames");
  }
  uint8_t *parts = room + n * sizeof(bpi_item);
  for (size_t i = 0; i < n; i++) {
    const bp_draft *draft = draft_at(drafts, i);
    bpi_item_prepare((bpi_item *)(void *)room + i, draft, parts);
    parts += bpi_item_size(draft);
  }
  return refused;
}

static bp_status append_group(bp_store *store, const bp_draft *drafts, size_t most, bp_receipt *receipts,
                              bpi_buffer *buffer, size_t *accepted, bp_point *newest, bp_error *error) {
  size_t count;
  bp_status refused = prepare_group(store, drafts, most, buffer, &count, error);
  *accepted = 0;
  if (count == 0) return refused;
  bpi_request request = {.items = (bpi_item *)(void *)buffer->data, .count = count, .error = error};
  for (size_t i = 0; i < count; i++) request.durable |= wants_durable(store, draft_at(drafts, i));
  bp_status status = bpi_store_commit(store, &request);
  *accepted = request.accepted;
  if (request.accepted > 0) *newest = point_of(&request.items[request.accepted - 1]);
  for (size_t i = 0; i < request.accepted && receipts != NULL; i++) {
    bp_status filled =
        bpi_store_fill_receipt(store, &request.items[i], request.is_durable, receipt_at(receipts, i), error);
    if (filled != BP_OK) return filled;
  }
  return status == BP_OK ? refused : status;
}

bp_status bp_store_append_many(bp_store *store, const bp_draft *drafts, size_t count, bp_receipt *receipts,
                               size_t *accepted, bp_error *error) {
  if (accepted == NULL) return bpi_fail(error, BP_ARGUMENT, "accepted is NULL");
  *accepted = 0;
  bp_status status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  if (count > 0) {
    status = bpi_check_struct(drafts, drafts == NULL ? 0 : drafts->struct_size, sizeof *drafts, sizeof *drafts, error);
    if (status == BP_OK && receipts != NULL) {
      status = bpi_check_struct(receipts, receipts->struct_size, sizeof *receipts, sizeof *receipts, error);
    }
  }
  bpi_buffer buffer = bpi_store_borrow(store);
  bp_point newest = {0, 0};
  while (status == BP_OK && *accepted < count) {
    size_t taken;
    status = append_group(store, draft_at(drafts, *accepted), count - *accepted,
                          receipts == NULL ? NULL : receipt_at(receipts, *accepted), &buffer, &taken, &newest, error);
    *accepted += taken;
  }
  bpi_store_give_back(store, &buffer);
  if (status == BP_OK && count > 0) status = pass_gate(store, draft_at(drafts, count - 1), newest, receipts, count, error);
  bpi_store_leave(store);
  return status;
}

bp_status bp_store_sync(bp_store *store, bp_error *error) {
  bp_status status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  bpi_request request = {.durable = 1, .error = error};
  status = bpi_store_commit(store, &request);
  bpi_store_leave(store);
  return status;
}
