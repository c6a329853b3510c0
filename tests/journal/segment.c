#include "codec/pack.h"
#include "journal/segment.h"
#include "journal/worked_example.h"
#include "support/segment_builder.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static int parse_name(const char *name, uint64_t *id) { return bpi_segment_name_parse(name, strlen(name), id); }

Test(segment, names_have_at_least_six_digits) {
  static const struct {
    uint64_t id;
    const char *name;
  } cases[] = {{0, "000000.fbat"},
               {1, "000001.fbat"},
               {999999, "999999.fbat"},
               {1000000, "1000000.fbat"},
               {UINT64_MAX, "18446744073709551615.fbat"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[BPI_SEGMENT_NAME_MAX];
    uint64_t id = 7;
    bpi_segment_name(cases[i].id, name);
    cr_assert_str_eq(name, cases[i].name);
    cr_assert(parse_name(name, &id));
    cr_assert_eq(id, cases[i].id);
  }
}

Test(segment, names_are_read_with_any_padding_and_one_plus) {
  uint64_t id;
  cr_assert(parse_name("7.fbat", &id) && id == 7);
  cr_assert(parse_name("+7.fbat", &id) && id == 7);
  cr_assert(parse_name("+000007.fbat", &id) && id == 7);
  cr_assert(parse_name("00000000000000000000000000000000009.fbat", &id) && id == 9);
}

Test(segment, other_names_are_no_segments) {
  static const char *const names[] = {"",           "fbat",       ".fbat",          "+.fbat",      "++1.fbat",
                                      "-1.fbat",    "1a.fbat",    " 1.fbat",        "0x1.fbat",    "1.fbat ",
                                      "1.FBAT",     "1.fbatx",    "000001.fbat.compact-src", "1..fbat", "1.2.fbat",
                                      "000001fbat", "18446744073709551616.fbat", "99999999999999999999999.fbat"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    uint64_t id = 7;
    cr_assert_not(parse_name(names[i], &id), "%s", names[i]);
    cr_assert_eq(id, 7);
  }
}

Test(segment, the_prologue_is_written_as_in_the_worked_example) {
  uint8_t out[BPI_SEGMENT_PROLOGUE_MAX];
  cr_assert_eq(bpi_prologue_encode(42, 1700000000000000000, out), EXAMPLE_FIRST_FRAME);
  cr_assert_arr_eq(out, worked_example, EXAMPLE_FIRST_FRAME);
}

Test(segment, the_longest_prologue_fits_and_returns) {
  static const int64_t times[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    uint8_t out[BPI_SEGMENT_PROLOGUE_MAX];
    bpi_prologue prologue;
    size_t length = bpi_prologue_encode(UINT64_MAX, times[i], out);
    cr_assert_leq(length, sizeof out);
    cr_assert_eq(bpi_prologue_parse(bpi_bytes_of(out, length), &prologue), BPI_PROLOGUE_GOOD);
    cr_assert_eq(prologue.segment_id, UINT64_MAX);
    cr_assert_eq(prologue.created_ns, times[i]);
    cr_assert_eq(prologue.length, length);
  }
}

Test(segment, the_worked_example_is_read) {
  bpi_prologue prologue;
  cr_assert_eq(bpi_prologue_parse(bpi_bytes_of(worked_example, EXAMPLE_LENGTH), &prologue), BPI_PROLOGUE_GOOD);
  cr_assert_eq(prologue.segment_id, 42);
  cr_assert_eq(prologue.created_ns, 1700000000000000000);
  cr_assert_eq(prologue.version, 1);
  cr_assert_eq(prologue.length, EXAMPLE_FIRST_FRAME);
}

Test(segment, every_cut_inside_the_prologue_is_short) {
  for (size_t length = 0; length < EXAMPLE_FIRST_FRAME; length++) {
    bpi_prologue prologue;
    uint8_t *copy = builder_exact_copy(bpi_bytes_of(worked_example, length));
    cr_assert_eq(bpi_prologue_parse(bpi_bytes_of(copy, length), &prologue), BPI_PROLOGUE_SHORT, "%zu", length);
    free(copy);
  }
}

static bpi_prologue_state parse_changed(size_t offset, uint8_t value, bpi_prologue *prologue) {
  uint8_t changed[EXAMPLE_FIRST_FRAME];
  memcpy(changed, worked_example, sizeof changed);
  changed[offset] = value;
  uint8_t *copy = builder_exact_copy(bpi_bytes_of(changed, sizeof changed));
  bpi_prologue_state state = bpi_prologue_parse(bpi_bytes_of(copy, sizeof changed), prologue);
  free(copy);
  return state;
}

Test(segment, damage_is_told_from_a_newer_version) {
  bpi_prologue prologue;
  cr_assert_eq(parse_changed(0, 'X', &prologue), BPI_PROLOGUE_DAMAGED);
  cr_assert_eq(prologue.length, EXAMPLE_FIRST_FRAME, "the length may still be believed");
  cr_assert_eq(parse_changed(3, 't', &prologue), BPI_PROLOGUE_DAMAGED);
  cr_assert_eq(parse_changed(4, 0xff, &prologue), BPI_PROLOGUE_DAMAGED, "a header of 4 GiB");
  cr_assert_eq(prologue.length, 0);
  cr_assert_eq(parse_changed(8, 0xc0, &prologue), BPI_PROLOGUE_DAMAGED, "nil instead of the map");
  cr_assert_eq(parse_changed(9, 0xc1, &prologue), BPI_PROLOGUE_DAMAGED);
  cr_assert_eq(parse_changed(17, 2, &prologue), BPI_PROLOGUE_NEWER);
  cr_assert_eq(prologue.version, 2);
  cr_assert_eq(parse_changed(17, 0, &prologue), BPI_PROLOGUE_NEWER, "version 0 is not known either");
}

/* One flipped bit in the length must not make a whole segment look like one that was cut off. */
Test(segment, a_length_that_reaches_past_a_long_file_is_damage) {
  uint8_t changed[EXAMPLE_LENGTH];
  bpi_prologue prologue;
  memcpy(changed, worked_example, sizeof changed);
  for (unsigned bit = 0; bit < 32; bit++) {
    changed[4 + bit / 8] ^= (uint8_t)(1u << bit % 8);
    bpi_prologue_state state = bpi_prologue_parse(bpi_bytes_of(changed, sizeof changed), &prologue);
    cr_assert_neq(state, BPI_PROLOGUE_SHORT, "bit %u", bit);
    if (bpi_load_be32(changed + 4) > sizeof changed - 8) cr_assert_eq(state, BPI_PROLOGUE_DAMAGED, "bit %u", bit);
    changed[4 + bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
}

Test(segment, no_single_changed_byte_reads_past_the_end) {
  for (size_t offset = 0; offset < EXAMPLE_FIRST_FRAME; offset++) {
    for (unsigned value = 0; value < 256; value++) {
      bpi_prologue prologue;
      bpi_prologue_state state = parse_changed(offset, (uint8_t)value, &prologue);
      if (state == BPI_PROLOGUE_GOOD) cr_assert_leq(prologue.length, EXAMPLE_FIRST_FRAME);
    }
  }
}

/* A prologue with a header of our own making. */
static bpi_prologue_state parse_header(bpi_buffer *header, bpi_prologue *prologue) {
  uint8_t *file = malloc(BPI_SEGMENT_FIXED_BYTES + header->length);
  memcpy(file, "FBAT", 4);
  bpi_store_be32(file + 4, (uint32_t)header->length);
  memcpy(file + BPI_SEGMENT_FIXED_BYTES, header->data, header->length);
  bpi_prologue_state state =
      bpi_prologue_parse(bpi_bytes_of(file, BPI_SEGMENT_FIXED_BYTES + header->length), prologue);
  free(file);
  header->length = 0;
  return state;
}

Test(segment, the_header_is_read_in_every_form_that_the_reference_takes) {
  bpi_memory memory = bpi_memory_default();
  bpi_buffer header;
  bpi_prologue prologue;
  bpi_buffer_init(&header, &memory);

  bpi_pack_array(&header, 4); /* by position */
  bpi_pack_u64(&header, 1);
  bpi_pack_u64(&header, 0);
  bpi_pack_i64(&header, -5);
  bpi_pack_u64(&header, 300);
  cr_assert_eq(parse_header(&header, &prologue), BPI_PROLOGUE_GOOD);
  cr_assert_eq(prologue.created_ns, -5);
  cr_assert_eq(prologue.segment_id, 300);

  bpi_pack_map(&header, 5); /* another order, an unknown key, bytes behind */
  bpi_pack_text(&header, "segment_id");
  bpi_pack_u64(&header, 9);
  bpi_pack_text(&header, "colour");
  bpi_pack_array(&header, 1);
  bpi_pack_nil(&header);
  bpi_pack_text(&header, "created_ns");
  bpi_pack_i64(&header, 8);
  bpi_pack_text(&header, "flags");
  bpi_pack_u64(&header, 7);
  bpi_pack_text(&header, "version");
  bpi_pack_u64(&header, 1);
  cr_assert_eq(parse_header(&header, &prologue), BPI_PROLOGUE_GOOD);
  cr_assert_eq(prologue.segment_id, 9);
  bpi_pack_nil(&header); /* a length that reaches past the header would hide frames */
  cr_assert_eq(parse_header(&header, &prologue), BPI_PROLOGUE_DAMAGED);

  bpi_pack_map(&header, 3); /* a key is missing */
  bpi_pack_text(&header, "version");
  bpi_pack_u64(&header, 1);
  bpi_pack_text(&header, "flags");
  bpi_pack_u64(&header, 0);
  bpi_pack_text(&header, "created_ns");
  bpi_pack_i64(&header, 8);
  cr_assert_eq(parse_header(&header, &prologue), BPI_PROLOGUE_DAMAGED);
  bpi_buffer_free(&header);
}
