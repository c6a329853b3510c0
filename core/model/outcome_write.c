/* Outcomes to canonical MessagePack (encoding.md 3.12): {type, data}, bytes as integer arrays, single ids as bin, lists of
 * ids as arrays of integer arrays, as the reference has it.
 *
 * The walk recurses, once for each batch or condition inside another, and is bounded by the depth of the format. */
#include "base/status.h"
#include "codec/pack.h"
#include "codec/text.h"
#include "codec/unpack.h"
#include "model/outcome.h"

typedef struct writer {
  bpi_buffer out;
  bp_error *error;
} writer;

static bp_status too_deep(const writer *w) {
  return bpi_fail(w->error, BP_DEPTH, "an outcome of more than 1,023 containers in one another");
}

static bp_status bad(const writer *w, const char *what) { return bpi_fail(w->error, BP_ARGUMENT, "%s", what); }

static bp_status write_text(writer *w, const char *key, bpi_bytes text) {
  if (text.data == NULL && text.length > 0) return bad(w, "a length without bytes");
  if (text.length > UINT32_MAX) return bad(w, "a text longer than the format can say");
  if (!bpi_utf8_valid(text.data, text.length)) return bpi_fail(w->error, BP_UTF8, "%s is not UTF-8", key);
  bpi_pack_text(&w->out, key);
  bpi_pack_str(&w->out, text.data, text.length);
  return BP_OK;
}

static bp_status write_octets(writer *w, const char *key, const uint8_t *data, size_t length) {
  if (data == NULL && length > 0) return bad(w, "a length without bytes");
  if (length > UINT32_MAX) return bad(w, "bytes longer than the format can say");
  bpi_pack_text(&w->out, key);
  bpi_pack_octets(&w->out, data, length);
  return BP_OK;
}

static void write_id(writer *w, const char *key, const uint8_t id[16]) {
  bpi_pack_text(&w->out, key);
  bpi_pack_bin(&w->out, id, 16);
}

/* A variant with fields: {name: {count fields}}. */
static void begin_variant(writer *w, const char *name, uint32_t fields) {
  bpi_pack_map(&w->out, 1);
  bpi_pack_text(&w->out, name);
  bpi_pack_map(&w->out, fields);
}

/* --- compensation */

static bp_status write_ids(writer *w, const char *name, const char *key, const bp_compensation *action) {
  if (action->ids == NULL && action->id_count > 0) return bad(w, "a length without bytes");
  if (action->id_count > UINT32_MAX) return bad(w, "more ids than the format can say");
  begin_variant(w, name, 1);
  bpi_pack_text(&w->out, key);
  bpi_pack_array(&w->out, (uint32_t)action->id_count);
  for (size_t i = 0; i < action->id_count; i++) bpi_pack_octets(&w->out, action->ids + 16 * i, 16);
  return BP_OK;
}

/* `depth`: containers around it. */
static bp_status write_compensation(writer *w, const bp_compensation *action, unsigned depth) {
  if (action == NULL) {
    bpi_pack_nil(&w->out);
    return BP_OK;
  }
  if (depth + bpi_compensation_containers(action->type) > BPI_DEPTH_MAX) return too_deep(w);
  if (action->reserved != 0) return bad(w, "a reserved field is not zero");
  bp_status status;
  switch (action->type) {
    case BP_COMPENSATION_ROLLBACK: return write_ids(w, "Rollback", "event_ids", action);
    case BP_COMPENSATION_RELEASE: return write_ids(w, "Release", "resource_ids", action);
    case BP_COMPENSATION_NOTIFY:
      begin_variant(w, "Notify", 2);
      write_id(w, "target_id", action->target_id);
      return write_text(w, "message", bpi_bytes_of(action->text, action->text_length));
    case BP_COMPENSATION_CUSTOM:
      begin_variant(w, "Custom", 2);
      status = write_text(w, "action_type", bpi_bytes_of(action->text, action->text_length));
      return status != BP_OK ? status : write_octets(w, "data", action->data, action->data_length);
    default: return bad(w, "a compensation of an unknown type");
  }
}

/* --- conditions */

static bp_status write_condition(writer *w, const bp_wait_condition *condition, unsigned depth);

static bp_status write_conditions(writer *w, const char *name, const bp_wait_condition *condition, unsigned depth) {
  if (condition->items == NULL && condition->item_count > 0) return bad(w, "a length without conditions");
  if (condition->item_count > UINT32_MAX) return bad(w, "more conditions than the format can say");
  bpi_pack_map(&w->out, 1);
  bpi_pack_text(&w->out, name);
  bpi_pack_array(&w->out, (uint32_t)condition->item_count);
  bp_status status = BP_OK;
  for (size_t i = 0; i < condition->item_count && status == BP_OK; i++) {
    status = write_condition(w, &condition->items[i], depth + 1);
  }
  return status;
}

/* `depth`: containers around it. */
static bp_status write_condition(writer *w, const bp_wait_condition *condition, unsigned depth) {
  if (depth + bpi_condition_containers(condition->type) > BPI_DEPTH_MAX) return too_deep(w);
  switch (condition->type) {
    case BP_WAIT_FOR_TIME:
      begin_variant(w, "Timeout", 1);
      bpi_pack_text(&w->out, "resume_at_ms");
      bpi_pack_u64(&w->out, condition->resume_at_ms);
      return BP_OK;
    case BP_WAIT_FOR_EVENT:
      begin_variant(w, "Event", 1);
      write_id(w, "event_id", condition->event_id);
      return BP_OK;
    case BP_WAIT_FOR_ALL: return write_conditions(w, "All", condition, depth);
    case BP_WAIT_FOR_ANY: return write_conditions(w, "Any", condition, depth);
    case BP_WAIT_FOR_CUSTOM:
      if (condition->tag > UINT16_MAX) return bad(w, "a tag above 16 bits");
      begin_variant(w, "Custom", 2);
      bpi_pack_text(&w->out, "tag");
      bpi_pack_u64(&w->out, condition->tag);
      return write_octets(w, "data", condition->data, condition->data_length);
    default: return bad(w, "a condition of an unknown type");
  }
}

