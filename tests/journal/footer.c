#include "codec/pack.h"
#include "journal/worked_example.h"
#include "support/memory_fault.h"
#include "support/segment_builder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static memory_fault fault;
static bpi_memory memory;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  memory = memory_fault_table(&fault);
}

static void nothing_is_left(void) {
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

TestSuite(footer, .init = set_up, .fini = nothing_is_left);

static bpi_record example_record(void) {
  bpi_record record = {.sequence = 0,
                       .wall_ms = 1700000000123,
                       .offset = EXAMPLE_FIRST_FRAME,
                       .frame_length = EXAMPLE_FRAME_LENGTH,
                       .kind = 0x2005,
                       .entity = bpi_bytes_of("e:1", 3),
                       .scope = bpi_bytes_of("s", 1)};
  for (uint8_t i = 0; i < 16; i++) record.event_id[i] = record.correlation_id[i] = i;
  memcpy(record.event_hash, worked_example + 0x251, 32);
  return record;
}

static bpi_footer_state parse(bpi_bytes file, bpi_footer *footer) {
  bpi_footer_state state;
  cr_assert_eq(bpi_footer_parse(file, EXAMPLE_FIRST_FRAME, &memory, footer, &state), BP_OK);
  return state;
}

static void assert_records_equal(const bpi_record *a, const bpi_record *b) {
  cr_assert_arr_eq(a->event_id, b->event_id, 16);
  cr_assert_arr_eq(a->correlation_id, b->correlation_id, 16);
  cr_assert_arr_eq(a->causation_id, b->causation_id, 16);
  cr_assert_arr_eq(a->prev_hash, b->prev_hash, 32);
  cr_assert_arr_eq(a->event_hash, b->event_hash, 32);
  cr_assert_eq(a->sequence, b->sequence);
  cr_assert_eq(a->wall_ms, b->wall_ms);
  cr_assert_eq(a->offset, b->offset);
  cr_assert_eq(a->frame_length, b->frame_length);
  cr_assert_eq(a->clock, b->clock);
  cr_assert_eq(a->lane, b->lane);
  cr_assert_eq(a->depth, b->depth);
  cr_assert_eq(a->kind, b->kind);
  cr_assert(bpi_bytes_equal(a->entity, b->entity));
  cr_assert(bpi_bytes_equal(a->scope, b->scope));
}

Test(footer, is_built_as_in_the_worked_example) {
  bpi_footer_writer writer;
  bpi_buffer out;
  bpi_record record = example_record();
  bpi_footer_writer_init(&writer, &memory);
  bpi_buffer_init(&out, &memory);
  cr_assert_eq(bpi_footer_add(&writer, &record), BP_OK);
  cr_assert_eq(bpi_footer_finish(&writer, EXAMPLE_FRAMES_END, &out), BP_OK);
  cr_assert_eq(out.length, EXAMPLE_LENGTH - EXAMPLE_FRAMES_END);
  cr_assert_arr_eq(out.data, worked_example + EXAMPLE_FRAMES_END, out.length);
  bpi_buffer_free(&out);
  bpi_footer_writer_free(&writer);
}

Test(footer, of_the_worked_example_is_read) {
  bpi_footer footer;
  bpi_record found, wanted = example_record();
  bpi_bytes file = bpi_bytes_of(worked_example, EXAMPLE_LENGTH);
  cr_assert_eq(parse(file, &footer), BPI_FOOTER_READABLE);
  cr_assert_eq(footer.frames_end, EXAMPLE_FRAMES_END);
  cr_assert_eq(footer.count, 1);
  cr_assert_eq(footer.string_count, 2);
  cr_assert(footer.table_is_exact);
  cr_assert(bpi_footer_row(&footer, 0, &found));
  assert_records_equal(&found, &wanted);
  cr_assert(bpi_footer_fits(&footer, file, EXAMPLE_FIRST_FRAME));
  bpi_footer_free(&footer);
}

Test(footer, keeps_every_field_of_a_row) {
  bpi_footer_writer writer;
  bpi_buffer out;
  bpi_footer footer;
  bpi_record found, full = example_record();
  full.sequence = UINT64_MAX - 1;
  full.wall_ms = UINT64_MAX;
  full.offset = 0x0102030405060708;
  full.frame_length = 0x11121314;
  full.clock = 0x21222324;
  full.lane = 0x31323334;
  full.depth = 0x41424344;
  full.kind = 0xf123;
  for (uint8_t i = 0; i < 16; i++) {
    full.correlation_id[i] = (uint8_t)(0x80 + i);
    full.causation_id[i] = (uint8_t)(0xc0 + i);
  }
  for (uint8_t i = 0; i < 32; i++) full.prev_hash[i] = (uint8_t)(0x40 + i);
  bpi_footer_writer_init(&writer, &memory);
  bpi_buffer_init(&out, &memory);
  bpi_buffer_append(&out, worked_example, EXAMPLE_FRAMES_END);
  cr_assert_eq(bpi_footer_add(&writer, &full), BP_OK);
  cr_assert_eq(bpi_footer_finish(&writer, EXAMPLE_FRAMES_END, &out), BP_OK);
  cr_assert_eq(parse(bpi_bytes_of(out.data, out.length), &footer), BPI_FOOTER_READABLE);
  cr_assert(bpi_footer_row(&footer, 0, &found));
  assert_records_equal(&found, &full);
  cr_assert_not(bpi_footer_fits(&footer, bpi_bytes_of(out.data, out.length), EXAMPLE_FIRST_FRAME));
  bpi_footer_free(&footer);
  bpi_buffer_free(&out);
  bpi_footer_writer_free(&writer);
}

/* Strings stand once, in the order of their first use, entity before scope; a scope may be an entity too. */
Test(footer, holds_each_string_once) {
  bpi_footer_writer writer;
  bpi_buffer out;
  bpi_footer footer;
  char names[300][16];
  bpi_footer_writer_init(&writer, &memory);
  bpi_buffer_init(&out, &memory);
  bpi_buffer_append(&out, worked_example, EXAMPLE_FRAMES_END);
  for (int round = 0; round < 2; round++) {
    for (size_t i = 0; i < 300; i++) {
      bpi_record record = example_record();
      int length = snprintf(names[i], sizeof names[i], "n:%zu", i);
      record.entity = bpi_bytes_of(names[i], (size_t)length);
      record.scope = round == 0 ? bpi_bytes_of("s", 1) : record.entity;
      cr_assert_eq(bpi_footer_add(&writer, &record), BP_OK);
    }
  }
  cr_assert_eq(bpi_footer_finish(&writer, EXAMPLE_FRAMES_END, &out), BP_OK);
  cr_assert_eq(parse(bpi_bytes_of(out.data, out.length), &footer), BPI_FOOTER_READABLE);
  cr_assert_eq(footer.count, 600);
  cr_assert_eq(footer.string_count, 301);
  cr_assert(bpi_bytes_equal(footer.strings[0], bpi_bytes_of("n:0", 3)));
  cr_assert(bpi_bytes_equal(footer.strings[1], bpi_bytes_of("s", 1)));
  cr_assert(bpi_bytes_equal(footer.strings[2], bpi_bytes_of("n:1", 3)));
  bpi_record found;
  cr_assert(bpi_footer_row(&footer, 599, &found));
  cr_assert(bpi_bytes_equal(found.entity, bpi_bytes_of("n:299", 5)));
  cr_assert(bpi_bytes_equal(found.scope, found.entity));
  bpi_footer_free(&footer);
  bpi_buffer_free(&out);
  bpi_footer_writer_free(&writer);
}

Test(footer, of_no_events_is_an_empty_table) {
  segment_builder builder;
  bpi_footer footer;
  segment_builder_init(&builder, 1);
  segment_builder_seal(&builder, 0);
  bpi_bytes file = segment_builder_file(&builder);
  cr_assert_eq(file.length, builder.first_frame + 1 + BPI_FOOTER_TRAILER_BYTES);
  cr_assert_eq(file.data[builder.first_frame], 0x90);
  cr_assert_eq(parse(file, &footer), BPI_FOOTER_READABLE);
  cr_assert_eq(footer.count, 0);
  cr_assert(bpi_footer_fits(&footer, file, builder.first_frame));
  bpi_footer_free(&footer);
  segment_builder_free(&builder);
}

Test(footer, building_without_memory_says_so) {
  for (uint64_t n = 1;; n++) {
    bpi_footer_writer writer;
    bpi_buffer out;
    memory_fault_arm(&fault, n, 0);
    uint64_t failures = fault.failures;
    bpi_footer_writer_init(&writer, &memory);
    bpi_buffer_init(&out, &memory);
    bp_status status = BP_OK;
    for (size_t i = 0; i < 40 && status == BP_OK; i++) {
      char name[8];
      bpi_record record = example_record();
      record.entity = bpi_bytes_of(name, (size_t)snprintf(name, sizeof name, "%zu", i));
      status = bpi_footer_add(&writer, &record);
    }
    if (status == BP_OK) status = bpi_footer_finish(&writer, EXAMPLE_FRAMES_END, &out);
    int failed = fault.failures > failures;
    cr_assert_eq(status, failed ? BP_NO_MEMORY : BP_OK);
    bpi_buffer_free(&out);
    bpi_footer_writer_free(&writer);
    memory_fault_disarm(&fault);
    if (!failed) break;
    cr_assert_lt(n, 100);
  }
}

/* --- bad ones */

/* The example, changed; on the heap, exactly as long as said. */
typedef struct {
  uint8_t *bytes;
  size_t length;
} changed;

static changed change(size_t length) {
  changed c = {builder_exact_copy(bpi_bytes_of(worked_example, length)), length};
  return c;
}

static bpi_footer_state state_of(changed c, size_t *frames_end, int *fits) {
  bpi_footer footer;
  bpi_bytes file = bpi_bytes_of(c.bytes, c.length);
  bpi_footer_state state = parse(file, &footer);
  *frames_end = footer.frames_end;
  *fits = state == BPI_FOOTER_READABLE && bpi_footer_fits(&footer, file, EXAMPLE_FIRST_FRAME);
  bpi_footer_free(&footer);
  free(c.bytes);
  return state;
}

static void assert_state(changed c, bpi_footer_state wanted, size_t frames_end_wanted) {
  size_t frames_end;
  int fits;
  size_t length = c.length;
  cr_assert_eq(state_of(c, &frames_end, &fits), wanted, "length %zu", length);
  cr_assert_eq(frames_end, frames_end_wanted);
  cr_assert_not(fits);
}

enum { TRAILER = EXAMPLE_LENGTH - BPI_FOOTER_TRAILER_BYTES, COUNT_AT = TRAILER + 8, MAGIC_AT = TRAILER + 12 };

Test(footer, a_cut_one_is_none) {
  for (size_t length = EXAMPLE_FIRST_FRAME; length < EXAMPLE_LENGTH; length++) {
    assert_state(change(length), BPI_FOOTER_NONE, length);
  }
}

Test(footer, older_magics_are_none) {
  for (char version = '0'; version <= '9'; version++) {
    if (version == '2') continue;
    changed c = change(EXAMPLE_LENGTH);
    c.bytes[MAGIC_AT + 3] = (uint8_t)version;
    assert_state(c, BPI_FOOTER_NONE, EXAMPLE_LENGTH);
  }
}

Test(footer, a_table_offset_outside_the_file_is_bad) {
  static const uint64_t offsets[] = {0, 1, EXAMPLE_FIRST_FRAME - 1, TRAILER + 1, EXAMPLE_LENGTH, UINT64_MAX,
                                     UINT64_MAX - 15, (uint64_t)1 << 63};
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
    changed c = change(EXAMPLE_LENGTH);
    bpi_store_le64(c.bytes + TRAILER, offsets[i]);
    assert_state(c, BPI_FOOTER_BAD, 0);
  }
}

