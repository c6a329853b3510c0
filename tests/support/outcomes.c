#include "support/outcomes.h"

#include "codec/pack.h"
#include "support/check.h"

enum { DEEPEST = 4 };

static void *take(bp_outcomes *memory, size_t size) {
  void *room = bpi_arena_take(&memory->arena, size);
  CHECK(room != NULL, "no memory");
  return room;
}

static bp_outcome blank(uint32_t type) {
  bp_outcome outcome = {.struct_size = sizeof outcome, .type = type};
  return outcome;
}

static const uint8_t *word(chance *from, bp_outcomes *memory, size_t *length) {
  static const char *const words[] = {"", "a", "no", "ö", "the queue is full", "0123456789012345678901234567890123456789"};
  const char *chosen = words[chance_below(from, sizeof words / sizeof words[0])];
  *length = strlen(chosen);
  return memcpy(take(memory, *length), chosen, *length);
}

static const uint8_t *octets(chance *from, bp_outcomes *memory, size_t length) {
  uint8_t *bytes = take(memory, length);
  chance_fill(from, bytes, length);
  return bytes;
}

bp_outcome outcome_of_number(bp_outcomes *memory, uint64_t number) {
  bp_outcome outcome = blank(BP_OUTCOME_OK);
  uint8_t *value = take(memory, 9);
  outcome.value_length = (size_t)(bpi_put_u64(value, number) - value);
  outcome.value = value;
  return outcome;
}

bp_outcome outcome_batch(const bp_outcome *items, size_t count) {
  bp_outcome outcome = blank(BP_OUTCOME_BATCH);
  outcome.items = items;
  outcome.item_count = count;
  return outcome;
}

bp_outcome outcome_error(uint32_t kind, const char *message) {
  bp_outcome outcome = blank(BP_OUTCOME_ERR);
  outcome.error_kind = kind;
  outcome.message = (const uint8_t *)message;
  outcome.message_length = strlen(message);
  return outcome;
}

bp_outcome outcome_cancelled(const char *reason) {
  bp_outcome outcome = blank(BP_OUTCOME_CANCELLED);
  outcome.message = (const uint8_t *)reason;
  outcome.message_length = strlen(reason);
  return outcome;
}

static const bp_compensation *compensation(chance *from, bp_outcomes *memory) {
  if (chance_below(from, 3) == 0) return NULL;
  bp_compensation *action = take(memory, sizeof *action);
  memset(action, 0, sizeof *action);
  action->type = 1 + (uint32_t)chance_below(from, 4);
  if (action->type == BP_COMPENSATION_ROLLBACK || action->type == BP_COMPENSATION_RELEASE) {
    action->id_count = chance_below(from, 4);
    action->ids = octets(from, memory, 16 * action->id_count);
    return action;
  }
  action->text = word(from, memory, &action->text_length);
  if (action->type == BP_COMPENSATION_NOTIFY) {
    chance_fill(from, action->target_id, 16);
  } else {
    action->data_length = chance_below(from, 20);
    action->data = octets(from, memory, action->data_length);
  }
  return action;
}

static void condition(chance *from, bp_outcomes *memory, unsigned depth, bp_wait_condition *made) {
  static const uint32_t types[] = {BP_WAIT_FOR_TIME, BP_WAIT_FOR_EVENT, BP_WAIT_FOR_CUSTOM, BP_WAIT_FOR_ALL,
                                   BP_WAIT_FOR_ANY};
  memset(made, 0, sizeof *made);
  made->type = types[chance_below(from, depth < DEEPEST ? 5 : 3)];
  if (made->type == BP_WAIT_FOR_TIME) made->resume_at_ms = chance_number(from);
  if (made->type == BP_WAIT_FOR_EVENT) chance_fill(from, made->event_id, 16);
  if (made->type == BP_WAIT_FOR_CUSTOM) {
    made->tag = (uint32_t)chance_below(from, 65536);
    made->data_length = chance_below(from, 20);
    made->data = octets(from, memory, made->data_length);
  }
  if (made->type != BP_WAIT_FOR_ALL && made->type != BP_WAIT_FOR_ANY) return;
  made->item_count = chance_below(from, 4);
  bp_wait_condition *items = take(memory, made->item_count * sizeof *items);
  for (size_t i = 0; i < made->item_count; i++) condition(from, memory, depth + 1, &items[i]);
  made->items = items;
}

static bp_outcome ok(chance *from, bp_outcomes *memory) {
  static const char *const values[] = {"c0", "c3", "a161", "920102", "81a16bc0", "c4020102"};
  size_t chosen = chance_below(from, 8);
  if (chosen >= sizeof values / sizeof values[0]) return outcome_of_number(memory, chance_number(from));
  bp_outcome outcome = blank(BP_OUTCOME_OK);
  uint8_t *value = take(memory, 8);
  outcome.value_length = from_hex(values[chosen], value, 8);
  outcome.value = value;
  return outcome;
}

static bp_outcome any(chance *from, bp_outcomes *memory, unsigned depth) {
  bp_outcome outcome = blank(1 + (uint32_t)chance_below(from, depth < DEEPEST ? 6 : 5));
  switch (outcome.type) {
    case BP_OUTCOME_OK: return ok(from, memory);
    case BP_OUTCOME_ERR:
      outcome.error_kind = 1 + (uint32_t)chance_below(from, BPI_ERROR_KINDS);
      if (outcome.error_kind == BP_ERROR_KIND_CUSTOM) outcome.error_custom = (uint32_t)chance_below(from, 65536);
      outcome.compensation = compensation(from, memory);
      break;
    case BP_OUTCOME_RETRY:
      outcome.after_ms = chance_number(from);
      outcome.attempt = (uint32_t)chance_number(from);
      outcome.max_attempts = (uint32_t)chance_number(from);
      break;
    case BP_OUTCOME_PENDING: {
      bp_wait_condition *made = take(memory, sizeof *made);
      condition(from, memory, 0, made);
      outcome.condition = made;
      chance_fill(from, outcome.resume_token, 16);
      return outcome;
    }
    case BP_OUTCOME_BATCH: {
      size_t count = chance_below(from, 5);
      bp_outcome *items = take(memory, count * sizeof *items);
      for (size_t i = 0; i < count; i++) items[i] = any(from, memory, depth + 1);
      return outcome_batch(items, count);
    }
    default: break;
  }
  outcome.message = word(from, memory, &outcome.message_length);
  return outcome;
}

bp_outcome outcome_by_chance(chance *from, bp_outcomes *memory) { return any(from, memory, 0); }

bpi_bytes outcome_bytes(const bp_outcome *outcome, bp_outcomes *memory) {
  size_t needed = 0;
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_outcome_encode(outcome, NULL, 0, &needed, &error);
  CHECK(status == BP_TOO_SMALL, "%s: %s", bp_status_name(status), error.text);
  uint8_t *bytes = take(memory, needed);
  CHECK(bp_outcome_encode(outcome, bytes, needed, &needed, NULL) == BP_OK, "the second encoding");
  return bpi_bytes_of(bytes, needed);
}

int outcome_equal(const bp_outcome *a, const bp_outcome *b, bp_outcomes *memory) {
  return bpi_bytes_equal(outcome_bytes(a, memory), outcome_bytes(b, memory));
}
