#include "store/fault_points.h"

#ifdef BATPAK_FAULT_POINTS

static const char *name_of(uint32_t point) {
  static const char *const names[] = {[BP_FAULT_SINGLE_START] = "SINGLE_START",
                                      [BP_FAULT_SINGLE_WRITTEN] = "SINGLE_WRITTEN",
                                      [BP_FAULT_SINGLE_PUBLISHED] = "SINGLE_PUBLISHED",
                                      [BP_FAULT_BATCH_START] = "BATCH_START",
                                      [BP_FAULT_BATCH_BEGIN_WRITTEN] = "BATCH_BEGIN_WRITTEN",
                                      [BP_FAULT_BATCH_ITEM_WRITTEN] = "BATCH_ITEM_WRITTEN",
                                      [BP_FAULT_BATCH_ITEMS_COMPLETE] = "BATCH_ITEMS_COMPLETE",
                                      [BP_FAULT_BATCH_COMMIT_WRITTEN] = "BATCH_COMMIT_WRITTEN",
                                      [BP_FAULT_BATCH_FSYNC] = "BATCH_FSYNC",
                                      [BP_FAULT_BATCH_PRE_PUBLISH] = "BATCH_PRE_PUBLISH"};
  return names[point];
}

bp_status bpi_fault_batch(bpi_group *g, uint32_t point, uint64_t batch, uint32_t item, uint32_t items,
                          bp_error *error) {
  const bp_config *config = &g->store->config;
  if (config->fault == NULL) return BP_OK;
  bpi_group_let_go_of_index(g);
  int32_t answer = config->fault(config->fault_user, point, batch, item, items);
  if (answer == 0) return BP_OK;
  bp_error full = {.struct_size = sizeof full};
  (void)bpi_fail(&full, BP_FAULT, "the fault point %s said so", name_of(point));
  full.expected = point;
  full.actual = (uint64_t)(int64_t)answer;
  return bpi_error_copy(error, &full);
}

static int is_own(const bpi_item *item) { return item->forced_us != BPI_NOW; }

bp_status bpi_fault_single(bpi_group *g, const bpi_item *item, bp_error *error) {
  if (is_own(item)) return BP_OK;
  return bpi_fault_batch(g, BP_FAULT_SINGLE_START, g->store->next_sequence, 0, 1, error);
}

/* Did the group give it a row among those from `first` to before `end`? */
static int is_placed(const bpi_item *item, uint64_t first, uint64_t end) {
  return !item->replayed && !is_own(item) && item->number >= first && item->number < end;
}

/* What stands behind a fence is neither flushed nor shown with its group. */
static int passes(const bpi_request *request, uint32_t point) {
  int is_end = point == BP_FAULT_BATCH_FSYNC || point == BP_FAULT_BATCH_PRE_PUBLISH || point == BP_FAULT_SINGLE_PUBLISHED;
  return point != 0 && !(is_end && request->fence != NULL);
}

/* Of every append that the group placed from row `first` on, and of every batch, in their order. */
static bp_status ask(bpi_group *g, uint32_t single, uint32_t batch, uint64_t first, bp_error *error) {
  bp_status status = BP_OK;
  if (g->store->config.fault == NULL) return BP_OK;
  for (const bpi_request *request = g->first; request != NULL && status == BP_OK; request = bpi_group_next(g, request)) {
    uint32_t point = request->atomic ? batch : single;
    size_t asked = !passes(request, point) ? 0 : request->atomic ? request->accepted > 0 : request->accepted;
    for (size_t i = 0; i < asked && status == BP_OK; i++) {
      const bpi_item *item = &request->items[i];
      if (!is_placed(item, first, g->store->index.count)) continue;
      status = bpi_fault_batch(g, point, item->row.sequence, 0, request->atomic ? (uint32_t)request->count : 1, error);
    }
  }
  return status;
}

bp_status bpi_fault_written(bpi_group *g, uint64_t offset) {
  bpi_writer *writer = &g->store->writer;
  bp_status status = ask(g, BP_FAULT_SINGLE_WRITTEN, BP_FAULT_BATCH_COMMIT_WRITTEN, g->unit_row, &g->error);
  if (status == BP_OK) return BP_OK;
  bpi_writer_take_back(writer, offset);
  if (writer->poisoned == BP_OK) return status;
  return bpi_fail(&g->error, BP_SYNC_FAILED, "what a fault point refused could not be taken back");
}

bp_status bpi_fault_flush(bpi_group *g) {
  bp_status status = ask(g, 0, BP_FAULT_BATCH_FSYNC, atomic_load(&g->store->durable_rows), &g->error);
  if (status != BP_OK) g->store->writer.poisoned = BP_POISONED;
  return status;
}

bp_status bpi_fault_publish(bpi_group *g) {
  bp_store *store = g->store;
  bp_status status = ask(g, 0, BP_FAULT_BATCH_PRE_PUBLISH, store->index.published, &g->error);
  if (status == BP_OK) return BP_OK;
  store->writer.poisoned = BP_POISONED;
  atomic_store(&store->durable_rows, store->index.published);
  return status;
}

void bpi_fault_published(bpi_group *g) {
  if (g->store->config.fault == NULL) return;
  for (bpi_request *request = g->first; request != NULL; request = bpi_group_next(g, request)) {
    if (request->atomic || !passes(request, BP_FAULT_SINGLE_PUBLISHED)) continue;
    for (size_t i = 0; i < request->accepted; i++) {
      const bpi_item *item = &request->items[i];
      if (!is_placed(item, 0, g->store->index.published)) continue;
      bp_status status = bpi_fault_batch(g, BP_FAULT_SINGLE_PUBLISHED, item->row.sequence, 0, 1, request->error);
      if (status == BP_OK) continue;
      request->status = status;
      request->accepted = i;
    }
  }
}

#endif
