/* Instructions that open, write and close a store. */
#include "operations.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for the extension map of a receipt; the protocol's programs stay far below. */
enum { RECEIPT_EXTENSIONS_MAX = 65536 };

static int64_t program_clock(void *user) { return ((const driver_session *)user)->clock_us; }

static bp_status run_clock(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)value, (void)error;
  int64_t now_us = session->clock_us;
  if (!argument_i64(step, "us", &now_us)) return DRIVER_BAD_INSTRUCTION;
  session->clock_us = now_us;
  return BP_OK;
}

static bool config_from(driver_session *session, const json *step, bp_config *config) {
  const char *sync_mode = argument_text(step, "sync_mode");
  const char *durability = argument_text(step, "durability");
  bp_config_init(config, sizeof *config);
  config->clock = program_clock;
  config->clock_user = session;
  config->mode = argument_flag(step, "must_exist", false) ? BP_MODE_MUST_EXIST : BP_MODE_CREATE;
  if (argument_flag(step, "read_only", false)) config->mode = BP_MODE_READ_ONLY;
  /* The reference answers after the write; its programs run as fast here when ours does so too. */
  config->durability = durability != NULL && strcmp(durability, "durable") == 0 ? BP_DURABLE : BP_WRITTEN;
  config->sync_mode = sync_mode != NULL && strcmp(sync_mode, "data") == 0 ? BP_SYNC_DATA : BP_SYNC_ALL;
  return argument_u64(step, "segment_max_bytes", &config->segment_max_bytes) &&
         argument_u32(step, "single_append_max_bytes", &config->single_append_max_bytes) &&
         argument_u32(step, "sync_every", &config->sync_every_events) &&
         argument_u32(step, "group_max_events", &config->group_max_events) &&
         argument_u32(step, "batch_max_size", &config->batch_max_events) &&
         argument_u32(step, "batch_max_bytes", &config->batch_max_bytes) &&
         argument_u32(step, "queue_capacity", &config->queue_capacity) &&
         argument_u32(step, "pressure_percent", &config->pressure_percent) &&
         argument_u64(step, "preallocate_bytes", &config->preallocate_bytes);
}

static bp_status open_into(driver_session *session, const json *step, bp_store **store, bp_error *error) {
  bp_config config;
  uint8_t *seeds = NULL;
  uint8_t *public_keys = NULL;
  const char *path = argument_text(step, "path");
  bp_status status = DRIVER_BAD_INSTRUCTION;
  if (path != NULL && config_from(session, step, &config) &&
      keys_from(step, "keys", &seeds, &config.signing_seed_count) &&
      keys_from(step, "verify_keys", &public_keys, &config.verify_key_count)) {
    config.signing_seeds = seeds;
    config.verify_keys = public_keys;
    status = bp_store_open(path, &config, store, error);
  }
  free(seeds);
  free(public_keys);
  return status;
}

static bp_status run_open(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)value;
  session_leave(session);
  return open_into(session, step, &session->store, error);
}

/* A second handle, beside the one that is open, and closed at once. */
static bp_status run_open_beside(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)value;
  bp_store *store = NULL;
  bp_status status = open_into(session, step, &store, error);
  return status == BP_OK ? bp_store_close(store, error) : status;
}

static bp_status run_close(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step, (void)value;
  bp_store *store = session->store;
  session->store = NULL;
  return bp_store_close(store, error);
}

static bp_status run_drop(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step, (void)value, (void)error;
  session_leave(session);
  return BP_OK;
}

void draft_free(owned_draft *owned) {
  free(owned->entity.data);
  free(owned->scope.data);
  free(owned->payload.data);
  extensions_free(&owned->extensions);
}

static bool draft_ids(const json *step, bp_draft *draft) {
  bool key;
  bool correlation;
  bool causation;
  if (!argument_id(step, "key", draft->key, &key) ||
      !argument_id(step, "correlation", draft->correlation_id, &correlation) ||
      !argument_id(step, "causation", draft->causation_id, &causation)) {
    return false;
  }
  if (!argument_u32(step, "prior_item", &draft->cause_item)) return false;
  draft->given = (key ? BP_GIVEN_KEY : 0u) | (correlation ? BP_GIVEN_CORRELATION : 0u) |
                 (causation ? BP_GIVEN_CAUSATION : 0u) |
                 (is_given(step, "prior_item") ? BP_GIVEN_CAUSE_ITEM : 0u);
  return true;
}

