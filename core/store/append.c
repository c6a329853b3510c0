/* Appending one event: check, prepare, commit, answer. */
#include "store/options.h"
#include "store/prepare.h"

enum { LOCAL_BYTES = 2048 };

static bp_status append_one(bp_store *store, const bp_draft *draft, bp_receipt *receipt, int *kept, bp_error *error) {
  uint8_t local[LOCAL_BYTES];
  bpi_buffer borrowed;
  uint8_t *room = local;
  size_t size;
  if (!bpi_item_fits(draft, &size)) return bpi_fail(error, BP_PAYLOAD_TOO_LARGE, "the frame would exceed 256 MiB");
  if (size > sizeof local) {
    borrowed = bpi_store_borrow(store);
    room = bpi_buffer_reserve(&borrowed, size);
  }
  bp_status status = BP_NO_MEMORY;
  if (room != NULL) {
    bpi_item item;
    bpi_item_prepare(&item, draft, room);
    bpi_request request = {.items = &item, .count = 1, .durable = bpi_wants_durable(store, draft), .error = error};
    status = bpi_store_commit(store, &request);
    /* What the system answered on the way to a poisoned writer may have left the bytes on the disk. */
    *kept = request.accepted > 0 || (status >= BP_SYSTEM && atomic_load(&store->poisoned));
    if (status == BP_OK && receipt != NULL) {
      status = bpi_store_fill_receipt(store, &item, request.is_durable, receipt, error);
    }
    if (status == BP_OK) status = bpi_store_pass_gate(store, &item, receipt, 1, error);
  } else {
    (void)bpi_fail(error, status, "encoding extensions");
  }
  if (size > sizeof local) bpi_store_give_back(store, &borrowed);
  return status;
}

bp_status bpi_store_append(bp_store *store, const bp_draft *draft, bp_receipt *receipt, int *kept, bp_error *error) {
  bp_status status = bpi_check_struct(draft, draft == NULL ? 0 : draft->struct_size, sizeof *draft, sizeof *draft, error);
  if (status == BP_OK && receipt != NULL) {
    status = bpi_check_struct(receipt, receipt->struct_size, sizeof *receipt, sizeof *receipt, error);
  }
  if (status == BP_OK) status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  status = bpi_draft_check(draft, &store->config, error);
  if (status == BP_OK) status = bpi_alone_check(draft, error);
  if (status == BP_OK) status = append_one(store, draft, receipt, kept, error);
  bpi_store_leave(store);
  return status;
}

bp_status bp_store_append(bp_store *store, const bp_draft *draft, bp_receipt *receipt, bp_error *error) {
  int kept = 0;
  return bpi_store_append(store, draft, receipt, &kept, error);
}

bp_status bp_store_sync(bp_store *store, bp_error *error) {
  bp_status status = bpi_store_enter_writable(store, error);
  if (status != BP_OK) return status;
  bpi_request request = {.durable = 1, .error = error};
  status = bpi_store_commit(store, &request);
  bpi_store_leave(store);
  return status;
}
