/* Outcomes from MessagePack, with the tolerance of the reference's decoder (encoding.md 1.4): keys in any order, as names
 * or numbers, maps as arrays, bytes as bin or integers.
 *
 * The bytes are hostile.  They are copied once, so that everything handed out lives in the caller's memory; elements are
 * gathered on a stack as they are read, never by a declared count.  The walk recurses once for each container that holds
 * others, and the depth of the format bounds it. */
#include "base/status.h"
#include "codec/fields.h"
#include "model/outcome.h"

typedef struct reader {
  bp_outcomes *memory;
  bpi_unpack in;
  unsigned late; /* outcomes around this one whose data came before their type */
} reader;

/* What stands before its type is stepped over first and read again; so much of it is enough for anybody. */
enum { LATE_MAX = 16 };

#define COUNT(names) ((unsigned)(sizeof(names) / sizeof *(names)))

/* A variant's name or number. */
static bp_status read_name(reader *r, const char *const *names, unsigned count, unsigned *found) {
  bpi_token token;
  bpi_unpack ahead = r->in;
  bp_status status = bpi_unpack_next(&ahead, &token);
  if (status != BP_OK) return status;
  unsigned i = 0;
  if (token.type == BPI_TOKEN_UINT) {
    i = token.u < count ? (unsigned)token.u : count;
  } else if (token.type == BPI_TOKEN_STR || token.type == BPI_TOKEN_BIN) {
    while (i < count && !bpi_bytes_equal(token.bytes, bpi_bytes_of(names[i], strlen(names[i])))) i++;
  } else {
    i = count;
  }
  if (i == count) return BP_MESSAGEPACK;
  r->in = ahead;
  *found = i;
  return BP_OK;
}

/* The name of a variant with content: {name: content}. */
static bp_status read_variant(reader *r, const char *const *names, unsigned count, unsigned *found) {
  uint32_t entries;
  bp_status status = bpi_unpack_map(&r->in, &entries);
  if (status == BP_OK && entries != 1) status = BP_MESSAGEPACK;
  return status == BP_OK ? read_name(r, names, count, found) : status;
}

static bp_status read_octets(reader *r, const uint8_t **data, size_t *length) {
  bpi_bytes elements;
  int is_bin;
  bp_status status = bpi_unpack_octets(&r->in, &elements, length, &is_bin);
  if (status != BP_OK) return status;
  uint8_t *out = (uint8_t *)bpi_arena_take(&r->memory->arena, *length);
  if (out == NULL) return BP_NO_MEMORY;
  if (*length > 0) bpi_octets_decode(elements, is_bin, out, *length);
  *data = out;
  return BP_OK;
}

static bp_status read_text(reader *r, const uint8_t **data, size_t *length) {
  bpi_bytes text = {NULL, 0};
  bp_status status = bpi_unpack_str(&r->in, &text);
  *data = text.data;
  *length = text.length;
  return status;
}

static bp_status read_u32(reader *r, uint32_t most, uint32_t *number) {
  uint64_t wide = 0;
  bp_status status = bpi_unpack_u64(&r->in, most, &wide);
  *number = (uint32_t)wide;
  return status;
}

/* What was gathered on a stack from `from` on, moved to where it stays. */
static bp_status settle(reader *r, bpi_buffer *stack, size_t from, const void **kept) {
  size_t size = stack->length - from;
  int failed = stack->failed;
  void *out = failed ? NULL : bpi_arena_take(&r->memory->arena, size);
  stack->length = from;
  stack->failed = 0;
  if (out == NULL) return BP_NO_MEMORY;
  if (size > 0) memcpy(out, stack->data + from, size);
  *kept = out;
  return BP_OK;
}

/* --- compensation */

/* Each an array of 16 integers, or a bin of 16 bytes at least. */
static bp_status read_one_id(reader *r, uint8_t id[16]) {
  bpi_token token;
  bpi_unpack ahead = r->in;
  bp_status status = bpi_unpack_next(&ahead, &token);
  if (status != BP_OK) return status;
  if (token.type != BPI_TOKEN_BIN) return bpi_unpack_octets_exact(&r->in, id, 16);
  if (token.bytes.length < 16) return BP_MESSAGEPACK;
  memcpy(id, token.bytes.data, 16);
  r->in = ahead;
  return BP_OK;
}

