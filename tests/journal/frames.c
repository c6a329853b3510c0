#include "journal/frames.h"
#include "support/segment_builder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static segment_builder builder;

static void set_up(void) { segment_builder_init(&builder, 1); }
static void tear_down(void) { segment_builder_free(&builder); }

TestSuite(frames, .init = set_up, .fini = tear_down);

/* What a walk found: numbers of the builder's events, `-` before one that bytes were skipped for, `!` for a rest. */
static const char *walk_from(bpi_bytes file, size_t first) {
  static char found[256];
  size_t length = 0, offset, frame_length, skipped;
  bpi_frames walk;
  bpi_frame frame;
  uint8_t *copy = builder_exact_copy(file);
  bpi_frames_init(&walk, bpi_bytes_of(copy, file.length), first);
  while (bpi_frames_next(&walk, &offset, &frame_length, &frame, &skipped)) {
    unsigned number = (unsigned)bpi_load_be64(frame.header.event_id + 8) % 1000;
    length += (size_t)snprintf(found + length, sizeof found - length, skipped > 0 ? "-%u" : "%u", number);
    cr_assert_eq(offset, builder.records[number].offset);
    cr_assert_eq(frame_length, builder.records[number].frame_length);
  }
  if (skipped > 0) {
    cr_assert_eq(offset + skipped, file.length);
    found[length++] = '!';
  }
  found[length] = 0;
  free(copy);
  return found;
}

static const char *walk(void) { return walk_from(segment_builder_file(&builder), builder.first_frame); }

static void make(size_t events) {
  while (events-- > 0) segment_builder_event(&builder, "a");
}

static void damage(size_t event, size_t where) { builder.bytes.data[builder.records[event].offset + where] ^= 0x10; }

Test(frames, all_are_walked) {
  make(5);
  cr_assert_str_eq(walk(), "01234");
}

Test(frames, of_an_empty_segment_there_are_none) {
  cr_assert_str_eq(walk(), "");
  cr_assert_str_eq(walk_from(bpi_bytes_of(NULL, 0), 0), "");
}

Test(frames, a_damaged_one_is_skipped_wherever_it_is_hurt) {
  static const size_t places[] = {0, 3, 4, 8, 100, 300};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    tear_down();
    set_up();
    make(4);
    damage(1, places[i]);
    cr_assert_str_eq(walk(), "0-23", "hurt at %zu", places[i]);
    damage(3, places[i]);
    cr_assert_str_eq(walk(), "0-2!", "hurt at %zu", places[i]);
    damage(0, places[i]);
    cr_assert_str_eq(walk(), "-2!");
    damage(2, places[i]);
    cr_assert_str_eq(walk(), "!");
  }
}

Test(frames, a_length_that_reaches_over_the_next_does_not_hide_it) {
  make(3);
  bpi_store_be32(builder.bytes.data + builder.records[0].offset, builder.records[0].frame_length + 50);
  cr_assert_str_eq(walk(), "-12");
}

Test(frames, a_torn_end_is_a_rest) {
  make(3);
  bpi_bytes file = segment_builder_file(&builder);
  for (size_t cut = 1; cut < builder.records[2].frame_length; cut += 7) {
    cr_assert_str_eq(walk_from(bpi_bytes_of(file.data, file.length - cut), builder.first_frame), "01!");
  }
}

Test(frames, a_tail_of_zeros_is_a_rest) {
  static const uint8_t zeros[5000];
  make(2);
  segment_builder_bytes(&builder, zeros, sizeof zeros);
  cr_assert_str_eq(walk(), "01!");
}

Test(frames, a_frame_behind_any_rubbish_is_found) {
  make(1);
  for (int i = 0; i < 1000; i++) {
    uint8_t rubbish = (uint8_t)(i * 37);
    segment_builder_bytes(&builder, &rubbish, 1);
  }
  make(1);
  cr_assert_str_eq(walk(), "0-1");
}

/* Bytes that look like a long frame at every step: hashing all of them at each would take for ever. */
Test(frames, hostile_bytes_cost_no_more_than_the_budget) {
  enum { BYTES = 2 << 20 };
  make(1);
  uint8_t *hostile = malloc(BYTES);
  for (size_t i = 0; i + 8 < BYTES; i += 1) hostile[i] = i % 9 == 8 ? 0x84 : i % 9 == 1 ? 0x08 : 0;
  memset(hostile + BYTES - 8, 0, 8);
  segment_builder_bytes(&builder, hostile, BYTES);
  bpi_frames walk_state;
  bpi_frame frame;
  size_t offset, length, skipped;
  bpi_bytes file = segment_builder_file(&builder);
  bpi_frames_init(&walk_state, file, builder.first_frame);
  cr_assert_geq(walk_state.budget, file.length);
  cr_assert_eq(bpi_frames_next(&walk_state, &offset, &length, &frame, &skipped), 1);
  cr_assert_eq(bpi_frames_next(&walk_state, &offset, &length, &frame, &skipped), 0);
  cr_assert_eq(skipped, BYTES);
  cr_assert_eq(walk_state.budget, 0, "it was spent, and no more");
  free(hostile);
}

Test(frames, a_budget_of_none_finds_what_stands_in_line) {
  make(3);
  damage(1, 20);
  bpi_frames walk_state;
  bpi_frame frame;
  size_t offset, length, skipped;
  bpi_frames_init(&walk_state, segment_builder_file(&builder), builder.first_frame);
  walk_state.budget = 0;
  cr_assert_eq(bpi_frames_next(&walk_state, &offset, &length, &frame, &skipped), 1);
  cr_assert_eq(bpi_frames_next(&walk_state, &offset, &length, &frame, &skipped), 0);
  cr_assert_eq(offset, builder.records[1].offset);
}
