/* Outcomes made of outcomes.  Results point into the caller's memory and into what was given; nothing is copied but the
 * structs.  The walks recurse once for each batch inside another, at most half the depth of the format: each batch is two
 * containers. */
#include "base/status.h"
#include "codec/pack.h"
#include "codec/unpack.h"
#include "model/outcome.h"

enum { DEEPEST = BPI_DEPTH_MAX / 2 };

typedef struct walk {
  bp_outcomes *memory;
  bp_error *error;
  /* and_then, or_else */
  bp_outcome_step step;
  void *user;
  uint32_t type;   /* what the step is for */
  /* join_all */
  uint64_t values;
} walk;

static bp_status too_deep(const walk *w) {
  return bpi_fail(w->error, BP_DEPTH, "batches of more than %d in one another", DEEPEST);
}

static bp_status no_memory(const walk *w) { return bpi_fail(w->error, BP_NO_MEMORY, "no memory for an outcome"); }

static bp_outcome *take_items(const walk *w, size_t count) {
  size_t size = bpi_size(count, sizeof(bp_outcome), 0);
  return size == 0 && count > 0 ? NULL : (bp_outcome *)bpi_arena_take(&w->memory->arena, size);
}

static void set_ok(bp_outcome *outcome, const uint8_t *value, size_t length) {
  outcome->struct_size = sizeof *outcome;
  bpi_outcome_set_ok(outcome);
  outcome->value = value;
  outcome->value_length = length;
}

static void set_batch(bp_outcome *outcome, const bp_outcome *items, size_t count) {
  memset(outcome, 0, sizeof *outcome);
  outcome->struct_size = sizeof *outcome;
  outcome->type = BP_OUTCOME_BATCH;
  outcome->items = items;
  outcome->item_count = count;
}

static bp_status check_call(bp_outcomes *outcomes, const bp_outcome *result, bp_error *error) {
  if (outcomes == NULL) return bpi_fail(error, BP_ARGUMENT, "memory for outcomes is required");
  return bpi_outcome_check(result, error);
}

/* --- steps */

static bp_status take_step(const walk *w, const bp_outcome *given, bp_outcome *next) {
  next->struct_size = sizeof *next;
  bpi_outcome_set_ok(next);
  bp_status status = w->step(w->user, given, w->memory, next);
  if (status != BP_OK) return bpi_fail(w->error, status, "a step of the caller's ended the walk");
  bp_outcome made;
  status = bpi_outcome_load(next, &made, w->error);
  if (status == BP_OK) *next = made;
  return status;
}

static bp_status walk_steps(const walk *w, const bp_outcome *given, unsigned depth, bp_outcome *next) {
  if (given->type == w->type) return take_step(w, given, next);
  if (given->type != BP_OUTCOME_BATCH) {
    *next = *given;
    return BP_OK;
  }
  if (depth == DEEPEST) return too_deep(w);
  bp_outcome *items = take_items(w, given->item_count);
  if (items == NULL) return no_memory(w);
  for (size_t i = 0; i < given->item_count; i++) {
    bp_outcome item;
    bp_status status = bpi_outcome_load_at(given->items, i, &item, w->error);
    if (status == BP_OK) status = walk_steps(w, &item, depth + 1, &items[i]);
    if (status != BP_OK) return status;
  }
  set_batch(next, items, given->item_count);
  return BP_OK;
}

static bp_status run_steps(const bp_outcome *outcome, walk *w, bp_outcome *result) {
  bp_outcome known, next;
  if (w->step == NULL) return bpi_fail(w->error, BP_ARGUMENT, "a step is required");
  bp_status status = check_call(w->memory, result, w->error);
  if (status == BP_OK) status = bpi_outcome_load(outcome, &known, w->error);
  if (status == BP_OK) status = walk_steps(w, &known, 0, &next);
  if (status == BP_OK) bpi_outcome_hand_over(&next, result);
  return status;
}

bp_status bp_outcome_and_then(const bp_outcome *outcome, bp_outcome_step step, void *user, bp_outcomes *outcomes,
                              bp_outcome *result, bp_error *error) {
  walk w = {.memory = outcomes, .error = error, .step = step, .user = user, .type = BP_OUTCOME_OK};
  return run_steps(outcome, &w, result);
}