Test(footer, an_absurd_count_is_bad_and_allocates_nothing) {
  static const uint32_t counts[] = {2, 3, 26, 0xffff, UINT32_MAX, 0x80000000};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    changed c = change(EXAMPLE_LENGTH);
    bpi_store_le32(c.bytes + COUNT_AT, counts[i]);
    assert_state(c, BPI_FOOTER_BAD, EXAMPLE_FRAMES_END);
    cr_assert_lt(fault.peak_bytes, 4096);
  }
}

Test(footer, a_count_that_is_too_small_is_not_believed) {
  changed c = change(EXAMPLE_LENGTH);
  bpi_store_le32(c.bytes + COUNT_AT, 0);
  assert_state(c, BPI_FOOTER_READABLE, EXAMPLE_FRAMES_END);
}

Test(footer, a_table_that_is_no_list_of_strings_is_bad) {
  static const uint8_t firsts[] = {0xc0, 0x80, 0x93, 0xdd, 0xc1, 0x9f, 0x01};
  for (size_t i = 0; i < sizeof firsts; i++) {
    changed c = change(EXAMPLE_LENGTH);
    c.bytes[EXAMPLE_FRAMES_END] = firsts[i];
    size_t frames_end;
    int fits;
    cr_assert_eq(state_of(c, &frames_end, &fits), BPI_FOOTER_BAD, "%02x", firsts[i]);
  }
  changed c = change(EXAMPLE_LENGTH);
  c.bytes[EXAMPLE_FRAMES_END + 2] = 0xff; /* "\xff:1" is no UTF-8 */
  assert_state(c, BPI_FOOTER_BAD, EXAMPLE_FRAMES_END);
}