static bp_status read_ids(reader *r, bp_compensation *action) {
  bpi_buffer *stack = &r->memory->bytes;
  size_t from = stack->length;
  uint32_t count = 0;
  uint8_t id[16];
  const void *kept = NULL;
  bp_status status = bpi_unpack_array(&r->in, &count);
  for (uint32_t i = 0; i < count && status == BP_OK; i++) {
    status = read_one_id(r, id);
    if (status == BP_OK) bpi_buffer_append(stack, id, sizeof id);
  }
  bp_status settled = settle(r, stack, from, &kept);
  action->ids = (const uint8_t *)kept;
  action->id_count = count;
  return status == BP_OK ? settled : status;
}

static bp_status read_compensation_field(reader *r, unsigned field, bp_compensation *action) {
  int is_custom = action->type == BP_COMPENSATION_CUSTOM;
  if (!is_custom && action->type != BP_COMPENSATION_NOTIFY) return read_ids(r, action);
  if (is_custom) {
    return field == 0 ? read_text(r, &action->text, &action->text_length)
                      : read_octets(r, &action->data, &action->data_length);
  }
  return field == 0 ? bpi_unpack_id(&r->in, action->target_id) : read_text(r, &action->text, &action->text_length);
}

static bp_status read_compensation(reader *r, unsigned depth, const bp_compensation **compensation) {
  static const char *const names[] = {"Rollback", "Notify", "Release", "Custom"};
  static const char *const fields_of[][2] = {
      {"event_ids", NULL}, {"target_id", "message"}, {"resource_ids", NULL}, {"action_type", "data"}};
  *compensation = NULL;
  if (bpi_unpack_nil(&r->in)) return BP_OK;
  unsigned variant = 0;
  bp_status status = read_variant(r, names, COUNT(names), &variant);
  if (status != BP_OK) return status;
  if (depth + bpi_compensation_containers(variant + 1) > BPI_DEPTH_MAX) return BP_DEPTH;
  bp_compensation *action = (bp_compensation *)bpi_arena_take(&r->memory->arena, sizeof *action);
  if (action == NULL) return BP_NO_MEMORY;
  memset(action, 0, sizeof *action);
  action->type = variant + 1;
  unsigned count = fields_of[variant][1] == NULL ? 1 : 2, field;
  bpi_fields fields;
  bpi_fields_begin(&fields, &r->in, fields_of[variant], count);
  while (bpi_fields_next(&fields, &field)) fields.status = read_compensation_field(r, field, action);
  *compensation = action;
  return bpi_fields_end(&fields, (1u << count) - 1);
}

/* --- conditions */

static bp_status read_condition(reader *r, unsigned depth, bp_wait_condition *condition);

static bp_status read_conditions(reader *r, unsigned depth, bp_wait_condition *condition) {
  bpi_buffer *stack = &r->memory->conditions;
  size_t from = stack->length;
  uint32_t count = 0;
  bp_wait_condition item;
  const void *kept = NULL;
  bp_status status = bpi_unpack_array(&r->in, &count);
  for (uint32_t i = 0; i < count && status == BP_OK; i++) {
    status = read_condition(r, depth + 1, &item);
    if (status == BP_OK) bpi_buffer_append(stack, &item, sizeof item);
  }
  bp_status settled = settle(r, stack, from, &kept);
  condition->items = (const bp_wait_condition *)kept;
  condition->item_count = count;
  return status == BP_OK ? settled : status;
}

static bp_status read_condition_field(reader *r, unsigned field, bp_wait_condition *condition) {
  if (condition->type == BP_WAIT_FOR_TIME) return bpi_unpack_u64(&r->in, UINT64_MAX, &condition->resume_at_ms);
  if (condition->type == BP_WAIT_FOR_EVENT) return bpi_unpack_id(&r->in, condition->event_id);
  return field == 0 ? read_u32(r, UINT16_MAX, &condition->tag)
                    : read_octets(r, &condition->data, &condition->data_length);
}

/* `depth`: containers around it. */
static bp_status read_condition(reader *r, unsigned depth, bp_wait_condition *condition) {
  static const char *const names[] = {"Timeout", "Event", "All", "Any", "Custom"};
  static const char *const fields_of[][2] = {
      {"resume_at_ms", NULL}, {"event_id", NULL}, {NULL, NULL}, {NULL, NULL}, {"tag", "data"}};
  unsigned variant = 0;
  memset(condition, 0, sizeof *condition);
  bp_status status = read_variant(r, names, COUNT(names), &variant);
  if (status != BP_OK) return status;
  condition->type = variant + 1;
  if (depth + bpi_condition_containers(condition->type) > BPI_DEPTH_MAX) return BP_DEPTH;
  if (fields_of[variant][0] == NULL) return read_conditions(r, depth, condition);
  unsigned count = fields_of[variant][1] == NULL ? 1 : 2, field;
  bpi_fields fields;
  bpi_fields_begin(&fields, &r->in, fields_of[variant], count);
  while (bpi_fields_next(&fields, &field)) fields.status = read_condition_field(r, field, condition);
  return bpi_fields_end(&fields, (1u << count) - 1);
}

