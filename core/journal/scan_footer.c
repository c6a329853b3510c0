/* What a segment holds, by its footer: believed where it fits the frames, reconciled with them where it does not. */
#include "journal/frames.h"
#include "journal/scan_internal.h"

static bp_status push_record(bpi_scan *scan, const bpi_record *record) {
  if (bpi_grow(&scan->memory, (void **)&scan->records, &scan->capacity, scan->count + 1, sizeof *scan->records) != 0) {
    return BP_NO_MEMORY;
  }
  scan->records[scan->count++] = *record;
  return BP_OK;
}

static int is_marker_frame(bpi_bytes frames, uint64_t offset) {
  bpi_frame frame;
  if (offset > frames.length) return 0;
  size_t length = bpi_frame_check(frames, (size_t)offset);
  return length != 0 && bpi_frame_decode(bpi_bytes_of(frames.data + offset, length), &frame) == BP_OK &&
         !frame.header.has_chain;
}

/* Takes every row but those of markers: by themselves where the footer fits, also by their frames where it does not.  0
 * when a row cannot be read. */
static int take_rows(bpi_scan *scan, const bpi_footer *footer, bpi_bytes frames, int fits, uint64_t segment_id,
                     bpi_findings *findings, bp_status *status) {
  for (uint32_t i = 0; i < footer->count && *status == BP_OK; i++) {
    bpi_record record;
    if (!bpi_footer_row(footer, i, &record)) return 0;
    if (bpi_record_is_marker(&record) || (!fits && is_marker_frame(frames, record.offset))) {
      uint64_t next = scan->count == 0 ? 0 : scan->records[scan->count - 1].sequence + 1;
      int is_true = fits || bpi_footer_says_marker(footer, i, frames, next);
      scan->has_final_commit = is_true && i + 1 == footer->count;
      if (scan->has_final_commit) scan->final_commit = record;
      if (!is_true) {
        bpi_find(findings, BP_SEVERITY_DAMAGE, "footer_row", segment_id, record.offset,
                 "the footer's row does not say what the end of a batch says");
      }
      continue;
    }
    if (record.sequence == BPI_UNNUMBERED) return 0;
    *status = push_record(scan, &record);
  }
  return 1;
}

static int row_is_good(bpi_bytes frames, const bpi_record *record) {
  bpi_frame frame;
  if (record->offset > frames.length) return 0;
  size_t length = bpi_frame_check(frames, (size_t)record->offset);
  if (length == 0 || length != record->frame_length) return 0;
  if (bpi_frame_decode(bpi_bytes_of(frames.data + record->offset, length), &frame) != BP_OK) return 0;
  return memcmp(frame.header.event_id, record->event_id, 16) == 0;
}

/* Rows whose frame is not where they say, or not as long: the frame that there is (a partial write shifted it), else the
 * event is damaged and stays in its place. */
static void relocate_rows(bpi_scan *scan, bpi_bytes frames, uint64_t segment_id, bpi_findings *findings) {
  bpi_frames walk;
  bpi_frame frame;
  size_t offset = 0, length = 0, skipped;
  size_t next = 0;
  bpi_frames_init(&walk, frames, scan->first_frame);
  while (bpi_frames_next(&walk, &offset, &length, &frame, &skipped)) {
    for (size_t i = next; i < scan->count; i++) {
      bpi_record *record = &scan->records[i];
      if (memcmp(record->event_id, frame.header.event_id, 16) != 0) continue;
      if (record->offset != offset || record->frame_length != length) {
        bp_finding *finding = bpi_find(findings, BP_SEVERITY_DAMAGE, "relocated_frame", segment_id, offset,
                                       "the footer has this event at offset %llu, with %u bytes",
                                       (unsigned long long)record->offset, record->frame_length);
        finding->sequence = record->sequence;
        memcpy(finding->event_id, record->event_id, 16);
        record->offset = offset;
        record->frame_length = (uint32_t)length;
        scan->kind = BPI_SCAN_MISFIT;
      }
      next = i + 1;
      break;
    }
  }
}

