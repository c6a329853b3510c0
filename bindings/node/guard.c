/* Permits, denials and steps on their way into a store. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

bool bpn_draft_take(bpn_state *state, bp_draft *draft) {
  bpn_arena arena = {state->scratch, state->scratch_length};
  size_t at = BPN_SCRATCH_HEADER;
  bool more;
  bp_draft_init(draft, sizeof *draft);
  if (bpn_draft_read(&arena, &at, draft, &more)) return true;
  bpn_refuse(state->env, BP_ARGUMENT, "a draft that points outside of its bytes");
  return false;
}

/* --- one append, whatever it goes by */

typedef struct append {
  bp_store *store;
  const bp_draft *draft;
  bp_status (*call)(const struct append *append, bp_receipt *receipt, bp_error *error);
  bp_permit *permit;
  const bp_gates *gates;
  const bp_denial *denial;
  const uint8_t *content_hash;
  const bp_text *pipeline;
  const bp_machine *machine;
  uint32_t from, to;
} append;

/* A receipt with room for its extensions. */
static bool make_receipt(bp_receipt *receipt, size_t capacity) {
  bp_receipt_init(receipt, sizeof *receipt);
  receipt->extensions = malloc(capacity + 1);
  receipt->extensions_capacity = capacity;
  return receipt->extensions != NULL;
}

/* Only a replay can have more extensions than the draft says.  Its event is there, so its draft alone, by the key, answers the
 * same receipt; a permit would be used by now. */
static bp_status complete(const append *append, bp_receipt *receipt, bp_error *error) {
  bp_draft again = *append->draft;
  bp_receipt whole;
  again.gate = BP_GATE_NONE;
  again.allow_reserved = 1;
  if (!make_receipt(&whole, receipt->extensions_length)) return BP_NO_MEMORY;
  bp_status status = bp_store_append(append->store, &again, &whole, error);
  /* Whether the payload is the same was judged for what was written, not for this draft. */
  whole.same = receipt->same;
  free(receipt->extensions);
  *receipt = whole;
  return status;
}

/* The receipt, as an answer of many; of a failure the error, with the receipt where the event is in the store all the same. */
static napi_value run(napi_env env, const append *append) {
  bp_error error;
  bp_receipt receipt;
  bpn_error_clear(&error);
  if (!make_receipt(&receipt, bpn_extensions_need(append->draft))) return bpn_refuse(env, BP_NO_MEMORY, "making a receipt");
  bp_status status = append->call(append, &receipt, &error);
  bool is_there = status == BP_OK || receipt.frame_length != 0;
  if (is_there && receipt.extensions_length > receipt.extensions_capacity) {
    bp_status completed = complete(append, &receipt, status == BP_OK ? &error : NULL);
    if (status == BP_OK) status = completed;
  }
  bpn_batch one = {.receipts = &receipt, .count = 1, .accepted = 1, .is_signed = receipt.has_signature != 0,
                   .extensions = receipt.extensions, .extensions_length = receipt.extensions_length};
  napi_value value;
  if (status == BP_OK) {
    value = bpn_batch_answer(env, &one);
  } else if (is_there) {
    value = bpn_batch_failure(env, &one, status, &error);
    if (value != NULL) napi_throw(env, value);
    value = NULL;
  } else {
    value = bpn_throw(env, status, &error);
  }
  free(receipt.extensions);
  return value;
}

/* --- permits */

static bp_permit *permit_of(bpn_state *state, napi_value value) {
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, value, BPN_PERMIT);
  return box == NULL ? NULL : box->held;
}

/* permit_bypass([reason, justification] or with who approved): the draft lies in the scratch buffer */
napi_value bpn_permit_bypass(napi_env env, napi_callback_info info) {
  napi_value list;
  bpn_state *state = bpn_enter(env, info, 1, &list);
  static const uint8_t no_text[1];
  bp_text *texts;
  size_t count;
  bp_draft draft;
  if (state == NULL || !bpn_texts_take(env, list, &texts, &count)) return NULL;
  bool good = count == 2 || count == 3;
  if (!good) bpn_refuse(env, BP_ARGUMENT, "a bypass has a reason and a justification");
  if (!good || !bpn_draft_take(state, &draft)) {
    free(texts);
    return NULL;
  }
  bp_bypass bypass;
  bp_permit *permit = NULL;
  bp_error error;
  bpn_error_clear(&error);
  bp_bypass_init(&bypass, sizeof bypass);
  bypass.reason = texts[0].data;
  bypass.reason_length = texts[0].length;
  bypass.justification = texts[1].data;
  bypass.justification_length = texts[1].length;
  if (count == 3) {
    bypass.approved_by = texts[2].length == 0 ? no_text : texts[2].data;
    bypass.approved_by_length = texts[2].length;
  }
  bp_status status = bp_permit_bypass(&draft, &bypass, &permit, &error);
  bpn_draft_free(&draft);
  free(texts);
  return status == BP_OK ? bpn_handle_of(state, BPN_PERMIT, permit) : bpn_throw(env, status, &error);
}

