/* Instructions that judge: receipts, the verdict over a whole store, what an open found, how much there is. */
#include "operations.h"

#include <stdlib.h>
#include <string.h>

static bool fields_from(const json *object, bp_receipt *receipt) {
  receipt->has_signature = is_given(object, "signature") ? 1 : 0;
  return argument_fixed(object, "event_id", receipt->event_id, 16) &&
         argument_u64(object, "sequence", &receipt->sequence) &&
         argument_fixed(object, "content_hash", receipt->content_hash, 32) &&
         argument_fixed(object, "key_id", receipt->key_id, 32) &&
         (!receipt->has_signature || argument_fixed(object, "signature", receipt->signature, 64));
}

bp_status receipt_from(const json *object, owned_receipt *owned, bp_error *error) {
  bp_receipt *receipt = &owned->receipt;
  owned->map = (bytes){NULL, 0};
  bp_receipt_init(receipt, sizeof *receipt);
  if (!fields_from(object, receipt)) return DRIVER_BAD_INSTRUCTION;
  json *extensions = json_object_object_get(object, "extensions");
  bp_status status = extension_map_from_json(extensions, &owned->map, error);
  if (status == BP_OK && extensions != NULL && json_object_object_length(extensions) > 0) {
    receipt->extensions = owned->map.data;
    receipt->extensions_capacity = owned->map.length;
    receipt->extensions_length = owned->map.length;
  }
  return status;
}

static bp_status run_verify_receipt(driver_session *session, const json *step, json **value, bp_error *error) {
  owned_receipt owned;
  bp_trust trust;
  uint8_t *keys = NULL;
  int32_t outcome = 0;
  bp_trust_init(&trust, sizeof trust);
  if (!keys_from(step, "trust", &keys, &trust.public_key_count)) return DRIVER_BAD_INSTRUCTION;
  trust.public_keys = keys;
  bp_status status = receipt_from(json_object_object_get(step, "receipt"), &owned, error);
  if (status == BP_OK) status = bp_store_verify_receipt(session->store, &owned.receipt, &trust, &outcome, error);
  if (status == BP_OK) *value = text_json(bp_receipt_outcome_name(outcome));
  free(owned.map.data);
  free(keys);
  return status;
}

static json *number_or_null(uint64_t number) { return number == UINT64_MAX ? NULL : integer_json(number); }

static json *findings_json(const bp_report *report) {
  static const uint8_t none[16];
  size_t count = 0;
  const bp_finding *findings = bp_report_findings(report, &count);
  json *list = json_object_new_array();
  for (size_t i = 0; i < count; i++) {
    const bp_finding *finding = &findings[i];
    bool named = memcmp(finding->event_id, none, sizeof none) != 0;
    json *record = json_object_new_object();
    set(record, "severity", text_json(bp_severity_name(finding->severity)));
    set(record, "code", text_json(finding->code));
    set(record, "text", text_json(finding->text));
    set(record, "segment_id", number_or_null(finding->segment_id));
    set(record, "offset", number_or_null(finding->offset));
    set(record, "sequence", number_or_null(finding->sequence));
    set(record, "event_id", named ? hex_json(finding->event_id, 16) : NULL);
    json_object_array_add(list, record);
  }
  return list;
}

static json *verdict_json(const bp_verdict *verdict, const bp_report *report) {
  json *record = json_object_new_object();
  set(record, "verdict", text_json(bp_verdict_name(verdict->verdict)));
  set(record, "events", integer_json(verdict->events));
  set(record, "attested", integer_json(verdict->attested));
  set(record, "first_unproven", number_or_null(verdict->first_unproven));
  set(record, "findings", findings_json(report));
  return record;
}

/* The whole store against `receipts` and the public keys of `trust`. */
static bp_status run_verify(driver_session *session, const json *step, json **value, bp_error *error) {
  const json *given = json_object_object_get(step, "receipts");
  size_t count = given == NULL ? 0 : json_object_array_length(given);
  size_t read = 0;
  uint8_t *keys = NULL;
  bp_trust trust;
  bp_report *report = NULL;
  bp_verdict verdict = {.struct_size = sizeof verdict};
  owned_receipt *owned = must_allocate(count * sizeof *owned);
  bp_receipt *receipts = must_allocate(count * sizeof *receipts);
  bp_trust_init(&trust, sizeof trust);
  bp_status status = keys_from(step, "trust", &keys, &trust.public_key_count) ? BP_OK : DRIVER_BAD_INSTRUCTION;
  while (status == BP_OK && read < count) {
    status = receipt_from(json_object_array_get_idx(given, read), &owned[read], error);
    receipts[read] = owned[read].receipt;
    read++;
  }
  trust.public_keys = keys;
  trust.receipts = receipts;
  trust.receipt_count = count;
  if (status == BP_OK) status = bp_store_verify(session->store, &trust, &report, error);
  if (status == BP_OK) status = bp_report_verdict(report, &verdict);
  if (status == BP_OK) *value = verdict_json(&verdict, report);
  bp_report_free(report);
  while (read-- > 0) free(owned[read].map.data);
  free(owned);
  free(receipts);
  free(keys);
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

/* Of the counts those that two runs of one program share. */
static bp_status run_stat(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step;
  bp_stat stat = {.struct_size = sizeof stat};
  bp_status status = bp_store_stat(session->store, &stat, error);
  if (status != BP_OK) return status;
  *value = json_object_new_object();
  set(*value, "events", integer_json(stat.events));
  set(*value, "entities", integer_json(stat.entities));
  set(*value, "scopes", integer_json(stat.scopes));
  set(*value, "segments", integer_json(stat.segments));
  set(*value, "first_sequence", number_or_null(stat.first_sequence));
  set(*value, "last_sequence", number_or_null(stat.last_sequence));
  set(*value, "durable_sequence", integer_json(stat.durable_sequence));
  set(*value, "clean_close", json_object_new_boolean(stat.clean_close != 0));
  set(*value, "poisoned", json_object_new_boolean(stat.poisoned != 0));
  return BP_OK;
}

const operation_row judge_operations[] = {
    {"verify_receipt", run_verify_receipt, true},
    {"verify", run_verify, true},
    {"open_report", run_open_report, true},
    {"stat", run_stat, true},
    {NULL, NULL, false},
};