/* What the rows must say for the frames to be believed: each defect alone makes the footer not fit. */
Test(footer, rows_that_disagree_with_the_frames_do_not_fit) {
  enum { ROW = TRAILER - BPI_FOOTER_ROW_BYTES };
  static const struct {
    size_t at;
    uint8_t value;
    const char *what;
  } defects[] = {
      {ROW + 16, 2, "entity outside the table"},   {ROW + 20, 2, "scope outside the table"},
      {ROW + 19, 0x80, "entity far outside"},      {ROW + 110, 58, "offset one too high"},
      {ROW + 110, 56, "offset one too low"},       {ROW + 117, 0x80, "offset beyond 2^63"},
      {ROW + 118, 0xc4, "length one too long"},    {ROW + 119, 0x02, "length 256 too long"},
      {EXAMPLE_FRAMES_END + 2, '/', "an entity outside the rules"},
  };
  for (size_t i = 0; i < sizeof defects / sizeof *defects; i++) {
    changed c = change(EXAMPLE_LENGTH);
    cr_assert_neq(c.bytes[defects[i].at], defects[i].value);
    c.bytes[defects[i].at] = defects[i].value;
    size_t frames_end;
    int fits;
    cr_assert_eq(state_of(c, &frames_end, &fits), BPI_FOOTER_READABLE, "%s", defects[i].what);
    cr_assert_not(fits, "%s", defects[i].what);
  }
  changed c = change(EXAMPLE_LENGTH);
  memset(c.bytes + ROW + 122, 0xff, 8);
  assert_state(c, BPI_FOOTER_READABLE, EXAMPLE_FRAMES_END); /* sequence 2^64-1 */
}