static bool set_text(napi_env env, napi_value object, const char *name, const uint8_t *text, size_t length) {
  napi_value value;
  return napi_create_string_utf8(env, (const char *)text, length, &value) == napi_ok && bpn_set(env, object, name, value);
}

/* permit_draft(permit): { kind, entity, scope, payload } */
napi_value bpn_permit_draft(napi_env env, napi_callback_info info) {
  napi_value value, object, kind;
  bpn_state *state = bpn_enter(env, info, 1, &value);
  bp_permit *permit = permit_of(state, value);
  if (permit == NULL || napi_create_object(env, &object) != napi_ok) return NULL;
  const bp_draft *draft = bp_permit_draft(permit);
  bool good = napi_create_uint32(env, draft->kind, &kind) == napi_ok && bpn_set(env, object, "kind", kind) &&
              set_text(env, object, "entity", draft->entity, draft->entity_length) &&
              set_text(env, object, "scope", draft->scope, draft->scope_length) &&
              bpn_set(env, object, "payload", bpn_copy_bytes(env, draft->payload, draft->payload_length));
  return good ? object : NULL;
}

napi_value bpn_permit_gates(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t count;
  bpn_state *state = bpn_enter(env, info, 1, &value);
  bp_permit *permit = permit_of(state, value);
  if (permit == NULL) return NULL;
  const bp_text *names = bp_permit_gates(permit, &count);
  return bpn_texts_value(env, names, count);
}

/* permit_audit(permit): [reason, justification] or with who approved; undefined where gates were asked */
napi_value bpn_permit_audit(napi_env env, napi_callback_info info) {
  napi_value value;
  bpn_state *state = bpn_enter(env, info, 1, &value);
  bp_permit *permit = permit_of(state, value);
  const bp_bypass *audit = permit == NULL ? NULL : bp_permit_audit(permit);
  if (audit == NULL) return NULL;
  const bp_text texts[] = {{audit->reason, audit->reason_length},
                           {audit->justification, audit->justification_length},
                           {audit->approved_by, audit->approved_by_length}};
  return bpn_texts_value(env, texts, audit->approved_by == NULL ? 2 : 3);
}

static bp_status commit_permit(const append *append, bp_receipt *receipt, bp_error *error) {
  return bp_store_commit_permit(append->store, append->permit, receipt, error);
}

