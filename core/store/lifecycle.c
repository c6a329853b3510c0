/* The events that the store writes about itself: SYSTEM_OPEN_COMPLETED and SYSTEM_CLOSE_COMPLETED, as the reference. */
#include "codec/pack.h"
#include "store/prepare.h"

#include <string.h>

static bp_status append_own(bp_store *store, uint16_t kind, uint64_t stamp_ms, bpi_buffer *payload,
                            const bp_extension *extensions, size_t extension_count, bp_error *error) {
  bp_draft draft;
  (void)bp_draft_init(&draft, sizeof draft);
  draft.entity = (const uint8_t *)BPI_STORE_ENTITY;
  draft.entity_length = strlen(BPI_STORE_ENTITY);
  draft.scope = (const uint8_t *)BPI_STORE_SCOPE;
  draft.scope_length = strlen(BPI_STORE_SCOPE);
  draft.kind = kind;
  draft.payload = payload->data;
  draft.payload_length = payload->length;
  draft.extensions = extensions;
  draft.extension_count = extension_count;
  bpi_buffer room = bpi_store_borrow(store);
  size_t size = 0;
  int fits = !payload->failed && bpi_item_fits(&draft, &size);
  uint8_t *at = fits ? bpi_buffer_reserve(&room, size) : NULL;
  bp_status status = BP_NO_MEMORY;
  if (at != NULL) {
    bpi_item item;
    bpi_item_prepare(&item, &draft, at);
    item.forced_us = (int64_t)(stamp_ms * 1000);
    bpi_request request = {.items = &item, .count = 1, .durable = 1, .error = error};
    status = bpi_store_commit(store, &request);
  } else {
    (void)bpi_fail(error, status, "writing a lifecycle event");
  }
  bpi_store_give_back(store, &room);
  return status;
}

static void put_count(bpi_buffer *out, const char *name, uint64_t value) {
  bpi_pack_text(out, name);
  bpi_pack_u64(out, value);
}

/* Counts of kinds that an index file could not name; this library keeps raw kinds, so there are none. */
static void put_fallbacks(bpi_buffer *out, const char *count, const char *histogram) {
  put_count(out, count, 0);
  bpi_pack_text(out, histogram);
  bpi_pack_map(out, 0);
}

static void pack_open_report(bpi_buffer *out, uint64_t restored, uint64_t elapsed_us) {
  bpi_pack_map(out, 18);
  bpi_pack_text(out, "path");
  bpi_pack_text(out, "Rebuild");
  put_count(out, "restored_entries", restored);
  put_count(out, "tail_entries", 0);
  put_count(out, "elapsed_us", elapsed_us);
  put_count(out, "phase_plan_build_us", 0);
  put_count(out, "phase_interner_us", 0);
  put_count(out, "phase_restore_index_us", elapsed_us);
  put_count(out, "phase_hidden_ranges_us", 0);
  bpi_pack_text(out, "mmap_load_status");
  bpi_pack_text(out, "NotTried");
  bpi_pack_text(out, "checkpoint_load_status");
  bpi_pack_text(out, "NotTried");
  put_fallbacks(out, "unknown_reserved_system_kind_fallbacks", "unknown_reserved_system_kind_histogram");
  put_fallbacks(out, "unknown_reserved_effect_kind_fallbacks", "unknown_reserved_effect_kind_histogram");
  put_fallbacks(out, "cumulative_unknown_reserved_system_kind_fallbacks",
                "cumulative_unknown_reserved_system_kind_histogram");
  put_fallbacks(out, "cumulative_unknown_reserved_effect_kind_fallbacks",
                "cumulative_unknown_reserved_effect_kind_histogram");
}

bp_status bpi_store_append_opened(bp_store *store, uint64_t restored, uint64_t elapsed_us, bp_error *error) {
  const bpi_signer *signer = bpi_keyring_current(&store->keyring);
  const bp_extension extensions[] = {
      {(const uint8_t *)BPI_WRITER_EXTENSION, strlen(BPI_WRITER_EXTENSION), (const uint8_t *)bp_version(),
       strlen(bp_version())},
      {(const uint8_t *)BPI_SIGNER_EXTENSION, strlen(BPI_SIGNER_EXTENSION), signer == NULL ? NULL : signer->key_id,
       signer == NULL ? 0 : sizeof signer->key_id},
  };
  bpi_buffer payload;
  bpi_buffer_init(&payload, &store->memory);
  pack_open_report(&payload, restored, elapsed_us);
  bp_status status = append_own(store, BPI_KIND_OPEN_COMPLETED, store->frontier.wall_ms, &payload, extensions,
                                signer == NULL ? 1 : 2, error);
  bpi_buffer_free(&payload);
  return status;
}

bp_status bpi_store_append_closed(bp_store *store, bp_error *error) {
  bpi_buffer payload;
  bpi_buffer_init(&payload, &store->memory);
  bp_point newest = bpi_newest_visible(store);
  bpi_pack_map(&payload, 2);
  put_count(&payload, "wall_ms", newest.wall_ms);
  put_count(&payload, "global_sequence", newest.sequence);
  bp_status status = append_own(store, BPI_KIND_CLOSE_COMPLETED, newest.wall_ms, &payload, NULL, 0, error);
  bpi_buffer_free(&payload);
  return status;
}