/* Where the next frame that checks begins, behind `from`; the end where there is none. */
static uint64_t next_frame(bpi_bytes frames, uint64_t from) {
  bpi_frames walk;
  bpi_frame frame;
  size_t offset, length, skipped;
  bpi_frames_init(&walk, frames, (size_t)from);
  return bpi_frames_next(&walk, &offset, &length, &frame, &skipped) ? offset : frames.length;
}

/* Bytes between two rows: frames that check belong to writes that failed, a part of one too; a whole frame that does not
 * check was an event once, or the begin or end of a batch. */
static void judge_between(bpi_bytes frames, uint64_t from, uint64_t to, uint64_t segment_id, bpi_findings *findings,
                          int *has_strays) {
  bpi_bytes part = bpi_bytes_of(frames.data, (size_t)to);
  while (from < to) {
    size_t length = bpi_frame_length(part, (size_t)from);
    uint64_t next = length != 0 ? from + length : next_frame(part, from);
    int checks = length != 0 && bpi_frame_check(part, (size_t)from) != 0;
    int whole = length != 0 || bpi_scan_has_wrong_length(part, (size_t)from, (size_t)(next - from));
    if (whole && !checks) {
      bpi_find(findings, BP_SEVERITY_DAMAGE, "damaged_frame", segment_id, from,
               "a frame that does not check stands between the events");
    } else {
      *has_strays = 1;
    }
    from = next;
  }
}

/* Where the record's frame ends; `otherwise` for a place outside the frames. */
static uint64_t end_within(bpi_bytes frames, const bpi_record *record, uint64_t otherwise) {
  if (record->offset > frames.length || record->frame_length > frames.length - record->offset) return otherwise;
  return record->offset + record->frame_length;
}

/* Judges what lies between `*end` and the record, and moves `*end` behind the record. */
static void step_over(bpi_bytes frames, const bpi_record *record, uint64_t *end, uint64_t segment_id,
                      bpi_findings *findings, int *has_strays) {
  if (record->offset > *end && record->offset <= frames.length) {
    judge_between(frames, *end, record->offset, segment_id, findings, has_strays);
  }
  uint64_t record_end = end_within(frames, record, *end);
  if (record_end > *end) *end = record_end;
}

/* A footer that is sound in itself but does not fit the frames. */
static void reconcile(bpi_scan *scan, bpi_bytes frames, uint64_t segment_id, bpi_findings *findings) {
  int all_good = 1, has_strays = 0;
  uint64_t end = scan->first_frame;
  for (size_t i = 0; i < scan->count && all_good; i++) all_good = row_is_good(frames, &scan->records[i]);
  if (!all_good) relocate_rows(scan, frames, segment_id, findings);
  for (size_t i = 0; i < scan->count; i++) {
    const bpi_record *record = &scan->records[i];
    if (!row_is_good(frames, record)) {
      bp_finding *finding = bpi_find(findings, BP_SEVERITY_DAMAGE, "damaged_frame", segment_id, record->offset,
                                     "the frame that the footer names does not check");
      finding->sequence = record->sequence;
      memcpy(finding->event_id, record->event_id, 16);
    }
    step_over(frames, record, &end, segment_id, findings, &has_strays);
  }
  if (scan->has_final_commit) step_over(frames, &scan->final_commit, &end, segment_id, findings, &has_strays);
  if (end < frames.length) judge_between(frames, end, frames.length, segment_id, findings, &has_strays);
  if (has_strays) {
    bpi_find(findings, BP_SEVERITY_NOTE, "stray_frames", segment_id, 0,
             "bytes between the events belong to writes that failed");
  }
  /* The reference takes the footer if the rows reach to its start; else it walks the frames and may lose events. */
  scan->frames_end = end;
  if (end != frames.length) scan->kind = BPI_SCAN_MISFIT;
}

/* The reference's compaction numbers all events anew, in the middle of a segment too; the footer then holds numbers of
 * both kinds.  The new ones are those that counting gives. */
