#include "store/prepare.h"

#include "crypto/crypto.h"
#include "model/draft.h"
#include "store/options.h"

#include <string.h>

int bpi_item_fits(const bp_draft *draft, size_t *room) {
  *room = 0;
  if (draft->extension_count > 0) {
    (void)bp_extensions_encode(draft->extensions, draft->extension_count, NULL, 0, room, NULL);
  }
  return bpi_frame_size_max(draft->payload_length, draft->entity_length, draft->scope_length, *room) != 0;
}

/* All but the hash.  Answers the end of what it encoded. */
static uint8_t *prepare(bpi_item *item, const bp_draft *draft, uint8_t *room) {
  *item = (bpi_item){.draft = draft, .forced_us = BPI_NOW, .number = BPI_NO_ROW};
  if (draft->extension_count == 0) return room;
  size_t length = 0;
  (void)bp_extensions_encode(draft->extensions, draft->extension_count, room, SIZE_MAX, &length, NULL);
  item->extensions = bpi_bytes_of(room, length);
  return room + length;
}

void bpi_item_prepare(bpi_item *item, const bp_draft *draft, uint8_t *room) {
  (void)prepare(item, draft, room);
  bpi_blake3(draft->payload, draft->payload_length, item->event_hash);
}

/* Payloads that are hashed side by side: enough to fill the lanes. */
enum { HASHED_TOGETHER = 64 };

/* At least one. */
static uint8_t *prepare_some(bpi_item *items, const bp_draft *drafts, size_t first, size_t count, uint8_t *room) {
  bpi_bytes payloads[HASHED_TOGETHER];
  uint8_t hashes[HASHED_TOGETHER][32];
  size_t gathered = 0;
  do {
    const bp_draft *draft = bpi_draft_at(drafts, first + gathered);
    room = prepare(&items[first + gathered], draft, room);
    payloads[gathered++] = bpi_bytes_of(draft->payload, draft->payload_length);
  } while (gathered < count);
  bpi_blake3_many(payloads, count, hashes);
  for (size_t i = 0; i < count; i++) memcpy(items[first + i].event_hash, hashes[i], sizeof hashes[i]);
  return room;
}

void bpi_items_prepare(bpi_item *items, const bp_draft *drafts, size_t count, uint8_t *room) {
  for (size_t first = 0; first < count; first += HASHED_TOGETHER) {
    size_t left = count - first;
    room = prepare_some(items, drafts, first, left < HASHED_TOGETHER ? left : HASHED_TOGETHER, room);
  }
}

int bpi_wants_durable(const bp_store *store, const bp_draft *draft) {
  uint32_t durability = draft->durability != BP_DURABILITY_DEFAULT ? draft->durability : store->config.durability;
  return durability == BP_DURABLE;
}

/* --- checking */

bp_status bpi_arrays_check(const bp_draft *drafts, const bp_receipt *receipts, bp_error *error) {
  bp_status status =
      bpi_check_struct(drafts, drafts == NULL ? 0 : drafts->struct_size, sizeof *drafts, sizeof *drafts, error);
  if (status != BP_OK || receipts == NULL) return status;
  return bpi_check_struct(receipts, receipts->struct_size, sizeof *receipts, sizeof *receipts, error);
}

bp_status bpi_draft_at_check(const bp_store *store, const bp_draft *drafts, size_t index, size_t *room, bp_error *error) {
  const bp_draft *draft = bpi_draft_at(drafts, index);
  bp_status status = bpi_check_struct(draft, draft->struct_size, sizeof *draft, sizeof *draft, error);
  if (status == BP_OK && draft->struct_size != drafts->struct_size) {
    status = bpi_fail(error, BP_STRUCT_SIZE, "drafts of different struct_size in one array");
  }
  if (status == BP_OK) status = bpi_draft_check(draft, &store->config, error);
  if (status != BP_OK) return status;
  return bpi_item_fits(draft, room) ? BP_OK : bpi_fail(error, BP_PAYLOAD_TOO_LARGE, "the frame would exceed 256 MiB");
}

