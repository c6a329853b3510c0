#include "journal/scan.h"

#include "base/status.h"
#include "crypto/crypto.h"
#include "journal/batches.h"
#include "journal/frames.h"
#include "journal/scan_internal.h"

void bpi_record_of_frame(const bpi_header *header, uint64_t offset, uint32_t frame_length, bpi_record *record) {
  memcpy(record->event_id, header->event_id, 16);
  memcpy(record->correlation_id, header->correlation_id, 16);
  memcpy(record->causation_id, header->causation_id, 16);
  memcpy(record->prev_hash, header->prev_hash, 32);
  memcpy(record->event_hash, header->event_hash, 32);
  record->sequence = BPI_UNNUMBERED;
  record->wall_ms = header->wall_ms;
  record->offset = offset;
  record->frame_length = frame_length;
  record->clock = header->clock;
  record->lane = header->lane;
  record->depth = header->depth;
  record->kind = header->kind;
  record->entity = header->entity;
  record->scope = header->scope;
}

void bpi_scan_free(bpi_scan *scan) {
  bpi_release(&scan->memory, scan->records, scan->capacity * sizeof *scan->records);
  bpi_release(&scan->memory, scan->gaps, scan->gap_capacity * sizeof *scan->gaps);
}

/* By its entity or its scope: the damage may be in one of them. */
static int is_marker_frame(bpi_bytes file, size_t offset, size_t length) {
  static const uint8_t entity[] = {0xa6, '_', 'b', 'a', 't', 'c', 'h'};
  static const uint8_t scope[] = {0xa7, '_', 's', 'y', 's', 't', 'e', 'm'};
  return memmem(file.data + offset, length, entity, sizeof entity) != NULL ||
         memmem(file.data + offset, length, scope, sizeof scope) != NULL;
}

/* Frames that fill the skipped bytes by the lengths they declare, batch markers aside: so many events are missing at least.
 * Where the lengths do not add up it may be one frame whose length is damaged, else nothing is known: 0. */
static uint64_t count_frames(bpi_bytes skipped) {
  uint64_t events = 0;
  size_t at = 0;
  while (at < skipped.length) {
    size_t length = bpi_frame_length(skipped, at);
    if (length == 0) break;
    events += !is_marker_frame(skipped, at, length);
    at += length;
  }
  if (at == skipped.length) return events;
  return bpi_scan_has_wrong_length(skipped, 0, skipped.length) && !is_marker_frame(skipped, 0, skipped.length);
}

static bp_status push_gap(bpi_scan *scan, size_t record, bpi_bytes skipped) {
  if (bpi_grow(&scan->memory, (void **)&scan->gaps, &scan->gap_capacity, scan->gap_count + 1, sizeof *scan->gaps) != 0) {
    return BP_NO_MEMORY;
  }
  scan->gaps[scan->gap_count++] = (bpi_scan_gap){record, skipped.length, count_frames(skipped)};
  return BP_OK;
}

/* --- 3: by the frames */

/* `dropped` items of a batch that began at record `start` are gone: what stood behind them has moved up. */
static void move_gaps(bpi_scan *scan, size_t start, uint64_t dropped) {
  for (size_t i = scan->gap_count; i > 0 && scan->gaps[i - 1].record > start; i--) {
    bpi_scan_gap *gap = &scan->gaps[i - 1];
    gap->record = gap->record - start > dropped ? gap->record - (size_t)dropped : start;
  }
}

static size_t count_zeros(bpi_bytes file, size_t from, size_t to) {
  return bpi_count_zeros(bpi_bytes_of(file.data + from, to - from));
}

/* A write that was cut off may have left its last sectors and not its first: those are zeros then.  What was written may
 * begin with fewer than `least` zeros. */
