#include "codec/pack.h"
#include "crypto/crypto.h"
#include "journal/hidden.h"
#include "support/memory_fault.h"
#include "support/segment_builder.h"
#include "support/sim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

static const uint8_t golden[] = "\x46\x42\x41\x54\x56\x52\x01\x00\xe1\xe0\xfe\x81\x81\xa6ranges\x92\x82\xa5start\x04\xa3"
                                "end\x07\x82\xa5start\xcd\x01\x2c\xa3"
                                "end\xcd\x01\x2d";
enum { GOLDEN_LENGTH = sizeof golden - 1, BODY = 12 };

static memory_fault fault;
static bpi_memory memory;
static bpi_hidden hidden;
static bpi_buffer out;

static void set_up(void) {
  memset(&fault, 0, sizeof fault);
  memory = memory_fault_table(&fault);
  bpi_hidden_init(&hidden, &memory);
  bpi_buffer_init(&out, &memory);
}
static void tear_down(void) {
  bpi_hidden_free(&hidden);
  bpi_buffer_free(&out);
  cr_assert_eq(fault.live_blocks, 0);
  cr_assert_eq(fault.wrong_sizes, 0);
}

TestSuite(hidden, .init = set_up, .fini = tear_down);

static bp_status decode(const uint8_t *bytes, size_t length) {
  bp_error error = {.struct_size = sizeof error};
  uint8_t *copy = builder_exact_copy(bpi_bytes_of(bytes, length));
  bpi_hidden_free(&hidden);
  bp_status status = bpi_hidden_decode(bpi_bytes_of(copy, length), &hidden, &error);
  free(copy);
  if (status != BP_OK) cr_assert_eq(error.code, status);
  return status;
}

/* A file around these ranges, in this order. */
static void encode(const bpi_range *ranges, size_t count) {
  out.length = 0;
  bpi_buffer_append(&out, golden, BODY);
  bpi_pack_map(&out, 1);
  bpi_pack_text(&out, "ranges");
  bpi_pack_array(&out, (uint32_t)count);
  for (size_t i = 0; i < count; i++) {
    bpi_pack_map(&out, 2);
    bpi_pack_text(&out, "start");
    bpi_pack_u64(&out, ranges[i].start);
    bpi_pack_text(&out, "end");
    bpi_pack_u64(&out, ranges[i].end);
  }
  bpi_store_le32(out.data + 8, bpi_crc32(0, out.data + BODY, out.length - BODY));
}

static void assert_ranges(const bpi_range *ranges, size_t count) {
  cr_assert_eq(hidden.count, count);
  for (size_t i = 0; i < count; i++) {
    cr_assert_eq(hidden.ranges[i].start, ranges[i].start, "range %zu", i);
    cr_assert_eq(hidden.ranges[i].end, ranges[i].end, "range %zu", i);
  }
}

Test(hidden, the_reference_s_file_is_read_and_written) {
  cr_assert_eq(decode(golden, GOLDEN_LENGTH), BP_OK);
  assert_ranges((bpi_range[]){{4, 7}, {300, 301}}, 2);
  bpi_hidden_encode(&hidden, &out);
  cr_assert_eq(out.length, GOLDEN_LENGTH);
  cr_assert_arr_eq(out.data, golden, GOLDEN_LENGTH);
  bpi_hidden_encode(&hidden, &out);
  cr_assert_eq(out.length, 2 * GOLDEN_LENGTH);
  cr_assert_arr_eq(out.data + GOLDEN_LENGTH, golden, GOLDEN_LENGTH, "behind what there was");
}

Test(hidden, no_range_is_a_list_too) {
  encode(NULL, 0);
  cr_assert_eq(decode(out.data, out.length), BP_OK);
  cr_assert_eq(hidden.count, 0);
}

Test(hidden, ranges_are_put_in_order_and_joined) {
  encode((bpi_range[]){{300, 301}, {4, 7}}, 2);
  cr_assert_eq(decode(out.data, out.length), BP_OK);
  assert_ranges((bpi_range[]){{4, 7}, {300, 301}}, 2);
  encode((bpi_range[]){{7, 9}, {4, 7}}, 2);
  cr_assert_eq(decode(out.data, out.length), BP_OK);
  assert_ranges((bpi_range[]){{4, 9}}, 1); /* touching */
  encode((bpi_range[]){{5, 100}, {4, 7}, {50, 60}, {101, 102}}, 4);
  cr_assert_eq(decode(out.data, out.length), BP_OK);
  assert_ranges((bpi_range[]){{4, 100}, {101, 102}}, 2);
  encode((bpi_range[]){{0, UINT64_MAX}, {UINT64_MAX - 1, UINT64_MAX}}, 2);
  cr_assert_eq(decode(out.data, out.length), BP_OK);
  assert_ranges((bpi_range[]){{0, UINT64_MAX}}, 1);
}