bp_status bpi_alone_check(const bp_draft *draft, bp_error *error) {
  if (!(draft->given & BP_GIVEN_CAUSE_ITEM)) return BP_OK;
  return bpi_fail(error, BP_ARGUMENT, "cause_item is for the items of a batch");
}

/* What only the items of a batch must keep to; keys apart. */
static bp_status check_item(const bp_draft *draft, size_t index, size_t count, bp_error *error) {
  if (draft->expect != BP_EXPECT_ANY) {
    return bpi_fail(error, BP_BATCH_EXPECTATION, "an event of a batch cannot have an expectation");
  }
  if ((draft->given & BP_GIVEN_CAUSE_ITEM) && draft->cause_item >= index) {
    return bpi_fail_values(error, BP_BATCH_CAUSE, index, draft->cause_item, "the cause is no earlier item of the batch");
  }
  if (draft->gate != BP_GATE_NONE && index + 1 < count) {
    return bpi_fail(error, BP_ARGUMENT, "the gate of a batch is that of its last item");
  }
  return BP_OK;
}

static uint32_t slot_of(const uint8_t key[16], uint32_t mask) {
  uint64_t low;
  memcpy(&low, key + 8, sizeof low);
  return (uint32_t)((low * 0x9E3779B97F4A7C15u) >> 32) & mask;
}

/* Keys on all items or on none, and none twice.  Many equal slots cost time that the limit of a batch bounds. */
static bp_status check_keys(const bp_draft *drafts, size_t count, size_t *item, bp_error *error) {
  enum { SLOTS = 2 * BPI_BATCH_EVENTS_MOST };
  uint16_t slots[SLOTS] = {0}; /* item + 1 */
  uint32_t keyed = drafts->given & BP_GIVEN_KEY;
  for (*item = 0; *item < count; (*item)++) {
    const bp_draft *draft = bpi_draft_at(drafts, *item);
    if ((draft->given & BP_GIVEN_KEY) != keyed) {
      return bpi_fail(error, BP_BATCH_KEYS, "some items of the batch have keys and some have none");
    }
    if (keyed == 0) continue;
    uint32_t slot = slot_of(draft->key, SLOTS - 1);
    for (; slots[slot] != 0; slot = (slot + 1) % SLOTS) {
      if (memcmp(bpi_draft_at(drafts, slots[slot] - 1u)->key, draft->key, sizeof draft->key) == 0) {
        return bpi_fail(error, BP_BATCH_DUPLICATE_KEY, "the key is that of item %u", slots[slot] - 1u);
      }
    }
    slots[slot] = (uint16_t)(*item + 1);
  }
  return BP_OK;
}

static bp_status check_items(const bp_store *store, const bp_draft *drafts, size_t count, size_t *room, size_t *item,
                             bp_error *error) {
  uint64_t bytes = 0;
  *room = 0;
  for (*item = 0; *item < count; (*item)++) {
    size_t more;
    bp_status status = bpi_draft_at_check(store, drafts, *item, &more, error);
    if (status == BP_OK) status = check_item(bpi_draft_at(drafts, *item), *item, count, error);
    if (status != BP_OK) return status;
    *room += more;
    bytes += bpi_draft_bytes(bpi_draft_at(drafts, *item));
    if (bytes > store->config.batch_max_bytes) {
      return bpi_fail_values(error, BP_BATCH_BYTES, store->config.batch_max_bytes, bytes,
                             "payloads and extensions of the batch exceed batch_max_bytes");
    }
  }
  return check_keys(drafts, count, item, error);
}

bp_status bpi_batch_check(const bp_store *store, const bp_draft *drafts, size_t count, size_t *room, bp_error *error) {
  if (count > store->config.batch_max_events) {
    return bpi_fail_values(error, BP_BATCH_COUNT, store->config.batch_max_events, count,
                           "the batch has more events than batch_max_events");
  }
  size_t item;
  bp_error full = {.struct_size = sizeof full};
  bp_status status = check_items(store, drafts, count, room, &item, &full);
  if (status == BP_OK) return BP_OK;
  full.offset = item;
  return bpi_error_copy(error, &full);
}