static int has_lost_sector(bpi_bytes file, size_t from, size_t to, size_t least) {
  enum { SECTOR = 512 };
  while (from < to) {
    size_t end = (from / SECTOR + 1) * SECTOR;
    if (end > to) end = to;
    if (end - from >= least && count_zeros(file, from, end) == end - from) return 1;
    least = 1;
    from = end;
  }
  return 0;
}

int bpi_scan_has_wrong_length(bpi_bytes file, size_t offset, size_t bytes) {
  enum { ZEROS_MOST = 1024 };
  static const uint8_t zero[1];
  if (bytes <= BPI_FRAME_HEADER_BYTES) return 0;
  const uint8_t *frame = file.data + offset;
  uint32_t checksum = bpi_crc32(0, frame + BPI_FRAME_HEADER_BYTES, bytes - BPI_FRAME_HEADER_BYTES);
  size_t zeros = file.length - offset - bytes;
  for (size_t i = 0; checksum != bpi_load_be32(frame + 4); i++) {
    if (i == zeros || i == ZEROS_MOST) return 0;
    checksum = bpi_crc32(checksum, zero, sizeof zero);
  }
  return 1;
}

/* `to`, less the zeros before it. */
static size_t before_zeros(bpi_bytes file, size_t from, size_t to) {
  while (to - from >= 8 && bpi_load_le64(file.data + to - 8) == 0) to -= 8;
  while (to > from && file.data[to - 1] == 0) to--;
  return to;
}

/* Are the bytes a frame that was damaged?  A write that was cut off leaves less than it declares, or sectors of zeros. */
static int is_damaged_frame(bpi_bytes file, size_t offset, size_t bytes) {
  enum { LEAST = 4 }; /* of the length that a frame begins with, all but the last byte may be zeros */
  size_t end = before_zeros(file, offset, offset + bytes), declared = bpi_frame_length(file, offset);
  size_t frame_end = offset + declared > end ? offset + declared : end;
  if (declared != 0 && !has_lost_sector(file, offset, frame_end, LEAST)) return 1;
  return bpi_scan_has_wrong_length(file, offset, end - offset);
}

static void report_tail(bpi_findings *findings, bpi_bytes file, uint64_t segment_id, size_t offset, size_t bytes,
                        int is_last) {
  int zeros = before_zeros(file, offset, offset + bytes) == offset, whole = is_damaged_frame(file, offset, bytes);
  uint32_t severity = is_last && !whole ? BP_SEVERITY_NOTE : BP_SEVERITY_DAMAGE;
  const char *code = zeros ? "zero_tail" : whole ? "damaged_tail" : "torn_tail";
  bpi_find(findings, severity, code, segment_id, offset, "%zu bytes at the end are no frame", bytes);
}