static void number_anew(bpi_scan *scan, uint64_t segment_id, bpi_findings *findings) {
  size_t i = 1;
  while (i < scan->count && scan->records[i].sequence > scan->records[i - 1].sequence) i++;
  if (i >= scan->count) return;
  bpi_find(findings, BP_SEVERITY_NOTE, "sequence_order", segment_id, scan->records[i].offset,
           "the sequences of the footer do not rise; the events were counted");
  for (i = 0; i < scan->count; i++) scan->records[i].sequence = BPI_UNNUMBERED;
  scan->kind = BPI_SCAN_MISFIT;
}

int bpi_scan_by_footer(bpi_scan *scan, const bpi_footer *footer, bpi_bytes file, int fits, uint64_t segment_id,
                       bpi_findings *findings, bp_status *status) {
  bpi_bytes frames = bpi_bytes_of(file.data, footer->frames_end);
  size_t findings_before = findings->count;
  if (!footer->table_is_exact || !take_rows(scan, footer, frames, fits, segment_id, findings, status)) {
    findings->count = findings_before;
    scan->count = 0;
    return 0;
  }
  scan->frames_end = footer->frames_end;
  if (*status == BP_OK && !fits) reconcile(scan, frames, segment_id, findings);
  number_anew(scan, segment_id, findings);
  return 1;
}

/* --- the numbers of two footers */

/* By the end of the file alone: enough to doubt another number, not to believe this one. */
static uint64_t glance_at_first(bpi_bytes file) {
  if (file.length < BPI_FOOTER_TRAILER_BYTES) return UINT64_MAX;
  uint64_t rows = (uint64_t)bpi_load_le32(file.data + file.length - 8) * BPI_FOOTER_ROW_BYTES;
  if (rows == 0 || rows > file.length - BPI_FOOTER_TRAILER_BYTES) return UINT64_MAX;
  return bpi_footer_sequence(file.data + file.length - BPI_FOOTER_TRAILER_BYTES - rows);
}

/* Of a footer that can be believed: it fits its frames, and its first two rows follow each other. */
static uint64_t believe_first(const bpi_footer *footer, bpi_bytes file, size_t first_frame) {
  if (footer->count == 0 || !bpi_footer_fits(footer, file, first_frame)) return UINT64_MAX;
  uint64_t first = bpi_footer_sequence(footer->rows);
  if (footer->count > 1 && bpi_footer_sequence(footer->rows + BPI_FOOTER_ROW_BYTES) != first + 1) return UINT64_MAX;
  return first;
}

bp_status bpi_scan_first_number(bpi_bytes file, uint64_t most, const bpi_memory *memory, uint64_t *number) {
  bpi_prologue prologue;
  bpi_footer footer;
  bpi_footer_state state;
  *number = UINT64_MAX;
  if (glance_at_first(file) > most || bpi_prologue_parse(file, &prologue) != BPI_PROLOGUE_GOOD) return BP_OK;
  bp_status status = bpi_footer_parse(file, prologue.length, memory, &footer, &state);
  if (status == BP_OK && state == BPI_FOOTER_READABLE) *number = believe_first(&footer, file, prologue.length);
  bpi_footer_free(&footer);
  return status;
}

void bpi_scan_count_taken(bpi_scan *scan, uint64_t from, uint64_t taken, uint64_t segment_id, bpi_findings *findings) {
  size_t first = scan->count;
  while (first > 0 && scan->records[first - 1].sequence >= taken) first--;
  if (first == scan->count || (first > 0 && scan->records[0].sequence < from)) return;
  if (first > 0) from = scan->records[first - 1].sequence + 1;
  if (taken < from || taken - from != scan->count - first) return;
  bpi_find(findings, BP_SEVERITY_DAMAGE, "footer_sequence", segment_id, scan->records[first].offset,
           "the footer gives numbers of the next segment's events; the events were counted");
  for (size_t i = first; i < scan->count; i++) scan->records[i].sequence = BPI_UNNUMBERED;
  scan->kind = BPI_SCAN_MISFIT;
}
