/* Sets of gates, and asking them.  Nothing here holds a lock: a gate may call into a store, or evaluate another set. */
#include "base/status.h"
#include "codec/text.h"
#include "guard/guard_internal.h"

int bpi_gates_valid(const bp_gates *gates) { return gates != NULL && gates->magic == BPI_GATES_MAGIC; }

bp_status bpi_text_check(const uint8_t *data, size_t length, const char *what, bp_error *error) {
  if ((data == NULL && length > 0) || length > UINT32_MAX) {
    return bpi_fail(error, BP_ARGUMENT, "%s has a length that it cannot have", what);
  }
  return bpi_utf8_valid(data, length) ? BP_OK : bpi_fail(error, BP_UTF8, "%s is not UTF-8", what);
}

bp_status bp_gate_init(bp_gate *gate, size_t size) {
  static const bp_gate defaults;
  return bpi_init_struct(gate, size, &defaults, sizeof defaults);
}

/* --- the set */

bp_status bpi_gates_new(const bpi_memory *memory, bp_gates **gates, bp_error *error) {
  bp_gates *made = (bp_gates *)bpi_allocate(memory, sizeof *made);
  *gates = made;
  if (made == NULL) return bpi_fail(error, BP_NO_MEMORY, "making a set of gates");
  made->magic = BPI_GATES_MAGIC;
  made->memory = *memory;
  atomic_store(&made->users, 1);
  bpi_arena_init(&made->texts, memory);
  return BP_OK;
}

bp_status bp_gates_new(bp_gates **gates, bp_error *error) {
  if (gates == NULL) return bpi_fail(error, BP_ARGUMENT, "nowhere to put the set");
  bpi_memory memory = bpi_memory_default();
  return bpi_gates_new(&memory, gates, error);
}

static void leave(bp_gates *gates) {
  if (atomic_fetch_sub(&gates->users, 1) != 1) return;
  bpi_memory memory = gates->memory;
  gates->magic = 0;
  for (size_t i = 0; i < gates->count; i++) {
    if (gates->gates[i].destroy != NULL) gates->gates[i].destroy(gates->gates[i].user);
  }
  bpi_release(&memory, gates->gates, gates->gate_capacity * sizeof *gates->gates);
  bpi_release(&memory, gates->names, gates->name_capacity * sizeof *gates->names);
  bpi_release(&memory, gates->descriptions, gates->description_capacity * sizeof *gates->descriptions);
  bpi_arena_free(&gates->texts);
  bpi_release(&memory, gates, sizeof *gates);
}

void bp_gates_free(bp_gates *gates) {
  if (bpi_gates_valid(gates)) leave(gates);
}

static int keep_text(bp_gates *gates, const uint8_t *data, size_t length, bp_text *kept) {
  uint8_t *copy = (uint8_t *)bpi_arena_take(&gates->texts, length);
  if (copy == NULL) return -1;
  if (length > 0) memcpy(copy, data, length);
  kept->data = copy;
  kept->length = length;
  return 0;
}

static int grow(bp_gates *gates) {
  void *rows = gates->gates, *names = gates->names, *descriptions = gates->descriptions;
  size_t needed = gates->count + 1;
  int failed = bpi_grow(&gates->memory, &rows, &gates->gate_capacity, needed, sizeof *gates->gates) != 0;
  gates->gates = (bpi_gate *)rows;
  if (failed) return -1;
  failed = bpi_grow(&gates->memory, &names, &gates->name_capacity, needed, sizeof *gates->names) != 0;
  gates->names = (bp_text *)names;
  if (failed) return -1;
  failed = bpi_grow(&gates->memory, &descriptions, &gates->description_capacity, needed, sizeof *gates->descriptions) != 0;
  gates->descriptions = (bp_text *)descriptions;
  return failed ? -1 : 0;
}

bp_status bp_gates_push(bp_gates *gates, const bp_gate *gate, bp_error *error) {
  if (!bpi_gates_valid(gates)) return bpi_fail(error, BP_ARGUMENT, "no set of gates");
  bp_status status = bpi_check_struct(gate, gate == NULL ? 0 : gate->struct_size, sizeof *gate, sizeof *gate, error);
  if (status != BP_OK) return status;
  if (gate->evaluate == NULL || gate->reserved != 0) {
    return bpi_fail(error, BP_ARGUMENT, "a gate without evaluation, or a reserved field that is not zero");
  }
  status = bpi_text_check(gate->name, gate->name_length, "the gate's name", error);
  if (status == BP_OK) {
    status = bpi_text_check(gate->description, gate->description_length, "the gate's description", error);
  }
  if (status != BP_OK) return status;
  if (atomic_load(&gates->users) != 1) return bpi_fail(error, BP_BUSY, "the set is being evaluated");
  if (gates->count == UINT32_MAX) return bpi_fail(error, BP_ARGUMENT, "more gates than the format can say");
  bp_text name, description;
  if (grow(gates) != 0 || keep_text(gates, gate->name, gate->name_length, &name) != 0 ||
      keep_text(gates, gate->description, gate->description_length, &description) != 0) {
    return bpi_fail(error, BP_NO_MEMORY, "adding a gate");
  }
  gates->gates[gates->count] = (bpi_gate){gate->evaluate, gate->user, gate->destroy};
  gates->names[gates->count] = name;
  gates->descriptions[gates->count++] = description;
  return BP_OK;
}