/* What follows the last frame is a tail, unless it begins where the footer says that it begins. */
static bp_status walk_frames(bpi_scan *scan, bpi_bytes file, size_t footer_start, uint64_t segment_id, int is_last,
                             bpi_findings *findings, size_t *walk_end) {
  bpi_batches batches;
  bpi_frames walk;
  bpi_frame frame;
  size_t offset = 0, length = 0, skipped = 0;
  bp_status status = BP_OK;
  bpi_batches_init(&batches, &scan->memory, scan->first_frame);
  bpi_frames_init(&walk, file, scan->first_frame);
  while (status == BP_OK && bpi_frames_next(&walk, &offset, &length, &frame, &skipped)) {
    if (skipped > 0) {
      bpi_find(findings, BP_SEVERITY_DAMAGE, "skipped_bytes", segment_id, offset - skipped,
               "%zu bytes do not check and were skipped", skipped);
      status = push_gap(scan, batches.count + batches.staged, bpi_bytes_of(file.data + offset - skipped, skipped));
      bpi_batches_skipped(&batches, is_damaged_frame(file, offset - skipped, skipped));
    }
    bpi_record record;
    size_t decided = batches.count;
    uint64_t dropped = batches.dropped;
    bpi_record_of_frame(&frame.header, offset, (uint32_t)length, &record);
    if (status == BP_OK) status = bpi_batches_frame(&batches, &record, &frame.header);
    move_gaps(scan, decided, batches.dropped - dropped);
    int closes = bpi_record_is_marker(&record) && batches.good_end == offset + length;
    if (closes) scan->final_commit = record;
    scan->has_final_commit = closes || (scan->has_final_commit && batches.good_end <= scan->final_commit.offset +
                                                                                     scan->final_commit.frame_length);
  }
  *walk_end = offset;
  if (status == BP_OK && skipped > 0 && offset != footer_start) {
    report_tail(findings, file, segment_id, offset, skipped, is_last);
    bpi_batches_skipped(&batches, is_damaged_frame(file, offset, skipped));
  }
  size_t decided = batches.count;
  uint64_t dropped = batches.dropped;
  bpi_batches_end(&batches);
  move_gaps(scan, decided, batches.dropped - dropped);
  if (batches.dropped > 0) {
    bpi_find(findings, BP_SEVERITY_NOTE, "incomplete_batch", segment_id, batches.good_end,
             "%llu items of a batch without end were dropped", (unsigned long long)batches.dropped);
  }
  bpi_release(&scan->memory, scan->records, scan->capacity * sizeof *scan->records);
  scan->records = batches.records;
  scan->count = batches.count;
  scan->capacity = batches.capacity;
  scan->frames_end = batches.good_end;
  return status;
}

size_t bpi_scan_first_frame(bpi_bytes file) {
  bpi_frame frame;
  bpi_frames walk;
  size_t offset, length, skipped;
  bpi_frames_init(&walk, file, BPI_SEGMENT_FIXED_BYTES);
  return bpi_frames_next(&walk, &offset, &length, &frame, &skipped) ? offset : 0;
}

static bp_status scan_prologue(bpi_scan *scan, bpi_bytes file, uint64_t segment_id, int is_last, bpi_findings *findings,
                               bp_error *error) {
  bpi_prologue prologue;
  bpi_prologue_state state = bpi_prologue_parse(file, &prologue);
  scan->first_frame = prologue.length;
  if (state == BPI_PROLOGUE_GOOD && prologue.map_end < prologue.length && bpi_frame_check(file, prologue.length) == 0 &&
      bpi_frame_check(file, prologue.map_end) != 0) {
    prologue.length = prologue.map_end;
    state = BPI_PROLOGUE_DAMAGED;
  }
  if (state == BPI_PROLOGUE_GOOD) {
    if (prologue.segment_id != segment_id) {
      bpi_find(findings, BP_SEVERITY_DAMAGE, "segment_id", segment_id, 0, "the prologue names segment %llu",
               (unsigned long long)prologue.segment_id);
    }
    return BP_OK;
  }
  if (state == BPI_PROLOGUE_SHORT && is_last) {
    scan->kind = BPI_SCAN_HEADLESS;
    bpi_find(findings, BP_SEVERITY_NOTE, "headless_segment", segment_id, 0, "the file ends inside its prologue");
    return BP_OK;
  }
  size_t first = bpi_scan_first_frame(file);
  if (state == BPI_PROLOGUE_NEWER && first == 0) {
    return bpi_fail_at(error, BP_NEWER_VERSION, segment_id, 0, "a segment of a newer format version");
  }
  bpi_find(findings, BP_SEVERITY_DAMAGE, "damaged_prologue", segment_id, 0,
           first == 0 ? "no prologue and no frame" : "the prologue does not check");
  scan->kind = first == 0 ? BPI_SCAN_HEADLESS : scan->kind;
  scan->first_frame = first;
  return BP_OK;
}

/* Whatever is damaged before it: does the last frame end where the file does, so that there is no room for a footer? */
static int frames_reach_end(bpi_bytes file, size_t first_frame) {
  bpi_frames walk;
  bpi_frame frame;
  size_t offset = first_frame, length = 0, skipped = 0;
  bpi_frames_init(&walk, file, first_frame);
  while (bpi_frames_next(&walk, &offset, &length, &frame, &skipped)) {
  }
  return skipped == 0 && offset == file.length;
}

