/* Structs of ffi.h as tables of fields, written once: their values become objects, their offsets become layouts. */
#include "addon.h"

#include <stddef.h>
#include <string.h>

#define FIELD(type, field, form) {#field, form, offsetof(type, field), sizeof(((type *)0)->field)}
#define END {NULL, 0, 0, 0}

#define E(field, form) FIELD(bp_error, field, form)
const bpn_field bpn_error_fields[] = {E(code, 'i'),     E(os_error, 'i'), E(segment_id, 'u'), E(offset, 'u'),
                                      E(expected, 'u'), E(actual, 'u'),   E(event_id, 'b'),   END};
#undef E

#define F(field, form) FIELD(bp_finding, field, form)
const bpn_field bpn_finding_fields[] = {F(segment_id, 'u'), F(offset, 'u'),   F(sequence, 'u'), F(code, 's'),
                                        F(text, 's'),       F(severity, 'u'), F(event_id, 'b'), END};
#undef F

#define V(field) FIELD(bp_verdict, field, 'u')
const bpn_field bpn_verdict_fields[] = {V(verdict), V(events), V(attested), V(findings), V(notes), V(first_unproven), END};
#undef V

#define S(field) FIELD(bp_stat, field, 'u')
const bpn_field bpn_stat_fields[] = {S(poisoned), S(events),         S(entities),      S(scopes),
                                     S(segments), S(bytes),          S(first_sequence), S(last_sequence),
                                     S(durable_sequence), S(index_bytes), S(writes),   S(syncs),
                                     S(clean_close), END};
#undef S

#define C(field, form) FIELD(bp_claim, field, form)
const bpn_field bpn_claim_fields[] = {C(version, 'u'),      C(sequence, 'u'), C(kind, 'u'),      C(has_signature, 'u'),
                                      C(event_id, 'b'),     C(prev_hash, 'b'), C(content_hash, 'b'), C(key_id, 'b'),
                                      C(signature, 'b'),    END};
#undef C

#define P(point) {#point "_wall_ms", 'u', offsetof(bp_frontier, point.wall_ms), 8}, {#point "_sequence", 'u', offsetof(bp_frontier, point.sequence), 8}
const bpn_field bpn_frontier_fields[] = {P(accepted), P(written), P(durable), P(visible), P(emitted), P(applied),
                                         FIELD(bp_frontier, visible_minus_durable, 'i'), FIELD(bp_frontier, oldest_pending_ms, 'u'), END};
#undef P

#define Q(field) FIELD(bp_pressure, field, 'u')
const bpn_field bpn_pressure_fields[] = {Q(queued), Q(capacity), Q(threshold), END};
#undef Q

#define L(type, field) FIELD(type, field, 'p')
static const bpn_field draft_layout[] = {
  L(bp_draft, struct_size), L(bp_draft, kind), L(bp_draft, flags), L(bp_draft, durability), L(bp_draft, entity),
  L(bp_draft, entity_length), L(bp_draft, scope), L(bp_draft, scope_length), L(bp_draft, payload), L(bp_draft, payload_length),
  L(bp_draft, extensions), L(bp_draft, extension_count), L(bp_draft, given), L(bp_draft, expect), L(bp_draft, expect_clock),
  L(bp_draft, lane), L(bp_draft, depth), L(bp_draft, allow_reserved), L(bp_draft, expect_event_id), L(bp_draft, key),
  L(bp_draft, correlation_id), L(bp_draft, causation_id), L(bp_draft, cause_item), L(bp_draft, gate),
  L(bp_draft, gate_timeout_ms), L(bp_draft, reserved), END};
static const bpn_field extension_layout[] = {L(bp_extension, name), L(bp_extension, name_length), L(bp_extension, value),
                                             L(bp_extension, value_length), END};
static const bpn_field new_draft_layout[] = {L(bpn_draft, next), L(bpn_draft, kind), L(bpn_draft, entity), L(bpn_draft, scope),
                                             L(bpn_draft, rest), L(bpn_draft, payload_length), END};
static const bpn_field receipt_layout[] = {
  L(bpn_receipt, sequence), L(bpn_receipt, segment_id), L(bpn_receipt, offset), L(bpn_receipt, frame_length),
  L(bpn_receipt, flags), L(bpn_receipt, extensions), L(bpn_receipt, extensions_length), L(bpn_receipt, event_id),
  L(bpn_receipt, content_hash), L(bpn_signed_receipt, key_id), L(bpn_signed_receipt, signature), END};
