/* The payload of a denial's event (encoding.md 3.13): every gate of the set with its verdict, by their order. */
#include "base/status.h"
#include "codec/pack.h"
#include "codec/text.h"
#include "guard/guard_internal.h"

static bp_text gate_of(const bp_denial *denial) { return (bp_text){denial->gate, denial->gate_length}; }

static int same_text(bp_text a, bp_text b) {
  return bpi_bytes_equal(bpi_bytes_of(a.data, a.length), bpi_bytes_of(b.data, b.length));
}

/* --- checks */

static bp_status check_context(const bp_denial *denial, bp_error *error) {
  bp_status status = BP_OK;
  if ((denial->context == NULL && denial->context_count > 0) || denial->context_count > UINT32_MAX) {
    return bpi_fail(error, BP_ARGUMENT, "the denial's context has a length that it cannot have");
  }
  for (size_t i = 0; i < denial->context_count && status == BP_OK; i++) {
    const bp_pair *pair = &denial->context[i];
    status = bpi_text_check(pair->key, pair->key_length, "a key of the context", error);
    if (status == BP_OK) status = bpi_text_check(pair->value, pair->value_length, "a value of the context", error);
  }
  return status;
}

static bp_status check_denial(const bp_denial *denial, bp_error *error) {
  bp_status status =
      bpi_check_struct(denial, denial == NULL ? 0 : denial->struct_size, sizeof *denial, sizeof *denial, error);
  if (status == BP_OK) status = bpi_text_check(denial->gate, denial->gate_length, "the gate's name", error);
  if (status == BP_OK) status = bpi_text_check(denial->code, denial->code_length, "the code", error);
  if (status == BP_OK) status = bpi_text_check(denial->message, denial->message_length, "the message", error);
  return status == BP_OK ? check_context(denial, error) : status;
}

/* The place of the gate that denied; the number of gates where the set has none of this name.  Where gates share a name,
 * the reference takes the first: the real one is known here. */
static bp_status find_gate(const bp_gates *gates, const bp_denial *denial, size_t *found, bp_error *error) {
  size_t i = 0;
  if (denial->position > 0) {
    i = denial->position - 1;
    if (i >= gates->count || !same_text(gates->names[i], gate_of(denial))) {
      return bpi_fail(error, BP_ARGUMENT, "the denial is of another set of gates");
    }
  } else {
    while (i < gates->count && !same_text(gates->names[i], gate_of(denial))) i++;
  }
  *found = i;
  return BP_OK;
}

/* --- writing */

/* A gate's id is its name where that is ASCII and not empty, else its bytes in hexadecimal. */
static void pack_gate_id(bpi_buffer *out, bp_text name) {
  static const char prefix[] = "invalid:";
  enum { PREFIX = sizeof prefix - 1 };
  int is_plain = name.length > 0;
  for (size_t i = 0; i < name.length; i++) is_plain &= name.data[i] < 0x80;
  if (is_plain) {
    bpi_pack_str(out, name.data, name.length);
    return;
  }
  size_t length = bpi_size(name.length, 2, PREFIX);
  uint8_t *room = length == 0 || length > UINT32_MAX ? NULL : bpi_buffer_reserve(out, length + BPI_HEADER_MAX);
  if (room == NULL) {
    out->failed = 1;
    return;
  }
  uint8_t *at = bpi_put_str_header(room, length);
  memcpy(at, prefix, PREFIX);
  bpi_hex_encode(name.data, name.length, (char *)at + PREFIX);
  out->length += (size_t)(at - room) + length;
}

static void pack_deny(bpi_buffer *out, const bp_denial *denial) {
  bpi_pack_map(out, 1);
  bpi_pack_text(out, "Deny");
  bpi_pack_map(out, 3);
  bpi_pack_text(out, "code");
  bpi_pack_str(out, denial->code, denial->code_length);
  bpi_pack_text(out, "message");
  bpi_pack_str(out, denial->message, denial->message_length);
  bpi_pack_text(out, "context");
  bpi_pack_array(out, (uint32_t)denial->context_count);
  for (size_t i = 0; i < denial->context_count; i++) {
    const bp_pair *pair = &denial->context[i];
    bpi_pack_array(out, 2);
    bpi_pack_str(out, pair->key, pair->key_length);
    bpi_pack_str(out, pair->value, pair->value_length);
  }
}

/* `verdict` NULL: the denial. */
static void pack_evaluation(bpi_buffer *out, bp_text name, const char *verdict, const bp_denial *denial) {
  bpi_pack_map(out, 3);
  bpi_pack_text(out, "gate_id");
  pack_gate_id(out, name);
  bpi_pack_text(out, "verdict");
  if (verdict != NULL) {
    bpi_pack_text(out, verdict);
  } else {
    pack_deny(out, denial);
  }
  bpi_pack_text(out, "evidence_hash");
  bpi_pack_nil(out);
}

static void pack_trace(bpi_buffer *out, const bp_gates *gates, size_t denied, const bp_denial *denial) {
  bpi_pack_array(out, (uint32_t)(gates->count + (denied == gates->count)));
  for (size_t i = 0; i < gates->count; i++) {
    pack_evaluation(out, gates->names[i], i < denied ? "Permit" : i > denied ? "Skipped" : NULL, denial);
  }
  if (denied == gates->count) pack_evaluation(out, gate_of(denial), NULL, denial);
}

bp_status bpi_denial_payload(const bp_gates *gates, const bp_denial *denial, const bpi_refused *refused, bpi_buffer *out,
                             bp_error *error) {
  size_t denied = 0;
  if (!bpi_gates_valid(gates)) return bpi_fail(error, BP_ARGUMENT, "no set of gates");
  bp_status status = check_denial(denial, error);
  if (status == BP_OK) status = find_gate(gates, denial, &denied, error);
  if (status == BP_OK) {
    status = bpi_text_check(refused->pipeline_id.data, refused->pipeline_id.length, "the pipeline's id", error);
  }
  if (status != BP_OK) return status;
  bpi_pack_map(out, 4);
  bpi_pack_text(out, "evaluations");
  pack_trace(out, gates, denied, denial);
  bpi_pack_text(out, "pipeline_id");
  if (refused->pipeline_id.data == NULL) {
    bpi_pack_nil(out);
  } else {
    bpi_pack_str(out, refused->pipeline_id.data, refused->pipeline_id.length);
  }
  bpi_pack_text(out, "proposed_kind");
  bpi_pack_u64(out, refused->kind);
  bpi_pack_text(out, "proposed_content_hash");
  if (refused->content_hash == NULL) {
    bpi_pack_nil(out);
  } else {
    bpi_pack_octets(out, refused->content_hash, 32);
  }
  return out->failed ? bpi_fail(error, BP_NO_MEMORY, "encoding a denial") : BP_OK;
}