/* One of three: a clock, as the reference knows it; that there is nothing yet; the id of the last event. */
static bool draft_expectation(const json *step, bp_draft *draft) {
  bool event;
  if (!argument_u32(step, "expected_sequence", &draft->expect_clock) ||
      !argument_id(step, "expected_event", draft->expect_event_id, &event)) {
    return false;
  }
  if (is_given(step, "expected_sequence")) draft->expect = BP_EXPECT_CLOCK;
  if (argument_flag(step, "expected_empty", false)) draft->expect = BP_EXPECT_EMPTY;
  if (event) draft->expect = BP_EXPECT_EVENT;
  return true;
}

static bool draft_numbers(const json *step, bp_draft *draft) {
  uint32_t kind = 0;
  uint32_t flags = 0;
  if (!argument_u32(step, "kind", &kind) || kind > UINT16_MAX || !argument_u32(step, "flags", &flags) ||
      flags > UINT8_MAX || !argument_u32(step, "lane", &draft->lane) || !argument_u32(step, "depth", &draft->depth)) {
    return false;
  }
  draft->kind = (uint16_t)kind;
  draft->flags = (uint8_t)flags;
  draft->allow_reserved = argument_flag(step, "allow_reserved", false) ? 1 : 0;
  return true;
}

bool draft_options_from(const json *step, owned_draft *owned) {
  memset(owned, 0, sizeof *owned);
  bp_draft *draft = &owned->draft;
  bp_draft_init(draft, sizeof *draft);
  bool read = draft_ids(step, draft) && draft_numbers(step, draft) && draft_expectation(step, draft) &&
              argument_name(step, "entity", &owned->entity) && argument_name(step, "scope", &owned->scope) &&
              extensions_from_json(json_object_object_get(step, "extensions"), &owned->extensions);
  if (!read) {
    draft_free(owned);
    return false;
  }
  draft->entity = owned->entity.data;
  draft->entity_length = owned->entity.length;
  draft->scope = owned->scope.data;
  draft->scope_length = owned->scope.length;
  draft->extensions = owned->extensions.items;
  draft->extension_count = owned->extensions.count;
  return true;
}

bool draft_from(const json *step, owned_draft *owned) {
  if (!draft_options_from(step, owned)) return false;
  if (!draft_gate(step, &owned->draft) || !argument_hex(step, "payload", &owned->payload)) {
    draft_free(owned);
    return false;
  }
  owned->draft.payload = owned->payload.data;
  owned->draft.payload_length = owned->payload.length;
  return true;
}

void receipt_prepare(bp_receipt *receipt) {
  bp_receipt_init(receipt, sizeof *receipt);
  receipt->extensions = must_allocate(RECEIPT_EXTENSIONS_MAX);
  receipt->extensions_capacity = RECEIPT_EXTENSIONS_MAX;
}

json *receipt_json(const bp_receipt *receipt) {
  json *object = json_object_new_object();
  set(object, "event_id", hex_json(receipt->event_id, 16));
  set(object, "sequence", integer_json(receipt->sequence));
  set(object, "content_hash", hex_json(receipt->content_hash, 32));
  set(object, "key_id", hex_json(receipt->key_id, 32));
  set(object, "signature", receipt->has_signature ? hex_json(receipt->signature, 64) : NULL);
  set(object, "extensions", extension_map_json(receipt->extensions, receipt->extensions_length));
  set(object, "segment_id", integer_json(receipt->segment_id));
  set(object, "offset", integer_json(receipt->offset));
  set(object, "frame_length", integer_json(receipt->frame_length));
  set(object, "durable", json_object_new_boolean(receipt->durable));
  set(object, "replayed", json_object_new_boolean(receipt->replayed));
  set(object, "same", json_object_new_boolean(receipt->same));
  return object;
}