/* --- outcomes */

static bp_status write_value(writer *w, const bp_outcome *outcome, unsigned depth) {
  bpi_unpack in = {outcome->value, outcome->value + outcome->value_length};
  bp_status status = outcome->value_length == 0 ? BP_MESSAGEPACK : bpi_unpack_check_inside(&in, depth);
  if (status == BP_OK && in.at != in.end) status = BP_MESSAGEPACK;
  if (status != BP_OK) return bpi_fail(w->error, status, "the value of an Ok is not one MessagePack value");
  bpi_buffer_append(&w->out, outcome->value, outcome->value_length);
  return BP_OK;
}

static bp_status write_error(writer *w, const bp_outcome *outcome, unsigned depth) {
  bpi_pack_map(&w->out, 3);
  bpi_pack_text(&w->out, "kind");
  if (outcome->error_kind == BP_ERROR_KIND_CUSTOM) bpi_pack_map(&w->out, 1);
  bpi_pack_text(&w->out, bpi_error_kind_names[outcome->error_kind - 1]);
  if (outcome->error_kind == BP_ERROR_KIND_CUSTOM) bpi_pack_u64(&w->out, outcome->error_custom);
  bp_status status = write_text(w, "message", bpi_outcome_text(outcome));
  if (status != BP_OK) return status;
  bpi_pack_text(&w->out, "compensation");
  return write_compensation(w, outcome->compensation, depth + 1);
}

static bp_status write_retry(writer *w, const bp_outcome *outcome) {
  bpi_pack_map(&w->out, 4);
  bpi_pack_text(&w->out, "after_ms");
  bpi_pack_u64(&w->out, outcome->after_ms);
  bpi_pack_text(&w->out, "attempt");
  bpi_pack_u64(&w->out, outcome->attempt);
  bpi_pack_text(&w->out, "max_attempts");
  bpi_pack_u64(&w->out, outcome->max_attempts);
  return write_text(w, "reason", bpi_outcome_text(outcome));
}

static bp_status write_pending(writer *w, const bp_outcome *outcome, unsigned depth) {
  bpi_pack_map(&w->out, 2);
  bpi_pack_text(&w->out, "condition");
  bp_status status = write_condition(w, outcome->condition, depth + 1);
  if (status == BP_OK) write_id(w, "resume_token", outcome->resume_token);
  return status;
}

static bp_status write_outcome(writer *w, const bp_outcome *outcome, unsigned depth);

static bp_status write_batch(writer *w, const bp_outcome *outcome, unsigned depth) {
  if (outcome->item_count > UINT32_MAX) return bad(w, "more outcomes than the format can say");
  bpi_pack_array(&w->out, (uint32_t)outcome->item_count);
  bp_outcome item;
  bp_status status = BP_OK;
  for (size_t i = 0; i < outcome->item_count && status == BP_OK; i++) {
    status = bpi_outcome_load_at(outcome->items, i, &item, w->error);
    if (status == BP_OK) status = write_outcome(w, &item, depth + 1);
  }
  return status;
}

/* `depth`: containers around it. */
static bp_status write_outcome(writer *w, const bp_outcome *outcome, unsigned depth) {
  depth += 1;
  if (depth + (outcome->type != BP_OUTCOME_OK) > BPI_DEPTH_MAX) return too_deep(w);
  bpi_pack_map(&w->out, 2);
  bpi_pack_text(&w->out, "type");
  bpi_pack_text(&w->out, bpi_outcome_names[outcome->type - 1]);
  bpi_pack_text(&w->out, "data");
  switch (outcome->type) {
    case BP_OUTCOME_OK: return write_value(w, outcome, depth);
    case BP_OUTCOME_ERR: return write_error(w, outcome, depth);
    case BP_OUTCOME_RETRY: return write_retry(w, outcome);
    case BP_OUTCOME_PENDING: return write_pending(w, outcome, depth);
    case BP_OUTCOME_CANCELLED: bpi_pack_map(&w->out, 1); return write_text(w, "reason", bpi_outcome_text(outcome));
    default: return write_batch(w, outcome, depth);
  }
}

bp_status bp_outcome_encode(const bp_outcome *outcome, uint8_t *buffer, size_t capacity, size_t *needed,
                            bp_error *error) {
  if (needed == NULL || (buffer == NULL && capacity > 0)) {
    return bpi_fail(error, BP_ARGUMENT, "a buffer and a place for the needed length are required");
  }
  bp_outcome known;
  bp_status status = bpi_outcome_load(outcome, &known, error);
  if (status != BP_OK) return status;
  bpi_memory memory = bpi_memory_default();
  writer w = {.error = error};
  bpi_buffer_init(&w.out, &memory);
  status = write_outcome(&w, &known, 0);
  if (status == BP_OK) status = bpi_pack_hand_over(&w.out, buffer, capacity, needed, error);
  bpi_buffer_free(&w.out);
  return status;
}
