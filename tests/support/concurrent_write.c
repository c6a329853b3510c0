#include "support/concurrent_internal.h"

#include <inttypes.h>

/* ---------------------------------------------------------------------------------------------------------- answers -- */

void concurrent_check_flushed(const world *w, const model_event *event) {
  char path[64];
  snprintf(path, sizeof path, CONCURRENT_STORE "/%06" PRIu64 ".fbat", event->receipt.segment_id);
  CHECK(sim_is_flushed(w->sim, path, event->receipt.offset, event->receipt.frame_length),
        "event %" PRIu64 " is called durable and is not on the disk", event->number);
}

static void note_receipt(world *w, size_t event, const bp_receipt *receipt, uint64_t floor) {
  for (size_t i = 0; i < w->model.count; i++) {
    const model_event *other = &w->model.events[i];
    CHECK(i == event || !other->has_receipt || other->sequence != receipt->sequence, "sequence %" PRIu64 " given out twice",
          receipt->sequence);
  }
  CHECK(receipt->replayed || receipt->sequence >= floor,
        "sequence %" PRIu64 " for a call that began when %" PRIu64 " was answered", receipt->sequence, floor);
  CHECK(receipt->durable || !w->wants_durable[event], "asked for durable, answered otherwise");
  CHECK(memcmp(receipt->event_id, w->model.events[event].id, 16) == 0, "the receipt of another event");
  int was_durable = w->model.events[event].answer == MODEL_DURABLE;
  model_acknowledge(&w->model, event, receipt);
  if (was_durable) w->model.events[event].answer = MODEL_DURABLE;
  if (receipt->sequence >= w->answered_end) w->answered_end = receipt->sequence + 1;
  w->latest = event;
  if (receipt->durable) concurrent_check_flushed(w, &w->model.events[event]);
}

/* What a call that writes answered; `was_poisoned` before it began. */
static void judge_write(world *w, bp_status status, const bp_error *error, int was_poisoned) {
  if (status == BP_OK) {
    CHECK(!was_poisoned, "a write succeeds after a failed flush");
    return;
  }
  CHECK(error->code == status, "answered %s, the error says %s", bp_status_name(status), bp_status_name(error->code));
  CHECK(concurrent_is_failure_of_disk(status) && w->run->program->fault_kind != 0, "%s: %s", bp_status_name(status), error->text);
  CHECK(!was_poisoned || status == BP_POISONED, "%s after a failed flush", bp_status_name(status));
  w->failed = 1;
  if (status == BP_SYNC_FAILED || status == BP_POISONED) w->poisoned = 1;
}

static void note_refusal(world *w, size_t event, bp_status status) {
  if (status != BP_SYNC_FAILED) model_refuse(&w->model, event);
}

static bp_receipt new_receipt(void) {
  bp_receipt receipt;
  CHECK(bp_receipt_init(&receipt, sizeof receipt) == BP_OK, "bp_receipt_init");
  return receipt;
}

/* ------------------------------------------------------------------------------------------------------------ writing -- */

size_t concurrent_add(world *w, uint32_t entity, uint32_t length, uint8_t durability, bp_draft *draft) {
  CHECK(w->model.count < EVENTS_MAX, "at most %d events", EVENTS_MAX);
  size_t event = model_add(&w->model, entity, length, durability, draft);
  w->wants_durable[event] = durability == BP_DURABLE;
  w->together[event] = ALONE;
  w->dropped[event] = 0;
  return event;
}

size_t concurrent_add_many(world *w, uint8_t durability, bp_draft *drafts) {
  static const uint32_t entities[MANY] = {0, 1, 0}, lengths[MANY] = {10, 300, 120};
  size_t first = w->model.count;
  for (size_t i = 0; i < MANY; i++) (void)concurrent_add(w, entities[i], lengths[i], durability, &drafts[i]);
  return first;
}

concurrent_attempt concurrent_begin(const world *w, size_t event, size_t count) {
  return (concurrent_attempt){event, count, w->answered_end, w->poisoned};
}

void concurrent_end(world *w, const concurrent_attempt *attempt, bp_status status, const bp_error *error,
                    const bp_receipt *receipts) {
  judge_write(w, status, error, attempt->was_poisoned);
  for (size_t i = 0; i < attempt->count; i++) {
    if (status != BP_OK) {
      note_refusal(w, attempt->event + i, status);
    } else {
      CHECK(w->together[attempt->event] != TOGETHER_ALWAYS || receipts[i].sequence == receipts[0].sequence + i,
            "the sequences of a batch do not follow each other");
      note_receipt(w, attempt->event + i, &receipts[i], attempt->floor);
    }
  }
}

static void append(world *w, uint32_t entity, uint32_t length, uint8_t durability) {
  bp_draft draft;
  bp_receipt receipt = new_receipt();
  bp_error error = {.struct_size = sizeof error};
  size_t event = concurrent_add(w, entity, length, durability, &draft);
  const concurrent_attempt attempt = concurrent_begin(w, event, 1);
  bp_status status = bp_store_append(w->store, &draft, &receipt, &error);
  concurrent_end(w, &attempt, status, &error, &receipt);
}

