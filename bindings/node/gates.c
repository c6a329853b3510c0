/* Gates that are functions of JavaScript, and asking them.
 *
 * The set knows its gates by their place alone: the function that asks the gate of a place is given to each evaluation, so that
 * nothing here keeps alive what may itself hold on to the set. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

typedef struct gate_user {
  bpn_box *box;
  uint32_t index;
} gate_user;

/* --- texts */

static napi_value text_value(napi_env env, const uint8_t *data, size_t length) {
  napi_value value;
  return napi_create_string_utf8(env, (const char *)data, length, &value) == napi_ok ? value : NULL;
}

napi_value bpn_texts_value(napi_env env, const bp_text *texts, size_t count) {
  napi_value array;
  if (napi_create_array_with_length(env, count, &array) != napi_ok) return NULL;
  for (size_t i = 0; i < count; i++) {
    napi_value text = text_value(env, texts[i].data, texts[i].length);
    if (text == NULL || napi_set_element(env, array, (uint32_t)i, text) != napi_ok) return NULL;
  }
  return array;
}

bool bpn_texts_take(napi_env env, napi_value array, bp_text **texts, size_t *count) {
  uint32_t length = 0;
  napi_value item;
  *texts = NULL;
  if (array == NULL || napi_get_array_length(env, array, &length) != napi_ok) {
    bpn_refuse(env, BP_ARGUMENT, "texts are a list");
    return false;
  }
  bp_text *taken = calloc((size_t)length + 1, sizeof *taken);
  if (taken == NULL) {
    bpn_refuse(env, BP_NO_MEMORY, "taking texts");
    return false;
  }
  for (uint32_t i = 0; i < length; i++) {
    if (napi_get_element(env, array, i, &item) == napi_ok && bpn_bytes(env, item, &taken[i].data, &taken[i].length)) continue;
    free(taken);
    return false;
  }
  *texts = taken;
  *count = length;
  return true;
}

/* --- one gate */

/* [code, message, key, value, ...] */
static bp_status write_denial(napi_env env, napi_value array, bp_denial_writer *writer) {
  bp_text *texts;
  size_t count;
  if (!bpn_texts_take(env, array, &texts, &count)) return BP_STOPPED;
  bp_status status = BP_ARGUMENT;
  if (count >= 2) {
    status = bp_denial_writer_set(writer, texts[0].data, texts[0].length, texts[1].data, texts[1].length);
  }
  for (size_t i = 2; i + 1 < count && status == BP_OK; i += 2) {
    status = bp_denial_writer_add(writer, texts[i].data, texts[i].length, texts[i + 1].data, texts[i + 1].length);
  }
  free(texts);
  return status == BP_OK ? BP_DENIED : status;
}

/* Undefined permits, a list denies; bytes are the message of a defect. */
static bp_status understand(napi_env env, napi_value answer, bp_denial_writer *writer) {
  napi_valuetype type;
  bool is_array = false;
  const uint8_t *message;
  size_t length;
  if (napi_typeof(env, answer, &type) != napi_ok) return BP_STOPPED;
  if (type == napi_undefined) return BP_OK;
  if (napi_is_array(env, answer, &is_array) == napi_ok && is_array) return write_denial(env, answer, writer);
  if (!bpn_bytes(env, answer, &message, &length)) return BP_STOPPED;
  (void)bp_denial_writer_set(writer, NULL, 0, message, length);
  return BP_STOPPED;
}

