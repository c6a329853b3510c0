/* Instructions that read: pages, single events, ancestors, folds. */
#include "operations.h"

#include <stdlib.h>
#include <string.h>

static void set_readable(json *record, const bp_event *event) {
  static const uint8_t none[16];
  bool caused = memcmp(event->causation_id, none, sizeof none) != 0;
  set(record, "correlation_id", hex_json(event->correlation_id, 16));
  set(record, "causation_id", caused ? hex_json(event->causation_id, 16) : NULL);
  set(record, "wall_ms", integer_json(event->wall_ms));
  set(record, "timestamp_us", json_object_new_int64(event->timestamp_us));
  set(record, "prev_hash", hex_json(event->prev_hash, 32));
  set(record, "event_hash", hex_json(event->event_hash, 32));
  set(record, "lane", integer_json(event->lane));
  set(record, "depth", integer_json(event->depth));
  set(record, "flags", integer_json(event->flags));
  set(record, "extensions", extensions_json(event->extensions, event->extension_count));
  set(record, "payload_hex", hex_json(event->payload, event->payload_length));
}

json *event_json(const bp_event *event) {
  json *record = json_object_new_object();
  set(record, "sequence", integer_json(event->sequence));
  set(record, "event_id", hex_json(event->event_id, 16));
  set(record, "entity", json_object_new_string_len((const char *)event->entity, (int)event->entity_length));
  set(record, "scope", json_object_new_string_len((const char *)event->scope, (int)event->scope_length));
  set(record, "kind", integer_json(event->kind));
  set(record, "clock", integer_json(event->clock));
  set(record, "segment_id", integer_json(event->segment_id));
  set(record, "offset", integer_json(event->offset));
  set(record, "frame_length", integer_json(event->frame_length));
  if (event->status == BP_OK) {
    set_readable(record, event);
  } else {
    set(record, "error", text_json(status_text(event->status)));
    set(record, "payload_hex", NULL);
  }
  return record;
}

typedef json *(*event_form)(const bp_event *event);

static json *sequence_json(const bp_event *event) { return integer_json(event->sequence); }

static json *id_json(const bp_event *event) { return hex_json(event->event_id, 16); }

static size_t take_page(const driver_session *session, event_form form, json *list) {
  size_t count = 0;
  const bp_event *events = bp_page_events(session->page, &count);
  for (size_t i = 0; i < count; i++) json_object_array_add(list, form(&events[i]));
  return count;
}

/* Pages on until the query is exhausted or `limit` events are taken. */
static bp_status take_all(driver_session *session, bp_query *query, uint64_t limit, event_form form, json **value,
                          bp_error *error) {
  json *list = json_object_new_array();
  bp_status status = BP_OK;
  do {
    query->limit = limit < 100 ? (size_t)limit : 100;
    status = bp_store_page(session->store, query, session->page, error);
    if (status != BP_OK) break;
    size_t count = take_page(session, form, list);
    if (count == 0) break;
    query->after = bp_page_events(session->page, &count)[count - 1].sequence;
    query->flags |= BP_QUERY_AFTER;
    limit -= count;
  } while (bp_page_more(session->page) && limit > 0);
  if (status != BP_OK) {
    json_object_put(list);
    return status;
  }
  *value = list;
  return BP_OK;
}

static bp_status run_dump(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step;
  bp_query query;
  bp_query_init(&query, sizeof query);
  return take_all(session, &query, UINT64_MAX, event_json, value, error);
}