Test(hidden, an_empty_or_turned_range_is_refused) {
  encode((bpi_range[]){{4, 4}}, 1);
  cr_assert_eq(decode(out.data, out.length), BP_HIDDEN_RANGES);
  encode((bpi_range[]){{1, 2}, {5, 4}}, 2);
  cr_assert_eq(decode(out.data, out.length), BP_HIDDEN_RANGES);
}

Test(hidden, every_cut_is_refused) {
  for (size_t length = 0; length < GOLDEN_LENGTH; length++) {
    cr_assert_eq(decode(golden, length), BP_HIDDEN_RANGES, "%zu", length);
  }
}

Test(hidden, every_flipped_bit_is_refused) {
  for (size_t at = 0; at < GOLDEN_LENGTH; at++) {
    for (unsigned bit = 0; bit < 8; bit++) {
      uint8_t changed[GOLDEN_LENGTH];
      memcpy(changed, golden, sizeof changed);
      changed[at] = (uint8_t)(changed[at] ^ (1u << bit));
      cr_assert_eq(decode(changed, sizeof changed), BP_HIDDEN_RANGES, "byte %zu bit %u", at, bit);
    }
  }
}

/* With its checksum put right, so that the body itself is judged. */
Test(hidden, no_changed_body_reads_past_the_end) {
  for (size_t at = BODY; at < GOLDEN_LENGTH; at++) {
    for (unsigned value = 0; value < 256; value++) {
      uint8_t changed[GOLDEN_LENGTH];
      memcpy(changed, golden, sizeof changed);
      changed[at] = (uint8_t)value;
      bpi_store_le32(changed + 8, bpi_crc32(0, changed + BODY, sizeof changed - BODY));
      bp_status status = decode(changed, sizeof changed);
      cr_assert(status == BP_OK || status == BP_HIDDEN_RANGES, "byte %zu value %u", at, value);
      for (size_t i = 0; i < hidden.count; i++) {
        if (status == BP_OK) cr_assert_lt(hidden.ranges[i].start, hidden.ranges[i].end);
      }
    }
  }
}

Test(hidden, an_announced_multitude_allocates_nothing) {
  uint8_t bomb[BODY + 13];
  memcpy(bomb, golden, BODY);
  memcpy(bomb + BODY, "\x81\xa6ranges\xdd\xff\xff\xff\xff", 13);
  bpi_store_le32(bomb + 8, bpi_crc32(0, bomb + BODY, 13));
  cr_assert_eq(decode(bomb, sizeof bomb), BP_HIDDEN_RANGES);
  cr_assert_lt(fault.peak_bytes, 4096);
}

Test(hidden, bytes_behind_the_list_are_ignored) {
  encode((bpi_range[]){{4, 7}}, 1);
  bpi_buffer_append(&out, "rest", 4);
  bpi_store_le32(out.data + 8, bpi_crc32(0, out.data + BODY, out.length - BODY));
  cr_assert_eq(decode(out.data, out.length), BP_OK);
  assert_ranges((bpi_range[]){{4, 7}}, 1);
}

Test(hidden, lack_of_memory_is_not_damage) {
  memory_fault_arm(&fault, 1, 0);
  cr_assert_eq(decode(golden, GOLDEN_LENGTH), BP_NO_MEMORY);
}

