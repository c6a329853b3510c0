#include "store/report.h"
#include "store/store_internal.h"

#include <string.h>

static void first_and_last(const bpi_index *index, bp_stat *stat) {
  const bpi_filter all = {0};
  bpi_row row;
  uint32_t next = 0;
  stat->first_sequence = stat->last_sequence = UINT64_MAX;
  if (bpi_index_select(index, &all, &next, 1, &row) == 1) stat->first_sequence = row.sequence;
  for (uint32_t i = index->published; i-- > 0;) {
    if (!bpi_index_is_visible(index, i)) continue;
    stat->last_sequence = bpi_index_row(index, i)->sequence;
    return;
  }
}

static void fill(bp_store *store, bp_stat *stat) {
  bpi_rwlock_read(&store->index_lock);
  const bpi_index *index = &store->index;
  uint64_t durable = atomic_load(&store->durable_rows);
  stat->events = bpi_index_visible_count(index);
  stat->entities = index->entities;
  stat->scopes = index->scopes;
  stat->index_bytes = bpi_index_bytes(index);
  stat->durable_sequence = durable == 0 ? 0 : bpi_index_row(index, (uint32_t)durable - 1)->sequence + 1;
  first_and_last(index, stat);
  stat->segments = atomic_load(&store->segments.count);
  stat->bytes = bpi_segments_bytes(&store->segments);
  bpi_rwlock_unlock(&store->index_lock);
  stat->writes = atomic_load(&store->writer.writes);
  stat->syncs = atomic_load(&store->writer.syncs);
  stat->poisoned = atomic_load(&store->poisoned) != 0;
  stat->clean_close = store->clean_close != 0;
}

bp_status bp_store_stat(const bp_store *store, bp_stat *stat, bp_error *error) {
  bp_status status = bpi_check_struct(stat, stat == NULL ? 0 : stat->struct_size, sizeof *stat, sizeof *stat, error);
  if (status == BP_OK) status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  bp_stat full = {.struct_size = stat->struct_size};
  fill(bpi_store_of(store), &full);
  *stat = full;
  bpi_store_leave(store);
  return BP_OK;
}

bp_status bp_store_open_report(const bp_store *store, bp_report **report, bp_error *error) {
  if (report == NULL) return bpi_fail(error, BP_ARGUMENT, "report is NULL");
  *report = NULL;
  bp_status status = bpi_store_enter(store, error);
  if (status != BP_OK) return status;
  status = bpi_report_new(&store->memory, report, error);
  if (status == BP_OK) {
    bpi_findings_copy(&(*report)->findings, &store->open_findings);
    (*report)->verdict.first_unproven = store->first_unproven;
    bpi_report_decide(*report, 0);
  }
  bpi_store_leave(store);
  return status;
}