bp_status bp_outcome_or_else(const bp_outcome *outcome, bp_outcome_step step, void *user, bp_outcomes *outcomes,
                             bp_outcome *result, bp_error *error) {
  walk w = {.memory = outcomes, .error = error, .step = step, .user = user, .type = BP_OUTCOME_ERR};
  return run_steps(outcome, &w, result);
}

/* --- zip */

/* What wins over what; an Ok and a batch are for what is left. */
static int rank(const bp_outcome *outcome) {
  switch (outcome->type) {
    case BP_OUTCOME_ERR: return 5;
    case BP_OUTCOME_CANCELLED: return 4;
    case BP_OUTCOME_RETRY: return 3;
    case BP_OUTCOME_PENDING: return 2;
    case BP_OUTCOME_BATCH: return 1;
    default: return 0;
  }
}

static bp_status pair(const walk *w, const bp_outcome *a, const bp_outcome *b, bp_outcome *result) {
  size_t size = bpi_size(1, a->value_length, BPI_HEADER_MAX);
  if (size == 0 || __builtin_add_overflow(size, b->value_length, &size)) return no_memory(w);
  uint8_t *value = (uint8_t *)bpi_arena_take(&w->memory->arena, size);
  if (value == NULL) return no_memory(w);
  uint8_t *at = bpi_put_array_header(value, 2);
  if (a->value_length > 0) memcpy(at, a->value, a->value_length);
  at += a->value_length;
  if (b->value_length > 0) memcpy(at, b->value, b->value_length);
  at += b->value_length;
  set_ok(result, value, (size_t)(at - value));
  return BP_OK;
}

static bp_status load_side(const walk *w, const bp_outcome *side, size_t index, bp_outcome *item) {
  if (side->type == BP_OUTCOME_BATCH) return bpi_outcome_load_at(side->items, index, item, w->error);
  *item = *side;
  return BP_OK;
}

static bp_status zip(const walk *w, const bp_outcome *a, const bp_outcome *b, unsigned depth, bp_outcome *result) {
  const bp_outcome *first = rank(a) >= rank(b) ? a : b;
  if (rank(first) > 1) {
    *result = *first;
    return BP_OK;
  }
  if (rank(first) == 0) return pair(w, a, b, result);
  if (depth == DEEPEST) return too_deep(w);
  if (rank(a) == rank(b) && a->item_count != b->item_count) {
    result->struct_size = sizeof *result;
    bpi_outcome_set_error(result, BP_ERROR_KIND_INTERNAL, "batches of %zu and of %zu outcomes", a->item_count,
                          b->item_count);
    return BP_OK;
  }
  bp_outcome *items = take_items(w, first->item_count);
  if (items == NULL) return no_memory(w);
  for (size_t i = 0; i < first->item_count; i++) {
    bp_outcome x, y;
    bp_status status = load_side(w, a, i, &x);
    if (status == BP_OK) status = load_side(w, b, i, &y);
    if (status == BP_OK) status = zip(w, &x, &y, depth + 1, &items[i]);
    if (status != BP_OK) return status;
  }
  set_batch(result, items, first->item_count);
  return BP_OK;
}

bp_status bp_outcome_zip(const bp_outcome *a, const bp_outcome *b, bp_outcomes *outcomes, bp_outcome *result,
                         bp_error *error) {
  walk w = {.memory = outcomes, .error = error};
  bp_outcome x, y, made;
  bp_status status = check_call(outcomes, result, error);
  if (status == BP_OK) status = bpi_outcome_load(a, &x, error);
  if (status == BP_OK) status = bpi_outcome_load(b, &y, error);
  if (status == BP_OK) status = zip(&w, &x, &y, 0, &made);
  if (status == BP_OK) bpi_outcome_hand_over(&made, result);
  return status;
}

/* --- joins */

