/* A batch in its group: BEGIN, the items, COMMIT, in one unit of one segment, so that one write brings all of it or none.
 * What fails while it is assigned is taken back before anything of it is written. */
#include "store/fault_points.h"
#include "store/group.h"

#include <string.h>

/* Where the group stood before the batch. */
typedef struct {
  uint32_t rows;
  size_t bytes;
  uint64_t sequence;
  bp_point frontier;
} mark;

static mark mark_of(const bpi_group *g) {
  const bp_store *store = g->store;
  return (mark){store->index.count, store->group.length, store->next_sequence, store->frontier};
}

static void go_back(bpi_group *g, const mark *to) {
  bpi_group_take_back(g, to->rows);
  g->store->group.length = to->bytes;
  g->store->next_sequence = to->sequence;
  g->store->frontier = to->frontier;
}

static bp_status put_marker(bpi_group *g, uint16_t kind, uint64_t batch, uint32_t items, bp_error *error) {
  bpi_buffer *unit = &g->store->group;
  uint8_t *out = bpi_buffer_reserve(unit, BPI_FRAME_MARKER_MAX);
  if (out == NULL) {
    unit->failed = 0;
    return bpi_fail(error, BP_NO_MEMORY, "encoding a frame");
  }
  unit->length += bpi_frame_marker(kind, batch, items, g->now_us, out);
  return BP_OK;
}

/* `error` with the item's place in it. */
static bp_status fail_item(bp_error *error, bp_error *of_item, size_t index) {
  of_item->offset = index;
  return bpi_error_copy(error, of_item);
}

/* All keys are known or none is; keys or not is a matter of the whole batch (bpi_batch_check).  *known is how many. */
static bp_status look_up_keys(bpi_group *g, bpi_request *request, size_t *known) {
  bp_error error = {.struct_size = sizeof error};
  *known = 0;
  for (size_t i = 0; i < request->count; i++) {
    if (bpi_look_up_key(g, &request->items[i], &error) != BP_OK) return fail_item(request->error, &error, i);
    *known += request->items[i].replayed;
    if (*known != 0 && *known != i + 1) {
      (void)bpi_fail(&error, BP_BATCH_KEYS, "some keys of the batch are known and some are not");
      return fail_item(request->error, &error, i);
    }
  }
  return BP_OK;
}

/* Readers wait for some items at most, which is some microseconds. */
static bp_status place_items(bpi_group *g, bpi_request *request, uint64_t batch) {
  enum { UNDER_ONE_LOCK = 16 };
  const uint32_t items = (uint32_t)request->count;
  bp_error error = {.struct_size = sizeof error};
  for (size_t i = 0; i < request->count; i++) {
    bpi_item *item = &request->items[i];
    if (i % UNDER_ONE_LOCK == 0) bpi_group_let_go_of_index(g);
    bpi_group_hold_index(g);
    if (item->draft->given & BP_GIVEN_CAUSE_ITEM) item->cause = request->items[item->draft->cause_item].row.event_id;
    bp_status status = bpi_place(g, item, &error);
    if (status == BP_OK) status = bpi_fault_batch(g, BP_FAULT_BATCH_ITEM_WRITTEN, batch, (uint32_t)i, items, &error);
    if (status != BP_OK) {
      bpi_group_let_go_of_index(g);
      return fail_item(request->error, &error, i);
    }
  }
  bpi_group_let_go_of_index(g);
  return bpi_fault_batch(g, BP_FAULT_BATCH_ITEMS_COMPLETE, batch, 0, items, request->error);
}

/* All of it, or nothing stays. */
static bp_status place_batch(bpi_group *g, bpi_request *request) {
  const mark before = mark_of(g);
  const uint64_t batch = before.sequence;
  const uint32_t items = (uint32_t)request->count;
  bp_status status = put_marker(g, BPI_KIND_BATCH_BEGIN, batch, items, request->error);
  if (status == BP_OK) status = bpi_fault_batch(g, BP_FAULT_BATCH_BEGIN_WRITTEN, batch, 0, items, request->error);
  if (status == BP_OK) status = place_items(g, request, batch);
  if (status == BP_OK) status = put_marker(g, BPI_KIND_BATCH_COMMIT, batch, 0, request->error);
  if (status != BP_OK) go_back(g, &before);
  return status;
}

bp_status bpi_assign_batch(bpi_group *g, bpi_request *request) {
  size_t known;
  if (g->failure != BP_OK) return bpi_error_copy(request->error, &g->error);
  bp_status status = look_up_keys(g, request, &known);
  if (status == BP_OK && known == 0) {
    if (g->clock != BP_OK) return bpi_error_copy(request->error, &g->clock_error);
    status = bpi_fault_batch(g, BP_FAULT_BATCH_START, g->store->next_sequence, 0, (uint32_t)request->count, request->error);
    if (status == BP_OK) status = bpi_make_room(g, request->error);
    if (status == BP_OK) status = place_batch(g, request);
  }
  if (status == BP_OK) request->accepted = request->count;
  return status;
}
