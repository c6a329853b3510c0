#include "support/concurrent_internal.h"

#include <inttypes.h>

/* ------------------------------------------------------------------------------------------------------------ reading -- */

/* Events refused for good when the page was asked for must not be in it. */
static void check_event(const world *w, const bp_event *found, uint8_t *seen) {
  CHECK(found->status == BP_OK, "sequence %" PRIu64 " cannot be read: %s", found->sequence, bp_status_name(found->status));
  model_compare_one(&w->model, found);
  size_t event = concurrent_event_of(w, found->event_id);
  if (event == SIZE_MAX) return;
  const model_event *known = &w->model.events[event];
  CHECK(known->answer != MODEL_REFUSED, "event %" PRIu64 " was refused and is there", known->number);
  CHECK(!known->has_receipt || known->sequence == found->sequence, "event %" PRIu64 " has another sequence", known->number);
  seen[event] = 1;
}

static void check_all_or_none(const world *w, const uint8_t *seen) {
  for (size_t i = 0; i + MANY <= w->model.count; i++) {
    if (w->together[i] == ALONE || (w->failed && w->together[i] != TOGETHER_ALWAYS)) continue;
    CHECK(seen[i] == seen[i + 1] && seen[i] == seen[i + 2], "a reader sees a part of one call: events %zu and on", i + 1);
  }
}

static void read_page(world *w) {
  uint8_t seen[EVENTS_MAX] = {0};
  bp_page *page = concurrent_new_page();
  bp_error error = {.struct_size = sizeof error};
  uint64_t floor = w->answered_end;
  size_t count;
  bp_status status = bp_store_page(w->store, NULL, page, &error);
  CHECK(status == BP_OK, "bp_store_page: %s: %s", bp_status_name(status), error.text);
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 0; i < count; i++) {
    CHECK(events[i].sequence == i, "sequence %" PRIu64 " follows where %zu should", events[i].sequence, i);
    check_event(w, &events[i], seen);
  }
  CHECK(count >= floor, "%zu events where %" PRIu64 " were answered", count, floor);
  check_all_or_none(w, seen);
  bp_page_free(page);
}

static void read_latest(world *w, char letter) {
  uint8_t seen[EVENTS_MAX] = {0}, id[16];
  if (w->latest == SIZE_MAX) return;
  memcpy(id, w->model.events[w->latest].id, sizeof id);
  bp_page *page = concurrent_new_page();
  bp_error error = {.struct_size = sizeof error};
  size_t count;
  bp_status status =
      letter == 'g' ? bp_store_get(w->store, id, page, &error) : bp_store_walk(w->store, id, 8, page, &error);
  CHECK(status == BP_OK, "an event that was answered is not there: %s: %s", bp_status_name(status), error.text);
  const bp_event *events = bp_page_events(page, &count);
  for (size_t i = 0; i < count; i++) check_event(w, &events[i], seen);
  CHECK(count > 0 && memcmp(events[0].event_id, id, sizeof id) == 0, "another event than asked for");
  bp_page_free(page);
}

static void read_stat(world *w) {
  bp_stat stat = {.struct_size = sizeof stat};
  uint64_t floor = w->answered_end;
  int was_poisoned = w->poisoned;
  CHECK(bp_store_stat(w->store, &stat, NULL) == BP_OK, "bp_store_stat");
  CHECK(stat.events >= floor && stat.last_sequence + 1 >= floor, "%" PRIu64 " events where %" PRIu64 " were answered",
        stat.events, floor);
  CHECK(stat.poisoned || !was_poisoned, "a failed flush is not told");
}

/* ---------------------------------------------------------------------------------------------------- reading on and on -- */

static int32_t get_again(void *user, const bp_event *event) {
  world *w = (world *)user;
  uint8_t seen[EVENTS_MAX] = {0};
  bp_page *page = concurrent_new_page();
  int was_released = w->is_released;
  bp_status status = bp_store_get(w->store, event->event_id, page, NULL);
  CHECK(status == BP_CLOSED ? w->is_being_released : status == BP_OK && !was_released, "a call in a fold: %s",
        bp_status_name(status));
  check_event(w, event, seen);
  bp_page_free(page);
  return 0;
}

static void fold(world *w) {
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_store_fold(w->store, NULL, get_again, w, &error);
  CHECK(status == BP_OK, "bp_store_fold: %s: %s", bp_status_name(status), error.text);
}

/* ------------------------------------------------------------------------------------------------------------ waiting -- */

static void look_at_frontier(world *w) {
  bp_frontier f = {.struct_size = sizeof f};
  uint64_t floor = w->answered_end;
  CHECK(bp_store_frontier(w->store, &f, NULL) == BP_OK, "bp_store_frontier");
  CHECK(f.accepted.sequence == f.written.sequence && f.emitted.sequence == f.visible.sequence, "points that are one differ");
  CHECK(f.accepted.sequence >= f.visible.sequence && f.written.sequence >= f.durable.sequence, "a point runs ahead");
  CHECK(f.visible.sequence + 1 >= floor, "what was answered is not visible");
  CHECK(f.durable.sequence >= w->durable_seen && f.visible.sequence >= w->visible_seen, "a point falls");
  w->durable_seen = f.durable.sequence;
  w->visible_seen = f.visible.sequence;
}

void concurrent_judge_wait(world *w, bp_status status, const bp_error *error, int may_be_late) {
  if (status == BP_OK || (may_be_late && status == BP_WAIT_TIMEOUT)) return;
  if (status == BP_CLOSED) {
    CHECK(w->is_being_released, "closed, and nobody has released it");
  } else {
    CHECK(status == BP_POISONED && w->run->program->fault_kind != 0, "a wait: %s: %s", bp_status_name(status), error->text);
  }
}

/* For an event that is or will be there and will be flushed by somebody. */
static void wait_forever(world *w) {
  const bp_point first = {.sequence = 1};
  bp_error error = {.struct_size = sizeof error};
  bp_status status = bp_store_wait(w->store, BP_WATERMARK_DURABLE, &first, BP_WAIT_FOREVER, &error);
  concurrent_judge_wait(w, status, &error, 0);
}

static void wait_for_latest(world *w, uint32_t watermark) {
  bp_error error = {.struct_size = sizeof error};
  size_t event = w->latest;
  if (event == SIZE_MAX) return;
  const bp_point point = {.sequence = w->model.events[event].sequence};
  bp_status status = bp_store_wait(w->store, watermark, &point, CONCURRENT_SOME_MS, &error);
  concurrent_judge_wait(w, status, &error, watermark == BP_WATERMARK_DURABLE);
  if (status == BP_OK && watermark == BP_WATERMARK_DURABLE) {
    w->model.events[event].answer = MODEL_DURABLE;
    concurrent_check_flushed(w, &w->model.events[event]);
  }
}

int concurrent_read(world *w, char letter) {
  switch (letter) {
    case 'p': read_page(w); return 1;
    case 'g':
    case 'k': read_latest(w, letter); return 1;
    case 't': read_stat(w); return 1;
    case 'f': fold(w); return 1;
    case 'F': look_at_frontier(w); return 1;
    case 'W': wait_forever(w); return 1;
    case 'D': wait_for_latest(w, BP_WATERMARK_DURABLE); return 1;
    case 'V': wait_for_latest(w, BP_WATERMARK_VISIBLE); return 1;
    default: return 0;
  }
}
