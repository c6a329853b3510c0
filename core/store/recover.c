/* From the directory to the index: every segment is scanned, its events numbered and indexed, and on a mutable open what a
 * crash left is repaired, one segment after the other in order of id.  Each step can be interrupted and begun again. */
#include "store/recover.h"

#include "sys/file.h"

#include <stdio.h>
#include <string.h>

/* One segment's events, being numbered. */
typedef struct {
  bp_store *store;
  const bpi_scan *scan;
  uint64_t segment_id;
  uint32_t ordinal;
} numbering;

/* How many events of `entity` are missing before this record, if it is the first of the entity behind a gap: the clocks
 * of an entity have no holes. */
static uint64_t missing_before(const bp_store *store, const bpi_record *record) {
  uint32_t row = bpi_index_last_of_entity(&store->index, record->entity);
  uint64_t expected = row == BPI_NO_ROW ? 0 : (uint64_t)bpi_index_row(&store->index, row)->clock + 1;
  return record->clock > expected ? record->clock - expected : 0;
}

/* The sequences that a gap must leave free: as many as the frames that stood there, or as the clocks behind it prove
 * missing, and never more than its bytes could have held. */
static bp_status width_of_gap(const numbering *n, size_t gap, uint64_t *width) {
  enum { FRAME_LEAST = 300 };
  const bpi_scan *scan = n->scan;
  size_t end = gap + 1 < scan->gap_count ? scan->gaps[gap + 1].record : scan->count;
  bpi_names seen;
  bp_status status = BP_OK;
  *width = 0;
  bpi_names_init(&seen, &n->store->memory, 0);
  for (size_t i = scan->gaps[gap].record; i < end && status == BP_OK; i++) {
    uint32_t number;
    if (bpi_names_find(&seen, scan->records[i].entity, &number)) continue;
    status = bpi_names_intern(&seen, scan->records[i].entity, &number);
    *width += missing_before(n->store, &scan->records[i]);
  }
  bpi_names_free(&seen);
  if (*width < scan->gaps[gap].frames) *width = scan->gaps[gap].frames;
  uint64_t most = scan->gaps[gap].bytes / FRAME_LEAST + 1;
  if (*width > most) *width = most;
  return status;
}

static bp_status index_record(const numbering *n, const bpi_record *record) {
  bp_store *store = n->store;
  bpi_row row = {.sequence = record->sequence,
                 .wall_ms = record->wall_ms,
                 .offset = record->offset,
                 .segment = n->ordinal,
                 .frame_length = record->frame_length,
                 .clock = record->clock,
                 .kind = record->kind};
  memcpy(row.event_id, record->event_id, 16);
  memcpy(row.event_hash, record->event_hash, 32);
  bp_point point = {record->wall_ms, record->sequence};
  if (bpi_point_after(point, store->frontier)) store->frontier = point;
  store->next_sequence = record->sequence + 1;
  return bpi_index_add(&store->index, &row, record->entity, record->scope);
}

static void note_unproven(bp_store *store, uint64_t sequence) {
  if (sequence < store->first_unproven) store->first_unproven = sequence;
}

/* A number from a footer stands unless it is taken; all others continue from the highest so far. */
static void number_record(const numbering *n, bpi_record *record) {
  bp_store *store = n->store;
  if (record->sequence != BPI_UNNUMBERED && record->sequence >= store->next_sequence) return;
  if (record->sequence != BPI_UNNUMBERED) {
    bp_finding *finding = bpi_find(&store->open_findings, BP_SEVERITY_DAMAGE, "sequence_conflict", n->segment_id,
                                   record->offset, "the footer gives sequence %llu, which is taken",
                                   (unsigned long long)record->sequence);
    finding->sequence = store->next_sequence;
    memcpy(finding->event_id, record->event_id, 16);
    note_unproven(store, store->next_sequence);
  }
  record->sequence = store->next_sequence;
}

static bp_status number_and_index(const numbering *n) {
  bp_store *store = n->store;
  const bpi_scan *scan = n->scan;
  bp_status status = BP_OK;
  size_t gap = 0;
  for (size_t i = 0; i < scan->count && status == BP_OK; i++) {
    for (; gap < scan->gap_count && scan->gaps[gap].record <= i && status == BP_OK; gap++) {
      uint64_t width;
      status = width_of_gap(n, gap, &width);
      store->next_sequence += width;
      note_unproven(store, store->next_sequence);
    }
    if (status != BP_OK) break;
    if (i + BPI_SCAN_AHEAD < scan->count) bpi_record_prefetch(&scan->records[i + BPI_SCAN_AHEAD]);
    number_record(n, &scan->records[i]);
    status = index_record(n, &scan->records[i]);
  }
  return status;
}