static bool query_from(const json *step, bp_query *query, bytes *entity, bytes *scope) {
  bool under = is_given(step, "under");
  uint32_t flags = under ? BP_QUERY_UNDER : is_given(step, "entity") ? BP_QUERY_ENTITY : 0u;
  if (is_given(step, "in_scope")) flags |= BP_QUERY_SCOPE;
  if (is_given(step, "after")) flags |= BP_QUERY_AFTER;
  bool category = is_given(step, "category");
  if (is_given(step, "clock_min")) flags |= BP_QUERY_CLOCK;
  uint64_t max_bytes = query->max_bytes;
  if (!argument_name(step, under ? "under" : "entity", entity) || !argument_name(step, "in_scope", scope) ||
      !argument_u64(step, "after", &query->after) || !argument_u64(step, "max_bytes", &max_bytes) ||
      !argument_u32(step, category ? "category" : "kind", &query->kind) ||
      !argument_u32(step, "clock_min", &query->clock_min) || !argument_u32(step, "clock_max", &query->clock_max)) {
    return false;
  }
  query->flags = flags;
  query->max_bytes = (size_t)max_bytes;
  query->kind_filter = category ? BP_KIND_CATEGORY : is_given(step, "kind") ? BP_KIND_EXACT : BP_KIND_ANY;
  query->entity = entity->data;
  query->entity_length = entity->length;
  query->scope = scope->data;
  query->scope_length = scope->length;
  return true;
}

static bp_status run_page(driver_session *session, const json *step, json **value, bp_error *error) {
  bp_query query;
  bytes entity = {NULL, 0};
  bytes scope = {NULL, 0};
  uint64_t limit = UINT64_MAX;
  bp_query_init(&query, sizeof query);
  bp_status status = DRIVER_BAD_INSTRUCTION;
  if (query_from(step, &query, &entity, &scope) && argument_u64(step, "limit", &limit)) {
    status = take_all(session, &query, limit, sequence_json, value, error);
  }
  free(entity.data);
  free(scope.data);
  return status;
}

static bp_status run_get(driver_session *session, const json *step, json **value, bp_error *error) {
  uint8_t id[16];
  size_t count = 0;
  if (!argument_fixed(step, "event_id", id, sizeof id)) return DRIVER_BAD_INSTRUCTION;
  bp_status status = bp_store_get(session->store, id, session->page, error);
  if (status == BP_OK) *value = event_json(bp_page_events(session->page, &count));
  return status;
}

static bp_status run_walk(driver_session *session, const json *step, json **value, bp_error *error) {
  uint8_t id[16];
  uint64_t limit = SIZE_MAX;
  if (!argument_fixed(step, "event_id", id, sizeof id) || !argument_u64(step, "limit", &limit)) {
    return DRIVER_BAD_INSTRUCTION;
  }
  bp_status status = bp_store_walk(session->store, id, (size_t)limit, session->page, error);
  if (status == BP_OK) {
    *value = json_object_new_array();
    take_page(session, id_json, *value);
  }
  return status;
}

/* What a fold comes down to here: how many events, and the last one's sequence. */
typedef struct fold_state {
  uint64_t count;
  uint64_t last;
  uint64_t stop_after;
} fold_state;

enum { FOLD_STOPPED = 1000 };

static int32_t fold_step(void *user, const bp_event *event) {
  fold_state *state = user;
  state->count++;
  state->last = event->sequence;
  return state->count == state->stop_after ? FOLD_STOPPED : 0;
}

static bp_status run_fold(driver_session *session, const json *step, json **value, bp_error *error) {
  bp_query query;
  bytes entity = {NULL, 0};
  bytes scope = {NULL, 0};
  uint64_t limit = SIZE_MAX;
  fold_state state = {0};
  bp_query_init(&query, sizeof query);
  bp_status status = DRIVER_BAD_INSTRUCTION;
  if (query_from(step, &query, &entity, &scope) && argument_u64(step, "limit", &limit) &&
      argument_u64(step, "stop_after", &state.stop_after)) {
    query.limit = (size_t)limit;
    status = bp_store_fold(session->store, &query, fold_step, &state, error);
  }
  free(entity.data);
  free(scope.data);
  if (status != BP_OK && status != FOLD_STOPPED) return status;
  *value = json_object_new_object();
  set(*value, "count", integer_json(state.count));
  set(*value, "last", state.count > 0 ? integer_json(state.last) : NULL);
  set(*value, "stopped", json_object_new_boolean(status == FOLD_STOPPED));
  return BP_OK;
}

const operation_row read_operations[] = {
    {"dump", run_dump, true},
    {"page", run_page, true},
    {"get", run_get, true},
    {"walk", run_walk, true},
    {"fold", run_fold, true},
    {NULL, NULL, false},
};