/* Builds a footer of the builder's events `from`..`to` (exclusive), with the given sequences. */
static void seal_some(segment_builder *builder, const size_t *which, const uint64_t *sequences, size_t count) {
  bpi_footer_writer writer;
  bpi_footer_writer_init(&writer, &memory);
  for (size_t i = 0; i < count; i++) {
    bpi_record record = builder->records[which[i]];
    record.sequence = sequences[i];
    cr_assert_eq(bpi_footer_add(&writer, &record), BP_OK);
  }
  cr_assert_eq(bpi_footer_finish(&writer, builder->bytes.length, &builder->bytes), BP_OK);
  bpi_footer_writer_free(&writer);
}

static int three_fit(const size_t *which, const uint64_t *sequences, size_t count) {
  segment_builder builder;
  bpi_footer footer;
  segment_builder_init(&builder, 1);
  for (int i = 0; i < 3; i++) segment_builder_event(&builder, "a");
  seal_some(&builder, which, sequences, count);
  bpi_bytes file = segment_builder_file(&builder);
  cr_assert_eq(parse(file, &footer), BPI_FOOTER_READABLE);
  int fits = bpi_footer_fits(&footer, file, builder.first_frame);
  bpi_footer_free(&footer);
  segment_builder_free(&builder);
  return fits;
}

Test(footer, rows_must_cover_the_frames_in_rising_order) {
  cr_assert(three_fit((size_t[]){0, 1, 2}, (uint64_t[]){5, 6, 7}, 3));
  cr_assert(three_fit((size_t[]){0, 1, 2}, (uint64_t[]){5, 9, 100}, 3), "gaps in the numbers are legal");
  cr_assert_not(three_fit((size_t[]){0, 1, 2}, (uint64_t[]){5, 5, 6}, 3), "a number twice");
  cr_assert_not(three_fit((size_t[]){0, 1, 2}, (uint64_t[]){5, 7, 6}, 3), "falling numbers");
  cr_assert_not(three_fit((size_t[]){1, 0, 2}, (uint64_t[]){5, 6, 7}, 3), "rows out of order");
  cr_assert_not(three_fit((size_t[]){1, 2}, (uint64_t[]){6, 7}, 2), "the first left out");
  cr_assert_not(three_fit((size_t[]){0, 2}, (uint64_t[]){5, 7}, 2), "the middle left out");
  cr_assert_not(three_fit((size_t[]){0, 1}, (uint64_t[]){5, 6}, 2), "the last left out");
  cr_assert_not(three_fit((size_t[]){0, 0, 1, 2}, (uint64_t[]){4, 5, 6, 7}, 4), "one twice");
}

