/* Instructions that look at how far the store has come, and wait. */
#include "operations.h"

#include <string.h>

/* The watermark of a word, or the gate: both in one order. */
static const struct {
  const char *name;
  uint32_t watermark;
  uint32_t gate;
} marks[] = {
    {"durable", BP_WATERMARK_DURABLE, BP_GATE_DURABLE},
    {"applied", BP_WATERMARK_APPLIED, BP_GATE_APPLIED},
    {"visible", BP_WATERMARK_VISIBLE, BP_GATE_VISIBLE},
};

enum { MARKS = sizeof marks / sizeof marks[0] };

static size_t mark_named(const char *name) {
  size_t i = 0;
  while (i < MARKS && (name == NULL || strcmp(marks[i].name, name) != 0)) i++;
  return i;
}

bool draft_gate(const json *step, bp_draft *draft) {
  if (!is_given(step, "gate")) return true;
  size_t mark = mark_named(argument_text(step, "gate"));
  if (mark == MARKS) return false;
  draft->gate = marks[mark].gate;
  return argument_u32(step, "gate_timeout_ms", &draft->gate_timeout_ms);
}

static json *point_json(bp_point point) {
  json *object = json_object_new_object();
  set(object, "wall_ms", integer_json(point.wall_ms));
  set(object, "sequence", integer_json(point.sequence));
  return object;
}

static bp_status run_frontier(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)step;
  bp_frontier frontier = {.struct_size = sizeof frontier};
  bp_status status = bp_store_frontier(session->store, &frontier, error);
  if (status != BP_OK) return status;
  *value = json_object_new_object();
  set(*value, "accepted", point_json(frontier.accepted));
  set(*value, "written", point_json(frontier.written));
  set(*value, "durable", point_json(frontier.durable));
  set(*value, "visible", point_json(frontier.visible));
  set(*value, "emitted", point_json(frontier.emitted));
  set(*value, "applied", point_json(frontier.applied));
  set(*value, "visible_minus_durable", json_object_new_int64(frontier.visible_minus_durable));
  /* The age is no two runs' alike. */
  set(*value, "pending", json_object_new_boolean(frontier.oldest_pending_ms != UINT64_MAX));
  return BP_OK;
}

static bp_status run_wait(driver_session *session, const json *step, json **value, bp_error *error) {
  (void)value;
  bp_point point = {0, 0};
  uint32_t timeout_ms = 0;
  size_t mark = mark_named(argument_text(step, "watermark"));
  if (mark == MARKS || !argument_u64(step, "wall_ms", &point.wall_ms) ||
      !argument_u64(step, "sequence", &point.sequence) || !argument_u32(step, "timeout_ms", &timeout_ms)) {
    return DRIVER_BAD_INSTRUCTION;
  }
  return bp_store_wait(session->store, marks[mark].watermark, &point, timeout_ms, error);
}

const operation_row frontier_operations[] = {
    {"frontier", run_frontier, true},
    {"wait", run_wait, true},
    {NULL, NULL, false},
};