/* --- outcomes */

/* The fields of a variant that has some: a map, and no array as elsewhere, as in the reference. */
static void begin_variant_fields(reader *r, bpi_fields *fields, const char *const *names, unsigned count) {
  bpi_fields_begin(fields, &r->in, names, count);
  if (fields->status == BP_OK && !fields->is_map) fields->status = BP_MESSAGEPACK;
}

static bp_status read_outcome(reader *r, unsigned depth, bp_outcome *outcome);

static bp_status read_value(reader *r, unsigned depth, bp_outcome *outcome) {
  outcome->value = r->in.at;
  bp_status status = bpi_unpack_check_inside(&r->in, depth);
  outcome->value_length = (size_t)(r->in.at - outcome->value);
  return status;
}

static bp_status read_error_kind(reader *r, bp_outcome *outcome) {
  unsigned kind = 0;
  bpi_token token;
  bpi_unpack ahead = r->in;
  bp_status status = bpi_unpack_next(&ahead, &token);
  if (status != BP_OK) return status;
  int is_map = token.type == BPI_TOKEN_MAP;
  status = is_map ? read_variant(r, bpi_error_kind_names, BPI_ERROR_KINDS, &kind)
                  : read_name(r, bpi_error_kind_names, BPI_ERROR_KINDS, &kind);
  if (status != BP_OK) return status;
  outcome->error_kind = kind + 1;
  if (!is_map) return outcome->error_kind == BP_ERROR_KIND_CUSTOM ? BP_MESSAGEPACK : BP_OK;
  if (outcome->error_kind == BP_ERROR_KIND_CUSTOM) return read_u32(r, UINT16_MAX, &outcome->error_custom);
  return bpi_unpack_nil(&r->in) ? BP_OK : BP_MESSAGEPACK;
}

static bp_status read_error(reader *r, unsigned depth, bp_outcome *outcome) {
  static const char *const names[] = {"kind", "message", "compensation"};
  enum { REQUIRED = 3 };
  unsigned field;
  bpi_fields fields;
  bpi_fields_begin(&fields, &r->in, names, COUNT(names));
  if (fields.status == BP_OK && !fields.is_map && fields.left < COUNT(names)) return BP_MESSAGEPACK;
  while (bpi_fields_next(&fields, &field)) {
    fields.status = field == 0   ? read_error_kind(r, outcome)
                    : field == 1 ? read_text(r, &outcome->message, &outcome->message_length)
                                 : read_compensation(r, depth + 1, &outcome->compensation);
  }
  return bpi_fields_end(&fields, REQUIRED);
}

static bp_status read_retry(reader *r, bp_outcome *outcome) {
  static const char *const names[] = {"after_ms", "attempt", "max_attempts", "reason"};
  unsigned field;
  bpi_fields fields;
  begin_variant_fields(r, &fields, names, COUNT(names));
  while (bpi_fields_next(&fields, &field)) {
    fields.status = field == 0   ? bpi_unpack_u64(&r->in, UINT64_MAX, &outcome->after_ms)
                    : field == 1 ? read_u32(r, UINT32_MAX, &outcome->attempt)
                    : field == 2 ? read_u32(r, UINT32_MAX, &outcome->max_attempts)
                                 : read_text(r, &outcome->message, &outcome->message_length);
  }
  return bpi_fields_end(&fields, (1u << COUNT(names)) - 1);
}

static bp_status read_pending(reader *r, unsigned depth, bp_outcome *outcome) {
  static const char *const names[] = {"condition", "resume_token"};
  unsigned field;
  bpi_fields fields;
  bp_wait_condition *condition = (bp_wait_condition *)bpi_arena_take(&r->memory->arena, sizeof *condition);
  if (condition == NULL) return BP_NO_MEMORY;
  begin_variant_fields(r, &fields, names, COUNT(names));
  while (bpi_fields_next(&fields, &field)) {
    fields.status = field == 0 ? read_condition(r, depth + 1, condition) : bpi_unpack_id(&r->in, outcome->resume_token);
  }
  outcome->condition = condition;
  return bpi_fields_end(&fields, 3);
}

static bp_status read_cancelled(reader *r, bp_outcome *outcome) {
  static const char *const names[] = {"reason"};
  unsigned field;
  bpi_fields fields;
  begin_variant_fields(r, &fields, names, COUNT(names));
  while (bpi_fields_next(&fields, &field)) {
    fields.status = read_text(r, &outcome->message, &outcome->message_length);
  }
  return bpi_fields_end(&fields, 1);
}

