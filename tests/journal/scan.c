#include "journal/scan.h"
#include "support/memory_fault.h"
#include "support/segment_builder.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static memory_fault fault;
static bpi_memory memory;
static segment_builder builder;
static bpi_scan scan;
static bpi_findings findings;
static uint8_t *copy;

static void forget(void) {
  bpi_scan_free(&scan);
  bpi_findings_free(&findings);
  free(copy);
  memset(&scan, 0, sizeof scan);
  scan.memory = memory;
  bpi_findings_init(&findings, &memory);
  copy = NULL;
}
static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  memory = memory_fault_table(&fault);
  scan.memory = memory;
  bpi_findings_init(&findings, &memory);
  segment_builder_init(&builder, 3);
}
static void tear_down(void) {
  forget();
  segment_builder_free(&builder);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

TestSuite(scan, .init = set_up, .fini = tear_down);

static bp_status scan_bytes(bpi_bytes file, int is_last) {
  forget();
  copy = builder_exact_copy(file);
  return bpi_scan_segment(bpi_bytes_of(copy, file.length), 3, is_last, &memory, &scan, &findings, NULL);
}

static void scan_all(int is_last) { cr_assert_eq(scan_bytes(segment_builder_file(&builder), is_last), BP_OK); }

static const bp_finding *finding(const char *code) {
  for (size_t i = 0; i < findings.count; i++) {
    if (strcmp(findings.items[i].code, code) == 0) return &findings.items[i];
  }
  return NULL;
}

static void assert_found(const char *code, uint32_t severity) {
  const bp_finding *found = finding(code);
  cr_assert_not_null(found, "%s", code);
  cr_assert_eq(found->severity, severity);
  cr_assert_eq(found->segment_id, 3);
}

/* The events found are these of the builder's, in this order. */
static void assert_events(const size_t *which, size_t count) {
  cr_assert_eq(scan.count, count);
  for (size_t i = 0; i < count; i++) {
    cr_assert_arr_eq(scan.records[i].event_id, builder.records[which[i]].event_id, 16, "event %zu", i);
    cr_assert_eq(scan.records[i].clock, builder.records[which[i]].clock);
  }
}

static void make(size_t events) {
  while (events-- > 0) segment_builder_event(&builder, events % 2 ? "a" : "b");
}

static void assert_all(size_t count) {
  size_t which[BUILDER_EVENTS_MAX];
  for (size_t i = 0; i < count; i++) which[i] = i;
  assert_events(which, count);
}

static void damage(size_t event) { builder.bytes.data[builder.records[event].offset + 60] ^= 1; }

/* --- a footer that fits */

Test(scan, a_sealed_segment_is_believed) {
  make(5);
  uint64_t end = builder.bytes.length;
  segment_builder_seal(&builder, 100);
  for (int is_last = 0; is_last < 2; is_last++) {
    scan_all(is_last);
    cr_assert_eq(scan.kind, BPI_SCAN_SEALED);
    assert_all(5);
    for (size_t i = 0; i < 5; i++) cr_assert_eq(scan.records[i].sequence, 100 + i);
    cr_assert_eq(scan.frames_end, end);
    cr_assert_eq(findings.count, 0);
  }
}

Test(scan, damage_under_a_footer_that_fits_is_left_for_the_read) {
  make(5);
  segment_builder_seal(&builder, 0);
  damage(2);
  scan_all(0);
  cr_assert_eq(scan.kind, BPI_SCAN_SEALED);
  assert_all(5);
}

Test(scan, an_empty_sealed_segment_has_no_events) {
  segment_builder_seal(&builder, 0);
  scan_all(1);
  cr_assert_eq(scan.kind, BPI_SCAN_SEALED);
  cr_assert_eq(scan.count, 0);
  cr_assert_eq(findings.count, 0);
}

/* --- no footer */

Test(scan, an_open_end_is_walked_and_its_events_are_to_be_counted) {
  make(4);
  scan_all(1);
  cr_assert_eq(scan.kind, BPI_SCAN_OPEN_END);
  assert_all(4);
  for (size_t i = 0; i < 4; i++) cr_assert_eq(scan.records[i].sequence, BPI_UNNUMBERED);
  cr_assert_eq(scan.frames_end, builder.bytes.length);
  assert_found("missing_footer", BP_SEVERITY_NOTE);
  cr_assert_eq(findings.count, 1);
}

/* P-025 */
Test(scan, every_cut_of_the_last_frame_leaves_the_others) {
  make(3);
  bpi_bytes file = segment_builder_file(&builder);
  /* The first two bytes of a frame are zeros: a tail of no more is one of zeros. */
  for (size_t length = (size_t)builder.records[2].offset + 3; length < file.length; length++) {
    cr_assert_eq(scan_bytes(bpi_bytes_of(file.data, length), 1), BP_OK);
    cr_assert_eq(scan.kind, BPI_SCAN_OPEN_END);
    assert_all(2);
    cr_assert_eq(scan.frames_end, builder.records[2].offset);
    assert_found("torn_tail", BP_SEVERITY_NOTE);
  }
}

Test(scan, a_torn_tail_that_is_not_the_last_is_damage) {
  make(3);
  builder.bytes.length -= 10;
  scan_all(0);
  assert_all(2);
  assert_found("torn_tail", BP_SEVERITY_DAMAGE);
}

Test(scan, zeros_behind_the_last_frame_are_cut) {
  static const uint8_t zeros[4096];
  make(2);
  uint64_t end = builder.bytes.length;
  segment_builder_bytes(&builder, zeros, sizeof zeros);
  scan_all(1);
  assert_all(2);
  cr_assert_eq(scan.frames_end, end);
  assert_found("zero_tail", BP_SEVERITY_NOTE);
}

Test(scan, a_whole_last_frame_that_does_not_check_is_damage) {
  make(2);
  damage(1);
  scan_all(1);
  assert_all(1);
  assert_found("damaged_tail", BP_SEVERITY_DAMAGE);
}

/* Its length alone was hurt: the bytes behind it still have their checksum, which no write that was cut off has. */
Test(scan, a_last_frame_with_a_wrong_length_is_damage) {
  make(2);
  for (unsigned bit = 0; bit < 32; bit++) {
    uint8_t *length = builder.bytes.data + builder.records[1].offset;
    length[bit / 8] ^= (uint8_t)(1u << bit % 8);
    scan_all(1);
    length[bit / 8] ^= (uint8_t)(1u << bit % 8);
    assert_all(1);
    assert_found("damaged_tail", BP_SEVERITY_DAMAGE);
  }
}

/* --- room behind the frames */

static void put_room(size_t length) {
  uint8_t *zeros = calloc(1, length);
  segment_builder_bytes(&builder, zeros, length);
  free(zeros);
}

/* D2: megabytes of zeros cost no more than looking at them. */
Test(scan, room_behind_the_frames_is_skipped) {
  make(3);
  uint64_t end = builder.bytes.length;
  put_room(16 << 20);
  scan_all(1);
  cr_assert_eq(scan.kind, BPI_SCAN_OPEN_END);
  assert_all(3);
  cr_assert_eq(scan.frames_end, end);
  assert_found("zero_tail", BP_SEVERITY_NOTE);
  assert_found("missing_footer", BP_SEVERITY_NOTE);
  cr_assert_eq(findings.count, 2);
  scan_all(0);
  assert_all(3);
  assert_found("zero_tail", BP_SEVERITY_DAMAGE);
}

/* A write into the room that was cut off: after any of its sectors, or with any of them lost. */
Test(scan, a_frame_cut_off_in_the_room_is_a_torn_tail) {
  enum { SECTOR = 512 };
  make(3);
  size_t offset = (size_t)builder.records[2].offset, end = builder.bytes.length, sectors = 0;
  put_room(8 << 10);
  for (size_t from = offset; from < end;) {
    size_t to = (from / SECTOR + 1) * SECTOR < end ? (from / SECTOR + 1) * SECTOR : end;
    uint8_t kept[SECTOR];
    memcpy(kept, builder.bytes.data + from, to - from);
    memset(builder.bytes.data + from, 0, to - from);
    scan_all(1);
    assert_all(2);
    cr_assert_eq(scan.frames_end, offset);
    cr_assert_eq(findings.count, 2);
    cr_assert(finding("torn_tail") != NULL || finding("zero_tail") != NULL);
    cr_assert_neq(findings.items[0].severity, BP_SEVERITY_DAMAGE, "sector at %zu", from);
    memcpy(builder.bytes.data + from, kept, to - from);
    from = to;
    sectors++;
  }
  cr_assert_geq(sectors, 2);
}

/* The last piece of a frame may be small, and is lost like any other. */
Test(scan, a_frame_that_lacks_its_last_byte_alone_is_a_torn_tail) {
  make(2);
  size_t last = (size_t)builder.records[1].offset + builder.records[1].frame_length - 1;
  static const uint8_t nothing[512];
  size_t shift = (512 - last % 512) % 512;
  /* The same frames, moved so that the last byte begins a sector: the prologue may be padded. */
  bpi_buffer moved;
  bpi_buffer_init(&moved, &memory);
  bpi_buffer_append(&moved, builder.bytes.data, builder.first_frame);
  bpi_buffer_append(&moved, nothing, shift);
  bpi_store_be32(moved.data + 4, bpi_load_be32(moved.data + 4) + (uint32_t)shift);
  bpi_buffer_append(&moved, builder.bytes.data + builder.first_frame, builder.bytes.length - builder.first_frame);
  cr_assert_eq((moved.length - 1) % 512, 0);
  moved.data[moved.length - 1] = 0;
  for (int i = 0; i < 4; i++) bpi_buffer_append(&moved, nothing, sizeof nothing);
  cr_assert_eq(scan_bytes(bpi_bytes_of(moved.data, moved.length), 1), BP_OK);
  cr_assert_eq(scan.count, 1);
  assert_found("torn_tail", BP_SEVERITY_NOTE);
  bpi_buffer_free(&moved);
}

Test(scan, a_whole_frame_before_the_room_that_does_not_check_is_damage) {
  make(2);
  put_room(64 << 10);
  damage(1);
  scan_all(1);
  assert_all(1);
  assert_found("damaged_tail", BP_SEVERITY_DAMAGE);
  damage(1);
  for (unsigned bit = 0; bit < 32; bit++) {
    uint8_t *length = builder.bytes.data + builder.records[1].offset;
    length[bit / 8] ^= (uint8_t)(1u << bit % 8);
    scan_all(1);
    length[bit / 8] ^= (uint8_t)(1u << bit % 8);
    assert_all(1);
    assert_found("damaged_tail", BP_SEVERITY_DAMAGE);
  }
}

/* What is in the room is believed for its checksum alone. */
Test(scan, other_bytes_in_the_room_are_no_events) {
  make(2);
  uint64_t end = builder.bytes.length;
  put_room(4096);
  for (size_t at = (size_t)end; at + 8 < builder.bytes.length; at += 97) {
    for (int value = 1; value < 256; value += 50) {
      builder.bytes.data[at] = (uint8_t)value;
      builder.bytes.data[at + 7] = (uint8_t)value;
      scan_all(1);
      assert_all(2);
      cr_assert_eq(scan.frames_end, end);
      assert_found("torn_tail", BP_SEVERITY_NOTE);
      builder.bytes.data[at] = builder.bytes.data[at + 7] = 0;
    }
  }
}

/* J4: a frame behind lost ones is not taken for the next. */
Test(scan, a_frame_behind_zeros_is_behind_a_gap) {
  make(2);
  size_t end = builder.bytes.length;
  put_room(1000);
  make(1);
  put_room(5000);
  scan_all(1);
  assert_all(3);
  cr_assert_eq(scan.gap_count, 1);
  cr_assert_eq(scan.gaps[0].bytes, 1000);
  assert_found("skipped_bytes", BP_SEVERITY_DAMAGE);
  cr_assert_eq(finding("skipped_bytes")->offset, end);
}

Test(scan, a_batch_that_the_room_cuts_is_dropped_whole) {
  make(1);
  uint64_t end = builder.bytes.length;
  builder.time_step_us = 0;
  segment_builder_begin(&builder, 3);
  make(2);
  put_room(64 << 10);
  scan_all(1);
  assert_all(1);
  cr_assert_eq(scan.frames_end, end);
  assert_found("incomplete_batch", BP_SEVERITY_NOTE);
  assert_found("zero_tail", BP_SEVERITY_NOTE);
}

Test(scan, a_damaged_frame_in_the_middle_leaves_a_gap) {
  make(5);
  damage(1);
  damage(3);
  scan_all(1);
  assert_events((size_t[]){0, 2, 4}, 3);
  cr_assert_eq(scan.gap_count, 2);
  cr_assert_eq(scan.gaps[0].record, 1);
  cr_assert_eq(scan.gaps[0].bytes, builder.records[1].frame_length);
  cr_assert_eq(scan.gaps[0].frames, 1);
  cr_assert_eq(scan.gaps[1].record, 2);
  assert_found("skipped_bytes", BP_SEVERITY_DAMAGE);
  cr_assert_eq(finding("skipped_bytes")->offset, builder.records[1].offset);
}

Test(scan, frames_next_to_each_other_are_one_gap_of_two) {
  make(5);
  damage(1);
  damage(2);
  scan_all(1);
  assert_events((size_t[]){0, 3, 4}, 3);
  cr_assert_eq(scan.gap_count, 1);
  cr_assert_eq(scan.gaps[0].frames, 2);
}

/* --- batches */

Test(scan, a_whole_batch_at_the_end_wants_its_commit_in_the_footer) {
  make(1);
  segment_builder_begin(&builder, 2);
  make(2);
  uint64_t commit = builder.bytes.length;
  segment_builder_commit(&builder);
  scan_all(1);
  assert_all(3);
  cr_assert(scan.has_final_commit);
  cr_assert_eq(scan.final_commit.offset, commit);
  cr_assert_eq(scan.frames_end, builder.bytes.length);
  make(1);
  scan_all(1);
  assert_all(4);
  cr_assert_not(scan.has_final_commit, "an event stands behind it");
}

Test(scan, the_row_of_a_commit_that_is_not_the_last_is_not_kept) {
  bpi_footer_writer footer;
  make(1);
  segment_builder_begin(&builder, 1);
  make(1);
  bpi_record commit = builder_put_marker(&builder.bytes, BPI_KIND_BATCH_COMMIT, builder.next_number, 0, builder.time_us);
  make(1);
  const bpi_record *rows[] = {&builder.records[0], &builder.records[1], &commit, &builder.records[2]};
  builder.records[0].sequence = 0;
  builder.records[1].sequence = 1;
  builder.records[2].sequence = commit.sequence = 2;
  bpi_footer_writer_init(&footer, &memory);
  for (size_t i = 0; i < 4; i++) cr_assert_eq(bpi_footer_add(&footer, rows[i]), BP_OK);
  cr_assert_eq(bpi_footer_finish(&footer, builder.bytes.length, &builder.bytes), BP_OK);
  bpi_footer_writer_free(&footer);
  scan_all(0);
  cr_assert_eq(scan.kind, BPI_SCAN_SEALED);
  assert_all(3);
  cr_assert_not(scan.has_final_commit);
}

Test(scan, a_batch_without_end_is_cut) {
  make(1);
  uint64_t end = builder.bytes.length;
  builder.time_step_us = 0;
  segment_builder_begin(&builder, 3);
  make(2);
  scan_all(1);
  assert_all(1);
  cr_assert_eq(scan.frames_end, end);
  assert_found("incomplete_batch", BP_SEVERITY_NOTE);
  cr_assert_not(scan.has_final_commit);
}

Test(scan, damage_inside_a_batch_leaves_a_gap_among_its_items) {
  make(1);
  segment_builder_begin(&builder, 3);
  make(3);
  segment_builder_commit(&builder);
  damage(2);
  scan_all(1);
  assert_events((size_t[]){0, 1, 3}, 3);
  cr_assert_eq(scan.gap_count, 1);
  cr_assert_eq(scan.gaps[0].record, 2);
}

Test(scan, a_damaged_marker_is_known_by_either_of_its_texts) {
  static const char *const texts[] = {"_batch", "_system"};
  make(1);
  segment_builder_begin(&builder, 2);
  make(2);
  size_t commit = builder.bytes.length;
  segment_builder_commit(&builder);
  size_t end = builder.bytes.length;
  make(1);
  damage(2);
  for (size_t i = 0; i < 2; i++) {
    uint8_t *text = (uint8_t *)memmem(builder.bytes.data + commit, end - commit, texts[i], strlen(texts[i]));
    cr_assert_not_null(text);
    *text ^= 1;
    scan_all(1);
    cr_assert_eq(scan.gap_count, 1);
    cr_assert_eq(scan.gaps[0].frames, 1, "the item before it, and no other");
    *text ^= 1;
  }
}

/* --- footers that do not fit */

Test(scan, a_shifted_frame_is_found_where_it_is) {
  make(3);
  size_t at = (size_t)builder.records[1].offset, shift = 68;
  static const uint8_t partial[68] = {0, 0, 5, 9, 1, 2, 3, 4};
  segment_builder shifted;
  segment_builder_init(&shifted, 3);
  shifted.bytes.length = 0;
  segment_builder_bytes(&shifted, builder.bytes.data, at);
  segment_builder_bytes(&shifted, partial, shift);
  segment_builder_bytes(&shifted, builder.bytes.data + at, builder.bytes.length - at);
  memcpy(shifted.records, builder.records, sizeof shifted.records);
  shifted.count = 3;
  segment_builder_seal(&shifted, 7); /* with the offsets from before */
  cr_assert_eq(scan_bytes(segment_builder_file(&shifted), 0), BP_OK);
  cr_assert_eq(scan.kind, BPI_SCAN_MISFIT);
  assert_all(3);
  cr_assert_eq(scan.records[0].offset, builder.records[0].offset);
  cr_assert_eq(scan.records[1].offset, builder.records[1].offset + shift);
  cr_assert_eq(scan.records[2].offset, builder.records[2].offset + shift);
  for (size_t i = 0; i < 3; i++) cr_assert_eq(scan.records[i].sequence, 7 + i, "the footer's numbers stand");
  assert_found("relocated_frame", BP_SEVERITY_DAMAGE);
  segment_builder_free(&shifted);
}

Test(scan, stray_bytes_between_events_are_noted) {
  make(2);
  size_t stray = builder.bytes.length;
  segment_builder_bytes(&builder, "the rest of a write that failed", 31);
  make(2);
  segment_builder_seal(&builder, 0);
  scan_all(0);
  assert_all(4);
  assert_found("stray_frames", BP_SEVERITY_NOTE);
  cr_assert_lt(stray, builder.bytes.length);
}

/* Bits of a row's offset and length, flipped one by one: the frame is found all the same, and nothing lies outside. */
Test(scan, a_row_that_points_elsewhere_costs_nothing) {
  enum { ROW_OFFSET = 110, ROW_BYTES = 12 };
  make(3);
  segment_builder_seal(&builder, 0);
  size_t row = builder.bytes.length - BPI_FOOTER_TRAILER_BYTES - 2 * (size_t)BPI_FOOTER_ROW_BYTES + ROW_OFFSET;
  for (size_t bit = 0; bit < 8 * ROW_BYTES; bit++) {
    builder.bytes.data[row + bit / 8] ^= (uint8_t)(1u << bit % 8);
    scan_all(0);
    builder.bytes.data[row + bit / 8] ^= (uint8_t)(1u << bit % 8);
    assert_all(3);
    cr_assert_eq(scan.kind, BPI_SCAN_MISFIT);
    cr_assert_eq(scan.records[1].offset, builder.records[1].offset, "bit %zu", bit);
    cr_assert_eq(scan.records[1].frame_length, builder.records[1].frame_length, "bit %zu", bit);
    assert_found("relocated_frame", BP_SEVERITY_DAMAGE);
  }
}

/* With the frame damaged too, nothing can be said of where it was. */
Test(scan, a_row_outside_the_file_does_not_lead_outside) {
  enum { ROW_LENGTH = 118 };
  make(3);
  uint64_t end = builder.bytes.length;
  segment_builder_seal(&builder, 0);
  damage(2);
  size_t row = builder.bytes.length - BPI_FOOTER_TRAILER_BYTES - (size_t)BPI_FOOTER_ROW_BYTES;
  memset(builder.bytes.data + row + ROW_LENGTH, 0xff, 4);
  scan_all(0);
  assert_all(3);
  cr_assert_leq(scan.frames_end, end);
  assert_found("damaged_frame", BP_SEVERITY_DAMAGE);
}

/* An event that the footer does not list was never acknowledged. */
Test(scan, frames_that_the_footer_leaves_out_stay_out) {
  make(2);
  builder.count--; /* forgets the second */
  segment_builder_seal(&builder, 0);
  scan_all(0);
  assert_all(1);
}

Test(scan, an_unreadable_table_sends_to_the_frames) {
  make(3);
  size_t table = builder.bytes.length;
  segment_builder_seal(&builder, 50);
  builder.bytes.data[table] = 0xc1;
  scan_all(0);
  cr_assert_eq(scan.kind, BPI_SCAN_MISFIT);
  assert_all(3);
  for (size_t i = 0; i < 3; i++) cr_assert_eq(scan.records[i].sequence, BPI_UNNUMBERED);
  cr_assert_eq(scan.frames_end, table);
  assert_found("damaged_footer", BP_SEVERITY_DAMAGE);
}

Test(scan, a_destroyed_trailer_does_not_cost_the_numbers) {
  make(3);
  segment_builder_seal(&builder, 50);
  for (size_t at = 1; at <= BPI_FOOTER_TRAILER_BYTES; at++) {
    builder.bytes.data[builder.bytes.length - at] ^= 0xff;
    scan_all(0);
    builder.bytes.data[builder.bytes.length - at] ^= 0xff;
    assert_all(3);
    for (size_t i = 0; i < 3; i++) cr_assert_eq(scan.records[i].sequence, 50 + i, "byte %zu", at);
    cr_assert_eq(scan.kind, BPI_SCAN_MISFIT);
  }
}

Test(scan, every_cut_of_the_footer_keeps_every_event) {
  make(3);
  size_t end = builder.bytes.length;
  segment_builder_seal(&builder, 0);
  bpi_bytes file = segment_builder_file(&builder);
  for (size_t length = end; length < file.length; length++) {
    cr_assert_eq(scan_bytes(bpi_bytes_of(file.data, length), 1), BP_OK);
    assert_all(3);
    cr_assert_eq(scan.frames_end, end, "cut to %zu", length);
  }
}

/* --- prologues */

Test(scan, a_last_segment_cut_in_its_prologue_is_headless) {
  bpi_bytes file = segment_builder_file(&builder);
  for (size_t length = 0; length < builder.first_frame; length++) {
    cr_assert_eq(scan_bytes(bpi_bytes_of(file.data, length), 1), BP_OK);
    cr_assert_eq(scan.kind, BPI_SCAN_HEADLESS);
    cr_assert_eq(scan.count, 0);
    assert_found("headless_segment", BP_SEVERITY_NOTE);
  }
}

Test(scan, an_earlier_one_is_damaged) {
  bpi_bytes file = segment_builder_file(&builder);
  cr_assert_eq(scan_bytes(bpi_bytes_of(file.data, 20), 0), BP_OK);
  cr_assert_eq(scan.kind, BPI_SCAN_HEADLESS);
  assert_found("damaged_prologue", BP_SEVERITY_DAMAGE);
}

Test(scan, a_destroyed_prologue_does_not_hide_the_frames) {
  make(3);
  segment_builder_seal(&builder, 5);
  for (size_t at = 0; at < builder.first_frame; at++) {
    uint8_t kept = builder.bytes.data[at];
    builder.bytes.data[at] ^= 0x55;
    scan_all(0);
    assert_all(3);
    for (size_t i = 0; i < 3; i++) cr_assert_eq(scan.records[i].sequence, 5 + i, "byte %zu", at);
    builder.bytes.data[at] = kept;
  }
}

Test(scan, a_destroyed_prologue_with_a_wrong_length_neither) {
  make(3);
  builder.bytes.data[0] ^= 0x55;
  for (size_t claimed = BPI_SEGMENT_FIXED_BYTES; claimed <= builder.records[1].offset; claimed++) {
    bpi_store_be32(builder.bytes.data + 4, (uint32_t)(claimed - BPI_SEGMENT_FIXED_BYTES));
    scan_all(0);
    assert_all(3);
    assert_found("damaged_prologue", BP_SEVERITY_DAMAGE);
  }
}

Test(scan, another_number_in_the_prologue_is_noticed) {
  make(1);
  segment_builder_seal(&builder, 0);
  forget();
  bpi_bytes file = segment_builder_file(&builder);
  copy = builder_exact_copy(file);
  cr_assert_eq(bpi_scan_segment(bpi_bytes_of(copy, file.length), 4, 1, &memory, &scan, &findings, NULL), BP_OK);
  cr_assert_not_null(finding("segment_id"));
  cr_assert_eq(scan.count, 1);
}

Test(scan, a_newer_version_without_frames_that_we_know_is_refused) {
  builder.bytes.data[17] = 2;
  cr_assert_eq(scan_bytes(segment_builder_file(&builder), 1), BP_NEWER_VERSION);
}

/* --- hostile bytes, lack of memory */

Test(scan, no_flipped_bit_reads_past_the_end_or_makes_an_event) {
  make(2);
  segment_builder_begin(&builder, 1);
  make(1);
  segment_builder_commit(&builder);
  segment_builder_seal(&builder, 0);
  for (size_t at = 0; at < builder.bytes.length; at++) {
    builder.bytes.data[at] ^= (uint8_t)(1u << at % 8);
    bp_status status = scan_bytes(segment_builder_file(&builder), (int)(at & 1));
    builder.bytes.data[at] ^= (uint8_t)(1u << at % 8);
    cr_assert(status == BP_OK || status == BP_NEWER_VERSION);
    cr_assert_leq(scan.count, 3, "byte %zu", at);
    cr_assert_leq(scan.frames_end, builder.bytes.length);
  }
}

Test(scan, lack_of_memory_is_said_at_every_step) {
  make(20);
  damage(3);
  for (uint64_t n = 1;; n++) {
    uint64_t failures = fault.failures;
    forget();
    memory_fault_arm(&fault, n, 1);
    bp_status status = scan_bytes(segment_builder_file(&builder), 1);
    memory_fault_disarm(&fault);
    if (fault.failures == failures) break;
    cr_assert(status == BP_NO_MEMORY || findings.failed, "allocation %llu", (unsigned long long)n);
    cr_assert_lt(n, 100);
  }
  assert_events((size_t[]){0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, 19);
}
