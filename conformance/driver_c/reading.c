/* Instructions that read: pages, single events, ancestors, receipts, the verdict over a whole store. */
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
  if (!argument_name(step, under ? "under" : "entity", entity) || !argument_name(step, "in_scope", scope) ||
      !argument_u64(step, "after", &query->after) || !argument_u32(step, "kind", &query->kind)) {
    return false;
  }
  query->flags = flags;
  query->kind_filter = is_given(step, "kind") ? BP_KIND_EXACT : BP_KIND_ANY;
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

static bool receipt_from(const json *object, bp_receipt *receipt) {
  receipt->has_signature = is_given(object, "signature") ? 1 : 0;
  return argument_fixed(object, "event_id", receipt->event_id, 16) &&
         argument_u64(object, "sequence", &receipt->sequence) &&
         argument_fixed(object, "content_hash", receipt->content_hash, 32) &&
         argument_fixed(object, "key_id", receipt->key_id, 32) &&
         (!receipt->has_signature || argument_fixed(object, "signature", receipt->signature, 64));
}

static bp_status run_verify_receipt(driver_session *session, const json *step, json **value, bp_error *error) {
  const json *object = json_object_object_get(step, "receipt");
  bp_receipt receipt;
  bytes map;
  int32_t outcome = 0;
  bp_receipt_init(&receipt, sizeof receipt);
  if (!receipt_from(object, &receipt)) return DRIVER_BAD_INSTRUCTION;
  json *extensions = json_object_object_get(object, "extensions");
  bp_status status = extension_map_from_json(extensions, &map, error);
  if (status == BP_OK && extensions != NULL && json_object_object_length(extensions) > 0) {
    receipt.extensions = map.data;
    receipt.extensions_capacity = map.length;
    receipt.extensions_length = map.length;
  }
  if (status == BP_OK) status = bp_store_verify_receipt(session->store, &receipt, NULL, &outcome, error);
  if (status == BP_OK) *value = text_json(bp_receipt_outcome_name(outcome));
  free(map.data);
  return status;
}

static json *findings_json(const bp_report *report) {
  size_t count = 0;
  const bp_finding *findings = bp_report_findings(report, &count);
  json *list = json_object_new_array();
  for (size_t i = 0; i < count; i++) {
    json *finding = json_object_new_object();
    set(finding, "severity", text_json(bp_severity_name(findings[i].severity)));
    set(finding, "code", text_json(findings[i].code));
    set(finding, "text", text_json(findings[i].text));
    json_object_array_add(list, finding);
  }
  return list;
}

static bp_status run_verify(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step;
  bp_report *report = NULL;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  bp_status status = bp_store_verify(session->store, NULL, &report, error);
  if (status == BP_OK) status = bp_report_verdict(report, &verdict);
  if (status == BP_OK) {
    *value = json_object_new_object();
    set(*value, "verdict", text_json(bp_verdict_name(verdict.verdict)));
    set(*value, "findings", findings_json(report));
  }
  bp_report_free(report);
  return status;
}

static bp_status run_open_report(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step;
  bp_report *report = NULL;
  bp_status status = bp_store_open_report(session->store, &report, error);
  if (status == BP_OK) *value = findings_json(report);
  bp_report_free(report);
  return status;
}

const operation_row read_operations[] = {
    {"dump", run_dump, true},
    {"page", run_page, true},
    {"get", run_get, true},
    {"walk", run_walk, true},
    {"verify_receipt", run_verify_receipt, true},
    {"verify", run_verify, true},
    {"open_report", run_open_report, true},
    {NULL, NULL, false},
};