Test(footer, batch_markers_need_no_row) {
  segment_builder builder;
  bpi_footer footer;
  segment_builder_init(&builder, 1);
  segment_builder_event(&builder, "a");
  segment_builder_begin(&builder, 2);
  segment_builder_event(&builder, "b");
  segment_builder_event(&builder, "a");
  segment_builder_commit(&builder);
  segment_builder_seal(&builder, 0);
  bpi_bytes file = segment_builder_file(&builder);
  cr_assert_eq(parse(file, &footer), BPI_FOOTER_READABLE);
  cr_assert_eq(footer.count, 3);
  cr_assert(bpi_footer_fits(&footer, file, builder.first_frame));
  bpi_footer_free(&footer);
  segment_builder_free(&builder);
}

/* --- without a trailer */

static bpi_footer_state parse_at(bpi_bytes file, size_t table, bpi_footer *footer) {
  bpi_footer_state state;
  cr_assert_eq(bpi_footer_parse_at(file, table, &memory, footer, &state), BP_OK);
  return state;
}

Test(footer, can_be_read_without_its_trailer) {
  changed c = change(EXAMPLE_LENGTH);
  memset(c.bytes + TRAILER, 0xee, BPI_FOOTER_TRAILER_BYTES);
  bpi_bytes file = bpi_bytes_of(c.bytes, c.length);
  bpi_footer footer;
  bpi_record found, wanted = example_record();
  cr_assert_eq(parse(file, &footer), BPI_FOOTER_NONE);
  bpi_footer_free(&footer);
  cr_assert_eq(parse_at(file, EXAMPLE_FRAMES_END, &footer), BPI_FOOTER_READABLE);
  cr_assert_eq(footer.count, 1);
  cr_assert(bpi_footer_row(&footer, 0, &found));
  assert_records_equal(&found, &wanted);
  cr_assert(bpi_footer_fits(&footer, file, EXAMPLE_FIRST_FRAME));
  bpi_footer_free(&footer);
  free(c.bytes);
}

Test(footer, parse_at_refuses_what_is_no_table) {
  bpi_footer footer;
  size_t without_rows = 0;
  for (size_t length = EXAMPLE_FRAMES_END; length < EXAMPLE_LENGTH; length++) {
    changed c = change(length);
    bpi_bytes file = bpi_bytes_of(c.bytes, c.length);
    bpi_footer_state state = parse_at(file, EXAMPLE_FRAMES_END, &footer);
    if (state == BPI_FOOTER_READABLE) {
      without_rows++;
      cr_assert_eq(footer.count, 0);
    }
    bpi_footer_free(&footer);
    free(c.bytes);
  }
  cr_assert_eq(without_rows, 1, "one cut leaves a whole table and no row at all");
  bpi_bytes whole = bpi_bytes_of(worked_example, EXAMPLE_LENGTH);
  static const size_t offsets[] = {EXAMPLE_LENGTH + 1, SIZE_MAX, EXAMPLE_LENGTH, TRAILER, EXAMPLE_FIRST_FRAME,
                                   EXAMPLE_FRAMES_END + 1};
  for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
    cr_assert_eq(parse_at(whole, offsets[i], &footer), BPI_FOOTER_NONE, "%zu", offsets[i]);
    bpi_footer_free(&footer);
  }
}

Test(footer, no_single_changed_byte_reads_past_the_end) {
  for (size_t at = EXAMPLE_FRAMES_END; at < EXAMPLE_LENGTH; at++) {
    for (unsigned bit = 0; bit < 8; bit++) {
      changed c = change(EXAMPLE_LENGTH);
      size_t frames_end;
      int fits;
      c.bytes[at] = (uint8_t)(c.bytes[at] ^ (1u << bit));
      (void)state_of(c, &frames_end, &fits);
      cr_assert_leq(frames_end, (size_t)EXAMPLE_LENGTH);
    }
  }
}