/* An exception can only be one of this layer, or the end of the thread: it stays pending, and no further gate is asked. */
static bp_status ask(void *user, const uint8_t *context, size_t context_length, bp_denial_writer *writer) {
  (void)context, (void)context_length;
  const gate_user *gate = user;
  const bpn_call *call = gate->box->call;
  napi_handle_scope scope;
  napi_value receiver, index, answer;
  bool pending = true;
  if (call == NULL || napi_is_exception_pending(call->env, &pending) != napi_ok || pending) return BP_STOPPED;
  napi_env env = call->env;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return BP_STOPPED;
  bp_status status = BP_STOPPED;
  if (napi_get_undefined(env, &receiver) == napi_ok && napi_create_uint32(env, gate->index, &index) == napi_ok &&
      napi_call_function(env, receiver, call->function, 1, &index, &answer) == napi_ok) {
    status = understand(env, answer, writer);
  }
  napi_close_handle_scope(env, scope);
  return status;
}

/* --- the set */

static bp_status push(bpn_box *box, bp_text name, bp_text description, uint32_t index, bp_error *error) {
  gate_user *user = malloc(sizeof *user);
  if (user == NULL) return BP_NO_MEMORY;
  *user = (gate_user){box, index};
  bp_gate gate;
  bp_gate_init(&gate, sizeof gate);
  gate.name = name.data;
  gate.name_length = name.length;
  gate.description = description.data;
  gate.description_length = description.length;
  gate.evaluate = ask;
  gate.user = user;
  gate.destroy = free;
  bp_status status = bp_gates_push(box->held, &gate, error);
  if (status != BP_OK) free(user);
  return status;
}

static napi_value new_set(bpn_state *state, const bp_text *names, const bp_text *descriptions, size_t count) {
  bp_error error;
  bp_gates *gates = NULL;
  bpn_error_clear(&error);
  bpn_box *box = bpn_box_make(state, BPN_GATES);
  if (box == NULL) return bpn_refuse(state->env, BP_NO_MEMORY, "making a set of gates");
  bp_status status = bp_gates_new(&gates, &error);
  box->held = gates;
  for (size_t i = 0; i < count && status == BP_OK; i++) status = push(box, names[i], descriptions[i], (uint32_t)i, &error);
  if (status == BP_OK) return bpn_box_value(state, box);
  bpn_box_drop(box);
  return bpn_throw(state->env, status, &error);
}

/* gates_new(names, descriptions): both in UTF-8 */
napi_value bpn_gates_new(napi_env env, napi_callback_info info) {
  napi_value arguments[2], handle = NULL;
  bpn_state *state = bpn_enter(env, info, 2, arguments);
  bp_text *names = NULL, *descriptions = NULL;
  size_t count, described;
  if (state != NULL && bpn_texts_take(env, arguments[0], &names, &count) &&
      bpn_texts_take(env, arguments[1], &descriptions, &described)) {
    handle = count == described ? new_set(state, names, descriptions, count)
                                : bpn_refuse(env, BP_ARGUMENT, "each gate has a name and a description");
  }
  free(names);
  free(descriptions);
  return handle;
}

static bp_gates *gates_of(bpn_state *state, napi_value value) {
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, value, BPN_GATES);
  return box == NULL ? NULL : box->held;
}

static napi_value texts(napi_env env, napi_callback_info info, const bp_text *(*get)(const bp_gates *gates, size_t *count)) {
  napi_value value;
  size_t count;
  bpn_state *state = bpn_enter(env, info, 1, &value);
  bp_gates *gates = gates_of(state, value);
  if (gates == NULL) return NULL;
  const bp_text *all = get(gates, &count);
  return bpn_texts_value(env, all, count);
}

napi_value bpn_gates_names(napi_env env, napi_callback_info info) { return texts(env, info, bp_gates_names); }

napi_value bpn_gates_descriptions(napi_env env, napi_callback_info info) { return texts(env, info, bp_gates_descriptions); }

/* --- denials: { position, texts: [gate, code, message, key, value, ...] } */

static bool put_text(napi_env env, napi_value array, uint32_t at, const uint8_t *data, size_t length) {
  napi_value text = text_value(env, data, length);
  return text != NULL && napi_set_element(env, array, at, text) == napi_ok;
}