static bp_status read_batch(reader *r, unsigned depth, bp_outcome *outcome) {
  bpi_buffer *stack = &r->memory->outcomes;
  size_t from = stack->length;
  uint32_t count = 0;
  bp_outcome item;
  const void *kept = NULL;
  bp_status status = bpi_unpack_array(&r->in, &count);
  for (uint32_t i = 0; i < count && status == BP_OK; i++) {
    status = read_outcome(r, depth + 1, &item);
    if (status == BP_OK) bpi_buffer_append(stack, &item, sizeof item);
  }
  bp_status settled = settle(r, stack, from, &kept);
  outcome->items = (const bp_outcome *)kept;
  outcome->item_count = count;
  return status == BP_OK ? settled : status;
}

static bp_status read_data(reader *r, unsigned depth, bp_outcome *outcome) {
  switch (outcome->type) {
    case BP_OUTCOME_OK: return read_value(r, depth, outcome);
    case BP_OUTCOME_ERR: return read_error(r, depth, outcome);
    case BP_OUTCOME_RETRY: return read_retry(r, outcome);
    case BP_OUTCOME_PENDING: return read_pending(r, depth, outcome);
    case BP_OUTCOME_CANCELLED: return read_cancelled(r, outcome);
    default: return read_batch(r, depth, outcome);
  }
}

static bp_status read_type(reader *r, unsigned depth, bp_outcome *outcome) {
  unsigned variant = 0;
  bp_status status = read_name(r, bpi_outcome_names, COUNT(bpi_outcome_names), &variant);
  outcome->type = variant + 1;
  if (status == BP_OK && depth + (outcome->type != BP_OUTCOME_OK) > BPI_DEPTH_MAX) status = BP_DEPTH;
  return status;
}

/* Data that stood before its type; the cursor goes back behind the whole outcome at the end. */
static bp_status read_late(reader *r, unsigned depth, const uint8_t *data, bp_outcome *outcome) {
  if (r->late == LATE_MAX) return BP_DEPTH;
  bpi_unpack behind = r->in;
  r->in.at = data;
  r->late++;
  bp_status status = read_data(r, depth, outcome);
  r->late--;
  if (status == BP_OK) r->in = behind;
  return status;
}

/* `depth`: containers around it. */
static bp_status read_outcome(reader *r, unsigned depth, bp_outcome *outcome) {
  static const char *const names[] = {"type", "data"};
  const uint8_t *late = NULL;
  unsigned field;
  bpi_fields fields;
  memset(outcome, 0, sizeof *outcome);
  outcome->struct_size = sizeof *outcome;
  if (++depth > BPI_DEPTH_MAX) return BP_DEPTH;
  bpi_fields_begin(&fields, &r->in, names, COUNT(names));
  while (bpi_fields_next(&fields, &field)) {
    if (field == 0) {
      fields.status = read_type(r, depth, outcome);
    } else if (outcome->type != 0) {
      fields.status = read_data(r, depth, outcome);
    } else {
      late = r->in.at;
      fields.status = bpi_unpack_skip(&r->in);
    }
  }
  bp_status status = bpi_fields_end(&fields, 3);
  return status == BP_OK && late != NULL ? read_late(r, depth, late, outcome) : status;
}

static const char *meaning(bp_status status) {
  switch (status) {
    case BP_NO_MEMORY: return "no memory for an outcome";
    case BP_UTF8: return "a text of the outcome is not UTF-8";
    case BP_DEPTH: return "the outcome is nested too deep";
    default: return "not an outcome";
  }
}

bp_status bp_outcome_decode(const uint8_t *bytes, size_t length, bp_outcomes *outcomes, bp_outcome *outcome,
                            bp_error *error) {
  if ((bytes == NULL && length > 0) || outcomes == NULL) return bpi_fail(error, BP_ARGUMENT, "an argument is NULL");
  bp_status status = bpi_outcome_check(outcome, error);
  if (status != BP_OK) return status;
  uint8_t *copy = (uint8_t *)bpi_arena_take(&outcomes->arena, length);
  if (copy == NULL) return bpi_fail(error, BP_NO_MEMORY, "%s", meaning(BP_NO_MEMORY));
  if (length > 0) memcpy(copy, bytes, length);
  reader r = {.memory = outcomes, .in = {copy, copy + length}};
  bp_outcome read;
  status = read_outcome(&r, 0, &read);
  if (status != BP_OK) return bpi_fail_at(error, status, 0, (uint64_t)(r.in.at - copy), meaning(status));
  bpi_outcome_hand_over(&read, outcome);
  return BP_OK;
}