static bp_status scan_body(bpi_scan *scan, bpi_bytes file, uint64_t segment_id, int is_last, bpi_findings *findings) {
  bpi_footer footer;
  bpi_footer_state state;
  bp_status status = bpi_footer_parse(file, scan->first_frame, &scan->memory, &footer, &state);
  scan->kind = BPI_SCAN_SEALED;
  int fits = status == BP_OK && state == BPI_FOOTER_READABLE && bpi_footer_fits(&footer, file, scan->first_frame);
  if (status == BP_OK && state != BPI_FOOTER_NONE && !fits && frames_reach_end(file, scan->first_frame)) {
    /* The last frame ends in bytes that only look like a footer: whoever appends can choose them. */
    state = BPI_FOOTER_NONE;
    footer.frames_end = file.length;
  }
  int done = status == BP_OK && state == BPI_FOOTER_READABLE &&
             bpi_scan_by_footer(scan, &footer, file, fits, segment_id, findings, &status);
  size_t footer_start = footer.frames_end != 0 ? footer.frames_end : file.length;
  bpi_footer_free(&footer);
  if (status != BP_OK || done) return status;

  /* To the end of the file: a trailer that cannot be trusted may lie about where the frames end. */
  size_t end, findings_before = findings->count;
  status = walk_frames(scan, file, footer_start, segment_id, is_last && state == BPI_FOOTER_NONE, findings, &end);
  if (status != BP_OK) return status;
  scan->kind = state == BPI_FOOTER_NONE ? BPI_SCAN_OPEN_END : BPI_SCAN_MISFIT;

  /* A footer whose trailer is damaged can still be read from the end of the frames.  It is written last, and in the last
   * segment a crash may have kept it off the disk. */
  status = bpi_footer_parse_at(file, end, &scan->memory, &footer, &state);
  if (status == BP_OK && state == BPI_FOOTER_READABLE && footer.count > 0 &&
      bpi_footer_fits(&footer, file, scan->first_frame)) {
    scan->count = scan->gap_count = 0;
    findings->count = findings_before;
    scan->has_final_commit = 0;
    bpi_scan_by_footer(scan, &footer, file, 1, segment_id, findings, &status);
    int torn = is_last && has_lost_sector(file, file.length - BPI_FOOTER_TRAILER_BYTES, file.length, 1);
    scan->kind = torn ? BPI_SCAN_OPEN_END : BPI_SCAN_MISFIT;
    bpi_find(findings, torn ? BP_SEVERITY_NOTE : BP_SEVERITY_DAMAGE, torn ? "torn_footer" : "damaged_footer", segment_id,
             end, "the footer's trailer does not check");
  } else if (scan->kind == BPI_SCAN_MISFIT) {
    bpi_find(findings, BP_SEVERITY_DAMAGE, "damaged_footer", segment_id, footer_start,
             "the footer cannot be read; the events were counted");
  } else {
    bpi_find(findings, BP_SEVERITY_NOTE, "missing_footer", segment_id, scan->frames_end, "the segment was not closed");
  }
  bpi_footer_free(&footer);
  return status;
}

bp_status bpi_scan_segment(bpi_bytes file, uint64_t segment_id, int is_last, const bpi_memory *memory, bpi_scan *scan,
                           bpi_findings *findings, bp_error *error) {
  memset(scan, 0, sizeof *scan);
  scan->memory = *memory;
  bp_status status = scan_prologue(scan, file, segment_id, is_last, findings, error);
  if (status != BP_OK || scan->kind == BPI_SCAN_HEADLESS) return status;
  status = scan_body(scan, file, segment_id, is_last, findings);
  return status == BP_OK ? BP_OK : bpi_fail(error, status, "reading a segment");
}