/* Numbers in the footer that belong to the next segment. */
static bp_status compare_with_next(bp_store *store, uint32_t ordinal, bpi_scan *scan, bp_error *error) {
  bpi_bytes next = {NULL, 0};
  uint64_t taken, last = scan->count == 0 ? BPI_UNNUMBERED : scan->records[scan->count - 1].sequence;
  if (last == BPI_UNNUMBERED || ordinal + 1 == store->segments.count) return BP_OK;
  uint64_t size = atomic_load(&bpi_segments_at(&store->segments, ordinal + 1)->size);
  bp_status status = size == 0 ? BP_OK : bpi_segments_view(&store->segments, ordinal + 1, 0, (size_t)size, &next, error);
  if (status != BP_OK) return status;
  if (bpi_scan_first_number(next, last, &store->memory, &taken) != BP_OK) {
    return bpi_fail(error, BP_NO_MEMORY, "reading a segment");
  }
  if (taken != UINT64_MAX) {
    bpi_scan_count_taken(scan, store->next_sequence, taken, bpi_segments_at(&store->segments, ordinal)->id,
                         &store->open_findings);
  }
  return BP_OK;
}

static bp_status recover_segment(bp_store *store, uint32_t ordinal, int is_last, bp_error *error) {
  bpi_segment *segment = bpi_segments_at(&store->segments, ordinal);
  bpi_bytes file = {NULL, 0};
  bpi_scan scan;
  bp_status status = BP_OK;
  uint64_t size = atomic_load(&segment->size);
  if (size > 0) status = bpi_segments_view(&store->segments, ordinal, 0, (size_t)size, &file, error);
  if (status != BP_OK) return status;
  status = bpi_scan_segment(file, segment->id, is_last, &store->memory, &scan, &store->open_findings, error);
  if (status == BP_OK) status = compare_with_next(store, ordinal, &scan, error);
  if (status == BP_OK) {
    numbering n = {.store = store, .scan = &scan, .segment_id = segment->id, .ordinal = ordinal};
    if (number_and_index(&n) != BP_OK) status = bpi_fail(error, BP_NO_MEMORY, "building the index");
  }
  if (status == BP_OK && store->mode != BP_MODE_READ_ONLY) {
    status = bpi_repair_segment(store, ordinal, is_last, file, &scan, error);
  } else if (status == BP_OK && scan.kind == BPI_SCAN_OPEN_END) {
    atomic_store(&segment->size, scan.frames_end); /* what a repair would cut off is not the segment's */
  }
  int is_sealed = scan.kind == BPI_SCAN_SEALED || (scan.kind != BPI_SCAN_HEADLESS && store->mode != BP_MODE_READ_ONLY);
  if (status == BP_OK && is_sealed) atomic_store(&segment->has_footer, 1);
  bpi_scan_free(&scan);
  return status;
}

static bp_status add_segments(bp_store *store, const bpi_directory *directory, bp_error *error) {
  const bp_system *system = store->system;
  bpi_buffer path;
  bp_status status = BP_OK;
  bpi_buffer_init(&path, &store->memory);
  for (size_t i = 0; i < directory->segments.count && status == BP_OK; i++) {
    const bpi_file_name *name = &directory->segments.items[i];
    uint64_t size = 0;
    int kind = BPI_PATH_NONE, file;
    status = bpi_path_join(&path, (const char *)store->directory.data, name->text, error);
    if (status != BP_OK) break;
    int failed = system->path_kind(system->context, (const char *)path.data, &kind);
    if (failed == 0 && kind == BPI_PATH_DIRECTORY) {
      status = bpi_fail(error, BP_NOT_A_STORE, "%s is a directory", name->text);
      break;
    }
    if (failed == 0) failed = system->file_open(system->context, (const char *)path.data, BPI_OPEN_READ, &file);
    if (failed == 0) {
      failed = system->file_size(system->context, file, &size);
      system->file_close(system->context, file);
    }
    status = failed != 0 ? bpi_fail_system(error, failed, "reading a segment")
                         : bpi_segments_add(&store->segments, name->id, name->text, size, error);
  }
  bpi_buffer_free(&path);
  return status;
}

