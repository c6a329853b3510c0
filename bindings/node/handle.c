/* Handles: externals over boxes, known by the environment's set of live boxes. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

/* --- the set */

static size_t slot_of(const bpn_state *state, const void *pointer) {
  return (size_t)(((uintptr_t)pointer >> 4) * 0x9e3779b97f4a7c15u >> 20) & (state->box_capacity - 1);
}

static bool set_has(const bpn_state *state, const void *pointer) {
  if (state->box_capacity == 0) return false;
  for (size_t i = slot_of(state, pointer);; i = (i + 1) & (state->box_capacity - 1)) {
    if (state->boxes[i] == pointer) return pointer != NULL;
    if (state->boxes[i] == NULL) return false;
  }
}

static void set_put(bpn_state *state, bpn_box *box) {
  size_t i = slot_of(state, box);
  while (state->boxes[i] != NULL) i = (i + 1) & (state->box_capacity - 1);
  state->boxes[i] = box;
}

static bool set_grow(bpn_state *state) {
  if ((state->box_count + 1) * 2 <= state->box_capacity) return true;
  bpn_box **old = state->boxes;
  size_t old_capacity = state->box_capacity;
  size_t capacity = old_capacity == 0 ? 16 : old_capacity * 2;
  bpn_box **fresh = calloc(capacity, sizeof *fresh);
  if (fresh == NULL) return false;
  state->boxes = fresh;
  state->box_capacity = capacity;
  for (size_t i = 0; i < old_capacity; i++) {
    if (old[i] != NULL) set_put(state, old[i]);
  }
  free(old);
  return true;
}

/* Those behind the gap move up, so that a search never ends at it. */
static void set_remove(bpn_state *state, bpn_box *box) {
  size_t mask = state->box_capacity - 1, i = slot_of(state, box);
  while (state->boxes[i] != box) i = (i + 1) & mask;
  state->boxes[i] = NULL;
  state->box_count--;
  for (size_t next = (i + 1) & mask; state->boxes[next] != NULL; next = (next + 1) & mask) {
    bpn_box *moving = state->boxes[next];
    state->boxes[next] = NULL;
    set_put(state, moving);
  }
}

void bpn_box_set_free(bpn_state *state) {
  for (size_t i = 0; i < state->box_capacity; i++) {
    if (state->boxes[i] != NULL) state->boxes[i]->state = NULL;
  }
  free(state->boxes);
}

/* --- the box */

void bpn_box_keep(bpn_box *box) { atomic_fetch_add(&box->users, 1); }

void bpn_box_drop(bpn_box *box) {
  if (atomic_fetch_sub(&box->users, 1) != 1) return;
  bpn_box_let_go(box);
  bpn_box_log_end(box);
  bpn_box_fault_end(box);
  if (box->store != NULL) bpn_box_drop(box->store);
  free(box);
}

static void finalize(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  bpn_box *box = data;
  if (box->state != NULL) set_remove(box->state, box);
  box->state = NULL;
  bpn_box_drop(box);
}

bpn_box *bpn_box_make(bpn_state *state, bpn_kind kind) {
  bpn_box *box = calloc(1, sizeof *box);
  if (box == NULL) return NULL;
  box->kind = kind;
  box->state = state;
  atomic_init(&box->users, 1);
  return box;
}

napi_value bpn_box_value(bpn_state *state, bpn_box *box) {
  napi_value value;
  if (!set_grow(state) || napi_create_external(state->env, box, finalize, NULL, &value) != napi_ok) {
    bpn_box_drop(box);
    return bpn_refuse(state->env, BP_NO_MEMORY, "making a handle");
  }
  set_put(state, box);
  state->box_count++;
  return value;
}

static const char *const not_one[] = {[BPN_STORE] = "not a store", [BPN_REPORT] = "not a report",
                                       [BPN_GATES] = "not a set of gates", [BPN_PERMIT] = "not a permit",
                                       [BPN_TICKET] = "not a ticket", [BPN_FENCE] = "not a fence"};

bpn_box *bpn_box_any(bpn_state *state, napi_value value, bpn_kind kind) {
  void *pointer = NULL;
  if (value == NULL || napi_get_value_external(state->env, value, &pointer) != napi_ok || !set_has(state, pointer) ||
      ((bpn_box *)pointer)->kind != kind) {
    bpn_refuse(state->env, BP_ARGUMENT, not_one[kind]);
    return NULL;
  }
  return pointer;
}

bpn_box *bpn_box_of(bpn_state *state, napi_value value, bpn_kind kind) {
  bpn_box *box = bpn_box_any(state, value, kind);
  if (box == NULL) return NULL;
  if (box->held == NULL || box->gone) {
    bpn_refuse(state->env, BP_CLOSED, kind == BPN_STORE ? "the store is closed" : "it was freed");
    return NULL;
  }
  bpn_clock_read(state, box);
  return box;
}

void bpn_clock_read(bpn_state *state, bpn_box *box) {
  if (!box->has_clock || state->scratch_length < BPN_SCRATCH_HEADER) return;
  int64_t now;
  memcpy(&now, state->scratch, sizeof now);
  atomic_store_explicit(&box->clock_us, now, memory_order_relaxed);
}

void bpn_call_begin(bpn_call *call, napi_env env, bpn_box *box, napi_value function) {
  napi_valuetype type;
  *call = (bpn_call){env, function, box->call};
  if (function != NULL && napi_typeof(env, function, &type) == napi_ok && type == napi_function) box->call = call;
}

void bpn_call_end(bpn_box *box, bpn_call *call) { box->call = call->outer; }

void *bpn_held(bpn_state *state, napi_value value, bpn_kind kind) {
  bpn_box *box = bpn_box_of(state, value, kind);
  return box == NULL ? NULL : box->held;
}

static void free_held(bpn_kind kind, void *held) {
  switch (kind) {
    case BPN_STORE: bp_store_release(held); break;
    case BPN_REPORT: bp_report_free(held); break;
    case BPN_GATES: bp_gates_free(held); break;
    case BPN_PERMIT: bp_permit_free(held); break;
    case BPN_TICKET: bp_ticket_free(held); break;
    case BPN_FENCE: bp_fence_free(held); break;
  }
}

napi_value bpn_handle_of(bpn_state *state, bpn_kind kind, void *held) {
  bpn_box *box = bpn_box_make(state, kind);
  if (box != NULL) {
    box->held = held;
    return bpn_box_value(state, box);
  }
  free_held(kind, held);
  return bpn_refuse(state->env, BP_NO_MEMORY, "making a handle");
}

void bpn_box_let_go(bpn_box *box) {
  void *held = box->held;
  box->held = NULL;
  free_held(box->kind, held);
}

bool bpn_free_held(bpn_state *state, napi_value value, bpn_kind kind) {
  bpn_box *box = bpn_box_any(state, value, kind);
  if (box == NULL) return false;
  bpn_clock_read(state, box);
  /* A call on another thread still uses it: the last to go frees it, and new calls learn that it is closed. */
  box->gone = true;
  if (box->running == 0) bpn_box_let_go(box);
  return true;
}

napi_value bpn_busy(napi_env env, const bpn_box *box) {
  bp_error error;
  bpn_error_clear(&error);
  error.code = BP_BUSY;
  error.actual = box->running;
  return bpn_throw(env, BP_BUSY, &error);
}