Test(hidden, ranges_are_clipped_to_the_numbers_in_use) {
  static const struct {
    uint64_t next;
    int cut;
    bpi_range left[2];
    size_t count;
  } cases[] = {{UINT64_MAX, 0, {{4, 7}, {300, 301}}, 2}, {301, 0, {{4, 7}, {300, 301}}, 2},
               {300, 1, {{4, 7}}, 1},                    {7, 1, {{4, 7}}, 1},
               {6, 1, {{4, 6}}, 1},                      {5, 1, {{4, 5}}, 1},
               {4, 1, {{0, 0}}, 0},                      {0, 1, {{0, 0}}, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cr_assert_eq(decode(golden, GOLDEN_LENGTH), BP_OK);
    cr_assert_eq(bpi_hidden_clip(&hidden, cases[i].next), cases[i].cut, "next %llu",
                 (unsigned long long)cases[i].next);
    assert_ranges(cases[i].left, cases[i].count);
    cr_assert_not(bpi_hidden_clip(&hidden, cases[i].next), "a second time there is nothing to cut");
  }
}

Test(hidden, a_range_behind_all_others_joins_what_it_touches) {
  cr_assert_eq(bpi_hidden_append(&hidden, (bpi_range){4, 7}), BP_OK);
  cr_assert_eq(bpi_hidden_append(&hidden, (bpi_range){9, 10}), BP_OK);
  assert_ranges((bpi_range[]){{4, 7}, {9, 10}}, 2);
  cr_assert_eq(bpi_hidden_append(&hidden, (bpi_range){10, 12}), BP_OK);
  assert_ranges((bpi_range[]){{4, 7}, {9, 12}}, 2);
  cr_assert_eq(bpi_hidden_append(&hidden, (bpi_range){13, UINT64_MAX}), BP_OK);
  assert_ranges((bpi_range[]){{4, 7}, {9, 12}, {13, UINT64_MAX}}, 3);
}

Test(hidden, appending_many_without_memory_leaves_those_that_are_there) {
  uint64_t next = 0;
  for (uint64_t nth = 1; nth < 4; nth++) {
    bpi_hidden_free(&hidden);
    memory_fault_arm(&fault, nth, 0);
    bp_status status = BP_OK;
    for (next = 0; next < 1000 && status == BP_OK; next++) {
      status = bpi_hidden_append(&hidden, (bpi_range){2 * next, 2 * next + 1});
    }
    cr_assert_eq(status, BP_NO_MEMORY);
    cr_assert_eq(hidden.count, next - 1);
    for (size_t i = 0; i < hidden.count; i++) cr_assert(hidden.ranges[i].start == 2 * i && hidden.ranges[i].end == 2 * i + 1);
  }
}

/* --- on a disk */

Test(hidden, saving_replaces_the_file_durably_and_no_ranges_remove_it) {
  sim_system *sim = sim_new();
  const bp_system *system = sim_table(sim);
  bp_error error = {.struct_size = sizeof error};
  bpi_hidden none, loaded;
  bpi_hidden_init(&none, &memory);
  bpi_hidden_init(&loaded, &memory);
  cr_assert_eq(system->directory_create(system->context, "d"), 0);
  cr_assert_eq(system->directory_sync(system->context, "."), 0);
  cr_assert_eq(bpi_hidden_load(system, "d", &loaded, &error), BP_OK);
  cr_assert_eq(loaded.count, 0, "an absent file means none");

  cr_assert_eq(decode(golden, GOLDEN_LENGTH), BP_OK);
  cr_assert_eq(bpi_hidden_save(system, "d", &hidden, &error), BP_OK);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  cr_assert(sim_get(sim, "d/" BPI_HIDDEN_NAME, &out));
  cr_assert_eq(out.length, GOLDEN_LENGTH);
  cr_assert_arr_eq(out.data, golden, GOLDEN_LENGTH);
  cr_assert_eq(bpi_hidden_load(system, "d", &loaded, &error), BP_OK);
  cr_assert_eq(loaded.count, 2);
  bpi_hidden_free(&loaded);

  cr_assert_eq(bpi_hidden_save(system, "d", &none, &error), BP_OK);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  out.length = 0;
  cr_assert_not(sim_get(sim, "d/" BPI_HIDDEN_NAME, &out));
  sim_free(sim);
}

/* A file of no ranges stands where its removal could not be told from an earlier one. */
Test(hidden, replacing_keeps_the_file_even_where_there_are_no_ranges) {
  sim_system *sim = sim_new();
  const bp_system *system = sim_table(sim);
  bp_error error = {.struct_size = sizeof error};
  bpi_hidden none, loaded;
  bpi_hidden_init(&none, &memory);
  bpi_hidden_init(&loaded, &memory);
  sim_put(sim, "d/" BPI_HIDDEN_NAME, golden, GOLDEN_LENGTH);
  cr_assert_eq(bpi_hidden_replace(system, "d", &none, &error), BP_OK);
  sim_crash(sim, &(sim_choice){.kind = SIM_ALL_LOST});
  cr_assert(sim_get(sim, "d/" BPI_HIDDEN_NAME, &out));
  cr_assert_eq(bpi_hidden_load(system, "d", &loaded, &error), BP_OK);
  cr_assert_eq(loaded.count, 0);
  cr_assert_eq(bpi_hidden_append(&hidden, (bpi_range){1, 2}), BP_OK);
  memory_fault_arm(&fault, 1, 1);
  cr_assert_eq(bpi_hidden_replace(system, "d", &hidden, &error), BP_NO_MEMORY);
  memory_fault_disarm(&fault);
  cr_assert_eq(bpi_hidden_replace(system, "d", &hidden, &error), BP_OK);
  cr_assert_eq(bpi_hidden_load(system, "d", &loaded, &error), BP_OK);
  cr_assert(loaded.count == 1 && loaded.ranges[0].start == 1 && loaded.ranges[0].end == 2);
  bpi_hidden_free(&loaded);
  sim_free(sim);
}

Test(hidden, an_unreadable_file_is_not_taken_for_an_absent_one) {
  sim_system *sim = sim_new();
  const bp_system *system = sim_table(sim);
  bp_error error = {.struct_size = sizeof error};
  sim_put(sim, "d/" BPI_HIDDEN_NAME, golden, GOLDEN_LENGTH);
  sim_add_fault(sim, (sim_fault){.kind = SIM_READ, .at = 1, .errno_value = EIO, .forever = 1});
  cr_assert_eq(bpi_hidden_load(system, "d", &hidden, &error), BP_SYSTEM);
  cr_assert_eq(error.os_error, EIO);
  sim_clear_faults(sim);
  sim_put(sim, "d/" BPI_HIDDEN_NAME, "", 0);
  cr_assert_eq(bpi_hidden_load(system, "d", &hidden, &error), BP_HIDDEN_RANGES, "an empty file is damage");
  sim_free(sim);
}