/* The segments must be readable by this version before anything is repaired. */
static bp_status check_versions(bp_store *store, bp_error *error) {
  uint32_t strange = 0;
  for (uint32_t i = 0; i < store->segments.count; i++) {
    const bpi_segment *segment = bpi_segments_at(&store->segments, i);
    bpi_prologue prologue;
    bpi_bytes file = {NULL, 0};
    uint64_t size = atomic_load(&segment->size);
    bp_status status = BP_OK;
    if (size > 0) status = bpi_segments_view(&store->segments, i, 0, (size_t)size, &file, error);
    if (status != BP_OK) return status;
    bpi_prologue_state state = bpi_prologue_parse(file, &prologue);
    if (state == BPI_PROLOGUE_GOOD || (state == BPI_PROLOGUE_SHORT && i + 1 == store->segments.count)) continue;
    if (bpi_scan_first_frame(file) != 0) continue;
    if (state == BPI_PROLOGUE_NEWER) {
      char text[96];
      snprintf(text, sizeof text, "%s has a format version that is not known", segment->name);
      return bpi_fail_at(error, BP_NEWER_VERSION, segment->id, 0, text);
    }
    strange++;
  }
  if (strange > 0 && strange == store->segments.count) {
    return bpi_fail(error, BP_NOT_A_STORE, "%s does not begin as a segment does", bpi_segments_at(&store->segments, 0)->name);
  }
  return BP_OK;
}

/* A range may reach past the last event: a crash came between the range and the event that it was to hide. */
static bp_status apply_hidden(bp_store *store, bpi_hidden *hidden, bp_error *error) {
  bp_status status = BP_OK;
  if (bpi_hidden_clip(hidden, store->next_sequence)) {
    bpi_find(&store->open_findings, BP_SEVERITY_NOTE, "hidden_range_clipped", UINT64_MAX, UINT64_MAX,
             "a hidden range reached past the last event");
    if (store->mode != BP_MODE_READ_ONLY) {
      status = bpi_hidden_save(store->system, (const char *)store->directory.data, hidden, error);
    }
  }
  if (status == BP_OK && bpi_index_set_hidden(&store->index, hidden->ranges, hidden->count) != BP_OK) {
    status = bpi_fail(error, BP_NO_MEMORY, "reading hidden ranges");
  }
  return status;
}

static bp_status recover_segments(bp_store *store, bp_error *error) {
  uint64_t total = bpi_segments_bytes(&store->segments), done = 0;
  for (uint32_t i = 0; i < store->segments.count; i++) {
    bp_status status = recover_segment(store, i, i + 1 == store->segments.count, error);
    if (status != BP_OK) return status;
    done = i + 1 < store->segments.count ? done + atomic_load(&bpi_segments_at(&store->segments, i)->size) : total;
    if (store->config.progress != NULL &&
        store->config.progress(store->config.progress_user, BP_STAGE_OPEN, done, total) != 0) {
      return bpi_fail(error, BP_STOPPED, "opening was stopped");
    }
  }
  return BP_OK;
}

bp_status bpi_store_recover(bp_store *store, const bpi_directory *directory, bp_error *error) {
  store->first_unproven = UINT64_MAX;
  for (size_t i = 0; i < directory->spare.count; i++) {
    bpi_find(&store->open_findings, BP_SEVERITY_DAMAGE, "second_name", directory->spare.items[i].id, 0,
             "a second file with this number was ignored");
  }
  /* All that can refuse the store comes before anything is repaired. */
  bpi_hidden hidden;
  bpi_hidden_init(&hidden, &store->memory);
  bp_status status = bpi_hidden_load(store->system, (const char *)store->directory.data, &hidden, error);
  if (status == BP_OK) status = add_segments(store, directory, error);
  if (status == BP_OK) status = check_versions(store, error);
  if (status == BP_OK && store->mode != BP_MODE_READ_ONLY) status = bpi_remove_leftovers(store, directory, error);
  if (status == BP_OK) status = recover_segments(store, error);
  if (status == BP_OK) status = apply_hidden(store, &hidden, error);
  bpi_hidden_free(&hidden);
  if (status != BP_OK) return status;
  bpi_index *index = &store->index;
  index->published = index->count;
  atomic_store(&store->durable_rows, index->count);
  store->clean_close = index->count > 0 && bpi_index_row(index, index->count - 1)->kind == BPI_KIND_CLOSE_COMPLETED;
  uint32_t segments = store->segments.count;
  store->next_segment = segments == 0 ? 1 : bpi_segments_at(&store->segments, segments - 1)->id + 1;
  return store->open_findings.failed ? bpi_fail(error, BP_NO_MEMORY, "opening") : BP_OK;
}