static const bp_text *texts(const bp_gates *gates, int of_names, size_t *count) {
  if (count != NULL) *count = 0;
  if (!bpi_gates_valid(gates)) return NULL;
  if (count != NULL) *count = gates->count;
  return of_names ? gates->names : gates->descriptions;
}

const bp_text *bp_gates_names(const bp_gates *gates, size_t *count) { return texts(gates, 1, count); }
const bp_text *bp_gates_descriptions(const bp_gates *gates, size_t *count) { return texts(gates, 0, count); }

/* --- evaluation */

/* The caller may free the set from now on; it lives until `leave`. */
static bp_gates *enter(const bp_gates *gates) {
  bp_gates *own = (bp_gates *)(uintptr_t)gates;
  atomic_fetch_add(&own->users, 1);
  return own;
}

/* Asks the gates in order, until one denies or all of them.  BP_OK however many denied. */
static bp_status ask(const bp_gates *gates, bpi_bytes context, int all, bp_denials **denials) {
  bp_status status = BP_OK;
  for (size_t i = 0; i < gates->count && status == BP_OK && (all || *denials == NULL); i++) {
    const bpi_gate *gate = &gates->gates[i];
    bp_denial_writer writer;
    bpi_denial_writer_init(&writer, &gates->memory);
    bp_status answer = gate->evaluate(gate->user, context.data, context.length, &writer);
    if (answer != BP_OK) status = bpi_denials_add(denials, &gates->memory, gates->names[i], i + 1, &writer, answer);
    bpi_denial_writer_free(&writer);
  }
  return status;
}

/* Asks, and says what came of it: BP_OK where no gate denied. */
static bp_status evaluate(const bp_gates *gates, bpi_bytes context, int all, bp_denials **denials, bp_error *error) {
  bp_denials *found = NULL;
  bp_status status = ask(gates, context, all, &found);
  if (status != BP_OK) {
    bp_denials_free(found);
    return bpi_fail(error, status, "writing down a denial");
  }
  if (found == NULL) return BP_OK;
  const bp_denial *first = &found->items[0];
  enum { SHOWN = 160 };
  int gate_length = first->gate_length < SHOWN ? (int)first->gate_length : SHOWN;
  int message_length = first->message_length < SHOWN ? (int)first->message_length : SHOWN;
  (void)bpi_fail(error, BP_DENIED, "[%.*s] %.*s", gate_length, (const char *)first->gate, message_length,
                 (const char *)first->message);
  if (denials != NULL) {
    *denials = found;
  } else {
    bp_denials_free(found);
  }
  return BP_DENIED;
}

static bp_status check_call(const bp_gates *gates, const uint8_t *context, size_t context_length, bp_error *error) {
  if (!bpi_gates_valid(gates)) return bpi_fail(error, BP_ARGUMENT, "no set of gates");
  if (context == NULL && context_length > 0) return bpi_fail(error, BP_ARGUMENT, "a length without a context");
  return BP_OK;
}

bp_status bp_gates_evaluate(const bp_gates *gates, const uint8_t *context, size_t context_length, const bp_draft *draft,
                            bp_permit **permit, bp_denials **denials, bp_error *error) {
  if (permit == NULL) return bpi_fail(error, BP_ARGUMENT, "nowhere to put the permit");
  *permit = NULL;
  if (denials != NULL) *denials = NULL;
  bp_status status = check_call(gates, context, context_length, error);
  if (status == BP_OK) status = bpi_proposal_check(draft, error);
  if (status != BP_OK) return status;
  bp_gates *own = enter(gates);
  /* The copy is made first: what a gate changes in the caller's draft is not what was proposed. */
  bp_permit *made = NULL;
  status = bpi_permit_new(own, draft, &made, error);
  if (status == BP_OK) status = evaluate(own, bpi_bytes_of(context, context_length), 0, denials, error);
  leave(own);
  if (status == BP_OK) {
    *permit = made;
  } else {
    bp_permit_free(made);
  }
  return status;
}

bp_status bp_gates_evaluate_all(const bp_gates *gates, const uint8_t *context, size_t context_length,
                                bp_denials **denials, bp_error *error) {
  if (denials == NULL) return bpi_fail(error, BP_ARGUMENT, "nowhere to put the denials");
  *denials = NULL;
  bp_status status = check_call(gates, context, context_length, error);
  if (status != BP_OK) return status;
  bp_gates *own = enter(gates);
  status = evaluate(own, bpi_bytes_of(context, context_length), 1, denials, error);
  leave(own);
  return status;
}