static bp_status begin_join(const bp_outcome *items, size_t count, bp_outcomes *outcomes, const bp_outcome *result,
                            bp_error *error) {
  bp_status status = check_call(outcomes, result, error);
  if (status == BP_OK && items == NULL && count > 0) status = bpi_fail(error, BP_ARGUMENT, "a length without outcomes");
  return status;
}

/* Gathers the values of all Oks; *result is the first that is no Ok, or stays an Ok. */
static bp_status gather_all(walk *w, const bp_outcome *items, size_t count, unsigned depth, bp_outcome *result) {
  if (depth > DEEPEST) return too_deep(w);
  for (size_t i = 0; i < count && result->type == BP_OUTCOME_OK; i++) {
    bp_outcome item;
    bp_status status = bpi_outcome_load_at(items, i, &item, w->error);
    if (status != BP_OK) return status;
    if (item.type == BP_OUTCOME_OK) {
      bpi_buffer_append(&w->memory->bytes, item.value, item.value_length);
      w->values++;
    } else if (item.type == BP_OUTCOME_BATCH) {
      status = gather_all(w, item.items, item.item_count, depth + 1, result);
      if (status != BP_OK) return status;
    } else {
      *result = item;
    }
  }
  return BP_OK;
}

static bp_status hand_out_values(const walk *w, bp_outcome *result) {
  const bpi_buffer *gathered = &w->memory->bytes;
  if (w->values > UINT32_MAX) return bpi_fail(w->error, BP_ARGUMENT, "more values than the format can say");
  size_t size = bpi_size(1, gathered->length, BPI_HEADER_MAX);
  uint8_t *value = gathered->failed || size == 0 ? NULL : (uint8_t *)bpi_arena_take(&w->memory->arena, size);
  if (value == NULL) return no_memory(w);
  uint8_t *at = bpi_put_array_header(value, (uint32_t)w->values);
  if (gathered->length > 0) memcpy(at, gathered->data, gathered->length);
  set_ok(result, value, (size_t)(at - value) + gathered->length);
  return BP_OK;
}

bp_status bp_outcome_join_all(const bp_outcome *items, size_t count, bp_outcomes *outcomes, bp_outcome *result,
                              bp_error *error) {
  walk w = {.memory = outcomes, .error = error};
  bp_outcome made = {.struct_size = sizeof made, .type = BP_OUTCOME_OK};
  bp_status status = begin_join(items, count, outcomes, result, error);
  if (status != BP_OK) return status;
  outcomes->bytes.length = 0;
  status = gather_all(&w, items, count, 0, &made);
  if (status == BP_OK && made.type == BP_OUTCOME_OK) status = hand_out_values(&w, &made);
  outcomes->bytes.length = 0;
  outcomes->bytes.failed = 0;
  if (status == BP_OK) bpi_outcome_hand_over(&made, result);
  return status;
}

/* *result is the answer once its type is no Err; until then the last Err. */
static bp_status find_any(const walk *w, const bp_outcome *items, size_t count, unsigned depth, bp_outcome *result) {
  if (depth > DEEPEST) return too_deep(w);
  result->struct_size = sizeof *result;
  bpi_outcome_set_error(result, BP_ERROR_KIND_INTERNAL, "none of no outcomes is an Ok");
  for (size_t i = 0; i < count && result->type == BP_OUTCOME_ERR; i++) {
    bp_outcome item;
    bp_status status = bpi_outcome_load_at(items, i, &item, w->error);
    if (status == BP_OK && item.type == BP_OUTCOME_BATCH) {
      status = find_any(w, item.items, item.item_count, depth + 1, result);
    } else if (status == BP_OK) {
      *result = item;
    }
    if (status != BP_OK) return status;
  }
  return BP_OK;
}

bp_status bp_outcome_join_any(const bp_outcome *items, size_t count, bp_outcomes *outcomes, bp_outcome *result,
                              bp_error *error) {
  walk w = {.memory = outcomes, .error = error};
  bp_outcome made;
  bp_status status = begin_join(items, count, outcomes, result, error);
  if (status == BP_OK) status = find_any(&w, items, count, 0, &made);
  if (status == BP_OK) bpi_outcome_hand_over(&made, result);
  return status;
}