static bp_status run_append(driver_session *session, const json *step, json **value, bp_error *error) {
  owned_draft owned;
  bp_receipt receipt;
  if (!draft_from(step, &owned)) return DRIVER_BAD_INSTRUCTION;
  receipt_prepare(&receipt);
  bp_status status = bp_store_append(session->store, &owned.draft, &receipt, error);
  /* A gate that was not passed answers both. */
  if (receipt.frame_length > 0) *value = receipt_json(&receipt);
  free(receipt.extensions);
  draft_free(&owned);
  return status;
}

void drafts_free(draft_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    draft_free(&list->owned[i]);
    free(list->receipts[i].extensions);
  }
  free(list->owned);
  free(list->drafts);
  free(list->receipts);
}

bool drafts_from(const json *step, draft_list *list) {
  const json *items = json_object_object_get(step, "items");
  size_t count = items == NULL ? 1 : json_object_array_length(items);
  *list = (draft_list){must_allocate(count * sizeof *list->owned), must_allocate(count * sizeof *list->drafts),
                       must_allocate(count * sizeof *list->receipts), 0};
  while (list->count < count) {
    const json *item = items == NULL ? step : json_object_array_get_idx(items, list->count);
    if (!draft_from(item, &list->owned[list->count])) break;
    list->drafts[list->count] = list->owned[list->count].draft;
    receipt_prepare(&list->receipts[list->count++]);
  }
  if (list->count == count) return true;
  drafts_free(list);
  return false;
}

json *receipts_json(const bp_receipt *receipts, size_t count) {
  json *list = json_object_new_array();
  for (size_t i = 0; i < count; i++) json_object_array_add(list, receipt_json(&receipts[i]));
  return list;
}

/* Independent events in one call: the accepted prefix with its receipts, and why it ended. */
static bp_status run_append_many(driver_session *session, const json *step, json **value, bp_error *error) {
  draft_list list;
  size_t accepted;
  if (!drafts_from(step, &list)) return DRIVER_BAD_INSTRUCTION;
  bp_status ended = bp_store_append_many(session->store, list.drafts, list.count, list.receipts, &accepted, error);
  *value = json_object_new_object();
  set(*value, "accepted", receipts_json(list.receipts, accepted));
  set(*value, "status", text_json(status_text(ended)));
  drafts_free(&list);
  return BP_OK;
}

/* A batch with a correlation is the reaction to an event. */
static bp_status batch_react(bp_batch *batch, const json *step, bp_error *error) {
  uint8_t correlation[16] = {0};
  uint8_t causation[16] = {0};
  bool correlated;
  bool caused;
  if (!argument_id(step, "correlation", correlation, &correlated) || !argument_id(step, "causation", causation, &caused)) {
    return DRIVER_BAD_INSTRUCTION;
  }
  return correlated ? bp_batch_react(batch, correlation, causation, error) : BP_OK;
}

/* Gathered first, so that the store sees the copies. */
static bp_status run_batch(driver_session *session, const json *step, json **value, bp_error *error) {
  draft_list list;
  bp_batch *batch;
  if (!drafts_from(step, &list)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_batch_new(&batch, error);
  for (size_t i = 0; i < list.count && status == BP_OK; i++) status = bp_batch_add(batch, &list.drafts[i], error);
  if (status == BP_OK) status = batch_react(batch, step, error);
  if (status == BP_OK) {
    size_t count;
    const bp_draft *drafts = bp_batch_drafts(batch, &count);
    status = bp_store_append_batch(session->store, drafts, count, list.receipts, error);
    if (status == BP_OK) *value = receipts_json(list.receipts, count);
  }
  bp_batch_free(batch);
  drafts_free(&list);
  return status;
}

static bp_status run_sync(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step, (void)value;
  return bp_store_sync(session->store, error);
}

/* The end that no cleanup sees.  Answers already given were flushed. */
static bp_status run_abort(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)session, (void)step, (void)value, (void)error;
  kill(getpid(), SIGKILL);
  return DRIVER_UNSUPPORTED;
}

const operation_row store_operations[] = {
    {"clock", run_clock, false},   {"open", run_open, false}, {"close", run_close, true},
    {"drop", run_drop, true},      {"append", run_append, true}, {"append_many", run_append_many, true},
    {"batch", run_batch, true},    {"open_beside", run_open_beside, false},
    {"sync", run_sync, true},      {"abort", run_abort, false}, {NULL, NULL, false},
};