static napi_value denial_value(napi_env env, const bp_denial *denial) {
  napi_value object, position, texts;
  if (napi_create_object(env, &object) != napi_ok || napi_create_uint32(env, denial->position, &position) != napi_ok ||
      napi_create_array(env, &texts) != napi_ok || !bpn_set(env, object, "position", position) ||
      !bpn_set(env, object, "texts", texts) || !put_text(env, texts, 0, denial->gate, denial->gate_length) ||
      !put_text(env, texts, 1, denial->code, denial->code_length) ||
      !put_text(env, texts, 2, denial->message, denial->message_length)) {
    return NULL;
  }
  for (size_t i = 0; i < denial->context_count; i++) {
    const bp_pair *pair = &denial->context[i];
    if (!put_text(env, texts, (uint32_t)(3 + 2 * i), pair->key, pair->key_length) ||
        !put_text(env, texts, (uint32_t)(4 + 2 * i), pair->value, pair->value_length)) {
      return NULL;
    }
  }
  return object;
}

/* Frees the list. */
static napi_value denials_value(napi_env env, bp_denials *denials) {
  napi_value array;
  size_t count;
  const bp_denial *items = bp_denials_items(denials, &count);
  bool good = napi_create_array_with_length(env, count, &array) == napi_ok;
  for (size_t i = 0; i < count && good; i++) {
    napi_value denial = denial_value(env, &items[i]);
    good = denial != NULL && napi_set_element(env, array, (uint32_t)i, denial) == napi_ok;
  }
  bp_denials_free(denials);
  return good ? array : NULL;
}

/* --- evaluation */

/* The error, with the denials beside; or what stopped it. */
static napi_value fail(napi_env env, bp_status status, const bp_error *error, bp_denials *denials) {
  bool pending = true;
  if (denials == NULL || napi_is_exception_pending(env, &pending) != napi_ok || pending) {
    bp_denials_free(denials);
    return bpn_throw(env, status, error);
  }
  napi_value list = denials_value(env, denials);
  napi_value value = list == NULL ? NULL : bpn_error_value(env, status, error);
  if (value != NULL && bpn_set(env, value, "denials", list)) napi_throw(env, value);
  return NULL;
}

/* gates_evaluate(gates, ask): the draft lies in the scratch buffer.  The library copies it before it asks, so a gate may use
 * the buffer anew. */
napi_value bpn_gates_evaluate(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  bpn_state *state = bpn_enter(env, info, 2, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_GATES);
  bp_draft draft;
  if (box == NULL || !bpn_draft_take(state, &draft)) return NULL;
  bp_error error;
  bp_permit *permit = NULL;
  bp_denials *denials = NULL;
  bpn_call call;
  bpn_error_clear(&error);
  bpn_call_begin(&call, env, box, arguments[1]);
  bp_status status = bp_gates_evaluate(box->held, NULL, 0, &draft, &permit, &denials, &error);
  bpn_call_end(box, &call);
  bpn_draft_free(&draft);
  return status == BP_OK ? bpn_handle_of(state, BPN_PERMIT, permit) : fail(env, status, &error, denials);
}

/* gates_evaluate_all(gates, ask): the denials */
napi_value bpn_gates_evaluate_all(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  bpn_state *state = bpn_enter(env, info, 2, arguments);
  bpn_box *box = state == NULL ? NULL : bpn_box_of(state, arguments[0], BPN_GATES);
  if (box == NULL) return NULL;
  bp_error error;
  bp_denials *denials = NULL;
  bpn_call call;
  bool pending = true;
  bpn_error_clear(&error);
  bpn_call_begin(&call, env, box, arguments[1]);
  bp_status status = bp_gates_evaluate_all(box->held, NULL, 0, &denials, &error);
  bpn_call_end(box, &call);
  bool is_answer = status == BP_OK || status == BP_DENIED;
  if (is_answer && napi_is_exception_pending(env, &pending) == napi_ok && !pending) return denials_value(env, denials);
  return fail(env, status, &error, denials);
}