static const bpn_field event_layout[] = {
  L(bp_event, sequence), L(bp_event, wall_ms), L(bp_event, timestamp_us), L(bp_event, segment_id), L(bp_event, offset),
  L(bp_event, entity), L(bp_event, scope), L(bp_event, payload), L(bp_event, extensions), L(bp_event, entity_length),
  L(bp_event, scope_length), L(bp_event, payload_length), L(bp_event, extension_count), L(bp_event, frame_length),
  L(bp_event, clock), L(bp_event, lane), L(bp_event, depth), L(bp_event, status), L(bp_event, kind), L(bp_event, flags),
  L(bp_event, payload_form), L(bp_event, event_id), L(bp_event, correlation_id), L(bp_event, causation_id),
  L(bp_event, prev_hash), L(bp_event, event_hash), END};
static const bpn_field query_layout[] = {
  L(bp_query, struct_size), L(bp_query, flags), L(bp_query, after), L(bp_query, entity), L(bp_query, entity_length),
  L(bp_query, scope), L(bp_query, scope_length), L(bp_query, limit), L(bp_query, max_bytes), L(bp_query, kind_filter),
  L(bp_query, kind), L(bp_query, clock_min), L(bp_query, clock_max), END};
static const bpn_field token_layout[] = {L(bp_token, type), L(bp_token, reserved), L(bp_token, number), L(bp_token, offset), END};
#undef L

static uint64_t unsigned_of(const void *at, uint16_t size) {
  uint64_t number = 0;
  memcpy(&number, at, size);  /* the library builds for little-endian machines alone */
  return number;
}

static napi_value field_value(napi_env env, const bpn_field *field, const uint8_t *at) {
  napi_value value = NULL;
  int32_t number;
  const char *text;
  switch (field->form) {
    case 'b': return bpn_copy_bytes(env, at, field->size);
    case 's': memcpy(&text, at, sizeof text); return bpn_text(env, text == NULL ? "" : text);
    case 'i':
      if (field->size == 8) {
        napi_create_bigint_int64(env, (int64_t)unsigned_of(at, 8), &value);
        return value;
      }
      memcpy(&number, at, sizeof number);
      napi_create_int32(env, number, &value);
      return value;
    default: break;
  }
  if (field->size == 8) {
    napi_create_bigint_uint64(env, unsigned_of(at, 8), &value);
  } else {
    napi_create_uint32(env, (uint32_t)unsigned_of(at, field->size), &value);
  }
  return value;
}

static bool set_camel(napi_env env, napi_value object, const char *name, napi_value value) {
  char camel[64];
  bpn_camel(name, camel);
  return value != NULL && bpn_set(env, object, camel, value);
}

napi_value bpn_record_value(napi_env env, const bpn_field *fields, const void *record) {
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  for (const bpn_field *field = fields; field->name != NULL; field++) {
    napi_value value = field_value(env, field, (const uint8_t *)record + field->offset);
    if (!set_camel(env, object, field->name, value)) return NULL;
  }
  return object;
}

static napi_value layout_value(napi_env env, const bpn_field *fields, size_t size) {
  napi_value object, value;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  if (napi_create_uint32(env, (uint32_t)size, &value) != napi_ok || !bpn_set(env, object, "size", value)) return NULL;
  for (const bpn_field *field = fields; field->name != NULL; field++) {
    if (napi_create_uint32(env, field->offset, &value) != napi_ok) return NULL;
    if (!bpn_set(env, object, field->name, value)) return NULL;
  }
  return object;
}

napi_value bpn_layouts(napi_env env) {
  static const struct {
    const char *name;
    const bpn_field *fields;
    size_t size;
  } layouts[] = {{"draft", draft_layout, sizeof(bp_draft)},
                 {"new_draft", new_draft_layout, sizeof(bpn_draft)},
                 {"extension", extension_layout, sizeof(bp_extension)},
                 {"receipt", receipt_layout, sizeof(bpn_receipt)},
                 {"event", event_layout, sizeof(bp_event)},
                 {"query", query_layout, sizeof(bp_query)},
                 {"token", token_layout, sizeof(bp_token)}};
  napi_value all;
  if (napi_create_object(env, &all) != napi_ok) return NULL;
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
    napi_value layout = layout_value(env, layouts[i].fields, layouts[i].size);
    if (layout == NULL || !bpn_set(env, all, layouts[i].name, layout)) return NULL;
  }
  return all;
}