/* commit_permit(store, permit) */
napi_value bpn_store_commit_permit(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  bpn_state *state = bpn_enter(env, info, 2, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  bp_permit *permit = box == NULL ? NULL : permit_of(state, arguments[1]);
  if (permit == NULL) return NULL;
  return run(env, &(append){.store = box->held, .draft = bp_permit_draft(permit), .call = commit_permit, .permit = permit});
}

/* --- denials */

static bp_status append_denial(const append *append, bp_receipt *receipt, bp_error *error) {
  const bp_text *pipeline = append->pipeline;
  return bp_store_append_denial(append->store, append->draft, append->gates, append->denial, append->draft->kind,
                                append->content_hash, pipeline->data, pipeline->length, receipt, error);
}

/* Gate, code, message, and pairs behind them; the pairs are to be freed. */
static bool fill_denial(napi_env env, const bp_text *texts, size_t count, bp_denial *denial) {
  if (count < 3) {
    bpn_refuse(env, BP_ARGUMENT, "a denial has a gate, a code and a message");
    return false;
  }
  size_t pair_count = (count - 3) / 2;
  bp_pair *pairs = calloc(pair_count + 1, sizeof *pairs);
  if (pairs == NULL) {
    bpn_refuse(env, BP_NO_MEMORY, "taking a denial");
    return false;
  }
  for (size_t i = 0; i < pair_count; i++) {
    const bp_text *key = &texts[3 + 2 * i], *value = key + 1;
    pairs[i] = (bp_pair){key->data, key->length, value->data, value->length};
  }
  denial->gate = texts[0].data;
  denial->gate_length = texts[0].length;
  denial->code = texts[1].data;
  denial->code_length = texts[1].length;
  denial->message = texts[2].data;
  denial->message_length = texts[2].length;
  denial->context = pairs;
  denial->context_count = pair_count;
  return true;
}

/* The hash is undefined where there is none; the pipeline's name too, and one of no letters is one. */
static bool take_rest(napi_env env, const napi_value arguments[2], const uint8_t **content_hash, bp_text *pipeline) {
  static const uint8_t no_text[1];
  napi_valuetype type;
  *content_hash = NULL;
  if (napi_typeof(env, arguments[0], &type) != napi_ok) return false;
  if (type != napi_undefined && !bpn_fixed_bytes(env, arguments[0], 32, content_hash)) return false;
  if (napi_typeof(env, arguments[1], &type) != napi_ok || !bpn_bytes(env, arguments[1], &pipeline->data, &pipeline->length)) {
    return false;
  }
  if (type != napi_undefined && pipeline->length == 0) pipeline->data = no_text;
  return true;
}

/* append_denial(store, gates, texts, position, content_hash, pipeline): the draft, whose kind is the proposed one, lies in the
 * scratch buffer */
napi_value bpn_store_append_denial(napi_env env, napi_callback_info info) {
  napi_value arguments[6], answer = NULL;
  bpn_state *state = bpn_enter(env, info, 6, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  bpn_box *gates = box == NULL ? NULL : bpn_box_of(state, arguments[1], BPN_GATES);
  bp_text *texts, pipeline;
  const uint8_t *content_hash;
  size_t count;
  bp_denial denial;
  bp_draft draft;
  bp_denial_init(&denial, sizeof denial);
  if (gates == NULL || !bpn_uint32(env, arguments[3], &denial.position) ||
      !take_rest(env, arguments + 4, &content_hash, &pipeline) || !bpn_texts_take(env, arguments[2], &texts, &count)) {
    return NULL;
  }
  if (fill_denial(env, texts, count, &denial) && bpn_draft_take(state, &draft)) {
    answer = run(env, &(append){.store = box->held, .draft = &draft, .call = append_denial, .gates = gates->held,
                                .denial = &denial, .content_hash = content_hash, .pipeline = &pipeline});
    bpn_draft_free(&draft);
  }
  free((void *)(uintptr_t)denial.context);
  free(texts);
  return answer;
}

/* --- steps */

static bp_status apply_transition(const append *append, bp_receipt *receipt, bp_error *error) {
  return bp_store_apply_transition(append->store, append->machine, append->from, append->to, append->draft, receipt, error);
}

/* The table of a machine: from, to and kind, each a number of 32 bits. */
static bp_transition *take_steps(napi_env env, napi_value value, size_t *count) {
  const uint8_t *bytes;
  size_t length;
  uint32_t row[3];
  if (!bpn_bytes(env, value, &bytes, &length)) return NULL;
  *count = length / sizeof row;
  bp_transition *steps = calloc(*count + 1, sizeof *steps);
  if (steps == NULL) {
    bpn_refuse(env, BP_NO_MEMORY, "taking a machine");
    return NULL;
  }
  for (size_t i = 0; i < *count; i++) {
    memcpy(row, bytes + i * sizeof row, sizeof row);
    steps[i] = (bp_transition){row[0], row[1], (uint16_t)row[2], 0};
  }
  return steps;
}

/* apply_transition(store, [name, state, ...], steps, from, to): the draft lies in the scratch buffer; kind 0: the step's */
napi_value bpn_store_apply_transition(napi_env env, napi_callback_info info) {
  napi_value arguments[5], answer = NULL;
  bpn_state *state = bpn_enter(env, info, 5, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_STORE);
  bp_text *texts;
  size_t count;
  uint32_t from, to;
  bp_machine machine;
  bp_draft draft;
  if (box == NULL || !bpn_uint32(env, arguments[3], &from) || !bpn_uint32(env, arguments[4], &to) ||
      !bpn_texts_take(env, arguments[1], &texts, &count)) {
    return NULL;
  }
  bp_machine_init(&machine, sizeof machine);
  bp_transition *steps = take_steps(env, arguments[2], &machine.transition_count);
  if (steps != NULL && bpn_draft_take(state, &draft)) {
    machine.transitions = steps;
    machine.states = count == 0 ? NULL : texts + 1;
    machine.state_count = count == 0 ? 0 : count - 1;
    machine.name = texts[0].data; /* nothing where there are no texts: the list is longer by one than it says */
    machine.name_length = texts[0].length;
    answer = run(env, &(append){.store = box->held, .draft = &draft, .call = apply_transition, .machine = &machine, .from = from, .to = to});
    bpn_draft_free(&draft);
  }
  free(steps);
  free(texts);
  return answer;
}