static void append_many(world *w, uint8_t durability) {
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  bp_error error = {.struct_size = sizeof error};
  size_t accepted, first = concurrent_add_many(w, durability, drafts);
  if (durability == BP_DURABLE && w->run->program->group_max_events == 0) w->together[first] = TOGETHER_UNLESS_FAILED;
  for (size_t i = 0; i < MANY; i++) receipts[i] = new_receipt();
  concurrent_attempt attempt = concurrent_begin(w, first, MANY);
  bp_status status = bp_store_append_many(w->store, drafts, MANY, receipts, &accepted, &error);
  CHECK((status == BP_OK) == (accepted == MANY), "%zu of %d accepted: %s", accepted, MANY, bp_status_name(status));
  for (size_t i = 0; i < accepted; i++) {
    CHECK(i == 0 || receipts[i].sequence > receipts[i - 1].sequence, "the receipts of one call are out of order");
    note_receipt(w, first + i, &receipts[i], attempt.floor);
  }
  attempt.event += accepted;
  attempt.count -= accepted;
  concurrent_end(w, &attempt, status, &error, NULL);
}

/* Durable, though its items do not ask for it. */
static void append_batch(world *w) {
  bp_draft drafts[MANY];
  bp_receipt receipts[MANY];
  bp_error error = {.struct_size = sizeof error};
  size_t first = concurrent_add_many(w, BP_WRITTEN, drafts);
  w->together[first] = TOGETHER_ALWAYS;
  for (size_t i = 0; i < MANY; i++) {
    w->wants_durable[first + i] = 1;
    receipts[i] = new_receipt();
  }
  const concurrent_attempt attempt = concurrent_begin(w, first, MANY);
  bp_status status = bp_store_append_batch(w->store, drafts, MANY, receipts, &error);
  concurrent_end(w, &attempt, status, &error, receipts);
}

static void append_shared(world *w) {
  bp_receipt receipt = new_receipt();
  bp_error error = {.struct_size = sizeof error};
  const concurrent_attempt attempt = concurrent_begin(w, w->shared, 1);
  bp_status status = bp_store_append(w->store, &w->shared_draft, &receipt, &error);
  const model_event *event = &w->model.events[w->shared];
  if (status != BP_OK && event->has_receipt) { /* another thread's attempt succeeded */
    judge_write(w, status, &error, attempt.was_poisoned);
    return;
  }
  CHECK(status != BP_OK || !receipt.replayed || receipt.same, "the same draft again is called another");
  CHECK(status != BP_OK || !event->has_receipt || event->sequence == receipt.sequence, "one key, two events");
  w->shared_fresh += status == BP_OK && !receipt.replayed;
  concurrent_end(w, &attempt, status, &error, &receipt);
}

static void append_to_empty(world *w) {
  bp_draft draft;
  bp_receipt receipt = new_receipt();
  bp_error error = {.struct_size = sizeof error};
  size_t event = concurrent_add(w, EMPTY_ENTITY, 20, BP_WRITTEN, &draft);
  const concurrent_attempt attempt = concurrent_begin(w, event, 1);
  draft.expect = BP_EXPECT_EMPTY;
  bp_status status = bp_store_append(w->store, &draft, &receipt, &error);
  if (status == BP_EXPECTED_EMPTY) {
    model_refuse(&w->model, event);
    return;
  }
  w->empty_wins += status == BP_OK;
  concurrent_end(w, &attempt, status, &error, &receipt);
}

static void sync_store(world *w) {
  uint8_t before[EVENTS_MAX] = {0};
  bp_error error = {.struct_size = sizeof error};
  size_t count = w->model.count;
  int was_poisoned = w->poisoned;
  for (size_t i = 0; i < count; i++) before[i] = w->model.events[i].answer == MODEL_WRITTEN;
  bp_status status = bp_store_sync(w->store, &error);
  judge_write(w, status, &error, was_poisoned);
  for (size_t i = 0; i < count && status == BP_OK; i++) {
    if (!before[i]) continue;
    w->model.events[i].answer = MODEL_DURABLE;
    concurrent_check_flushed(w, &w->model.events[i]);
  }
}

/* The event is there, and has its receipt, whatever becomes of the gate. */
static void append_gated(world *w) {
  bp_draft draft;
  bp_receipt receipt = new_receipt();
  bp_error error = {.struct_size = sizeof error};
  size_t event = concurrent_add(w, 1, 25, BP_WRITTEN, &draft);
  draft.gate = BP_GATE_DURABLE;
  draft.gate_timeout_ms = CONCURRENT_SOME_MS;
  const concurrent_attempt attempt = concurrent_begin(w, event, 1);
  bp_status status = bp_store_append(w->store, &draft, &receipt, &error);
  if (status != BP_OK && receipt.frame_length > 0) {
    concurrent_judge_wait(w, status, &error, 1);
    note_receipt(w, event, &receipt, attempt.floor);
    return;
  }
  CHECK(status != BP_OK || receipt.durable, "through the gate and not durable");
  concurrent_end(w, &attempt, status, &error, &receipt);
}

int concurrent_write(world *w, char letter) {
  switch (letter) {
    case 'd': append(w, 0, 40, BP_DURABLE); return 1;
    case 'w': append(w, 1, 33, BP_WRITTEN); return 1;
    case 'M': append_many(w, BP_DURABLE); return 1;
    case 'm': append_many(w, BP_WRITTEN); return 1;
    case 'b': append_batch(w); return 1;
    case 's': sync_store(w); return 1;
    case 'i': append_shared(w); return 1;
    case 'x': append_to_empty(w); return 1;
    case 'G': append_gated(w); return 1;
    default: return 0;
  }
}
